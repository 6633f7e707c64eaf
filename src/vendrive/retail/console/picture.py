"""The picture of a tower: its last report and its layout as rows of cells. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from vendrive.tower.layout import BayPlan, Layout, LiftPlan, SlotPlan, WayPlan
from vendrive.wire.machine import PlcState
from vendrive.wire.report import BayReport, LiftReport, SlotReport, TowerReport

State = Literal["empty", "car", "reserved", "moving", "fault", "unknown"]
Size = Literal["large", "medium", "small"]
LARGE_ROWS, MEDIUM_ROWS, MEDIUM_COLUMNS = 5, 10, 8


@dataclass(frozen=True)
class Car:
    """A vehicle of the tower's pool; `pickup_at` is the next booking's, None where nobody waits for it."""

    tag: str
    slug: str
    paint: str
    name: str
    paint_name: str
    plate: str
    pickup_at: datetime | None


@dataclass(frozen=True)
class Cell:
    """A slot, or a gap where the building has none. `stranger` is a tag that is in no list of ours.

    `behind` names the slot through which its car comes out. `movement` is true where something moves in it, `locked`
    where it is out of service.
    """

    name: str
    state: State
    car: Car | None = None
    stranger: str = ""
    behind: str = ""
    movement: bool = False
    locked: bool = False


@dataclass(frozen=True)
class BayCell:
    """A bay over `span` columns; without a report its doors and presence are not known (None)."""

    name: str
    span: int
    state: State
    sensed: BayReport | None
    car: Car | None = None
    stranger: str = ""
    turntable: bool = False


@dataclass(frozen=True)
class Row:
    """One storey, 0 for a pit: what stands left and right of the shafts."""

    storey: int
    left: tuple[Cell | BayCell, ...]
    right: tuple[Cell | BayCell, ...]


@dataclass(frozen=True)
class Platform:
    """A lift. `top_percent` is where its storey's band begins in the shaft, None where the position is not known."""

    name: str
    top_percent: float | None
    sensed: LiftReport | None
    car: Car | None = None


@dataclass(frozen=True)
class Shaft:
    """A way with one lift, or two that share it."""

    name: str
    platforms: tuple[Platform, ...]


@dataclass(frozen=True)
class Contradiction:
    """What cannot be true at once: `kind` is no_tag, no_car, twice or not_in_layout."""

    kind: str
    places: str
    tag: str = ""


@dataclass(frozen=True)
class Picture:
    """A tower from the top storey down. `columns` counts the slots of the widest storey; a big tower is drawn small."""

    columns: int
    size: Size
    rows: tuple[Row, ...]
    shafts: tuple[Shaft, ...]
    contradictions: tuple[Contradiction, ...]
    cars_inside: int
    free: int

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """All lifts."""
        return tuple(platform for shaft in self.shafts for platform in shaft.platforms)

    @property
    def bays(self) -> tuple[BayCell, ...]:
        """All bays, from the left."""
        cells = [cell for row in self.rows for cell in (*row.left, *row.right)]
        return tuple(cell for cell in cells if isinstance(cell, BayCell))


def draw_tower(layout: Layout, report: TowerReport | None, cars: Mapping[str, Car]) -> Picture:
    """Return the picture; every part that the report does not name is unknown."""
    split, bay_columns = _bay_columns(layout)
    columns = sorted({slot.column for slot in layout.slots} | {c for taken in bay_columns.values() for c in taken})
    storeys = range(max(way.highest for way in layout.ways), min(way.lowest for way in layout.ways) - 1, -1)
    parts = _Parts(layout, report, cars, bay_columns)
    slots = report.slots if report else ()
    return Picture(
        columns=len(columns),
        size=_size(len(storeys), len(columns)),
        rows=tuple(_row(storey, columns, split, parts) for storey in storeys),
        shafts=tuple(_shaft(way, storeys, parts) for way in layout.ways),
        contradictions=tuple(_contradictions(layout, report)) if report else (),
        cars_inside=sum(slot.occupied for slot in slots)
        + sum(lift.loaded for lift in (report.lifts if report else ())),
        free=sum(not slot.occupied and not slot.tag and not slot.locked_out for slot in slots),
    )


@dataclass(frozen=True)
class _Parts:
    layout: Layout
    report: TowerReport | None
    cars: Mapping[str, Car]
    bay_columns: Mapping[str, Sequence[int]]


def _size(rows: int, columns: int) -> Size:
    if rows <= LARGE_ROWS and columns <= MEDIUM_COLUMNS:
        return "large"
    return "medium" if rows <= MEDIUM_ROWS and columns <= MEDIUM_COLUMNS else "small"


