"""The concrete vehicle of a drive, until its hand-over: another of the colour, another colour, or none."""

from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, connection, transaction

from vendrive.design.messages import say
from vendrive.retail.catalogue.models import Paint
from vendrive.retail.config import ports
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.lifecycle import end_drive
from vendrive.retail.drives.models import QUEUED, Drive, DriveState, WaitPlace
from vendrive.retail.drives.money import give_back
from vendrive.retail.drives.notices import tell_of
from vendrive.retail.drives.renewal import queue_hand_over
from vendrive.retail.events.actions import record

LET_DOWN = 1
"""The priority in the queue of somebody whom we let down."""
PRIORITY_DAYS = 14
# As `drives_car` in sql/reserve.sql, for a drive that exists: its own colour first, then any other.
_OTHERS = """
SELECT v.id, v.paint_id FROM fleet_vehicle v, drives_drive me
WHERE me.id = %(drive)s AND v.id <> me.vehicle_id AND v.tower_id = me.tower_id AND v.model_id = me.model_id
    AND v.state IN ('pool', 'out') AND v.legal_until >= %(due_day)s AND v.recall = '' AND v.damage <> 'unsafe'
    AND v.is_clean AND (%(any)s OR v.paint_id = me.paint_id)
    AND NOT EXISTS (
        SELECT 1 FROM drives_drive d WHERE d.vehicle_id = v.id AND d.id <> me.id
            AND d.leased_until > %(now)s AND d.vehicle_period && me.vehicle_period
    )
    AND NOT EXISTS (
        SELECT 1 FROM drives_drive d WHERE d.vehicle_id = v.id AND d.id <> me.id
            AND d.state IN ('held', 'booked', 'ready', 'out')
            AND (d.vehicle_period && me.vehicle_period
                OR (d.state = 'out' AND (d.due_at <= %(now)s OR d.return_tower_id <> me.tower_id)))
    )
ORDER BY v.paint_id <> me.paint_id, v.state <> 'pool', v.tag
"""


def exchange_vehicle(drive: Drive, because: str, any_colour: bool = False) -> bool:
    """Give an open drive, whose row is locked, another vehicle and tell its station; False where there is none.

    The exclusion constraint decides between two who want the same vehicle: then the next one is tried.
    """
    for vehicle_id, paint_id in _others(drive, any_colour):
        before = drive.vehicle_id
        try:
            with transaction.atomic():
                Drive.objects.filter(pk=drive.pk).update(vehicle_id=vehicle_id)
        except IntegrityError:
            continue
        drive.vehicle_id = vehicle_id
        if drive.state != DriveState.held:
            drive.revision += 1
            drive.state = DriveState.booked
            drive.save(update_fields=["revision", "state"])
            queue_hand_over(drive)
        record("retail", "vehicle_exchanged", drive.id, before=str(before), now=str(vehicle_id), because=because)
        if paint_id != drive.paint_id:
            lang = Customer.objects.get(pk=drive.customer_id).language
            paint = Paint.objects.get(pk=paint_id)
            tell_of(drive, "other_colour", colour=paint.name_zh if lang == "zh" else paint.name)
        return True
    return False


def serve_otherwise(drive: Drive, because: str) -> None:
    """Keep a promise in another way: another car of the colour, another colour as an offer, or an apology.

    Another colour may be declined at no cost. Who gets no car gets the money back and comes first in the queue.
    """
    if exchange_vehicle(drive, because) or exchange_vehicle(drive, because, any_colour=True):
        return
    let_down(drive, because)


def let_down(drive: Drive, because: str) -> None:
    """End an open drive that we cannot serve: everything paid goes back, and the customer comes first in the queue."""
    end_drive(drive, DriveState.cancelled, because)
    give_back(drive, 0)
    record("retail", "drive_cancelled", drive.id, because=because)
    put_first_in_queue(drive)
    why = say(Customer.objects.get(pk=drive.customer_id).language, f"notice.because.{because}")
    tell_of(drive, "let_down", why=why)


def put_first_in_queue(drive: Drive) -> None:
    """Let the person of a drive wait for its model, in any colour, before everybody whom we did not let down."""
    now = ports().clock.now()
    place = WaitPlace.objects.filter(person_id=drive.person_id, model_id=drive.model_id, tower_id=drive.tower_id)
    if place.filter(state__in=QUEUED).update(priority=LET_DOWN):
        return
    WaitPlace.objects.create(
        customer_id=drive.customer_id,
        person_id=drive.person_id,
        model_id=drive.model_id,
        tower_id=drive.tower_id,
        from_at=max(now, drive.pickup_at),
        until_at=max(now, drive.pickup_at) + timedelta(days=PRIORITY_DAYS),
        priority=LET_DOWN,
        joined_at=now,
    )


def _others(drive: Drive, any_colour: bool) -> list[tuple[UUID, int]]:
    due_day = drive.due_at.astimezone(ZoneInfo(drive.tower.time_zone)).date()
    asked: dict[str, Any] = {"drive": drive.pk, "due_day": due_day, "any": any_colour, "now": ports().clock.now()}
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS, asked)
        return list(cursor.fetchall())
