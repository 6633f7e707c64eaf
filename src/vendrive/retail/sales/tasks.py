"""Wake-ups of the worker for sales."""

from procrastinate.contrib.django import app

from vendrive.retail.sales.actions import settle_pending_orders

EVERY_FIFTEEN_SECONDS = "* * * * * */15"


@app.periodic(cron=EVERY_FIFTEEN_SECONDS)
@app.task(queueing_lock="settle_orders", lock="settle_orders")
def wake_settling(timestamp: int) -> None:
    """Ask again about down payments whose outcome is unknown."""
    settle_pending_orders()
