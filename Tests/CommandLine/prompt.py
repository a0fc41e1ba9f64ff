#!/usr/bin/env python3
"""The prompt in a pseudo-terminal: types keys and reads the screen. Usage: prompt.py NNS"""

import os
import shutil
import stat
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from screen import Terminal

UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
HOME, END, DELETE, BACKSPACE = "\x1b[H", "\x1b[F", "\x1b[3~", "\x7f"
CTRL_C, CTRL_D, CTRL_G, CTRL_R = "\x03", "\x04", "\x07", "\x12"

nns = os.path.abspath(sys.argv[1])
work = tempfile.mkdtemp()
checks = []


def check(name, columns=80, rows=24, options=(), **environment):
    """A check is a function of a fresh terminal; it gives the pattern that the screen must show,
    or whether all is well."""
    def note(body):
        checks.append((name, body, columns, rows, options, environment))
        return body
    return note


def paste(text):
    return "\x1b[200~" + text + "\x1b[201~"


# --- Entries ---

@check("a definition is shown")
def _(t):
    t.enter("let x = [1, 2]")
    return r"x : f32 \[2\]"


@check("an entry of several lines, its body indented")
def _(t):
    t.enter("fn f(a) {", )
    t.keys("a^2", "\r", "}", "\r")
    t.enter("f(3)")
    return r"> fn f\(a\) \{\n…   a\^2\n… \}\n> f\(3\)\n9$"


@check("a line of a block is changed before it runs")
def _(t):
    t.enter("fn f(a) {")
    t.keys("a^2", "\r", "}", UP, END, BACKSPACE, "3", "\r")
    t.enter("f(3)")
    return r"^27$"


@check("the column stays between lines")
def _(t):
    t.enter("[10,")
    t.keys("20]", UP, HOME, RIGHT, RIGHT, DELETE, "5", "\r")
    return r"^\[15, 20\]"


@check("Alt-Return starts a line")
def _(t):
    t.ready()
    t.keys("1 + 1", "\x1b\r", "2 + 5", "\r")
    return r"^7$"


@check("two blank lines run what is incomplete")
def _(t):
    t.enter("fn f(")
    t.keys("\r", "\r", "\r")
    return r"error\[syntax\]"


@check("an error, and on")
def _(t):
    t.enter("let y = undefined_name", "2 + 3")
    return r"error\[name\][^~]*^5$"


@check("ans goes on in a pipe")
def _(t):
    t.enter("9", "|> sqrt")
    return r"^3$"


@check("pasted lines are one entry, tabs and blank lines included")
def _(t):
    t.ready()
    t.keys(paste("fn g(x) {\r\tlet y = x + 1\r\r\ty * 2\r}\rg(1) + 37\r"))
    if not t.shows(r"g\(1\) \+ 37") or t.shows_now("41"):
        return False
    t.keys("\r")
    return r"^41$"


@check("a paste of many lines, taller than the screen", rows=10)
def _(t):
    t.ready()
    t.keys(paste("".join(f"let v{i} = {i}\n" for i in range(200)) + "v199 + 101"))
    t.keys("\r")
    if not t.shows(r"^v199 : 199$"):
        return False
    t.enter("v198 + v199")
    return r"^397$"


@check("a block taller than the screen shows the lines around the cursor", rows=8)
def _(t):
    t.ready()
    t.keys(paste("[\n" + "".join(f"  {i},\n" for i in range(100, 130)) + "][0]"))
    if not t.shows(r"\A…   123,\n[^~]*… \]\[0\]\Z"):
        return False
    t.keys(*[UP] * 31)
    if not t.shows(r"\A> \[\n…   100,"):
        return False
    t.keys(DOWN, END, LEFT, BACKSPACE, "7", "\r")
    return r"^107$"


@check("what was copied from the screen is pasted without its marks")
def _(t):
    t.ready()
    t.keys(paste("> fn f(a) {\n…   a^2\n… }\n> f(3)"), "\r")
    return r"^9$"


