"""Taking back, pausing, looking into what failed, leaving."""

import re

from prompt.checks import CTRL_C, CTRL_D, check, paste

NET = ["seed(1)", "let net = dense(1, 1)", "let x = [[0], [1], [2]]"]


@check(":undo says what it took back and skips what changed nothing")
def _(t):
    t.enter("let a = 1", "let b = [2, 3]", "a + 1", ":undo", "ans")
    if not t.shows(r"^took back: let b = \[2, 3\]$[^~]*error\[name\]"):
        return False
    t.enter("a")
    return r"> a\n1$"


@check(":undo gives ans its value back")
def _(t):
    t.enter("5", "let a = 1", "a + 1", ":undo", "ans")
    return r"> ans\n5$"


@check(":undo of more than there is")
def _(t):
    t.enter("let a = 1", "let b = 2", ":undo 99", ":undo")
    return (r"took back: let b = 2\ntook back: let a = 1\n2 entries in all: there is no more\n"
            r"> :undo\nthere is nothing")


@check("an entry of several lines is taken back as one, and brought again")
def _(t):
    t.ready()
    t.keys(paste("let a = 1\nlet b = 2\na + b\n"), "\r")
    t.enter(":undo")
    if not t.shows(r"took back: let a = 1…"):
        return False
    t.enter("let c = 4", ":undo", ":redo", "c + 1", ":undo 2", ":redo 2", "c + 2")
    return r"brought again: let c = 4[^~]*^5$[^~]*^6$"


@check(":back takes steps of training back, :undo brings them again")
def _(t):
    t.enter("param w = 16", "let opt = sgd(w, lr: 0.25)",
            "for i in 0..3 { backward(w^2); step(opt) }", "w", ":back 2", "w", ":undo", "w")
    return r"> w\n2$[^~]*^2 steps back\n> w\n8$[^~]*took back: :back 2\n> w\n2$"


@check(":back says when no more is kept")
def _(t):
    t.enter(":back", "param w = 16", "let opt = sgd(w, lr: 0.25)", "backward(w^2); step(opt)",
            ":back 5", "w")
    return r"no step of a training is kept[^~]*1 steps? back: no more[^~]*> w\n16$"


@check(":undo of a step of a million parameters takes less than 10 ms")
def _(t):
    t.enter("let net = dense(1000, 1000)", "let opt = adam(net)", "let x = ones(1, 1000)",
            "backward(sum(net(x))); step(opt)", "let before = net.weight[0, 0]")
    t.ready()
    t.keys(":undo 2")
    import time
    begin = time.monotonic()
    t.keys("\r")
    t.ready()
    # Two screens of text and their reading are in it.
    return time.monotonic() - begin < 0.15


@check("Ctrl-C pauses a loop; look around, change, go on")
def _(t):
    t.enter("let n = 0", "let by = 1")
    t.ready()
    t.keys("while by < 3 { n += by }", "\r")
    t.read(0.2)
    t.keys(CTRL_C)
    if not t.shows(r"^paused: :resume goes on.*\npaused>\Z"):
        return False
    t.keys("n > 0", "\r")
    if not t.shows(r"^true\npaused>\Z"):
        return False
    t.keys(":reset", "\r")
    if not t.shows(r"a training is paused"):
        return False
    t.keys("by = 3", "\r", ":resume", "\r")
    t.enter("by + 1")
    return r"^4$"


@check("Ctrl-C pauses a loop of a function: its names are seen and changed, it goes on")
def _(t):
    t.enter("fn train(rate) {")
    t.keys("let n = 0", "\r", "while rate < 3 { let twice = 2 * n; n += 1 }", "\r", "n", "\r", "}", "\r")
    t.ready()
    t.keys("let done = train(1) > 0", "\r")
    t.read(0.2)
    t.keys(CTRL_C)
    if not t.shows(r"^paused in train: :resume goes on.*\npaused>\Z"):
        return False
    t.keys("(rate, n > 0, twice == 2 * n)", "\r")
    if not t.shows(r"^\(1, true, false\)\npaused>\Z"):
        return False
    t.keys(":where", "\r")
    if not t.shows(r"^→ train  .*\n    rate   1\n    n      \d+\n    twice  \d+\ntrain>\Z"):
        return False
    t.keys("rate = 4", "\r", "rate", "\r", ":resume", "\r")
    if not t.shows(r"^4\ntrain>"):
        return False
    t.enter("done")
    return r"^true\n>\Z"


