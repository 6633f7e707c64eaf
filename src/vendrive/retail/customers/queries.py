"""Reads about customers and persons."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from vendrive.retail.config import keys
from vendrive.retail.customers.faces import open_template
from vendrive.retail.customers.models import Customer, FaceConsent, FaceEnrolment, Person, Standing
from vendrive.retail.ports import Document, Verdict
from vendrive.wire.errors import ErrorCode, Refused


@dataclass(frozen=True)
class Profile:
    """What a customer's own page shows of them. The document is cut down to its last four characters."""

    name: str
    document_kind: str
    document_end: str
    licence_class: str
    licence_expiry: date
    proof: str
    consent: bool
    face: bool
    pin: bool


def get_customer(customer_id: object) -> Customer | None:
    """Return the customer of a session, or None."""
    try:
        return Customer.objects.filter(pk=UUID(str(customer_id))).first()
    except ValueError:
        return None


def get_person(customer: Customer) -> Person | None:
    """Return who the customer said they are, or None."""
    return Person.objects.filter(customer=customer).first()


def access_person(customer: Customer) -> Person:
    """Return who the customer said they are; raise Refused (profile_incomplete)."""
    person = get_person(customer)
    if person is None:
        raise Refused(ErrorCode.profile_incomplete)
    return person


def get_profile(customer: Customer) -> Profile | None:
    """Return what the customer's page shows, or None before they introduced themselves."""
    person = get_person(customer)
    if person is None:
        return None
    return Profile(
        name=person.name,
        document_kind=person.document_kind,
        document_end=person.document[-4:],
        licence_class=person.licence_class,
        licence_expiry=date.fromisoformat(person.licence_expiry),
        proof=person.proof,
        consent=has_consent(person),
        face=has_face(person),
        pin=has_pin(person),
    )


def has_consent(person: Person) -> bool:
    """Say whether the face may be used."""
    return FaceConsent.objects.filter(person=person, revoked_at=None).exists()


def has_face(person: Person) -> bool:
    """Say whether a template is kept and may be used."""
    return has_consent(person) and FaceEnrolment.objects.filter(person=person).exists()


def has_pin(person: Person) -> bool:
    """Say whether a PIN was set."""
    return bool(person.pin_box)


def document_of(person: Person) -> Document:
    """Return the document in clear, for the ports."""
    return Document(person.document_kind, person.document, person.name)


def usable_template(person: Person) -> tuple[str, bytes] | None:
    """Return engine and template where consent holds, else None."""
    return open_template(person) if has_consent(person) else None


def get_standing(person: Person, kind: str, now: datetime) -> Verdict:
    """Return the stored verdict where it still holds, else unknown."""
    found = Standing.objects.filter(person=person, kind=kind, expires_at__gt=now).first()
    return Verdict(found.verdict) if found else Verdict.unknown


def document_hash(kind: str, number: str) -> str:
    """Return the keyed hash by which a document is one person's."""
    return keys().fingerprint("document", f"{kind}\n{number}")
