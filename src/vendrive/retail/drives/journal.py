"""The journal of a station: taken in once, chain checked, with its effects on drives and vehicles."""

import json
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from psycopg.types.range import TimestamptzRange

from vendrive.audit import seal
from vendrive.retail.drives.bays import promise_return
from vendrive.retail.drives.exchange import serve_otherwise
from vendrive.retail.drives.leases import end_place, release_places
from vendrive.retail.drives.lifecycle import end_drive
from vendrive.retail.drives.models import COUNTED, OPEN, BayUse, Drive, DriveState
from vendrive.retail.drives.money import give_back
from vendrive.retail.drives.renewal import queue_hand_over, queue_release
from vendrive.retail.drives.scarcity import locked
from vendrive.retail.events.actions import record
from vendrive.retail.fleet.models import JournalEntry, Tower, Vehicle, VehicleState
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.journal import (
    Entry,
    Event,
    HandedOver,
    JournalBatch,
    PassHeld,
    Returned,
    ReturnExpected,
    ReturnReleased,
)

KEPT_PERCENT = 100
"""Of the fee of a drive that was driven."""


def record_journal(tower_id: str, batch: JournalBatch) -> int:
    """Store new entries with their effects, in one transaction, and return the last number that is stored.

    Entries that are stored already have no second effect. A batch that begins after a gap is not stored: the answer
    says from where to send again, as after a backup was restored here. Raise Refused (request_invalid), with nothing
    stored, where the batch is another tower's, has a gap inside, or its chain does not continue what is stored here.
    """
    if batch.tower_id != tower_id:
        raise Refused(ErrorCode.request_invalid, tower=batch.tower_id)
    with locked([f"journal:{tower_id}"]):
        tower = Tower.objects.select_for_update().get(pk=tower_id)
        if batch.entries and batch.entries[0].seq > tower.journal_seq + 1:
            return tower.journal_seq
        for entry in batch.entries:
            if entry.seq > tower.journal_seq:
                _store(tower, entry)
        tower.save(update_fields=["journal_seq", "journal_digest"])
        return tower.journal_seq


def _store(tower: Tower, entry: Entry) -> None:
    digest = seal(bytes.fromhex(tower.journal_digest), entry.seq, entry.payload()).hex()
    if entry.seq != tower.journal_seq + 1 or digest != entry.digest:
        raise Refused(ErrorCode.request_invalid, seq=entry.seq, stored=tower.journal_seq)
    JournalEntry.objects.create(
        tower=tower,
        seq=entry.seq,
        at=entry.at,
        kind=entry.event.kind,
        event=json.loads(entry.sealed),
        text=entry.sealed,
        digest=entry.digest,
    )
    tower.journal_seq, tower.journal_digest = entry.seq, digest
    _apply(tower, entry, entry.event)


def _apply(tower: Tower, entry: Entry, event: Event) -> None:
    match event:
        case PassHeld():
            _hold_pass(tower, event)
        case HandedOver():
            _hand_over(tower, entry, event)
        case Returned():
            _return(tower, entry, event)
        case ReturnExpected():
            _expect(tower, event)
        case ReturnReleased():
            _release(tower, event)
        case _:
            pass  # what else a station tells is kept for people to read


def _hold_pass(tower: Tower, event: PassHeld) -> None:
    held = _drives(tower, event.drive_id).filter(state=DriveState.booked, revision=event.revision)
    if held.update(state=DriveState.ready):
        record(f"station:{tower.slug}", "pass_held", event.drive_id, revision=event.revision)


def _hand_over(tower: Tower, entry: Entry, event: HandedOver) -> None:
    parts = ("terms", "tower", "return_tower")
    drive = _drives(tower, event.drive_id).select_for_update(of=("self",)).select_related(*parts).first()
    if drive is None:
        record("retail", "hand_over_unknown", event.drive_id, vehicle=event.vehicle_id, tower=tower.slug)
        return
    if drive.state in (DriveState.out, DriveState.returned):
        return
    if str(drive.vehicle_id) != event.vehicle_id:
        _took_another(drive, event.vehicle_id)
    before = _lend(drive, entry.at)
    _make_way(drive)
    try:
        with transaction.atomic():
            drive.save()
    except IntegrityError:
        # The car is on the street whatever our rules say; a person has to look at the contradiction.
        record("retail", "hand_over_contradicts", drive.id, before=before)
    drive.leases.all().delete()
    promise_return(drive, drive.return_tower, drive.due_at)
    Vehicle.objects.filter(pk=drive.vehicle_id).update(state=VehicleState.out)
    record(f"station:{tower.slug}", "handed_over", drive.id, vehicle=event.vehicle_id, before=before)


def _took_another(drive: Drive, vehicle_id: str) -> None:
    """Another car left than the one that is promised now: a station did not know yet that it had been exchanged."""
    earlier = [lease.vehicle for lease in drive.leases.select_related("vehicle") if lease.vehicle is not None]
    ours = next((vehicle for vehicle in earlier if str(vehicle.pk) == vehicle_id), None)
    lent = str(drive.vehicle_id)
    # Of a car that no order of ours lends a person has to look at what left the tower.
    record(
        "retail", "earlier_vehicle_left" if ours else "another_vehicle_left", drive.id, vehicle=vehicle_id, lent=lent
    )
    if ours is not None:
        drive.vehicle = ours


