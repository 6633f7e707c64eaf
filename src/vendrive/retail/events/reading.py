"""How others follow what happened: the sealed audit rows, in the order that the sealer gave them after commit.

A row's `seq` is a cursor that nothing comes before later, and each consumer keeps its own, in the transaction of what
it makes of the rows: so each event is seen once.
"""

import logging
from collections.abc import Callable

from django.db import transaction

from vendrive.retail.events.actions import record
from vendrive.retail.events.models import AuditRow, Cursor

BATCH = 100
_log = logging.getLogger(__name__)


def read_on(consumer: str, handle: Callable[[AuditRow], None]) -> int:
    """Give `handle` the next rows, and move the consumer's cursor with what it wrote; return how many rows.

    A row that it cannot handle has no effect, is written down for a person, and does not hold up the others.
    """
    with transaction.atomic():
        Cursor.objects.get_or_create(name=consumer)
        cursor = Cursor.objects.select_for_update().get(name=consumer)
        rows = list(AuditRow.objects.filter(seq__gt=cursor.seq).order_by("seq")[:BATCH])
        for row in rows:
            _handle(consumer, row, handle)
            cursor.seq = row.seq or cursor.seq
        cursor.save(update_fields=["seq"])
    return len(rows)


def _handle(consumer: str, row: AuditRow, handle: Callable[[AuditRow], None]) -> None:
    try:
        with transaction.atomic():
            handle(row)
    except Exception:
        _log.exception("%s could not handle event %s", consumer, row.seq)
        record("retail", "event_not_handled", row.subject, consumer=consumer, seq=row.seq)
