"""Stand-ins for the world outside: deterministic answers, so that a walk through the demo can be repeated.

Reserved values, with which every answer can be seen:

| what | value | answer |
|---|---|---|
| passport ends in `0001` | any other text before it | identity: no |
| passport ends in `0002` | | identity: unknown |
| passport ends in `0003` | | credit: no |
| passport ends in `0004` | | credit: unknown |
| passport ends in `0005` | | super member: no |
| amount ends in 13 minor units | | payment: declined |
| amount ends in 17 minor units | | payment: unknown |

The identity numbers of demo people are compared with the faces in their pictures.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

import numpy as np

from vendrive.clock import Clock
from vendrive.demo.people import load_people
from vendrive.retail.ports import Answer, Document, Payment, Ports, Verdict
from vendrive.vision.faces import THRESHOLD, Embedding, FaceEngine, decode_template
from vendrive.vision.images import read_image

ANSWERS_HOLD = timedelta(hours=24)
DECLINED_MINOR, UNKNOWN_MINOR = 13, 17
NOTICES = "notices.jsonl"
_RESERVED: Mapping[str, tuple[str, Verdict]] = {
    "0001": ("identity", Verdict.no),
    "0002": ("identity", Verdict.unknown),
    "0003": ("credit", Verdict.no),
    "0004": ("credit", Verdict.unknown),
    "0005": ("membership", Verdict.no),
}


@dataclass(frozen=True)
class ShownNotice:
    """A message that the demo shows instead of sending."""

    to: str
    text: str


@dataclass(frozen=True)
class ShownNotices:
    """Messages in a file that the demo's page reads: the worker writes it, the pages run elsewhere."""

    path: Path

    def send(self, key: str, to: str, text: str) -> None:
        with self.path.open("a+", encoding="utf-8") as file:
            os.chmod(self.path, 0o600)
            file.seek(0)
            if not any(json.loads(line).get("key") == key for line in file):
                file.write(json.dumps({"key": key, "to": to, "text": text}, ensure_ascii=False) + "\n")

    def read(self) -> list[ShownNotice]:
        """Return all messages, oldest first."""
        if not self.path.exists():
            return []
        lines = self.path.read_text(encoding="utf-8").splitlines()
        told = map(json.loads, lines)
        return [ShownNotice(one["to"], one["text"]) for one in told]


@dataclass(frozen=True)
class DemoIdentity:
    """Compares demo people with their pictures, by identity number; other documents are believed."""

    face_of: Callable[[str], Embedding | None]

    def proves(self, face_template: bytes | None, engine: str, document: Document) -> Verdict:
        known = self.face_of(document.number)
        if known is not None and face_template is not None:
            _, seen = decode_template(face_template, engine)
            return Verdict.yes if float(np.linalg.norm(seen - known)) <= THRESHOLD else Verdict.no
        return _verdict("identity", document)


@dataclass(frozen=True)
class DemoStanding:
    """Credit and membership: yes, but for the reserved documents."""

    clock: Clock

    def at_least(self, document: Document, score: int) -> Answer:
        return self._answer("credit", document)

    def is_super_member(self, document: Document) -> Answer:
        return self._answer("membership", document)

    def _answer(self, what: str, document: Document) -> Answer:
        return Answer(_verdict(what, document), self.clock.now() + ANSWERS_HOLD)


class DemoPayments:
    """Paid, but for the reserved amounts."""

    def charge(self, key: str, amount_minor: int, currency: str) -> Payment:
        match amount_minor % 100:
            case n if n == DECLINED_MINOR:
                return Payment.declined
            case n if n == UNKNOWN_MINOR:
                return Payment.unknown
        return Payment.paid

    def refund(self, key: str, charge_key: str, amount_minor: int, currency: str) -> Payment:
        return Payment.paid


def demo_ports(clock: Clock, folder: Path, face_of: Callable[[str], Embedding | None] | None = None) -> Ports:
    """Return the demo's ports; `face_of` finds the face that holds an identity number, by default a demo person's."""
    standing = DemoStanding(clock)
    notices = ShownNotices(folder / NOTICES)
    return Ports(clock, notices, DemoIdentity(face_of or demo_face), standing, standing, DemoPayments())


@cache
def _engine() -> FaceEngine:
    return FaceEngine()


@cache
def demo_face(identity_number: str) -> Embedding | None:
    """Return the face in the second picture of the demo person with this number; the selfie is another picture."""
    for person in load_people():
        if person.identity_number == identity_number:
            return _engine().find_one(read_image(person.photo(2))).embedding
    return None


def _verdict(what: str, document: Document) -> Verdict:
    kind, verdict = _RESERVED.get(document.number[-4:], ("", Verdict.yes))
    reserved = document.kind == "passport" and kind == what
    return verdict if reserved else Verdict.yes