@check("brackets indent what is in them")
def _(t):
    t.enter("fn f(a) {")
    for key in ["if a > 0 {", "return [", "1", "]", "}", "2", "}"]:
        t.keys(key, "\r")
    t.enter("f(1)")
    return (r"> fn f\(a\) \{\n…   if a > 0 \{\n…     return \[\n…       1\n…     \]\n…   \}\n"
            r"…   2\n… \}\n> f\(1\)\n")


# --- History ---

@check("a block comes back whole")
def _(t):
    t.enter("fn f(a) {")
    t.keys("a^2", "\r", "}", "\r")
    t.ready()
    t.keys(UP, UP, END, BACKSPACE, "4", "\r")
    t.enter("f(2)")
    return r"^16$"


@check("Up searches by what is typed")
def _(t):
    t.enter("let one = 1", "2 + 2", "let two = 22", "3 + 3")
    t.ready()
    t.keys("let", UP, UP)
    if not t.shows(r"> let one = 1\Z"):
        return False
    t.keys(DOWN)
    if not t.shows(r"> let two = 22\Z"):
        return False
    t.keys(DOWN)
    return r"> let\Z"


@check("Up on an empty line walks through all")
def _(t):
    t.enter("1 + 1", "2 + 2")
    t.ready()
    t.keys(UP, UP, "0", "\r")
    return r"^11$"


@check("Ctrl-R searches anywhere in a block")
def _(t):
    t.enter("fn cube(a) {")
    t.keys("a^3", "\r", "}", "\r")
    t.enter("1 + 1")
    t.ready()
    t.keys(CTRL_R, "a^3")
    if not t.shows(r"^\(search: a\^3\) fn cube"):
        return False
    t.keys("\r")
    t.enter("cube(2)")
    return r"^8$"


@check("Ctrl-R again finds an older one, Ctrl-G gives up")
def _(t):
    t.enter("11 + 1", "22 + 1", "5")
    t.ready()
    t.keys(CTRL_R, "+ 1", CTRL_R)
    if not t.shows(r"^\(search: \+ 1\) 11 \+ 1\Z"):
        return False
    t.keys(CTRL_G)
    return r"^>\Z"


@check("an arrow takes what Ctrl-R found")
def _(t):
    t.enter("11 + 1")
    t.ready()
    t.keys(CTRL_R, "+", LEFT, "5", "\r")
    return r"^62$"


@check("history is kept, private, without duplicates")
def _(t):
    t.enter("1 + 1", "fn f(a) {")
    t.keys("a", "\r", "}", "\r")
    t.enter("1 + 1")
    t.ready()
    path = t.state + "/nns/history"
    with open(path) as file:
        lines = file.read()
    if lines != "1 + 1\nfn f(a) {\\n  a\\n}\n1 + 1\n":
        return False
    if stat.S_IMODE(os.stat(path).st_mode) != 0o600:
        return False
    t.keys(CTRL_D)
    other = start([], 80, 24, {}, t.state)
    other.ready()
    other.keys(UP, UP, UP, UP)
    # Past the block there is nothing: the first 1 + 1 is gone.
    found = other.shows(r"^> fn f\(a\) \{\n…   a\n… \}\Z")
    other.close()
    return found


@check("two prompts share a history")
def _(t):
    other = start([], 80, 24, {}, t.state)
    t.enter("11 + 1")
    other.enter("22 + 2")
    t.enter("33 + 3")
    t.ready()
    other.ready()
    other.close()
    with open(t.state + "/nns/history") as file:
        return file.read() == "11 + 1\n22 + 2\n33 + 3\n"


@check("what was cut short in the history stays alone")
def _(t):
    os.makedirs(t.state + "/nns", exist_ok=True)
    path = t.state + "/nns/history"
    with open(path, "w") as file:
        file.write("1 + 1\nlet cut = ")
    t.enter("2 + 2")
    t.ready()
    with open(path) as file:
        return file.read() == "1 + 1\nlet cut = \n2 + 2\n"


