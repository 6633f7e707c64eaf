"""Writes of drives: booking, cancelling, and what time does to bookings that nobody uses."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from psycopg.types.range import TimestamptzRange

from vendrive.ids import short_code
from vendrive.retail.catalogue.models import Paint, VehicleModel
from vendrive.retail.catalogue.queries import get_paint
from vendrive.retail.config import ports
from vendrive.retail.customers.actions import ask_standing
from vendrive.retail.customers.models import Customer, Person
from vendrive.retail.customers.queries import access_person
from vendrive.retail.drives.models import OPEN, BayUse, Drive, DriveState, Programme
from vendrive.retail.drives.policies import Wish
from vendrive.retail.drives.queries import (
    Periods,
    access_drive,
    check_pickup_time,
    free_vehicles,
    get_programme,
    person_reasons,
)
from vendrive.retail.drives.renewal import queue_cancel, queue_hand_over
from vendrive.retail.drives.scarcity import locked, take
from vendrive.retail.events.actions import once, record
from vendrive.retail.fleet.models import Tower, Vehicle, VehicleState
from vendrive.retail.fleet.queries import get_tower
from vendrive.tower.promises import Storage, breach_s
from vendrive.wire.errors import ErrorCode, Refused


def book_drive(customer: Customer, model: str, paint: str, tower: str, pickup_at: datetime, key: str) -> Drive:
    """Take one vehicle for the period and order its hand-over; a replay of `key` returns the same drive.

    `model`, `paint` and `tower` are slugs. Raise Refused: what stands against the person (all codes in its `reasons`),
    the time (pickup_…), the vehicle (vehicle_taken), the tower (return_not_storable), or busy_try_again.
    """
    request = {"model": model, "paint": paint, "tower": tower, "pickup_at": pickup_at.isoformat()}
    access_person(customer)
    # Outside parties are asked before the transaction: no lock waits for a network.
    ask_standing(customer, get_programme().least_credit)
    drive_id = once(
        f"{customer.id}:book_drive", key, request, lambda: str(_book(customer, model, paint, tower, pickup_at).id)
    )
    return access_drive(customer, drive_id)


def cancel_drive(customer: Customer, drive_id: UUID | str) -> Drive:
    """Give the vehicle back before it was collected; raise Refused (drive_not_found, drive_not_open)."""
    drive = access_drive(customer, drive_id)
    with locked([f"drive:{drive.id}", f"person:{drive.person_id}"]):
        drive = Drive.objects.select_for_update().get(pk=drive.pk)
        if drive.state not in OPEN:
            raise Refused(ErrorCode.drive_not_open, state=drive.state)
        _end(drive, DriveState.cancelled)
        record(f"customer:{customer.id}", "drive_cancelled", drive.id)
    return access_drive(customer, drive_id)


def close_no_shows() -> int:
    """End open drives whose window has passed; return how many. A hand-over that is reported later still wins."""
    now = ports().clock.now()
    late = Drive.objects.filter(state__in=OPEN, not_after__lte=now).order_by("id")
    with transaction.atomic():
        drives = list(late.select_for_update(skip_locked=True))
        for drive in drives:
            _end(drive, DriveState.no_show)
            record("retail", "drive_not_collected", drive.id)
    return len(drives)


@dataclass
class BookingPlan:
    """One drive: a person's quota, a quarter hour of a bay, a vehicle of a model and paint, a place to come back to."""

    customer: Customer
    person: Person
    programme: Programme
    model: VehicleModel
    paint: Paint
    tower: Tower
    pickup_at: datetime
    now: datetime

    @property
    def keys(self) -> tuple[str, ...]:
        tower = self.tower.slug
        return (
            f"person:{self.person.pk}",
            f"bay:{tower}:{self.pickup_at.timestamp():.0f}",
            f"pool:{tower}:{self.model.slug}:{self.paint.slug}",
            f"storage:{tower}",
        )

    def check(self) -> None:
        check_pickup_time(self.programme, self.tower, self.pickup_at, self.now)
        self._check_person()
        if len(self._used_places()) >= self.tower.pickups_per_quarter:
            raise Refused(ErrorCode.pickup_time_taken)
        if not self._free():
            raise Refused(ErrorCode.vehicle_taken)
        if not can_store(self.tower):
            raise Refused(ErrorCode.return_not_storable)

    def apply(self) -> Drive:
        drive = self._drive(self._free()[0])
        drive.save(force_insert=True)
        used = self._used_places()
        place = next(n for n in range(len(used) + 1) if n not in used)
        BayUse.objects.create(drive=drive, tower=self.tower, quarter=self.pickup_at, place=place)
        queue_hand_over(drive)
        record(f"customer:{self.customer.pk}", "drive_booked", drive.id, vehicle=str(drive.vehicle_id))
        return drive

    @property
    def periods(self) -> Periods:
        """Return the times that follow from the pick-up."""
        return Periods.of(self.programme, self.pickup_at)

    def _check_person(self) -> None:
        wish = Wish(self.model.slug, self.pickup_at, self.periods.due_at, self.tower.time_zone)
        person = Person.objects.select_for_update().get(pk=self.person.pk)
        reasons = person_reasons(self.programme, person, wish, self.now)
        if reasons:
            raise Refused(reasons[0].code, **reasons[0].details, reasons=[reason.code.value for reason in reasons])

    def _used_places(self) -> set[int]:
        used = BayUse.objects.filter(tower=self.tower, quarter=self.pickup_at)
        return set(used.values_list("place", flat=True))

    def _free(self) -> list[Vehicle]:
        return free_vehicles(self.model, self.paint, self.tower, self.periods, self.now)

    def _drive(self, vehicle: Vehicle) -> Drive:
        periods = self.periods
        return Drive(
            programme=self.programme,
            programme_revision=self.programme.revision,
            customer=self.customer,
            person=self.person,
            vehicle=vehicle,
            model=self.model,
            tower=self.tower,
            short_code=short_code(),
            pickup_at=self.pickup_at,
            not_before=periods.not_before,
            not_after=periods.not_after,
            due_at=periods.due_at,
            vehicle_period=TimestamptzRange(periods.not_before, periods.vehicle_until),
            person_period=TimestamptzRange(self.pickup_at, periods.due_at),
            booked_at=self.now,
        )


