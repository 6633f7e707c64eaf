"""What is free: every quarter hour of some days in which such a car can be collected, and why the others cannot.

It is counted anew each time and binds nobody: booking looks again, under its locks, in `sql/reserve.sql`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from django.db import connection

from vendrive.retail.catalogue.models import Paint, VehicleModel
from vendrive.retail.drives.layers import Layers
from vendrive.retail.drives.policies import QUARTER, Wish, is_open
from vendrive.retail.drives.rules import Rules
from vendrive.retail.fleet.models import Tower
from vendrive.tower.promises import PICKUP_MINUTES, RETURN_MINUTES
from vendrive.wire.errors import ErrorCode

QUARTER_S: Final = int(QUARTER.total_seconds())
PICKUP, BACK = int(PICKUP_MINUTES), int(RETURN_MINUTES)
DAY = timedelta(days=1)
SILENT = (ErrorCode.pickup_outside_hours, ErrorCode.pickup_in_past)
Flags = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Slot:
    """A quarter hour: how many such cars can be collected in it, or why none."""

    at: datetime
    left: int
    why: ErrorCode | None


@dataclass(frozen=True)
class Day:
    """A local day: how many of its quarter hours are free, and, where none is, why."""

    day: date
    moment: datetime
    free: int
    why: ErrorCode | None


_VEHICLES = """
SELECT v.id, v.legal_until, v.recall = '' AND v.damage <> 'unsafe' AND v.is_clean AND NOT EXISTS (
    SELECT 1 FROM drives_drive d WHERE d.vehicle_id = v.id AND d.state = 'out'
        AND (d.due_at <= %(now)s OR d.return_tower_id <> v.tower_id)
) FROM fleet_vehicle v
WHERE v.tower_id = %(tower)s AND v.model_id = %(model)s AND v.state IN ('pool', 'out')
    AND (%(paint)s::bigint IS NULL OR v.paint_id = %(paint)s)
"""
# Row by row along the index of the constraint that forbids an overlap.
_TAKEN = """
SELECT d.vehicle_id, extract(epoch FROM lower(d.vehicle_period))::bigint,
    extract(epoch FROM upper(d.vehicle_period))::bigint
FROM unnest(%(vehicles)s::uuid[]) AS v(id) JOIN drives_drive d ON d.vehicle_id = v.id
WHERE d.state IN ('held', 'booked', 'ready', 'out') AND d.vehicle_period && tstzrange(%(start)s, %(end)s)
    AND NOT (d.state = 'held' AND d.hold_until <= %(now)s)
"""
_BAYS = """
SELECT extract(epoch FROM quarter)::bigint, lower(minutes), upper(minutes) FROM drives_bayuse
WHERE tower_id = %(tower)s AND quarter >= %(start)s AND quarter < %(end)s
"""
_WAITING = """
SELECT extract(epoch FROM from_at)::bigint, extract(epoch FROM until_at)::bigint FROM drives_waitplace
WHERE state = 'waiting' AND tower_id = %(tower)s AND model_id = %(model)s AND until_at > %(start)s
    AND (%(paint)s::bigint IS NULL OR paint_id IS NULL OR paint_id = %(paint)s)
