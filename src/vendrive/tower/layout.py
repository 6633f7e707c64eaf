"""What a tower is: storeys, slots, lifts, bays, what fits, and how fast it moves.

A layout is data (`layouts/NAME.toml`). Storey 1 is the ground; heights count from the ground's level.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

SLOT_NAME = re.compile(r"[1-9][0-9]?[A-Z]")
LIFT_NAME = re.compile(r"L[1-9][0-9]?")
BAY_NAME = re.compile(r"B[1-9][0-9]?")


class LayoutError(ValueError):
    """A layout file says something impossible; the message names the file and the key."""

    def __init__(self, file: str, key: str, reason: str) -> None:
        super().__init__(f"{file}: {key}: {reason}")


@dataclass(frozen=True)
class Kinematics:
    """What a planner expects of the machine; the real one differs a little."""

    lift_speed_m_s: float
    lift_acceleration_m_s2: float
    settle_s: float
    transfer_s: float
    door_s: float
    checks_s: float


@dataclass(frozen=True)
class Fits:
    """The largest car that the tower takes."""

    length_mm: int
    width_mm: int
    height_mm: int
    mass_kg: int


@dataclass(frozen=True)
class LiftPlan:
    """One lift with its transfer."""

    name: str


@dataclass(frozen=True)
class BayPlan:
    """A place between the street door and the inner door, where people and cars meet."""

    name: str
    storey: int
    lift: str


@dataclass(frozen=True)
class SlotPlan:
    """A storage place; `column` is where it is drawn, counted from the left."""

    name: str
    storey: int
    column: int
    lift: str


@dataclass(frozen=True)
class Layout:
    """A whole tower. Names are unique over lifts, bays and slots."""

    name: str
    storeys: int
    pitch_mm: int
    kinematics: Kinematics
    fits: Fits
    lifts: tuple[LiftPlan, ...]
    bays: tuple[BayPlan, ...]
    slots: tuple[SlotPlan, ...]

    def slot(self, name: str) -> SlotPlan:
        """Return the slot of this name, or raise KeyError."""
        for slot in self.slots:
            if slot.name == name:
                return slot
        raise KeyError(name)

    def bay(self, name: str) -> BayPlan:
        """Return the bay of this name, or raise KeyError."""
        for bay in self.bays:
            if bay.name == name:
                return bay
        raise KeyError(name)

    def place(self, name: str) -> SlotPlan | BayPlan:
        """Return the slot or bay of this name, or raise KeyError."""
        for place in self.places:
            if place.name == name:
                return place
        raise KeyError(name)

    @property
    def places(self) -> "tuple[SlotPlan | BayPlan, ...]":
        """All slots and bays: where a car can stand."""
        return (*self.slots, *self.bays)

    def is_bay(self, name: str) -> bool:
        """Whether this place is a bay."""
        return any(bay.name == name for bay in self.bays)

    def storey_of(self, place: str) -> int:
        """Return the storey of a slot or bay, or raise KeyError."""
        return self.place(place).storey

    def level_mm(self, storey: int) -> int:
        """Return the height of a storey above the ground's level."""
        return (storey - 1) * self.pitch_mm


@dataclass(frozen=True)
class _Table:
    """One table of a layout file, and where it stands there."""

    file: str
    key: str
    values: Mapping[str, object]

    def fault(self, key: str, reason: str) -> LayoutError:
        return LayoutError(self.file, f"{self.key}.{key}" if self.key else key, reason)

    def only(self, *known: str) -> None:
        for key in self.values:
            if key not in known:
                raise self.fault(key, "is not a key of a layout")

    def integer(self, key: str, low: int, high: int) -> int:
        value = self.values.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self.fault(key, f"must be a whole number from {low} to {high}, not {value!r}")
        return value

    def positive(self, key: str) -> float:
        value = self.values.get(key)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < float("inf"):
            raise self.fault(key, f"must be a number above 0, not {value!r}")
        return float(value)

    def text(self, key: str, pattern: re.Pattern[str]) -> str:
        value = self.values.get(key)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise self.fault(key, f"must match {pattern.pattern}, not {value!r}")
        return value

    def table(self, key: str) -> "_Table":
        value = self.values.get(key)
        if not isinstance(value, dict):
            raise self.fault(key, "must be a table")
        return _Table(self.file, f"{self.key}.{key}" if self.key else key, value)

    def tables(self, key: str) -> tuple["_Table", ...]:
        value = self.values.get(key)
        if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
            raise self.fault(key, "must be one or more tables")
        return tuple(_Table(self.file, f"{key}[{at}]", item) for at, item in enumerate(value))


