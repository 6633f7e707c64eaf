"""The outbox: each notice is handed to its port once it is committed."""

import logging
from datetime import timedelta

from django.db import transaction

from vendrive.retail.config import ports
from vendrive.retail.events.models import Notice

BATCH = 50
LONGEST_PAUSE_S = 900
GIVEN_UP_AFTER = timedelta(days=1)
"""Whoever learns of it later learns nothing new."""
_log = logging.getLogger(__name__)


def send_notices() -> int:
    """Send what waits, oldest first; return how many went. One that fails is tried again, more and more rarely."""
    sent, now = 0, ports().clock.now()
    waiting = Notice.objects.filter(sent_at=None, due_at__lte=now, at__gt=now - GIVEN_UP_AFTER)
    for pk in list(waiting.order_by("at").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            notice = Notice.objects.select_for_update(skip_locked=True).filter(pk=pk, sent_at=None).first()
            if notice is not None:
                sent += _send(notice)
    return sent


def _send(notice: Notice) -> int:
    notice.tries += 1
    try:
        # Who dies between sending and commit sends again: the key says that it is the same.
        ports().notices.send(str(notice.pk), notice.to, notice.text)
        notice.sent_at = ports().clock.now()
        # A code or a name is nobody's business once it has gone out.
        notice.text = ""
    except OSError as error:
        pause_s = min(2**notice.tries, LONGEST_PAUSE_S)
        notice.due_at = ports().clock.now() + timedelta(seconds=pause_s)
        _log.warning("notice %s was not sent, again in %s s: %s", notice.pk, pause_s, error)
    notice.save()
    return int(notice.sent_at is not None)
