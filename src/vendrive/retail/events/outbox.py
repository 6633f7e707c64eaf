"""The outbox: each notice is handed to its port once it is committed."""

import logging

from django.db import transaction

from vendrive.retail.config import ports
from vendrive.retail.events.models import Notice

BATCH = 50
MOST_TRIES = 5
_log = logging.getLogger(__name__)


def send_notices() -> int:
    """Send what waits, oldest first; return how many went. One that fails is tried again, five times in all."""
    sent = 0
    waiting = Notice.objects.filter(sent_at=None, tries__lt=MOST_TRIES).order_by("at").values_list("pk", flat=True)
    for pk in list(waiting[:BATCH]):
        with transaction.atomic():
            notice = Notice.objects.select_for_update(skip_locked=True).filter(pk=pk, sent_at=None).first()
            if notice is not None:
                sent += _send(notice)
    return sent


def _send(notice: Notice) -> int:
    notice.tries += 1
    try:
        ports().notices.send(notice.to, notice.text)
        notice.sent_at = ports().clock.now()
        # A code or a name is nobody's business once it has gone out.
        notice.text = ""
    except OSError as error:
        _log.warning("notice %s was not sent: %s", notice.pk, error)
    notice.save()
    return int(notice.sent_at is not None)
