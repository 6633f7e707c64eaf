"""Doors to the world outside. The defaults are those of production without a supplier: unknown, and never yes."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from vendrive.clock import Clock, SystemClock


class Verdict(StrEnum):
    """What an outside party says; only yes is yes."""

    yes = "yes"
    no = "no"
    unknown = "unknown"


class Payment(StrEnum):
    """How a charge ended; unknown stays pending until the same key is asked again."""

    paid = "paid"
    declined = "declined"
    unknown = "unknown"


@dataclass(frozen=True)
class Document:
    """Who somebody says they are. `kind` is identity_card (GB 11643) or passport."""

    kind: str
    number: str = field(repr=False)
    name: str = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """A verdict that holds until `expires_at`."""

    verdict: Verdict
    expires_at: datetime


class Notices(Protocol):
    """Messages to a phone."""

    def send(self, key: str, to: str, text: str) -> None:
        """Send `text` to the phone number `to` (E.164) once for `key`; raise OSError where it could not be handed over.

        The same key comes again where this program died before it could write down that it went.
        """
        ...


class Identity(Protocol):
    """Proof that a face holds a document."""

    def proves(self, face_template: bytes | None, engine: str, document: Document) -> Verdict:
        """Compare the face with the document's owner; without a face, ask for the document alone."""
        ...


class Credit(Protocol):
    """Credit standing. The score itself is never learned."""

    def at_least(self, document: Document, score: int) -> Answer:
        """Say whether the person's score is `score` or more."""
        ...


class Membership(Protocol):
    """Membership of the programme's platform."""

    def is_super_member(self, document: Document) -> Answer:
        """Say whether the person is a super member."""
        ...


class Payments(Protocol):
    """Money from a customer's account."""

    def charge(self, key: str, amount_minor: int, currency: str) -> Payment:
        """Charge once for `key`; asking again with the same key never charges twice."""
        ...

    def refund(self, key: str, charge_key: str, amount_minor: int, currency: str) -> Payment:
        """Give back part of what was charged for `charge_key`, once for `key`; paid says that it is on its way."""
        ...


class NoNotices:
    """No supplier: nothing can be sent."""

    def send(self, key: str, to: str, text: str) -> None:
        raise OSError("no supplier of notices is configured")


class UnknownIdentity:
    """No supplier: nobody is proved."""

    def proves(self, face_template: bytes | None, engine: str, document: Document) -> Verdict:
        return Verdict.unknown


@dataclass(frozen=True)
class UnknownStanding:
    """No supplier: credit and membership are unknown, and worth asking again at once."""

    clock: Clock

    def at_least(self, document: Document, score: int) -> Answer:
        return Answer(Verdict.unknown, self.clock.now())

    def is_super_member(self, document: Document) -> Answer:
        return Answer(Verdict.unknown, self.clock.now())


class NoPayments:
    """No supplier: nothing is charged."""

    def charge(self, key: str, amount_minor: int, currency: str) -> Payment:
        return Payment.declined

    def refund(self, key: str, charge_key: str, amount_minor: int, currency: str) -> Payment:
        return Payment.unknown


@dataclass(frozen=True)
class Ports:
    """All doors of one retail."""

    clock: Clock
    notices: Notices
    identity: Identity
    credit: Credit
    membership: Membership
    payments: Payments


def production_ports(notices: Notices | None = None) -> Ports:
    """Return the ports of a retail that has no suppliers yet, but for messages."""
    clock = SystemClock()
    standing = UnknownStanding(clock)
    return Ports(clock, notices or NoNotices(), UnknownIdentity(), standing, standing, NoPayments())
