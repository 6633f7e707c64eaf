"""Writes that accompany a change, in its transaction."""

import json
from collections.abc import Callable, Mapping

from vendrive.retail.config import ports
from vendrive.retail.events.idempotency import Write, do_once, fingerprint_of
from vendrive.retail.events.models import AuditRow, Notice


def record(actor: str, action: str, subject: object, **details: object) -> None:
    """Write one audit row. No personal data: actors and subjects are identifiers."""
    AuditRow.objects.create(at=ports().clock.now(), actor=actor, action=action, subject=str(subject), details=details)


def queue_notice(to: str, text: str, key: str | None = None) -> None:
    """Put a message to a phone in the outbox; the worker sends it after commit. Nothing is queued twice for a `key`."""
    if key is not None and Notice.objects.filter(key=key).exists():
        return
    now = ports().clock.now()
    notice = Notice(at=now, due_at=now, key=key)
    notice.to, notice.text = to, text
    notice.save()


def once(scope: str, key: str, request: Mapping[str, object], work: Callable[[], str]) -> str:
    """Return the identifier that `work` returns, doing it at most once for `key` in `scope`; raise as `do_once`."""
    return do_once(write_for(scope, key, request), work)


def write_for(scope: str, key: str, request: Mapping[str, object]) -> Write:
    """Return the write that a request in `scope` is, under its key."""
    return Write(scope, key, fingerprint_of(json.dumps(request, sort_keys=True, default=str).encode()))
