"""The commands."""

from prompt.checks import CTRL_C, check, paste


@check("commands and their list")
def _(t):
    t.enter(":help")
    return r"^  :history \[WORD\] +\S"


@check("help on a function")
def _(t):
    t.enter("?softmax", "softmax?")
    return r"Turns logits[^~]*Turns logits"


@check("a comment that asks is no question")
def _(t):
    t.enter("2 + 3  # why?")
    return r"^5$"


@check("an unknown command")
def _(t):
    t.enter(":vers")
    return r"did you mean :vars"


@check(":plan shows fused steps without running them, :time what they come to")
def plan(t):
    t.enter("let x = ones(4, 8)", "param w = ones(8, 2)", ":plan tanh(x @ w + 1)")
    ok = t.shows(r"1  product  8 elements  128 FLOP") and t.shows(r"v2 = tanh\(v0 \+ 1\)")
    t.enter(":plan backward(sum((x @ w)^2))")
    ok = ok and t.shows(r"w\.grad = x' @ ") and t.shows(r"\d steps: ")
    t.enter("w.grad", ":plan 1 + 1")
    ok = ok and t.shows("nothing is left to compute")
    t.enter(":time x @ w")
    return ok and t.shows(r"at best .*FLOP/s, .*B/s")


SPEED = r"     [\d.]+ [nµm]s  [\d.]+ [kMGT]?FLOP/s  [\d.]+ [kMGT]?B/s"


@check(":plan tells how long each step takes, what limits it, and the memory")
def _(t):
    t.enter("let x = rand(300, 300)", ":plan sum(tanh(x @ x))")
    ok = t.shows(rf"^{SPEED}  (limited by|far from) [^~]*^{SPEED}  (limited by|far from)")
    ok = ok and t.shows(r"^2 steps: .*FLOP, .*B read and written, .*s$")
    return ok and t.shows(r"^memory: 360 kB between steps, 4 B of results$")


@check(":plan at 40 columns", columns=40, TERM="dumb")
def _(t):
    t.enter("let x = rand(300, 300)", ":plan sum(tanh(x @ x))")
    ok = t.shows(r"^  1  product  90000 elements  54 MFLOP\n {14}720 kB$")
    return ok and t.shows(rf"^{SPEED}\n     (limited|far)") and t.shows(r"\nmemory: 360 kB between steps,\n4 B")


@check(":mem tells what is alive, kept and held at most")
def _(t):
    t.enter("let x = zeros(1000000)", "len([i + x[0] for i in 0..3])", "sum(x * 2)", ":mem")
    ok = t.shows(r"^tensors  4\.\d+ MB alive, at most \S+ MB$") and t.shows(r"^pool +\S+ k?B kept")
    return ok and t.shows(r"^arena  .*\n^process  .*\n^plans    \d+ made, used again \d+ times$")


@check(":vars, :shape, :type and :time")
def _(t):
    t.enter("let m = ones(3, 4)", ":vars", ":shape m @ m'", ":type m", ":time m + 1")
    return r"^m  tensor  f32 \[3, 4\]  48 B\n[^~]*f32 \[3, 3\][^~]*^tensor$[^~]*runs: min .*, median .*s$"


@check(":shape and Tab leave nothing to undo")
def _(t):
    t.enter("let a = 1", "let b = [2]", ":shape b", ":time b + 1")
    t.ready()
    t.keys("b.", "\t", CTRL_C)
    t.enter(":undo", "a", "b")
    return r"^1$[^~]*error\[name\]"


@check("a command and what is pasted with it")
def _(t):
    t.ready()
    t.keys(paste(":shape ones(2)\n\n3 + 4\n"), "\r")
    return r"^f32 \[2\]\n7$"


@check(":help on a command, on a function, on neither")
def _(t):
    t.enter(":help :time", ":help softmax", ":help sofmax")
    return r"several runs[^~]*Turns logits[^~]*did you mean softmax"


@check(":history")
def _(t):
    t.enter("11 + 1", "let q = 5", ":history let")
    return r"^  let q = 5\n>\Z"


@check(":history in a narrow window", columns=30)
def _(t):
    t.enter("1 + 2 + 3 + 4 + 5 + 6 + 70", ":history 70")
    return r"^  1 \+ 2 \+ 3 \+ 4 \+ 5 \+ 6 \+ 70\n>\Z"


@check(":history of an entry as wide as the window", columns=30)
def _(t):
    t.enter("1 + 2 + 3 + 4 + 5 + 6 + 7 + 80", ":history 80")
    return r"^  1 \+ 2 \+ 3 \+ 4 \+ 5 \+ 6 \+ 7 \+\n    80\n>\Z"


@check(":load and :sh")
def _(t):
    path = t.state + "/loaded.nns"
    t.enter(f":sh echo 'let loaded = 41' > {path}", f":load {path}", "loaded + 1")
    return r"^42$"


@check(":reset and :quit")
def _(t):
    t.enter("let gone = 1", ":reset", "gone")
    if not t.shows(r"error\[name\]"):
        return False
    t.enter(":quit")
    return t.ends()


@check("help, quit, exit and q alone")
def _(t):
    t.enter("help", "quit", "q")
    return r"^  :history[^~]*^> quit\nCtrl-D or :quit leaves\n> q\nCtrl-D or :quit leaves$"


@check("help leaves ans alone")
def _(t):
    t.enter("41", "?sqrt", "help", "ans + 1")
    return r"^42$"


@check(":help on a command without its colon, on keywords and families", rows=70)
def _(t):
    t.enter(":help undo", "?while", ":help Losses")
    return r"takes back the last entry[^~]*while CONDITION[^~]*^  mse +\S"


@check("a question about nothing shows what was typed")
def _(t):
    t.enter("?nope")
    if not t.shows(r"^1 \| \?nope\n +\| +\^\^\^\^$"):
        return False
    t.enter("let net = dense(2, 1)", "net.wight?")
    return r"^1 \| net\.wight\?$[^~]*did you mean \.weight"


@check("apropos looks into families", rows=70)
def _(t):
    t.enter('apropos("loss")')
    return r"^  mse +The[^~]*^  cross_entropy +The"


@check("what a command needs is said")
def _(t):
    t.enter(":load", ":riddle")
    return r":load FILE: runs a file here[^~]*no command :riddle\n.*:help lists them"


@check(":vars tells kinds")
def _(t):
    t.enter("param w = [1, 2]", "let net = dense(2, 3) >> relu", "fn f(a, b = 2) = a", ":vars")
    return r"^w    param  f32 \[2\]  8 B\nnet  net +dense.*  36 B\nf    fn +fn\(a, b = 2\)$"


@check(":set lists, chooses, and says what it takes")
def _(t):
    t.enter(":set", ":set width 60", ":set width", ":set width 3", ":set wdth 30")
    return (r"^  color +off[^~]*^  width +auto[^~]*^  width +60[^~]*width is 20 to 500, or auto"
            r"[^~]*did you mean width")
