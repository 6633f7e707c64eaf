"""Retail's own keys, made once by `python -m vendrive.retail init` in `VENDRIVE_DATA`, and what they are used for."""

import base64
import hashlib
import hmac
import json
import os
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vendrive.ids import random_bytes

_NONCE_BYTES = 12
_FILE = "keys.json"


class NoKeys(RuntimeError):
    """`python -m vendrive.retail init` has not been run, or VENDRIVE_DATA names another folder."""


class CannotOpen(Exception):
    """A sealed field belongs to another row, was changed, or its key is gone."""


@dataclass(frozen=True)
class Keys:
    """`fields` maps key ids to AES-256 keys; `current` seals, the others only open (rotation)."""

    django: str = field(repr=False)
    lookup: bytes = field(repr=False)
    signing_seed: bytes = field(repr=False)
    current: str
    fields: dict[str, bytes] = field(repr=False)

    @cached_property
    def signing(self) -> Ed25519PrivateKey:
        """Return the key that signs orders, passes and heads of the audit chain."""
        return Ed25519PrivateKey.from_private_bytes(self.signing_seed)

    def seal(self, place: str, plaintext: bytes) -> bytes:
        """Return `plaintext` sealed for `place`, which names table, field and row."""
        return self.current.encode() + b":" + seal_with(self.fields[self.current], place, plaintext)

    def open(self, place: str, box: bytes) -> bytes:
        """Return what `seal` was given; raise CannotOpen."""
        key_id, _, sealed = bytes(box).partition(b":")
        key = self.fields.get(key_id.decode())
        if key is None:
            raise CannotOpen(place)
        return open_with(key, place, sealed)

    def fingerprint(self, purpose: str, text: str) -> str:
        """Return a keyed hash, so that equal values are found without being readable."""
        return hmac.new(self.lookup, f"{purpose}\n{text}".encode(), hashlib.sha256).hexdigest()


def seal_with(key: bytes, place: str, plaintext: bytes) -> bytes:
    """Return nonce and AES-256-GCM ciphertext, bound to `place`."""
    nonce = random_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, place.encode())


def open_with(key: bytes, place: str, box: bytes) -> bytes:
    """Return what `seal_with` was given; raise CannotOpen."""
    try:
        return AESGCM(key).decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], place.encode())
    except (InvalidTag, ValueError) as error:
        raise CannotOpen(place) from error


def make_keys(folder: Path) -> Path:
    """Write new keys to `folder`, or leave those that are there; return the file's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _FILE
    if not path.exists():
        fresh = folder / f"{_FILE}.{os.getpid()}"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(_new(), file)
            file.flush()
            os.fsync(file.fileno())
        # A link fails where a rename would replace: of two that make keys at once, one wins and both use its keys.
        with suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
    return path


def read_keys(folder: Path) -> Keys:
    """Return the keys in `folder`; raise NoKeys."""
    try:
        stored = json.loads((folder / _FILE).read_text())
    except FileNotFoundError as error:
        raise NoKeys(f"no keys in {folder}: run `python -m vendrive.retail init` first") from error
    return Keys(
        django=stored["django"],
        lookup=base64.b64decode(stored["lookup"]),
        signing_seed=base64.b64decode(stored["signing"]),
        current=stored["current_field_key"],
        fields={name: base64.b64decode(key) for name, key in stored["field_keys"].items()},
    )


def _new() -> dict[str, object]:
    return {
        "django": _text(48),
        "lookup": _text(32),
        "signing": _text(32),
        "current_field_key": "f1",
        "field_keys": {"f1": _text(32)},
    }


def _text(count: int) -> str:
    return base64.b64encode(random_bytes(count)).decode()
