"""Every write happens once for its key, and its answer is given again byte for byte."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection, connections
from django.http import HttpResponse

from tests.retail.api.conftest import BOOKING, Phone
from tests.retail.helpers import PICKUP, PIN, START, Outside, code_sent_to, introduction, make_driver, phone_of
from vendrive.demo.data import fill_shop
from vendrive.retail.customers import actions
from vendrive.retail.customers.models import Customer, SignInCode
from vendrive.retail.drives.models import Drive, DriveState
from vendrive.retail.events.forgetting import forget_the_old
from vendrive.retail.events.idempotency import Write, claim, in_flight
from vendrive.retail.events.models import AuditRow, IdempotencyKey, Notice
from vendrive.retail.events.outbox import send_notices
from vendrive.retail.fleet.models import StationOrder
from vendrive.retail.ports import Payment
from vendrive.vision.faces import ENGINE_NAME
from vendrive.wire.errors import Refused

KEY = "6f1c2b7e-8f0e-4c39-9d39-1f6b1a1c2f10"
INTRODUCTION = {
    "name": "Demo person 1", "document_kind": "passport", "document": "E00000001", "licence_class": "C1",
    "licence_expiry": "2030-01-01", "birth_date": "1990-01-01",
}  # fmt: skip
WRITES: dict[str, tuple[str, str, object]] = {
    "session/code": ("POST", "session/code", {"phone": "+8613812340077"}),
    "sign out": ("DELETE", "session", None),
    "introduce": ("PUT", "me", INTRODUCTION),
    "consent": ("POST", "me/face-consent", None),
    "revoke": ("DELETE", "me/face-consent", None),
    "face": ("PUT", "me/face", b"a picture"),
    "pin": ("PUT", "me/pin", {"pin": PIN}),
    "book": ("POST", "drives", BOOKING),
    "cancel": ("POST", "drives/{drive}/cancel", None),
    "buy": ("POST", "drives/{drive}/buy", None),
}
"""Each write but signing in, which has tests of its own: method, path, body."""


def effects() -> tuple[int, ...]:
    """Return what a write leaves, counted: an effect that happens twice adds to one of them."""
    return tuple(model.objects.count() for model in (AuditRow, Drive, StationOrder, Notice, SignInCode))


@pytest.fixture
def ask(phone: Phone, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str | None], HttpResponse]:
    """Send one of WRITES under a key, where everything is ready for it to succeed."""
    monkeypatch.setattr(actions, "template_of", lambda picture: (ENGINE_NAME, b"template"))
    assert phone.customer is not None
    actions.give_face_consent(phone.customer)
    drives: dict[str, str] = {}

    def send(name: str, key: str | None) -> HttpResponse:
        method, path, body = WRITES[name]
        if "{drive}" in path and not drives:
            drives["drive"] = json.loads(phone.send("POST", "drives", BOOKING).content)["drive_id"]
            if name == "buy":
                Drive.objects.update(state=DriveState.returned, ended_at=START)
        return phone.send(method, path.format(**drives), body, key)

    return send


@pytest.mark.parametrize("name", WRITES)
def test_a_replay_has_the_same_bytes_and_no_second_effect(
    ask: Callable[[str, str | None], HttpResponse], name: str
) -> None:
    first = ask(name, KEY)
    assert first.status_code < 300, first.content
    before = effects()
    second = ask(name, KEY)
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second.headers["Content-Type"] == first.headers["Content-Type"]
    assert effects() == before


@pytest.mark.parametrize("name", WRITES)
def test_a_write_without_a_key_is_refused(ask: Callable[[str, str | None], HttpResponse], name: str) -> None:
    ask("cancel", "another")  # makes the drive that some are about
    before = effects()
    for key in (None, "k" * 256, "k k"):
        answer = ask(name, key)
        assert (answer.status_code, json.loads(answer.content)["code"]) == (400, "idempotency_key_missing")
    assert effects() == before


def test_a_key_that_was_used_for_another_body_is_refused(phone: Phone) -> None:
    assert phone.send("POST", "drives", BOOKING, KEY).status_code == 201
    before = effects()
    answer = phone.send("POST", "drives", BOOKING | {"pickup_at": "2026-03-02T02:15:00Z"}, KEY)
    assert (answer.status_code, json.loads(answer.content)["code"]) == (422, "idempotency_mismatch")
    assert effects() == before


def test_a_key_belongs_to_who_used_it(phone: Phone) -> None:
    assert phone.send("POST", "drives", BOOKING, KEY).status_code == 201
    other = Phone(make_driver(2))
    wish = BOOKING | {"model": "byd-han", "paint": "red", "pickup_at": "2026-03-02T03:15:00Z"}
    answer = other.send("POST", "drives", wish, KEY)
    assert (answer.status_code, json.loads(answer.content)["model"]) == (201, "byd-han")


def test_a_refusal_stores_nothing_so_the_key_is_good_when_its_reason_is_gone(phone: Phone) -> None:
    first = json.loads(phone.send("POST", "drives", BOOKING).content)
    wish = BOOKING | {"pickup_at": "2026-03-02T03:15:00Z"}
    assert phone.send("POST", "drives", wish, KEY).status_code == 409
    assert not IdempotencyKey.objects.filter(key=KEY).exists()
    assert phone.send("POST", f"drives/{first['drive_id']}/cancel").status_code == 200
    assert phone.send("POST", "drives", wish, KEY).status_code == 201


def test_the_answer_to_an_order_stays_as_it_was_given(
    ask: Callable[[str, str | None], HttpResponse], outside: Outside
) -> None:
    outside.payment = Payment.unknown
    first = ask("buy", KEY)
    assert json.loads(first.content)["state"] == "pending"
    outside.payment = Payment.paid
    assert ask("buy", KEY).content == first.content


class Died(BaseException):
    """The process is gone."""


def test_a_replay_after_a_crash_between_effect_and_answer_asks_on_from_there(
    ask: Callable[[str, str | None], HttpResponse], outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(key: str, amount_minor: int, currency: str) -> Payment:
        outside.charges.append((key, amount_minor, currency))
        raise Died

    with monkeypatch.context() as dying:
        dying.setattr(outside, "charge", die)
        with pytest.raises(Died):
            ask("buy", KEY)
    assert json.loads(ask("buy", KEY).content)["state"] == "placed"
    assert len({key for key, _, _ in outside.charges}) == 1
    assert AuditRow.objects.filter(action="vehicle_ordered").count() == 1


def test_signing_in_again_with_the_same_key_gives_the_same_answer_and_a_session(db: None, outside: Outside) -> None:
    phone = Phone()
    phone.send("POST", "session/code", {"phone": phone_of(1)})
    body = {"phone": phone_of(1), "code": code_sent_to(phone_of(1))}
    first = phone.send("POST", "session", body, KEY)
    assert phone.send("POST", "session", body, KEY).content == first.content
    lost = phone.client.cookies.pop("sessionid")  # the answer was lost on its way, and its cookie with it
    Session.objects.filter(session_key=lost.value).delete()
    second = phone.send("POST", "session", body, KEY)
    assert (second.status_code, second.content) == (200, first.content)
    assert phone.get("me").status_code == 200
    assert Customer.objects.count() == AuditRow.objects.filter(action="signed_in").count() == 1


def test_a_key_opens_no_session_when_the_code_is_over(db: None, outside: Outside) -> None:
    phone = Phone()
    phone.send("POST", "session/code", {"phone": phone_of(1)})
    body = {"phone": phone_of(1), "code": code_sent_to(phone_of(1))}
    assert phone.send("POST", "session", body, KEY).status_code == 200
    phone.send("DELETE", "session")
    outside.clock.advance(300)
    assert json.loads(phone.send("POST", "session", body, KEY).content)["code"] == "code_expired"
    assert phone.get("me").status_code == 401


def test_a_wrong_code_counts_once_for_its_key_and_stays_wrong(db: None, outside: Outside) -> None:
    phone = Phone()
    phone.send("POST", "session/code", {"phone": phone_of(1)})
    body = {"phone": phone_of(1), "code": "x"}
    answers = {phone.send("POST", "session", body, KEY).content for _ in range(3)}
    assert [json.loads(answer)["code"] for answer in answers] == ["code_wrong"]
    assert SignInCode.objects.get().tries == 1
    assert json.loads(phone.send("POST", "session", body).content)["code"] == "code_wrong"
    assert SignInCode.objects.get().tries == 2


def test_what_is_under_way_is_refused(transactional_db: None, outside: Outside, settings: object) -> None:
    fill_shop()
    phone = Phone(make_driver())
    begun, go_on = threading.Event(), threading.Event()
    real = outside.at_least

    def slow(*asked: object) -> object:
        begun.set()
        assert go_on.wait(20)
        return real(*asked)  # type: ignore[arg-type]

    outside.at_least = slow  # type: ignore[method-assign, assignment]
    answers: list[HttpResponse] = []

    def first() -> None:
        answers.append(phone.send("POST", "drives", BOOKING, KEY))
        connections.close_all()

    thread = threading.Thread(target=first)
    thread.start()
    try:
        assert begun.wait(20)
        second = Phone(phone.customer).send("POST", "drives", BOOKING, KEY)
    finally:
        go_on.set()
        thread.join(20)
    assert (second.status_code, json.loads(second.content)["code"]) == (409, "idempotency_in_flight")
    assert answers[0].status_code == 201
    assert Drive.objects.count() == 1


def test_a_write_in_steps_is_under_way_until_its_answer_is_stored(transactional_db: None, outside: Outside) -> None:
    write, refused = Write("somebody", KEY, "f", one_transaction=False), []

    def second() -> None:
        try:
            with in_flight(write):
                pass
        except Refused as error:
            refused.append(error.code.value)
        finally:
            connections.close_all()

    with in_flight(write):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(20)
    assert refused == ["idempotency_in_flight"]
    with in_flight(write):
        pass


def test_what_is_stored_of_a_write_cannot_be_read_or_guessed(phone: Phone) -> None:
    phone.send("PUT", "me/pin", {"pin": PIN}, KEY)
    drive = json.loads(phone.send("POST", "drives", BOOKING).content)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(k)::text FROM events_idempotencykey k")
        rows = " ".join(row for (row,) in cursor.fetchall())
    assert drive["short_code"] not in rows
    assert PIN not in rows
    assert introduction().name not in rows
    assert drive["short_code"] in IdempotencyKey.objects.get(subject=drive["drive_id"]).answer


def test_keys_live_as_long_as_their_drive_and_others_for_thirty_days(phone: Phone, outside: Outside) -> None:
    phone.send("POST", "me/face-consent")
    drive = json.loads(phone.send("POST", "drives", BOOKING, KEY).content)["drive_id"]
    outside.clock.advance(timedelta(days=30).total_seconds() - 1)
    forget_the_old()
    assert IdempotencyKey.objects.count() == 2
    outside.clock.advance(1)
    forget_the_old()
    assert [row.key for row in IdempotencyKey.objects.all()] == [KEY]
    Drive.objects.filter(pk=drive).update(state=DriveState.returned, ended_at=PICKUP)
    forget_the_old()
    assert not IdempotencyKey.objects.exists()


def test_used_codes_old_sessions_and_sent_notices_are_forgotten(db: None, outside: Outside) -> None:
    phone = Phone()
    phone.send("POST", "session/code", {"phone": phone_of(1)})
    send_notices()
    Session.objects.create(session_key="old", session_data="", expire_date=START - timedelta(days=365))
    forget_the_old()
    assert (SignInCode.objects.count(), Notice.objects.count()) == (1, 1)
    assert not Session.objects.filter(session_key="old").exists()
    outside.clock.advance(timedelta(days=30).total_seconds())
    forget_the_old()
    assert (SignInCode.objects.count(), Notice.objects.count()) == (0, 0)


@pytest.mark.parametrize("key", ["", "k" * 256, "k k", "k\n", "k\0", "ключ"])
def test_a_key_is_printable_ascii(db: None, outside: Outside, key: str) -> None:
    with pytest.raises(Refused, match="idempotency_key_missing"):
        claim(Write("somebody", key, "f"))
    with pytest.raises(Refused, match="idempotency_key_missing"), in_flight(Write("somebody", key, "f")):
        pass


def test_a_claimed_key_is_held_until_its_transaction_ends(db: None, outside: Outside) -> None:
    assert claim(Write("somebody", KEY, "f")) is None
