"""A pass: what the phone shows as a QR code. It names one person, one drive, one tower and one window."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from vendrive.passes.signing import is_signed, key_id, sign_text
from vendrive.wire.errors import ErrorCode, Refused

PREFIX = "VD1"
PURPOSE = "pass"
MAX_LENGTH = 400


@dataclass(frozen=True)
class PassClaims:
    """What a pass says. Times are UTC to the second, the window is half-open."""

    pass_id: str
    drive_id: str
    person_id: str
    tower_id: str
    not_before: datetime
    not_after: datetime


def issue_pass(claims: PassClaims, key: Ed25519PrivateKey) -> str:
    """Return the pass as text: `VD1/key id/pass/drive/person/tower/from/to/signature`."""
    body = "/".join(
        (
            PREFIX,
            key_id(key.public_key()),
            claims.pass_id,
            claims.drive_id,
            claims.person_id,
            claims.tower_id,
            str(int(claims.not_before.timestamp())),
            str(int(claims.not_after.timestamp())),
        )
    )
    return f"{body}/{sign_text(key, PURPOSE, body)}"


def read_pass(text: str, keys: Mapping[str, Ed25519PublicKey]) -> PassClaims:
    """Return what a genuine pass says; raise Refused (pass_unreadable, pass_not_genuine).

    `keys` maps a key id to the public key of a retail that this station trusts.
    """
    parts = text.strip().split("/")
    if len(text) > MAX_LENGTH or len(parts) != 9 or parts[0] != PREFIX:
        raise Refused(ErrorCode.pass_unreadable)
    body, _, signature = text.strip().rpartition("/")
    key = keys.get(parts[1])
    if key is None or not is_signed(key, PURPOSE, body, signature):
        raise Refused(ErrorCode.pass_not_genuine)
    pass_id, drive_id, person_id, tower_id, start, end = parts[2:8]
    return PassClaims(pass_id, drive_id, person_id, tower_id, _moment(start), _moment(end))


def check_window(claims: PassClaims, tower_id: str, now: datetime) -> None:
    """Raise Refused where the pass is for another tower or `now` is outside its window."""
    if claims.tower_id != tower_id:
        raise Refused(ErrorCode.pass_wrong_tower, tower=claims.tower_id)
    if now < claims.not_before:
        raise Refused(ErrorCode.pass_too_early, opens=claims.not_before)
    if now >= claims.not_after:
        raise Refused(ErrorCode.pass_expired, closed=claims.not_after)


def _moment(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
