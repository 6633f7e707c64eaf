"""Customers are told what happened, in their language, once."""

import string
import threading
from datetime import timedelta

import pytest
from django.db import connections

from tests.retail.helpers import PICKUP, Outside, code_sent_to, make_driver, phone_of
from tests.retail.lending import hand_over
from tests.retail.test_stations import batch, journey
from vendrive.demo.data import fill_shop
from vendrive.design.messages import LANGUAGES, catalogue
from vendrive.retail.customers.models import Customer
from vendrive.retail.customers.sign_in import confirm_code, request_code
from vendrive.retail.drives.actions import book_drive, cancel_drive
from vendrive.retail.drives.changes import extend_drive, return_early
from vendrive.retail.drives.journal import record_journal
from vendrive.retail.drives.models import Drive, DriveState
from vendrive.retail.drives.notices import AT_ONCE
from vendrive.retail.drives.waiting import join_queue
from vendrive.retail.events import reading
from vendrive.retail.events.actions import record
from vendrive.retail.events.models import AuditRow, Cursor, Notice
from vendrive.retail.events.outbox import send_notices
from vendrive.retail.events.sealing import seal_audit
from vendrive.retail.notices import actions, texts
from vendrive.retail.notices.actions import queue_letters
from vendrive.retail.payments.actions import open_charge, open_refund, settle_charge, settle_refunds
from vendrive.retail.sales.actions import buy_vehicle

EX30 = ("volvo-ex30", "yellow", "shanghai", PICKUP)


def told(outside: Outside) -> list[str]:
    """Let the worker look, and return what was sent since, codes apart."""
    outside.sent.clear()
    for _ in range(2):  # the second look finds nothing new
        seal_audit()
        queue_letters()
        send_notices()
    return [text for _, text in outside.sent if "code" not in text and "验证码" not in text]


@pytest.fixture
def drive(driver: Customer, outside: Outside) -> Drive:
    told(outside)
    return book_drive(driver, *EX30, "k1")


def test_every_step_of_a_drive_is_told_once(drive: Drive, outside: Outside) -> None:
    assert told(outside) == [
        "Booked: Volvo EX30 at Vendrive Shanghai, Mon 2 March at 09:15. We tell you when the tower has your pass."
    ]
    record_journal("shanghai", batch(*journey(drive)))
    ready, lent, back = told(outside)
    assert ready.endswith("waits for you on Mon 2 March at 09:15.")
    assert drive.vehicle.plate in lent
    assert "Thu 5 March, 09:17" in lent
    assert "is back" in back
    buy_vehicle(drive.customer, drive.id, "k2")
    assert "¥" in told(outside)[0]
    assert told(outside) == []


def test_the_language_is_the_one_that_the_customer_signed_in_with(driver: Customer, outside: Outside) -> None:
    outside.clock.advance(1)
    request_code(phone_of(1), "127.0.0.1", "zh")
    customer = confirm_code(phone_of(1), code_sent_to(phone_of(1)), "zh")
    told(outside)
    cancel_drive(customer, book_drive(customer, *EX30, "k1").id)
    booked, cancelled = told(outside)
    assert booked.startswith("预订成功：沃尔沃 EX30")
    assert "已取消" in cancelled


def test_who_loses_a_car_to_a_hand_over_gets_an_apology(drive: Drive, outside: Outside) -> None:
    cancel_drive(drive.customer, drive.id)
    book_drive(make_driver(2), *EX30, "k2")
    told(outside)
    record_journal("shanghai", batch(*journey(drive)[:2]))
    assert [text for text in told(outside) if text.startswith("We are sorry")]
    assert {to for to, text in outside.sent if text.startswith("We are sorry")} == {phone_of(2)}


def test_a_pass_that_the_tower_gets_anew_is_not_told_again(drive: Drive, outside: Outside) -> None:
    told(outside)
    for _ in range(2):
        Drive.objects.update(state=DriveState.booked)
        record("station:shanghai", "pass_held", drive.id, revision=1)
    assert len(told(outside)) == 1


