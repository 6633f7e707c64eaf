"""Holding and booking over HTTP: one look, one call that does and stores all, and nothing done twice in any order."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.retail.api.conftest import BOOKING, Phone
from tests.retail.helpers import START, Outside, make_driver
from vendrive.demo.data import fill_shop
from vendrive.retail.customers.actions import ask_standing
from vendrive.retail.customers.models import Customer
from vendrive.retail.customers.session_store import SessionStore
from vendrive.retail.drives import once
from vendrive.retail.drives.models import Drive, DriveState
from vendrive.retail.drives.programmes import Scope, change_rules
from vendrive.retail.drives.reserving import Wanted
from vendrive.retail.events.idempotency import Write
from vendrive.retail.events.models import AuditRow, IdempotencyKey
from vendrive.retail.fleet.models import StationOrder
from vendrive.retail.ports import Payment

KEY = "6f1c2b7e-8f0e-4c39-9d39-1f6b1a1c2f10"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
LATER = BOOKING | {"pickup_at": "2026-03-02T02:15:00Z"}


def code_of(answer: object) -> str:
    return str(json.loads(answer.content)["code"])  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["holds", "drives"])
def test_it_takes_three_statements_session_and_all(phone: Phone, path: str) -> None:
    assert phone.customer is not None
    ask_standing(phone.customer, 700)
    # Its terms are written down by whoever asks first.
    assert Phone(make_driver(2)).send("POST", path, LATER).status_code == 201
    with CaptureQueriesContext(connection) as asked:
        assert phone.send("POST", path, BOOKING | {"model": "byd-han", "paint": "red"}).status_code == 201
    statements = [query["sql"] for query in asked if "SAVEPOINT" not in query["sql"]]
    assert len(statements) == 3, statements
    assert "drives_reserve_once" in statements[-1]


def test_a_hold_is_told_as_it_is(phone: Phone) -> None:
    local = BOOKING | {"pickup_at": "2026-03-02T09:15:00+08:00"}
    told = json.loads(phone.send("POST", "holds", local, KEY, **{"Accept-Language": "zh"}).content)
    held = Drive.objects.select_related("terms", "vehicle__paint").get()
    assert told["drive_id"] == str(held.pk) == IdempotencyKey.objects.get().subject
    assert (told["model"], told["paint"], told["tower"]) == (held.model_id, held.vehicle.paint.slug, held.tower_id)
    assert told["pickup_at"] == "2026-03-02T01:15:00Z"
    assert (told["terms"], told["terms_text"]) == (held.terms_id, held.terms.text_zh)
    assert (told["fee_minor"], told["deposit_minor"]) == (held.fee_minor, held.deposit_minor)


def test_what_was_stored_since_the_look_is_given_and_nothing_done(
    phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = phone.send("POST", "drives", BOOKING, KEY)
    assert first.status_code == 201
    Drive.objects.update(state=DriveState.cancelled, ended_at=START)  # so that nothing else stands in the way
    real, looks = once._look, list[bool]()

    def late(customer: Customer, wanted: Wanted, write: Write) -> once._Seen:
        looks.append(True)
        seen = real(customer, wanted, write)
        return seen if len(looks) > 1 else replace(seen, kept=None)

    monkeypatch.setattr(once, "_look", late)
    before = (Drive.objects.count(), AuditRow.objects.count(), StationOrder.objects.count())
    assert phone.send("POST", "drives", BOOKING, KEY).content == first.content
    assert len(looks) == 2
    assert (Drive.objects.count(), AuditRow.objects.count(), StationOrder.objects.count()) == before


def test_while_another_takes_the_same_key_it_is_under_way(transactional_db: None, outside: Outside) -> None:
    fill_shop()
    phone = Phone(make_driver())
    assert phone.customer is not None
    ask_standing(phone.customer, 700)
    first = json.loads(phone.send("POST", "drives", BOOKING, KEY).content)["drive_id"]
    scope = IdempotencyKey.objects.get().scope
    assert phone.send("POST", f"drives/{first}/cancel").status_code == 200
    IdempotencyKey.objects.all().delete()
    parameters = connection.get_connection_params()
    with psycopg.connect(**{name: parameters[name] for name in ("dbname", "user", "host")}) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", [f"{scope}\n{KEY}"])
        refused = phone.send("POST", "drives", BOOKING, KEY)
        assert (refused.status_code, code_of(refused)) == (409, "idempotency_in_flight")
        assert (Drive.objects.count(), IdempotencyKey.objects.count()) == (1, 0)
    assert phone.send("POST", "drives", BOOKING, KEY).status_code == 201


def test_a_booking_that_costs_is_paid_in_the_same_breath_or_was_never_held(phone: Phone, outside: Outside) -> None:
    change_rules("demo-staff", "test-drive", Scope(), {"fee_minor": 9900, "deposit_minor": 100_000})
    outside.payment = Payment.declined
    refused = phone.send("POST", "drives", BOOKING, KEY)
    assert (refused.status_code, code_of(refused)) == (409, "payment_declined")
    assert not Drive.objects.exists()
    assert not IdempotencyKey.objects.exists()
    outside.payment = Payment.paid
    booked = phone.send("POST", "drives", BOOKING, KEY)
    assert (booked.status_code, Drive.objects.get().state) == (201, DriveState.booked)
    assert phone.send("POST", "drives", BOOKING, KEY).content == booked.content
    assert Drive.objects.count() == 1


def test_whom_the_session_names_has_to_exist(phone: Phone) -> None:
    session = phone.client.session
    session["customer"] = "0b8f3a52-64a4-4e5c-b1bb-1c0e5fd2d6a1"
    session.save()
    for path in ("holds", "drives"):
        refused = phone.send("POST", path, BOOKING)
        assert (refused.status_code, code_of(refused)) == (401, "sign_in_needed")
    assert not Drive.objects.exists()


def test_a_session_that_is_unknown_or_over_is_nobodys(phone: Phone) -> None:
    assert SessionStore.__module__ == settings.SESSION_ENGINE
    key = str(phone.client.cookies["sessionid"].value)
    assert SessionStore(key)["customer"] == str(phone.customer.pk)  # type: ignore[union-attr]
    Session.objects.update(expire_date=LONG_AGO)
    for nobodys in (SessionStore(key), SessionStore("unknown")):
        assert dict(nobodys.items()) == {}
        assert nobodys.session_key is None
    assert phone.send("POST", "drives", BOOKING).status_code == 401
