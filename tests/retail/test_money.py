"""Charges, the ledger and buying the car."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection

from tests.retail.helpers import PICKUP, Outside, make_driver
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.actions import book_drive
from vendrive.retail.drives.models import Drive, DriveState
from vendrive.retail.fleet.models import Vehicle, VehicleState
from vendrive.retail.payments.actions import Leg, Unbalanced, post_transfer
from vendrive.retail.payments.models import Account, Charge, Posting, Transfer
from vendrive.retail.ports import Payment
from vendrive.retail.sales.actions import buy_vehicle, settle_pending_orders
from vendrive.retail.sales.models import SalesOrder
from vendrive.wire.errors import Refused

PRICE_MINOR = 20_880_000


@pytest.fixture
def returned(driver: Customer) -> Drive:
    drive = book_drive(driver, "volvo-ex30", "yellow", "shanghai", PICKUP, "k1")
    Drive.objects.filter(pk=drive.pk).update(state=DriveState.returned)
    return drive


def state_of(drive: Drive) -> str:
    return Vehicle.objects.get(pk=drive.vehicle_id).state


def test_ten_percent_down_and_the_car_leaves_the_pool(returned: Drive, outside: Outside) -> None:
    first = buy_vehicle(returned.customer, returned.id, "b1")
    again = buy_vehicle(returned.customer, returned.id, "b1")
    assert first.pk == again.pk
    assert (first.state, first.down_payment_minor) == ("placed", PRICE_MINOR // 10)
    assert state_of(returned) == VehicleState.sold
    assert [amount for _, amount, _ in outside.charges] == [PRICE_MINOR // 10]
    assert sorted(p.amount_minor for p in Posting.objects.all()) == [-PRICE_MINOR // 10, PRICE_MINOR // 10]
    with pytest.raises(Refused, match="not_for_sale"):
        buy_vehicle(returned.customer, returned.id, "b2")


def test_a_car_that_is_still_lent_is_not_sold(returned: Drive, outside: Outside) -> None:
    Drive.objects.filter(pk=returned.pk).update(state=DriveState.out)
    with pytest.raises(Refused, match="drive_not_open"):
        buy_vehicle(returned.customer, returned.id, "b1")
    assert (SalesOrder.objects.count(), Charge.objects.count(), outside.charges) == (0, 0, [])


def test_a_car_that_is_promised_to_somebody_is_not_sold(returned: Drive) -> None:
    book_drive(make_driver(2), "volvo-ex30", "yellow", "shanghai", PICKUP + timedelta(days=7), "k2")
    with pytest.raises(Refused, match="not_for_sale"):
        buy_vehicle(returned.customer, returned.id, "b1")
    assert state_of(returned) == VehicleState.pool


def test_a_declined_payment_moves_nothing(returned: Drive, outside: Outside) -> None:
    outside.payment = Payment.declined
    with pytest.raises(Refused, match="payment_declined"):
        buy_vehicle(returned.customer, returned.id, "b1")
    assert state_of(returned) == VehicleState.pool
    assert not Transfer.objects.exists()


def test_an_unknown_outcome_stays_pending_until_it_is_known(returned: Drive, outside: Outside) -> None:
    outside.payment = Payment.unknown
    order = buy_vehicle(returned.customer, returned.id, "b1")
    assert (order.state, state_of(returned)) == ("pending", VehicleState.reserved)
    assert not Transfer.objects.exists()
    outside.payment = Payment.paid
    outside.clock.advance(60)
    assert settle_pending_orders() == 1
    order.refresh_from_db()
    assert (order.state, state_of(returned)) == ("placed", VehicleState.sold)
    assert len({key for key, _, _ in outside.charges}) == 1


def test_a_transfer_balances_or_does_not_exist(db: None, outside: Outside) -> None:
    with pytest.raises(Unbalanced):
        post_transfer("t", "test", (Leg("a", 5, "CNY"), Leg("b", -4, "CNY")))
    assert not Transfer.objects.exists()


def test_the_database_refuses_what_does_not_balance_and_every_change(db: None, outside: Outside) -> None:
    transfer = Transfer.objects.create(key="raw", at=outside.clock.now(), purpose="test")
    account = Account.objects.create(name="a", currency="CNY")
    posting = Posting.objects.create(transfer=transfer, account=account, amount_minor=5)
    with pytest.raises(IntegrityError, match="never changed"):
        posting.delete()
    connection.needs_rollback = False


def test_the_database_checks_the_balance_at_the_latest_when_it_commits(db: None, outside: Outside) -> None:
    transfer = Transfer.objects.create(key="raw", at=outside.clock.now(), purpose="test")
    account = Account.objects.create(name="a", currency="CNY")
    Posting.objects.create(transfer=transfer, account=account, amount_minor=5)
    with pytest.raises(IntegrityError, match="does not balance"), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS transfer_balances IMMEDIATE")
