"""Writes of the fleet: orders for stations, enrolment, reports."""

import base64
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from vendrive.retail.config import ports
from vendrive.retail.events.actions import record
from vendrive.retail.fleet.models import OrderKind, StaffRequest, StationOrder, Tower
from vendrive.retail.fleet.policies import Wish, check_wish
from vendrive.retail.fleet.queries import get_tower, read_places
from vendrive.tower.layout import load_layout
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.orders import TWO_PERSONS, OperatorAction
from vendrive.wire.report import TowerReport

REPORT_CHANNEL = "vendrive_tower_report"
OPERATOR_REQUEST_LIFE = timedelta(seconds=60)
CONFIRMATION_LIFE = timedelta(minutes=5)
"""How long a request waits for the second person."""
_KEY_BYTES = 32


def queue_order(
    tower_id: str, kind: OrderKind, intent: dict[str, object], person_id: UUID | None = None
) -> StationOrder:
    """Write what the station is to be told, in the transaction of its cause; the publisher numbers it later."""
    return StationOrder.objects.create(
        tower_id=tower_id, kind=kind, intent=intent, person_id=person_id, created_at=ports().clock.now()
    )


def queue_stock(tower_ids: Iterable[str]) -> None:
    """Tell stations which vehicles may stand in their towers."""
    for tower_id in tower_ids:
        queue_order(tower_id, OrderKind.stock, {})


def ask_operator(staff: str, tower_id: str, wish: Wish) -> None:
    """Ask a station for what one person may ask; the request is void after a minute.

    Raise Refused: two_persons_needed, or as `check_wish` does.
    """
    if wish.action in TWO_PERSONS:
        raise Refused(ErrorCode.two_persons_needed)
    with transaction.atomic():
        tower = get_tower(tower_id)
        check_wish(wish, load_layout(tower.layout))
        _queue_wish(tower, wish, staff, "")
        record(f"staff:{staff}", wish.action, tower.slug, **_details(wish))


def propose_operator(staff: str, tower_id: str, wish: Wish) -> StaffRequest:
    """Write down what staff ask and a second person has to confirm within five minutes; raise Refused.

    The count that is to be accepted is the one that is read now: both persons speak of the same places.
    """
    if wish.action not in TWO_PERSONS:
        raise Refused(ErrorCode.request_invalid, action=wish.action)
    now = ports().clock.now()
    with transaction.atomic():
        tower = get_tower(tower_id)
        check_wish(wish, load_layout(tower.layout))
        counted = wish.action == OperatorAction.accept_count
        request = StaffRequest.objects.create(
            tower=tower,
            action=wish.action,
            part=wish.part,
            operation=wish.operation,
            arguments=read_places(tower, now) if counted else dict(wish.arguments),
            asked_by=staff,
            asked_at=now,
            expires_at=now + CONFIRMATION_LIFE,
        )
        record(f"staff:{staff}", f"{wish.action}_asked", tower.slug, request=str(request.pk), **_details(wish))
        return request


def confirm_operator(staff: str, request_id: UUID) -> StaffRequest:
    """Confirm what somebody else asked, and tell the station with both names; void after a minute.

    Raise Refused, with nothing told: two_persons_needed where both are one, request_expired, request_replayed where
    it was confirmed before, count_differs where the tower reads other places than those that were asked about,
    machine_unknown where it reads none.
    """
    now = ports().clock.now()
    with transaction.atomic():
        request = StaffRequest.objects.select_related("tower").filter(pk=request_id).first()
        if request is None:
            raise Refused(ErrorCode.request_invalid, request=str(request_id))
        _check_confirmation(request, staff, now)
        wish = wish_of(request)
        order = _queue_wish(request.tower, wish, request.asked_by, staff)
        # Who comes second of two that confirm at once finds no row that waits, and their order is undone.
        waiting = StaffRequest.objects.filter(pk=request.pk, confirmed_at=None)
        if not waiting.update(confirmed_by=staff, confirmed_at=now, order=order):
            raise Refused(ErrorCode.request_replayed)
        record(
            f"staff:{staff}", f"{wish.action}_confirmed", request.tower_id, request=str(request.pk), **_details(wish)
        )
        return request


def wish_of(request: StaffRequest) -> Wish:
    """Return what was asked for."""
    return Wish(OperatorAction(request.action), request.part, request.operation, request.arguments)


def enrol_station(tower_id: str, signing: str, sealing: str) -> None:
    """Trust a station's public keys (raw base64) and tell it what may stand in its tower; raise Refused."""
    for text in (signing, sealing):
        try:
            good = len(base64.b64decode(text, validate=True)) == _KEY_BYTES
        except ValueError:
            good = False
        if not good:
            raise Refused(ErrorCode.request_invalid, reason="a public key is 32 bytes in base64")
    with transaction.atomic():
        tower = get_tower(tower_id)
        tower.signing_key, tower.sealing_key = signing, sealing
        tower.save(update_fields=["signing_key", "sealing_key"])
        queue_stock([tower.slug])
        record("operator", "station_enrolled", tower.slug)


def record_report(tower: Tower, report: TowerReport) -> None:
    """Keep the newest report of a tower and tell the live server."""
    with transaction.atomic():
        Tower.objects.filter(pk=tower.pk).update(report=report.model_dump(mode="json"), report_at=ports().clock.now())
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [REPORT_CHANNEL, tower.slug])


def _check_confirmation(request: StaffRequest, staff: str, now: datetime) -> None:
    if request.asked_by == staff:
        raise Refused(ErrorCode.two_persons_needed)
    if request.confirmed_at is not None:
        raise Refused(ErrorCode.request_replayed)
    if now >= request.expires_at:
        raise Refused(ErrorCode.request_expired)
    if request.action == OperatorAction.accept_count and read_places(request.tower, now) != request.arguments:
        raise Refused(ErrorCode.count_differs)


def _queue_wish(tower: Tower, wish: Wish, staff: str, second: str) -> StationOrder:
    intent: dict[str, object] = {
        "action": wish.action,
        "staff": staff,
        "second": second,
        "part": wish.part,
        "operation": wish.operation,
        "arguments": dict(wish.arguments),
        "expires_at": (ports().clock.now() + OPERATOR_REQUEST_LIFE).isoformat(),
    }
    return queue_order(tower.slug, OrderKind.operator, intent)


def _details(wish: Wish) -> dict[str, object]:
    found = {"part": wish.part, "operation": wish.operation, "arguments": dict(wish.arguments)}
    return {name: value for name, value in found.items() if value}