# --- Keys ---

@check("Home, End, Delete and words")
def _(t):
    t.ready()
    t.keys("bc + 1", HOME, DELETE, DELETE, "2", END, "0", "\x1bb", BACKSPACE, BACKSPACE, "*", "\r")
    return r"^20$"


@check("Ctrl-W, Ctrl-U, Ctrl-K and Ctrl-Y")
def _(t):
    t.ready()
    t.keys("20 + xyz", "\x17", "22", HOME, "\x0b", "\x19", "\r")
    if not t.shows(r"^42$"):
        return False
    t.ready()
    t.keys("wrong", "\x15", "40 + 3", "\r")
    return r"^43$"


@check("Ctrl-C clears what is typed")
def _(t):
    t.ready()
    t.keys("let z = (", CTRL_C)
    if not t.shows(r"\^C\n>\Z"):
        return False
    t.enter("1 + 4")
    return r"^5$"


@check("Ctrl-C in a block")
def _(t):
    t.enter("fn f(a) {")
    t.keys("a", UP, CTRL_C)
    t.enter("1 + 4")
    return r"  a\^C\n> 1 \+ 4\n5$"


@check("Ctrl-C at work, and on with all variables")
def _(t):
    t.enter("let kept = 41")
    t.ready()
    t.keys("while true {}", "\r")
    t.read(0.2)
    t.keys(CTRL_C)
    t.shows(r"interrupted")
    t.enter("kept + 1")
    return r"^42$"


for place, option in [("epoch", "epochs: 100000000"), ("validation", "validation: (x, y), epochs: 100000000"),
                      ("until", "epochs: 3, until: h -> { if len(h.loss) > 1 { while true {} }; false }")]:
    @check(f"Ctrl-C in a fit leaves model and history: {place}")
    def _(t, option=option):
        t.enter("let (x, y) = (ones(100, 2), ones(100, 1))")
        t.enter("let net = dense(2, 1)")
        t.enter("let before = copy(net)")
        t.ready()
        t.keys(f"let h = fit(net, x, y, loss: mse, {option})", "\r")
        t.read(1)
        t.keys(CTRL_C)
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
    t.enter("1 + 4")
    return r"\n5$"


@check("a summary is a table", columns=40)
def _(t):
    t.enter('summary(dense(784, 128, init: "he") >> relu >> dense(64, 10))')
    return r"\n\[0\]  dense\(784, 128, …  \[n, 128\]  100480\n(.*\n)+.*✗ +650\n  dense\(64, 10\) wants"


@check("Ctrl-C stops one large kernel within a second, and nothing is stored", rows=60)
def _(t):
    t.enter("let kept = 41")
    for kernel in ("randn(100000000)", "randn(4000, 4000) @ randn(4000, 4000)",
                   "sort(rand(50000000))", "sum(sin(rand(100000000)))", "cumsum(rand(50000000))",
                   "permutation(2^25)", "shuffle(ones(20000000))", "argsort(rand(20000000))",
                   "solve(rand(4000, 4000), ones(4000))"):
        t.enter(f"kept = {kernel}")
        time.sleep(0.25)
        before = t.written.count("interrupted")
        begin = time.monotonic()
        t.keys(CTRL_C)
        if not t.wait(lambda: t.written.count("interrupted") > before, seconds=1):
            print(f"  {kernel}: {time.monotonic() - begin:.2f} s")
            return False
    t.enter("kept + 1")
    return r"^42$"


@check("keys typed during work wait for the prompt, which begins a line")
def _(t):
    t.ready()
    t.keys(":sh sleep 0.5", "\r")
    t.read(0.1)
    t.keys("3 + 4")
    t.shows(r"^> 3 \+ 4\Z")
    t.keys("\r")
    return r"^7$"


