#!/usr/bin/env python3
"""The prompt in a pseudo-terminal: types keys and reads the screen. Usage: prompt.py NNS [WORD…]

The checks are in the folder prompt, by subject; words choose those that have one in their name."""

import importlib
import os
import pkgutil
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
import prompt
from prompt.checks import checks, start, work


def run(name, body, columns, rows, options, environment):
    state = tempfile.mkdtemp(dir=work)
    terminal = start(options, columns, rows, environment, state)
    terminal.state = state
    try:
        wanted = body(terminal)
        passed = terminal.shows(wanted) if isinstance(wanted, str) else wanted
    except (OSError, ValueError, NameError) as problem:
        wanted, passed = problem, False
    if not passed:
        print(f"FAILED: {name}: wanted {wanted!r} on the screen, got:\n{terminal.screen.text}")
    terminal.close()
    return bool(passed)


def main():
    os.environ.pop("NNS_HISTORY", None)
    if not os.environ.get("LC_ALL", "").lower().endswith("utf-8"):
        os.environ["LC_ALL"] = "C.UTF-8"
    for module in pkgutil.iter_modules(prompt.__path__):
        importlib.import_module("prompt." + module.name)
    wanted = sys.argv[2:]
    chosen = [c for c in checks if not wanted or any(w in c[0] for w in wanted)]
    begin = time.monotonic()
    # Most of a check is waiting.
    try:
        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(lambda c: run(*c), chosen))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed at the prompt "
          f"({time.monotonic() - begin:.0f} s)")
    sys.exit(0 if results and all(results) else 1)


main()
