"""The course of a training as a drawing that any browser shows."""

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT, EDGE = 720, 320, 48


def course_svg(title: str, courses: Sequence[Sequence[tuple[float, float]]]) -> str:
    """Draw loss over minutes, a line for each encoder. The courses are (minutes, loss)."""
    points = [point for course in courses for point in course]
    last = max((minutes for minutes, _ in points), default=1.0) or 1.0
    top = max((loss for _, loss in points), default=1.0) or 1.0

    def placed(point: tuple[float, float]) -> str:
        x = EDGE + point[0] / last * (WIDTH - 2 * EDGE)
        return f"{x:.1f},{HEIGHT - EDGE - point[1] / top * (HEIGHT - 2 * EDGE):.1f}"

    shades = ("#0a6cc0", "#c05a0a")
    lines = [
        f'<polyline fill="none" stroke="{shade}" stroke-width="2" points="{" ".join(map(placed, course))}"/>'
        for shade, course in zip(shades, courses, strict=False)
    ]
    axes = f'<path d="M{EDGE} {EDGE}V{HEIGHT - EDGE}H{WIDTH - EDGE}" fill="none" stroke="#888"/>'
    words = [
        (EDGE, EDGE - 16, "start", title),
        (EDGE - 6, EDGE + 4, "end", f"{top:.1f}"),
        (EDGE - 6, HEIGHT - EDGE, "end", "0"),
        (WIDTH - EDGE, HEIGHT - EDGE + 18, "end", f"{last:.1f} min"),
    ]
    told = "".join(f'<text x="{x}" y="{y}" text-anchor="{to}">{escape(word)}</text>' for x, y, to, word in words)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
    paper = '<rect width="100%" height="100%" fill="#fff"/>'
    return f'{head} font-size="13" fill="#777">{paper}{axes}{"".join(lines)}{told}</svg>\n'