def can_store(tower: Tower) -> bool:
    """Say whether what is promised for this tower can be kept: every car in it or lent from it has a place there.

    The rule is `vendrive.tower.promises`: a booked pick-up frees its slot only once it has happened.
    """
    stored = Vehicle.objects.filter(tower=tower).exclude(state=VehicleState.out).exclude(state=VehicleState.service)
    lent = Drive.objects.filter(tower=tower, vehicle__state=VehicleState.out, state=DriveState.out)
    due = [due_at.timestamp() for due_at in lent.values_list("due_at", flat=True)]
    # A car that is out without a drive comes back at any time: as if it were late.
    now_s = ports().clock.now().timestamp()
    late = Vehicle.objects.filter(tower=tower, state=VehicleState.out).count() - len(due)
    due_back = (*due, *[now_s] * late)
    return breach_s(Storage(now_s, stored.count(), tower.slots, tower.overflow, tower.reserve, due_back)) is None


def _book(customer: Customer, model: str, paint: str, tower: str, pickup_at: datetime) -> Drive:
    chosen = get_paint(model, paint)
    plan = BookingPlan(
        customer=customer,
        person=access_person(customer),
        programme=get_programme(),
        model=chosen.model,
        paint=chosen,
        tower=get_tower(tower),
        pickup_at=pickup_at,
        now=ports().clock.now(),
    )
    return take(plan)


def _end(drive: Drive, state: DriveState) -> None:
    drive.state = state
    drive.revision += 1
    drive.ended_at = ports().clock.now()
    drive.save(update_fields=["state", "revision", "ended_at"])
    BayUse.objects.filter(drive=drive).delete()
    queue_cancel(drive)
