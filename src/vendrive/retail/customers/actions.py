"""Writes about persons: introducing themselves, face, PIN, proof."""

import base64
import json

from django.db import IntegrityError, transaction

from vendrive.ids import random_bytes
from vendrive.passes.pins import hash_pin
from vendrive.retail.config import ports
from vendrive.retail.customers.documents import Introduction, check_introduction
from vendrive.retail.customers.faces import store_template, template_of, wipe_template
from vendrive.retail.customers.models import Customer, FaceConsent, Person, Standing
from vendrive.retail.customers.queries import (
    access_person,
    document_hash,
    document_of,
    get_person,
    has_consent,
    usable_template,
)
from vendrive.retail.drives.orders import forget_published_faces
from vendrive.retail.drives.renewal import renew_open_drives, wipe_face_at_towers
from vendrive.retail.events.actions import record
from vendrive.retail.ports import Answer, Verdict
from vendrive.wire.errors import ErrorCode, Refused

# The text that names what the face is used for and that it is sent to the tower of each drive.
CONSENT_VERSION = "face-1"
SALT_BYTES = 16
CREDIT, MEMBERSHIP = "credit", "membership"


def introduce_person(customer: Customer, typed: Introduction) -> Person:
    """Store who the customer is, or correct it; raise Refused. Another document must be proved again.

    What stands in for a document is its keyed hash: one document belongs to one account.
    """
    now = ports().clock.now()
    checked = check_introduction(typed, now.date())
    person = get_person(customer) or Person(customer=customer, created_at=now)
    hashed = document_hash(checked.document_kind, checked.document)
    if person.document_hash and person.document_hash != hashed:
        # A person's quotas hang on the document; it changes only with staff's help.
        raise Refused(ErrorCode.identity_taken)
    if person.name_box and person.name != checked.name:
        person.proof = ""
    _fill(person, checked, hashed)
    try:
        with transaction.atomic():
            person.save()
            record(f"customer:{customer.id}", "introduced", person.id)
    except IntegrityError as error:
        raise Refused(ErrorCode.identity_taken) from error
    return person


def give_face_consent(customer: Customer) -> None:
    """Allow the use of the face, which names its transfer to the towers; giving it twice changes nothing."""
    person, now = access_person(customer), ports().clock.now()
    with transaction.atomic():
        _lock(person)
        if not has_consent(person):
            FaceConsent.objects.create(person=person, text_version=CONSENT_VERSION, given_at=now)
            record(f"customer:{customer.id}", "face_consent_given", person.id, text=CONSENT_VERSION)


def enrol_face(customer: Customer, picture: bytes) -> Verdict:
    """Keep the template of an encoded picture, ask whether face and document belong together, and return that.

    Raise as `store_face` does.
    """
    store_face(customer, picture)
    return prove_identity(customer)


def store_face(customer: Customer, picture: bytes) -> None:
    """Keep the template of an encoded picture, which nobody has compared with the document yet.

    Raise Refused: consent_missing, or what is wrong with the picture. The picture itself is not kept.
    """
    person = access_person(customer)
    if not has_consent(person):
        raise Refused(ErrorCode.consent_missing)
    engine, template = template_of(picture)
    with transaction.atomic():
        _lock(person)
        if not has_consent(person):
            raise Refused(ErrorCode.consent_missing)
        store_template(person, engine, template)
        Person.objects.filter(pk=person.pk).update(proof="", proof_at=None)
        renew_open_drives(person)
        record(f"customer:{customer.id}", "face_enrolled", person.id, engine=engine)


def prove_identity(customer: Customer) -> Verdict:
    """Ask the identity port about the document and the face, if one is kept; store and return the verdict."""
    person = access_person(customer)
    face = usable_template(person)
    verdict = ports().identity.proves(face[1] if face else None, face[0] if face else "", document_of(person))
    with transaction.atomic():
        before = _lock(person).proof
        Person.objects.filter(pk=person.pk).update(proof=verdict, proof_at=ports().clock.now())
        if verdict is Verdict.yes and before != verdict:
            # Towers are only told of a face or PIN of somebody who is proved (drives.orders).
            renew_open_drives(person)
        record(f"customer:{customer.id}", "identity_asked", person.id, verdict=verdict)
    return verdict


def revoke_face_consent(customer: Customer) -> None:
    """Take the consent back: the template is gone here, and ordered gone at every tower that holds it.

    Open drives fall back to the PIN, or stop being ready until there is one.
    """
    person, now = access_person(customer), ports().clock.now()
    with transaction.atomic():
        _lock(person)
        FaceConsent.objects.filter(person=person, revoked_at=None).update(revoked_at=now)
        wipe_template(person)
        forget_published_faces(person.pk)
        wipe_face_at_towers(person)
        renew_open_drives(person)
        record(f"customer:{customer.id}", "face_consent_revoked", person.id)


def set_pin(customer: Customer, pin: str) -> None:
    """Set the PIN for those who prefer no face; raise Refused (pin_too_simple)."""
    person = access_person(customer)
    check = hash_pin(pin, random_bytes(SALT_BYTES))
    with transaction.atomic():
        person = _lock(person)
        person.pin = json.dumps([base64.b64encode(part).decode() for part in (check.salt, check.digest)])
        person.save(update_fields=["pin_box"])
        renew_open_drives(person)
        record(f"customer:{customer.id}", "pin_set", person.id)


def ask_standing(customer: Customer, least_credit: int) -> None:
    """Ask outside parties about credit and membership where no stored answer holds; unknown is asked again."""
    person, now = access_person(customer), ports().clock.now()
    held = set(
        Standing.objects.filter(person=person, expires_at__gt=now)
        .exclude(verdict=Verdict.unknown)
        .values_list("kind", flat=True)
    )
    document = document_of(person)
    credit = f"{CREDIT}:{least_credit}"
    if credit not in held:
        _store_standing(person, credit, ports().credit.at_least(document, least_credit))
    if MEMBERSHIP not in held:
        _store_standing(person, MEMBERSHIP, ports().membership.is_super_member(document))


def _store_standing(person: Person, kind: str, answer: Answer) -> None:
    Standing.objects.update_or_create(
        person=person, kind=kind, defaults={"verdict": answer.verdict, "expires_at": answer.expires_at}
    )


def _fill(person: Person, checked: Introduction, hashed: str) -> None:
    person.document_kind, person.document_hash = checked.document_kind, hashed
    person.name, person.document = checked.name, checked.document
    person.birth_date = str(checked.birth_date)
    person.licence_class, person.licence_expiry = checked.licence_class, checked.licence_expiry.isoformat()


def _lock(person: Person) -> Person:
    # Changes of how a person is recognised take turns, and a booking sees one state or the other.
    return Person.objects.select_for_update().get(pk=person.pk)
