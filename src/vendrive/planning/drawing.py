"""Plots as SVG text: a histogram, a line over time, bars. No library, no script, readable in the dark."""

from collections.abc import Sequence
from html import escape
from itertools import pairwise

WIDTH, HEIGHT = 640, 220
LEFT, BOTTOM, TOP, RIGHT = 56, 34, 12, 8


def bars(title: str, unit: str, values: Sequence[tuple[str, float]]) -> str:
    """Return a bar for each named value."""
    top = max((value for _, value in values), default=0.0) or 1.0
    step = (WIDTH - LEFT - RIGHT) / max(len(values), 1)
    every = max(1, -(-len(values) // 12))
    parts = []
    for number, (label, value) in enumerate(values):
        x, height = LEFT + number * step, _scaled(value, top)
        parts.append(
            f'<rect class="bar" x="{x + 1:.1f}" y="{HEIGHT - BOTTOM - height:.1f}" width="{max(step - 2, 1):.1f}" '
            f'height="{height:.1f}"><title>{escape(label)}: {value:.4g}</title></rect>'
        )
        if number % every == 0:
            parts.append(_label(x + step / 2, "middle", label))
    return _figure(title, unit, top, parts)


def line(title: str, unit: str, points: Sequence[tuple[float, float]], top: float) -> str:
    """Return a line over days; the points are days and values."""
    last = max((at for at, _ in points), default=1.0) or 1.0
    placed = [
        f"{LEFT + at / last * (WIDTH - LEFT - RIGHT):.1f},{HEIGHT - BOTTOM - _scaled(value, top):.1f}"
        for at, value in points
    ]
    parts = [f'<polyline class="line" points="{" ".join(placed)}"/>']
    for share in range(5):
        x = LEFT + share / 4 * (WIDTH - LEFT - RIGHT)
        anchor = "end" if share == 4 else "middle"
        parts.append(_label(x, anchor, f"day {last * share / 4:.0f}"))
    return _figure(title, unit, top, parts)


def histogram(values: Sequence[float], edges: Sequence[float]) -> list[tuple[str, float]]:
    """Return the shares of values in percent between edges; the last bar holds all that lies above."""
    names = [f"{low:g}-{high:g}" for low, high in pairwise(edges)] + [f"> {edges[-1]:g}"]
    counts = [0] * len(names)
    for value in values:
        at = sum(value > edge for edge in edges[1:])
        counts[at] += 1
    return [(name, 100 * count / max(len(values), 1)) for name, count in zip(names, counts, strict=True)]


def _label(x: float, anchor: str, text: str) -> str:
    return f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 14}" text-anchor="{anchor}">{escape(text)}</text>'


def _scaled(value: float, top: float) -> float:
    return max(0.0, min(value / top, 1.0)) * (HEIGHT - BOTTOM - TOP)


def _figure(title: str, unit: str, top: float, parts: Sequence[str]) -> str:
    grid = []
    for share in (0.0, 0.5, 1.0):
        y = HEIGHT - BOTTOM - _scaled(share * top, top)
        grid.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        grid.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{share * top:.3g}</text>')
    body = "".join([*grid, *parts])
    label = f"{escape(title)}, {escape(unit)}"
    return (
        f"<figure><figcaption>{escape(title)} <span>{escape(unit)}</span></figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{body}</svg></figure>'
    )