def _lend(drive: Drive, at: datetime) -> str:
    """Write down on the drive that its car left; return its state before."""
    before, drive.state = drive.state, DriveState.out
    agreed = drive.due_at - drive.pickup_at
    drive.handed_over_at = at
    # The rest of another drive ends when that one would have; a drive of its own lasts as long as was agreed.
    drive.due_at = drive.due_at if drive.follows_id else at + agreed
    until = drive.due_at + timedelta(minutes=drive.rules.turnaround_minutes)
    drive.vehicle_period = TimestamptzRange(min(drive.not_before, at), until)
    drive.person_period = TimestamptzRange(at, max(drive.due_at, at))
    drive.ended_at, drive.ended_because = None, ""
    if before not in COUNTED:
        _count_again(drive)
    return before


def _count_again(drive: Drive) -> None:
    """A drive that had been given up counts after all: it takes places in its months, one more where all are taken."""
    counted = Drive.objects.filter(person_id=drive.person_id, programme_id=drive.programme_id, state__in=COUNTED)
    for odd, name in ((0, "even_place"), (1, "odd_place")):
        pair = (drive.month + odd) // 2
        taken = {getattr(d, name) for d in counted if (d.month + odd) // 2 == pair}
        setattr(drive, name, next(place for place in range(len(taken) + 1) if place not in taken))
    drive.quota = max(drive.quota, drive.even_place + 1, drive.odd_place + 1)


def _make_way(drive: Drive) -> None:
    """A hand-over that happened wins: what was promised meanwhile of the same car or to the same person gives way."""
    person = Q(person_id=drive.person_id, person_period__overlap=drive.person_period)
    person |= Q(person_id=drive.person_id, model_id=drive.model_id, programme_id=drive.programme_id)
    car = Q(vehicle_id=drive.vehicle_id, vehicle_period__overlap=drive.vehicle_period)
    promised = Drive.objects.select_for_update().filter(state__in=(DriveState.held, *OPEN)).exclude(pk=drive.pk)
    for other in promised.filter(person):
        end_drive(other, DriveState.cancelled, "another_drive")
        give_back(other, 0)
        record("retail", "drive_cancelled", other.id, because=str(drive.id))
    for other in promised.filter(car):
        serve_otherwise(other, "car_is_out")


def _return(tower: Tower, entry: Entry, event: Returned) -> None:
    drive = _drives(tower, event.drive_id).select_for_update().first()
    if drive is None or drive.state == DriveState.returned:
        return
    if drive.ended_because == "breakdown":
        # The car broke down, its drive is over; now it is back, and waits for a look at it.
        Vehicle.objects.filter(pk=drive.vehicle_id, state=VehicleState.service).update(tower=tower)
        record(f"station:{tower.slug}", "returned_broken", drive.id, vehicle=event.vehicle_id, slot=event.slot)
        return
    before, drive.state = drive.state, DriveState.returned
    drive.returned_at = drive.ended_at = entry.at
    _end_expectations(drive, tower)
    try:
        with transaction.atomic():
            drive.save(update_fields=["state", "returned_at", "ended_at", "return_tower", "revision", "return_ready"])
    except IntegrityError:
        # As with a hand-over: one contradiction must not hold up everything that the station tells after it.
        record("retail", "return_contradicts", drive.id, before=before)
    BayUse.objects.filter(drive=drive).delete()
    still_live = Drive.objects.filter(vehicle_id=drive.vehicle_id, state=DriveState.out).exclude(pk=drive.pk).exists()
    if not still_live:
        Vehicle.objects.filter(pk=drive.vehicle_id).update(state=VehicleState.pool, tower=tower)
    give_back(drive, KEPT_PERCENT)
    # Who swaps cars gets the second one's pass when the first one is back.
    for rest in Drive.objects.filter(follows=drive, state__in=OPEN):
        queue_hand_over(rest)
    record(f"station:{tower.slug}", "returned", drive.id, vehicle=event.vehicle_id, slot=event.slot)


def _expect(tower: Tower, event: ReturnExpected) -> None:
    """A tower expects the car: whichever may take it too is told to let go of it. So there is always one that does."""
    expected = _drives(tower, event.drive_id).filter(
        state=DriveState.out, return_tower=tower, revision=event.revision, return_ready=False
    )
    drive = expected.select_for_update().first()
    if drive is None:
        return  # it is back, or goes to another tower by now
    drive.return_ready = True
    drive.save(update_fields=["return_ready"])
    release_places(drive)
    record(f"station:{tower.slug}", "return_expected", drive.pk, revision=event.revision)


def _release(tower: Tower, event: ReturnReleased) -> None:
    drive = _named(event.drive_id).first()
    if drive is not None and end_place(drive, tower.slug, event.revision):
        record(f"station:{tower.slug}", "return_released", drive.pk, revision=event.revision)


def _end_expectations(drive: Drive, tower: Tower) -> None:
    """The car is back at a tower: no other one waits for it, wherever it was to go."""
    others = {drive.return_tower_id, *drive.leases.filter(vehicle=None).values_list("tower_id", flat=True)}
    if others == {tower.slug}:
        return
    drive.revision += 1
    for other in sorted(others - {tower.slug}):
        queue_release(drive, other)
    drive.return_tower, drive.return_ready = tower, True
    drive.leases.all().delete()


def _drives(tower: Tower, drive_id: str) -> "QuerySet[Drive]":
    """Return the drive, if this tower has lent its car or may take it back."""
    mine = Q(tower=tower) | Q(return_tower=tower) | Q(leases__tower=tower)
    return Drive.objects.filter(pk__in=_named(drive_id).filter(mine).values("pk"))


def _named(drive_id: str) -> "QuerySet[Drive]":
    try:
        return Drive.objects.filter(pk=UUID(drive_id))
    except ValueError:
        return Drive.objects.none()
