"""Changing a drive: another time, longer, shorter, another tower, another model. What is refused changes nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Q
from psycopg.types.range import TimestamptzRange

from vendrive.retail.config import ports
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.bays import promise_return
from vendrive.retail.drives.exchange import exchange_vehicle
from vendrive.retail.drives.leases import count_places, end_place, lease_place
from vendrive.retail.drives.lifecycle import end_drive
from vendrive.retail.drives.models import LIVE, OPEN, Drive, DriveState
from vendrive.retail.drives.queries import access_drive
from vendrive.retail.drives.renewal import queue_expect
from vendrive.retail.drives.reserving import How, Wanted, quarter_of, reserve
from vendrive.retail.drives.scarcity import bay_key, pool_key, refusals, take
from vendrive.retail.events.actions import once, record
from vendrive.retail.fleet.models import Outage, Tower, Vehicle
from vendrive.retail.fleet.queries import get_tower
from vendrive.tower.layout import load_layout
from vendrive.wire.errors import ErrorCode, Refused

QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)


def reschedule_drive(customer: Customer, drive_id: UUID | str, pickup_at: datetime, key: str) -> Drive:
    """Move a booking to another time, at the same tower and with any vehicle of its model and colour.

    The old booking ends and a new one takes its place, with what was paid and the rules of the new time; where the
    new time cannot be had the old one stays. Raise Refused as `reserve` does, and drive_not_open.
    """
    drive = access_drive(customer, drive_id)

    def move() -> str:
        with refusals(), transaction.atomic():
            old = Drive.objects.select_for_update(of=("self",)).select_related("paint").get(pk=drive.pk)
            if old.state not in OPEN or old.follows_id:
                raise Refused(ErrorCode.drive_not_open, state=old.state)
            end_drive(old, DriveState.cancelled, "rescheduled")
            wanted = Wanted(old.model_id, old.paint.slug, old.tower_id, pickup_at)
            new = reserve(customer, wanted, _booked(customer, old, free=True))
            paid = {"fee_minor": old.fee_minor, "deposit_minor": old.deposit_minor, "charge_id": old.charge_id}
            Drive.objects.filter(pk=old.pk).update(charge=None)
            Drive.objects.filter(pk=new.drive_id).update(**paid)
            record(f"customer:{customer.pk}", "drive_rescheduled", new.drive_id, instead_of=str(old.pk))
            return str(new.drive_id)

    request = {"drive_id": str(drive.pk), "pickup_at": pickup_at.isoformat()}
    return access_drive(customer, once(f"{customer.id}:reschedule_drive", key, request, move))


def extend_drive(customer: Customer, drive_id: UUID | str, due_at: datetime) -> Drive:
    """Keep the car longer, up to the programme's limit, where nobody waits for it who cannot be served otherwise.

    Raise Refused: drive_not_open, not_extendable, person_busy, return_time_taken.
    """
    drive = access_drive(customer, drive_id)
    take(DueChange(customer, drive, due_at, drive.return_tower))
    return access_drive(customer, drive_id)


def return_early(customer: Customer, drive_id: UUID | str, due_at: datetime) -> Drive:
    """Bring the car back earlier than agreed: minutes of a bay are kept, and the car is free for others.

    Who just comes is served too, when the bay is free. Raise Refused: drive_not_open, request_invalid,
    return_time_taken.
    """
    drive = access_drive(customer, drive_id)
    if not ports().clock.now() <= due_at < drive.due_at:
        raise Refused(ErrorCode.request_invalid, due_at=str(due_at))
    take(DueChange(customer, drive, due_at, drive.return_tower))
    return access_drive(customer, drive_id)


def return_elsewhere(customer: Customer, drive_id: UUID | str, tower: str) -> Drive:
    """Bring the car back to another tower, where the programme allows it and the tower has room for one more.

    The tower is ordered to expect it; when its station says that it does, the tower before is told to let go of it.
    Raise Refused: drive_not_open, return_not_here, not_extendable (the car is promised here afterwards),
    return_time_taken, return_not_storable, tower_closed.
    """
    drive, there = access_drive(customer, drive_id), get_tower(tower)
    if not drive.rules.return_elsewhere or not there.signing_key:
        raise Refused(ErrorCode.return_not_here)
    if there.slug != drive.return_tower_id:
        take(DueChange(customer, drive, drive.due_at, there))
    return access_drive(customer, drive_id)


def swap_drive(
    customer: Customer, drive_id: UUID | str, model: str, paint: str, pickup_at: datetime, key: str
) -> Drive:
    """Take another model for the rest of a drive: the first car comes back a quarter of an hour before.

    The second pass becomes ready when the first car is back. Raise Refused as `reserve` does, and drive_not_open,
    swap_not_allowed, return_time_taken.
    """
    drive = access_drive(customer, drive_id)

    def swap() -> str:
        with refusals(), transaction.atomic():
            old = _lock(drive.pk)
            _check_swap(old, model, pickup_at)
            due_at = old.due_at
            _set_due(old, old.return_tower, pickup_at - QUARTER)
            how = _booked(customer, old, free=True, follows=old.pk)
            new = reserve(customer, Wanted(model, paint, old.return_tower_id, pickup_at, due_at), how)
            record(f"customer:{customer.pk}", "drive_swapped", new.drive_id, instead_of=str(old.pk))
            return str(new.drive_id)

    request = {"drive_id": str(drive.pk), "model": model, "paint": paint, "pickup_at": pickup_at.isoformat()}
    return access_drive(customer, once(f"{customer.id}:swap_drive", key, request, swap))


def give_days_back(ended: Drive) -> None:
    """After the second car of a swap was given up: the first may be kept as long as was agreed, if still possible."""
    if ended.follows_id is None:
        return
    first = _lock(ended.follows_id)
    Drive.objects.filter(pk=ended.pk).update(follows=None)
    if first.state == DriveState.out and first.due_at < ended.due_at:
        try:
            with refusals(), transaction.atomic():
                _set_due(first, first.return_tower, ended.due_at)
        except Refused:
            record("retail", "days_not_given_back", first.pk)


@dataclass
class DueChange:
    """A lent car comes back at another time or another tower; `check` and `apply` run under the keys of both."""

    customer: Customer
    drive: Drive
    due_at: datetime
    tower: Tower

    @property
    def keys(self) -> Iterable[str]:
        drive, quarter_s = self.drive, quarter_of(self.due_at).timestamp()
        return (
            f"person:{drive.person_id}",
            bay_key(self.tower.slug, quarter_s),
            pool_key(drive.tower_id, drive.model_id),
            f"storage:{self.tower.slug}",
            # Both: the place that is left is counted on either side of it.
            f"storage:{drive.return_tower_id}",
        )

    def check(self) -> None:
        before, drive = self.drive, _lock(self.drive.pk)
        self.drive = drive
        if drive.return_tower_id != before.return_tower_id:
            raise Refused(ErrorCode.busy_try_again)  # the other tower's name is not locked
        if drive.state != DriveState.out or drive.due_at <= ports().clock.now():
            raise Refused(ErrorCode.drive_not_open, state=drive.state)
        if Drive.objects.filter(follows=drive, state__in=LIVE).exists():
            raise Refused(ErrorCode.drive_not_open, state="swapped")
        self._check_time()
        if self._moves:
            self._check_place()
            self._free_from_promises(drive.vehicle_period.upper, None)

    def apply(self) -> None:
        drive, before = self.drive, self.drive.due_at
        if self._moves:
            self._move()
        _set_due(drive, self.tower, self.due_at)
        actor = f"customer:{self.customer.pk}"
        told = {"before": before.isoformat(), "due_at": self.due_at.isoformat(), "tower": self.tower.slug}
        record(actor, "due_changed", drive.pk, **told)

    @property
    def _moves(self) -> bool:
        return self.tower.slug != self.drive.return_tower_id

    def _check_place(self) -> None:
        """The tower has a place that no other car may come to take, and the car fits into it."""
        drive, fits = self.drive, load_layout(self.tower.layout).fits
        car = drive.model
        outages = Outage.objects.filter(tower=self.tower, since__lte=self.due_at)
        if outages.filter(Q(until=None) | Q(until__gt=self.due_at)).exists():
            raise Refused(ErrorCode.tower_closed)
        small = car.length_mm > fits.length_mm or car.width_mm > fits.width_mm or car.height_mm > fits.height_mm
        if small or car.mass_kg > fits.mass_kg or not _storable(self.tower, 1 + count_places(self.tower.slug, drive)):
            raise Refused(ErrorCode.return_not_storable)

    def _move(self) -> None:
        """The car comes back to this tower by a newer order than any that says otherwise."""
        drive = self.drive
        drive.revision, drive.return_ready = drive.revision + 1, False
        lease_place(drive, drive.return_tower_id)
        end_place(drive, self.tower.slug, drive.revision)
        drive.return_tower = self.tower
        drive.save(update_fields=["revision", "return_ready", "return_tower"])
        queue_expect(drive)

    def _check_time(self) -> None:
        drive = self.drive
        if self.due_at <= drive.due_at:
            return
        limit = (drive.handed_over_at or drive.pickup_at) + DAY * (drive.rules.loan_days + drive.rules.extension_days)
        papers = self._vehicle().legal_until
        if self.due_at > limit or papers is None or papers < _day(self.due_at, self.tower):
            raise Refused(ErrorCode.not_extendable)
        self._free_from_promises(drive.vehicle_period.lower, _vehicle_until(drive, self.due_at))

    def _free_from_promises(self, start: datetime, end: datetime | None) -> None:
        """Whoever was promised this car meanwhile gets another of the same colour, or the change is refused."""
        promised = Drive.objects.select_for_update(of=("self",)).filter(
            vehicle_id=self.drive.vehicle_id,
            state__in=(DriveState.held, *OPEN),
            vehicle_period__overlap=TimestamptzRange(start, end),
        )
        for other in promised.exclude(pk=self.drive.pk).select_related("tower", "model"):
            if not exchange_vehicle(other, "kept_longer"):
                raise Refused(ErrorCode.not_extendable)

    def _vehicle(self) -> Vehicle:
        return Vehicle.objects.get(pk=self.drive.vehicle_id)


def _set_due(drive: Drive, tower: Tower, due_at: datetime) -> None:
    if not promise_return(drive, tower, due_at):
        raise Refused(ErrorCode.return_time_taken)
    start = drive.person_period.lower
    drive.due_at, drive.return_tower = due_at, tower
    drive.person_period = TimestamptzRange(start, max(due_at, start))
    drive.vehicle_period = TimestamptzRange(drive.vehicle_period.lower, _vehicle_until(drive, due_at))
    drive.save(update_fields=["due_at", "return_tower", "person_period", "vehicle_period"])


def _vehicle_until(drive: Drive, due_at: datetime) -> datetime:
    return due_at + timedelta(minutes=drive.rules.turnaround_minutes)


def _check_swap(old: Drive, model: str, pickup_at: datetime) -> None:
    if old.state != DriveState.out:
        raise Refused(ErrorCode.drive_not_open, state=old.state)
    swaps, first = 0, old
    while first.follows is not None:
        swaps, first = swaps + 1, first.follows
    if swaps >= old.rules.swaps or model == old.model_id:
        raise Refused(ErrorCode.swap_not_allowed)
    soon = ports().clock.now() + QUARTER
    if not soon <= pickup_at < old.due_at or pickup_at.timestamp() % QUARTER.total_seconds():
        raise Refused(ErrorCode.request_invalid, pickup_at=str(pickup_at))


def _booked(customer: Customer, old: Drive, free: bool, follows: UUID | None = None) -> How:
    return How(
        DriveState.booked,
        accepted_at=ports().clock.now(),
        language=old.terms_language,
        actor=f"customer:{customer.pk}",
        follows=follows,
        free_of_charge=free,
    )


def _lock(drive_id: UUID) -> Drive:
    parts = ("tower", "return_tower", "terms", "model", "follows__follows")
    return Drive.objects.select_for_update(of=("self",)).select_related(*parts).get(pk=drive_id)


def _storable(tower: Tower, more: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT drives_storable(%s, %s)", [tower.slug, more])
        row = cursor.fetchone()
    return row is not None and bool(row[0])


def _day(moment: datetime, tower: Tower) -> date:
    return moment.astimezone(ZoneInfo(tower.time_zone)).date()
