"""Plots of the console as SVG. Colours are classes, so that both themes draw them in their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

WIDTH, HEIGHT = 640, 240
LEFT, RIGHT, TOP, BOTTOM = 60, 30, 14, 30
GRID = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Line:
    """A line over the same places as the labels; None leaves a gap. `name` is a class and `title` what it is called."""

    name: str
    title: str
    shares: Sequence[float | None]


@dataclass(frozen=True)
class Stack:
    """A bar of a day: its parts from the bottom up, each a class and a count."""

    title: str
    parts: Sequence[tuple[str, int]]


def draw_shares(labels: Sequence[str], lines: Sequence[Line], said: str) -> Markup:
    """Return lines of shares from 0 to 1 as SVG; `said` is what a screen reader reads of it."""
    parts = [_grid(), *_labels(labels)]
    parts += [_draw_line(line, len(labels)) for line in lines]
    return _svg("".join(parts), said)


def draw_stacks(labels: Sequence[str], stacks: Sequence[Stack], said: str) -> Markup:
    """Return stacked bars as SVG, the scale a round number."""
    most = _round_up(max((sum(count for _, count in stack.parts) for stack in stacks), default=1))
    step = (WIDTH - LEFT - RIGHT) / max(1, len(stacks))
    parts = [_scale(most), *_labels(labels)]
    parts += [_draw_stack(stack, LEFT + step * place, step * 0.72, most) for place, stack in enumerate(stacks)]
    return _svg("".join(parts), said)


def _draw_line(line: Line, places: int) -> str:
    points = [(_x(place, places), _y(share)) for place, share in enumerate(line.shares) if share is not None]
    path = "".join(f"{'L' if number else 'M'}{x:.1f} {y:.1f}" for number, (x, y) in enumerate(points))
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in points)
    return f'<g class="plot-line plot-{line.name}"><title>{escape(line.title)}</title><path d="{path}"/>{dots}</g>'


def _draw_stack(stack: Stack, left: float, width: float, most: int) -> str:
    drawn, below = "", 0
    for name, count in stack.parts:
        if count:
            top, bottom = _y((below + count) / most), _y(below / most)
            drawn += (
                f'<rect class="plot-fill plot-{name}" x="{left:.1f}" y="{top:.1f}" '
                f'width="{width:.1f}" height="{bottom - top:.1f}"/>'
            )
            below += count
    return f"<g><title>{escape(stack.title)}</title>{drawn}</g>"


def _grid() -> str:
    return "".join(_rule(share, f"{share:.0%}") for share in GRID)


def _scale(most: int) -> str:
    return _rule(0, "0") + _rule(0.5, f"{most / 2:g}") + _rule(1, f"{most}")


def _rule(share: float, text: str) -> str:
    y = _y(share)
    return (
        f'<path class="plot-rule" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        f'<text class="plot-text" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
    )


def _labels(labels: Sequence[str]) -> list[str]:
    every = max(1, -(-len(labels) // 6))
    return [
        f'<text class="plot-text" x="{_x(place, len(labels)):.1f}" y="{HEIGHT - 8}" text-anchor="middle">'
        f"{escape(label)}</text>"
        for place, label in enumerate(labels)
        if (len(labels) - 1 - place) % every == 0
    ]


def _x(place: int, places: int) -> float:
    step = (WIDTH - LEFT - RIGHT) / max(1, places)
    return LEFT + step * (place + 0.5)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _round_up(count: int) -> int:
    """Return the next of 2, 4, 10, 20, 40, 100, …"""
    size = 1
    while True:
        for step in (2, 4, 10):
            if count <= step * size:
                return step * size
        size *= 10


def _svg(inside: str, said: str) -> Markup:
    return Markup(  # noqa: S704 - our own drawing; what is said in it is escaped
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(said)}">{inside}</svg>'
    )
