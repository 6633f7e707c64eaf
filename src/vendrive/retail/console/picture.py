"""The picture of a tower: its last report and its layout as rows of cells. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from vendrive.tower.layout import BayPlan, Layout, SlotPlan
from vendrive.wire.machine import PlcMode
from vendrive.wire.report import BayReport, LiftReport, SlotReport, TowerReport

State = Literal["empty", "car", "reserved", "moving", "fault", "unknown"]


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
    """A slot, or a gap where the building has none. `stranger` is a tag that is in no list of ours."""

    name: str
    state: State
    car: Car | None = None
    stranger: str = ""


@dataclass(frozen=True)
class BayCell:
    """A bay over `span` columns; without a report its doors and presence are not known (None)."""

    name: str
    span: int
    state: State
    sensed: BayReport | None
    car: Car | None = None
    stranger: str = ""


@dataclass(frozen=True)
class Row:
    """One storey: what stands left and right of the shaft."""

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
class Contradiction:
    """What cannot be true at once: `kind` is no_tag, no_car, twice or not_in_layout."""

    kind: str
    places: str
    tag: str = ""


@dataclass(frozen=True)
class Picture:
    """A tower from the top storey down. `columns` counts the slots of the widest storey."""

    columns: int
    rows: tuple[Row, ...]
    platforms: tuple[Platform, ...]
    contradictions: tuple[Contradiction, ...]
    cars_inside: int
    free: int


def draw_tower(layout: Layout, report: TowerReport | None, cars: Mapping[str, Car]) -> Picture:
    """Return the picture; every part that the report does not name is unknown."""
    split, bay_columns = _bay_columns(layout)
    columns = sorted({slot.column for slot in layout.slots} | {c for taken in bay_columns.values() for c in taken})
    rows = [
        _row(storey, columns, split, _Parts(layout, report, cars, bay_columns))
        for storey in range(layout.storeys, 0, -1)
    ]
    slots = report.slots if report else ()
    return Picture(
        columns=len(columns),
        rows=tuple(rows),
        platforms=tuple(_platform(layout, plan.name, report, cars) for plan in layout.lifts),
        contradictions=tuple(_contradictions(layout, report)) if report else (),
        cars_inside=sum(slot.occupied for slot in slots)
        + sum(lift.loaded for lift in (report.lifts if report else ())),
        free=sum(not slot.occupied and not slot.tag for slot in slots),
    )


@dataclass(frozen=True)
class _Parts:
    layout: Layout
    report: TowerReport | None
    cars: Mapping[str, Car]
    bay_columns: Mapping[str, Sequence[int]]


def _bay_columns(layout: Layout) -> tuple[int, dict[str, Sequence[int]]]:
    """Return the last column left of the shaft, and the columns of each bay: those of its storey without a slot."""
    found: dict[str, Sequence[int]] = {}
    every = {slot.column for slot in layout.slots}
    for storey in {bay.storey for bay in layout.bays}:
        bays = [bay for bay in layout.bays if bay.storey == storey]
        free = sorted(every - {slot.column for slot in layout.slots if slot.storey == storey})
        if len(free) < len(bays):
            free = list(range(1 - len(bays), 1))  # no gap on this storey: the bays stand in front
        each = len(free) // len(bays)
        for at, bay in enumerate(bays):
            found[bay.name] = free[at * each : (at + 1) * each if at + 1 < len(bays) else None]
    return max(column for taken in found.values() for column in taken), found


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
        return Cell(plan.name, "unknown")
    car = parts.cars.get(sensed.tag)
    return Cell(plan.name, _slot_state(sensed, parts.report, car), car, "" if car else sensed.tag)


def _slot_state(slot: SlotReport, report: TowerReport, car: Car | None) -> State:
    if slot.occupied != bool(slot.tag):
        return "moving" if _transferring(slot.storey, report) else "fault"
    if not slot.occupied:
        return "empty"
    return "reserved" if car is not None and car.pickup_at is not None else "car"


def _transferring(storey: int, report: TowerReport) -> bool:
    # A car between slot and lift is seen by one sensor before the other; only then is a disagreement no fault.
    at_this_storey = any(lift.storey == storey and not lift.moving for lift in report.lifts)
    return report.machine == PlcMode.executing and at_this_storey


def _bay(plan: BayPlan, parts: _Parts) -> BayCell:
    span = len(parts.bay_columns[plan.name])
    sensed = next((b for b in parts.report.bays if b.name == plan.name), None) if parts.report else None
    if sensed is None:
        return BayCell(plan.name, span, "unknown", None)
    car = parts.cars.get(sensed.tag)
    return BayCell(plan.name, span, "car" if sensed.vehicle else "empty", sensed, car, "" if car else sensed.tag)


def _platform(layout: Layout, name: str, report: TowerReport | None, cars: Mapping[str, Car]) -> Platform:
    sensed = next((lift for lift in report.lifts if lift.name == name), None) if report else None
    if sensed is None:
        return Platform(name, None, None)
    above = layout.storeys - 1 - sensed.position_mm / layout.pitch_mm
    top = min(max(above, 0.0), layout.storeys - 1.0) / layout.storeys * 100
    return Platform(name, round(top, 2), sensed, cars.get(sensed.tag))


def _contradictions(layout: Layout, report: TowerReport) -> Iterator[Contradiction]:
    for slot in report.slots:
        if slot.occupied != bool(slot.tag) and not _transferring(slot.storey, report):
            yield Contradiction("no_tag" if slot.occupied else "no_car", slot.name, slot.tag)
    moving = report.machine == PlcMode.executing
    seen = [(slot.tag, slot.name) for slot in report.slots] + [(bay.tag, bay.name) for bay in report.bays]
    seen += [] if moving else [(lift.tag, lift.name) for lift in report.lifts]
    for tag, count in Counter(tag for tag, _ in seen if tag).items():
        if count > 1:
            yield Contradiction("twice", ", ".join(place for other, place in seen if other == tag), tag)
    for name in sorted({slot.name for slot in report.slots} - {slot.name for slot in layout.slots}):
        yield Contradiction("not_in_layout", name)
