"""Booking: what it writes, and everything that it refuses without a trace."""

from tests.retail.helpers import PICKUP
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.actions import book_drive
from vendrive.retail.drives.models import Drive, DriveState


def test_a_booking_takes_one_vehicle(driver: Customer) -> None:
    drive = book_drive(driver, "volvo-ex30", "yellow", "shanghai", PICKUP, "k1")
    assert drive.state == DriveState.booked
    assert drive.vehicle.model_id == "volvo-ex30"
    assert Drive.objects.count() == 1
