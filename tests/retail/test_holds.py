"""Holds: kept for some minutes, confirmed under the terms that were shown, paid for where something is to be paid."""

from datetime import timedelta

import pytest

from tests.retail.helpers import PICKUP, Outside, make_driver
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.actions import book_drive, cancel_drive, confirm_drive, hold_drive, lapse_holds
from vendrive.retail.drives.models import BayUse, Drive, DriveState, PersonBlock
from vendrive.retail.drives.money import list_unsettled, settle_drive
from vendrive.retail.drives.programmes import Scope, change_rules
from vendrive.retail.fleet.models import StationOrder
from vendrive.retail.payments.actions import settle_refunds
from vendrive.retail.payments.models import Posting, Refund
from vendrive.retail.ports import Payment
from vendrive.wire.errors import ErrorCode, Refused

EX30 = ("volvo-ex30", "yellow", "shanghai")
HAN = ("byd-han", "red", "shanghai")


def refusal(call: object, *given: object) -> ErrorCode:
    with pytest.raises(Refused) as refused:
        call(*given)  # type: ignore[operator]
    return refused.value.code


def test_a_hold_keeps_the_car_and_tells_no_station(driver: Customer) -> None:
    held = hold_drive(driver, *EX30, PICKUP, "h")
    assert (held.state, held.hold_until) == (DriveState.held, held.booked_at + timedelta(minutes=10))
    assert hold_drive(driver, *EX30, PICKUP, "h").pk == held.pk
    assert not StationOrder.objects.exists()
    later = PICKUP + timedelta(hours=1)
    assert refusal(book_drive, make_driver(2), *EX30, later, "k") is ErrorCode.vehicle_taken


def test_confirming_books_once(driver: Customer, outside: Outside) -> None:
    held = hold_drive(driver, *EX30, PICKUP, "h")
    outside.clock.advance(300)
    for _ in range(2):
        booked = confirm_drive(driver, held.pk, held.terms_id)
        assert (booked.state, booked.hold_until) == (DriveState.booked, None)
        assert booked.terms_accepted_at == booked.booked_at + timedelta(minutes=5)
    assert StationOrder.objects.filter(kind="hand_over").count() == 1
    assert {use.visit for use in BayUse.objects.all()} == {"pickup", "back"}


def test_a_hold_that_nobody_confirms_gives_everything_back(driver: Customer, outside: Outside) -> None:
    at = PICKUP + timedelta(hours=1)
    held = hold_drive(driver, *EX30, at, "h")
    outside.clock.advance(601)
    # Whoever asks does not wait for a worker.
    other = book_drive(make_driver(2), *EX30, at, "k")
    assert other.vehicle_id == held.vehicle_id
    assert refusal(confirm_drive, driver, held.pk, held.terms_id) is ErrorCode.hold_over
    held.refresh_from_db()
    assert (held.state, held.ended_because) == (DriveState.lapsed, "not_confirmed")
    third = hold_drive(make_driver(3), *HAN, PICKUP + timedelta(hours=2), "h")
    outside.clock.advance(601)
    assert (lapse_holds(), lapse_holds()) == (1, 0)
    third.refresh_from_db()
    assert third.state == DriveState.lapsed
    assert not BayUse.objects.filter(drive=third).exists()


def test_a_new_hold_replaces_the_persons_own(driver: Customer) -> None:
    first = hold_drive(driver, *EX30, PICKUP, "h1")
    second = hold_drive(driver, *EX30, PICKUP + timedelta(minutes=30), "h2")
    first.refresh_from_db()
    assert (first.state, second.state) == (DriveState.lapsed, DriveState.held)
    assert second.vehicle_id == first.vehicle_id


def test_other_terms_than_those_shown_are_not_accepted(driver: Customer) -> None:
    held = hold_drive(driver, *EX30, PICKUP, "h")
    assert refusal(confirm_drive, driver, held.pk, "another") is ErrorCode.terms_changed
    held.refresh_from_db()
    assert held.state == DriveState.held


