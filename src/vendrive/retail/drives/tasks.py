"""Wake-ups of the worker for drives. What is to be done stands in rows; a job only looks at them."""

from procrastinate.contrib.django import app

from vendrive.retail.drives.actions import close_no_shows, lapse_holds
from vendrive.retail.drives.money import list_unsettled, settle_drive
from vendrive.retail.drives.trouble import climb_overdue, guard_next_customers, settle_late_fees
from vendrive.retail.drives.waiting import make_offers
from vendrive.retail.payments.actions import settle_refunds

EVERY_FIVE_SECONDS = "* * * * * */5"
EVERY_FIFTEEN_SECONDS = "* * * * * */15"


@app.periodic(cron=EVERY_FIVE_SECONDS)
@app.task(queueing_lock="close_no_shows", lock="close_no_shows")
def wake_no_shows(timestamp: int) -> None:
    """End what nobody confirmed or collected."""
    lapse_holds()
    close_no_shows()


@app.periodic(cron=EVERY_FIVE_SECONDS)
@app.task(queueing_lock="make_offers", lock="make_offers")
def wake_offers(timestamp: int) -> None:
    """Offer what is free to who waits for it."""
    make_offers()


@app.periodic(cron=EVERY_FIFTEEN_SECONDS)
@app.task(queueing_lock="watch_late", lock="watch_late")
def wake_late(timestamp: int) -> None:
    """Look after cars that are late, and after whoever comes next."""
    guard_next_customers()
    climb_overdue()
    settle_late_fees()


@app.periodic(cron=EVERY_FIFTEEN_SECONDS)
@app.task(queueing_lock="settle_drives", lock="settle_drives")
def wake_money(timestamp: int) -> None:
    """Ask again about charges whose outcome is unknown, and hand back what is owed."""
    for drive_id in list_unsettled():
        settle_drive(drive_id)
    settle_refunds()
