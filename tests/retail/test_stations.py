"""The line to a station: orders, journal, credentials, and what a face's consent means for both sides."""

import base64
import json
import threading
from datetime import timedelta

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.db import connections, transaction
from django.test import Client

from tests.retail.helpers import PICKUP, PIN, START, Outside, introduction, make_driver, sign_in
from vendrive.audit import GENESIS, seal
from vendrive.demo.data import fill_shop
from vendrive.ids import new_uuid, random_bytes
from vendrive.passes.sealing import open_sealed
from vendrive.passes.signing import ORDER_PURPOSE, encode, is_signed, sign_text
from vendrive.retail.config import keys
from vendrive.retail.console.queries import check_chain
from vendrive.retail.customers import actions
from vendrive.retail.customers.models import Customer, FaceEnrolment, TemplateKey
from vendrive.retail.drives.actions import book_drive, cancel_drive
from vendrive.retail.drives.journal import record_journal
from vendrive.retail.drives.models import Drive, DriveState
from vendrive.retail.drives.orders import list_orders, publish_orders
from vendrive.retail.events.models import AuditRow
from vendrive.retail.fleet.actions import ask_operator, enrol_station, queue_order
from vendrive.retail.fleet.models import JournalEntry, OrderKind, StationOrder, Tower, Vehicle
from vendrive.retail.fleet.policies import Wish
from vendrive.vision.faces import ENGINE_NAME, decode_template, encode_template
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.journal import (
    Entry,
    Event,
    HandedOver,
    JournalBatch,
    PassHeld,
    Returned,
    sealed_payload,
    sealed_text,
)
from vendrive.wire.orders import FaceCheck, HandOver, OperatorAction, Order, PinCheck, WipeFace
from vendrive.wire.station_auth import PURPOSE, RequestToSign

SIGNING = Ed25519PrivateKey.generate()
SEALING = X25519PrivateKey.generate()


@pytest.fixture
def enrolled(shop: None) -> None:
    publics = (key.public_key().public_bytes_raw() for key in (SIGNING, SEALING))
    enrol_station("shanghai", *(base64.b64encode(public).decode() for public in publics))
    publish_orders("shanghai")


@pytest.fixture
def drive(enrolled: None) -> Drive:
    return book_drive(make_driver(), "volvo-ex30", "yellow", "shanghai", PICKUP, "k1")


def new_orders(after: int = 1) -> list[Order]:
    """Publish and return what follows the stock order."""
    publish_orders("shanghai")
    page = list_orders("shanghai", after)
    assert all(is_signed(keys().signing.public_key(), ORDER_PURPOSE, o.payload, o.signature) for o in page.orders)
    return [Order.model_validate_json(order.payload) for order in page.orders]


def batch(*events: Event, after: int = 0, head: bytes = GENESIS) -> JournalBatch:
    """Return a journal of these events, a minute apart, chained."""
    entries = []
    for seq, event in enumerate(events, start=after + 1):
        at = PICKUP + timedelta(minutes=seq)
        head = seal(head, seq, sealed_payload(at, event))
        entries.append(Entry(seq=seq, at=at, event=event, digest=head.hex()))
    return JournalBatch(tower_id="shanghai", entries=tuple(entries))


def journey(drive: Drive) -> tuple[Event, ...]:
    ids = {"drive_id": str(drive.id), "vehicle_id": str(drive.vehicle_id)}
    return (
        PassHeld(drive_id=str(drive.id), revision=1),
        HandedOver(bay="B1", **ids),
        Returned(slot="2A", length_mm=4233, mass_kg=1840, **ids),
    )


def test_orders_are_numbered_without_a_gap_and_signed(drive: Drive) -> None:
    cancel_drive(drive.customer, drive.id)
    book_drive(drive.customer, "byd-han", "red", "shanghai", PICKUP, "k2")
    orders = new_orders()
    # The hand-over of the cancelled drive was never published, so nobody has to be told of it.
    assert [(order.number, order.body.kind) for order in orders] == [(2, "cancel"), (3, "hand_over")]
    assert publish_orders("shanghai") == 0


def test_the_journal_moves_a_drive_through_its_life_once(drive: Drive) -> None:
    told = batch(*journey(drive))
    assert record_journal("shanghai", JournalBatch(tower_id="shanghai", entries=told.entries[:1])) == 1
    drive.refresh_from_db()
    assert drive.state == DriveState.ready
    assert record_journal("shanghai", JournalBatch(tower_id="shanghai", entries=told.entries[:2])) == 2
    drive.refresh_from_db()
    assert (drive.state, drive.due_at) == (DriveState.out, PICKUP + timedelta(days=3, minutes=2))
    assert Vehicle.objects.get(pk=drive.vehicle_id).state == "out"
    for _ in range(2):
        assert record_journal("shanghai", told) == 3
    drive.refresh_from_db()
    assert (drive.state, drive.returned_at) == (DriveState.returned, PICKUP + timedelta(minutes=3))
    assert Vehicle.objects.get(pk=drive.vehicle_id).state == "pool"
    assert JournalEntry.objects.count() == 3


