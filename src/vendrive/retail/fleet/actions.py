"""Writes of the fleet: orders for stations, enrolment, reports."""

import base64
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction

from vendrive.retail.config import ports
from vendrive.retail.events.actions import record
from vendrive.retail.fleet.models import OrderKind, StationOrder, Tower
from vendrive.retail.fleet.queries import get_tower
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.orders import OperatorAction
from vendrive.wire.report import TowerReport

REPORT_CHANNEL = "vendrive_tower_report"
OPERATOR_REQUEST_LIFE = timedelta(seconds=60)
_KEY_BYTES = 32


def queue_order(tower_id: str, kind: OrderKind, intent: dict[str, object], person_id: UUID | None = None) -> None:
    """Write what the station is to be told, in the transaction of its cause; the publisher numbers it later."""
    StationOrder.objects.create(
        tower_id=tower_id, kind=kind, intent=intent, person_id=person_id, created_at=ports().clock.now()
    )


def queue_stock(tower_ids: Iterable[str]) -> None:
    """Tell stations which vehicles may stand in their towers."""
    for tower_id in tower_ids:
        queue_order(tower_id, OrderKind.stock, {})


def ask_operator(staff: str, tower_id: str, action: OperatorAction) -> None:
    """Ask a station for what a console may ask; the request is void after a minute."""
    now = ports().clock.now()
    with transaction.atomic():
        tower = get_tower(tower_id)
        expires_at = now + OPERATOR_REQUEST_LIFE
        intent: dict[str, object] = {"action": action, "staff": staff, "expires_at": expires_at.isoformat()}
        queue_order(tower.slug, OrderKind.operator, intent)
        record(f"staff:{staff}", action, tower.slug)


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
