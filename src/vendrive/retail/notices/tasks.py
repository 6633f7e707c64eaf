"""Wake-ups of the worker for messages."""

from procrastinate.contrib.django import app

from vendrive.retail.events.outbox import send_notices
from vendrive.retail.notices.actions import queue_letters

EVERY_SECOND = "* * * * * */1"


@app.periodic(cron=EVERY_SECOND)
@app.task(queueing_lock="send_notices", lock="send_notices")
def wake_outbox(timestamp: int) -> None:
    """Write what happened since the last second, and send what waits."""
    queue_letters()
    send_notices()
