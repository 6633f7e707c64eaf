"""Writes that happen once for their key: the key's row is written in the transaction of the effect.

A write from outside names a key of its caller's choice. Whoever comes again with the same key gets what was answered
then; nothing is done twice. Rows hold a keyed hash of the request and the sealed answer, nothing in clear.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction

from vendrive.retail.config import keys, ports
from vendrive.retail.events.models import IdempotencyKey
from vendrive.wire.errors import ErrorCode, Refused

MAX_KEY_LENGTH = 255
KEY_PATTERN = r"^[!-~]+$"
KEPT_FOR = timedelta(days=30)
"""How long a key is known where no booking came of it; with a booking, as long as that lives."""


@dataclass(frozen=True)
class Write:
    """One write from outside. `scope` names who asks for what; `fingerprint` is of the request, keyed."""

    scope: str
    key: str
    fingerprint: str
    one_transaction: bool = True
    """Whether effect and answer are stored at once; else the answer follows when outside parties were asked."""


_current: ContextVar[Write | None] = ContextVar("write", default=None)


def fingerprint_of(request: bytes) -> str:
    """Return a keyed hash: the request may hold a PIN or a code, which must not be guessed from what is stored."""
    return keys().fingerprint("request", hashlib.sha256(request).hexdigest())


@contextmanager
def under(write: Write) -> Iterator[None]:
    """Let the actions that are called meanwhile know that they are done for this write, and store it themselves."""
    token = _current.set(write)
    try:
        yield
    finally:
        _current.reset(token)


def do_once(write: Write, work: Callable[[], str]) -> str:
    """Return the identifier that `work` returns, doing it at most once, in one transaction with the key's row.

    Raise Refused: idempotency_key_missing, idempotency_in_flight, or idempotency_mismatch where the key was used for
    another request. A refusal of `work` stores nothing. Within a write from outside (`under`), that write's key holds.
    """
    outer = _current.get()
    if outer is not None and outer.one_transaction:
        return work()
    write = outer or write
    with transaction.atomic():
        stored = claim(write)
        if stored is not None:
            return stored.subject
        subject = work()
        keep(write, subject)
        return subject


def do_first(work: Callable[[], object]) -> None:
    """Do the first step of the write that is under way, at most once for its key; it must run `under` one."""
    write = _current.get()
    if write is None:
        raise LookupError("no write is under way")

    def step() -> str:
        work()
        return ""

    do_once(write, step)


def claim(write: Write) -> IdempotencyKey | None:
    """Hold the key until the transaction ends and return its row, or None where it is new. Raise Refused."""
    check_key(write)
    if not _lock("pg_try_advisory_xact_lock", 1, write):
        raise Refused(ErrorCode.idempotency_in_flight)
    return matching(write, IdempotencyKey.objects.filter(scope=write.scope, key=write.key).first())


def matching(write: Write, stored: IdempotencyKey | None) -> IdempotencyKey | None:
    """Return the row of a key; raise Refused (idempotency_mismatch) where it was used for another request."""
    if stored is not None and stored.fingerprint != write.fingerprint:
        raise Refused(ErrorCode.idempotency_mismatch)
    return stored


def keep(write: Write, subject: str, answer: str = "") -> IdempotencyKey:
    """Store what came of a write: the identifier of its effect, and what was answered, if that is known yet."""
    row = new_key(write, subject, answer)
    row.save(force_insert=True)
    return row


def new_key(write: Write, subject: str, answer: str) -> IdempotencyKey:
    """Return the row of a write, with its answer sealed, which is not stored yet."""
    row = IdempotencyKey(
        scope=write.scope, key=write.key, fingerprint=write.fingerprint, subject=subject, at=ports().clock.now()
    )
    row.answer = answer
    return row


@contextmanager
def in_flight(write: Write) -> Iterator[None]:
    """Hold the key across several transactions, at most as long as the connection; raise Refused as `claim` does."""
    check_key(write)
    if not _lock("pg_try_advisory_lock", 3, write):
        raise Refused(ErrorCode.idempotency_in_flight)
    try:
        yield
    finally:
        _lock("pg_advisory_unlock", 3, write)


def keep_answer(write: Write, subject: str, answer: str) -> None:
    """Store the answer to a write whose effect is stored already, or the whole where it had none to store."""
    with transaction.atomic():
        stored = claim(write)
        if stored is None:
            keep(write, subject, answer)
        else:
            stored.answer = answer
            stored.save(update_fields=["answer_box"])


def forget_keys(living: Callable[[set[UUID]], set[UUID]]) -> int:
    """Delete keys that are older than KEPT_FOR; `living` says which of the drives that came of them have not ended."""
    old = IdempotencyKey.objects.filter(at__lte=ports().clock.now() - KEPT_FOR)
    drives = {found for subject in old.values_list("subject", flat=True) if (found := _uuid(subject))}
    kept = [str(drive) for drive in living(drives)]
    return old.exclude(subject__in=kept).delete()[0]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def check_key(write: Write) -> None:
    """Raise Refused (idempotency_key_missing) where there is no key, or none that can be one."""
    if len(write.key) > MAX_KEY_LENGTH or not re.fullmatch(KEY_PATTERN, write.key):
        raise Refused(ErrorCode.idempotency_key_missing)


def _lock(function: str, space: int, write: Write) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(hashtextextended(%s, %s))", [f"{write.scope}\n{write.key}", space])
        row = cursor.fetchone()
    return row is not None and bool(row[0])
