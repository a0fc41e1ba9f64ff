"""What checks of the prompt are made of: keys, a terminal, the list of all checks."""

import os
import sys
import tempfile

from screen import Terminal

UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
HOME, END, DELETE, BACKSPACE = "\x1b[H", "\x1b[F", "\x1b[3~", "\x7f"
CTRL_C, CTRL_D, CTRL_G, CTRL_R = "\x03", "\x04", "\x07", "\x12"

nns = os.path.abspath(sys.argv[1])
work = tempfile.mkdtemp()
checks = []


def check(name, columns=80, rows=24, options=(), **environment):
    """A check is a function of a fresh terminal; it gives the pattern that the screen must show,
    or whether all is well."""
    def note(body):
        checks.append((name, body, columns, rows, options, environment))
        return body
    return note


def paste(text):
    return "\x1b[200~" + text + "\x1b[201~"


class Prompt(Terminal):
    def shows_now(self, text):
        return text in self.screen.text

    def close_status(self):
        _, status = os.waitpid(self.process, 0)
        self.process = 0
        return status

    def close(self):
        if self.process:
            super().close()
        elif self.file >= 0:
            os.close(self.file)
        self.process, self.file = 0, -1


def start(options, columns, rows, environment, state):
    defaults = dict(
        TERM="xterm", NO_COLOR="1", XDG_STATE_HOME=state, XDG_CONFIG_HOME=state, HOME=state)
    return Prompt([nns, *options], columns, rows, **{**defaults, **environment})
