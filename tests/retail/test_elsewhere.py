"""A lent car comes back to another tower: at every moment some tower takes it, and no place is promised twice."""

from datetime import timedelta

import pytest

from tests.retail.helpers import PICKUP, Outside, make_driver
from tests.retail.lending import bring_back, hand_over, tell
from tests.retail.test_holds import EX30, refusal
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.actions import book_drive
from vendrive.retail.drives.changes import return_elsewhere
from vendrive.retail.drives.models import BayUse, Drive, DriveState, Lease
from vendrive.retail.drives.orders import list_orders, publish_orders
from vendrive.retail.drives.programmes import Scope, change_rules
from vendrive.retail.drives.trouble import close_tower
from vendrive.retail.fleet.models import Tower, Vehicle
from vendrive.wire.errors import ErrorCode
from vendrive.wire.journal import Event, ReturnExpected, ReturnReleased
from vendrive.wire.orders import ExpectReturn, Order, OrderBody, ReleaseReturn

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
THERE = "nanjing"


@pytest.fixture
def out(driver: Customer, outside: Outside) -> Drive:
    """A lent car whose programme lets it come back to any tower that has a station; Nanjing has one place."""
    change_rules("demo-staff", "test-drive", Scope(), {"return_elsewhere": True})
    Tower.objects.filter(pk__in=("shanghai", THERE)).update(signing_key="enrolled", reserve=0)
    Tower.objects.filter(pk=THERE).update(slots=7)
    drive = hand_over(book_drive(driver, *EX30, PICKUP, "k"))
    outside.clock.advance(600)
    return drive


def orders(tower: str) -> list[OrderBody]:
    """Return what the station of a tower was told of returns."""
    publish_orders(tower)
    bodies = [Order.model_validate_json(signed.payload).body for signed in list_orders(tower, 0).orders]
    return [body for body in bodies if isinstance(body, ExpectReturn | ReleaseReturn)]


def expects(drive: Drive, tower: str, revision: int) -> None:
    event: Event = ReturnExpected(drive_id=str(drive.pk), revision=revision, vehicle_id=str(drive.vehicle_id))
    tell(tower, PICKUP + HOUR, event)
    drive.refresh_from_db()


def releases(drive: Drive, tower: str, revision: int) -> None:
    tell(tower, PICKUP + HOUR, ReturnReleased(drive_id=str(drive.pk), revision=revision))
    drive.refresh_from_db()


def move(drive: Drive, tower: str = THERE) -> Drive:
    moved = return_elsewhere(drive.customer, drive.pk, tower)
    drive.refresh_from_db()
    return moved


def leased_places() -> list[str]:
    return list(Lease.objects.values_list("tower_id", flat=True))


def test_the_first_tower_lets_go_of_the_car_when_the_other_one_expects_it(out: Drive) -> None:
    moved = move(out)
    assert (moved.return_tower_id, moved.return_ready, moved.revision) == (THERE, False, 2)
    assert BayUse.objects.get(drive=out, visit="back").tower_id == THERE
    (told,) = orders(THERE)
    assert isinstance(told, ExpectReturn)
    assert (told.drive_id, told.revision, told.pass_id) == (str(out.pk), 2, str(out.pass_id))
    assert (told.vehicle.tag, told.short_code, told.greeting) == (out.vehicle.tag, out.short_code, "")
    assert orders("shanghai") == [], "until then the car may come back where it was lent"
    expects(out, THERE, 2)
    assert out.return_ready
    assert orders("shanghai") == [ReleaseReturn(drive_id=str(out.pk), revision=2)]
    expects(out, THERE, 2)
    assert len(orders("shanghai")) == 1, "told twice it has one effect"
    assert leased_places() == ["shanghai"]
    releases(out, "shanghai", 2)
    assert leased_places() == []


def test_the_car_belongs_to_the_other_tower_when_it_is_stored_there(out: Drive) -> None:
    move(out)
    expects(out, THERE, 2)
    releases(out, "shanghai", 2)
    assert Vehicle.objects.get(pk=out.vehicle_id).tower_id == "shanghai"
    assert bring_back(out, PICKUP + DAY, THERE).state == DriveState.returned
    car = Vehicle.objects.get(pk=out.vehicle_id)
    assert (car.tower_id, car.state) == (THERE, "pool")
    there = book_drive(make_driver(2), "volvo-ex30", "yellow", THERE, PICKUP + 2 * DAY, "k")
    assert there.vehicle_id == car.pk
    assert refusal(book_drive, make_driver(3), *EX30, PICKUP + 2 * DAY, "k") is ErrorCode.vehicle_taken


