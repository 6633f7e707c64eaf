"""Which events customers are told of, and the facts that the sentences may name.

One more: a line here, and `notice.<message>` in both languages (design/messages/notices.*.toml).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vendrive.design import formats
from vendrive.design.messages import say
from vendrive.retail.customers.models import Customer, Person
from vendrive.retail.drives.models import Drive, WaitPlace
from vendrive.retail.events.models import AuditRow
from vendrive.retail.payments.models import Refund
from vendrive.retail.sales.models import SalesOrder


@dataclass(frozen=True)
class About:
    """Whom an event concerns, and the words for it."""

    customer: Customer
    words: Mapping[str, object]


@dataclass(frozen=True)
class Letter:
    """A message to a customer. `key` names what it tells of: the same is never told twice."""

    key: str
    to: str
    text: str


def about_drive(subject: str) -> About:
    """Return who borrows, and which car when and where."""
    drive = Drive.objects.select_related("customer", "tower", "return_tower", "vehicle__model__brand").get(pk=subject)
    lang, zone, model, tower = drive.customer.language, drive.tower.time_zone, drive.vehicle.model, drive.tower
    words = {
        "car": f"{model.brand.name_zh} {model.name_zh}" if lang == "zh" else f"{model.brand.name} {model.name}",
        "tower": tower.name_zh if lang == "zh" else tower.name,
        "back": drive.return_tower.name_zh if lang == "zh" else drive.return_tower.name,
        "plate": drive.vehicle.plate,
        "day": formats.day(lang, drive.pickup_at, zone),
        "time": formats.clock_time(drive.pickup_at, zone),
        "due_day": formats.day(lang, drive.due_at, zone),
        "due_time": formats.clock_time(drive.due_at, zone),
    }
    return About(drive.customer, words)


def about_order(subject: str) -> About:
    """Return who buys, and what is paid down."""
    order = SalesOrder.objects.select_related("drive").get(pk=subject)
    drive = about_drive(str(order.drive_id))
    return About(drive.customer, {**drive.words, "down": formats.money(order.down_payment_minor, order.currency)})


def about_refund(subject: str) -> About:
    """Return who gets money back, and how much."""
    refund = Refund.objects.select_related("charge__customer").get(pk=subject)
    return About(refund.charge.customer, {"amount": formats.money(refund.amount_minor, refund.charge.currency)})


def about_place(subject: str) -> About:
    """Return who waits, for which model and where."""
    place = WaitPlace.objects.select_related("customer", "model__brand", "tower").get(pk=subject)
    zh, model = place.customer.language == "zh", place.model
    car = f"{model.brand.name_zh} {model.name_zh}" if zh else f"{model.brand.name} {model.name}"
    return About(place.customer, {"car": car, "tower": place.tower.name_zh if zh else place.tower.name})


def about_person(subject: str) -> About:
    """Return the customer who is this person."""
    return About(Person.objects.select_related("customer").get(pk=subject).customer, {})


TOLD: Mapping[str, tuple[str, Callable[[str], About]]] = {
    "drive_booked": ("booked", about_drive),
    "pass_held": ("ready", about_drive),
    "drive_cancelled": ("cancelled", about_drive),
    "drive_cancelled_by_us": ("cancelled_by_us", about_drive),
    "drive_not_collected": ("not_collected", about_drive),
    "handed_over": ("handed_over", about_drive),
    "returned": ("returned", about_drive),
    "due_changed": ("due_changed", about_drive),
    "refund_paid": ("refunded", about_refund),
    "queue_joined": ("queue_joined", about_place),
    "sale_placed": ("order_placed", about_order),
    "sale_declined": ("order_declined", about_order),
    "face_consent_revoked": ("face_deleted", about_person),
}
"""For each action of the audit trail: the message, and what it is about."""
AGAIN = ("face_deleted", "due_changed")
"""What may happen to the same subject more than once, each time with a new effect; a drive or an order ends once."""


def letter_for(row: AuditRow) -> Letter | None:
    """Return what to tell of an event, in the customer's language, or None where nobody is told."""
    # A booking that another one's hand-over ended was not the customer's wish.
    action = f"{row.action}_by_us" if row.action == "drive_cancelled" and row.actor == "retail" else row.action
    if action not in TOLD:
        return None
    message, about_subject = TOLD[action]
    about = about_subject(row.subject)
    text = say(about.customer.language, f"notice.{message}", **about.words)
    again = f":{row.seq}" if message in AGAIN else ""
    return Letter(f"{message}:{row.subject}{again}", about.customer.phone, text)