@check("Ctrl-C pauses in the innermost loop that has no turn of training around it")
def _(t):
    t.enter("param w = 1", "let opt = sgd(w, lr: 0.1)")
    t.enter("fn slow(x) {")
    t.keys("for i in 0..300 { x = x * 1 }", "\r", "x", "\r", "}", "\r")
    t.enter("fn train() {")
    t.keys("for epoch in 0..1000000 { backward(slow(w)^2); step(opt) }", "\r", "}", "\r")
    t.ready()
    t.keys("map([1, 2], i -> train())", "\r")
    t.read(0.3)
    t.keys(CTRL_C)
    if not t.shows(r"^paused in train: :resume[^~]*paused>\Z"):
        return False
    t.keys("epoch > 0 and len(\"{w}\") > 0", "\r")
    if not t.shows(r"^true\npaused>\Z"):
        return False
    t.keys(":stop", "\r")
    if not t.shows(r"error\[interrupt\]"):
        return False
    t.enter("w < 1")
    return r"^true$"


@check("a loop of a function in a loop: what waits too long pauses inside")
def _(t):
    t.enter("fn spin(k) {")
    t.keys("let n = 0", "\r", "while true { n += k }", "\r", "}", "\r")
    t.ready()
    t.keys("for i in 1..3 { spin(i) }", "\r")
    t.read(0.2)
    t.keys(CTRL_C)
    if not t.shows(r"^paused in spin: :resume[^~]*paused>\Z"):
        return False
    t.keys(":up", "\r", ":up", "\r")
    if not t.shows(r"^→ loop  [^~]*^    i  1\npaused>\Z"):
        return False
    t.keys("nope(1)", "\r", "i", "\r", ":stop", "\r")
    t.enter("5 + 1")
    return r"error\[name\][^~]*^1\n[^~]*error\[interrupt\][^~]*^6$"


@check("Ctrl-C pauses fit between two steps; the learning rate changes, it goes on to its end")
def _(t):
    t.enter(*NET, "let opt = sgd(net, lr: 0.01)")
    t.ready()
    t.keys("let h = fit(net, x, 2 * x, loss: mse, optimizer: opt, epochs: 1000000)", "\r")
    t.read(0.15)
    t.keys(CTRL_C)
    if not t.shows(r"paused in epoch \d+[^~]*paused>\Z"):
        return False
    t.keys("opt.lr = 0.2", "\r", ":resume", "\r")
    t.enter("len(h.loss)", "opt.lr")
    return r"^1000000\n[^~]*^0\.2$"


@check("a paused training that is stopped keeps its steps")
def _(t):
    t.enter("let n = 0")
    t.ready()
    t.keys("while true { n += 1 }", "\r")
    t.read(0.2)
    t.keys(CTRL_C)
    t.shows(r"paused>\Z")
    t.keys(":stop", "\r")
    if not t.shows(r"error\[interrupt\]"):
        return False
    t.enter("n > 10")
    return r"^true$"


@check("a second Ctrl-C stops a long turn at once")
def _(t):
    t.ready()
    t.keys("for i in 0..3 { [x for x in 0..1000000000000 if x < 0] }", "\r")
    if not t.wait(lambda: t.read(0.2) or True):
        return False
    t.keys(CTRL_C)
    if not t.shows(r"stops after this turn; Ctrl-C again stops at once"):
        return False
    t.keys(CTRL_C)
    return r"error\[interrupt\]"


@check(":where, :up and :down show what failed, and expressions see it")
def _(t):
    t.enter("fn inner(v) {")
    t.keys("let k = 2", "\r", "v @ [1, 2, k]", "\r", "}", "\r")
    t.enter("fn outer(a) = inner(a + 1)", "outer(ones(2))")
    if not t.shows(r"error\[shape\][^~]*:where shows"):
        return False
    t.enter(":where")
    if not t.shows(r"^→ inner  v @ .*\n  outer  inner\(a \+ 1\).*\n    v  f32 \[2\]\n    k  2\ninner>\Z"):
        return False
    t.keys("v + k", "\r")
    if not t.shows(r"^\[4, 4\]\ninner>\Z"):
        return False
    t.keys(":up", "\r")
    if not t.shows(r"^→ outer[^~]*^    a  f32 \[2\]\nouter>\Z"):
        return False
    t.keys("a", "\r", ":down", "\r", "v", "\r", ":up", "\r", ":up", "\r")
    t.enter("v")
    return r"back at the prompt[^~]*error\[name\]: nothing is called 'v'"


