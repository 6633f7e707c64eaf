"""How bodies move: each move has a length in seconds of machine time and ends exactly then.

Real speeds differ a little from the plan, a lift lands a few millimetres off and sags under a car, and an encoder
drifts until a level flag resets it.
"""

from collections.abc import Callable
from math import exp
from random import Random
from typing import Protocol

from vendrive.plant.machine import SENSOR_EDGES, BayBody, DoorBody, LiftBody, Transfer
from vendrive.tower.layout import Kinematics
from vendrive.tower.motion import trapezoid_m, trapezoid_s

_OVERSHOOT_MM = 6.0
_DAMPING_S = 0.3
_LANDING_MM = 1.5
_SAG_MM = (0.5, 2.5)
_ENCODER_MM_PER_M = 0.3
# A clock's sums are a little off: what is left below this has passed.
_NOTHING_S = 1e-6
# A door or table leaves its end switch at once.
_OFF = 1e-6


class Move(Protocol):
    """One atomic move of the machine."""

    def advance(self, seconds: float) -> bool:
        """Go on for `seconds` of machine time; return whether the move has ended."""
        ...

    def halt(self) -> None:
        """Stop where it is, at once."""
        ...

    @property
    def due_s(self) -> float:
        """Return the seconds of machine time until it ends or a sensor sees something new."""
        ...


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
        self._swing_mm = max(-12.0, min(12.0, rng.gauss(0, _OVERSHOOT_MM)))
        self._drift_mm = self._distance_m * rng.gauss(0, _ENCODER_MM_PER_M)
        self._elapsed_s = 0.0
        body.moving = True

    @property
    def due_s(self) -> float:
        return self._travel_s + self._settle_s - self._elapsed_s

    def advance(self, seconds: float) -> bool:
        self._elapsed_s += seconds
        if self.due_s <= _NOTHING_S:
            self._body.position_mm = self._end_mm
            self._body.encoder_error_mm = 0.0
            self._body.moving = False
            return True
        settling = self._elapsed_s - self._travel_s
        if settling < 0:
            self._travel()
        else:
            self._body.position_mm = self._end_mm + self._swing_mm * exp(-settling / _DAMPING_S)
        return False

    def halt(self) -> None:
        self._body.moving = False

    def _travel(self) -> None:
        come = trapezoid_m(self._elapsed_s, self._distance_m, self._speed, self._acceleration)
        share = come / self._distance_m if self._distance_m else 1.0
        self._body.position_mm = self._start_mm + share * (self._end_mm - self._start_mm)
        self._body.encoder_error_mm = share * self._drift_mm


class TransferMove:
    """The grip goes between a place and the lift, from where it is to `target` (0 place, 1 platform)."""

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
        self._sag_mm = rng.uniform(*_SAG_MM) * (-1 if target else 1) if transfer.tag else 0.0
        self._arrived = arrived
        body.transfer = transfer

    @property
    def due_s(self) -> float:
        ways = [(edge - self._transfer.progress) / self._pace for edge in (*SENSOR_EDGES, self._target)]
        return min((way for way in ways if way > 0), default=0.0) + _NOTHING_S

    def advance(self, seconds: float) -> bool:
        if seconds < (self._target - self._transfer.progress) / self._pace - _NOTHING_S:
            self._transfer.progress += self._pace * seconds
            self._body.told(self._body.name)
            self._body.told(self._transfer.place)
            return False
        self._transfer.progress = self._target
        self._body.transfer = None
        self._body.told(self._transfer.place)
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
        if body.opening != self._target:
            body.opening = min(1 - _OFF, max(_OFF, body.opening))

    @property
    def due_s(self) -> float:
        return max(0.0, (self._target - self._body.opening) / self._pace)

    def advance(self, seconds: float) -> bool:
        ended = seconds >= self.due_s - _NOTHING_S
        self._body.opening = self._target if ended else self._body.opening + self._pace * seconds
        return ended

    def halt(self) -> None:
        """The door stays where it is."""


class TurnMove:
    """A turntable goes on to the end of its half turn, from where it is."""

    def __init__(self, body: BayBody, plan: Kinematics, rng: Random, turned: Callable[[], None]) -> None:
        self._body = body
        self._pace = 1 / (plan.turn_s * rng.gauss(1, 0.02))
        self._turned = turned
        body.table = max(_OFF, body.table)

    @property
    def due_s(self) -> float:
        return (1.0 - self._body.table) / self._pace

    def advance(self, seconds: float) -> bool:
        if seconds < self.due_s - _NOTHING_S:
            self._body.table += self._pace * seconds
            return False
        self._body.table = 0.0
        self._turned()
        return True

    def halt(self) -> None:
        """The table stays where it is."""


class FailingMove:
    """A move that breaks down after some seconds: a fault of the simulator."""

    def __init__(self, move: Move, after_s: float) -> None:
        self._move = move
        self._until_broken_s = after_s

    @property
    def due_s(self) -> float:
        return max(0.0, min(self._until_broken_s, self._move.due_s))

    @property
    def broken(self) -> bool:
        """Whether the moment of the breakdown has come."""
        return self._until_broken_s <= _NOTHING_S

    def advance(self, seconds: float) -> bool:
        step = min(seconds, self._until_broken_s)
        self._until_broken_s -= step
        return self._move.advance(step) if step > 0 else False

    def halt(self) -> None:
        self._move.halt()
