"""A program in a pseudo-terminal, and what its screen shows."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
import unicodedata

# The last is a picture, which the screen leaves out.
SEQUENCE = re.compile(r"\x1b(?:\[([?0-9;]*)([@-~])|([78=>c])|\(.|P[^\x1b]*\x1b\\)")


class Screen:
    """As much of a terminal as the prompt needs: enough of xterm for what libedit writes."""

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.cells = [[" "] * columns for _ in range(rows)]
        self.row = self.column = 0
        self.inserts = False
        self.rest = ""

    def resize(self, columns, rows):
        lines = [line[:columns] + [" "] * (columns - len(line)) for line in self.cells]
        lines += [[" "] * columns for _ in range(rows - len(lines))]
        dropped = max(0, self.row - rows + 1)
        self.cells = lines[dropped:dropped + rows]
        self.row -= dropped
        self.column = min(self.column, columns - 1)
        self.columns, self.rows = columns, rows

    @property
    def text(self):
        return "\n".join("".join(line).rstrip() for line in self.cells).rstrip("\n")

    @property
    def line(self):
        return "".join(self.cells[self.row]).rstrip()

    def feed(self, text):
        text = self.rest + text
        index, self.rest = 0, ""
        while index < len(text):
            if text[index] != "\x1b":
                self.put(text[index])
                index += 1
                continue
            match = SEQUENCE.match(text, index)
            if not match:
                if len(text) - index > 20 and text[index + 1] != "P":
                    raise ValueError("unknown sequence " + repr(text[index:index + 20]))
                self.rest = text[index:]
                return
            if match.group(2):
                self.control(match.group(1), match.group(2))
            index = match.end()

    def put(self, character):
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.next_row()
        elif character == "\b":
            self.column = max(0, min(self.column, self.columns - 1) - 1)
        elif character == "\t":
            self.column = min(self.columns - 1, self.column // 8 * 8 + 8)
        elif character >= " ":
            wide = unicodedata.east_asian_width(character) in "WF"
            if self.column + 1 + wide > self.columns:
                self.column = 0
                self.next_row()
            line = self.cells[self.row]
            if self.inserts:
                line.insert(self.column, " ")
                line.pop()
            line[self.column] = character
            if wide:
                line[self.column + 1] = ""
            self.column += 1 + wide

    def next_row(self):
        if self.row + 1 < self.rows:
            self.row += 1
        else:
            self.cells = self.cells[1:] + [[" "] * self.columns]

    def control(self, parameters, final):
        numbers = [int(n) if n.isdigit() else 0 for n in parameters.lstrip("?").split(";")]
        count = max(1, numbers[0])
        column = min(self.column, self.columns - 1)
        line = self.cells[self.row]
        if final == "A":
            self.row = max(0, self.row - count)
        elif final == "B":
            self.row = min(self.rows - 1, self.row + count)
        elif final == "C":
            self.column = min(self.columns - 1, column + count)
        elif final == "D":
            self.column = max(0, column - count)
        elif final == "G":
            self.column = count - 1
        elif final == "H":
            self.row = count - 1
            self.column = max(1, numbers[1] if len(numbers) > 1 else 1) - 1
        elif final == "K":
            line[column:] = [" "] * (self.columns - column)
        elif final == "J":
            first = 0 if numbers[0] == 2 else self.row + 1
            if numbers[0] != 2:
                line[column:] = [" "] * (self.columns - column)
            for row in range(first, self.rows):
                self.cells[row] = [" "] * self.columns
        elif final == "P":
            line[column:] = line[column + count:] + [" "] * min(count, self.columns - column)
        elif final == "@":
            line[column:] = ([" "] * count + line[column:])[:self.columns - column]
        elif final in "hl" and parameters == "4":
            self.inserts = final == "h"
        if final in "ABK":
            self.column = column


class Terminal:
    """A running program: type keys, wait for what the screen shows."""

    def __init__(self, command, columns=80, rows=24, **environment):
        self.screen = Screen(columns, rows)
        self.written = ""
        self.isOpen = True
        self.process, self.file = pty.fork()
        if self.process == 0:
            os.environ.update(environment)
            os.execv(command[0], command)
        self.size(columns, rows)

    def size(self, columns, rows):
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns, rows):
        self.read(0.1)
        self.screen.resize(columns, rows)
        self.size(columns, rows)

    def read(self, seconds):
        """Takes what comes until nothing has come for some time; says whether anything came."""
        came = False
        while self.isOpen and select.select([self.file], [], [], seconds)[0]:
            try:
                data = os.read(self.file, 65536)
            except OSError:
                data = b""
            if not data:
                self.isOpen = False
                break
            came = True
            text = data.decode("utf-8", "replace")
            self.written += text
            self.screen.feed(text)
            seconds = 0.01
        return came

    def wait(self, condition, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            self.read(0.05)
            if not self.isOpen:
                return condition()
        return True

    def ready(self):
        """Waits for an empty prompt."""
        return self.wait(lambda: self.screen.line == ">" and self.screen.column == 2)

    def keys(self, *keys):
        for key in keys:
            os.write(self.file, key.encode())
            self.read(0.03)

    def enter(self, *entries):
        """Types entries with Return, each when the prompt is ready for it."""
        for entry in entries:
            self.ready()
            self.keys(entry, "\r")

    def shows(self, pattern):
        return self.wait(lambda: re.search(pattern, self.screen.text, re.MULTILINE))

    def ends(self):
        return self.wait(lambda: not self.isOpen)

    def close(self):
        try:
            os.kill(self.process, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.close(self.file)
        _, status = os.waitpid(self.process, 0)
        return status