"""
_OUTAGES = """
SELECT extract(epoch FROM since)::bigint, extract(epoch FROM until)::bigint FROM fleet_outage
WHERE tower_id = %(tower)s AND (until IS NULL OR until > %(start)s)
"""


def list_slots(
    layers: Layers,
    model: VehicleModel,
    paint: Paint | None,
    tower: Tower,
    days: Sequence[date],
    now: datetime,
    count_waiting: bool = True,
) -> list[Slot]:
    """Return every quarter hour of consecutive local days of a tower, in order. Without `paint`, of any colour.

    What somebody in the queue waits for is taken, unless it is counted for the queue itself.
    """
    if not days:
        return []
    zone = ZoneInfo(tower.time_zone)
    start, end = midnight(days[0], zone), midnight(days[-1] + DAY, zone)
    at = [start + QUARTER * n for n in range(int((end - start) / QUARTER))]
    rules = {day: layers.rules(tower.slug, day) for day in days}
    of_day = [rules[moment.astimezone(zone).date()] for moment in at]
    longest = max(one.loan_days + one.turnaround_minutes // 1440 for one in rules.values())
    facts = _Facts.read(model, paint, tower, start, end + timedelta(days=longest + 2), now)
    index = _Index(int(start.timestamp()), len(at))
    cars = np.zeros(len(at), dtype=np.int64)
    for kind in set(of_day):
        chosen = np.array([one is kind or one == kind for one in of_day])
        cars[chosen] = facts.free_cars(index, kind, zone)[chosen]
    if count_waiting:
        cars = np.maximum(cars - facts.waiting(index), 0)
    return _judge(tower, at, of_day, cars, facts, index, now)


def list_days(slots: Sequence[Slot], tower: Tower) -> list[Day]:
    """Return the days of slots; of a day without a free one, the reason that holds for most of what is left of it."""
    zone = ZoneInfo(tower.time_zone)
    by_day: dict[date, list[Slot]] = {}
    for slot in slots:
        by_day.setdefault(slot.at.astimezone(zone).date(), []).append(slot)
    return [_day(day, midnight(day, zone), found) for day, found in by_day.items()]


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return where a local day begins, in UTC: a day with a clock change has 23 or 25 hours."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _day(day: date, moment: datetime, slots: Sequence[Slot]) -> Day:
    free = sum(slot.why is None for slot in slots)
    whys = Counter(slot.why for slot in slots if slot.why is not None)
    telling = Counter({why: count for why, count in whys.items() if why not in SILENT}) or whys
    return Day(day, moment, free, None if free else telling.most_common(1)[0][0])


def _judge(
    tower: Tower,
    at: Sequence[datetime],
    of_day: Sequence[Rules],
    cars: Counts,
    facts: "_Facts",
    index: "_Index",
    now: datetime,
) -> list[Slot]:
    closed = facts.closed(index)
    slots = []
    for n, (moment, rules) in enumerate(zip(at, of_day, strict=True)):
        hours = Wish("", moment, moment, tower.time_zone, tower.opens_minute, tower.closes_minute)
        due_s = index.second(n) + rules.loan_days * 86_400
        visits = facts.pickups_left(index.second(n))
        why = None
        if moment < now:
            why = ErrorCode.pickup_in_past
        elif moment > now + timedelta(days=rules.horizon_days):
            why = ErrorCode.pickup_too_far
        elif not is_open(rules, hours, moment):
            why = ErrorCode.pickup_outside_hours
        elif closed[n]:
            why = ErrorCode.tower_closed
        elif not visits:
            why = ErrorCode.pickup_time_taken
        elif not cars[n]:
            why = ErrorCode.vehicle_taken
        elif not facts.may_come_back(due_s):
            why = ErrorCode.return_time_taken
        slots.append(Slot(moment, 0 if why else min(int(cars[n]), visits), why))
    return slots


@dataclass(frozen=True)
class _Index:
    """Quarter hours as numbers from 0 to `count`, the first at the second `start_s`."""

    start_s: int
    count: int

    def second(self, number: int) -> int:
        return self.start_s + number * QUARTER_S

    def span(self, after_s: int, before_s: int) -> slice:
        """Return the quarter hours that begin after `after_s` and before `before_s`."""
        first = (after_s - self.start_s) // QUARTER_S + 1
        last = -(-(before_s - self.start_s) // QUARTER_S)
        return slice(min(max(first, 0), self.count), min(max(last, 0), self.count))


@dataclass(frozen=True)
class _Facts:
    """What is promised, as numbers of seconds; `until` None has no end."""

    vehicles: Sequence[tuple[Any, date | None, bool]]
    taken: Sequence[tuple[Any, int, int]]
    bays: Mapping[int, int]
    most: int
    waits: Sequence[tuple[int, int]]
    outages: Sequence[tuple[int, int | None]]

    @classmethod
    def read(
        cls, model: VehicleModel, paint: Paint | None, tower: Tower, start: datetime, end: datetime, now: datetime
    ) -> "_Facts":
        asked: dict[str, Any] = {"tower": tower.slug, "model": model.slug, "paint": paint.pk if paint else None}
        asked |= {"start": start, "end": end, "now": now}
        with connection.cursor() as cursor:

            def rows(sql: str) -> list[Any]:
                cursor.execute(sql, asked)
                return list(cursor.fetchall())

            vehicles = rows(_VEHICLES)
            asked["vehicles"] = [row[0] for row in vehicles]
            bays: dict[int, int] = {}
            for quarter, first, last in rows(_BAYS):
                bays[quarter] = bays.get(quarter, 0) | ((1 << last) - (1 << first))
            return cls(vehicles, rows(_TAKEN), bays, tower.bay_minutes, rows(_WAITING), rows(_OUTAGES))

    def free_cars(self, index: _Index, rules: Rules, zone: ZoneInfo) -> Counts:
        """Return for each quarter hour how many cars nobody has for the whole period that begins with it."""
        early_s = rules.early_minutes * 60
        lasts_s = rules.loan_days * 86_400 + (rules.no_show_grace_minutes + rules.turnaround_minutes) * 60
        rows = {vehicle[0]: number for number, vehicle in enumerate(self.vehicles)}
        free = np.ones((len(rows), index.count), dtype=np.bool_)
        for vehicle, lower_s, upper_s in self.taken:
            free[rows[vehicle], index.span(lower_s - lasts_s, upper_s + early_s)] = False
        for vehicle, legal_until, fit in self.vehicles:
            if not fit or legal_until is None:
                free[rows[vehicle]] = False
                continue
            last_s = int(midnight(legal_until + DAY, zone).timestamp()) - rules.loan_days * 86_400
            free[rows[vehicle], index.span(last_s - 1, 1 << 40)] = False
        return np.asarray(free.sum(axis=0), dtype=np.int64)

    def waiting(self, index: _Index) -> Counts:
        """Return for each quarter hour how many people wait for a car then."""
        found = np.zeros(index.count, dtype=np.int64)
        for from_s, until_s in self.waits:
            found[index.span(from_s - 1, until_s)] += 1
        return found

    def closed(self, index: _Index) -> Flags:
        """Return for each quarter hour whether the tower is out of order."""
        found = np.zeros(index.count, dtype=np.bool_)
        for since_s, until_s in self.outages:
            found[index.span(since_s - 1, until_s or 1 << 40)] = True
        return found

    def pickups_left(self, quarter_s: int) -> int:
        """Return how many cars the bays can still hand over in a quarter hour."""
        used, first, found = self.bays.get(quarter_s, 0), 0, 0
        while first + PICKUP <= self.most:
            if used >> first & ((1 << PICKUP) - 1):
                first += 1
            else:
                first, found = first + PICKUP, found + 1
        return found

    def may_come_back(self, due_s: int) -> bool:
        """Say whether a bay can take a car back in the quarter hour of a time."""
        used = self.bays.get(due_s - due_s % QUARTER_S, 0)
        return any(not used >> first & ((1 << BACK) - 1) for first in range(self.most - BACK + 1))
