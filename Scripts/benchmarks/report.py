"""What was found as a table: for a terminal, and as Markdown."""

import os
import platform

import results

HEADER = ("row", "workload", "threads", "nns", "unit", "best peer", "", "ratio", "limit", "of it",
          "goal", "")
WIDTHS = (4, 46, 7, 8, 10, 14, 8, 6, 7, 6, 17, 1)


def number(x):
    """Three digits, with a separator for thousands."""
    if x >= 1000:
        return f"{round(x, 2 - len(str(int(x)))):,.0f}"
    return f"{x:.3g}"


def goal(found):
    aim = found.measure.goalOf(found.threads)
    if aim is None or isinstance(aim, str):
        return aim or ""
    return ("≥ " if found.measure.isRate else "≤ ") + number(aim)


def cells(found):
    measure, best = found.measure, found.best
    missing = sorted(set(v for v in found.peers.values() if isinstance(v, str)))
    return (
        measure.row, measure.title, str(found.threads), number(found.value), measure.unit,
        best[0] if best else ", ".join(missing), number(best[1]) if best else "",
        f"{found.ratio(best[1]):.2f}" if best else "",
        number(found.limit) if found.limit else "",
        f"{found.ratio(found.limit):.2f}" if found.limit else "",
        goal(found), {True: "✓", False: "✗", None: ""}[found.isAtGoal])


def line(values):
    return "  ".join(v.ljust(w) if i in (0, 1, 4, 5, 10) else v.rjust(w)
                     for i, (v, w) in enumerate(zip(values, WIDTHS))).rstrip() + "\n"


def text(found, isFirst):
    """Lines of a terminal, for one row at one number of threads."""
    return (line(HEADER) if isFirst and found[0].threads == 1 else "") + "".join(
        line(cells(entry)) for entry in found)


def machine(found):
    """The machine in a sentence."""
    most = {key: max(f.machine[key] for f in found)
            for key in ("product", "product_of_one_thread", "read", "copy")}
    dates = sorted(f.date for f in found)
    days = dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
    return (
        f"{days}, {results.processor()}, {os.cpu_count()} processors, {platform.system()}: products "
        f"{most['product'] / 1e9:.0f} GFLOP/s, {most['product_of_one_thread'] / 1e9:.0f} on one "
        f"thread; memory {most['read'] / 1e9:.0f} GB/s read, {most['copy'] / 1e9:.0f} GB/s copied.")


def side(entry):
    """The cells of one number of threads."""
    if entry is None:
        return ["", "", "", ""]
    c = cells(entry)
    value = f"**{c[3]}**" if entry.isAtGoal else c[3]
    return [value, f"{c[5]} {c[6]}".strip(), c[7], c[9]]


def markdown(found):
    """A line for every measure, and one for what all peers did."""
    if not found:
        return ""
    byThreads = {(entry.name, entry.threads): entry for entry in found}
    names = list(dict.fromkeys(entry.name for entry in found))
    head = "| | | unit | goal | 1 thread | best peer | ratio | of limit | 2 threads | best peer | ratio | of limit |"
    lines = [machine(found), "", head, "|---|---|---|---|--:|---|--:|--:|--:|---|--:|--:|"]
    for name in names:
        entries = [byThreads.get((name, threads)) for threads in (1, 2)]
        known = [entry for entry in entries if entry]
        goals = list(dict.fromkeys(goal(entry) for entry in known if goal(entry)))
        values = [*known[0].name.split()[:1], known[0].measure.title, known[0].measure.unit,
                  ", ".join(goals), *side(entries[0]), *side(entries[1])]
        lines.append("| " + " | ".join(values) + " |")
    lines += ["", "All peers:", "", "| row | workload | threads | peers |", "|---|---|--:|---|"]
    for entry in found:
        peers = ", ".join(f"{p} {v if isinstance(v, str) else number(v)}"
                          for p, v in entry.peers.items())
        lines.append(f"| {entry.measure.row} | {entry.measure.title} | {entry.threads} | {peers} |")
    return "\n".join(lines) + "\n"
