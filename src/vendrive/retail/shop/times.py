"""The days and quarter hours of a tower, as a page offers them: what is free, and why the others are not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from vendrive.retail.catalogue.models import Paint, VehicleModel
from vendrive.retail.drives.models import Programme
from vendrive.retail.drives.queries import QUARTER, check_pickup_time, list_pickup_times
from vendrive.retail.fleet.models import Tower
from vendrive.wire.errors import ErrorCode, Refused

PARTS: Final = (("night", 0), ("morning", 6), ("afternoon", 12), ("evening", 18))
PART_HOURS: Final = 6


@dataclass(frozen=True)
class Day:
    """A local day and whether such a car can still be picked up on it."""

    day: date
    moment: datetime
    free: bool


@dataclass(frozen=True)
class Quarter:
    """A quarter hour that is not over."""

    at: datetime
    free: bool


@dataclass(frozen=True)
class Part:
    """Part of a day. `over` counts its quarter hours that have passed."""

    name: str
    quarters: tuple[Quarter, ...]
    over: int

    @property
    def free(self) -> int:
        """Return how many quarter hours are free."""
        return sum(quarter.free for quarter in self.quarters)


def list_days(model: VehicleModel, paint: Paint, tower: Tower, programme: Programme, now: datetime) -> Sequence[Day]:
    """Return the local days within the programme's horizon."""
    today = now.astimezone(ZoneInfo(tower.time_zone)).date()
    days = [today + timedelta(days=n) for n in range(programme.horizon_days + 1)]
    return [Day(day, _midnight(tower, day), bool(list_pickup_times(model, paint, tower, day))) for day in days]


def list_parts(
    model: VehicleModel, paint: Paint, tower: Tower, day: date, programme: Programme, now: datetime
) -> Sequence[Part]:
    """Return the parts of a local day that have quarter hours which the tower serves."""
    free = {time.at for time in list_pickup_times(model, paint, tower, day)}
    judged = [(at, _objection(programme, tower, at, now)) for at in _quarters(tower, day)]
    served = [(at, why) for at, why in judged if why in (None, ErrorCode.pickup_in_past)]
    zone = ZoneInfo(tower.time_zone)
    parts = []
    for name, first in PARTS:
        hours = range(first, first + PART_HOURS)
        mine = [(at, why) for at, why in served if at.astimezone(zone).hour in hours]
        open_ones = tuple(Quarter(at, at in free) for at, why in mine if why is None)
        parts.append(Part(name, open_ones, len(mine) - len(open_ones)))
    return [part for part in parts if part.quarters or part.over]


def _objection(programme: Programme, tower: Tower, at: datetime, now: datetime) -> ErrorCode | None:
    try:
        check_pickup_time(programme, tower, at, now)
    except Refused as refused:
        return refused.code
    return None


def _quarters(tower: Tower, day: date) -> list[datetime]:
    start, end = _midnight(tower, day), _midnight(tower, day + timedelta(days=1))
    return [start + QUARTER * n for n in range(int((end - start) / QUARTER))]


def _midnight(tower: Tower, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(tower.time_zone)).astimezone(UTC)