def test_who_may_not_drive_any_more_does_not_confirm(driver: Customer) -> None:
    held = hold_drive(driver, *EX30, PICKUP, "h")
    PersonBlock.objects.create(person=held.person, reason="licence_lost", staff="demo-staff", since=PICKUP)
    assert refusal(confirm_drive, driver, held.pk, held.terms_id) is ErrorCode.person_blocked
    assert Drive.objects.get(pk=held.pk).state == DriveState.held


@pytest.fixture
def costly(driver: Customer) -> Customer:
    change_rules("demo-staff", "test-drive", Scope(), {"fee_minor": 9900, "deposit_minor": 100_000})
    return driver


def test_a_booking_that_costs_is_paid_first_and_the_deposit_comes_back(costly: Customer, outside: Outside) -> None:
    drive = book_drive(costly, *EX30, PICKUP + timedelta(days=2), "k")
    assert drive.state == DriveState.booked
    assert outside.charges == [(f"drive:{drive.pk}", 109_900, "CNY")]
    # Less than a day before, half of the fee is kept.
    outside.clock.advance(36 * 3600)
    cancel_drive(costly, drive.pk)
    assert (settle_refunds(), settle_refunds()) == (1, 0)
    assert outside.refunds == {f"drive:{drive.pk}:back": 104_950}
    assert sum(posting.amount_minor for posting in Posting.objects.all()) == 0


def test_a_declined_payment_books_nothing(costly: Customer, outside: Outside) -> None:
    outside.payment = Payment.declined
    assert refusal(book_drive, costly, *EX30, PICKUP, "k") is ErrorCode.payment_declined
    drive = Drive.objects.get()
    assert (drive.state, drive.ended_because) == (DriveState.lapsed, "payment_declined")
    assert not StationOrder.objects.exists()
    assert not BayUse.objects.exists()
    outside.payment = Payment.paid
    assert book_drive(make_driver(2), *EX30, PICKUP, "k").vehicle_id == drive.vehicle_id


def test_an_unknown_payment_keeps_the_car_until_the_answer(costly: Customer, outside: Outside) -> None:
    outside.payment = Payment.unknown
    at = PICKUP + timedelta(hours=1)
    drive = book_drive(costly, *EX30, at, "k")
    assert drive.state == DriveState.held
    outside.clock.advance(900)
    assert refusal(book_drive, make_driver(2), *EX30, at + timedelta(hours=1), "k") is ErrorCode.vehicle_taken
    outside.payment = Payment.paid
    assert list_unsettled() == [drive.pk]
    settle_drive(drive.pk)
    drive.refresh_from_db()
    assert drive.state == DriveState.booked
    assert list_unsettled() == []


def test_money_that_comes_late_books_the_same_where_it_is_still_free(costly: Customer, outside: Outside) -> None:
    outside.payment = Payment.unknown
    drive = book_drive(costly, *EX30, PICKUP + timedelta(days=1), "k")
    outside.clock.advance(1801)
    lapse_holds()
    outside.payment = Payment.paid
    for _ in range(2):
        settle_drive(drive.pk)
    drive.refresh_from_db()
    booked = Drive.objects.get(state=DriveState.booked)
    assert (drive.state, drive.ended_because, drive.charge_id) == (DriveState.lapsed, "booked_late", None)
    assert (booked.pickup_at, booked.fee_minor, booked.deposit_minor) == (drive.pickup_at, 9900, 100_000)
    assert not Refund.objects.exists()
    assert list_unsettled() == []


def test_paid_but_gone_is_paid_back(costly: Customer, outside: Outside) -> None:
    outside.payment = Payment.unknown
    drive = book_drive(costly, *EX30, PICKUP + timedelta(days=1), "k")
    outside.clock.advance(1801)
    outside.payment = Payment.paid
    other = book_drive(make_driver(2), *EX30, PICKUP + timedelta(days=1, hours=1), "k")
    assert other.state == DriveState.booked
    for _ in range(2):
        settle_drive(drive.pk)
        settle_refunds()
    drive.refresh_from_db()
    assert (drive.state, drive.ended_because) == (DriveState.lapsed, "paid_but_gone")
    assert outside.refunds == {f"drive:{drive.pk}:back": 109_900}
    assert list_unsettled() == []
