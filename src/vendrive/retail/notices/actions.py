"""The consumer that turns events into messages. Each event is seen once: the cursor moves with what was made of it."""

from vendrive.retail.events.actions import queue_notice
from vendrive.retail.events.models import AuditRow
from vendrive.retail.events.reading import read_on
from vendrive.retail.notices.texts import letter_for

CONSUMER = "notices"


def queue_letters() -> int:
    """Put a message in the outbox for each sealed event that customers are told of; return how many were read."""
    return read_on(CONSUMER, _queue)


def _queue(row: AuditRow) -> None:
    letter = letter_for(row)
    if letter is not None:
        queue_notice(letter.to, letter.text, letter.key)