@check("Ctrl-C stops a command of the shell")
def _(t):
    t.ready()
    t.keys(":sh sleep 50", "\r")
    t.read(0.2)
    t.keys(CTRL_C)
    t.enter("3 + 4")
    return r"^> 3 \+ 4\n7$"


@check("Ctrl-D on an empty line leaves")
def _(t):
    t.ready()
    t.keys("1", CTRL_D, BACKSPACE, CTRL_D)
    return t.ends() and t.close_status() == 0


@check("Ctrl-D after text stays")
def _(t):
    t.ready()
    t.keys("1 + 4", CTRL_D, "\r")
    return r"^5$"


@check("the window becomes narrow and wide again")
def _(t):
    t.ready()
    text = "let long = [" + ", ".join(str(i) for i in range(20)) + "]"
    t.keys(text)
    t.resize(40, 24)
    if not t.shows(r"^  18, 19\]\Z") or t.screen.text.count("let long") != 1:
        return False
    t.resize(100, 24)
    t.keys(LEFT, ", 20", "\r")
    return r"long : f32 \[21\]"


@check("40 columns", columns=40)
def _(t):
    t.ready()
    t.keys("let long = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]", HOME, END, LEFT, BACKSPACE, "2", "\r")
    t.enter("long[10]")
    return r"^12$"


@check("40 columns: what Tab lists is cut", columns=40)
def _(t):
    t.ready()
    t.keys(":", "\t")
    return t.shows(r"^  :help .*…$") and t.shows(r"^> :\Z")


@check("names and text beyond ASCII")
def _(t):
    t.ready()
    t.keys('let größe = "日本語"', LEFT, LEFT, "x", "\r")
    return r'^> let größe = "日本x語"\ngröße : "日本x語"'


@check("names beyond ASCII in the C locale", LC_ALL="C")
def _(t):
    t.ready()
    t.keys("let größe = 7", LEFT, "1", "\r")
    return r"^größe : 17$"


@check("the cursor knows wide characters")
def _(t):
    t.ready()
    t.keys('"日本語', LEFT)
    return t.wait(lambda: t.screen.column == 2 + 1 + 4)


@check("bytes that are no UTF-8 do no harm")
def _(t):
    t.ready()
    os.write(t.file, b'"\xff\xfe" \r')
    t.enter("2 + 3")
    return r"^5$"


@check("TERM=dumb", TERM="dumb")
def _(t):
    t.enter("fn f(a) {")
    t.keys("  a^2\n", "}\n")
    t.enter("f(3)")
    if not t.shows(r"^9$"):
        return False
    t.keys("1 + ", CTRL_C)
    t.enter("2 + 5")
    return t.shows(r"^7$") and "\x1b" not in t.written


# --- Tab ---

@check("Tab completes a name")
def _(t):
    t.ready()
    t.keys("softp", "\t", "(0)", "\r")
    return r"^0\.69"


@check("Tab lists names with what they are")
def _(t):
    t.enter("let weight_a = zeros(3, 4)", "let weight_b = 7")
    t.ready()
    t.keys("wei", "\t", "\t")
    return r"^  weight_a  f32 \[3, 4\]\n  weight_b  7\n> weight_\Z"


@check("Tab lists functions with their signatures")
def _(t):
    t.ready()
    t.keys("soft", "\t", "\t")
    return r"^  softmax +softmax\(x, axis = -1\)$"


@check("Tab lists named arguments in a call")
def _(t):
    t.ready()
    t.keys("adam(", "\t")
    return r"^  lr: +\S.*\n[^~]*> adam\(\Z"


@check("Tab lists fields with their values")
def _(t):
    t.enter("let r = {alpha: 1, beta: 2}")
    t.ready()
    t.keys("r.", "\t")
    if not t.shows(r"^  alpha  1\n  beta   2\n> r\.\Z"):
        return False
    t.keys("be", "\t", "\r")
    return r"^2$"


