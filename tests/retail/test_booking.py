"""Booking: what it writes, and everything that it refuses without a trace."""

from datetime import datetime, timedelta

import pytest

from tests.retail.helpers import PICKUP, Outside, introduction, make_driver, sign_in
from vendrive.retail.catalogue.queries import get_model, get_paint
from vendrive.retail.customers.actions import introduce_person, prove_identity
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.actions import book_drive, cancel_drive, close_no_shows
from vendrive.retail.drives.models import BayUse, Drive, DriveState
from vendrive.retail.drives.queries import list_pickup_times
from vendrive.retail.events.models import AuditRow
from vendrive.retail.fleet.models import StationOrder, Tower, Vehicle, VehicleState
from vendrive.retail.ports import Verdict
from vendrive.wire.errors import ErrorCode, Refused

EX30 = ("volvo-ex30", "yellow", "shanghai")


def refused_code(
    customer: Customer, model: str, paint: str, tower: str, pickup_at: datetime, key: str = "k"
) -> ErrorCode:
    """Return why a booking is refused, after asserting that it left nothing behind."""
    before = (Drive.objects.count(), BayUse.objects.count(), StationOrder.objects.count(), AuditRow.objects.count())
    with pytest.raises(Refused) as refused:
        book_drive(customer, model, paint, tower, pickup_at, key)
    after = (Drive.objects.count(), BayUse.objects.count(), StationOrder.objects.count(), AuditRow.objects.count())
    assert after == before
    return refused.value.code


def test_a_booking_takes_one_vehicle_and_orders_its_hand_over(driver: Customer) -> None:
    drive = book_drive(driver, *EX30, PICKUP, "k1")
    assert drive.state == DriveState.booked
    assert drive.vehicle.model_id == "volvo-ex30"
    assert drive.due_at == PICKUP + timedelta(days=3)
    assert [order.kind for order in StationOrder.objects.all()] == ["hand_over"]


def test_a_replay_is_the_same_booking_and_another_payload_is_refused(driver: Customer) -> None:
    first = book_drive(driver, *EX30, PICKUP, "k1")
    assert book_drive(driver, *EX30, PICKUP, "k1").id == first.id
    assert Drive.objects.count() == 1
    later = PICKUP + timedelta(hours=1)
    assert refused_code(driver, *EX30, later, key="k1") is ErrorCode.idempotency_mismatch
    assert refused_code(driver, *EX30, later, key="") is ErrorCode.idempotency_key_missing


def test_a_taken_vehicle_is_refused(driver: Customer) -> None:
    book_drive(driver, *EX30, PICKUP, "k1")
    other = make_driver(2)
    assert refused_code(other, *EX30, PICKUP + timedelta(days=1)) is ErrorCode.vehicle_taken


def test_a_person_has_one_car_at_a_time(driver: Customer) -> None:
    book_drive(driver, *EX30, PICKUP, "k1")
    other = ("byd-han", "red", "shanghai", PICKUP + timedelta(days=1))
    assert refused_code(driver, *other) is ErrorCode.person_busy


def test_each_model_is_driven_once_even_in_another_colour(driver: Customer) -> None:
    book_drive(driver, *EX30, PICKUP, "k1")
    wish = ("volvo-ex30", "sky", "nanjing", PICKUP + timedelta(days=7))
    assert refused_code(driver, *wish) is ErrorCode.model_already_driven


@pytest.mark.parametrize(
    ("moved", "code"),
    [
        (timedelta(minutes=-15), ErrorCode.pickup_in_past),
        (timedelta(days=30), ErrorCode.pickup_too_far),
        (timedelta(minutes=1), ErrorCode.request_invalid),
    ],
)
def test_a_pickup_time_must_be_possible(driver: Customer, moved: timedelta, code: ErrorCode) -> None:
    assert refused_code(driver, *EX30, PICKUP + moved) is code


def test_no_minute_of_a_bay_is_promised_twice(driver: Customer) -> None:
    book_drive(driver, *EX30, PICKUP, "k1")
    # One bay: of the 11 minutes that may be promised in a quarter hour a pick-up takes 10, a return 4.
    second = make_driver(2)
    assert refused_code(second, "byd-seal", "sky", "shanghai", PICKUP) is ErrorCode.pickup_time_taken
    tower, model = Tower.objects.get(pk="shanghai"), get_model("byd-seal")
    times = list_pickup_times(model, get_paint("byd-seal", "sky"), tower, PICKUP.date())
    assert [time.at for time in times][:1] == [PICKUP + timedelta(minutes=15)]
    # Where the first car comes back nobody collects another.
    back = PICKUP + timedelta(days=3)
    assert refused_code(second, "byd-seal", "sky", "shanghai", back) is ErrorCode.pickup_time_taken
    assert back not in [t.at for t in list_pickup_times(model, get_paint("byd-seal", "sky"), tower, back.date())]


def test_a_tower_promises_only_what_it_can_store(driver: Customer) -> None:
    Tower.objects.filter(pk="shanghai").update(slots=9, reserve=0)
    assert refused_code(driver, *EX30, PICKUP) is ErrorCode.return_not_storable


def test_every_reason_against_a_person_is_told(shop: None, outside: Outside) -> None:
    outside.proof, outside.credit, outside.member = Verdict.unknown, Verdict.no, Verdict.no
    customer = sign_in()
    assert refused_code(customer, *EX30, PICKUP) is ErrorCode.profile_incomplete
    introduce_person(customer, introduction())
    prove_identity(customer)
    with pytest.raises(Refused) as refused:
        book_drive(customer, *EX30, PICKUP, "k")
    assert refused.value.details["reasons"] == [
        "identity_unknown",
        "verification_missing",
        "not_member",
        "credit_too_low",
    ]


def test_cancelling_gives_everything_back(driver: Customer) -> None:
    drive = book_drive(driver, *EX30, PICKUP, "k1")
    cancel_drive(driver, drive.id)
    assert not BayUse.objects.exists()
    again = book_drive(driver, *EX30, PICKUP, "k2")
    assert again.vehicle_id == drive.vehicle_id
    assert Vehicle.objects.get(pk=drive.vehicle_id).state == VehicleState.pool


def test_somebody_elses_drive_is_not_found(driver: Customer) -> None:
    drive = book_drive(driver, *EX30, PICKUP, "k1")
    with pytest.raises(Refused, match="drive_not_found"):
        cancel_drive(make_driver(2), drive.id)
    drive.refresh_from_db()
    assert drive.state == DriveState.booked


def test_who_does_not_come_keeps_the_count_but_not_the_car(driver: Customer, outside: Outside) -> None:
    drive = book_drive(driver, *EX30, PICKUP, "k1")
    assert close_no_shows() == 0
    outside.clock.advance(2 * 3600)
    assert close_no_shows() == 1
    drive.refresh_from_db()
    assert drive.state == DriveState.no_show
    later = PICKUP + timedelta(days=1)
    assert refused_code(driver, *EX30, later) is ErrorCode.model_already_driven
    assert book_drive(make_driver(2), *EX30, later, "k").vehicle_id == drive.vehicle_id
