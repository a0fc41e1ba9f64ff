"""Runs programs and peers by turns and keeps the best of each."""

import contextlib
import json
import os
import subprocess
import time

from results import Found
from rows import Peak, Steps, Whole

HERE = os.path.dirname(os.path.abspath(__file__))
# What the larger of two runs takes more than the smaller one, at least, in seconds.
DIFFERENCE = 0.4
# How the machine behaves for which limits are given: FLOP/s by threads, bytes read a second.
PRODUCT = {1: 115e9, 2: 225e9}
READ = {1: 30e9, 2: 31.5e9}


class Failure(Exception):
    """A program of ours that did not run."""


@contextlib.contextmanager
def processors(threads):
    """Lets children use so many processors: one at the end, or all."""
    before = os.sched_getaffinity(0)
    if threads == 1:
        os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Runs:
    def __init__(self, nns, peers, threads):
        self.nns, self.peers, self.threads = nns, peers, threads
        # Every library chooses its kernels by itself: what forces those of OpenBLAS would slow down
        # some and not others.
        free = {k: v for k, v in os.environ.items()
                if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
        self.environment = {
            **free, "NNS_THREADS": str(threads), "THREADS": str(threads),
            "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "-1"}

    def ours(self, words):
        words = [str(word) for word in words]
        if words[0].endswith(".nns"):
            words[0] = os.path.join(HERE, words[0])
        return [self.nns, *words]

    def start(self, command):
        quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
        with processors(self.threads):
            return os.posix_spawn(command[0], command, self.environment, file_actions=quiet)

    def seconds(self, command, repeats=1):
        """The least time from the start of a program to its end."""
        best = float("inf")
        for _ in range(repeats):
            begin = time.perf_counter()
            _, status = os.waitpid(self.start(command), 0)
            best = min(best, time.perf_counter() - begin)
            if status != 0:
                raise Failure(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
        return best

    def peak(self, command):
        """The most memory that a program holds, in MB, seen while it runs."""
        process, most = self.start(command), 0
        while True:
            done, status = os.waitpid(process, os.WNOHANG)
            if done:
                break
            with contextlib.suppress(OSError), open(f"/proc/{process}/status") as lines:
                for line in lines:
                    if line.startswith("VmHWM"):
                        most = max(most, int(line.split()[1]))
            time.sleep(0.0005)
        if status != 0:
            raise Failure(f"{' '.join(command)} failed")
        return most / 1000

    def machine(self):
        """What the machine does, by `nns bench`."""
        with processors(self.threads):
            run = subprocess.run(
                [self.nns, "bench", "--json"], env=self.environment, capture_output=True, text=True)
        if run.returncode != 0:
            raise Failure(f"nns bench failed: {run.stderr}")
        return json.loads(run.stdout)

    def figures(self, command):
        """What a peer prints; nothing where it fails."""
        with processors(self.threads):
            try:
                run = subprocess.run(
                    command, env=self.environment, capture_output=True, text=True, timeout=240)
                return json.loads(run.stdout.strip().split("\n")[-1])
            except (subprocess.TimeoutExpired, ValueError):
                return {}


class Ours:
    """A measure of ours over several rounds."""

    def __init__(self, measure, runs):
        self.measure, self.runs, self.how = measure, runs, measure.ours
        self.few, self.many = float("inf"), float("inf")
        self.large = self.how.large if isinstance(self.how, Steps) else None

    def round(self):
        how, runs = self.how, self.runs
        if isinstance(how, Peak):
            self.few = min(self.few, runs.peak(runs.ours(how.words)))
        elif isinstance(how, Whole):
            self.few = min(self.few, runs.seconds(runs.ours(how.words), how.repeats))
        else:
            self.few = min(self.few, self.time(how.small), self.time(how.small))
            if self.large is None:
                self.large = 2 * how.small
            self.many = min(self.many, self.time(self.large))
            while how.large is None and self.many - self.few < DIFFERENCE:
                self.lengthen(self.many - self.few)

    def time(self, steps):
        return self.runs.seconds(
            self.runs.ours([self.how.program, *self.how.words(steps)]), self.how.repeats)

    def lengthen(self, difference):
        """So many steps more that the difference can be seen."""
        times = max(2, min(8, 1.5 * DIFFERENCE / max(difference, 1e-3)))
        self.large = int(self.how.small + (self.large - self.how.small) * times)
        self.many = self.time(self.large)

    @property
    def value(self):
        if not isinstance(self.how, Steps):
            return self.few * self.measure.scale
        work = (self.large - self.how.small) * self.how.work
        seconds = self.many - self.few
        if seconds <= 0:
            raise Failure(f"{self.measure.name} takes no time that can be seen: more --rounds")
        return (work / seconds if self.measure.isRate else seconds / work) * self.measure.scale


def better(measure, a, b):
    if a is None:
        return b
    return max(a, b) if measure.isRate else min(a, b)


def scaled(measure, threads, machine):
    """The limit on this machine."""
    if measure.limit is None or measure.limitedBy is None:
        return measure.limit
    speed = {
        "product": machine["product"] / PRODUCT[2], "memory": machine["read"] / READ[2],
        "core": machine["product_of_one_thread"] / PRODUCT[1]}[measure.limitedBy]
    return measure.limit * speed if measure.isRate else measure.limit / speed


def measure(nns, measures, peers, threads, rounds):
    """Everything of one row at one number of threads; a list of what was found."""
    runs = Runs(nns, peers, threads)
    ours = [Ours(m, runs) for m in measures]
    values = {m.name: {} for m in measures}
    machine = runs.machine()
    row = measures[0].row
    # The peak of W2 is that of the same run as its time.
    rowOf = {m.name: m.key if m.row == "W12" else row for m in measures}
    wanted = list(dict.fromkeys((p, rowOf[m.name]) for m in measures for p in m.peers))
    for _ in range(rounds):
        for our in ours:
            our.round()
            for peer, words in our.measure.programs.items():
                command = peers.whole(peer, words)
                if command:
                    value = runs.seconds(command, our.how.repeats) * our.measure.scale
                    found = values[our.measure.name]
                    found[peer] = better(our.measure, found.get(peer), value)
        for peer, place in wanted:
            command = peers.command(peer, place)
            figures = runs.figures(command) if command else {}
            for m in measures:
                value = figures.get(m.peerKey)
                if value is not None and peer in m.peers and rowOf[m.name] == place:
                    found = values[m.name]
                    found[peer] = better(m, found.get(peer), value)
        again = runs.machine()
        machine = {key: (min if key == "start" else max)(machine[key], again[key]) for key in again}
    return [
        Found.of(our.measure, threads, our.value, values[our.measure.name],
                 {p: peers.whole(p, []) if p in our.measure.programs else
                  peers.command(p, row) for p in (*our.measure.peers, *our.measure.programs)},
                 scaled(our.measure, threads, machine), machine)
        for our in ours]
