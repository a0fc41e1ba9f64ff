"""What Tab offers, and grey hints."""

from prompt.checks import BACKSPACE, CTRL_C, END, UP, check


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


@check("Tab again lists nothing again")
def _(t):
    t.enter("let weight_a = 1", "let weight_b = 7")
    t.ready()
    t.keys("wei", "\t", "\t", "\t", "\t")
    return t.shows(r"> weight_\Z") and t.screen.text.count("  weight_a  1") == 1


@check("Tab completes a command with a space behind it")
def _(t):
    t.ready()
    t.keys(":lo", "\t", "\t")
    return t.shows(r"^> :load\Z") and t.screen.column == len("> :load ")


@check("Tab completes paths of params")
def _(t):
    t.enter("let net = dense(2, 3) >> relu >> dense(3, 1)")
    t.ready()
    t.keys("net.", "\t", "\t")
    if not t.shows(r"^  net\[0\]\.weight +f32 \[2, 3\]\n[^~]*net\[2\]\.bias .*\n> net\[\Z"):
        return False
    t.keys(BACKSPACE, ".2.", "\t", "w", "\t")
    return r"> net\[2\]\.weight\Z"


@check("Tab leaves out arguments that are given by position")
def _(t):
    t.enter("fn area(height, width, scale = 1) = height * width * scale")
    t.ready()
    t.keys("area(2, ", "\t", "\t")
    return t.shows(r"^  width: +\S.*\n  scale: +.*scale = 1") and "height: " not in t.screen.text


@check("Tab completes settings, columns of a table, keywords")
def _(t):
    with open(t.state + "/t.csv", "w") as file:
        file.write("price,size\n1,2\n3,4\n")
    t.enter(f'let t = read_csv("{t.state}/t.csv")')
    t.ready()
    t.keys(':set wi', "\t")
    if not t.shows(r"> :set width\Z"):
        return False
    t.keys(CTRL_C)
    t.ready()
    t.keys('t["pr', "\t")
    if not t.shows(r'> t\["price\Z'):
        return False
    t.keys(CTRL_C)
    t.ready()
    t.keys("whi", "\t")
    return r"> while\Z"


@check("the signature of the call that is typed stands behind it", NO_COLOR="")
def _(t):
    t.ready()
    t.keys("softmax(")
    if not t.shows(r"^> softmax\(x, axis = -1\)\Z") or t.screen.column != len("> softmax("):
        return False
    t.keys("ones(2)")
    if not t.shows(r"^> softmax\(ones\(2\), axis = -1\)\Z"):
        return False
    t.keys(")", "\r")
    return r"^\[0\.5, 0\.5\]"


@check("brackets that belong together, names that mean nothing", NO_COLOR="")
def _(t):
    t.ready()
    t.keys("sqrt(nope)")
    if not t.shows(r"> sqrt\(nope\)") or "\x1b[1;31mnope" not in t.written:
        return False
    if t.written.count("\x1b[1;34;4m") < 2:
        return False
    # The entry that stays on the screen has none: it is painted again without.
    before = len(t.written)
    t.keys("\r")
    return t.ready() and "(\x1b[1;31mnope" in t.written[before:] and ";4m" not in t.written[before:]