def test_an_event_that_cannot_be_told_does_not_hold_up_the_next(drive: Drive, outside: Outside) -> None:
    record("retail", "drive_not_collected", "no such drive")
    record("retail", "returned", drive.id)
    assert [text[:6] for text in told(outside)] == ["Booked", "Volvo "]
    row = AuditRow.objects.get(action="event_not_handled")
    assert (row.subject, row.details["consumer"]) == ("no such drive", "notices")


def test_a_consumer_that_dies_midway_has_seen_nothing(
    drive: Drive, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        pass

    def die(*asked: object, **named: object) -> None:
        raise Died

    seal_audit()
    before = Notice.objects.count()
    with monkeypatch.context() as dying:
        dying.setattr(Cursor, "save", die)
        with pytest.raises(Died):
            queue_letters()
    assert Notice.objects.count() == before
    assert len(told(outside)) == 1


def test_two_consumers_at_once_tell_once(transactional_db: None, outside: Outside) -> None:
    fill_shop()
    book_drive(make_driver(), *EX30, "k1")
    seal_audit()
    start = threading.Barrier(2)

    def look() -> None:
        start.wait(10)
        queue_letters()
        connections.close_all()

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert Notice.objects.filter(key__startswith="booked:").count() == 1


def test_an_event_is_read_once_it_is_committed_and_sealed(drive: Drive) -> None:
    seen: list[int | None] = []
    assert reading.read_on("test", lambda row: seen.append(row.seq)) == 0 or seen
    seal_audit()
    while reading.read_on("test", lambda row: seen.append(row.seq)):
        pass
    assert seen == list(range(1, AuditRow.objects.count() + 1))
    assert Cursor.objects.get(name="test").seq == len(seen)


def test_a_message_that_does_not_go_is_tried_again_more_rarely(
    drive: Drive, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(key: str, to: str, text: str) -> None:
        tried.append(key)
        raise OSError("no line")

    tried: list[str] = []
    told(outside)
    seal_audit()
    request_code(phone_of(3), "127.0.0.1")
    monkeypatch.setattr(outside, "send", fail)
    for _ in range(60):
        send_notices()
        outside.clock.advance(1)
    assert (len(tried), len(set(tried))) == (5, 1)  # at 0, 2, 6, 14 and 30 s
    monkeypatch.undo()
    outside.clock.advance(60)
    assert send_notices() == 1


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_message_has_its_sentence_and_names_only_what_is_known(lang: str, drive: Drive) -> None:
    known = {*texts.about_drive(str(drive.id)).words, "down", "amount", "minutes", "colour", "why"}
    told = {message for message, _ in texts.TOLD.values()} | AT_ONCE
    for message in told:
        fields = {name for _, name, _, _ in string.Formatter().parse(catalogue(lang)[f"notice.{message}"]) if name}
        assert fields <= known
    named = {key.removeprefix("notice.") for key in catalogue(lang) if key.startswith("notice.")}
    assert {name for name in named if not name.startswith("because.")} == told | {"code"}
    assert actions.CONSUMER


def test_a_change_a_refund_and_a_place_in_a_queue_are_told(drive: Drive, outside: Outside) -> None:
    customer, after = drive.customer, drive.pickup_at + timedelta(days=5)
    join_queue(customer, "byd-han", "", "shanghai", after, after + timedelta(days=2))
    outside.clock.advance((drive.pickup_at - outside.clock.now()).total_seconds())
    hand_over(drive)
    for days in (4, 3):
        extend_or_not = extend_drive if days == 4 else return_early
        extend_or_not(customer, drive.pk, drive.pickup_at + timedelta(days=days) - timedelta(hours=1))
    charge = open_charge(customer, "fee", "drive", 5000, "CNY")
    settle_charge(charge.pk)
    open_refund(charge, "fee:back", 2500)
    settle_refunds()
    while seal_audit() + queue_letters():
        pass
    told = [notice.text for notice in Notice.objects.order_by("at")]
    assert sum("Changed: please bring" in text for text in told) == 2
    assert sum("on their way back" in text and "25" in text for text in told) == 1
    assert sum("You wait for" in text for text in told) == 1
