"""Sealed templates open at one station only; PINs are hashed and simple ones refused."""

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from vendrive.passes.pins import hash_pin, is_pin
from vendrive.passes.sealing import NotSealedForThis, open_sealed, seal_for
from vendrive.wire.errors import ErrorCode, Refused

STATION = X25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = X25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
EPHEMERAL = bytes(range(2, 34))
SALT = bytes(16)


def test_the_station_opens_what_was_sealed_for_it() -> None:
    box = seal_for(STATION.public_key(), b"template", "person/shanghai", EPHEMERAL)
    assert b"template" not in box
    assert open_sealed(STATION, box, "person/shanghai") == b"template"


def test_nobody_else_opens_it() -> None:
    box = seal_for(STATION.public_key(), b"template", "person/shanghai", EPHEMERAL)
    changed = box[:-1] + bytes([box[-1] ^ 1])
    for key, data, context in (
        (OTHER, box, "person/shanghai"),
        (STATION, box, "another/shanghai"),
        (STATION, changed, "person/shanghai"),
        (STATION, b"", "person/shanghai"),
    ):
        with pytest.raises(NotSealedForThis):
            open_sealed(key, data, context)


def test_a_pin_is_known_again_and_another_is_not() -> None:
    check = hash_pin("271828", SALT)
    assert is_pin(check, "271828")
    assert not is_pin(check, "271829")
    assert b"271828" not in check.digest


@pytest.mark.parametrize("pin", ["000000", "123456", "987654", "12345", "1234567", "abcdef", "", "١٢٣٤٥٧"])
def test_a_simple_or_malformed_pin_is_refused(pin: str) -> None:
    with pytest.raises(Refused) as caught:
        hash_pin(pin, SALT)
    assert caught.value.code is ErrorCode.pin_too_simple