@check("Tab completes files in strings")
def _(t):
    open(t.state + "/table_of_numbers.csv", "w").close()
    t.ready()
    t.keys('"' + t.state + "/tab", "\t")
    return r"/table_of_numbers\.csv\Z"


@check("Tab below a block, the cursor inside it")
def _(t):
    t.enter("fn f(a) {")
    t.keys("a", "\r", "}", UP, END, " + softm", "\t", "\t", "(a)", "\r")
    t.enter("f([0, 0])")
    return r"^\[0\.5, 0\.5\]"


# --- Commands ---

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


@check(":vars, :shape, :type and :time")
def _(t):
    t.enter("let m = ones(3, 4)", ":vars", ":shape m @ m'", ":type m", ":time m + 1")
    return r"^m  f32 \[3, 4\][^~]*f32 \[3, 3\][^~]*^tensor$[^~]*runs: min .*, median .*s$"


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


@check(":load and :sh")
def _(t):
    path = t.state + "/loaded.nns"
    t.enter(f":sh echo 'let loaded = 41' > {path}", f":load {path}", "loaded + 1")
    return r"^42$"


@check(":lesson lists them")
def _(t):
    t.enter(":lesson")
    return r" 1  The derivative .* 8 min\n[^~]* 11  Overfitting"


@check("a lesson: prose, code, a question, its hint, and back to one's own names", rows=90)
def _(t):
    t.enter("let x = 41", ":lesson 1")
    if not t.shows(r"A derivative says how far[^~]*> f\(3\)\n20\n[^~]*— 1/"):
        return False
    t.enter("f(0) + 100")
    if not t.shows(r"^105$"):
        return False
    t.enter("", "", "", "")
    if not t.shows(r"Question: what is the derivative"):
        return False
    t.enter("10")
    if not t.shows(r"Not that\. Hint:"):
        return False
    t.enter("df(-1)")
    if not t.shows(r"^Right\.\n— 5/"):
        return False
    t.enter(":quit", "x + 1")
    return r"your own names are back\n> x \+ 1\n42$"


@check("a lesson that was left goes on where it was", XDG_STATE_HOME=work, NNS_HISTORY=work + "/l")
def _(t):
    t.enter(":lesson 5", "", ":quit", ":lesson")
    if not t.shows(r"·  5  The same with layers  10 min  at 2/"):
        return False
    with open(work + "/lessons") as file:
        if file.read() != "5 1\n":
            return False
    t.enter(":lesson 5")
    return r"— 2/"


@check(":again, :skip and ? in a lesson", rows=60)
def _(t):
    t.enter(":lesson 1 5")
    t.enter("0.5")
    if not t.shows("Hint"):
        return False
    t.enter("?")
    if not t.shows(r"> df\(-1\)\n-10\n"):
        return False
    t.enter(":again", ":skip")
    if not t.shows(r"— 6/"):
        return False
    t.enter(":skip 2", ":reset")
    return r"— 2/[^~]*— 1/"


@check("commands of a lesson without one")
def _(t):
    t.enter(":next", ":lesson 99")
    return r"no lesson is running[^~]*there is no lesson '99'"


@check("a lesson in 40 columns", columns=40, rows=40)
def _(t):
    t.enter(":lesson 2")
    return r"^A neuron weighs its inputs, adds a\n"


@check("a lesson on a dumb terminal", TERM="dumb")
def _(t):
    t.enter(":lesson 1", "")
    return r"— 2/"


@check(":reset and :quit")
def _(t):
    t.enter("let gone = 1", ":reset", "gone")
    if not t.shows(r"error\[name\]"):
        return False
    t.enter(":quit")
    return t.ends()


# --- How it starts ---

def init(text):
    folder = tempfile.mkdtemp(dir=work)
    os.mkdir(folder + "/nns")
    with open(folder + "/nns/init.nns", "w") as file:
        file.write(text)
    return folder


@check("init.nns runs first, and again after :reset", XDG_CONFIG_HOME=init("let mine = 41\n"))
def _(t):
    t.enter("mine + 1", ":reset", "mine + 2")
    return r"^42$[^~]*^43$"


