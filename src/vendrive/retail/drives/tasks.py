"""Wake-ups of the worker for drives."""

from procrastinate.contrib.django import app

from vendrive.retail.drives.actions import close_no_shows

EVERY_FIVE_SECONDS = "* * * * * */5"


@app.periodic(cron=EVERY_FIVE_SECONDS)
@app.task(queueing_lock="close_no_shows", lock="close_no_shows")
def wake_no_shows(timestamp: int) -> None:
    """End what nobody collected."""
    close_no_shows()
