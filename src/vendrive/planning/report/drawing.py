"""Plots as SVG text: bars, a line over days, intervals, a tower. No library, no script, no colour of its own.

Colours come from the page by class (`bar`, `other`, `line`, `rule`, `goal` …), so a plot is readable by day, by night
and on paper. All plots are drawn 380 wide: about the width at which a page shows one, on a phone and beside others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import ceil, floor, log10

from vendrive.tower.layout import Layout

WIDTH, HEIGHT = 380, 220
LEFT, BOTTOM, TOP, RIGHT = 40, 30, 16, 10
ROW = 30
MOST_CELL, TOWER_HEIGHT = 46, 330


@dataclass(frozen=True)
class Series:
    """Named values of one kind; `style` is the class of its bars."""

    name: str
    values: Sequence[float]
    style: str = "bar"


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval, and how it is judged: good, bad or open."""

    name: str
    value: float
    low: float
    high: float
    verdict: str = "open"
    note: str = ""


def bars(title: str, labels: Sequence[str], series: Sequence[Series], unit: str = "%", told: bool = False) -> str:
    """Return bars side by side for each label; `told` writes each value above its bar."""
    top = _round_up(max((value for one in series for value in one.values), default=0.0))
    step = (WIDTH - LEFT - RIGHT) / max(len(labels), 1)
    width = max(step * 0.76 / len(series), 1.5)
    every = max(1, ceil(len(labels) / 8))
    parts = [_rule(share * top, top, unit) for share in (0.0, 0.5, 1.0)]
    for number, label in enumerate(labels):
        middle = LEFT + (number + 0.5) * step
        for at, one in enumerate(series):
            value = one.values[number]
            x, y = middle + (at - len(series) / 2) * width, _y(value, top)
            parts.append(
                f'<rect class="{one.style}" x="{x:.1f}" y="{y:.1f}" width="{width - 1:.1f}" '
                f'height="{HEIGHT - BOTTOM - y:.1f}" rx="1.5"><title>{escape(label)}: {value:.1f} {unit}</title></rect>'
            )
            if told and value >= 0.05:
                parts.append(_text(x + width / 2, y - 4, f"{value:.1f}" if value < 10 else f"{value:.0f}"))
        if number % every == 0:
            parts.append(_text(middle, HEIGHT - BOTTOM + 17, label))
    return _figure(title, HEIGHT, parts)


