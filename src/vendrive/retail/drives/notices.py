"""What customers are told of their drives, in their language, through the outbox."""

from vendrive.design.formats import clock_time, day
from vendrive.design.messages import say
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.models import Drive
from vendrive.retail.events.actions import queue_notice

AT_ONCE = frozenset(
    {
        "offer", "queue_ended", "other_colour", "let_down", "remind", "charge", "call", "paid_but_gone", "booked_late",
        "breakdown", "breakdown_other", "licence_lost", "return_moved",
    }
)  # fmt: skip
"""Messages that are written with the change they tell of; all others are made of its event (`notices.texts.TOLD`)."""


def tell(customer: Customer, what: str, **params: object) -> None:
    """Put the message `notice.<what>` into the outbox."""
    queue_notice(customer.phone, say(customer.language, f"notice.{what}", **params))


def tell_of(drive: Drive, what: str, **params: object) -> None:
    """Tell the customer of a drive; its car, tower and times stand in the sentence where it names them."""
    customer = Customer.objects.get(pk=drive.customer_id)
    lang, zone = customer.language, drive.tower.time_zone
    model, tower = drive.model, drive.tower
    told = {
        "car": model.name_zh if lang == "zh" else model.name,
        "tower": tower.name_zh if lang == "zh" else tower.name,
        "day": day(lang, drive.pickup_at, zone),
        "time": clock_time(drive.pickup_at, zone),
        "due_day": day(lang, drive.due_at, zone),
        "due_time": clock_time(drive.due_at, zone),
    }
    tell(customer, what, **told, **params)
