"""Lifts, doors and transfers in simulated time: what a move takes in truth, which no planner sees."""

import heapq
import random
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import partial
from math import ceil, floor, inf

from vendrive.tower.layout import Layout
from vendrive.tower.motion import trapezoid_m
from vendrive.tower.pace import pace_of

Process = Generator[float, None, None]
# What a process yields when it waits for its way to become free.
PARKED = -1.0
SPREAD = 0.03
# How often a lift that waits behind a moving one looks again.
PASSING_S = 0.5
# One transfer in a hundred is tried twice.
AGAIN_SHARE, AGAIN_S = 0.01, 12.0


class Events:
    """What happens when, in order of time and then of asking."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def after(self, delay_s: float, what: Callable[[], None]) -> None:
        """Let something happen after some seconds."""
        self._count += 1
        heapq.heappush(self._queue, (self.now_s + max(delay_s, 0.0), self._count, what))

    def at(self, time_s: float, what: Callable[[], None]) -> None:
        """Let something happen at an instant."""
        self.after(time_s - self.now_s, what)

    def step(self, until_s: float) -> bool:
        """Let the next thing happen; False where there is none before `until_s`."""
        if not self._queue or self._queue[0][0] > until_s:
            return False
        self.now_s, _, what = heapq.heappop(self._queue)
        what()
        return True


class Noise:
    """How much the machine differs from what was planned; `share` 0 is a machine that never does."""

    def __init__(self, seed: int, share: float = 1.0) -> None:
        self._draw = random.Random(seed)  # noqa: S311
        self._share = share

    def of(self, expected_s: float) -> float:
        """Return the seconds that something takes."""
        return expected_s * max(0.8, 1 + SPREAD * self._share * self._draw.gauss(0, 1))

    def again_s(self) -> float:
        """Return the seconds that a transfer takes longer because it is tried twice; nearly always 0."""
        return AGAIN_S if self._share and self._draw.random() < AGAIN_SHARE * self._share else 0.0


@dataclass
class Body:
    """A lift: where it stands or is going, and the process that it works for."""

    name: str
    storey: int
    target: int
    process: Process | None = None
    turn: float = inf
    moving: bool = False
    parked: bool = False
    failed: bool = False
    busy_s: float = 0.0
    began_s: float = 0.0
    left_s: float = 0.0
    travel_s: float = 0.0
    ahead: tuple[int, ...] = ()


@dataclass(frozen=True)
class Carry:
    """A whole move, and whom to tell: picked, the source is clear, placed, the target's door is closed."""

    source: str
    target: str
    is_open: Callable[[], bool]
    picked: Callable[[], None]
    left: Callable[[], None]
    placed: Callable[[], None]
    ended: Callable[[], None]


