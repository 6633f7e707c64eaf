"""The station's keys, made at first run, and the keys of retail that it trusts (docs/contracts.md, Trust)."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from vendrive.ids import random_bytes
from vendrive.passes.signing import encode, key_id
from vendrive.wire.pki import replace_file

KEY_BYTES = 32

RetailKeys = Callable[[], Mapping[str, Ed25519PublicKey]]
"""Answers the pinned public keys of retail by key id, as they are now."""


class KeyFileWrong(Exception):
    """A key file cannot be used; the message names it and what to do."""


@dataclass(frozen=True)
class StationKeys:
    """What makes this station this station; `kiosk` is the credential of the kiosk device."""

    signing: Ed25519PrivateKey
    sealing: X25519PrivateKey
    kiosk: str


def load_keys(folder: Path, tower_id: str) -> StationKeys:
    """Return the keys of `folder`, making what is missing; raise KeyFileWrong."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys = StationKeys(
        Ed25519PrivateKey.from_private_bytes(_secret(folder / "signing.key")),
        X25519PrivateKey.from_private_bytes(_secret(folder / "sealing.key")),
        encode(_secret(folder / "kiosk.key")),
    )
    _publish(folder / "public.json", keys, tower_id)
    return keys


def pinned_retail_keys(path: Path) -> RetailKeys:
    """Return a reader of `retail.json`: no key is trusted while there is no file; KeyFileWrong where it is damaged."""

    def read() -> Mapping[str, Ed25519PublicKey]:
        try:
            told = json.loads(path.read_text())
            keys = [Ed25519PublicKey.from_public_bytes(base64.b64decode(text)) for text in told["keys"]]
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError) as error:
            raise KeyFileWrong(f"{path}: not a list of public keys; copy it from retail again") from error
        return {key_id(key): key for key in keys}

    return read


def _secret(path: Path) -> bytes:
    if not path.exists():
        replace_file(path, base64.b64encode(random_bytes(KEY_BYTES)), 0o600)
    try:
        secret = base64.b64decode(path.read_bytes().strip(), validate=True)
    except ValueError as error:
        raise KeyFileWrong(f"{path}: not base64; restore it from the backup") from error
    if len(secret) != KEY_BYTES:
        raise KeyFileWrong(f"{path}: {len(secret)} bytes instead of {KEY_BYTES}; restore it from the backup")
    return secret


def _publish(path: Path, keys: StationKeys, tower_id: str) -> None:
    told = {
        "tower_id": tower_id,
        "signing": base64.b64encode(keys.signing.public_key().public_bytes_raw()).decode(),
        "sealing": base64.b64encode(keys.sealing.public_key().public_bytes_raw()).decode(),
    }
    replace_file(path, json.dumps(told, indent=1).encode(), 0o644)
