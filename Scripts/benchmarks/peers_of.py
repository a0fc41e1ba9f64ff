"""Which peers there are, and how they are run."""

import os
import shutil
import subprocess
import sys

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers")


def folder():
    return os.environ.get("NNS_PEERS") or os.path.expanduser("~/.cache/nns-peers")


class Peers:
    """Programs and libraries that are installed here."""

    def __init__(self):
        self.python = os.path.join(folder(), "bin", "python")
        self.libraries = set()
        if os.access(self.python, os.X_OK):
            look = ("import importlib.util as u;"
                    "print(*[n for n in ('numpy','numexpr','torch','jax','sklearn') if u.find_spec(n)])")
            run = subprocess.run([self.python, "-c", look], capture_output=True, text=True)
            self.libraries = set(run.stdout.split())
        self.lua = shutil.which("lua5.4") or shutil.which("lua")
        self.luajit = shutil.which("luajit")

    def command(self, peer, row):
        """What runs a peer's share of a row and prints JSON; nil where it is not installed.

        A peer is a library and a mode, as "torch fused"."""
        library, _, mode = peer.partition(" ")
        if library not in self.libraries:
            return None
        script = os.path.join(SCRIPTS, library + "_peer.py")
        return [self.python, script, row] + ([mode] if mode else [])

    def whole(self, peer, words):
        """The command of a whole program in a peer; nil where it is not installed."""
        programs = {
            "lua": self.lua and [self.lua],
            "luajit": self.luajit and [self.luajit],
            "luajit, no JIT": self.luajit and [self.luajit, "-joff"],
            "python": [sys.executable],
            "numpy": [self.python] if "numpy" in self.libraries else None,
        }
        start = programs[peer]
        return start and start + [
            os.path.join(SCRIPTS, w) if w.endswith(".lua") else w for w in words]