def test_a_broken_chain_or_a_gap_stores_nothing(drive: Drive) -> None:
    told = batch(*journey(drive))
    forged = told.entries[1].model_copy(update={"event": told.entries[2].event})
    for entries in ((told.entries[0], told.entries[2]), (told.entries[0], forged)):
        with pytest.raises(Refused, match="request_invalid"):
            record_journal("shanghai", JournalBatch(tower_id="shanghai", entries=entries))
    # A station that is ahead is told from where to send again.
    assert record_journal("shanghai", JournalBatch(tower_id="shanghai", entries=told.entries[1:])) == 0
    drive.refresh_from_db()
    assert drive.state == DriveState.booked
    assert not JournalEntry.objects.exists()
    assert Tower.objects.get(pk="shanghai").journal_seq == 0


def test_a_journal_of_an_older_station_is_kept_and_verifies_as_it_was_sealed(drive: Drive) -> None:
    # Such a station knew neither `count` nor the order of fields of today.
    text = '{"code":"pass_unknown","kind":"person_refused","v":1,"drive_id":null}'
    digest = seal(GENESIS, 1, sealed_text(PICKUP, text))
    told = JournalBatch(tower_id="shanghai", entries=(Entry.stored(1, PICKUP, text, digest.hex()),))
    assert record_journal("shanghai", JournalBatch.model_validate_json(told.model_dump_json())) == 1
    row = JournalEntry.objects.get()
    assert (row.text, row.event, row.digest) == (text, json.loads(text), digest.hex())
    tower = Tower.objects.get(pk="shanghai")
    assert check_chain(tower).broken is None
    JournalEntry.objects.update(event=row.event | {"code": "pass_used"})
    assert check_chain(tower).broken == 1
    JournalEntry.objects.update(event=row.event, text=text.replace("unknown", "expired"))
    assert check_chain(tower).broken == 1


def test_a_hand_over_that_happened_wins_over_a_cancellation(drive: Drive) -> None:
    cancel_drive(drive.customer, drive.id)
    other = book_drive(make_driver(2), "volvo-ex30", "yellow", "shanghai", PICKUP, "k2")
    record_journal("shanghai", batch(*journey(drive)[:2]))
    drive.refresh_from_db()
    other.refresh_from_db()
    assert (drive.state, other.state) == (DriveState.out, DriveState.cancelled)


def test_a_hand_over_of_an_unknown_drive_or_another_car_is_written_down_for_a_person(drive: Drive) -> None:
    stranger = str(new_uuid())
    record_journal(
        "shanghai",
        batch(
            HandedOver(bay="B1", drive_id=stranger, vehicle_id=str(drive.vehicle_id)),
            HandedOver(bay="B1", drive_id=str(drive.id), vehicle_id=stranger),
        ),
    )
    written = set(AuditRow.objects.filter(actor="retail").values_list("action", "subject"))
    assert {("hand_over_unknown", stranger), ("another_vehicle_left", str(drive.id))} <= written


@pytest.fixture
def with_face(enrolled: None, monkeypatch: pytest.MonkeyPatch) -> Customer:
    template = encode_template(np.linspace(0, 1, 128))
    monkeypatch.setattr(actions, "template_of", lambda picture: (ENGINE_NAME, template))
    customer = sign_in()
    actions.introduce_person(customer, introduction())
    with pytest.raises(Refused, match="consent_missing"):
        actions.enrol_face(customer, b"picture")
    actions.give_face_consent(customer)
    actions.enrol_face(customer, b"picture")
    return customer


def test_a_template_is_sealed_for_its_tower_alone(with_face: Customer) -> None:
    drive = book_drive(with_face, "volvo-ex30", "yellow", "shanghai", PICKUP, "k1")
    body = new_orders()[0].body
    assert isinstance(body, HandOver)
    assert isinstance(body.check, FaceCheck)
    plain = open_sealed(SEALING, body.check.sealed_template, f"{drive.person_id}/shanghai")
    assert np.allclose(decode_template(plain)[1], np.linspace(0, 1, 128))


def test_revoking_consent_wipes_both_sides_and_falls_back_to_the_pin(with_face: Customer) -> None:
    drive = book_drive(with_face, "volvo-ex30", "yellow", "shanghai", PICKUP, "k1")
    new_orders()
    actions.revoke_face_consent(with_face)
    assert not TemplateKey.objects.exists()
    assert not FaceEnrolment.objects.exists()
    told = new_orders(after=2)
    assert [type(order.body) for order in told] == [WipeFace]
    drive.refresh_from_db()
    assert (drive.state, drive.revision) == (DriveState.booked, 2)
    actions.set_pin(with_face, PIN)
    body = new_orders(after=3)[0].body
    assert isinstance(body, HandOver)
    assert isinstance(body.check, PinCheck)
    record_journal("shanghai", batch(PassHeld(drive_id=str(drive.id), revision=1)))
    drive.refresh_from_db()
    assert drive.state == DriveState.booked  # what is held is not what is valid now


