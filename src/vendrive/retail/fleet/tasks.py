"""Wake-ups of the worker for the line to the stations."""

from procrastinate.contrib.django import app

from vendrive.retail.fleet.credentials import forget_nonces


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="forget_nonces", lock="forget_nonces")
def wake_nonces(timestamp: int) -> None:
    """Forget nonces that are too old to matter."""
    forget_nonces()
