"""What a tower is: storeys, slots, lifts and their ways, bays, what fits, and how fast it moves.

A layout is data (`layouts/NAME.toml`). Storey 1 is the ground, storey 0 a pit below it; heights count from the ground's
level. A way is a shaft; two lifts may share one, the first named below the second, and never pass each other.
"""

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.resources import files

from vendrive.lazy import lazy

COLUMNS = re.compile(r"[A-Z]+")
WAY_NAME = re.compile(r"W[1-9][0-9]?")
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
    turn_s: float


@dataclass(frozen=True)
class Fits:
    """The largest car that the tower takes."""

    length_mm: int
    width_mm: int
    height_mm: int
    mass_kg: int


@dataclass(frozen=True)
class WayPlan:
    """A shaft, from its lowest to its highest level."""

    name: str
    lowest: int
    highest: int


@dataclass(frozen=True)
class LiftPlan:
    """One lift with its transfer, and the levels that it can reach on its way."""

    name: str
    way: str
    lowest: int
    highest: int


@dataclass(frozen=True)
class BayPlan:
    """A place between the street door and the inner door, where people and cars meet."""

    name: str
    storey: int
    lifts: tuple[str, ...]
    turntable: bool = False


@dataclass(frozen=True)
class SlotPlan:
    """A storage place; `column` is where it is drawn, counted from the left.

    A double-deep slot names the slot in front of it as `behind`: its car comes out only when that one is empty.
    """

    name: str
    storey: int
    column: int
    lifts: tuple[str, ...]
    behind: str = ""


