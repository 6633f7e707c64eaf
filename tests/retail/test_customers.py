"""Signing in, introducing oneself, PIN, and what is sealed."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection

from tests.retail.helpers import PIN, Outside, code_sent_to, introduction, make_driver, phone_of, sign_in
from vendrive.audit import BrokenChain
from vendrive.retail.config import keys
from vendrive.retail.customers.actions import introduce_person, prove_identity, set_pin
from vendrive.retail.customers.models import Customer, Person, SignInCode
from vendrive.retail.customers.queries import get_person
from vendrive.retail.customers.sign_in import TRIES, confirm_code, request_code
from vendrive.retail.events.models import AuditRow
from vendrive.retail.events.outbox import send_notices
from vendrive.retail.events.sealing import seal_audit, verify_audit
from vendrive.retail.keys import CannotOpen
from vendrive.retail.ports import Verdict
from vendrive.wire.errors import ErrorCode, Refused

PHONE = phone_of(1)
# A region, a birthday and a sequence; the check digit is computed.
GOOD_CARD = "11010119900101001"


def test_a_code_signs_in_once(db: None, outside: Outside) -> None:
    request_code("138 1234 0001", "127.0.0.1")
    code = code_sent_to(PHONE)
    customer = confirm_code(PHONE, code)
    assert customer.phone == PHONE
    with pytest.raises(Refused, match="code_expired"):
        confirm_code(PHONE, code)
    assert Customer.objects.count() == 1


def test_a_wrong_code_counts_and_the_fifth_is_the_last(db: None, outside: Outside) -> None:
    request_code(PHONE, "127.0.0.1")
    good = code_sent_to(PHONE)
    wrong = "000000" if good != "000000" else "000001"
    for _ in range(TRIES):
        with pytest.raises(Refused, match="code_wrong"):
            confirm_code(PHONE, wrong)
    with pytest.raises(Refused, match="too_many_tries"):
        confirm_code(PHONE, good)
    assert not Customer.objects.exists()


def test_a_code_is_old_after_five_minutes(db: None, outside: Outside) -> None:
    request_code(PHONE, "127.0.0.1")
    outside.clock.advance(300)
    with pytest.raises(Refused, match="code_expired"):
        confirm_code(PHONE, code_sent_to(PHONE))
    assert not Customer.objects.exists()


def test_codes_are_limited_by_phone(db: None, outside: Outside) -> None:
    for _ in range(5):
        request_code(PHONE, "127.0.0.1")
    with pytest.raises(Refused, match="too_many_tries"):
        request_code(PHONE, "127.0.0.2")
    assert SignInCode.objects.count() == 5


def test_a_notice_is_sent_once_and_then_forgotten(db: None, outside: Outside) -> None:
    request_code(PHONE, "127.0.0.1")
    assert [send_notices(), send_notices()] == [1, 0]
    assert len(outside.sent) == 1


def card_number() -> str:
    """Return an identity number of nobody, with its right check digit."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(GOOD_CARD, weights, strict=True))
    return GOOD_CARD + "10X98765432"[total % 11]


def test_an_identity_number_is_checked_to_its_last_digit(db: None, outside: Outside) -> None:
    customer, good = sign_in(), card_number()
    card = replace(introduction(), document_kind="identity_card", document=good, birth_date=None)
    wrong = replace(card, document=good[:-1] + ("1" if good[-1] != "1" else "2"))
    with pytest.raises(Refused, match="identity_number_invalid"):
        introduce_person(customer, wrong)
    assert get_person(customer) is None
    introduce_person(customer, card)
    assert Person.objects.get().birth_date == "1990-01-01"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "  "}, ErrorCode.name_missing),
        ({"document": "1!"}, ErrorCode.passport_invalid),
        ({"birth_date": None}, ErrorCode.passport_invalid),
        ({"licence_class": "Z9"}, ErrorCode.licence_class_not_allowed),
        ({"licence_expiry": introduction().licence_expiry - timedelta(days=9999)}, ErrorCode.licence_expired),
    ],
)
def test_an_introduction_that_cannot_be_right_is_refused(
    db: None, outside: Outside, change: dict[str, object], code: ErrorCode
) -> None:
    customer = sign_in()
    with pytest.raises(Refused) as refused:
        introduce_person(customer, replace(introduction(), **change))  # type: ignore[arg-type]
    assert refused.value.code is code
    assert not Person.objects.exists()


def test_a_document_belongs_to_one_account(db: None, outside: Outside) -> None:
    make_driver(1)
    other = sign_in(2)
    with pytest.raises(Refused, match="identity_taken"):
        introduce_person(other, introduction(1))
    assert Person.objects.count() == 1


def test_what_was_typed_is_not_readable_in_the_database(db: None, outside: Outside) -> None:
    person = get_person(make_driver())
    assert person is not None
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(p)::text FROM customers_person p")
        (row,) = cursor.fetchone()
    stored = bytes.fromhex(person.name_box.hex()) if person.name_box else b""
    assert b"Demo" not in stored
    assert all(secret not in row for secret in ("Demo person", "E00000001", "1990-01-01", PIN))


def test_a_sealed_field_fits_its_own_row_only(db: None, outside: Outside) -> None:
    first, second = (get_person(make_driver(number)) for number in (1, 2))
    assert first is not None
    assert second is not None
    second.name_box = first.name_box
    with pytest.raises(CannotOpen):
        _ = second.name
    assert keys().current in bytes(first.name_box or b"").decode(errors="ignore")


def test_a_simple_pin_is_refused(db: None, outside: Outside) -> None:
    customer = make_driver()
    before = Person.objects.get().pin
    with pytest.raises(Refused, match="pin_too_simple"):
        set_pin(customer, "123456")
    assert Person.objects.get().pin == before


def test_unknown_is_not_proved(db: None, outside: Outside) -> None:
    outside.proof = Verdict.unknown
    assert prove_identity(make_driver()) is Verdict.unknown
    assert Person.objects.get().proof == "unknown"


def test_the_audit_chain_is_sealed_and_shows_every_change(db: None, outside: Outside) -> None:
    make_driver()
    count = AuditRow.objects.count()
    assert seal_audit() == count
    assert seal_audit() == 0
    make_driver(2)
    seal_audit()
    assert verify_audit() == AuditRow.objects.count()
    AuditRow.objects.filter(seq=2).update(action="nothing")
    with pytest.raises(BrokenChain):
        verify_audit()
