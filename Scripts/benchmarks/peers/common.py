"""What the peers' scripts share: arguments, threads, the clock, the report.

    PEER.py ROW [MODE]      THREADS=1 or 2 in the environment

Each prints one line: a JSON object with the best value of every measure of the row that it knows.
Import this before any library: they read the number of threads when they are loaded."""

import json
import os
import sys
import time

ROW = sys.argv[1]
MODE = sys.argv[2] if len(sys.argv) > 2 else ""
THREADS = int(os.environ.get("THREADS", os.cpu_count() or 1))
for name in ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "NUMEXPR_MAX"):
    os.environ[name + ("_THREADS" if name.endswith("MAX") else "_NUM_THREADS")] = str(THREADS)
SIZES = (1_000, 100_000, 10_000_000)
SQUARES = (8, 16, 32, 64, 128, 512)


def best(run, repeats=3, warm=1):
    """The least seconds of one call, after some that do not count."""
    for _ in range(warm):
        run()
    least = float("inf")
    for _ in range(repeats):
        begin = time.perf_counter()
        run()
        least = min(least, time.perf_counter() - begin)
    return least


def each(run, seconds=0.1):
    """The least seconds of a short call, made as often as fits into some batches."""
    run()
    calls = 1
    while True:
        taken = best(lambda: [run() for _ in range(calls)], 1, 0)
        if taken > seconds / 4:
            break
        calls *= 4
    calls = max(1, int(calls * seconds / taken))
    return best(lambda: [run() for _ in range(calls)], 5, 0) / calls


def peak():
    """The most memory that this process held, in MB."""
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1000
    return float("nan")


def alive():
    """Seconds since this process was started, to a hundredth."""
    with open("/proc/self/stat", encoding="ascii") as stat:
        started = int(stat.read().rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")
    with open("/proc/uptime", encoding="ascii") as uptime:
        return float(uptime.read().split()[0]) - started


def report(**values):
    print(json.dumps(values))


def main(rows):
    """Runs the function of the row."""
    report(**rows[ROW]())
