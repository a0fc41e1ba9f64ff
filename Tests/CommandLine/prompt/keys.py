"""Keys, Ctrl-C, the window."""

import os
import time

from prompt.checks import BACKSPACE, CTRL_C, CTRL_D, DELETE, END, HOME, LEFT, UP, check, work


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


@check("Ctrl-C stops one large kernel within a second, and nothing is stored", rows=60)
def _(t):
    t.enter("let kept = 41")
    for kernel in ("randn(100000000)", "randn(4000, 4000) @ randn(4000, 4000)",
                   "sort(rand(50000000))", "sum(sin(rand(100000000)))", "cumsum(rand(90000000))",
                   "permutation(2^25)", "shuffle(ones(20000000))", "argsort(rand(40000000))",
                   "solve(rand(4000, 4000), ones(4000))"):
        t.enter(f"kept = {kernel}")
        time.sleep(0.12)
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


@check("TERM=dumb: keys that the terminal driver does not know are left out", TERM="dumb")
def _(t):
    t.ready()
    t.keys("40 + 2", UP, LEFT, "\x1b[1;5C", "\x1bOA", "\r")
    return r"^42$"


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
