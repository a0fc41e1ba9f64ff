"""Figures as pictures, where the terminal says that it takes them."""

import os
import time

from prompt.checks import check

ASKED = "\x1b[c"
COLORED = dict(NO_COLOR="", TERM="xterm-256color", NNS_PICTURES="", TMUX="", STY="", TERM_PROGRAM="",
               LC_TERMINAL="", KITTY_WINDOW_ID="")


def answer(t, attributes, before="", behind=""):
    """Waits for the question of a figure, and answers it."""
    if not t.wait(lambda: ASKED in t.written, 10):
        return False
    os.write(t.file, f"{before}\x1b[?{attributes}c{behind}".encode())
    return True


def pictures(t):
    return t.written.count("\x1bP0;1;0q")


@check("a terminal with sixels gets them, and is asked once", **COLORED)
def _(t):
    t.enter("line([1, 4, 9])")
    if not answer(t, "63;1;2;4;22") or not t.wait(lambda: pictures(t) == 1):
        return False
    t.enter("line([1, 4, 9])")
    return t.wait(lambda: pictures(t) == 2) and t.written.count(ASKED) == 1


@check("what is typed while the terminal answers is kept", **COLORED)
def _(t):
    t.enter("line([1, 4, 9])")
    if not answer(t, "62;4", "40 +", " 2\r"):
        return False
    return t.shows(r"^42$") and pictures(t) == 1


@check("a terminal without sixels gets characters", **COLORED)
def _(t):
    t.enter("line([1, 4, 9])")
    # The first number is the class of the terminal and no attribute.
    return answer(t, "4;6") and t.shows("┤") and pictures(t) == 0


@check("a terminal that says nothing gets characters", **COLORED)
def _(t):
    t.enter("line([1, 4, 9])")
    begin = time.monotonic()
    return t.shows("┤") and time.monotonic() - begin < 5 and pictures(t) == 0


@check("a terminal is not asked before what is typed ahead is read", **COLORED)
def _(t):
    t.ready()
    os.write(t.file, b"line([1, 4, 9])\r40 + 2\r")
    if not t.shows(r"^42$") or ASKED in t.written:
        return False
    t.enter("line([1, 4, 9])")
    return answer(t, "62;4") and t.wait(lambda: pictures(t) == 1)
