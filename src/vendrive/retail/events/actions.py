"""Writes that accompany a change, in its transaction."""

import hashlib
import json
from collections.abc import Callable, Mapping

from django.db import connection, transaction

from vendrive.retail.config import ports
from vendrive.retail.events.models import AuditRow, IdempotencyKey, Notice
from vendrive.wire.errors import ErrorCode, Refused

MAX_KEY_LENGTH = 255


def record(actor: str, action: str, subject: object, **details: object) -> None:
    """Write one audit row. No personal data: actors and subjects are identifiers."""
    AuditRow.objects.create(at=ports().clock.now(), actor=actor, action=action, subject=str(subject), details=details)


def queue_notice(to: str, text: str) -> None:
    """Put a message to a phone in the outbox; the worker sends it after commit."""
    notice = Notice(at=ports().clock.now())
    notice.to, notice.text = to, text
    notice.save()


def once(scope: str, key: str, request: Mapping[str, object], work: Callable[[], str]) -> str:
    """Return what `work` answers, doing it at most once for `key` in `scope`.

    A replay gets the stored answer. Raise Refused: idempotency_key_missing, idempotency_in_flight, or
    idempotency_mismatch where the key was used for another request. A refusal of `work` stores nothing.
    """
    if not 0 < len(key) <= MAX_KEY_LENGTH:
        raise Refused(ErrorCode.idempotency_key_missing)
    fingerprint = hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).hexdigest()
    with transaction.atomic():
        if not _try_lock(f"{scope}\n{key}"):
            raise Refused(ErrorCode.idempotency_in_flight)
        stored = IdempotencyKey.objects.filter(scope=scope, key=key).first()
        if stored is not None:
            if stored.fingerprint != fingerprint:
                raise Refused(ErrorCode.idempotency_mismatch)
            return stored.answer
        answer = work()
        row = IdempotencyKey(scope=scope, key=key, fingerprint=fingerprint, at=ports().clock.now())
        row.answer = answer
        row.save()
        return answer


def _try_lock(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 1))", [name])
        row = cursor.fetchone()
    return row is not None and bool(row[0])
