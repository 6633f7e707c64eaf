"""Reads of drives: availability, eligibility, what a phone and a console show. Nothing here is stored."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from vendrive.retail.catalogue.models import Paint, VehicleModel
from vendrive.retail.config import ports
from vendrive.retail.customers.models import Customer, Person
from vendrive.retail.customers.queries import get_person, get_standing, has_face, has_pin
from vendrive.retail.drives.models import COUNTED, LIVE, BayUse, Drive, DriveState, Programme
from vendrive.retail.drives.policies import CountedDrive, PersonFacts, Reason, Rules, Wish, reasons_against
from vendrive.retail.fleet.models import Tower, Vehicle
from vendrive.retail.fleet.queries import vehicles_in_pool
from vendrive.retail.ports import Verdict
from vendrive.wire.errors import ErrorCode, Refused

QUARTER = timedelta(minutes=15)
DAY_MINUTES = 1440


@dataclass(frozen=True)
class PickupTime:
    """A quarter hour and how many of the wished cars can still be picked up in it."""

    at: datetime
    left: int


@dataclass(frozen=True)
class Periods:
    """The times that follow from a pick-up, all UTC; ranges are half-open."""

    not_before: datetime
    not_after: datetime
    due_at: datetime
    vehicle_until: datetime

    @classmethod
    def of(cls, programme: Programme, pickup_at: datetime) -> "Periods":
        """Return the periods of a drive that begins in the quarter hour at `pickup_at`."""
        not_after = pickup_at + timedelta(minutes=programme.no_show_grace_minutes)
        loan = timedelta(days=programme.loan_days)
        return cls(
            not_before=pickup_at - timedelta(minutes=programme.early_minutes),
            not_after=not_after,
            due_at=pickup_at + loan,
            # Whoever comes last in the window has the whole loan, and the car its turnaround after that.
            vehicle_until=not_after + loan + timedelta(minutes=programme.turnaround_minutes),
        )


def get_programme() -> Programme:
    """Return the programme that is offered; raise Refused (request_invalid) where there is none."""
    found = Programme.objects.order_by("slug").first()
    if found is None:
        raise Refused(ErrorCode.request_invalid, programme="none")
    return found


def access_drive(customer: Customer, drive_id: object) -> Drive:
    """Return a drive of this customer; raise Refused (drive_not_found), also for a drive of somebody else."""
    try:
        found = _with_parts(Drive.objects.filter(pk=UUID(str(drive_id)), customer=customer)).first()
    except ValueError:
        found = None
    if found is None:
        raise Refused(ErrorCode.drive_not_found)
    return found


def list_drives(customer: Customer) -> list[Drive]:
    """Return the customer's drives, newest pick-up first."""
    return list(_with_parts(Drive.objects.filter(customer=customer)).order_by("-pickup_at"))


def list_drives_between(tower: Tower | None, start: datetime, end: datetime) -> list[Drive]:
    """Return drives with a pick-up in [start, end), for the console."""
    found = _with_parts(Drive.objects.filter(pickup_at__gte=start, pickup_at__lt=end))
    return list((found if tower is None else found.filter(tower=tower)).order_by("pickup_at"))


def list_pickup_times(model: VehicleModel, paint: Paint | None, tower: Tower, day: date) -> list[PickupTime]:
    """Return the quarter hours of the tower's local `day` in which such a car can still be picked up."""
    programme, now = get_programme(), ports().clock.now()
    quarters = [at for at in _quarters(tower, day) if _in_horizon(programme, at, now)]
    if not quarters:
        return []
    vehicles = vehicles_in_pool(model, paint, tower)
    live = list(Drive.objects.filter(vehicle__in=vehicles, state__in=LIVE))
    used = Counter(
        BayUse.objects.filter(tower=tower, quarter__gte=quarters[0], quarter__lte=quarters[-1]).values_list(
            "quarter", flat=True
        )
    )
    times = []
    for at in quarters:
        periods = Periods.of(programme, at)
        cars = len(vehicles) - len(_taken(live, periods.not_before, periods.vehicle_until, now))
        times.append(PickupTime(at, max(0, min(cars, tower.pickups_per_quarter - used[at]))))
    return [time for time in times if time.left]


def free_vehicles(model: VehicleModel, paint: Paint, tower: Tower, periods: Periods, now: datetime) -> list[Vehicle]:
    """Return vehicles that nobody has in this period; those that stand in the tower come first."""
    vehicles = vehicles_in_pool(model, paint, tower)
    live = list(Drive.objects.filter(vehicle__in=vehicles, state__in=LIVE))
    taken = _taken(live, periods.not_before, periods.vehicle_until, now)
    return sorted((v for v in vehicles if v.pk not in taken), key=lambda v: (v.state != "pool", v.tag))


