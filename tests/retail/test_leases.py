"""A cancelled drive keeps its vehicle while its station may still hand it over."""

from datetime import timedelta

import pytest
from django.test import Client

from tests.retail.helpers import PICKUP, Outside, make_driver
from tests.retail.test_authorisation import signed
from tests.retail.test_stations import enrolled, new_orders  # noqa: F401 - fixture
from vendrive.ids import new_uuid
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.actions import book_drive, cancel_drive
from vendrive.retail.drives.availability import get_availability
from vendrive.retail.drives.leases import GRACE
from vendrive.retail.drives.models import Drive
from vendrive.retail.drives.queries import get_layers, today
from vendrive.retail.fleet.models import Vehicle
from vendrive.wire.errors import ErrorCode, Refused

CAR = ("volvo-ex30", "yellow", "shanghai")


@pytest.fixture
def another(enrolled: None) -> Customer:  # noqa: F811
    """Somebody else, where there is one such car."""
    assert Vehicle.objects.filter(model="volvo-ex30", paint__slug="yellow", tower="shanghai").count() == 1
    return make_driver(2)


def book(customer: Customer) -> Drive:
    return book_drive(customer, *CAR, PICKUP, str(new_uuid()))


def refused(customer: Customer) -> ErrorCode | None:
    try:
        book(customer)
    except Refused as error:
        return error.code
    return None


def pull(client: Client, after: int) -> None:
    """Ask for orders as the station does, whose cursor says what it has stored."""
    target = f"/api/station/orders?after={after}"
    answer = client.get(target, headers=signed("GET", target, b""))
    assert answer.status_code == 200


def free_at_pickup(drive: Drive, outside: Outside) -> int:
    now = outside.clock.now()
    found = get_availability(get_layers(), drive.model, drive.paint, drive.tower, [today(drive.tower, PICKUP)], now)
    return next(slot.left for slot in found.slots() if slot.at == PICKUP)


def test_what_a_cut_off_station_may_hand_over_nobody_else_gets(another: Customer, outside: Outside) -> None:
    drive = book(make_driver())
    new_orders()  # the station takes the pass, and then is away
    drive = cancel_drive(drive.customer, drive.pk)
    new_orders()
    assert refused(another) is ErrorCode.vehicle_taken
    assert free_at_pickup(drive, outside) == 0


def test_the_car_is_free_when_the_station_has_stored_the_cancellation(
    another: Customer, outside: Outside, client: Client
) -> None:
    drive = book(make_driver())
    hand_over = new_orders()[-1].number
    drive = cancel_drive(drive.customer, drive.pk)
    pull(client, hand_over)  # it is told of the cancellation, and has yet to store it
    assert refused(another) is ErrorCode.vehicle_taken
    cancel = new_orders()[-1]
    assert (cancel.body.kind, cancel.body.revision) == ("cancel", drive.revision)  # type: ignore[union-attr]
    pull(client, cancel.number)
    assert free_at_pickup(drive, outside) == 1
    assert refused(another) is None


def test_the_car_is_free_when_the_window_is_over(another: Customer, outside: Outside) -> None:
    drive = book(make_driver())
    new_orders()
    drive = cancel_drive(drive.customer, drive.pk)
    assert drive.leased_until == drive.not_after + GRACE
    outside.clock.advance((drive.leased_until - outside.clock.now()).total_seconds() + 1)
    later = drive.leased_until + timedelta(hours=1)
    at = later - timedelta(seconds=later.timestamp() % 900)
    assert book_drive(another, *CAR, at, "later").vehicle_id == drive.vehicle_id


def test_a_pass_that_no_station_was_sent_keeps_nothing(another: Customer) -> None:
    drive = book(make_driver())
    assert cancel_drive(drive.customer, drive.pk).leased_until is None
    assert refused(another) is None


def test_a_hand_over_that_was_drawn_up_before_is_worth_nothing_after(another: Customer) -> None:
    """Fenced: whatever is published after the cancellation, no order lends the old revision."""
    drive = book(make_driver())
    new_orders()
    ended = cancel_drive(drive.customer, drive.pk)
    kinds = [(order.body.kind, getattr(order.body, "revision", 0)) for order in new_orders()]
    assert kinds[-1] == ("cancel", ended.revision)
    assert ended.revision > drive.revision
