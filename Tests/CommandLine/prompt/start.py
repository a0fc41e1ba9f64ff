"""How the prompt starts: init files, options, colours."""

import os
import re
import tempfile

from prompt.checks import RIGHT, check, work


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


@check("no yellow and no white: they are not read on a light ground", NO_COLOR="")
def _(t):
    t.enter("let a = [1, 2.5]  # note", 'print("x{a}") + 3', "?softmax", ":help", "backward(sum(dropout(0.5)(a)))")
    t.ready()
    return not re.search(r"\x1b\[[0-9;]*\b(33|37|93|97)m", t.written)
