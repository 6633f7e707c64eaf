"""The world of a crash test: what it looks like to everybody who survives a dead process."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection

from tests.retail.helpers import START, Outside
from vendrive.clock import ManualClock
from vendrive.demo.data import fill_shop
from vendrive.retail.drives.money import list_unsettled, settle_drive
from vendrive.retail.events.models import AuditRow
from vendrive.retail.events.outbox import send_notices
from vendrive.retail.events.sealing import seal_audit, verify_audit
from vendrive.retail.fleet.models import StationOrder
from vendrive.retail.notices.actions import queue_letters
from vendrive.retail.payments.actions import settle_refunds
from vendrive.retail.ports import Payment, Ports
from vendrive.retail.sales.actions import ASK_AGAIN_AFTER, settle_pending_orders

OF_DJANGO = ("auth_permission", "django_content_type", "django_migrations", "procrastinate_")
NOT_COMPARED = ("events_audithead", "django_session")
"""How often heads were signed depends on when the sealer looked; whoever lost an answer left its session behind."""
QUESTIONS = ("identity_asked",)
"""Whoever does not know whether an outside party answered asks again, and writes that down again: no effect twice."""


@dataclass
class Remembering(Outside):
    """Outside parties that outlive our processes: what they were asked is in a file, once for each key."""

    file: Path = field(default_factory=Path)

    def send(self, key: str, to: str, text: str) -> None:
        self._remember("notice", key)

    def charge(self, key: str, amount_minor: int, currency: str) -> Payment:
        self._remember("charge", key)
        return self.payment

    def refund(self, key: str, charge_key: str, amount_minor: int, currency: str) -> Payment:
        self._remember("refund", key)
        return Payment.paid

    def asked(self) -> dict[str, int]:
        """Return how many different things each party did."""
        lines = set(self.file.read_text().splitlines()) if self.file.exists() else set()
        return dict(Counter(line.split()[0] for line in lines))

    def _remember(self, what: str, key: str) -> None:
        with self.file.open("a") as file:
            file.write(f"{what} {key}\n")


def begin_anew(file: Path) -> Remembering:
    """Forget everything but the shop, and return a new world outside."""
    file.unlink(missing_ok=True)
    world = Remembering(ManualClock(START), file=file)
    use(world)
    with connection.cursor() as cursor:
        tables = [name for name in connection.introspection.table_names(cursor) if not name.startswith(OF_DJANGO)]
        cursor.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
        cursor.execute("SELECT to_regclass('shop.fleet_tower')")
        if cursor.fetchone() == (None,):
            fill_shop()
            _keep_shop(tables)
            return world
        # The copy was whole: while it is laid back, row by row, nothing has to be checked.
        cursor.execute("SET session_replication_role = replica")
        for name, columns in _columns_in_shop():
            cursor.execute(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM shop.{name}")
        cursor.execute("SET session_replication_role = DEFAULT")
    return world


def use(world: Outside) -> None:
    """Let this process's product speak to that world."""
    settings.VENDRIVE_PORTS = Ports(world.clock, world, world, world, world, world)


def reconcile(world: Outside) -> None:
    """Do what the worker does after a restart, until nothing is left to do."""
    world.clock.advance(ASK_AGAIN_AFTER.total_seconds() + 1)
    settle_pending_orders()
    for drive in list_unsettled():
        settle_drive(drive)
    settle_refunds()
    while seal_audit() + queue_letters() + send_notices():
        pass


def look(world: Remembering) -> dict[str, Any]:
    """Return everything of which too much or too little would show that an effect was lost, or happened twice."""
    rows = {
        model._meta.db_table: model._default_manager.count()
        for model in apps.get_models()
        if not model._meta.db_table.startswith((*OF_DJANGO, *NOT_COMPARED)) and model._meta.managed
    }
    audit = Counter(AuditRow.objects.exclude(action__in=QUESTIONS).values_list("action", flat=True))
    rows["events_auditrow"] = audit.total()
    return {
        "rows": rows,
        "audit": dict(sorted(audit.items())),
        "unsealed": AuditRow.objects.filter(seq=None).count(),
        "states": _states(),
        "orders": dict(sorted(Counter(StationOrder.objects.values_list("kind", flat=True)).items())),
        "outside": world.asked(),
    }


def sealed() -> int:
    """Check the whole audit chain; return its length."""
    return verify_audit()


def _keep_shop(tables: list[str]) -> None:
    """Copy each table that the shop fills, whichever those are."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA shop")
        for name in tables:
            cursor.execute(f"SELECT EXISTS (SELECT FROM {name})")
            if cursor.fetchone() == (True,):
                cursor.execute(f"CREATE TABLE shop.{name} AS TABLE {name}")


def _columns_in_shop() -> list[tuple[str, str]]:
    """Return each table that was copied, with the columns that the database does not work out for itself."""
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT table_name, string_agg(quote_ident(column_name), ', ') FROM information_schema.columns AS c
            WHERE table_schema = 'public' AND is_generated = 'NEVER'
                AND EXISTS (SELECT FROM pg_tables WHERE schemaname = 'shop' AND tablename = c.table_name)
            GROUP BY table_name""")
        found: list[tuple[str, str]] = cursor.fetchall()
    return found


def _states() -> dict[str, dict[str, int]]:
    """Return how many rows of each table are in each state."""
    found: dict[str, dict[str, int]] = {}
    for model in apps.get_models():
        if any(one.name == "state" for one in model._meta.get_fields()):
            states = model._default_manager.values_list("state", flat=True)
            found[model._meta.db_table] = dict(sorted(Counter(states).items()))
    return found


def differences(wanted: dict[str, Any], found: dict[str, Any]) -> str:
    """Say what differs between two looks."""
    told = []
    for name in wanted:
        if wanted[name] != found[name]:
            told.append(f"{name}: wanted {json.dumps(wanted[name])}, found {json.dumps(found[name])}")
    return "; ".join(told)
