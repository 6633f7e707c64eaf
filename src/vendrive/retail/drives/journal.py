"""The journal of a station: taken in once, chain checked, with its effects on drives and vehicles."""

import json
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from psycopg.types.range import TimestamptzRange

from vendrive.audit import seal
from vendrive.retail.config import ports
from vendrive.retail.drives.models import OPEN, BayUse, Drive, DriveState
from vendrive.retail.drives.renewal import queue_cancel
from vendrive.retail.drives.scarcity import locked
from vendrive.retail.events.actions import record
from vendrive.retail.fleet.models import JournalEntry, Tower, Vehicle, VehicleState
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.journal import Entry, Event, HandedOver, JournalBatch, PassHeld, Returned


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
        case _:
            pass  # what else a station tells is kept for people to read


def _hold_pass(tower: Tower, event: PassHeld) -> None:
    held = _drives(tower, event.drive_id).filter(state=DriveState.booked, revision=event.revision)
    if held.update(state=DriveState.ready):
        record(f"station:{tower.slug}", "pass_held", event.drive_id, revision=event.revision)


def _hand_over(tower: Tower, entry: Entry, event: HandedOver) -> None:
    drive = _drives(tower, event.drive_id).select_for_update(of=("self",)).select_related("programme").first()
    if drive is None:
        record("retail", "hand_over_unknown", event.drive_id, vehicle=event.vehicle_id, tower=tower.slug)
        return
    if drive.state in (DriveState.out, DriveState.returned):
        return
    if str(drive.vehicle_id) != event.vehicle_id:
        # No order of ours lends another car; a person has to look at what left the tower.
        record("retail", "another_vehicle_left", drive.id, vehicle=event.vehicle_id, lent=str(drive.vehicle_id))
    programme = drive.programme
    before, drive.state = drive.state, DriveState.out
    drive.handed_over_at = entry.at
    drive.due_at = entry.at + timedelta(days=programme.loan_days)
    until = drive.due_at + timedelta(minutes=programme.turnaround_minutes)
    drive.vehicle_period = TimestamptzRange(min(drive.not_before, entry.at), until)
    drive.person_period = TimestamptzRange(entry.at, drive.due_at)
    drive.ended_at = None
    _make_way(drive)
    try:
        with transaction.atomic():
            drive.save()
    except IntegrityError:
        # The car is on the street whatever our rules say; a person has to look at the contradiction.
        record("retail", "hand_over_contradicts", drive.id, before=before)
    Vehicle.objects.filter(pk=drive.vehicle_id).update(state=VehicleState.out)
    record(f"station:{tower.slug}", "handed_over", drive.id, vehicle=event.vehicle_id, before=before)


def _make_way(drive: Drive) -> None:
    """A hand-over that happened wins: what was promised meanwhile of the same car or to the same person ends."""
    same = Q(vehicle_id=drive.vehicle_id, vehicle_period__overlap=drive.vehicle_period)
    same |= Q(person_id=drive.person_id, person_period__overlap=drive.person_period)
    same |= Q(person_id=drive.person_id, model_id=drive.model_id, programme_id=drive.programme_id)
    for other in Drive.objects.select_for_update().filter(same, state__in=OPEN).exclude(pk=drive.pk):
        other.state, other.ended_at = DriveState.cancelled, ports().clock.now()
        other.revision += 1
        other.save(update_fields=["state", "ended_at", "revision"])
        BayUse.objects.filter(drive=other).delete()
        queue_cancel(other)
        record("retail", "drive_cancelled", other.id, because=str(drive.id))


def _return(tower: Tower, entry: Entry, event: Returned) -> None:
    drive = _drives(tower, event.drive_id).select_for_update().first()
    if drive is None or drive.state == DriveState.returned:
        return
    before, drive.state = drive.state, DriveState.returned
    drive.returned_at = drive.ended_at = entry.at
    try:
        with transaction.atomic():
            drive.save(update_fields=["state", "returned_at", "ended_at"])
    except IntegrityError:
        # As with a hand-over: one contradiction must not hold up everything that the station tells after it.
        record("retail", "return_contradicts", drive.id, before=before)
    still_live = Drive.objects.filter(vehicle_id=drive.vehicle_id, state=DriveState.out).exists()
    if not still_live:
        Vehicle.objects.filter(pk=drive.vehicle_id).update(state=VehicleState.pool, tower=tower)
    record(f"station:{tower.slug}", "returned", drive.id, vehicle=event.vehicle_id, slot=event.slot)


def _drives(tower: Tower, drive_id: str) -> "QuerySet[Drive]":
    try:
        return Drive.objects.filter(pk=UUID(drive_id), tower=tower)
    except ValueError:
        return Drive.objects.none()
