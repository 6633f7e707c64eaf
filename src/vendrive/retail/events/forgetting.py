"""What is forgotten when its time is over: keys of writes, used codes, sessions that ran out, notices that went out."""

from datetime import timedelta
from uuid import UUID

from django.contrib.sessions.backends.db import SessionStore

from vendrive.retail.config import ports
from vendrive.retail.customers.models import SignInCode
from vendrive.retail.drives.models import Drive
from vendrive.retail.events.idempotency import KEPT_FOR, forget_keys
from vendrive.retail.events.models import Notice

CODES_KEPT_FOR = timedelta(days=1)
"""Longer than any limit on tries looks back."""


def forget_the_old() -> int:
    """Delete what nobody needs any more; return how many rows. Sessions that ran out go too, uncounted."""
    now = ports().clock.now()
    gone = forget_keys(_not_ended)
    gone += SignInCode.objects.filter(created_at__lte=now - CODES_KEPT_FOR).delete()[0]
    gone += Notice.objects.filter(sent_at__lte=now - KEPT_FOR).delete()[0]
    SessionStore.clear_expired()
    return gone


def _not_ended(drives: set[UUID]) -> set[UUID]:
    return set(Drive.objects.filter(pk__in=drives, ended_at=None).values_list("pk", flat=True))
