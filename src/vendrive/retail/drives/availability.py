"""What is free: every quarter hour of some days in which such a car can be collected, and why the others cannot.

It is counted anew each time and binds nobody: booking looks again, under its locks, in `sql/reserve.sql`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from django.db import connection

from vendrive.retail.catalogue.models import Paint, VehicleModel
from vendrive.retail.drives.layers import Layers
from vendrive.retail.drives.policies import QUARTER
from vendrive.retail.drives.rules import DAY_MINUTES, Rules
from vendrive.retail.fleet.models import Tower
from vendrive.tower.promises import PICKUP_MINUTES, RETURN_MINUTES
from vendrive.wire.errors import ErrorCode

QUARTER_S: Final = int(QUARTER.total_seconds())
PICKUP, BACK = int(PICKUP_MINUTES), int(RETURN_MINUTES)
DAY = timedelta(days=1)
DAY_S = 86_400
# In the order in which booking looks; number 0 is free.
WHYS: Final = (
    None,
    ErrorCode.pickup_in_past,
    ErrorCode.pickup_too_far,
    ErrorCode.pickup_outside_hours,
    ErrorCode.tower_closed,
    ErrorCode.pickup_time_taken,
    ErrorCode.vehicle_taken,
    ErrorCode.return_time_taken,
)
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
UNION ALL
SELECT d.vehicle_id, extract(epoch FROM lower(d.vehicle_period))::bigint,
    extract(epoch FROM upper(d.vehicle_period))::bigint
FROM drives_drive d
WHERE d.leased_until > %(now)s AND d.vehicle_id = ANY (%(vehicles)s::uuid[])
    AND d.vehicle_period && tstzrange(%(start)s, %(end)s)
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


def get_availability(
    layers: Layers,
    model: VehicleModel,
    paint: Paint | None,
    tower: Tower,
    days: Sequence[date],
    now: datetime,
    count_waiting: bool = True,
) -> "Availability":
    """Count what is free on consecutive local days of a tower, at least one. Without `paint`, in any colour.

    What somebody in the queue waits for is taken, unless it is counted for the queue itself.
    """
    zone = ZoneInfo(tower.time_zone)
    spans = [_Span.of(day, zone, layers.rules(tower.slug, day)) for day in days]
    index = _Index(spans[0].start_s, (spans[-1].end_s - spans[0].start_s) // QUARTER_S)
    longest = max(span.rules.loan_days + span.rules.turnaround_minutes // DAY_MINUTES for span in spans)
    last = index.moment(index.count) + timedelta(days=longest + 2)
    facts = _Facts.read(model, paint, tower, index.moment(0), last, now)
    cars = np.zeros(index.count, dtype=np.int64)
    for rules in dict.fromkeys(span.rules for span in spans):
        free = facts.free_cars(index, rules, zone)
        for span in spans:
            if span.rules is rules or span.rules == rules:
                cars[span.of_index(index)] = free[span.of_index(index)]
    if count_waiting:
        cars = np.maximum(cars - facts.waiting(index), 0)
    visits = facts.pickups_left(index)
    why = _judge(tower, spans, cars, visits, facts, index, now)
    return Availability(tower, tuple(spans), index, np.minimum(cars, visits), why)


@dataclass(frozen=True)
class Availability:
    """Some days of a tower, counted: by quarter hour how many cars are left, and why none (a number of WHYS)."""

    tower: Tower
    spans: Sequence["_Span"]
    index: "_Index"
    left: Counts
    why: Counts

    def slots(self, day: date | None = None) -> list[Slot]:
        """Return the quarter hours of a day, or of all, in order."""
        found = []
        for span in self.spans:
            if day in (None, span.day):
                part = span.of_index(self.index)
                reasons, left = self.why[part].tolist(), self.left[part].tolist()
                for number, (why, cars) in enumerate(zip(reasons, left, strict=True), start=part.start):
                    found.append(Slot(self.index.moment(number), 0 if why else cars, WHYS[why]))
        return found

    def days(self) -> list[Day]:
        """Return the days; of one that has nothing free, the reason that holds for most of what is left of it."""
        return [self._day(span) for span in self.spans]

    def _day(self, span: "_Span") -> Day:
        counts = np.bincount(self.why[span.of_index(self.index)], minlength=len(WHYS)).tolist()
        free, silent = counts[0], [WHYS.index(code) for code in SILENT]
        telling = [0 if number in (0, *silent) else count for number, count in enumerate(counts)]
        telling = telling if any(telling) else [0, *counts[1:]]
        why = None if free else WHYS[telling.index(max(telling))]
        return Day(span.day, self.index.moment(span.of_index(self.index).start), free, why)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return where a local day begins, in UTC: a day with a clock change has 23 or 25 hours."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _judge(
    tower: Tower,
    spans: Sequence["_Span"],
    cars: Counts,
    visits: Counts,
    facts: "_Facts",
    index: "_Index",
    now: datetime,
) -> Counts:
    """Return for each quarter hour the first reason against it, in the order in which booking looks."""
    at_s = index.start_s + np.arange(index.count) * QUARTER_S
    now_s = now.timestamp()
    late, shut, no_return = (np.zeros(index.count, dtype=np.bool_) for _ in range(3))
    for span in spans:
        part, rules = span.of_index(index), span.rules
        late[part] = at_s[part] > now_s + rules.horizon_days * DAY_S
        opens, closes = max(tower.opens_minute, rules.opens_minute), min(tower.closes_minute, rules.closes_minute)
        minutes = span.minutes()
        shut[part] = (minutes < opens) | (minutes >= closes)
        shift = rules.loan_days * DAY_S // QUARTER_S
        no_return[part] = facts.full_for_returns(index, part.start + shift, part.stop + shift)
    against = [at_s < now_s, late, shut, facts.closed(index), visits == 0, cars == 0, no_return]
    return np.asarray(np.select(against, list(range(1, len(WHYS))), 0), dtype=np.int64)


@dataclass(frozen=True)
class _Span:
    """A local day as seconds, with the rules of its pick-ups."""

    day: date
    start_s: int
    end_s: int
    zone: ZoneInfo
    rules: Rules

    @classmethod
    def of(cls, day: date, zone: ZoneInfo, rules: Rules) -> "_Span":
        start, end = (int(midnight(one, zone).timestamp()) for one in (day, day + DAY))
        return cls(day, start, end, zone, rules)

    def of_index(self, index: "_Index") -> slice:
        return slice((self.start_s - index.start_s) // QUARTER_S, (self.end_s - index.start_s) // QUARTER_S)

    def minutes(self) -> Counts:
        """Return the minute of the local day at which each quarter hour begins."""
        count = (self.end_s - self.start_s) // QUARTER_S
        if self.end_s - self.start_s == DAY_S:
            return np.arange(count) * (QUARTER_S // 60)
        # A day on which the clock is changed.
        local = [datetime.fromtimestamp(self.start_s + n * QUARTER_S, self.zone) for n in range(count)]
        return np.array([one.hour * 60 + one.minute for one in local], dtype=np.int64)


@dataclass(frozen=True)
class _Index:
    """Quarter hours as numbers from 0 to `count`, the first at the second `start_s`."""

    start_s: int
    count: int

    def moment(self, number: int) -> datetime:
        return datetime.fromtimestamp(self.start_s + number * QUARTER_S, UTC)

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
        lasts_s = rules.loan_days * DAY_S + (rules.no_show_grace_minutes + rules.turnaround_minutes) * 60
        rows = {vehicle[0]: number for number, vehicle in enumerate(self.vehicles)}
        free = np.ones((len(rows), index.count), dtype=np.bool_)
        for vehicle, lower_s, upper_s in self.taken:
            free[rows[vehicle], index.span(lower_s - lasts_s, upper_s + early_s)] = False
        for vehicle, legal_until, fit in self.vehicles:
            if not fit or legal_until is None:
                free[rows[vehicle]] = False
                continue
            last_s = int(midnight(legal_until + DAY, zone).timestamp()) - rules.loan_days * DAY_S
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

    def pickups_left(self, index: _Index) -> Counts:
        """Return for each quarter hour how many cars the bays can still hand over."""
        found = np.full(index.count, _pickups_left(0, self.most), dtype=np.int64)
        for quarter_s, used in self.bays.items():
            number = (quarter_s - index.start_s) // QUARTER_S
            if 0 <= number < index.count:
                found[number] = _pickups_left(used, self.most)
        return found

    def full_for_returns(self, index: _Index, first: int, last: int) -> Flags:
        """Return for quarter hours, by number, whether no bay can take a car back in them."""
        found = np.zeros(last - first, dtype=np.bool_)
        for quarter_s, used in self.bays.items():
            number = (quarter_s - index.start_s) // QUARTER_S - first
            if 0 <= number < last - first:
                found[number] = not _may_come_back(used, self.most)
        return found


@lru_cache(maxsize=4096)
def _pickups_left(used: int, most: int) -> int:
    first, found = 0, 0
    while first + PICKUP <= most:
        if used >> first & ((1 << PICKUP) - 1):
            first += 1
        else:
            first, found = first + PICKUP, found + 1
    return found


@lru_cache(maxsize=4096)
def _may_come_back(used: int, most: int) -> bool:
    return any(not used >> first & ((1 << BACK) - 1) for first in range(most - BACK + 1))
