"""Retail promises what `vendrive.tower.promises` allows, and nothing else: asked by booking, on real PostgreSQL."""

import pytest

from tests.retail.helpers import PICKUP
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.actions import book_drive
from vendrive.retail.drives.models import Drive
from vendrive.retail.fleet.models import Tower, Vehicle
from vendrive.tower.promises import Storage, breach_s
from vendrive.wire.errors import ErrorCode, Refused

EX30 = ("volvo-ex30", "yellow", "shanghai")


@pytest.mark.parametrize(
    ("out", "overflow", "reserve", "spare"),
    [
        (0, 0, 0, 0),
        (0, 0, 0, -1),
        (0, 0, 1, 0),
        (0, 1, 1, 0),
        (4, 0, 0, 0),
        (4, 0, 0, -1),
        (4, 2, 1, -1),
        (4, 2, 2, -1),
    ],
)
def test_a_booking_is_promised_exactly_where_the_rule_allows_it(
    driver: Customer, out: int, overflow: int, reserve: int, spare: int
) -> None:
    """`spare` slots are more than there are cars; some cars are out. A pick-up that is booked frees nothing."""
    cars = Vehicle.objects.filter(tower="shanghai").order_by("tag")
    lent = [car.pk for car in cars if car.model_id != "volvo-ex30"][:out]
    Vehicle.objects.filter(pk__in=lent).update(state="out")
    slots = cars.count() + spare
    Tower.objects.filter(pk="shanghai").update(slots=slots, overflow=overflow, reserve=reserve)
    storage = Storage(0.0, cars.count() - out, slots, overflow, reserve, due_back=(3600.0,) * out)
    if breach_s(storage) is None:
        assert book_drive(driver, *EX30, PICKUP, "k").pk
    else:
        with pytest.raises(Refused) as refused:
            book_drive(driver, *EX30, PICKUP, "k")
        assert refused.value.code is ErrorCode.return_not_storable
        assert not Drive.objects.exists()
