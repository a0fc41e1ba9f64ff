"""The command line of Scripts/bench."""

import argparse
import os
import subprocess
import sys

import chart
import peers_of
import report
import results
import rows
import running

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
FOLDER = os.path.join(ROOT, ".build", "bench")
PACKAGES = ["numpy", "jax", "scikit-learn", "numexpr"]


def arguments(words):
    parser = argparse.ArgumentParser(
        prog="Scripts/bench", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Runs the workloads of Scripts/benchmarks in nns and, where they are installed,"
        "\nin its peers, by turns, and compares the best with the best.",
        epilog="Results of this and earlier runs are in .build/bench: results.md, results.svg.\n"
        "Peers live in NNS_PEERS or ~/.cache/nns-peers.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(rows.names()))
    parser.add_argument("--peers", action="store_true", help="install the peers first")
    parser.add_argument("--threads", type=int, choices=[1, 2], help="one count instead of both")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything runs by turns")
    parser.add_argument(
        "--nns", default=os.path.join(ROOT, ".build", "release", "nns"), help="the program")
    options = parser.parse_args(words)
    wanted = [name.upper() for name in options.rows]
    for name in wanted:
        if name not in rows.names():
            parser.error(f"there is no row {name}: {', '.join(rows.names())}")
    if options.rounds < 1:
        parser.error("--rounds is at least 1")
    options.rows = wanted or rows.names()
    return options


def install(folder):
    """A virtual environment with the peers."""
    if not os.path.exists(os.path.join(folder, "bin", "python")):
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [os.path.join(folder, "bin", "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run(pip + PACKAGES, check=True)
    subprocess.run(
        pip + ["torch", "--index-url", "https://download.pytorch.org/whl/cpu",
               "--extra-index-url", "https://pypi.org/simple"], check=True)


def main(words):
    options = arguments(words)
    if not os.access(options.nns, os.X_OK):
        print(f"{options.nns} is missing: Scripts/build makes it", file=sys.stderr)
        return 1
    try:
        if options.peers:
            install(peers_of.folder())
        store = results.Store(FOLDER)
        peers = peers_of.Peers()
        for name in options.rows:
            measures = rows.of(name)
            for threads in [options.threads] if options.threads else [1, 2]:
                chosen = [m for m in measures if threads in m.threads]
                if chosen:
                    found = running.measure(options.nns, chosen, peers, threads, options.rounds)
                    store.add(found)
                    print(report.text(found, isFirst=name == options.rows[0]), end="", flush=True)
            store.save(report.markdown, chart.svg)
    except KeyboardInterrupt:
        return 130
    except (subprocess.CalledProcessError, running.Failure) as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"{os.path.relpath(store.path('results.md'))}, {os.path.relpath(store.path('results.svg'))}")
    return 0
