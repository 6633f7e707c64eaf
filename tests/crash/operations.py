"""What is done while a process dies. A new operation is one line in OPERATIONS."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpResponse

from tests.crash.world import Remembering
from tests.retail.api.conftest import BOOKING, Phone
from tests.retail.helpers import PIN, START, code_sent_to, make_driver, phone_of
from tests.retail.lending import hand_over
from tests.retail.test_stations import batch, journey
from vendrive.retail.customers import actions as customers
from vendrive.retail.drives.actions import book_drive, cancel_drive, close_no_shows, hold_drive, lapse_holds
from vendrive.retail.drives.journal import record_journal
from vendrive.retail.drives.models import Drive, DriveState, RuleSet, WaitPlace
from vendrive.retail.drives.orders import list_orders, publish_orders
from vendrive.retail.drives.trouble import change_vehicle, climb_overdue
from vendrive.retail.drives.waiting import join_queue, make_offers
from vendrive.retail.events.forgetting import forget_the_old
from vendrive.retail.events.outbox import send_notices
from vendrive.retail.events.sealing import seal_audit
from vendrive.retail.fleet.actions import ask_operator, confirm_operator, propose_operator
from vendrive.retail.fleet.policies import Wish
from vendrive.retail.notices.actions import queue_letters
from vendrive.retail.payments.actions import settle_refunds
from vendrive.retail.ports import Payment
from vendrive.retail.sales.actions import buy_vehicle, settle_pending_orders
from vendrive.vision.faces import ENGINE_NAME
from vendrive.wire.orders import OperatorAction

KEY = "6f1c2b7e-8f0e-4c39-9d39-1f6b1a1c2f10"
EX30 = ("volvo-ex30", "yellow", "shanghai", START + timedelta(minutes=10))
QUEUE = {
    "model": "volvo-ex30",
    "tower": "shanghai",
    "from_at": "2026-03-04T00:00:00Z",
    "until_at": "2026-03-09T00:00:00Z",
}
NEXT_DAY, SOONER, LATER = (f"2026-03-0{day}T01:15:00Z" for day in (3, 4, 6))
SWAP = {"model": "byd-han", "paint": "red", "pickup_at": "2026-03-04T01:15:00Z"}
INTRODUCTION = {
    "name": "Demo person 1",
    "document_kind": "passport",
    "document": "E00000001",
    "licence_class": "C1",
    "licence_expiry": "2030-01-01",
    "birth_date": "1990-01-01",
}
Act = Callable[[], bytes]
STATUS = "HTTP "


@dataclass(frozen=True)
class Operation:
    """`given` makes everything ready and returns what is done: in a process that dies, and once more after that.

    Not `again`: who asks has no key and looks first whether it happened, as staff do in the console.
    """

    name: str
    given: Callable[[Remembering], Act]
    again: bool = True


def told(answer: HttpResponse) -> bytes:
    """Return what a caller was told, with its status."""
    return f"{STATUS}{answer.status_code} ".encode() + answer.content


def write(method: str, path: str, body: object = None, before: Callable[[Phone], object] = lambda p: None) -> Any:
    """Return a write of the API by somebody who may drive."""

    def given(world: Remembering) -> Act:
        phone = Phone(make_driver())
        made = before(phone)
        sent = path.format(made)
        return lambda: told(phone.send(method, sent, body, KEY))

    return given


def guest(path: str, body: Callable[[Phone], object]) -> Any:
    """Return a write of the API by somebody who has not signed in."""

    def given(world: Remembering) -> Act:
        phone = Phone()
        sent = body(phone)
        return lambda: told(phone.send("POST", path, sent, KEY))

    return given


def plain(work: Callable[[], object], before: Callable[[Remembering], object] = lambda world: None) -> Any:
    """Return something that a program does for itself; what it answers is how much there was to do, so nothing."""

    def given(world: Remembering) -> Act:
        before(world)

        def done() -> bytes:
            work()
            return b""

        return done

    return given


def with_code(phone: Phone) -> object:
    phone.send("POST", "session/code", {"phone": phone_of(1)})
    return {"phone": phone_of(1), "code": code_sent_to(phone_of(1))}


def with_consent(phone: Phone) -> None:
    assert phone.customer is not None
    vars(customers)["template_of"] = lambda picture: (ENGINE_NAME, b"template")
    customers.give_face_consent(phone.customer)


def with_face(phone: Phone) -> None:
    with_consent(phone)
    assert phone.customer is not None
    book_drive(phone.customer, *EX30, "before")
    customers.enrol_face(phone.customer, b"picture")
    publish_orders("shanghai")


def booked(phone: Phone) -> str:
    made: dict[str, str] = json.loads(phone.send("POST", "drives", BOOKING).content)
    return made["drive_id"]


def returned(phone: Phone) -> str:
    drive = booked(phone)
    Drive.objects.update(state=DriveState.returned, ended_at=START, returned_at=START)
    return drive


def some_drive(world: Remembering) -> Drive:
    return book_drive(make_driver(), *EX30, "before")


def pending_order(world: Remembering) -> None:
    drive = some_drive(world)
    Drive.objects.update(state=DriveState.returned, ended_at=START, returned_at=START)
    world.payment = Payment.unknown
    buy_vehicle(drive.customer, drive.id, "before")
    world.payment = Payment.paid
    world.clock.advance(60)


def late(world: Remembering) -> None:
    some_drive(world)
    world.clock.advance(2 * 3600)


def old(world: Remembering) -> None:
    some_drive(world)
    Drive.objects.update(ended_at=START)
    send_notices()
    world.clock.advance(31 * 24 * 3600)


def pull(world: Remembering) -> Act:
    some_drive(world)

    def asked() -> bytes:
        publish_orders("shanghai")
        return list_orders("shanghai", 0).model_dump_json().encode()

    return asked


def journal(world: Remembering) -> Act:
    entries = batch(*journey(some_drive(world)))
    return lambda: str(record_journal("shanghai", entries)).encode()


def lost_to_another(world: Remembering) -> Act:
    drive = some_drive(world)
    cancel_drive(drive.customer, drive.id)
    book_drive(make_driver(2), *EX30, "other")
    entries = batch(*journey(drive)[:2])
    return lambda: str(record_journal("shanghai", entries)).encode()


def staff_asks(world: Remembering) -> Act:
    def asked() -> bytes:
        ask_operator("anna", "shanghai", Wish(OperatorAction.emergency_stop))
        return b""

    return asked


def staff_proposes(world: Remembering) -> Act:
    wish = Wish(OperatorAction.release_part, part="L1")
    return lambda: propose_operator("anna", "shanghai", wish).action.encode()


def staff_confirms(world: Remembering) -> Act:
    asked = propose_operator("anna", "shanghai", Wish(OperatorAction.release_part, part="L1"))
    return lambda: confirm_operator("ben", asked.pk).action.encode()


def held(phone: Phone) -> tuple[str, str]:
    made = json.loads(phone.send("POST", "holds", BOOKING).content)
    return made["drive_id"], made["terms"]


def confirm(world: Remembering) -> Act:
    phone = Phone(make_driver())
    drive, terms = held(phone)
    return lambda: told(phone.send("POST", f"drives/{drive}/confirm", {"terms": terms}, KEY))


def with_fee(world: Remembering) -> Act:
    RuleSet.objects.filter(tower=None, period=None).update(rules={"fee_minor": 5000, "deposit_minor": 100000})
    return confirm(world)


def lent(phone: Phone) -> str:
    drive = booked(phone)
    hand_over(Drive.objects.get(pk=drive))
    return drive


def lent_to(world: Remembering) -> Drive:
    return hand_over(some_drive(world))


def waiting(phone: Phone) -> str:
    place: dict[str, str] = json.loads(phone.send("POST", "queue", QUEUE).content)
    return place["place_id"]


def somebody_waits(world: Remembering) -> WaitPlace:
    at = EX30[3]
    return join_queue(make_driver(2), "volvo-ex30", "yellow", "shanghai", at, at + timedelta(days=1))


def lapsing(world: Remembering) -> None:
    hold_drive(make_driver(), *EX30, "before")
    world.clock.advance(3600)


def owed(world: Remembering) -> None:
    with_fee(world)()
    drive = Drive.objects.get()
    cancel_drive(drive.customer, drive.pk)


def overdue(world: Remembering) -> None:
    drive = lent_to(world)
    world.clock.advance((drive.due_at - world.clock.now()).total_seconds() + 5 * 24 * 3600)


def unfit(world: Remembering) -> Act:
    drive = some_drive(world)

    def found() -> bytes:
        change_vehicle("anna", drive.vehicle_id, damage="unsafe")
        return b""

    return found


OPERATIONS = (
    Operation("ask for a code", guest("session/code", lambda phone: {"phone": phone_of(1)})),
    Operation("sign in", guest("session", with_code)),
    Operation("sign in wrongly", guest("session", lambda phone: {**dict(with_code(phone)), "code": "x"})),  # type: ignore[call-overload]
    Operation("introduce oneself", write("PUT", "me", INTRODUCTION)),
    Operation("consent", write("POST", "me/face-consent")),
    Operation("enrol a face", write("PUT", "me/face", b"picture", before=with_consent)),
    Operation("revoke", write("DELETE", "me/face-consent", before=with_face)),
    Operation("set a PIN", write("PUT", "me/pin", {"pin": PIN}, before=booked)),
    Operation("book", write("POST", "drives", BOOKING)),
    Operation("cancel", write("POST", "drives/{}/cancel", before=booked)),
    Operation("hold", write("POST", "holds", BOOKING)),
    Operation("confirm", confirm),
    Operation("confirm and pay", with_fee),
    Operation("reschedule", write("POST", "drives/{}/reschedule", {"pickup_at": NEXT_DAY}, before=booked)),
    Operation("extend", write("POST", "drives/{}/extend", {"due_at": LATER}, before=lent)),
    Operation("return early", write("POST", "drives/{}/return-early", {"due_at": SOONER}, before=lent)),
    Operation("swap", write("POST", "drives/{}/swap", SWAP, before=lent)),
    Operation("join a queue", write("POST", "queue", QUEUE)),
    Operation("leave a queue", write("DELETE", "queue/{}", before=waiting)),
    Operation("make offers", plain(make_offers, somebody_waits)),
    Operation("lapse holds", plain(lapse_holds, lapsing)),
    Operation("refund", plain(settle_refunds, owed)),
    Operation("climb the ladder", plain(climb_overdue, overdue)),
    Operation("find a car unfit", unfit, again=False),
    Operation("buy", write("POST", "drives/{}/buy", before=returned)),
    Operation("pull orders", pull),
    Operation("take a journal in", journal),
    Operation("hand over another's car", lost_to_another),
    Operation("seal", plain(seal_audit, some_drive)),
    Operation("write letters", plain(queue_letters, lambda world: (some_drive(world), seal_audit()))),
    Operation("send", plain(send_notices, some_drive)),
    Operation("close no-shows", plain(close_no_shows, late)),
    Operation("settle", plain(settle_pending_orders, pending_order)),
    Operation("forget", plain(forget_the_old, old)),
    Operation("staff ask", staff_asks, again=False),
    Operation("staff propose", staff_proposes, again=False),
    Operation("staff confirm", staff_confirms, again=False),
)
