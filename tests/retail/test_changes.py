"""Changing a drive: another time, longer, shorter, another tower, another model."""

from datetime import datetime, timedelta

import pytest

from tests.retail.helpers import PICKUP, Outside, make_driver
from tests.retail.lending import bring_back, hand_over, twin_of
from tests.retail.test_holds import EX30, HAN, refusal
from vendrive.retail.catalogue.models import Paint
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.actions import book_drive, cancel_drive
from vendrive.retail.drives.changes import (
    extend_drive,
    reschedule_drive,
    return_early,
    swap_drive,
)
from vendrive.retail.drives.models import BayUse, Drive, DriveState
from vendrive.retail.drives.orders import publish_orders
from vendrive.retail.drives.programmes import Scope, change_rules
from vendrive.retail.fleet.models import StationOrder
from vendrive.wire.errors import ErrorCode

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def back_at(drive: Drive) -> tuple[str, datetime]:
    use = BayUse.objects.get(drive=drive, visit="back")
    return use.tower_id, use.quarter


@pytest.fixture
def out(driver: Customer, outside: Outside) -> Drive:
    drive = hand_over(book_drive(driver, *EX30, PICKUP, "k"))
    outside.clock.advance(600)
    return drive


def test_a_booking_moves_to_another_time_once(driver: Customer) -> None:
    drive = book_drive(driver, *EX30, PICKUP, "k")
    later = PICKUP + HOUR
    moved = reschedule_drive(driver, drive.pk, later, "r")
    assert reschedule_drive(driver, drive.pk, later, "r").pk == moved.pk
    drive.refresh_from_db()
    assert (drive.state, drive.ended_because) == (DriveState.cancelled, "rescheduled")
    assert (moved.state, moved.pickup_at, moved.vehicle_id) == (DriveState.booked, later, drive.vehicle_id)
    assert not BayUse.objects.filter(drive=drive).exists()


def test_a_time_that_cannot_be_had_leaves_the_booking_as_it_was(driver: Customer) -> None:
    drive = book_drive(driver, *EX30, PICKUP, "k")
    book_drive(make_driver(2), *HAN, PICKUP + HOUR, "k")
    before = (StationOrder.objects.count(), BayUse.objects.count(), Drive.objects.count())
    assert refusal(reschedule_drive, driver, drive.pk, PICKUP + HOUR, "r") is ErrorCode.pickup_time_taken
    drive.refresh_from_db()
    assert drive.state == DriveState.booked
    assert (StationOrder.objects.count(), BayUse.objects.count(), Drive.objects.count()) == before


def test_who_keeps_the_car_longer_does_so_within_the_limit(out: Drive) -> None:
    wanted = out.due_at + DAY
    extended = extend_drive(out.customer, out.pk, wanted)
    assert extended.due_at == wanted
    assert back_at(out)[1] <= wanted < back_at(out)[1] + timedelta(minutes=15)
    assert refusal(extend_drive, out.customer, out.pk, out.due_at + 3 * DAY) is ErrorCode.not_extendable


def test_a_car_that_is_promised_to_somebody_is_kept_only_where_another_serves_them(out: Drive) -> None:
    nxt = book_drive(make_driver(2), *EX30, out.due_at.replace(minute=0) + 8 * HOUR, "k")
    assert nxt.vehicle_id == out.vehicle_id
    assert refusal(extend_drive, out.customer, out.pk, out.due_at + DAY) is ErrorCode.not_extendable
    out.refresh_from_db()
    first_due = out.due_at
    twin_of(out)
    assert extend_drive(out.customer, out.pk, first_due + DAY).due_at == first_due + DAY
    nxt.refresh_from_db()
    assert nxt.vehicle.tag == "TWIN"
    assert nxt.revision == 2, "its station is told of the other vehicle by a new revision"


def test_a_car_that_comes_early_is_free_for_others(out: Drive, outside: Outside) -> None:
    wish = PICKUP + 2 * DAY
    assert refusal(book_drive, make_driver(2), *EX30, wish, "k") is ErrorCode.vehicle_taken
    early = return_early(out.customer, out.pk, PICKUP + DAY)
    assert (early.due_at, back_at(out)) == (PICKUP + DAY, ("shanghai", PICKUP + DAY))
    assert book_drive(make_driver(3), *EX30, wish, "k").vehicle_id == out.vehicle_id
    outside.clock.advance(DAY.total_seconds())
    assert bring_back(out, PICKUP + DAY).state == DriveState.returned


def test_a_swap_gives_another_model_for_the_days_that_are_left(out: Drive, outside: Outside) -> None:
    due_at, at = out.due_at, PICKUP + DAY
    second = swap_drive(out.customer, out.pk, "byd-han", "red", at, "s")
    assert swap_drive(out.customer, out.pk, "byd-han", "red", at, "s").pk == second.pk
    out.refresh_from_db()
    assert (out.due_at, second.due_at, second.follows_id) == (at - timedelta(minutes=15), due_at, out.pk)
    # The second car's pass is not given out while the first car is with the customer.
    publish_orders("shanghai")
    assert not StationOrder.objects.filter(kind="hand_over", intent__drive_id=str(second.pk), number__gt=0).exists()
    outside.clock.advance(DAY.total_seconds())
    bring_back(out, at - timedelta(minutes=20))
    publish_orders("shanghai")
    assert StationOrder.objects.filter(kind="hand_over", intent__drive_id=str(second.pk), number__gt=0).count() == 1
    assert hand_over(second, at).due_at == due_at, "the rest of a drive ends when the drive would have"


def test_one_swap_to_another_model_and_no_more(out: Drive, outside: Outside) -> None:
    at = PICKUP + DAY
    assert refusal(swap_drive, out.customer, out.pk, "volvo-ex30", "yellow", at, "s0") is ErrorCode.swap_not_allowed
    second = swap_drive(out.customer, out.pk, "byd-han", "red", at, "s")
    bring_back(out, at - timedelta(minutes=20))
    outside.clock.advance(DAY.total_seconds())
    hand_over(second, at)
    again = (out.customer, second.pk, "byd-seal", "sky", at + DAY, "s2")
    assert refusal(swap_drive, *again) is ErrorCode.swap_not_allowed


def test_who_gives_the_second_car_up_keeps_the_first(out: Drive) -> None:
    due_at = out.due_at
    second = swap_drive(out.customer, out.pk, "byd-han", "red", PICKUP + DAY, "s")
    cancel_drive(out.customer, second.pk)
    out.refresh_from_db()
    assert (out.state, out.due_at) == (DriveState.out, due_at)


def test_rules_of_a_drive_are_those_that_were_accepted(out: Drive) -> None:
    change_rules("demo-staff", "test-drive", Scope(), {"extension_days": 0})
    assert extend_drive(out.customer, out.pk, out.due_at + DAY).due_at == out.due_at + DAY
    assert Paint.objects.get(pk=out.paint_id).slug == "yellow"