def test_a_car_that_comes_home_all_the_same_is_taken_and_the_other_tower_forgets_it(out: Drive) -> None:
    move(out)
    assert bring_back(out, PICKUP + DAY, "shanghai").state == DriveState.returned
    assert (out.return_tower_id, out.return_ready) == ("shanghai", True)
    assert Vehicle.objects.get(pk=out.vehicle_id).tower_id == "shanghai"
    # The order to expect it was not sent yet, and is not sent any more.
    assert orders(THERE) == [ReleaseReturn(drive_id=str(out.pk), revision=3)]
    assert leased_places() == []


def test_nothing_moves_where_programme_station_outage_or_room_forbid_it(out: Drive, outside: Outside) -> None:
    def refused() -> ErrorCode:
        code = refusal(return_elsewhere, out.customer, out.pk, THERE)
        out.refresh_from_db()
        assert (out.return_tower_id, out.revision, leased_places(), orders(THERE)) == ("shanghai", 1, [], [])
        return code

    Tower.objects.filter(pk=THERE).update(slots=6)
    assert refused() is ErrorCode.return_not_storable
    Tower.objects.filter(pk=THERE).update(slots=7, signing_key="")
    assert refused() is ErrorCode.return_not_here
    Tower.objects.filter(pk=THERE).update(signing_key="enrolled")
    type(out.model).objects.filter(pk=out.model_id).update(length_mm=9000)
    assert refused() is ErrorCode.return_not_storable
    type(out.model).objects.filter(pk=out.model_id).update(length_mm=4233)
    close_tower("demo-staff", Tower.objects.get(pk=THERE), outside.clock.now(), None, "repair")
    assert refused() is ErrorCode.tower_closed


def test_a_programme_that_says_nothing_of_it_allows_no_other_tower(driver: Customer, outside: Outside) -> None:
    Tower.objects.filter(pk=THERE).update(signing_key="enrolled", slots=20)
    drive = hand_over(book_drive(driver, *EX30, PICKUP, "k"))
    change_rules("demo-staff", "test-drive", Scope(), {"return_elsewhere": True})
    assert refusal(return_elsewhere, driver, drive.pk, THERE) is ErrorCode.return_not_here


def test_the_place_is_promised_to_nobody_else(out: Drive) -> None:
    move(out)
    Tower.objects.filter(pk=THERE).update(slots=6)
    other = make_driver(2)
    code = refusal(book_drive, other, "polestar-2", "sand", THERE, PICKUP + 2 * HOUR, "k")
    assert code is ErrorCode.return_not_storable


def test_a_place_that_a_cut_off_station_may_fill_is_not_free(out: Drive, outside: Outside) -> None:
    """Shanghai is full but for the place of this car. It is nobody else's before its station has let go of the car."""
    coming = hand_over(book_drive(make_driver(2), "byd-seal", "white", THERE, PICKUP + HOUR, "k"))
    cars = Vehicle.objects.filter(tower="shanghai", state__in=("pool", "out")).count()
    Tower.objects.filter(pk="shanghai").update(slots=cars, overflow=0)
    move(out)
    expects(out, THERE, 2)
    there = (return_elsewhere, coming.customer, coming.pk, "shanghai")
    assert refusal(*there) is ErrorCode.return_not_storable
    releases(out, "shanghai", 2)
    assert return_elsewhere(coming.customer, coming.pk, "shanghai").return_tower_id == "shanghai"
    # And now there is no way back for the first: its place at home is another's.
    assert refusal(return_elsewhere, out.customer, out.pk, "shanghai") is ErrorCode.return_not_storable


def test_whoever_changes_their_mind_is_expected_at_home_by_a_newer_order(out: Drive) -> None:
    move(out)
    publish_orders(THERE)
    home = move(out, "shanghai")
    assert (home.return_tower_id, home.revision, leased_places()) == ("shanghai", 3, [THERE])
    (told,) = orders("shanghai")
    assert isinstance(told, ExpectReturn)
    assert told.revision == 3
    expects(out, THERE, 2)
    assert len(orders("shanghai")) == 1, "what Nanjing says of the old order changes nothing"
    assert not out.return_ready
    expects(out, "shanghai", 3)
    assert orders(THERE)[-1] == ReleaseReturn(drive_id=str(out.pk), revision=3)
    releases(out, THERE, 2)
    assert leased_places() == [THERE], "of the old order again"
    releases(out, THERE, 3)
    assert leased_places() == []


def test_asking_for_the_same_tower_again_changes_nothing(out: Drive) -> None:
    move(out)
    assert move(out).revision == 2
    assert len(orders(THERE)) == 1


def test_others_who_were_promised_the_car_here_are_served_otherwise_or_it_stays(out: Drive) -> None:
    book_drive(make_driver(2), *EX30, out.due_at.replace(minute=0) + 8 * HOUR, "k")
    assert refusal(return_elsewhere, out.customer, out.pk, THERE) is ErrorCode.not_extendable