@dataclass(frozen=True)
class Layout:
    """A whole tower. Names are unique over lifts, bays and slots."""

    name: str
    storeys: int
    pitch_mm: int
    kinematics: Kinematics
    fits: Fits
    ways: tuple[WayPlan, ...]
    lifts: tuple[LiftPlan, ...]
    bays: tuple[BayPlan, ...]
    slots: tuple[SlotPlan, ...]

    def slot(self, name: str) -> SlotPlan:
        """Return the slot of this name, or raise KeyError."""
        return self._slots_by_name[name]

    def bay(self, name: str) -> BayPlan:
        """Return the bay of this name, or raise KeyError."""
        return self._bays_by_name[name]

    def lift(self, name: str) -> LiftPlan:
        """Return the lift of this name, or raise KeyError."""
        return self._lifts_by_name[name]

    def place(self, name: str) -> SlotPlan | BayPlan:
        """Return the slot or bay of this name, or raise KeyError."""
        return self._slots_by_name.get(name) or self._bays_by_name[name]

    @lazy
    def places(self) -> "tuple[SlotPlan | BayPlan, ...]":
        """All slots and bays: where a car can stand."""
        return (*self.slots, *self.bays)

    def is_bay(self, name: str) -> bool:
        """Whether this place is a bay."""
        return name in self._bays_by_name

    def is_slot(self, name: str) -> bool:
        """Whether this place is a slot."""
        return name in self._slots_by_name

    def is_lift(self, name: str) -> bool:
        """Whether this part is a lift."""
        return name in self._lifts_by_name

    def bays_of(self, lift: str) -> tuple[BayPlan, ...]:
        """Return the bays that a lift serves."""
        return self._bays_of.get(lift, ())

    def beside(self, lift: str) -> tuple[LiftPlan, ...]:
        """Return the other lifts on the way of this one."""
        return self._beside[lift]

    def is_below(self, lift: str, other: str) -> bool:
        """Whether a lift runs below another one of the same way."""
        return self._order[lift] < self._order[other]

    def serving(self, place: str, absent: Collection[str] = ()) -> tuple[str, ...]:
        """Return the lifts that are to serve a slot or bay while these parts are absent.

        Where two lifts of one way could serve a bay, and bays are on several storeys, the lower lift has the lower half
        of those and the upper one the others: so both can stop at once.
        """
        lifts = tuple(lift for lift in self.place(place).lifts if lift not in absent)
        if not self._upper_halls or self.is_slot(place):
            return lifts
        upper = self.storey_of(place) in self._upper_halls
        return tuple(
            lift
            for lift in lifts
            if not any(other.name in lifts and self.is_below(lift, other.name) == upper for other in self.beside(lift))
        )

    def hidden_by(self, slot: str) -> str:
        """Return the slot in which a car hides this one, as the slot that lies behind it; empty where there is none."""
        return self._behind.get(slot, "")

    def storey_of(self, place: str) -> int:
        """Return the storey of a slot or bay, or raise KeyError."""
        return self.place(place).storey

    def level_mm(self, storey: int) -> int:
        """Return the height of a storey above the ground's level."""
        return (storey - 1) * self.pitch_mm

    def level_with(self, lift: str, storey: int) -> frozenset[str]:
        """Return the places that a lift serves from where it stands at a storey."""
        return self._levels.get((lift, storey), frozenset())

    @lazy
    def _upper_halls(self) -> frozenset[int]:
        """The upper half of the storeys with bays; empty where all are on one."""
        storeys = sorted({bay.storey for bay in self.bays})
        return frozenset(storeys[(len(storeys) + 1) // 2 :])

    @lazy
    def _levels(self) -> Mapping[tuple[str, int], frozenset[str]]:
        served = {(lift, place.storey) for place in self.places for lift in place.lifts}
        return {
            (lift, storey): frozenset(p.name for p in self.places if p.storey == storey and lift in p.lifts)
            for lift, storey in served
        }

    @lazy
    def _slots_by_name(self) -> Mapping[str, SlotPlan]:
        return {slot.name: slot for slot in self.slots}

    @lazy
    def _bays_by_name(self) -> Mapping[str, BayPlan]:
        return {bay.name: bay for bay in self.bays}

    @lazy
    def _lifts_by_name(self) -> Mapping[str, LiftPlan]:
        return {lift.name: lift for lift in self.lifts}

    @lazy
    def _bays_of(self) -> Mapping[str, tuple[BayPlan, ...]]:
        return {lift.name: tuple(bay for bay in self.bays if lift.name in bay.lifts) for lift in self.lifts}

    @lazy
    def _beside(self) -> Mapping[str, tuple[LiftPlan, ...]]:
        return {
            lift.name: tuple(other for other in self.lifts if other.way == lift.way and other.name != lift.name)
            for lift in self.lifts
        }

    @lazy
    def _order(self) -> Mapping[str, int]:
        return {lift.name: at for at, lift in enumerate(self.lifts)}

    @lazy
    def _behind(self) -> Mapping[str, str]:
        return {slot.behind: slot.name for slot in self.slots if slot.behind}


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

    def flag(self, key: str) -> bool:
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise self.fault(key, f"must be true or false, not {value!r}")
        return value

    def names(self, key: str, known: Mapping[str, object], what: str) -> tuple[str, ...]:
        value = self.values.get(key)
        if not isinstance(value, list) or not value or len(set(map(str, value))) < len(value):
            raise self.fault(key, f"must be a list of {what}s, each once, not {value!r}")
        for name in value:
            if name not in known:
                raise self.fault(key, f"there is no {what} {name!r}")
        return tuple(value)

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
    top.only("name", "storeys", "pitch_mm", "kinematics", "fits", "ways", "lifts", "bays", "slots")
    storeys = top.integer("storeys", 2, 99)
    ways = tuple(_way(table, storeys) for table in top.tables("ways"))
    _check_unique([way.name for way in ways], "ways", top)
    lifts = _lifts(top, ways)
    reach = {lift.name: lift for lift in lifts}
    layout = Layout(
        name=top.text("name", re.compile(r"[a-z][a-z0-9]*")),
        storeys=storeys,
        pitch_mm=top.integer("pitch_mm", 1500, 6000),
        kinematics=_kinematics(top.table("kinematics")),
        fits=_fits(top.table("fits")),
        ways=ways,
        lifts=lifts,
        bays=tuple(_bay(table, storeys, reach) for table in top.tables("bays")),
        slots=tuple(slot for table in top.tables("slots") for slot in _slots(table, storeys, reach)),
    )
    _check_unique([bay.name for bay in layout.bays], "bays", top)
    _check_slots(layout, top)
    return layout


def _kinematics(table: _Table) -> Kinematics:
    keys = ("lift_speed_m_s", "lift_acceleration_m_s2", "settle_s", "transfer_s", "door_s", "checks_s", "turn_s")
    table.only(*keys)
    return Kinematics(**{key: table.positive(key) for key in keys})


def _fits(table: _Table) -> Fits:
    keys = ("length_mm", "width_mm", "height_mm", "mass_kg")
    table.only(*keys)
    return Fits(**{key: table.integer(key, 1000, 10000) for key in keys})


def _way(table: _Table, storeys: int) -> WayPlan:
    table.only("name", "lowest", "highest")
    lowest = table.integer("lowest", 0, storeys - 1)
    return WayPlan(table.text("name", WAY_NAME), lowest, table.integer("highest", lowest + 1, storeys))


def _lifts(top: _Table, ways: tuple[WayPlan, ...]) -> tuple[LiftPlan, ...]:
    """Return the lifts; of two on one way each leaves the other a level of its own to get out of the way."""
    named: list[tuple[str, str]] = []
    known = {way.name: way for way in ways}
    for table in top.tables("lifts"):
        table.only("name", "way")
        way = table.text("way", WAY_NAME)
        if way not in known:
            raise table.fault("way", f"there is no way {way!r}")
        if [other for _, other in named].count(way) == 2:
            raise table.fault("way", f"two lifts run on {way!r} already")
        named.append((table.text("name", LIFT_NAME), way))
    _check_unique([name for name, _ in named], "lifts", top)
    lifts: list[LiftPlan] = []
    for name, way in named:
        pair = [other for other, its_way in named if its_way == way]
        plan, at = known[way], pair.index(name)
        lifts.append(LiftPlan(name, way, plan.lowest + at, plan.highest - (len(pair) - 1 - at)))
    return tuple(lifts)


def _bay(table: _Table, storeys: int, lifts: Mapping[str, LiftPlan]) -> BayPlan:
    table.only("name", "storey", "lifts", "turntable")
    storey = table.integer("storey", 1, storeys)
    served = _served_by(table, storey, storey, lifts)
    return BayPlan(table.text("name", BAY_NAME), storey, served, table.flag("turntable"))


def _slots(table: _Table, storeys: int, lifts: Mapping[str, LiftPlan]) -> tuple[SlotPlan, ...]:
    """Return the slots of one block: all its columns on all its storeys, named `2A` for storey 2, column A."""
    table.only("first", "last", "columns", "lifts", "behind")
    first = table.integer("first", 1, storeys)
    last = table.integer("last", first, storeys)
    columns = table.text("columns", COLUMNS)
    behind = table.text("behind", COLUMNS) if "behind" in table.values else ""
    if behind and len(behind) != len(columns):
        raise table.fault("behind", f"must name one column for each of {columns!r}, not {behind!r}")
    served = _served_by(table, first, last, lifts)
    return tuple(
        SlotPlan(f"{storey}{letter}", storey, ord(letter) - ord("A") + 1, served, f"{storey}{front}" if front else "")
        for storey in range(first, last + 1)
        for letter, front in zip(columns, behind or [""] * len(columns), strict=True)
    )


def _served_by(table: _Table, first: int, last: int, lifts: Mapping[str, LiftPlan]) -> tuple[str, ...]:
    names = table.names("lifts", lifts, "lift")
    for name in names:
        reach = lifts[name]
        if first < reach.lowest or last > reach.highest:
            raise table.fault("lifts", f"{name} reaches storeys {reach.lowest} to {reach.highest} of its way alone")
    return names


def _check_unique(names: list[str], key: str, top: _Table) -> None:
    for at, name in enumerate(names):
        if name in names[:at]:
            raise top.fault(f"{key}[{at}].name", f"{name!r} is there twice")


def _check_slots(layout: Layout, top: _Table) -> None:
    names = [slot.name for slot in layout.slots]
    fronts = [slot.behind for slot in layout.slots if slot.behind]
    for slot in layout.slots:
        if names.count(slot.name) > 1:
            raise top.fault("slots", f"{slot.name!r} is there twice")
        if slot.behind and slot.behind not in names:
            raise top.fault("slots", f"{slot.name!r} lies behind {slot.behind!r}, which is not there")
        if slot.behind and (layout.slot(slot.behind).behind or fronts.count(slot.behind) > 1):
            raise top.fault("slots", f"{slot.behind!r} cannot have {slot.name!r} behind it: one car deep and no more")
        if slot.behind and layout.slot(slot.behind).lifts != slot.lifts:
            raise top.fault("slots", f"{slot.name!r} and {slot.behind!r} must be served by the same lifts")
        if not any(layout.bays_of(lift) for lift in slot.lifts):
            raise top.fault("slots", f"{slot.name!r} is served by {' and '.join(slot.lifts)}, which serves no bay")
    if layout.fits.height_mm >= layout.pitch_mm:
        raise top.fault("fits.height_mm", f"must be below pitch_mm, {layout.pitch_mm}, not {layout.fits.height_mm}")
