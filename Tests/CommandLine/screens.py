"""The screens of the README: each is what a terminal shows after the keys in the comment before it.

    <!-- screen 80x24
    let x = 1
    <Right><Right>
    -->

A line is an entry; one that begins with < is keys without Return."""

import re
import tempfile

from screen import Terminal

KEYS = {"Right": "\x1b[C", "Left": "\x1b[D", "Up": "\x1b[A", "Down": "\x1b[B", "Tab": "\t",
        "Esc": "\x1b", "Enter": "\r"}
# What was measured differs from run to run.
MEASURED = re.compile(
    r"[\d.]+ (ns|µs|ms|s|[kMGT]?FLOP/s|[kMGT]?B/s)\b|limited by (arithmetic|memory|overhead)|"
    r"far from every limit|\(\d+ %\)")
BLOCK = re.compile(r"<!-- screen (\d+)x(\d+)\n(.*?)\n-->\n\n```\n(.*?)```$", re.DOTALL | re.MULTILINE)


def shown(nns, columns, rows, lines, is_right):
    """What the terminal shows after the keys; waits for a while until that is right."""
    with tempfile.TemporaryDirectory() as home:
        terminal = Terminal(
            [nns, "--no-init"], columns, rows, TERM="xterm", NO_COLOR="1", LC_ALL="C.UTF-8",
            XDG_STATE_HOME=home, XDG_CONFIG_HOME=home, HOME=home)
        for line in lines:
            if line.startswith("<"):
                for key, text in re.findall(r"<(\w+)>|([^<]+)", line):
                    terminal.keys(KEYS[key] if key else text)
                    terminal.read(0.3)
            else:
                terminal.enter(line)
        terminal.wait(lambda: is_right(terminal.screen.text))
        text = terminal.screen.text
        terminal.close()
        return text


def unmeasured(text):
    """The text without what was measured, and without the blanks that stand for its width."""
    return re.sub(r" +", " ", MEASURED.sub("", text))


def check(nns, readme):
    """The screens that differ, as what the terminal shows; and how many there are."""
    wrong, count = [], 0
    for columns, rows, keys, wanted in BLOCK.findall(readme):
        count += 1
        def is_right(text, end="\n" + unmeasured(wanted)):
            return unmeasured(text + "\n").endswith(end)
        text = shown(nns, int(columns), int(rows), keys.split("\n"), is_right)
        if not is_right(text):
            wrong.append(text)
    return wrong, count
