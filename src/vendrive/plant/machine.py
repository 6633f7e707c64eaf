"""The bodies of the machine and of the cars: what is true, before any sensor has looked.

Lengths are millimetres, times seconds of machine time. Nothing here is known to a planner. Each change of a body is
told, so that only the sensors that see it look anew.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from vendrive.plant.beings import ALIVE, DRIVER, MOVING, Being
from vendrive.wire.machine import Nose

LEVEL_TOLERANCE_MM = 10.0
# An emergency exit that nobody holds shuts itself.
EXIT_SHUTS_S = 5.0
# A car hides the sensor of a place, or of the platform, over this much of its way.
_LEAVES_AT = 0.85
_ARRIVES_AT = 0.15
_READ_FROM = 0.5
SENSOR_EDGES = (_ARRIVES_AT, _READ_FROM, _LEAVES_AT)


def _nobody_listens(name: str) -> None:
    """What a body that belongs to no world tells goes nowhere."""


@dataclass
class Body:
    """A thing that is true; `told` hears its name at each change."""

    name: str
    told: Callable[[str], None] = field(default=_nobody_listens, repr=False, compare=False, kw_only=True)

    def __setattr__(self, key: str, value: object) -> None:
        object.__setattr__(self, key, value)
        told = self.__dict__.get("told")
        if told is not None:
            told(self.name)


@dataclass
class Car:
    """A car; `where` is `street`, a slot, a bay, a lift, or `transfer` where it is on the way between two.

    `nose` is where it points in the tower; on the street it means nothing. `key_along` is whether its key lies in the
    tower's own box. `moved` hears of each change with the place where the car was before and the one where it is.
    """

    tag: str
    length_mm: int
    width_mm: int
    height_mm: int
    mass_kg: int
    where: str
    engine_running: bool = False
    inside: tuple[Being, ...] = ()
    nose: Nose = Nose.tower
    key_along: bool = True
    moved: Callable[["Car", str], None] | None = field(default=None, repr=False, compare=False)

    def __setattr__(self, key: str, value: object) -> None:
        before = self.__dict__.get("where", "")
        object.__setattr__(self, key, value)
        moved = self.__dict__.get("moved")
        if moved is not None:
            moved(self, before)

    @property
    def occupied(self) -> bool:
        """Whether a driver sits in it."""
        return DRIVER in self.inside

    @property
    def alive(self) -> bool:
        """Whether anybody or any animal is in it."""
        return bool(ALIVE.intersection(self.inside))

    @property
    def stirring(self) -> bool:
        """Whether somebody moves in it."""
        return bool(self.inside) and not MOVING.isdisjoint(self.inside)


@dataclass
class Transfer:
    """The grip of a lift between a place and the platform, with a car or empty; `progress` is 0 on the place and 1 on
    the platform.
    """

    tag: str
    place: str
    progress: float

    @property
    def over_lift(self) -> bool:
        """Whether a part of a car is on the platform."""
        return bool(self.tag) and self.progress > _ARRIVES_AT

    @property
    def over_place(self) -> bool:
        """Whether a part of a car is on the place."""
        return bool(self.tag) and self.progress < _LEAVES_AT

    @property
    def read_at_lift(self) -> bool:
        """Whether the lift's tag reader is the nearer one."""
        return self.progress >= _READ_FROM


@dataclass
class Driven(Body):
    """A part with drives: `broken` is true while they cannot move; `fault` is what they have latched, `locked_out` a
    padlock.
    """

    broken: bool = False
    fault: str = ""
    locked_out: bool = False


@dataclass
class LiftBody(Driven):
    """The platform: where it truly is, and what the encoder adds to that."""

    position_mm: float = 0.0
    encoder_error_mm: float = 0.0
    moving: bool = False
    transfer: Transfer | None = None


@dataclass
class DoorBody(Body):
    """A door; `opening` is 0 closed and 1 open. Its name is that of its bay."""

    opening: float = 0.0

    @property
    def closed(self) -> bool:
        return self.opening <= 0.0

    @property
    def open(self) -> bool:
        return self.opening >= 1.0


@dataclass
class SlotBody(Body):
    """A slot and its padlock."""

    locked_out: bool = False


@dataclass
class BayBody(Driven):
    """A bay with its doors, its turntable, and whoever and whatever is in it beside the car.

    `table` goes from 0 to 1 in half a turn, and is 0 again at its end. `exit_open_s` is how long the emergency exit
    stands open from when it was opened, infinity where something holds it.
    """

    street: DoorBody = field(default_factory=lambda: DoorBody(""))
    inner: DoorBody = field(default_factory=lambda: DoorBody(""))
    beside: tuple[Being, ...] = ()
    exit_open_s: float = 0.0
    table: float = 0.0
    key_in_box: bool = False
    crooked: bool = False

    @property
    def person(self) -> bool:
        """Whether anybody alive is beside the car."""
        return bool(ALIVE.intersection(self.beside))

    @property
    def turning(self) -> bool:
        """Whether the turntable stands between its two ends."""
        return 0.0 < self.table < 1.0
