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


LOOP = ("param w = [1.0, 2.0]", "for i in 0..100 { let h = w * 2; let loss = sum(h^2); "
        "backward(loss); w -= 0.01 * w.grad }")


@check("the stepper goes to earlier turns of a loop, at the same step", rows=40)
def _(t):
    t.enter(*LOOP)
    t.enter(":walk")
    if not t.shows(r" 1/7 ▶  turn 100/100  forward  h = w · 2"):
        return False
    t.keys(RIGHT, "<", "<")
    if not t.shows(r"◀ 2/7 ▶  turn 98/100  forward(.|\n)*< > another turn"):
        return False
    t.keys(">", ":turn 1\r")
    if not t.shows(r"◀ 2/7 ▶  turn 1/100  forward"):
        return False
    t.keys("<")
    if not t.shows(r"no turn before this one is kept"):
        return False
    t.keys("w\r")
    if not t.shows(r"^\[1, 2\]$"):
        return False
    t.keys(":turn 40\r")
    return r"turn 40 is not kept; turn \d+ is the nearest that is"


@check("an earlier turn has its update", rows=40)
def _(t):
    t.enter(*LOOP)
    t.enter(":walk last.loss")
    t.keys(":turn 1\r", *[RIGHT] * 6)
    return r"7/7 +turn 1/100  update  w after the step(.|\n)*new w +\[2\] +\[0.92, 1.84\]"


@check("turns of epochs and batches", rows=40)
def _(t):
    t.enter("let x = ones(40, 2); let net = dense(2, 1)")
    t.enter("fit(net, x, ones(40, 1), loss: mse, epochs: 3, batch: 10)")
    t.enter(":walk")
    if not t.shows(r"turn 12/12, epoch 3, batch 4  forward"):
        return False
    t.keys("<")
    return r"turn 11/12, epoch 3, batch 3  forward"


@check("turns without keys", rows=40, TERM="dumb")
def _(t):
    t.enter(*LOOP)
    t.enter(":walk")
    t.enter(":turn -2")
    if not t.shows(r"turn 98/100  forward(.|\n)*:turn -1  :turn \+1\n  :turn 3"):
        return False
    t.enter(":turn 1")
    return r"turn 1/100  forward"


@check("Tab lists what the last loop left")
def _(t):
    t.enter(*LOOP)
    t.ready()
    t.keys("last.", "\t")
    return r"^  h +f32 \[2\]\n  i +99\n  loss +\S+\n"


@check("help on last, with what it has")
def _(t):
    t.enter(*LOOP)
    t.enter("?last")
    return r"^last\.NAME\n  The last value[^~]*^h +f32 \[2\]\ni +99\n"


@check("a graph in the terminal", columns=40)
def _(t):
    t.enter(WALK)
    t.enter(":graph loss")
    return r"loss = sum\(⟨3⟩\)  \[\]\n└ ⟨3⟩ = h\^2  \[2\]\n  └ h = tanh\(⟨1⟩\)  \[2\]"


@check("a loss that is a param has no walk")
def _(t):
    t.enter("param w = 3.0", "backward(w)", ":walk", "w + 1")
    return r"there is no step to walk through\n(.|\n)*^4$"
