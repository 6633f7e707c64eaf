"""What must not happen: a car for an unproved face, a template that outlives its consent, a journal that is stuck."""

from datetime import timedelta

import numpy as np
import pytest
from django.test import Client

from tests.retail.helpers import PICKUP, Outside, make_driver
from tests.retail.test_stations import batch, enrolled, journey, new_orders, with_face  # noqa: F401 - fixtures
from vendrive.retail.customers import actions
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.actions import book_drive, cancel_drive
from vendrive.retail.drives.journal import record_journal
from vendrive.retail.drives.models import DriveState
from vendrive.retail.events.models import AuditRow
from vendrive.retail.fleet.models import Tower
from vendrive.retail.ports import Verdict
from vendrive.vision.faces import ENGINE_NAME, encode_template
from vendrive.wire.orders import FaceCheck, HandOver, WipeFace


def test_a_tower_never_learns_of_a_face_that_was_not_proved(
    with_face: Customer,  # noqa: F811
    outside: Outside,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drive = book_drive(with_face, "volvo-ex30", "yellow", "shanghai", PICKUP, "k1")
    assert len(new_orders()) == 1
    another = encode_template(np.linspace(1, 2, 128))
    monkeypatch.setattr(actions, "template_of", lambda picture: (ENGINE_NAME, another))
    outside.proof = Verdict.no
    assert actions.enrol_face(with_face, b"somebody else") is Verdict.no
    assert new_orders(after=2) == []
    drive.refresh_from_db()
    assert drive.state == DriveState.booked
    outside.proof = Verdict.yes
    actions.prove_identity(with_face)
    told = new_orders(after=2)
    assert [type(order.body) for order in told] == [HandOver]


def test_a_revoked_face_is_in_no_published_order(with_face: Customer) -> None:  # noqa: F811
    book_drive(with_face, "volvo-ex30", "yellow", "shanghai", PICKUP, "k1")
    before = new_orders()[0].body
    assert isinstance(before, HandOver)
    assert isinstance(before.check, FaceCheck)
    actions.revoke_face_consent(with_face)
    told = new_orders()
    assert [type(order.body) for order in told] == [WipeFace, WipeFace]
    assert [order.number for order in told] == [2, 3]


def test_a_return_that_contradicts_the_rules_does_not_hold_up_the_journal(enrolled: None) -> None:  # noqa: F811
    customer = make_driver()
    first = book_drive(customer, "volvo-ex30", "yellow", "shanghai", PICKUP, "k1")
    cancel_drive(customer, first.id)
    second = book_drive(customer, "volvo-ex30", "yellow", "shanghai", PICKUP + timedelta(minutes=15), "k2")
    second.state = DriveState.returned  # it was driven from another tower meanwhile
    second.save(update_fields=["state"])
    told = batch(*journey(first))
    assert record_journal("shanghai", told) == 3
    assert Tower.objects.get(pk="shanghai").journal_seq == 3
    assert {"hand_over_contradicts", "return_contradicts"} <= set(AuditRow.objects.values_list("action", flat=True))


@pytest.mark.parametrize(
    "address",
    [
        "/api/v1/towers?latitude=nan&longitude=1",
        "/api/v1/towers?latitude=inf&longitude=1",
        "/api/v1/towers?city=%00",
        "/api/v1/pickup-times?model=volvo-ex30&tower=shanghai&day=9999-12-31",
        "/api/v1/pickup-times?model=volvo-ex30&tower=shanghai&day=0001-01-01",
        "/api/v1/pickup-times?model=%00&tower=shanghai&day=2026-03-02",
        "/api/v1/pickup-times?model=volvo-ex30&tower=%00&day=2026-03-02",
        "/api/v1/pickup-times?model=volvo-ex30&tower=shanghai&paint=%00&day=2026-03-02",
        "/api/v1/eligibility?model=volvo-ex30&tower=shanghai&pickup_at=9999-12-31T23:59:59Z",
        "/api/v1/eligibility?model=volvo-ex30&tower=shanghai&pickup_at=2026-03-02T09:00:00",
        "/api/v1/eligibility?model=volvo-ex30&tower=shanghai&pickup_at=0001-01-01T00:00:00Z",
    ],
)
def test_odd_questions_are_answered_or_refused(driver: Customer, address: str) -> None:
    client = Client()
    session = client.session
    session["customer"] = str(driver.pk)
    session.save()
    answer = client.get(address)
    assert answer.status_code in (200, 422), answer.content
    assert b"NaN" not in answer.content


@pytest.mark.parametrize("moment", ["9999-12-31T23:45:00Z", "0001-01-01T00:00:00Z", "2026-03-02T01:15:00"])
def test_the_phone_pages_take_no_odd_time(driver: Customer, moment: str) -> None:
    client = Client()
    session = client.session
    session["customer"] = str(driver.pk)
    session.save()
    assert client.get("/book/", {"model": "volvo-ex30", "paint": "yellow", "tower": "shanghai"}).status_code == 200
    assert client.post("/book/", {"pickup_at": moment}).status_code == 404
    assert client.get("/book/confirm/").status_code == 302
    assert client.get("/book/", {"model": "volvo-ex30", "paint": "\x00", "tower": "\x00"}).status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"pickup_at": "9999-12-31T23:45:00Z"},
        {"pickup_at": "0001-01-01T00:00:00"},
        {"pickup_at": "2026-03-02T01:15:00"},
        {"model": "\x00"},
        {"paint": "\x00"},
        {"tower": "\x00"},
    ],
)
def test_odd_bookings_are_refused(driver: Customer, changed: dict[str, str]) -> None:
    client = Client()
    session = client.session
    session["customer"] = str(driver.pk)
    session.save()
    body = {"model": "volvo-ex30", "paint": "yellow", "tower": "shanghai", "pickup_at": "2026-03-02T01:15:00Z"}
    answer = client.post(
        "/api/v1/drives", body | changed, content_type="application/json", headers={"Idempotency-Key": "k"}
    )
    assert answer.status_code in (409, 422), answer.content