@check("what is trained and not saved is said once at leaving")
def _(t):
    t.enter(*NET, "let h = fit(net, x, 2 * x, loss: mse, epochs: 2)")
    t.ready()
    t.keys(CTRL_D)
    if not t.shows(r"net is trained and not saved: save\(net, \"net\.safetensors\"\)[^~]*^>\Z"):
        return False
    t.keys(CTRL_D)
    return t.ends()


@check("what is saved is left without a word")
def _(t):
    t.enter(*NET, "let h = fit(net, x, 2 * x, loss: mse, epochs: 2)",
            f'save(net, "{t.state}/net.safetensors")')
    t.ready()
    t.keys(CTRL_D)
    return t.ends() and not re.search("not saved", t.written)


for place, option in [("epoch", "epochs: 100000000"), ("validation", "validation: (x, y), epochs: 100000000"),
                      ("until", "epochs: 3, until: h -> { if len(h.loss) > 1 { while true {} }; false }")]:
    @check(f"Ctrl-C in a fit leaves model and history: {place}")
    def _(t, option=option):
        t.enter("let (x, y) = (ones(100, 2), ones(100, 1))")
        t.enter("let net = dense(2, 1)")
        t.enter("let before = copy(net)")
        t.ready()
        t.keys(f"let h = fit(net, x, y, loss: mse, {option})", "\r")
        t.shows(r"^epoch ([2-9]|\d\d)")
        t.read(1)
        t.keys(CTRL_C)
        t.shows(r"paused in epoch")
        t.keys(":stop", "\r")
        t.shows(r"interrupted in epoch")
        t.enter("(len(h.loss) > 0, any(net.weight != before.weight))")
        return r"^\(true, true\)$"


@check("a fit shows a bar, and a line stays")
def _(t):
    t.enter("let (x, y) = (ones(100, 2), ones(100, 1))")
    t.ready()
    t.keys("let h = fit(dense(2, 1), x, y, loss: mse, validation: (x, y), epochs: 100000000)", "\r")
    t.shows(r"^epoch \d+/100000000  ░+  loss [\d.e-]+ ▁*[▁-▇]*  val_loss [\d.e-]+  \d+ \w+ left$")
    t.keys(CTRL_C)
    t.shows(r"paused>\Z")
    t.keys(":stop", "\r")
    t.shows(r"^\d+ epochs in \d\.\d s  loss [\d.e-]+ [▁-▇]+  val_loss [\d.e-]+$")
    t.enter("1 + 4")
    return r"\n5$"


@check("a narrow bar", columns=40)
def _(t):
    t.enter("let (x, y) = (ones(100, 2), ones(100, 1))")
    t.ready()
    t.keys("let h = fit(dense(2, 1), x, y, loss: mse, epochs: 100000000)", "\r")
    t.shows(r"^epoch \d+/100000000  loss")
    t.keys(CTRL_C)
    t.shows(r"paused>\Z")
    t.keys(":stop", "\r")
    t.enter("1 + 4")
    return r"\n5$"


DATA = ["let x = randn(2000, 300)", "let y = randn(2000, 2)",
        "let net = dense(300, 400) >> relu >> dense(400, 2)"]


@check("a wrong shape behind a long training is told before that runs")
def _(t):
    t.enter(*DATA, "let h = fit(net, x, y, mse, epochs: 100000, verbose: false); let p = net(x) @ x", "h")
    return (r"error\[shape\]: cannot multiply net\(x\) @ x[^~]*nothing has run[^~]*"
            r"error\[name\]: nothing is called 'h'")


@check("a wrong shape behind a long loop in a loop is told before anything is printed", columns=120)
def _(t):
    t.enter(*DATA, "for epoch in 0..9999 { print(\"begun\"); for (a, b) in batches(x, y, size: 1)"
            " { backward(mse(net(a), b)) }; net(y) }")
    if not t.shows(r"wants \[\.\., 300\] but got \[2000, 2\][^~]*nothing has run[^~]*takes it$"):
        return False
    return "\nbegun" not in t.screen.text


@check("what a long loop makes is no fault behind it, and an entry is run once")
def _(t):
    t.enter("let n = 0", "let s = list(); for i in 0..400000 { s = append(s, i) }; tensor(s) @ ones(400000)",
            "n += 1; len(\"abc\"); print(\"once\")", "rand() > 2; n")
    return r"79999\d+\n[^~]*once\n[^~]*\n1$" if t.screen.text.count("\nonce") < 2 else False