@dataclass
class Machine:
    """The lifts of a tower. Two on one way give way to each other: who began earlier goes first."""

    layout: Layout
    events: Events
    noise: Noise
    changed: Callable[[], None]
    bodies: dict[str, Body] = field(default_factory=dict)
    turns: int = 0

    def __post_init__(self) -> None:
        self.pace = pace_of(self.layout)
        for plan in self.layout.lifts:
            self.bodies[plan.name] = Body(plan.name, plan.lowest, plan.lowest)

    def fail(self, lift: str) -> None:
        """Take a lift out of service: it stands at its end of the way, where it leaves the most to another one."""
        body, plan = self.bodies[lift], self.layout.lift(lift)
        lower = all(self.layout.is_below(lift, other.name) for other in self.layout.beside(lift))
        body.storey = body.target = plan.lowest if lower else plan.highest
        body.failed = True

    def is_free(self, lift: str) -> bool:
        """Whether a lift has nothing to do and stands still."""
        body = self.bodies[lift]
        return body.process is None and not body.moving

    def may_go(self, lift: str, storey: int) -> bool:
        """Whether a lift with nothing to do may wait at a storey: the way there is free."""
        return self.is_free(lift) and self._is_clear(self.bodies[lift], storey)

    def carry(self, lift: str, order: Carry) -> None:
        """Begin to bring a car from one place to another."""
        self.turns += 1
        self._begin(lift, self._carrying(self.bodies[lift], order), self.turns)

    def go(self, lift: str, storey: int, ended: Callable[[], None]) -> None:
        """Send an empty lift to a storey; the way there must be free (see `may_go`)."""
        self._begin(lift, self._going(self.bodies[lift], storey, ended), inf)

    def _begin(self, lift: str, process: Process, turn: float) -> None:
        body = self.bodies[lift]
        body.process, body.turn, body.began_s = process, turn, self.events.now_s
        self._advance(body)

    def _advance(self, body: Body) -> None:
        process = body.process
        if process is None:
            return
        delay_s = next(process, None)
        if delay_s is None:
            return
        if delay_s == PARKED:
            body.parked = True
            # Who began earlier and waited for this lift may send it out of the way now.
            self.wake(before=body.turn)
        else:
            self.events.after(delay_s, lambda: self._advance(body))

    def _carrying(self, body: Body, order: Carry) -> Process:
        from_bay, to_bay = self.layout.is_bay(order.source), self.layout.is_bay(order.target)
        body.ahead = (self.layout.storey_of(order.source), self.layout.storey_of(order.target))
        yield from self._travel(body, self.layout.storey_of(order.source))
        yield from self._transfer(from_bay, order.picked)
        body.ahead = body.ahead[1:]
        order.left()
        yield from self._travel(body, self.layout.storey_of(order.target))
        while not order.is_open():
            yield PARKED
            yield from self._travel(body, self.layout.storey_of(order.target))
        yield from self._transfer(to_bay, order.placed)
        self._end(body, order.ended)

    def _end(self, body: Body, ended: Callable[[], None]) -> None:
        body.busy_s += self.events.now_s - body.began_s
        body.process, body.turn, body.ahead = None, inf, ()
        self.wake()
        ended()

    def _going(self, body: Body, storey: int, ended: Callable[[], None]) -> Process:
        yield from self._travel(body, storey)
        body.process = None
        self.wake()
        ended()

    def _transfer(self, at_bay: bool, done: Callable[[], None]) -> Process:
        if at_bay:
            yield self.noise.of(self.pace.door_s)
        yield self.noise.of(self.pace.transfer_s) + self.noise.again_s()
        done()
        if at_bay:
            yield self.noise.of(self.pace.door_s)

    def _travel(self, body: Body, storey: int) -> Process:
        while body.storey != storey:
            if self._is_clear(body, storey):
                yield self._set_off(body, storey)
                self._arrive(body)
                continue
            self._ask_way(body, storey)
            near = self._clear_to(body, storey)
            if near != body.storey:
                yield self._set_off(body, near)
                self._arrive(body)
            else:
                yield PARKED

    def _clear_to(self, body: Body, storey: int) -> int:
        """Return how far a lift can go towards a storey and be in nobody's way who has an earlier turn."""
        near = storey
        for other in self._beside(body):
            at = self._height(other)
            ahead = other.ahead if other.turn < body.turn else ()
            if self.layout.is_below(body.name, other.name):
                near = max(body.storey, min(near, floor(at) - 1, *(level - 1 for level in (other.target, *ahead))))
            else:
                near = min(body.storey, max(near, ceil(at) + 1, *(level + 1 for level in (other.target, *ahead))))
        return near

    def _set_off(self, body: Body, storey: int) -> float:
        """Let a lift move, and return how long it will."""
        body.moving, body.target = True, storey
        body.left_s, body.travel_s = self.events.now_s, self.noise.of(self.pace.travel_s(body.storey, storey))
        if self._beside(body):
            self.events.after(PASSING_S, partial(self._pass, body, body.left_s))
        return body.travel_s

    def _pass(self, body: Body, left_s: float) -> None:
        """Let who waits for its way look again while a lift leaves it free, storey by storey."""
        if body.moving and body.left_s == left_s:
            self.wake()
            self.events.after(PASSING_S, partial(self._pass, body, left_s))

    def _arrive(self, body: Body) -> None:
        body.moving, body.storey = False, body.target
        self.wake()
        self.changed()

    def _is_clear(self, body: Body, storey: int) -> bool:
        return not any(self._blocks(other, body, storey) for other in self._beside(body))

    def _beside(self, body: Body) -> list[Body]:
        return [self.bodies[plan.name] for plan in self.layout.beside(body.name)]

    def _blocks(self, other: Body, body: Body, storey: int) -> bool:
        """Whether another lift stands, or has yet to pass, where this one is to go."""
        at = self._height(other)
        if self.layout.is_below(body.name, other.name):
            return storey >= min(floor(at), other.target)
        return storey <= max(ceil(at), other.target)

    def _height(self, body: Body) -> float:
        """Return where a lift is, in storeys."""
        if not body.moving or not body.travel_s:
            return body.storey
        kinematics, pitch_m = self.layout.kinematics, self.layout.pitch_mm / 1000
        way_m = abs(body.target - body.storey) * pitch_m
        share = (self.events.now_s - body.left_s) / body.travel_s
        gone_s = share * self.pace.travel_s(body.storey, body.target)
        gone_m = trapezoid_m(gone_s, way_m, kinematics.lift_speed_m_s, kinematics.lift_acceleration_m_s2)
        return body.storey + (gone_m if body.target > body.storey else -gone_m) / pitch_m

    def _ask_way(self, body: Body, storey: int) -> None:
        """Let a lift that stands in the way, and whose turn is later, leave it."""
        for other in self._beside(body):
            standing = not other.failed and not other.moving and (other.process is None or other.parked)
            if standing and other.turn > body.turn and self._blocks(other, body, storey):
                aside = storey + 1 if self.layout.is_below(body.name, other.name) else storey - 1
                self.events.after(self._set_off(other, aside), partial(self._arrive, other))

    def wake(self, before: float = inf) -> None:
        """Let the lifts that wait for their way look again, the earliest first."""
        for body in sorted(self.bodies.values(), key=lambda one: one.turn):
            if body.parked and not body.moving and body.turn < before:
                body.parked = False
                self._advance(body)
