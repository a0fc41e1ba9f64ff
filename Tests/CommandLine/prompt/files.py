"""Between the prompt and files."""

import os

from prompt.checks import CTRL_C, Prompt, check, nns, start


def read(path):
    with open(path) as file:
        return file.read()


@check(":save writes what worked and matters, with results")
def _(t):
    path = t.state + "/session.nns"
    t.enter("let a = 1", "let a = 2", "undefined_name", "a + 1", "[1, 2] * a", "let gone = 5", ":undo",
            "?sqrt", "9", "|> sqrt", f":save {path}")
    if not t.shows(r"wrote .*results checked"):
        return False
    return read(path) == ("let a = 2\na + 1\n# => 3\n[1, 2] * a\n# => [2, 4]\n"
                          "let ans = 9\nans |> sqrt\n# => 3\n")


@check(":save writes nothing that a clean session contradicts")
def _(t):
    path = t.state + "/session.nns"
    with open(path, "w") as file:
        file.write("old")
    # What the file gives has changed since.
    other = t.state + "/other.nns"
    t.enter(f":sh echo 'let k = 1' > {other}", f'import "{other}" as m', "m.k",
            f":sh echo 'let k = 2' > {other}", f":save {path}")
    return t.shows(r"expected 1, got 2[^~]*is not written") and read(path) == "old"


@check(":watch runs a file again when it changes, until Ctrl-C")
def _(t):
    path = t.state + "/watched.nns"
    with open(path, "w") as file:
        file.write("print(40 + 1)\n")
    t.ready()
    t.keys(f":watch {path}", "\r")
    if not t.shows(r"^41\n— watching"):
        return False
    with open(path, "w") as file:
        file.write("print(40 + 2)\nundefined_name\n")
    if not t.shows(r"^error\[name\][^~]*— watching[^~]*\Z"):
        return False
    t.keys(CTRL_C)
    t.enter("40 + 3")
    return r"^43$"


@check(":source shows what defined a name")
def _(t):
    t.enter("let a = [1, 2]", "fn f(x) = x + 1", ":source a", ":source f", ":source sqrt", ":source fg")
    return (r"> :source a\nlet a = \[1, 2\]\n> :source f\nfn f\(x\) = x \+ 1\n"
            r"[^~]*sqrt was not defined by an entry[^~]*nothing is called 'fg'")


def editor(folder, script):
    path = folder + "/editor"
    with open(path, "w") as file:
        file.write("#!/bin/sh\n" + script)
    os.chmod(path, 0o755)
    return path


@check(":edit runs what the editor leaves")
def _(t):
    state = t.state
    other = start([], 80, 24, dict(EDITOR=editor(state, "sed -i s/1/41/ $1"), VISUAL=""), state)
    other.enter("fn f(x) = x + 1", "1 + 1", ":edit", ":edit f", "f(0)", "1 + 5")
    found = other.shows(r"^42$[^~]*> f\(0\)\n41$[^~]*^6$")
    other.close()
    return found


@check("kill -9 during writes of the history loses no other entry")
def _(t):
    for round in range(3):
        other = start([], 80, 24, {}, t.state)
        other.enter(f"{round} + 100")
        other.ready()
        other.keys(f"{round} + 200", "\r")
        other.close()
    lines = read(t.state + "/nns/history").split("\n")
    return all(f"{round} + 100" in lines for round in range(3))


@check("Ctrl-Z and fg")
def _(t):
    state = t.state
    shell = Prompt(["/bin/bash", "--norc", "-i"], 80, 24, PS1="$ ", TERM="xterm", NO_COLOR="1",
                   XDG_STATE_HOME=state, XDG_CONFIG_HOME=state, HOME=state)
    shell.shows(r"^\$\Z")
    shell.keys(nns, "\r")
    shell.ready()
    shell.keys("let kept = 41", "\r")
    shell.ready()
    shell.keys("kept", "\x1a")
    if not shell.shows(r"Stopped[^~]*^\$\Z"):
        return False
    shell.keys("fg", "\r")
    shell.shows(r"^> kept\Z")
    shell.keys(" + 1", "\r")
    found = shell.shows(r"^42$")
    shell.close()
    return found
