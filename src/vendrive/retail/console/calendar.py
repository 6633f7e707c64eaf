"""The operators' calendar: each vehicle of a tower, and the tower itself, day by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from vendrive.retail.config import ports
from vendrive.retail.drives.availability import DAY, midnight
from vendrive.retail.drives.models import LIVE, BayUse, Drive, DriveState
from vendrive.retail.fleet.models import Damage, Outage, Tower, Vehicle, VehicleState

DAYS = 14
SHOWN = (*LIVE, DriveState.returned, DriveState.no_show)


@dataclass(frozen=True)
class Cell:
    """A vehicle on a day: `kind` is a drive's state, free, service, unfit or late; `drives` begin or go on then."""

    day: date
    kind: str
    drives: tuple[Drive, ...]


@dataclass(frozen=True)
class VehicleLine:
    """A vehicle with its days, and what makes it unfit now: keys of the messages `console.unfit`."""

    vehicle: Vehicle
    cells: Sequence[Cell]
    unfit: Sequence[str]


@dataclass(frozen=True)
class TowerDay:
    """A tower on a day: what leaves, what comes, promised minutes of its bays, and whether it is closed."""

    day: date
    moment: datetime
    pickups: int
    returns: int
    minutes: int
    closed: bool


@dataclass(frozen=True)
class Calendar:
    """A tower's days and its vehicles' days; `quarter_minutes` can be promised in each quarter hour."""

    tower: Tower
    days: Sequence[TowerDay]
    lines: Sequence[VehicleLine]
    quarter_minutes: int


def get_calendar_of(tower: Tower, first: date) -> Calendar:
    """Return two weeks of a tower from a local day on."""
    zone = ZoneInfo(tower.time_zone)
    days = [first + DAY * n for n in range(DAYS)]
    start, end = midnight(days[0], zone), midnight(days[-1] + DAY, zone)
    vehicles = list(
        Vehicle.objects.filter(tower=tower)
        .exclude(state=VehicleState.sold)
        .select_related("model__brand", "paint")
        .order_by("model__position", "model_id", "tag")
    )
    # A car that is out is shown where it should be, however late it is.
    seen = Q(vehicle_period__overlap=(start, end)) | Q(state=DriveState.out)
    drives = Drive.objects.filter(seen, vehicle__in=vehicles, state__in=SHOWN)
    by_vehicle: dict[object, list[Drive]] = {}
    for drive in drives.select_related("tower", "person").order_by("pickup_at"):
        by_vehicle.setdefault(drive.vehicle_id, []).append(drive)
    lines = [_line(vehicle, by_vehicle.get(vehicle.pk, []), days, zone) for vehicle in vehicles]
    return Calendar(tower, _tower_days(tower, days, zone), lines, tower.bay_minutes)


def unfit_reasons(vehicle: Vehicle, day: date) -> list[str]:
    """Return why a vehicle may not be lent on a day."""
    papers = {"registered_until": "registration", "insured_until": "insurance", "inspected_until": "inspection"}
    found = [name for field, name in papers.items() if (until := getattr(vehicle, field)) is None or until < day]
    found += ["recall"] if vehicle.recall else []
    found += ["damage"] if vehicle.damage == Damage.unsafe else []
    return found + ([] if vehicle.is_clean else ["cleaning"])


def _line(vehicle: Vehicle, drives: Sequence[Drive], days: Sequence[date], zone: ZoneInfo) -> VehicleLine:
    now = ports().clock.now()
    cells = []
    for day in days:
        start, end = midnight(day, zone), midnight(day + DAY, zone)
        mine = tuple(d for d in drives if _shown_from(d) < end and start < _shown_until(d, now))
        cells.append(Cell(day, _kind(vehicle, day, mine, now), mine))
    return VehicleLine(vehicle, cells, unfit_reasons(vehicle, now.astimezone(zone).date()))


def _shown_from(drive: Drive) -> datetime:
    return drive.handed_over_at or drive.pickup_at


def _shown_until(drive: Drive, now: datetime) -> datetime:
    if drive.state == DriveState.no_show:
        return drive.not_after
    if drive.state == DriveState.out:
        return max(drive.due_at, now)
    return drive.returned_at or drive.due_at


def _kind(vehicle: Vehicle, day: date, drives: Sequence[Drive], now: datetime) -> str:
    live = [drive for drive in drives if drive.state in LIVE]
    if any(drive.state == DriveState.out and drive.due_at <= now for drive in live):
        return "late"
    if live:
        return str(live[-1].state)
    if vehicle.state in (VehicleState.service, VehicleState.reserved):
        return str(vehicle.state)
    if unfit_reasons(vehicle, day):
        return "unfit"
    return str(drives[-1].state) if drives else "free"


def _tower_days(tower: Tower, days: Sequence[date], zone: ZoneInfo) -> list[TowerDay]:
    outages = list(Outage.objects.filter(tower=tower))
    start, end = midnight(days[0], zone), midnight(days[-1] + DAY, zone)
    uses = list(BayUse.objects.filter(tower=tower, quarter__gte=start, quarter__lt=end))
    found = []
    for day in days:
        first, last = midnight(day, zone), midnight(day + timedelta(days=1), zone)
        mine = [use for use in uses if first <= use.quarter < last]
        found.append(
            TowerDay(
                day=day,
                moment=first,
                pickups=sum(use.visit == "pickup" for use in mine),
                returns=sum(use.visit == "back" for use in mine),
                minutes=sum(use.minutes.upper - use.minutes.lower for use in mine),
                closed=any(o.since < last and (o.until is None or o.until > first) for o in outages),
            )
        )
    return found
