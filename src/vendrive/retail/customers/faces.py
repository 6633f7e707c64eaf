"""Face templates at rest: each under a key of its own."""

import base64
from functools import cache

from vendrive.ids import random_bytes
from vendrive.retail.config import ports
from vendrive.retail.customers.models import FaceEnrolment, Person, TemplateKey
from vendrive.retail.keys import open_with, seal_with
from vendrive.vision.faces import FaceEngine, FaceRefused, encode_template
from vendrive.vision.images import Unreadable, read_image
from vendrive.wire.errors import Refused

KEY_BYTES = 32


@cache
def face_engine() -> FaceEngine:
    """Return this process's engine; its models load on first use."""
    return FaceEngine()


def template_of(picture: bytes) -> tuple[str, bytes]:
    """Return engine and template of the only face in an encoded picture; raise Refused (what to do is in its code)."""
    engine = face_engine()
    try:
        face = engine.find_one(read_image(picture))
    except (FaceRefused, Unreadable) as error:
        raise Refused(error.code) from error
    return engine.name, encode_template(face.embedding)


def store_template(person: Person, engine: str, template: bytes) -> None:
    """Keep `template` under a fresh key; what was kept before is gone."""
    wipe_template(person)
    key = random_bytes(KEY_BYTES)
    row = TemplateKey(person=person)
    row.key = base64.b64encode(key).decode()
    row.save()
    box = seal_with(key, _place(person, engine), template)
    FaceEnrolment.objects.create(person=person, engine=engine, template_box=box, enrolled_at=ports().clock.now())


def open_template(person: Person) -> tuple[str, bytes] | None:
    """Return engine and template, or None where none is kept."""
    face = FaceEnrolment.objects.filter(person=person).first()
    row = TemplateKey.objects.filter(person=person).first()
    if face is None or row is None:
        return None
    key = base64.b64decode(row.key)
    return face.engine, open_with(key, _place(person, face.engine), bytes(face.template_box))


def wipe_template(person: Person) -> None:
    """Delete the key and the sealed template."""
    TemplateKey.objects.filter(person=person).delete()
    FaceEnrolment.objects.filter(person=person).delete()


def _place(person: Person, engine: str) -> str:
    return f"face.{person.pk}.{engine}"
