"""PINs for those who prefer no face: hashed with scrypt, compared in constant time."""

import hashlib
import hmac
from itertools import pairwise

from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.orders import PinCheck

PIN_LENGTH = 6
TRIES = 3
_COST = 2**14


def hash_pin(pin: str, salt: bytes) -> PinCheck:
    """Return the check for `pin`; `salt` is 16 fresh random bytes. Raise Refused (pin_too_simple)."""
    if len(pin) != PIN_LENGTH or not (pin.isascii() and pin.isdigit()) or _is_simple(pin):
        raise Refused(ErrorCode.pin_too_simple, length=PIN_LENGTH)
    return PinCheck(salt=salt, digest=_scrypt(pin, salt))


def is_pin(check: PinCheck, typed: str) -> bool:
    """Say whether `typed` is the PIN."""
    return hmac.compare_digest(check.digest, _scrypt(typed, check.salt))


def _is_simple(pin: str) -> bool:
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    return len(steps) == 1 and steps <= {0, 1, 9}


def _scrypt(pin: str, salt: bytes) -> bytes:
    return hashlib.scrypt(pin.encode(), salt=salt, n=_COST, r=8, p=1)
