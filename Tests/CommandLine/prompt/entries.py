"""Entries of one line and of many."""

from prompt.checks import BACKSPACE, DELETE, DOWN, END, HOME, LEFT, RIGHT, UP, check, paste


@check("a definition is shown")
def _(t):
    t.enter("let x = [1, 2]")
    return r"x : f32 \[2\]"


@check("an entry of several lines, its body indented")
def _(t):
    t.enter("fn f(a) {", )
    t.keys("a^2", "\r", "}", "\r")
    t.enter("f(3)")
    return r"> fn f\(a\) \{\n…   a\^2\n… \}\nf : fn\(a\)\n> f\(3\)\n9$"


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


@check("a pipe without anything before it")
def _(t):
    t.enter("|> sqrt")
    return r"there is no ans yet"


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
            r"…   2\n… \}\nf : fn\(a\)\n> f\(1\)\n")
