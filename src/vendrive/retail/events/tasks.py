"""Wake-ups of the worker. What is to be done stands in rows; a job only looks at them."""

from procrastinate.contrib.django import app

from vendrive.retail.events.forgetting import forget_the_old
from vendrive.retail.events.sealing import seal_audit

EVERY_SECOND = "* * * * * */1"
EVERY_HOUR = "17 * * * *"


@app.periodic(cron=EVERY_SECOND)
@app.task(queueing_lock="seal_audit", lock="seal_audit")
def wake_sealer(timestamp: int) -> None:
    """Chain and sign what was done since the last second."""
    seal_audit()


@app.periodic(cron=EVERY_HOUR)
@app.task(queueing_lock="forget_the_old", lock="forget_the_old")
def wake_forgetting(timestamp: int) -> None:
    """Delete keys, codes, sessions and notices whose time is over."""
    forget_the_old()
