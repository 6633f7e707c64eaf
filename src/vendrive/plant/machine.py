"""The bodies of the machine and how they move: what is true, before any sensor has looked.

Lengths are millimetres, times seconds of machine time. Nothing here is known to a planner: real speeds differ a
little from the plan, a lift lands a few millimetres off and sags under a car, and an encoder drifts until a level flag
resets it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import exp
from random import Random
from typing import Protocol

from vendrive.tower.layout import Kinematics
from vendrive.tower.motion import trapezoid_m, trapezoid_s

LEVEL_TOLERANCE_MM = 10.0
_OVERSHOOT_MM = 6.0
_DAMPING_S = 0.3
_LANDING_MM = 1.5
_SAG_MM = (0.5, 2.5)
_ENCODER_MM_PER_M = 0.3
# A car hides the sensor of a place, or of the platform, over this much of its way.
_LEAVES_AT = 0.85
_ARRIVES_AT = 0.15


class Move(Protocol):
    """One atomic move of the machine."""

    def advance(self, seconds: float) -> bool:
        """Go on for `seconds` of machine time; return whether the move has ended."""
        ...

    def halt(self) -> None:
        """Stop where it is, at once."""
        ...


@dataclass
class Car:
    """A car; `where` is `street`, a slot, a bay, a lift, or `transfer` where it is on the way between two."""

    tag: str
    length_mm: int
    width_mm: int
    height_mm: int
    mass_kg: int
    where: str
    engine_running: bool = False
    occupied: bool = False


@dataclass
class Transfer:
    """A car between a place and the lift; `progress` is 0 on the place and 1 on the platform."""

    tag: str
    place: str
    progress: float

    @property
    def over_lift(self) -> bool:
        """Whether a part of the car is on the platform."""
        return self.progress > _ARRIVES_AT

    @property
    def over_place(self) -> bool:
        """Whether a part of the car is on the place."""
        return self.progress < _LEAVES_AT

    @property
    def read_at_lift(self) -> bool:
        """Whether the lift's tag reader is the nearer one."""
        return self.progress >= 0.5


@dataclass
class LiftBody:
    """The platform: where it truly is, and what the encoder adds to that."""

    name: str
    position_mm: float = 0.0
    encoder_error_mm: float = 0.0
    moving: bool = False
    transfer: Transfer | None = None


@dataclass
class DoorBody:
    """A door; `opening` is 0 closed and 1 open."""

    opening: float = 0.0

    @property
    def closed(self) -> bool:
        return self.opening <= 0.0

    @property
    def open(self) -> bool:
        return self.opening >= 1.0


@dataclass
class BayBody:
    """A bay with its doors, who is in it, and what is wrong with its sensors."""

    name: str
    street: DoorBody = field(default_factory=DoorBody)
    inner: DoorBody = field(default_factory=DoorBody)
    person: bool = False
    key_in_box: bool = False
    crooked: bool = False
    stuck: dict[str, bool] = field(default_factory=dict)
    tag_unreadable: bool = False


class LiftMove:
    """A trip to a level: trapezoid of speed, then a damped swing around the landing point."""

    def __init__(self, body: LiftBody, target_mm: float, plan: Kinematics, rng: Random) -> None:
        self._body = body
        self._start_mm = body.position_mm
        self._end_mm = target_mm + max(-4.0, min(4.0, rng.gauss(0, _LANDING_MM)))
        self._distance_m = abs(self._end_mm - self._start_mm) / 1000
        self._speed = plan.lift_speed_m_s * rng.gauss(1, 0.01)
        self._acceleration = plan.lift_acceleration_m_s2 * rng.gauss(1, 0.02)
        self._travel_s = trapezoid_s(self._distance_m, self._speed, self._acceleration)
        self._settle_s = plan.settle_s * max(0.5, rng.gauss(1, 0.1))
        self._swing_mm = rng.gauss(0, _OVERSHOOT_MM)
        self._drift_mm = self._distance_m * rng.gauss(0, _ENCODER_MM_PER_M)
        self._elapsed_s = 0.0
        body.moving = True

    def advance(self, seconds: float) -> bool:
        self._elapsed_s += seconds
        settling = self._elapsed_s - self._travel_s
        if settling < 0:
            self._travel()
            return False
        self._body.position_mm = self._end_mm + self._swing_mm * exp(-settling / _DAMPING_S)
        if settling < self._settle_s:
            return False
        self._body.position_mm = self._end_mm
        self._body.encoder_error_mm = 0.0
        self._body.moving = False
        return True

    def halt(self) -> None:
        self._body.moving = False

    def _travel(self) -> None:
        come = trapezoid_m(self._elapsed_s, self._distance_m, self._speed, self._acceleration)
        share = come / self._distance_m if self._distance_m else 1.0
        self._body.position_mm = self._start_mm + share * (self._end_mm - self._start_mm)
        self._body.encoder_error_mm = share * self._drift_mm


class TransferMove:
    """A car goes between a place and the lift, from where it is to `target` (0 place, 1 platform)."""

    def __init__(
        self,
        body: LiftBody,
        transfer: Transfer,
        target: float,
        plan: Kinematics,
        rng: Random,
        arrived: Callable[[], None],
    ) -> None:
        self._body = body
        self._transfer = transfer
        self._target = target
        self._pace = (1 if target > transfer.progress else -1) / (plan.transfer_s * rng.gauss(1, 0.02))
        # The ropes give under a car: the platform is a little lower with one than without.
        self._sag_mm = rng.uniform(*_SAG_MM) * (-1 if target else 1)
        self._arrived = arrived
        body.transfer = transfer

    def advance(self, seconds: float) -> bool:
        transfer = self._transfer
        transfer.progress = max(0.0, min(1.0, transfer.progress + self._pace * seconds))
        if transfer.progress != self._target:
            return False
        self._body.transfer = None
        self._body.position_mm += self._sag_mm
        self._arrived()
        return True

    def halt(self) -> None:
        """The car stays between the place and the platform."""


class DoorMove:
    """A door opens or closes from where it is."""

    def __init__(self, body: DoorBody, opening: bool, plan: Kinematics, rng: Random) -> None:
        self._body = body
        self._target = 1.0 if opening else 0.0
        self._pace = (1 if opening else -1) / (plan.door_s * max(0.5, rng.gauss(1, 0.03)))

    def advance(self, seconds: float) -> bool:
        self._body.opening = max(0.0, min(1.0, self._body.opening + self._pace * seconds))
        return self._body.opening == self._target

    def halt(self) -> None:
        """The door stays where it is."""


class FailingMove:
    """A move that breaks down after a share of the time that it should take: a fault of the simulator."""

    def __init__(self, move: Move, after_s: float) -> None:
        self._move = move
        self._left_s = after_s

    def advance(self, seconds: float) -> bool:
        step = min(seconds, self._left_s)
        self._left_s -= step
        return self._move.advance(step) if step > 0 else False

    def halt(self) -> None:
        self._move.halt()

    @property
    def broken(self) -> bool:
        """Whether the moment of the breakdown has come."""
        return self._left_s <= 0
