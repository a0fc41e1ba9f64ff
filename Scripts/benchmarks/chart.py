"""Ratios to the best peer as bars on a logarithmic scale, as SVG for light and dark pages."""

import html
import math

LEFT, RIGHT, BAR, GAP, TOP, BOTTOM, WIDTH = 330, 70, 14, 8, 54, 40, 900
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .dim { fill: #59636e; font-size: 12px; }
  .grid { stroke: #8b949e; stroke-opacity: 0.35; }
  .one { stroke: #1f2328; stroke-width: 1.5; }
  .ahead { fill: #1a7f5a; } .behind { fill: #c2571a; } .single { opacity: 0.6; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .dim { fill: #9198a1; } .one { stroke: #e6edf3; }
    .ahead { fill: #3fb98a; } .behind { fill: #f0883e; }
  }"""


def svg(found):
    bars = [(f, f.ratio(f.best[1])) for f in found if f.best]
    ratios = [r for _, r in bars] or [1]
    low = min(-0.3, math.floor(math.log10(min(ratios)) * 3) / 3)
    high = max(0.5, math.ceil(math.log10(max(ratios)) * 3) / 3)
    height = TOP + len(bars) * (BAR + GAP) + BOTTOM

    def x(ratio):
        return LEFT + (math.log10(ratio) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'role="img" aria-label="Speed of nns as a ratio to the best peer">',
        f"<style>{STYLE}\n</style>",
        '<text x="16" y="24">How many times as fast as the best peer</text>',
        '<text class="dim" x="16" y="42">logarithmic; green is ahead, orange behind; '
        "paler bars are one thread</text>"]
    for tick in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000):
        if low <= math.log10(tick) <= high:
            kind = "one" if tick == 1 else "grid"
            parts.append(
                f'<line class="{kind}" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{TOP - 6}" '
                f'y2="{height - BOTTOM + 4}"/><text class="dim" text-anchor="middle" '
                f'x="{x(tick):.1f}" y="{height - BOTTOM + 20}">{tick:g}×</text>')
    for index, (entry, ratio) in enumerate(bars):
        y = TOP + index * (BAR + GAP)
        left, right = sorted((x(1), x(ratio)))
        kind = ("ahead" if ratio >= 1 else "behind") + (" single" if entry.threads == 1 else "")
        label = f"{entry.measure.row}  {entry.measure.title}"
        parts.append(
            f'<text x="16" y="{y + 11}">{html.escape(shortened(label))}</text>'
            f'<rect class="{kind}" x="{left:.1f}" y="{y}" width="{max(right - left, 1):.1f}" '
            f'height="{BAR}" rx="2"><title>{html.escape(label)}, {entry.threads} threads: '
            f"{ratio:.2f}, best peer {html.escape(entry.best[0])}</title></rect>"
            f'<text class="dim" x="{WIDTH - RIGHT + 8}" y="{y + 11}">{ratio:.2f}×</text>')
    return "\n".join(parts + ["</svg>"]) + "\n"


def shortened(label, most=46):
    return label if len(label) <= most else label[:most - 1] + "…"
