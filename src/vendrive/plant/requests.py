"""What can be asked of the street over HTTP, checked before anything happens: no unknown field, no endless number."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError

from vendrive.plant.beings import Being
from vendrive.plant.faults import Value
from vendrive.plant.machine import Car
from vendrive.wire.machine import Mode

_LONGEST_S = 1_000_000.0


class Asked(BaseModel):
    """A request whose fields are exactly these."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class CarBody(Asked):
    """A car as it stands before the tower."""

    tag: str = Field(min_length=1, max_length=64)
    length_mm: int = Field(gt=0, lt=20_000)
    width_mm: int = Field(gt=0, lt=5_000)
    height_mm: int = Field(gt=0, lt=5_000)
    mass_kg: int = Field(gt=0, lt=20_000)

    def car(self, where: str) -> Car:
        """Return the car, standing at `where`."""
        return Car(self.tag, self.length_mm, self.width_mm, self.height_mm, self.mass_kg, where)


class StockBody(RootModel[dict[str, CarBody]]):
    """Cars by slot."""


class InBay(Asked):
    """Which bay."""

    bay: str


class DriveIn(InBay):
    """Which car drives into which bay; `crooked` misses the wheel plates, `backwards` comes tail first."""

    tag: str
    crooked: bool = False
    backwards: bool = False


class Key(InBay):
    """Whether the key lies in the box."""

    in_box: bool


class BeingInBay(InBay):
    """Who comes or goes."""

    being: Being = Being.person


class Seat(Asked):
    """Who sits in which car, or no longer does."""

    tag: str
    being: Being
    inside: bool = True


class OfCar(Asked):
    """Which car."""

    tag: str


class Exit(InBay):
    """Whether somebody holds the emergency exit open."""

    open: bool


class Switch(Asked):
    """On or off."""

    on: bool


class TurnKey(Asked):
    """Where the key switch goes."""

    mode: Mode


class OfPart(Asked):
    """Which lift, bay or slot; `on` hangs a padlock or breaks a drive, and undoes it where false."""

    part: str
    on: bool = True


class FaultKind(StrEnum):
    """What can be made to go wrong."""

    fail_next = "fail_next"  # operation, after_s: one command breaks down in its middle
    silent = "silent"  # seconds: the controller reports nothing
    sensor = "sensor"  # part, sensor, how, value, seconds
    mend = "mend"  # part, sensor: that sensor works again, or all of the part
    stuck_presence = "stuck_presence"  # bay, source, value: none mends it
    tag_unreadable = "tag_unreadable"  # bay, on
    misplace = "misplace"  # tag, slot


class How(StrEnum):
    """How a sensor goes wrong."""

    stuck = "stuck"
    late = "late"
    flapping = "flapping"
    lying = "lying"


class FaultBody(Asked):
    """A fault to plant; which fields count depends on the kind."""

    kind: FaultKind
    operation: str = ""
    after_s: float = Field(0.0, ge=0, le=_LONGEST_S)
    seconds: float = Field(0.0, ge=0, le=_LONGEST_S)
    part: str = ""
    sensor: str = ""
    how: How = How.stuck
    bay: str = ""
    source: str = ""
    value: Value | None = None
    on: bool = True
    tag: str = ""
    slot: str = ""


def sentence(error: ValidationError) -> str:
    """Return what is wrong with a request, in words."""
    return "; ".join(f"{'.'.join(map(str, found['loc'])) or 'the request'}: {found['msg']}" for found in error.errors())
