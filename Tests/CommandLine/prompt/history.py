"""History: Up, Down, Ctrl-R, the file."""

import os
import stat

from prompt.checks import BACKSPACE, CTRL_D, CTRL_G, CTRL_R, DOWN, END, LEFT, UP, check, start


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
