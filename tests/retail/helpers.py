"""People and a world outside, for the tests of retail."""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from vendrive.clock import ManualClock
from vendrive.retail.customers.actions import introduce_person, prove_identity, set_pin
from vendrive.retail.customers.documents import Introduction
from vendrive.retail.customers.models import Customer
from vendrive.retail.customers.sign_in import confirm_code, request_code
from vendrive.retail.events.models import Notice
from vendrive.retail.ports import Answer, Document, Payment, Verdict

START = datetime(2026, 3, 2, 1, 5, tzinfo=UTC)  # a Monday, 09:05 in Shanghai
PICKUP = datetime(2026, 3, 2, 1, 15, tzinfo=UTC)
PIN = "825193"


@dataclass
class Outside:
    """The world outside, as a test wants it."""

    clock: ManualClock
    proof: Verdict = Verdict.yes
    credit: Verdict = Verdict.yes
    member: Verdict = Verdict.yes
    payment: Payment = Payment.paid
    sent: list[tuple[str, str]] = field(default_factory=list)
    charges: list[tuple[str, int, str]] = field(default_factory=list)
    faces: list[bytes | None] = field(default_factory=list)
    refunds: dict[str, int] = field(default_factory=dict)

    def send(self, key: str, to: str, text: str) -> None:
        self.sent.append((to, text))

    def proves(self, face_template: bytes | None, engine: str, document: Document) -> Verdict:
        self.faces.append(face_template)
        return self.proof

    def at_least(self, document: Document, score: int) -> Answer:
        return Answer(self.credit, self.clock.now() + timedelta(days=1))

    def is_super_member(self, document: Document) -> Answer:
        return Answer(self.member, self.clock.now() + timedelta(days=1))

    def charge(self, key: str, amount_minor: int, currency: str) -> Payment:
        self.charges.append((key, amount_minor, currency))
        return self.payment

    def refund(self, key: str, charge_key: str, amount_minor: int, currency: str) -> Payment:
        self.refunds[key] = amount_minor
        return Payment.paid


def code_sent_to(phone: str) -> str:
    """Return the newest code in the outbox for `phone`."""
    newest = max((n for n in Notice.objects.all() if n.to == phone), key=lambda n: n.at)
    found = re.search(r"\d{6}", newest.text)
    assert found is not None
    return found.group()


def phone_of(number: int) -> str:
    """Return the phone of Demo person `number`."""
    return f"+861381234{number:04d}"


def introduction(number: int = 1) -> Introduction:
    """Return what Demo person `number` types; passports, since their numbers need no check digit."""
    return Introduction(f"Demo person {number}", "passport", f"E{number:08d}", "C1", date(2030, 1, 1), date(1990, 1, 1))


def sign_in(number: int = 1) -> Customer:
    """Return a signed-in customer with a phone of their own."""
    request_code(phone_of(number), "127.0.0.1")
    return confirm_code(phone_of(number), code_sent_to(phone_of(number)))


def make_driver(number: int = 1) -> Customer:
    """Return a customer who may drive: introduced, proved, with a PIN."""
    customer = sign_in(number)
    introduce_person(customer, introduction(number))
    set_pin(customer, PIN)
    prove_identity(customer)
    return customer
