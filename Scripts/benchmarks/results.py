"""What was found, and where it is kept."""

import datetime
import json
import os
import platform
from dataclasses import asdict, dataclass
from typing import Dict, Optional, Union

import rows


@dataclass
class Found:
    """One measure at one number of threads."""
    name: str
    threads: int
    value: float
    # By peer: a value, "not installed" or "failed".
    peers: Dict[str, Union[float, str]]
    limit: Optional[float]
    machine: Dict[str, float]
    date: str

    @staticmethod
    def of(measure, threads, value, values, commands, limit, machine):
        peers = {
            peer: values.get(peer, "failed" if command else "not installed")
            for peer, command in commands.items()}
        return Found(measure.name, threads, value, peers, limit, machine,
                     datetime.date.today().isoformat())

    @property
    def measure(self):
        return next(m for m in rows.ALL if m.name == self.name)

    @property
    def best(self):
        """The best peer and its value; nothing without peers."""
        known = [(v, p) for p, v in self.peers.items() if not isinstance(v, str)]
        if not known:
            return None
        value, peer = max(known) if self.measure.isRate else min(known)
        return peer, value

    def ratio(self, other):
        """How many times better than another value ours is."""
        return self.value / other if self.measure.isRate else other / self.value

    @property
    def isAtGoal(self):
        """Whether the goal is met; nothing where there is none, or nobody to compare with."""
        goal = self.measure.goalOf(self.threads)
        if goal is None:
            return None
        if goal == "ahead of Lua":
            lua = self.peers.get("lua")
            return self.value <= lua if isinstance(lua, float) else None
        if goal == "85 % of the limit":
            return self.value >= 0.85 * self.limit
        return self.ratio(goal) >= 1


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


class Store:
    """All that was found, in a folder; a row that is measured again takes its old place."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.found = {}
        try:
            with open(self.path("results.json"), encoding="utf-8") as file:
                for entry in json.load(file):
                    found = Found(**entry)
                    if any(m.name == found.name for m in rows.ALL):
                        self.found[found.name, found.threads] = found
        except (OSError, ValueError, TypeError):
            pass

    def path(self, name):
        return os.path.join(self.folder, name)

    def add(self, found):
        for entry in found:
            self.found[entry.name, entry.threads] = entry

    @property
    def inOrder(self):
        order = [m.name for m in rows.ALL]
        return sorted(self.found.values(), key=lambda f: (order.index(f.name), f.threads))

    def save(self, markdown, svg):
        found = self.inOrder
        with open(self.path("results.json"), "w", encoding="utf-8") as file:
            json.dump([asdict(entry) for entry in found], file, indent=1)
        for name, make in (("results.md", markdown), ("results.svg", svg)):
            with open(self.path(name), "w", encoding="utf-8") as file:
                file.write(make(found))
