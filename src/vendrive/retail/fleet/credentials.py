"""Whether a request comes from an enrolled station, now, and for the first time."""

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import connection

from vendrive.passes.signing import is_signed
from vendrive.retail.config import ports
from vendrive.retail.fleet.models import StationNonce, Tower
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.station_auth import (
    NONCE_HEADER,
    PURPOSE,
    SIGNATURE_HEADER,
    TIME_HEADER,
    TOLERANCE_S,
    TOWER_HEADER,
    RequestToSign,
)

MAX_NONCE_LENGTH = 64
_USE_NONCE = "INSERT INTO fleet_stationnonce (tower_id, nonce, at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"


def access_station(method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Tower:
    """Return the tower whose station signed this request; raise Refused (signature_invalid, request_replayed).

    The nonce is remembered for twice the tolerance, so a request counts once at any time.
    """
    request = _read(method, target, body, headers)
    tower = Tower.objects.filter(slug=request.tower_id).exclude(signing_key="").first()
    if tower is None:
        raise Refused(ErrorCode.signature_invalid)
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(tower.signing_key))
    if not is_signed(key, PURPOSE, request.text(), headers.get(SIGNATURE_HEADER, "")):
        raise Refused(ErrorCode.signature_invalid)
    now = ports().clock.now()
    if abs(now - request.at) > timedelta(seconds=TOLERANCE_S):
        raise Refused(ErrorCode.request_replayed, now=now.isoformat())
    _use_nonce(tower, request.nonce, now)
    return tower


def forget_nonces() -> int:
    """Delete nonces that are too old to be replayed; return how many."""
    before = ports().clock.now() - 2 * timedelta(seconds=TOLERANCE_S)
    return StationNonce.objects.filter(at__lt=before).delete()[0]


def _read(method: str, target: str, body: bytes, headers: Mapping[str, str]) -> RequestToSign:
    nonce = headers.get(NONCE_HEADER, "")
    try:
        at = datetime.fromisoformat(headers.get(TIME_HEADER, ""))
    except ValueError as error:
        raise Refused(ErrorCode.signature_invalid) from error
    if at.tzinfo is None or not 0 < len(nonce) <= MAX_NONCE_LENGTH:
        raise Refused(ErrorCode.signature_invalid)
    return RequestToSign(headers.get(TOWER_HEADER, ""), method, target, body, at, nonce)


def _use_nonce(tower: Tower, nonce: str, now: datetime) -> None:
    # One statement, which is its own transaction where there is none around it.
    with connection.cursor() as cursor:
        cursor.execute(_USE_NONCE, [tower.slug, nonce, now])
        if cursor.rowcount == 0:
            raise Refused(ErrorCode.request_replayed)