def _bay_columns(layout: Layout) -> tuple[int, dict[str, Sequence[int]]]:
    """Return the last column left of the shaft, and the columns of each bay: those of its storey without a slot.

    Bays that have a storey for themselves stand on both sides of a shaft in the middle.
    """
    found: dict[str, Sequence[int]] = {}
    every = sorted({slot.column for slot in layout.slots})
    middle = every[(len(every) - 1) // 2]
    split = None
    for storey in {bay.storey for bay in layout.bays}:
        bays = [bay.name for bay in layout.bays if bay.storey == storey]
        taken = {slot.column for slot in layout.slots if slot.storey == storey}
        free = [column for column in every if column not in taken]
        if len(free) < len(bays):
            free = list(range(1 - len(bays), 1))  # no gap on this storey: the bays stand in front
        if taken:
            found |= _share(bays, free)
            split = max(free)
        else:
            left = (len(bays) + 1) // 2
            found |= _share(bays[:left], [column for column in free if column <= middle])
            found |= _share(bays[left:], [column for column in free if column > middle])
    return middle if split is None else split, found


def _share(bays: Sequence[str], free: Sequence[int]) -> dict[str, Sequence[int]]:
    each = len(free) // max(1, len(bays))
    return {bay: free[at * each : (at + 1) * each if at + 1 < len(bays) else None] for at, bay in enumerate(bays)}


def _row(storey: int, columns: Sequence[int], split: int, parts: _Parts) -> Row:
    left = tuple(_cells(storey, [c for c in columns if c <= split], parts))
    right = tuple(_cells(storey, [c for c in columns if c > split], parts))
    return Row(storey, left, right)


def _cells(storey: int, columns: Sequence[int], parts: _Parts) -> Iterator[Cell | BayCell]:
    slots = {slot.column: slot for slot in parts.layout.slots if slot.storey == storey}
    bays = {parts.bay_columns[bay.name][0]: bay for bay in parts.layout.bays if bay.storey == storey}
    covered = {c for bay in bays.values() for c in parts.bay_columns[bay.name]}
    for column in columns:
        if column in slots:
            yield _slot(slots[column], parts)
        elif column in bays:
            yield _bay(bays[column], parts)
        elif column not in covered:
            yield Cell("", "empty")


def _slot(plan: SlotPlan, parts: _Parts) -> Cell:
    sensed = next((s for s in parts.report.slots if s.name == plan.name), None) if parts.report else None
    if sensed is None or parts.report is None:
        return Cell(plan.name, "unknown", behind=plan.behind)
    car = parts.cars.get(sensed.tag)
    return Cell(
        plan.name,
        _slot_state(sensed, parts.report, car),
        car,
        "" if car else sensed.tag,
        plan.behind,
        sensed.movement,
        sensed.locked_out,
    )


def _slot_state(slot: SlotReport, report: TowerReport, car: Car | None) -> State:
    if slot.occupied != bool(slot.tag):
        return "moving" if _transferring(slot.storey, report) else "fault"
    if not slot.occupied:
        return "empty"
    return "reserved" if car is not None and car.pickup_at is not None else "car"


def _transferring(storey: int, report: TowerReport) -> bool:
    # A car between slot and lift is seen by one sensor before the other; only then is a disagreement no fault.
    at_this_storey = any(lift.storey == storey and not lift.moving for lift in report.lifts)
    return report.machine == PlcState.execute and at_this_storey


def _bay(plan: BayPlan, parts: _Parts) -> BayCell:
    span = len(parts.bay_columns[plan.name])
    sensed = next((b for b in parts.report.bays if b.name == plan.name), None) if parts.report else None
    if sensed is None:
        return BayCell(plan.name, span, "unknown", None, turntable=plan.turntable)
    car = parts.cars.get(sensed.tag)
    state: State = "fault" if sensed.fault else "car" if sensed.vehicle else "empty"
    return BayCell(plan.name, span, state, sensed, car, "" if car else sensed.tag, plan.turntable)


def _shaft(way: WayPlan, storeys: Sequence[int], parts: _Parts) -> Shaft:
    lifts = [plan for plan in parts.layout.lifts if plan.way == way.name]
    return Shaft(way.name, tuple(_platform(plan, storeys, parts) for plan in lifts))


def _platform(plan: LiftPlan, storeys: Sequence[int], parts: _Parts) -> Platform:
    sensed = next((lift for lift in parts.report.lifts if lift.name == plan.name), None) if parts.report else None
    if sensed is None:
        return Platform(plan.name, None, None)
    below_top = storeys[0] - 1 - sensed.position_mm / parts.layout.pitch_mm
    top = min(max(below_top, 0.0), len(storeys) - 1.0) / len(storeys) * 100
    return Platform(plan.name, round(top, 2), sensed, parts.cars.get(sensed.tag))


def _contradictions(layout: Layout, report: TowerReport) -> Iterator[Contradiction]:
    for slot in report.slots:
        if slot.occupied != bool(slot.tag) and not _transferring(slot.storey, report):
            yield Contradiction("no_tag" if slot.occupied else "no_car", slot.name, slot.tag)
    moving = report.machine == PlcState.execute
    seen = [(slot.tag, slot.name) for slot in report.slots] + [(bay.tag, bay.name) for bay in report.bays]
    seen += [] if moving else [(lift.tag, lift.name) for lift in report.lifts]
    for tag, count in Counter(tag for tag, _ in seen if tag).items():
        if count > 1:
            yield Contradiction("twice", ", ".join(place for other, place in seen if other == tag), tag)
    for name in sorted({slot.name for slot in report.slots} - {slot.name for slot in layout.slots}):
        yield Contradiction("not_in_layout", name)