def person_is_busy(person: Person, start: datetime, end: datetime, now: datetime) -> bool:
    """Say whether the person has another drive in [start, end), or one that should be back."""
    live = Drive.objects.filter(person=person, state__in=LIVE)
    return live.filter(Q(person_period__overlap=(start, end)) | Q(state=DriveState.out, due_at__lte=now)).exists()


def check_pickup_time(programme: Programme, tower: Tower, pickup_at: datetime, now: datetime) -> None:
    """Raise Refused where the time is past, too far, off the quarter hours, or the tower is closed."""
    if pickup_at.tzinfo is None or pickup_at.timestamp() % QUARTER.total_seconds():
        raise Refused(ErrorCode.request_invalid, pickup_at=str(pickup_at))
    if pickup_at < now:
        raise Refused(ErrorCode.pickup_in_past)
    if not _in_horizon(programme, pickup_at, now):
        raise Refused(ErrorCode.pickup_too_far, days=programme.horizon_days)
    if not _is_open(tower, pickup_at):
        raise Refused(ErrorCode.pickup_outside_hours)


def get_eligibility(
    customer: Customer, model: VehicleModel | None = None, tower: Tower | None = None, pickup_at: datetime | None = None
) -> tuple[Reason, ...]:
    """Return every reason why the customer may not drive (this model, from this tower, at this time); none is yes.

    Stored answers of outside parties are used; `customers.actions.ask_standing` renews them.
    """
    programme = get_programme()
    person = get_person(customer)
    wish = None
    if model is not None and tower is not None and pickup_at is not None:
        due_at = Periods.of(programme, pickup_at).due_at
        wish = Wish(model.slug, pickup_at, due_at, tower.time_zone)
    return person_reasons(programme, person, wish, ports().clock.now())


def person_reasons(programme: Programme, person: Person | None, wish: Wish | None, now: datetime) -> tuple[Reason, ...]:
    """Return what speaks against a person, from the rows as they are."""
    rules = rules_of(programme)
    if person is None:
        return reasons_against(rules, None, (), wish)
    counted = Drive.objects.filter(person=person, programme=programme, state__in=COUNTED)
    drives = [CountedDrive(d.model_id, d.pickup_at) for d in counted]
    found = reasons_against(rules, _facts(person, programme, now), drives, wish)
    if wish is not None and person_is_busy(person, wish.pickup_at, wish.due_at, now):
        found = (*found, Reason(ErrorCode.person_busy))
    return found


def rules_of(programme: Programme) -> Rules:
    """Return the programme's rules about persons as a value."""
    return Rules(
        drives_in_two_months=programme.drives_in_two_months,
        each_model_once=programme.each_model_once,
        needs_super_member=programme.needs_super_member,
        least_credit=programme.least_credit,
        licence_classes=tuple(programme.licence_classes),
        min_age_years=programme.min_age_years,
    )


def _facts(person: Person, programme: Programme, now: datetime) -> PersonFacts:
    return PersonFacts(
        proof=Verdict(person.proof) if person.proof else None,
        face=has_face(person),
        pin=has_pin(person),
        licence_class=person.licence_class,
        licence_expiry=date.fromisoformat(person.licence_expiry),
        birth_date=date.fromisoformat(person.birth_date),
        member=get_standing(person, "membership", now),
        credit=get_standing(person, f"credit:{programme.least_credit}", now),
    )


def _taken(live: Iterable[Drive], start: datetime, end: datetime, now: datetime) -> set[UUID]:
    """Return vehicles of live drives that overlap [start, end), and of those that should be back but are not."""
    return {
        drive.vehicle_id
        for drive in live
        if (drive.vehicle_period.lower < end and start < drive.vehicle_period.upper)
        or (drive.state == DriveState.out and drive.due_at <= now)
    }


def _quarters(tower: Tower, day: date) -> list[datetime]:
    # Counted in UTC from the local midnight, so that a day with a clock change has its 23 or 25 hours.
    zone = ZoneInfo(tower.time_zone)
    start = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    after = day + timedelta(days=1)
    end = datetime(after.year, after.month, after.day, tzinfo=zone).astimezone(UTC)
    every = [start + QUARTER * n for n in range(int((end - start) / QUARTER))]
    return [at for at in every if _is_open(tower, at)]


def _is_open(tower: Tower, at: datetime) -> bool:
    local = at.astimezone(ZoneInfo(tower.time_zone))
    return tower.opens_minute <= local.hour * 60 + local.minute < min(tower.closes_minute, DAY_MINUTES)


def _in_horizon(programme: Programme, at: datetime, now: datetime) -> bool:
    return now <= at <= now + timedelta(days=programme.horizon_days)


def _with_parts(drives: "QuerySet[Drive]") -> "QuerySet[Drive]":
    return drives.select_related("vehicle__model__brand", "vehicle__paint", "tower", "model", "programme", "person")
