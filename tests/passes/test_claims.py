"""A pass is one person's right to one drive at one tower in one window, and nobody can make one up."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from vendrive.passes.claims import MAX_LENGTH, PassClaims, check_window, issue_pass, read_pass
from vendrive.passes.signing import key_id, sign_text
from vendrive.wire.errors import ErrorCode, Refused

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
TRUSTED = {key_id(KEY.public_key()): KEY.public_key()}
START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
CLAIMS = PassClaims("0190-pass", "0190-drive", "0190-person", "shanghai", START, START + timedelta(hours=1))


def test_a_genuine_pass_says_what_was_issued() -> None:
    assert read_pass(issue_pass(CLAIMS, KEY), TRUSTED) == CLAIMS


def test_a_pass_of_uuids_fits_a_qr_code() -> None:
    uuid = "01900000-0000-7000-8000-000000000000"
    claims = replace(CLAIMS, pass_id=uuid, drive_id=uuid, person_id=uuid)
    assert len(issue_pass(claims, KEY)) <= MAX_LENGTH


@pytest.mark.parametrize("last", "QRSTUVWXYZabcdef")
def test_a_signature_has_one_spelling(last: str) -> None:
    """The last of 86 signs carries two bits; sixteen spellings would mean the same bytes, and be the same right."""
    text = issue_pass(CLAIMS, KEY)
    assert text[-1] == "Q"
    if last == "Q":
        assert read_pass(text, TRUSTED) == CLAIMS
        return
    with pytest.raises(Refused) as caught:
        read_pass(text[:-1] + last, TRUSTED)
    assert caught.value.code is ErrorCode.pass_not_genuine


@pytest.mark.parametrize("field", range(2, 8))
def test_a_changed_field_is_not_genuine(field: int) -> None:
    parts = issue_pass(CLAIMS, KEY).split("/")
    parts[field] = "1" + parts[field]
    with pytest.raises(Refused) as caught:
        read_pass("/".join(parts), TRUSTED)
    assert caught.value.code is ErrorCode.pass_not_genuine


def test_a_pass_signed_by_a_stranger_is_not_genuine() -> None:
    body = issue_pass(CLAIMS, OTHER).split("/")
    body[1] = key_id(KEY.public_key())
    for text in (issue_pass(CLAIMS, OTHER), "/".join(body)):
        with pytest.raises(Refused) as caught:
            read_pass(text, TRUSTED)
        assert caught.value.code is ErrorCode.pass_not_genuine


def test_a_signature_for_another_purpose_is_not_genuine() -> None:
    body = issue_pass(CLAIMS, KEY).rpartition("/")[0]
    with pytest.raises(Refused):
        read_pass(f"{body}/{sign_text(KEY, 'order', body)}", TRUSTED)


@given(st.text(max_size=500))
def test_any_text_is_refused_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(Refused):
        read_pass(text, TRUSTED)


@pytest.mark.parametrize(
    ("tower", "now", "code"),
    [
        ("nanjing", START, ErrorCode.pass_wrong_tower),
        ("shanghai", START - timedelta(seconds=1), ErrorCode.pass_too_early),
        ("shanghai", START + timedelta(hours=1), ErrorCode.pass_expired),
    ],
)
def test_a_pass_is_for_one_tower_and_one_window(tower: str, now: datetime, code: ErrorCode) -> None:
    with pytest.raises(Refused) as caught:
        check_window(CLAIMS, tower, now)
    assert caught.value.code is code


def test_the_window_is_half_open() -> None:
    check_window(CLAIMS, "shanghai", START)
    check_window(CLAIMS, "shanghai", START + timedelta(minutes=59, seconds=59))
