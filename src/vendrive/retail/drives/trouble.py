"""When things go wrong: late cars, broken cars, towers out of order, and people who can drive no longer.

Nothing here stops a car: there is no such message. What a customer is told and gets is in docs/journey.md.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from vendrive.design.formats import money
from vendrive.retail.config import ports
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.exchange import let_down, put_first_in_queue, serve_otherwise
from vendrive.retail.drives.lifecycle import end_drive
from vendrive.retail.drives.models import (
    OPEN,
    QUEUED,
    BayUse,
    BlockReason,
    Drive,
    DriveState,
    OverdueStep,
    PersonBlock,
    WaitPlace,
    WaitState,
)
from vendrive.retail.drives.money import give_back
from vendrive.retail.drives.notices import TOLD_BY, tell_of
from vendrive.retail.drives.policies import next_quarter
from vendrive.retail.drives.reserving import How, Wanted, reserve
from vendrive.retail.drives.rules import Overdue, Rung
from vendrive.retail.drives.terms import CURRENCY
from vendrive.retail.events.actions import record
from vendrive.retail.fleet.models import PAPERS, Damage, Outage, Tower, Vehicle, VehicleState
from vendrive.retail.payments.actions import open_charge, settle_charge
from vendrive.retail.payments.models import Charge, ChargeState
from vendrive.wire.errors import ErrorCode, Refused

NEXT_IS_TOLD = timedelta(hours=3)
"""How long before a pick-up its customer gets another car where the one that was promised is late."""
CHANGEABLE = frozenset({*PAPERS, "recall", "damage", "damage_note", "is_clean"})
LATE_FEE = "late_return"


def guard_next_customers() -> int:
    """Serve otherwise whoever was promised a car that has not come back; return how many."""
    now = ports().clock.now()
    late = Drive.objects.filter(state=DriveState.out, due_at__lte=now).values("vehicle_id")
    soon = _promised().filter(vehicle_id__in=late, pickup_at__lte=now + NEXT_IS_TOLD)
    return _serve_otherwise(soon, "late_return")


def climb_overdue() -> int:
    """Climb the ladder of every car that is late: remind, charge, call; return how many rungs. Each rung once.

    While the tower that should take the car is out of order nobody is late.
    """
    now = ports().clock.now()
    late = Drive.objects.filter(state=DriveState.out, due_at__lte=now).exclude(person__blocks__reason=BlockReason.died)
    climbed = 0
    for drive in late.select_related("terms", "return_tower", "tower", "model"):
        since = _late_since(drive, now)
        done = set(drive.overdue_steps.values_list("minutes", flat=True))
        due = [rung for rung in drive.rules.overdue if since and rung.minutes not in done]
        climbed += sum(_climb(drive, rung, now) for rung in due if since and since + _minutes(rung) <= now)
    return climbed


def settle_late_fees() -> int:
    """Ask the provider about charges for late returns; return how many are settled now."""
    waiting = Charge.objects.filter(purpose=LATE_FEE, state=ChargeState.pending).values_list("pk", flat=True)
    return sum(settle_charge(pk).state != ChargeState.pending for pk in list(waiting))


def change_vehicle(staff: str, vehicle_id: UUID, **changes: object) -> int:
    """Write down papers, recall, damage or cleaning of a car; return how many promises had to be served otherwise.

    Raise Refused (request_invalid).
    """
    if not set(changes) <= CHANGEABLE or ("damage" in changes and changes["damage"] not in set(Damage)):
        raise Refused(ErrorCode.request_invalid, fields=sorted(changes))
    with transaction.atomic():
        vehicle = Vehicle.objects.select_for_update().get(pk=vehicle_id)
        before = {name: str(getattr(vehicle, name)) for name in changes}
        for name, value in changes.items():
            setattr(vehicle, name, value)
        vehicle.save(update_fields=list(changes))
        after = {name: str(value) for name, value in changes.items()}
        record(f"staff:{staff}", "vehicle_changed", vehicle.pk, before=before, after=after)
        vehicle.refresh_from_db()
        return _serve_otherwise(_unfit(vehicle), "vehicle_unfit")


def report_breakdown(staff: str, drive_id: UUID, note: str) -> Drive | None:
    """A lent car broke down: it leaves the pool, the drive does not count, its customer gets another car or our word.

    Return the drive that goes on with another car, None where there is none. Raise Refused (drive_not_open).
    """
    with transaction.atomic():
        drive = _lock(drive_id, DriveState.out)
        drive.state, drive.ended_because = DriveState.cancelled, "breakdown"
        drive.ended_at, drive.revision = ports().clock.now(), drive.revision + 1
        drive.save(update_fields=["state", "ended_because", "ended_at", "revision"])
        BayUse.objects.filter(drive=drive).delete()
        note = note[: Vehicle._meta.get_field("damage_note").max_length or None]
        broken = {"state": VehicleState.service, "damage": Damage.unsafe, "damage_note": note}
        Vehicle.objects.filter(pk=drive.vehicle_id).update(**broken)
        give_back(drive, 0)
        record(f"staff:{staff}", "broke_down", drive.pk, vehicle=str(drive.vehicle_id), note=note)
        _serve_otherwise(_promised().filter(vehicle_id=drive.vehicle_id), "breakdown")
        # With it: who dies in between would leave a customer without car and without a word.
        return _replace_broken(drive)


def close_tower(staff: str, tower: Tower, since: datetime, until: datetime | None, reason: str) -> int:
    """A tower hands nothing over for a while: its promises in that time end with our apology; return how many.

    Cars that are due there may be kept until it is in order again, and nobody is late for it.
    """
    with transaction.atomic():
        Outage.objects.create(tower=tower, since=since, until=until, reason=reason, staff=staff)
        record(f"staff:{staff}", "tower_closed", tower.slug, since=str(since), until=str(until or ""))
        promised = _promised().filter(tower=tower, not_after__gt=since)
        ended = list(promised.filter(pickup_at__lt=until) if until else promised)
        for drive in ended:
            let_down(drive, "tower_down")
        due = Drive.objects.filter(return_tower=tower, state=DriveState.out, due_at__gte=since)
        for drive in (due.filter(due_at__lt=until) if until else due).select_related("tower", "model"):
            tell_of(drive, "return_moved")
    return len(ended)


def open_tower(staff: str, tower: Tower) -> None:
    """A tower is in order again."""
    now = ports().clock.now()
    with transaction.atomic():
        Outage.objects.filter(tower=tower, since__gte=now).delete()
        Outage.objects.filter(Q(until=None) | Q(until__gt=now), tower=tower).update(until=now)
        record(f"staff:{staff}", "tower_opened", tower.slug)


def block_person(staff: str, person_id: UUID, reason: BlockReason) -> int:
    """A person lost the licence, died or kept a car: they get none; return how many bookings ended.

    A car that is out stays out until it is brought back or collected: it is never stopped. Who lost the licence is
    told to park it; who died is told nothing, and the ladder does not climb.
    """
    now = ports().clock.now()
    with transaction.atomic():
        PersonBlock.objects.get_or_create(
            person_id=person_id, reason=reason, lifted_at=None, defaults={"staff": staff, "since": now}
        )
        mine = list(_promised().filter(person_id=person_id))
        for drive in mine:
            end_drive(drive, DriveState.cancelled, reason)
            give_back(drive, 0)
            record(f"staff:{staff}", "drive_cancelled", drive.pk, because=reason)
        WaitPlace.objects.filter(person_id=person_id, state__in=QUEUED).update(
            state=WaitState.ended, ended_because=reason
        )
        out = Drive.objects.filter(person_id=person_id, state=DriveState.out)
        for drive in out.select_related("tower", "model"):
            record(f"staff:{staff}", "collect_car", drive.pk, because=reason)
            if reason == BlockReason.licence_lost:
                tell_of(drive, "licence_lost")
        record(f"staff:{staff}", "person_blocked", person_id, because=reason)
    return len(mine)


def lift_block(staff: str, person_id: UUID, reason: BlockReason) -> None:
    """A person may drive again."""
    with transaction.atomic():
        held = PersonBlock.objects.filter(person_id=person_id, reason=reason, lifted_at=None)
        held.update(lifted_at=ports().clock.now())
        record(f"staff:{staff}", "person_unblocked", person_id, because=reason)


def collect_car(staff: str, drive_id: UUID) -> None:
    """Staff brought a lent car back by hand: the drive is over and the car waits for a look at it.

    Raise Refused (drive_not_open).
    """
    with transaction.atomic():
        drive = _lock(drive_id, DriveState.out)
        drive.state, drive.ended_because = DriveState.returned, "collected"
        drive.returned_at = drive.ended_at = ports().clock.now()
        drive.save(update_fields=["state", "ended_because", "returned_at", "ended_at"])
        BayUse.objects.filter(drive=drive).delete()
        Vehicle.objects.filter(pk=drive.vehicle_id).update(state=VehicleState.service)
        give_back(drive, 100)
        record(f"staff:{staff}", "car_collected", drive.pk, vehicle=str(drive.vehicle_id))
        _serve_otherwise(_promised().filter(vehicle_id=drive.vehicle_id), "vehicle_unfit")


def excuse_no_show(staff: str, drive_id: UUID) -> None:
    """A pick-up that was missed through no fault of the customer counts as cancelled; raise Refused."""
    with transaction.atomic():
        drive = _lock(drive_id, DriveState.no_show)
        drive.state, drive.ended_because = DriveState.cancelled, "excused"
        drive.save(update_fields=["state", "ended_because"])
        give_back(drive, 0)
        record(f"staff:{staff}", "no_show_excused", drive.pk)


def _replace_broken(drive: Drive) -> Drive | None:
    """Let the customer have another car of the model for the rest of the days, in any colour; it costs nothing."""
    customer = Customer.objects.get(pk=drive.customer_id)
    pickup_at = next_quarter(ports().clock.now() + timedelta(hours=1))
    by = f"{TOLD_BY}breakdown"
    how = How(DriveState.booked, None, drive.terms_accepted_at, drive.terms_language, by, free_of_charge=True)
    paints = [drive.paint, *drive.model.paints.exclude(pk=drive.paint_id).order_by("position")]
    for paint in paints if pickup_at < drive.due_at else []:
        wanted = Wanted(drive.model_id, paint.slug, drive.tower_id, pickup_at, drive.due_at)
        try:
            with transaction.atomic():
                found = Drive.objects.select_related("tower", "model").get(pk=reserve(customer, wanted, how).drive_id)
                tell_of(found, "breakdown_other")
                return found
        except Refused:
            continue
    put_first_in_queue(drive)
    tell_of(drive, "breakdown")
    return None


def _climb(drive: Drive, rung: Rung, now: datetime) -> int:
    try:
        with transaction.atomic():
            OverdueStep.objects.create(drive=drive, minutes=rung.minutes, act=rung.act, at=now)
            if rung.act is Overdue.charge:
                customer = Customer.objects.get(pk=drive.customer_id)
                open_charge(customer, f"late:{drive.pk}:{rung.minutes}", LATE_FEE, rung.amount_minor, CURRENCY)
            tell_of(drive, rung.act, **_amount(rung))
            record("retail", f"overdue_{rung.act}", drive.pk, minutes=rung.minutes)
    except IntegrityError:
        return 0  # another worker climbed it
    return 1


def _amount(rung: Rung) -> dict[str, object]:
    return {"amount": money(rung.amount_minor, CURRENCY)} if rung.act is Overdue.charge else {}


def _minutes(rung: Rung) -> timedelta:
    return timedelta(minutes=rung.minutes)


def _late_since(drive: Drive, now: datetime) -> datetime | None:
    """Return since when a car is late, None while its tower is out of order: an outage puts the time off."""
    since = drive.due_at
    for outage in Outage.objects.filter(tower=drive.return_tower_id, since__lte=now).order_by("since"):
        if outage.since <= since and (outage.until is None or outage.until > since):
            if outage.until is None or outage.until > now:
                return None
            since = outage.until
    return since


def _unfit(vehicle: Vehicle) -> "QuerySet[Drive]":
    promised = _promised().filter(vehicle=vehicle)
    if vehicle.recall or vehicle.damage == Damage.unsafe or not vehicle.is_clean or vehicle.legal_until is None:
        return promised
    return promised.filter(due_at__date__gt=vehicle.legal_until)


def _promised() -> "QuerySet[Drive]":
    rows = Drive.objects.filter(state__in=(DriveState.held, *OPEN)).select_for_update(of=("self",))
    return rows.select_related("tower", "model", "terms").order_by("pickup_at")


def _serve_otherwise(drives: Iterable[Drive], because: str) -> int:
    with transaction.atomic():
        found = list(drives)
        for drive in found:
            serve_otherwise(drive, because)
    return len(found)


def _lock(drive_id: UUID, state: DriveState) -> Drive:
    rows = Drive.objects.select_for_update(of=("self",)).select_related("tower", "model", "terms", "paint")
    found = rows.filter(pk=drive_id).first()
    if found is None or found.state != state:
        raise Refused(ErrorCode.drive_not_open, state=found.state if found else "")
    return found