def load_layout(name: str) -> Layout:
    """Return a layout that comes with the program; FileNotFoundError or LayoutError name what is wrong."""
    file = f"{name}.toml"
    layout = parse_layout(files("vendrive.tower").joinpath("layouts", file).read_text(encoding="utf-8"), file)
    if layout.name != name:
        raise LayoutError(file, "name", f"must be {name!r} like its file, not {layout.name!r}")
    return layout


def parse_layout(text: str, file: str) -> Layout:
    """Return the layout that `text` (TOML) describes; `file` is named in a LayoutError."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LayoutError(file, "(whole file)", str(error)) from error
    top = _Table(file, "", values)
    top.only("name", "storeys", "pitch_mm", "kinematics", "fits", "lifts", "bays", "slots")
    storeys = top.integer("storeys", 2, 99)
    lifts = tuple(_lift(table) for table in top.tables("lifts"))
    names = {lift.name for lift in lifts}
    layout = Layout(
        name=top.text("name", re.compile(r"[a-z][a-z0-9]*")),
        storeys=storeys,
        pitch_mm=top.integer("pitch_mm", 1500, 6000),
        kinematics=_kinematics(top.table("kinematics")),
        fits=_fits(top.table("fits")),
        lifts=lifts,
        bays=tuple(_bay(table, storeys, names) for table in top.tables("bays")),
        slots=tuple(_slot(table, storeys, names) for table in top.tables("slots")),
    )
    _check_unique(layout, top)
    return layout


def _kinematics(table: _Table) -> Kinematics:
    keys = ("lift_speed_m_s", "lift_acceleration_m_s2", "settle_s", "transfer_s", "door_s", "checks_s")
    table.only(*keys)
    return Kinematics(**{key: table.positive(key) for key in keys})


def _fits(table: _Table) -> Fits:
    keys = ("length_mm", "width_mm", "height_mm", "mass_kg")
    table.only(*keys)
    return Fits(**{key: table.integer(key, 1000, 10000) for key in keys})


def _lift(table: _Table) -> LiftPlan:
    table.only("name")
    return LiftPlan(table.text("name", LIFT_NAME))


def _bay(table: _Table, storeys: int, lifts: set[str]) -> BayPlan:
    table.only("name", "storey", "lift")
    return BayPlan(table.text("name", BAY_NAME), table.integer("storey", 1, storeys), _served_by(table, lifts))


def _slot(table: _Table, storeys: int, lifts: set[str]) -> SlotPlan:
    table.only("name", "storey", "column", "lift")
    name, storey = table.text("name", SLOT_NAME), table.integer("storey", 1, storeys)
    if name[:-1] != str(storey):
        raise table.fault("name", f"must begin with its storey {storey}, not {name!r}")
    return SlotPlan(name, storey, table.integer("column", 1, 99), _served_by(table, lifts))


def _served_by(table: _Table, lifts: set[str]) -> str:
    name = table.text("lift", LIFT_NAME)
    if name not in lifts:
        raise table.fault("lift", f"there is no lift {name!r}")
    return name


def _check_unique(layout: Layout, top: _Table) -> None:
    groups = {
        "lifts": [lift.name for lift in layout.lifts],
        "bays": [bay.name for bay in layout.bays],
        "slots": [slot.name for slot in layout.slots],
    }
    for key, names in groups.items():
        for at, name in enumerate(names):
            if name in names[:at]:
                raise top.fault(f"{key}[{at}].name", f"{name!r} is there twice")
