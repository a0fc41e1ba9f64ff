"""The stepper and the graph."""

from prompt.checks import LEFT, RIGHT, check

WALK = "param w = [1, 2]; let h = tanh(w * [0.5, 0.25]); let loss = sum(h^2)"


@check("the stepper goes on and back")
def _(t):
    t.enter(WALK)
    t.enter(":walk loss")
    t.keys(RIGHT, RIGHT, LEFT)
    return r"◀ 2/8 ▶  forward  h = tanh\(⟨1⟩\)  \(entry 1:1\)\n.*tanh\(w"


@check("the stepper shows the other half, and the ledger's digits are the gradient's")
def _(t):
    t.enter(WALK)
    t.enter(":walk loss")
    t.keys(RIGHT, "\t")
    return r"7/8 ▶  backward  back through h = tanh\(⟨1⟩\)(.|\n)*check +\(loss\(\+h\)"


@check("an expression in the stepper has the names of the moment")
def _(t):
    t.enter(WALK)
    t.enter("backward(loss)")
    t.enter("w -= 1")
    t.enter(":walk")
    t.keys("w + 1\r")
    return r"> w \+ 1\nf32 \[2\]\n\[2, 3\]"


@check("Escape leaves the stepper, and the names are what they were")
def _(t):
    t.enter(WALK)
    t.enter(":walk loss")
    t.keys("\x1b")
    t.enter("w -= 1")
    t.enter("w * 10")
    return r"^\[0, 10\]$"


@check("the stepper without keys", TERM="dumb")
def _(t):
    t.enter(WALK)
    t.enter(":walk loss")
    t.enter(":n")
    t.enter(":in")
    t.enter(":q")
    return r"2/8 ▶  forward(.|\n)*nothing is inside this step"


@check("a graph in the terminal", columns=40)
def _(t):
    t.enter(WALK)
    t.enter(":graph loss")
    return r"loss = sum\(⟨3⟩\)  \[\]\n└ ⟨3⟩ = h\^2  \[2\]\n  └ h = tanh\(⟨1⟩\)  \[2\]"
