"""A newcomer's first session: from nothing to a trained and explained XOR network, with words that
the screen has shown before."""

import re

from prompt.checks import check

WORD = re.compile(r":?[A-Za-z_]\w*")

SESSION = [
    (":help", r"help\(\) lists all functions"),
    ("help()", r"\bexplain\b"),
    (":lesson", r"XOR"),
    (":lesson 6", r"Return goes on"),
    ("", r"— 2/"),
    ("", r"— 3/"),
    (":quit", r"your own names are back"),
    ("let x = [[0, 0], [0, 1], [1, 0], [1, 1]]", r"x : f32 \[4, 2\]"),
    ("let y = [[0], [1], [1], [0]]", r"y : f32 \[4, 1\]"),
    ("?dense", r"inputs"),
    ("let net = dense(2, 8) >> tanh >> dense(8, 1) >> sigmoid", r"net : dense"),
    ("?fit", r"epochs"),
    ("let h = fit(net, x, y, loss: mse, optimizer: adam(lr: 0.05), epochs: 300)", r"h : \{loss"),
    ("round(net(x))", r"\[\[0\],\s+\[1\],\s+\[1\],\s+\[0\]\]"),
    ("let loss = mse(net(x), y)", r"loss : \d"),
    ("explain(loss)", r"∂loss/∂net\[0\]\.weight"),
    ("backward(loss)", r"> *$"),
    ("net[0].weight.grad", r"\[2, 8\]"),
    ("why(loss, net[2].weight[0, 0])", r"∂loss/∂net\[2\]\.weight\[0, 0\]"),
]
assert len(SESSION) <= 25


def session(t):
    names = set()
    for entry, wanted in SESSION:
        t.ready()
        seen = set(WORD.findall(t.written)) | names
        defined = re.match(r"let (\w+) =", entry)
        if defined:
            names.add(defined.group(1))
            entry_words = entry[defined.end():]
        else:
            entry_words = entry
        unknown = [word for word in WORD.findall(entry_words.replace("?", "")) if word not in seen
                   and word not in names]
        if unknown:
            print(f"the screen has not shown {unknown} before {entry!r}")
            return False
        before = len(t.written)
        t.enter(entry)
        if not t.wait(lambda: re.search(wanted, t.written[before:].replace("\r", ""), re.M)):
            print(f"{entry!r} did not show {wanted!r}")
            return False
    return True


@check("a newcomer trains and explains XOR")
def _(t):
    return session(t)


@check("a newcomer trains and explains XOR in 40 columns", columns=40)
def _(t):
    return session(t)


@check("a newcomer trains and explains XOR on a dumb terminal", TERM="dumb")
def _(t):
    return session(t)