@check("--no-init", options=["--no-init"], XDG_CONFIG_HOME=init("let mine = 41\n"))
def _(t):
    t.enter("mine + 1")
    return r"error\[name\]"


@check("an error in init.nns is shown", XDG_CONFIG_HOME=init("let mine = undefined_name\n"))
def _(t):
    t.enter("2 + 3")
    return r"error\[name\].*\n.*init\.nns:1:12[^~]*^5$"


@check("an error in init.nns keeps nothing else in it from running",
       XDG_CONFIG_HOME=init("let a = undefined_name\nlet b = 1 / [1, 2] @ 3\nfn mine(x) = x + 1\n"))
def _(t):
    t.enter("mine(41)")
    return r"error\[name\][^~]*error\[[^~]*^42$"


@check("-i stays after a file, after init.nns",
       options=["-i", init("let b = mine + 1\n") + "/nns/init.nns"],
       XDG_CONFIG_HOME=init("let mine = 41\n"))
def _(t):
    t.enter("b")
    return r"^42$"


@check("colours as asked", options=["--color", "always"], TERM="xterm-256color")
def _(t):
    t.enter("undefined_name")
    return t.shows(r"error\[name\]") and "\x1b[1;31m" in t.written


@check("what is typed has colours, and a hint that Right takes", NO_COLOR="")
def _(t):
    t.enter("let number = 7")
    t.ready()
    t.keys("let n")
    if not t.shows(r"^> let number = 7\Z") or "\x1b[35mlet" not in t.written:
        return False
    if t.screen.column != len("> let n"):
        return False
    t.keys(RIGHT, "0", "\r")
    return r"^number : 70$"


@check("a hint is not entered", NO_COLOR="")
def _(t):
    t.enter("1 + 1", "1")
    return r"^1$"


@check("--plain has no colours and no frames", options=["--plain"], NO_COLOR="")
def _(t):
    t.enter("undefined_name")
    return t.shows(r"error\[name\]") and "\x1b[1;31m" not in t.written


@check("colours on a terminal", NO_COLOR="")
def _(t):
    t.enter("undefined_name")
    return t.shows(r"error\[name\]") and "\x1b[1;31m" in t.written


def start(options, columns, rows, environment, state):
    defaults = dict(
        TERM="xterm", NO_COLOR="1", XDG_STATE_HOME=state, XDG_CONFIG_HOME=state, HOME=state)
    return Prompt([nns, *options], columns, rows, **{**defaults, **environment})


class Prompt(Terminal):
    def shows_now(self, text):
        return text in self.screen.text

    def close_status(self):
        _, status = os.waitpid(self.process, 0)
        self.process = 0
        return status

    def close(self):
        if self.process:
            super().close()
        else:
            os.close(self.file)


def run(name, body, columns, rows, options, environment):
    state = tempfile.mkdtemp(dir=work)
    terminal = start(options, columns, rows, environment, state)
    terminal.state = state
    try:
        wanted = body(terminal)
        passed = terminal.shows(wanted) if isinstance(wanted, str) else wanted
    except (OSError, ValueError) as problem:
        wanted, passed = problem, False
    if not passed:
        print(f"FAILED: {name}: wanted {wanted!r} on the screen, got:")
        print(terminal.screen.text)
    terminal.close()
    return bool(passed)


def main():
    os.environ.pop("NNS_HISTORY", None)
    if not os.environ.get("LC_ALL", "").lower().endswith("utf-8"):
        os.environ["LC_ALL"] = "C.UTF-8"
    wanted = sys.argv[2:]
    begin = time.monotonic()
    try:
        results = [run(*c) for c in checks if not wanted or any(w in c[0] for w in wanted)]
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed at the prompt "
          f"({time.monotonic() - begin:.0f} s)")
    sys.exit(0 if all(results) else 1)


main()
