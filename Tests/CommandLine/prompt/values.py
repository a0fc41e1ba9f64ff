"""What values, definitions and errors look like."""

from prompt.checks import check


@check("a value that has a name shows it with its type")
def _(t):
    t.enter("let n = arange(1000)", "n", "let net = dense(2, 1)", "net.bias")
    return r"^n : f32 \[1000\]\n\[0, 1, 2, …, 997, 998, 999\]\nmin 0, mean 499\.5, max 999\n[^~]*^net\.bias : f32 \[1\]$"


@check("NaNs are counted where only edges are shown")
def _(t):
    t.enter("sqrt(arange(20) - 2)")
    return r"2 nan$"


@check("definitions and values of an entry in their order")
def _(t):
    t.enter("let a = 1; a + 1; let b = 5")
    return r"^a : 1\n2\nb : 5$"


@check("a stretched operand is told once a place")
def _(t):
    t.enter("let x = ones(4, 3)", "let b = [1, 2, 3]", "let y = x + b", "for i in 0..3 { x + b }")
    t.ready()
    return t.screen.text.count("b [3] stretched over the rows of [4, 3]") == 2


@check("no stretching is told of equal shapes, numbers and layers")
def _(t):
    t.enter("let x = ones(4, 3)", "let y = x * 2 + x", "let z = dense(3, 2)(x)", "5")
    return t.shows(r"^5$") and "stretched" not in t.screen.text


@check("40 columns: rows of a tensor fit", columns=40)
def _(t):
    t.enter("let w = rand(3, 10)", "w")
    t.ready()
    lines = t.screen.text.split("\n")[-5:-2]
    return all(line.endswith(("],", "]]")) and "…" in line for line in lines)


@check("40 columns: a vector fits", columns=40)
def _(t):
    t.enter("rand(12)")
    return r"^\[0\.[^\n]*…[^\n]*\]$"


@check("40 columns: errors break between words", columns=40)
def _(t):
    t.enter('let some_long_name = "text" + ones(3) @ undefined_name_of_length')
    return (r"^error\[name\]: nothing is called\n  'undefined_name_of_length'\n"
            r"[^~]*^1 \| ….*undefined_name.*…\n +\| +\^+$")


@check("40 columns: help breaks between words and hangs", columns=40, rows=60)
def _(t):
    t.enter("?adamw")
    return r"^adamw\(params = none, lr = 0\.001,\n    beta1[^~]*^  params  a model or params; left out\n +inside fit$"


@check("40 columns: the list of commands fits", columns=40, rows=70)
def _(t):
    t.enter(":help")
    t.ready()
    return r"^  :back \[N\]\n      takes back steps of training:\n      params, optimizer, random numbers$"


@check("the width follows the window")
def _(t):
    t.enter("let w = rand(3, 10)")
    t.ready()
    t.resize(40, 24)
    t.enter("w")
    return r"\n \[0\.[^\n]*…[^\n]*\],\n"


@check("a summary is a table", columns=40)
def _(t):
    t.enter('summary(dense(784, 128, init: "he") >> relu >> dense(64, 10))')
    return r"\n\[0\]  dense\(784, 128, …  \[n, 128\]  100480\n(.*\n)+.*✗ +650\n  dense\(64, 10\) wants"
