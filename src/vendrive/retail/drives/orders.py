"""Orders for stations: numbered after commit, built from the rows as they are then, signed."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from vendrive.ids import random_bytes
from vendrive.passes.sealing import seal_for
from vendrive.passes.signing import ORDER_PURPOSE, sign_text
from vendrive.retail.config import keys, ports
from vendrive.retail.customers.models import Person
from vendrive.retail.customers.queries import usable_template
from vendrive.retail.drives.models import OPEN, Drive, DriveState
from vendrive.retail.drives.scarcity import locked
from vendrive.retail.events.actions import record
from vendrive.retail.fleet.models import OrderKind, StationOrder, Tower, Vehicle, VehicleState
from vendrive.retail.fleet.queries import wire_vehicle
from vendrive.retail.ports import Verdict
from vendrive.vision.faces import THRESHOLD
from vendrive.wire.orders import (
    TWO_PERSONS,
    Cancel,
    Check,
    FaceCheck,
    HandOver,
    Limits,
    OperatorAction,
    OperatorRequest,
    Order,
    OrderBody,
    OrdersPage,
    PinCheck,
    SignedOrder,
    Stock,
    WipeFace,
)

PAGE = 50
EPHEMERAL_BYTES = 32


def publish_orders(tower_id: str, cursor: int = 0) -> int:
    """Number, build and sign what was committed for a tower since the last time; return how many orders that were.

    One publisher at a time: numbers are given without a gap to rows that are committed already, so a station's
    cursor never passes an order that appears later. A `cursor` beyond our last number says that this database was
    restored from an older copy: we go on after it, since a number that is given twice would never be read.
    Raise Refused (busy_try_again).
    """
    with locked([f"publisher:{tower_id}"]):
        tower = Tower.objects.select_for_update().get(pk=tower_id)
        # Locked before their drives are read: see `leases.lease_vehicle`.
        waiting = StationOrder.objects.select_for_update().filter(tower=tower, number=None, dropped_at=None)
        if cursor > tower.last_order:
            record("retail", "orders_resumed", tower.slug, last=tower.last_order, cursor=cursor)
            tower.last_order = cursor
        before = tower.last_order
        for row in waiting.order_by("id"):
            _publish(tower, row)
        tower.save(update_fields=["last_order"])
        return tower.last_order - before


def list_orders(tower_id: str, after: int) -> OrdersPage:
    """Return published orders with numbers above `after`, in order, at most a page."""
    rows = StationOrder.objects.filter(tower_id=tower_id, number__gt=after).order_by("number")[:PAGE]
    return OrdersPage(orders=tuple(SignedOrder(payload=row.payload, signature=row.signature) for row in rows))


def forget_published_faces(person_id: UUID) -> None:
    """Replace each published order that carries a template of this person: the sealed copy goes too.

    Under its number stands the order to delete the template, so that a station that comes late misses no number.
    """
    told = StationOrder.objects.select_for_update().filter(
        person_id=person_id, kind=OrderKind.hand_over, number__isnull=False
    )
    for row in told:
        order = Order.model_validate_json(row.payload)
        if isinstance(order.body, HandOver) and isinstance(order.body.check, FaceCheck):
            _sign(row, order.model_copy(update={"body": WipeFace(person_id=str(person_id))}))
            row.save(update_fields=["payload_box", "signature"])


def _sign(row: StationOrder, order: Order) -> None:
    row.payload = order.model_dump_json()
    row.signature = sign_text(keys().signing, ORDER_PURPOSE, row.payload)


def _publish(tower: Tower, row: StationOrder) -> None:
    now = ports().clock.now()
    body = _body(tower, row, now)
    if body is None:
        row.dropped_at = now
        row.save(update_fields=["dropped_at"])
        return
    tower.last_order += 1
    row.number = tower.last_order
    order = Order(order_id=str(row.order_id), tower_id=tower.slug, number=row.number, issued_at=now, body=body)
    _sign(row, order)
    row.save(update_fields=["number", "payload_box", "signature"])


def _body(tower: Tower, row: StationOrder, now: datetime) -> OrderBody | None:
    """Return what to say, or None where there is nothing left to say."""
    intent = row.intent
    match OrderKind(row.kind):
        case OrderKind.hand_over:
            return _hand_over(tower, intent["drive_id"], intent["revision"])
        case OrderKind.cancel:
            return Cancel(drive_id=intent["drive_id"], revision=intent["revision"])
        case OrderKind.wipe_face:
            return WipeFace(person_id=intent["person_id"])
        case OrderKind.stock:
            return _stock(tower)
        case OrderKind.operator:
            return _operator(intent, now)


def _operator(intent: Mapping[str, Any], now: datetime) -> OperatorRequest | None:
    """Return the request, or None where it is too late, or where one person asks for what two have to."""
    request = OperatorRequest(
        action=OperatorAction(intent["action"]),
        staff=intent["staff"],
        expires_at=datetime.fromisoformat(intent["expires_at"]),
        second=intent.get("second", ""),
        part=intent.get("part", ""),
        operation=intent.get("operation", ""),
        arguments=intent.get("arguments", {}),
    )
    alone = request.second in ("", request.staff)
    return None if now >= request.expires_at or (request.action in TWO_PERSONS and alone) else request


def _hand_over(tower: Tower, drive_id: str, revision: int) -> HandOver | None:
    parts = ("person", "vehicle__model", "vehicle__paint", "follows")
    drive = Drive.objects.select_related(*parts).filter(pk=UUID(drive_id), state__in=OPEN, revision=revision).first()
    if drive is None:
        return None  # it was cancelled, or a later revision follows
    if drive.follows and drive.follows.state == DriveState.out:
        return None  # the second car of a swap: its hand-over is ordered when the first one is back
    check = _check(tower, drive.person) if drive.person.proof == Verdict.yes else None
    if check is None:
        # Not ready until the person has a face or a PIN that was proved, which orders a new revision: otherwise an
        # account could be lent, and its car be fetched with another face than the one that was booked with.
        return None
    return HandOver(
        drive_id=str(drive.id),
        revision=drive.revision,
        pass_id=str(drive.pass_id),
        person_id=str(drive.person_id),
        greeting=drive.person.name,
        short_code=drive.short_code,
        vehicle=wire_vehicle(drive.vehicle),
        not_before=drive.not_before,
        not_after=drive.not_after,
        due_at=drive.due_at,
        check=check,
        limits=Limits(),
        programme_revision=drive.programme_revision,
        promised_at=drive.pickup_at,
    )


def _check(tower: Tower, person: Person) -> Check | None:
    """Return the face, sealed for this tower alone, or the PIN, or None."""
    face = usable_template(person)
    if face is not None and tower.sealing_key:
        engine, template = face
        recipient = X25519PublicKey.from_public_bytes(base64.b64decode(tower.sealing_key))
        context = f"{person.pk}/{tower.slug}"
        box = seal_for(recipient, template, context, random_bytes(EPHEMERAL_BYTES))
        return FaceCheck(engine=engine, threshold=THRESHOLD, sealed_template=box)
    return _pin(person)


def _pin(person: Person) -> PinCheck | None:
    if not person.pin_box:
        return None
    salt, digest = (base64.b64decode(part) for part in json.loads(person.pin))
    return PinCheck(salt=salt, digest=digest)


def _stock(tower: Tower) -> Stock:
    may_stand = Vehicle.objects.filter(tower=tower).exclude(state=VehicleState.service)
    vehicles = may_stand.select_related("model", "paint").order_by("tag")
    return Stock(vehicles=tuple(wire_vehicle(vehicle) for vehicle in vehicles))
