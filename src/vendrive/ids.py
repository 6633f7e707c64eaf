"""Identifiers and secrets: the one place that draws random numbers."""

import secrets
import uuid
from typing import NewType

TowerId = NewType("TowerId", str)
DriveId = NewType("DriveId", str)
PersonId = NewType("PersonId", str)
PassId = NewType("PassId", str)
VehicleId = NewType("VehicleId", str)
OrderId = NewType("OrderId", str)

# Crockford's base 32: no I, L, O, U, so a code can be read aloud and typed without a mistake.
CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKES = str.maketrans({"I": "1", "L": "1", "O": "0"})


def new_uuid() -> uuid.UUID:
    """Return a random UUID (version 4)."""
    return uuid.uuid4()


def random_bytes(count: int) -> bytes:
    """Return `count` bytes fit for keys."""
    return secrets.token_bytes(count)


def short_code(length: int = 8) -> str:
    """Return a code of `length` characters that a person can type (5 bits a character)."""
    # 32 divides 256, so the rest of a byte is as likely to be any letter as another.
    return "".join(CODE_ALPHABET[byte % len(CODE_ALPHABET)] for byte in secrets.token_bytes(length))


def digits(length: int) -> str:
    """Return `length` random decimal digits, for one-time codes."""
    return "".join(secrets.choice("0123456789") for _ in range(length))


def read_code(typed: str) -> str:
    """Return what a person meant by `typed`: upper case, no separators, look-alikes mapped."""
    kept = "".join(ch for ch in typed.upper() if ch.isalnum())
    return kept.translate(_LOOKALIKES)