def test_an_operators_request_is_void_after_a_minute(enrolled: None, outside: Outside) -> None:
    ask_operator("anna", "shanghai", Wish(OperatorAction.emergency_stop))
    outside.clock.advance(61)
    assert new_orders() == []
    ask_operator("anna", "shanghai", Wish(OperatorAction.emergency_stop))
    assert [order.body.kind for order in new_orders()] == ["operator"]


def test_a_database_from_an_older_copy_gives_no_number_twice(enrolled: None, outside: Outside) -> None:
    """The station holds orders up to 40; with 2 as the next number nothing would ever be read again."""
    ask_operator("anna", "shanghai", Wish(OperatorAction.emergency_stop))
    publish_orders("shanghai", cursor=40)
    assert [order.number for order in new_orders(after=40)] == [41]
    assert Tower.objects.get(pk="shanghai").last_order == 41
    row = AuditRow.objects.get(action="orders_resumed")
    assert (row.subject, row.details) == ("shanghai", {"last": 1, "cursor": 40})
    publish_orders("shanghai", cursor=41)
    assert AuditRow.objects.filter(action="orders_resumed").count() == 1


def test_an_order_that_commits_late_is_not_passed_by_the_cursor(transactional_db: None, outside: Outside) -> None:
    """The first to write its order is the last to commit: with a number from a sequence its station would skip it."""
    fill_shop()
    written, commit = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            first.append(queue_order("shanghai", OrderKind.stock, {}).pk)
            written.set()
            assert commit.wait(20)
        connections.close_all()

    first: list[int] = []
    thread = threading.Thread(target=slow)
    thread.start()
    try:
        assert written.wait(20)
        second = queue_order("shanghai", OrderKind.stock, {}).pk
        assert publish_orders("shanghai") == 1  # does not wait for what is not committed
        cursor = page_end(0)
    finally:
        commit.set()
        thread.join(20)
    assert publish_orders("shanghai") == 1
    numbers = dict(StationOrder.objects.values_list("pk", "number"))
    assert first[0] < second
    assert (numbers[second], numbers[first[0]]) == (1, 2)
    assert (cursor, page_end(cursor)) == (1, 2)


def page_end(after: int) -> int:
    """Return the number of the last order of the page that a station gets after its cursor."""
    return Order.model_validate_json(list_orders("shanghai", after).orders[-1].payload).number


def test_publishers_at_once_give_each_number_once(transactional_db: None, outside: Outside) -> None:
    fill_shop()
    for _ in range(20):
        queue_order("shanghai", OrderKind.stock, {})
    start = threading.Barrier(4)

    def publish() -> None:
        start.wait(10)
        publish_orders("shanghai")
        connections.close_all()

    threads = [threading.Thread(target=publish) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    numbers = StationOrder.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == list(range(1, 21))


def test_a_page_that_is_pulled_again_is_the_same(drive: Drive) -> None:
    publish_orders("shanghai")
    first = list_orders("shanghai", 0).model_dump_json()
    publish_orders("shanghai")
    assert list_orders("shanghai", 0).model_dump_json() == first


def headers(target: str, body: bytes, nonce: str, at: timedelta = timedelta()) -> dict[str, str]:
    request = RequestToSign("shanghai", "POST", target, body, START + at, nonce)
    return {
        "X-Vendrive-Tower": "shanghai",
        "X-Vendrive-Time": (START + at).isoformat(),
        "X-Vendrive-Nonce": nonce,
        "X-Vendrive-Signature": sign_text(SIGNING, PURPOSE, request.text()),
    }


def test_a_signed_request_counts_once(drive: Drive, client: Client) -> None:
    body = batch(*journey(drive)[:1]).model_dump_json().encode()
    target, json_type = "/api/station/journal", "application/json"

    def post(signed: dict[str, str], sent: bytes = body) -> int:
        answer = client.post(target, sent, content_type=json_type, headers=signed)
        assert answer.status_code == 200 or json.loads(answer.content)["what"]
        return answer.status_code

    nonce = encode(random_bytes(12))
    for bad in ({}, headers(target, b"other", nonce), headers(target, body, nonce, timedelta(seconds=-121))):
        assert post(bad) == 401
    assert not JournalEntry.objects.exists()
    assert post(headers(target, body, nonce)) == 200
    assert post(headers(target, body, nonce)) == 401
    assert JournalEntry.objects.count() == 1


def test_a_station_that_is_not_enrolled_is_nobody(shop: None, client: Client) -> None:
    answer = client.get("/api/station/orders?after=0", headers=headers("/api/station/orders?after=0", b"", "n"))
    assert answer.status_code == 401
    assert answer.json()["code"] == ErrorCode.signature_invalid