def line(title: str, points: Sequence[tuple[float, float]], top: float, limit: str, day: str) -> str:
    """Return a stepped line over days with its limit; the points are days and values, `day` names a day's number."""
    last = ceil(max((at for at, _ in points), default=1.0)) or 1
    height = top * 1.12
    placed = [(LEFT + at / last * (WIDTH - LEFT - RIGHT), _y(value, height)) for at, value in points]
    path = "".join(f"H{x:.1f}V{y:.1f}" for x, y in placed[1:])
    parts = [_rule(share * top, height, "") for share in (0.0, 0.5)]
    if placed:
        (x, y), ground = placed[0], HEIGHT - BOTTOM
        parts += [
            f'<path class="area" d="M{x:.1f},{ground}V{y:.1f}{path}V{ground}Z"/>',
            f'<path class="line" d="M{x:.1f},{y:.1f}{path}"/>',
        ]
    at = _y(top, height)
    parts.append(f'<line class="goal" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
    parts.append(_text(WIDTH - RIGHT, at - 5, limit, "end"))
    every = max(1, ceil(last / 4))
    for number in range(0, last + 1, every):
        x = LEFT + number / last * (WIDTH - LEFT - RIGHT)
        parts.append(_text(x, HEIGHT - BOTTOM + 17, day.format(number=number), "end" if number == last else "middle"))
    return _figure(title, HEIGHT, parts)


def intervals(title: str, rows: Sequence[Interval], unit: str, goal: float) -> str:
    """Return one row for each value: its name, its interval, the value; a line shows the goal."""
    low, high = min([goal, *(row.low for row in rows)]), max([goal, *(row.high for row in rows)])
    margin = (high - low) * 0.08 or 1.0
    left, right, low, high = 8, 74, low - margin, high + margin
    height = len(rows) * (ROW + 12) + 26

    def x(value: float) -> float:
        return left + (value - low) / (high - low) * (WIDTH - left - right)

    parts = [f'<line class="goal" x1="{x(goal):.1f}" x2="{x(goal):.1f}" y1="4" y2="{height - 18}"/>']
    parts.append(_text(x(goal), height - 4, f"{goal:g} {unit}"))
    for number, row in enumerate(rows):
        y = number * (ROW + 12) + 30
        told = f"{row.name}: {row.value:.2f} {unit} [{row.low:.2f}, {row.high:.2f}]"
        parts += [
            _text(left, y - 13, row.name, "start", "name"),
            f'<line class="whisker {row.verdict}" x1="{x(row.low):.1f}" x2="{x(row.high):.1f}" y1="{y}" y2="{y}"/>',
            f'<circle class="dot {row.verdict}" cx="{x(row.value):.1f}" cy="{y}" r="4.5">{_told(told)}</circle>',
            _text(WIDTH - 2, y + 4, row.note, "end", f"value {row.verdict}"),
        ]
    return _figure(title, height, parts)


def tower(title: str, layout: Layout, shares: Mapping[str, float], failed: frozenset[str] = frozenset()) -> str:
    """Return a tower as seen from the street: each slot the darker the longer a car stood in it, the bays below."""
    columns = max(slot.column for slot in layout.slots)
    storeys = range(min(place.storey for place in layout.places), max(place.storey for place in layout.places) + 1)
    cell = min(MOST_CELL, (WIDTH - LEFT - RIGHT) / columns)
    rise = min(cell * 0.72, (TOWER_HEIGHT - 8) / len(storeys))
    height, left = rise * len(storeys) + 8, (WIDTH - cell * columns + LEFT - RIGHT) / 2

    def y(storey: int) -> float:
        return height - 4 - (storey - storeys[0] + 1) * rise

    every = max(1, ceil(len(storeys) / 12))
    parts = [_text(left - 7, y(at) + rise * 0.68, str(at), "end") for at in storeys[::every]]
    for slot in layout.slots:
        parts.append(_cell(left + (slot.column - 1) * cell, y(slot.storey), cell, rise, slot.name, shares, failed))
    for at, bay in enumerate(layout.bays):
        middle = left + (at + 0.5) * columns * cell / len(layout.bays) - cell * 0.75
        middle = min(middle, left + columns * cell - 1.5 * cell) if columns > 1 else left
        style = "bay out" if bay.name in failed else "bay"
        parts.append(
            f'<rect class="{style}" x="{middle + 1:.1f}" y="{y(bay.storey) + 1:.1f}" width="{cell * 1.5 - 2:.1f}" '
            f'height="{rise - 2:.1f}" rx="2"/>'
        )
        if rise > 11:
            parts.append(_text(middle + cell * 0.75, y(bay.storey) + rise * 0.7, bay.name))
    return _figure(title, height, parts)


def _cell(
    x: float, y: float, cell: float, rise: float, name: str, shares: Mapping[str, float], failed: frozenset[str]
) -> str:
    share = shares.get(name, 0.0)
    out = name in failed
    shade = "" if out else f'<rect class="bar" {_box(x, y, cell, rise)} fill-opacity="{share:.2f}"/>'
    style = "slot out" if out else "slot"
    return f'<g><rect class="{style}" {_box(x, y, cell, rise)}/>{shade}<title>{name}: {100 * share:.0f} %</title></g>'


def _box(x: float, y: float, width: float, height: float) -> str:
    return f'x="{x + 1:.1f}" y="{y + 1:.1f}" width="{max(width - 2, 1):.1f}" height="{max(height - 2, 1):.1f}" rx="2"'


def histogram(values: Sequence[float], edges: Sequence[float]) -> tuple[list[str], list[float]]:
    """Return labels and shares in percent of values between edges; the last one holds all that lies above."""
    first = f"≤ {edges[0]:g}" if edges[0] else "0"
    between = [f"{low:g}{'…' if low < 0 else '–'}{high:g}" for low, high in pairwise(edges)]
    labels = [label.replace("-", "−") for label in (first, *between, f"> {edges[-1]:g}")]
    counts = [0] * len(labels)
    for value in values:
        counts[sum(value > edge for edge in edges)] += 1
    return labels, [100 * count / max(len(values), 1) for count in counts]


def _text(x: float, y: float, text: str, anchor: str = "middle", style: str = "") -> str:
    named = f' class="{style}"' if style else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _told(text: str) -> str:
    return f"<title>{escape(text)}</title>"


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - max(0.0, min(value / top, 1.0)) * (HEIGHT - BOTTOM - TOP)


def _rule(value: float, top: float, unit: str) -> str:
    y = _y(value, top)
    label = f"{value:.3g}" + (f" {unit}" if value and unit else "")
    return f'<line class="rule" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>' + _text(
        LEFT - 5, y + 4, label, "end"
    )


def _round_up(value: float) -> float:
    """Return a round number that is not below a value, and whose half is as round."""
    if value <= 0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    return next(step * power for step in (1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10) if step * power >= value)


def _figure(title: str, height: float, parts: Sequence[str]) -> str:
    body = "".join(parts)
    return f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}">{body}</svg>'
