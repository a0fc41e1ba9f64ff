"""`:lesson` and what is typed in one."""

from prompt.checks import check, work


@check(":lesson lists them")
def _(t):
    t.enter(":lesson")
    return r" 1  The derivative .* 8 min\n[^~]* 17  A decision tree"


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

QUIZ = "let x = [[0.5, -1]]; param w = [[2], [3]]; let y = sigmoid(x @ w); let loss = sum(y^2)"


@check(":quiz asks, says which mistake gives a wrong answer, and counts")
def _(t):
    t.enter(QUIZ, ":quiz loss")
    if not t.shows(r"1/\d  back through [^~]*What is ∂loss/∂"):
        return False
    t.enter(":hint", "?", "-7", ":skip", ":q")
    return r"∂loss/∂[^~]* = [^~]*Not that\.[^~]*of \d right at the first try"


@check("an answer in the quiz may be an expression, and other entries are entries")
def _(t):
    t.enter(QUIZ, ":quiz loss", ":shape y", "1", "let two = 2", "two * y[0, 0]")
    return r"\[1, 1\][^~]*Right\.[^~]*Right\.[^~]*What is"
