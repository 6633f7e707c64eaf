"""Writes of drives: holding, confirming, booking, cancelling, and what time does to what nobody uses."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from vendrive.retail.config import ports
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.changes import give_days_back
from vendrive.retail.drives.lifecycle import book_held, end_drive
from vendrive.retail.drives.models import OPEN, Drive, DriveState
from vendrive.retail.drives.money import give_back, pay
from vendrive.retail.drives.queries import access_drive, get_known, get_layers, reasons_against, wish_for
from vendrive.retail.drives.reserving import How, Reserved, Wanted, find_offer, refuse, reserve
from vendrive.retail.events.actions import once, record
from vendrive.wire.errors import ErrorCode, Refused

Taking = Callable[[Customer, Wanted, str], Reserved]
PERCENT = 100
PAYMENT_PATIENCE = timedelta(minutes=30)
"""How long a hold waits for a payment whose outcome is not known."""


def hold_drive(
    customer: Customer, model: str, paint: str, tower: str, pickup_at: datetime, key: str, language: str = "en"
) -> Drive:
    """Keep one vehicle for the customer until the hold's end; a replay of `key` returns the same hold.

    `model`, `paint` and `tower` are slugs. A new hold replaces one that the customer has not confirmed.
    Raise Refused as `reserve` does.
    """
    wanted = Wanted(model, paint, tower, pickup_at)
    return _taken(_once(customer, "hold_drive", key, wanted, hold_now, language))


def hold_now(customer: Customer, wanted: Wanted, language: str = "en") -> Reserved:
    """Keep one vehicle for the customer, in as few round trips as it takes; raise Refused as `reserve` does."""
    return reserve(customer, wanted, How(language=language, actor=f"customer:{customer.pk}"))


def confirm_drive(customer: Customer, drive_id: UUID | str, terms: str, language: str = "") -> Drive:
    """Book what is held, under the terms that were shown in `language`; doing it twice changes nothing.

    Where something is to be paid first the drive stays held while the outcome is not known.
    Raise Refused: drive_not_found, drive_not_open, hold_over, terms_changed, what speaks against the person by now,
    payment_declined.
    """
    drive = access_drive(customer, drive_id)
    if drive.state in (*OPEN, DriveState.out, DriveState.returned):
        return drive
    _check_still_may(customer, drive)
    now = ports().clock.now()
    with transaction.atomic():
        drive = Drive.objects.select_for_update().get(pk=drive.pk)
        if drive.state == DriveState.held:
            _check_hold(drive, terms, now)
            drive.terms_accepted_at = drive.terms_accepted_at or now
            drive.terms_language = language or drive.terms_language
            if drive.fee_minor + drive.deposit_minor:
                drive.hold_until = now + PAYMENT_PATIENCE
                drive.save(update_fields=["terms_accepted_at", "terms_language", "hold_until"])
            else:
                book_held(drive, f"customer:{customer.pk}")
        elif drive.state not in OPEN:
            raise Refused(ErrorCode.hold_over)
    if drive.state == DriveState.held:
        pay(drive.pk)
    return access_drive(customer, drive_id)


def book_drive(
    customer: Customer, model: str, paint: str, tower: str, pickup_at: datetime, key: str, language: str = "en"
) -> Drive:
    """Hold and confirm at once, under the terms of this time; a replay of `key` returns the same drive.

    Raise Refused as `reserve` and `confirm_drive` do.
    """
    wanted = Wanted(model, paint, tower, pickup_at)
    drive = _taken(_once(customer, "book_drive", key, wanted, _book_now, language))
    return confirm_drive(customer, drive.pk, drive.terms_id) if drive.state == DriveState.held else drive


def cancel_drive(customer: Customer, drive_id: UUID | str) -> Drive:
    """Give the vehicle back before it was collected; what the tariff keeps of the fee is kept.

    Raise Refused (drive_not_found, drive_not_open).
    """
    drive = access_drive(customer, drive_id)
    now = ports().clock.now()
    with transaction.atomic():
        drive = Drive.objects.select_for_update(of=("self",)).select_related("terms", "vehicle").get(pk=drive.pk)
        if drive.state not in (DriveState.held, *OPEN):
            raise Refused(ErrorCode.drive_not_open, state=drive.state)
        held = drive.state == DriveState.held
        hours = (drive.pickup_at - now).total_seconds() / 3600
        end_drive(drive, DriveState.cancelled, "by_customer")
        # Another colour than the one that was wished for is an offer, and may be declined.
        free = held or drive.vehicle.paint_id != drive.paint_id
        give_back(drive, 0 if free else drive.rules.kept_percent(hours))
        give_days_back(drive)
        record(f"customer:{customer.pk}", "drive_cancelled", drive.id)
    return access_drive(customer, drive_id)


def close_no_shows() -> int:
    """End open drives whose window has passed; return how many. A hand-over that is reported later still wins."""
    now = ports().clock.now()
    late = Drive.objects.filter(state__in=OPEN, not_after__lte=now).select_related("terms").order_by("id")
    with transaction.atomic():
        drives = list(late.select_for_update(skip_locked=True, of=("self",)))
        for drive in drives:
            end_drive(drive, DriveState.no_show, "not_collected")
            give_back(drive, PERCENT)
            give_days_back(drive)
            record("retail", "drive_not_collected", drive.id)
    return len(drives)


def lapse_holds() -> int:
    """End holds that nobody confirmed in time; return how many towers had any."""
    now = ports().clock.now()
    late = Drive.objects.filter(state=DriveState.held, hold_until__lte=now)
    towers = sorted(set(late.values_list("tower_id", flat=True)))
    with connection.cursor() as cursor:
        for tower in towers:
            cursor.execute("SELECT drives_lapse(%s, NULL, %s)", [tower, now])
    return len(towers)


def _book_now(customer: Customer, wanted: Wanted, language: str) -> Reserved:
    actor, now = f"customer:{customer.pk}", ports().clock.now()
    offer = find_offer(wanted)
    rules = offer.rules
    free = not (rules.fee_minor or rules.fee_below_credit_minor or rules.deposit_minor)
    how = How(language=language, actor=actor)
    if free:
        how = How(DriveState.booked, accepted_at=now, language=language, actor=actor)
    return reserve(customer, wanted, how, offer)


def _taken(drive_id: str) -> Drive:
    """Return what the customer's own write has made, with no more than its answer needs."""
    return Drive.objects.select_related("vehicle__paint").get(pk=drive_id)


def _check_still_may(customer: Customer, drive: Drive) -> None:
    """A hold is short, but a licence may be lost in it: raise Refused with what speaks against the person by now."""
    now, layers = ports().clock.now(), get_layers(drive.programme_id)
    wish = wish_for(drive.rules, drive.model_id, drive.tower, drive.pickup_at, drive.due_at)
    known = get_known(customer, layers, drive.rules, now, without=drive.pk)
    refuse(reasons_against(known, drive.rules, wish, now))


def _check_hold(drive: Drive, terms: str, now: datetime) -> None:
    if drive.hold_until is None or drive.hold_until <= now:
        raise Refused(ErrorCode.hold_over)
    if terms != drive.terms_id:
        raise Refused(ErrorCode.terms_changed)


def _once(customer: Customer, what: str, key: str, wanted: Wanted, take: Taking, language: str) -> str:
    request = {"model": wanted.model, "paint": wanted.paint, "tower": wanted.tower}
    request |= {"pickup_at": wanted.pickup_at.isoformat()}
    return once(f"{customer.id}:{what}", key, request, lambda: str(take(customer, wanted, language).drive_id))
