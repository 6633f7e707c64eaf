"""The outline of a car on the drawing: its place, its curves, its body and its side glass."""

import itertools
import math
from dataclasses import dataclass

from vendrive.design.silhouettes import Car

WIDTH, GROUND = 560, 196
TALLEST = 212


@dataclass(frozen=True)
class Node:
    """A point of an outline (drawing units, y down) with the tangent's angle on arrival and on departure."""

    x: float
    y: float
    arrive: float
    leave: float


@dataclass(frozen=True)
class Frame:
    """A car placed on the drawing: turns shares of length and height into drawing units."""

    car: Car

    @property
    def left(self) -> float:
        return (WIDTH - self.car.length_mm / 10) / 2

    @property
    def right(self) -> float:
        return self.left + self.car.length_mm / 10

    @property
    def sill(self) -> float:
        return GROUND - (self.car.clearance_mm + 50) / 10

    @property
    def radius(self) -> float:
        return self.car.wheel_mm / 20

    @property
    def axles(self) -> tuple[float, float]:
        front = self.left + self.car.front_overhang_mm / 10
        return front, front + self.car.wheelbase_mm / 10

    def x(self, share: float) -> float:
        return self.left + share * self.car.length_mm / 10

    def y(self, share: float) -> float:
        return GROUND - share * self.car.height_mm / 10

    def node(self, point: tuple[float, float], arrive: float, leave: float | None = None) -> Node:
        return Node(self.x(point[0]), self.y(point[1]), arrive, arrive if leave is None else leave)


def curve(nodes: list[Node], grip: float = 0.36) -> str:
    """Cubic Béziers through the nodes; `grip` is the handle's length as a share of the chord."""
    parts = [f"M{nodes[0].x:.1f} {nodes[0].y:.1f}"]
    for one, two in itertools.pairwise(nodes):
        reach = grip * math.hypot(two.x - one.x, two.y - one.y)
        out, back = math.radians(one.leave), math.radians(two.arrive)
        parts.append(
            f"C{one.x + reach * math.cos(out):.1f} {one.y - reach * math.sin(out):.1f} "
            f"{two.x - reach * math.cos(back):.1f} {two.y + reach * math.sin(back):.1f} {two.x:.1f} {two.y:.1f}"
        )
    return "".join(parts)


def screen_angle(frame: Frame) -> float:
    """The windscreen's angle in degrees."""
    (x1, y1), (x2, y2) = frame.car.profile.cowl, frame.car.profile.screen_top
    return math.degrees(math.atan2(frame.y(y1) - frame.y(y2), frame.x(x2) - frame.x(x1)))


def upper_nodes(frame: Frame) -> list[Node]:
    """The outline from the front bumper's lower edge over the roof to the rear bumper's lower edge."""
    shape = frame.car.profile
    rake = screen_angle(frame)
    low = frame.sill - 3
    return [
        Node(frame.x(0.028), low, 155, 155),
        frame.node((0.0, shape.nose_height), 88),
        frame.node(shape.bonnet, 27, 17),
        frame.node(shape.cowl, 7, rake + 2),
        frame.node(shape.screen_top, rake - 9),
        frame.node((shape.peak, 1.0), 0),
        frame.node(shape.roof_end, shape.roof_end_angle, shape.roof_end_angle - 4),
        frame.node(shape.deck, *shape.deck_angles),
        frame.node(shape.tail, shape.deck_angles[1] - 6, -78),
        frame.node((0.997, shape.tail_height), -84),
        Node(frame.x(0.968), low, 205, 205),
    ]


def body_path(frame: Frame) -> str:
    """The closed outline with its two wheel arches."""
    front, rear = frame.axles
    arch = frame.radius + 4.5
    half = arch_half(frame, arch)
    return (
        f"{curve(upper_nodes(frame))}L{rear + half:.1f} {frame.sill:.1f}"
        f"A{arch:.1f} {arch:.1f} 0 1 0 {rear - half:.1f} {frame.sill:.1f}"
        f"L{front + half:.1f} {frame.sill:.1f}"
        f"A{arch:.1f} {arch:.1f} 0 1 0 {front - half:.1f} {frame.sill:.1f}Z"
    )


def arch_half(frame: Frame, arch: float) -> float:
    """Half the chord that a wheel arch of this radius cuts out of the sill."""
    return math.sqrt(max(arch**2 - (frame.sill - (GROUND - frame.radius)) ** 2, 1))


def glass_path(frame: Frame) -> str:
    """The side windows as one closed shape, set in from roof and pillars."""
    shape = frame.car.profile
    rake = screen_angle(frame)
    run = frame.car.height_mm / frame.car.length_mm
    front_x = shape.cowl[0] + 0.034 + (shape.cowl[1] - shape.belt[0]) * run * 0.2
    belt_end, roof_end = shape.glass_end
    roof_y = _roof_height(frame, roof_end) - 0.058
    return (
        curve(
            [
                frame.node((front_x, shape.belt[0] + 0.012), rake, rake),
                frame.node((shape.screen_top[0] + 0.022, shape.screen_top[1] - 0.052), rake - 12, rake - 12),
                frame.node((shape.peak + 0.01, 0.948), 0),
                frame.node((roof_end, roof_y), shape.roof_end_angle + 4, shape.deck_angles[0] - 8),
                frame.node((belt_end, shape.belt[1] + 0.035), shape.deck_angles[0] - 16, -140),
                frame.node((belt_end - 0.02, shape.belt[1]), 182, 181),
            ]
        )
        + "Z"
    )


def _roof_height(frame: Frame, share: float) -> float:
    """The outline's height behind the roof's peak, as a share of the height: a parabola through the roof's end."""
    shape = frame.car.profile
    end_x, end_y = shape.roof_end
    travel = (share - shape.peak) / (end_x - shape.peak)
    return 1 - (1 - end_y) * travel**2


def trace(*steps: str | float) -> str:
    """SVG path data from letters and numbers, numbers with one decimal."""
    return " ".join(step if isinstance(step, str) else f"{step:.1f}" for step in steps)
