"""Wake-ups of the worker for the scan."""

from procrastinate.contrib.django import app

from vendrive.retail.scan.actions import forget_old
from vendrive.retail.scan.car_model import model_card
from vendrive.retail.scan.references import follow_encoder

EVERY_HOUR = "17 * * * *"
EVERY_HALF_MINUTE = "* * * * * */30"


@app.periodic(cron=EVERY_HOUR)
@app.task(queueing_lock="forget_scans", lock="forget_scans")
def wake_forgetting(timestamp: int) -> None:
    """Delete what is older than we say that we keep."""
    forget_old()


@app.periodic(cron=EVERY_HALF_MINUTE)
@app.task(queueing_lock="follow_encoder", lock="follow_encoder")
def wake_encoding(timestamp: int) -> None:
    """Bring reference views to the present encoder."""
    if model_card() is not None:
        follow_encoder()
