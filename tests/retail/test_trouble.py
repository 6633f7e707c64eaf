"""When things go wrong: one test for each answer of docs/journey.md."""

from datetime import date, timedelta

import pytest

from tests.retail.helpers import PICKUP, Outside, make_driver, phone_of
from tests.retail.lending import bring_back, hand_over, twin_of
from tests.retail.test_holds import EX30, HAN, refusal
from vendrive.retail.catalogue.models import Paint
from vendrive.retail.customers.actions import ask_standing
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives import trouble
from vendrive.retail.drives.actions import book_drive, close_no_shows
from vendrive.retail.drives.models import BlockReason, Drive, DriveState, OverdueStep, WaitPlace
from vendrive.retail.drives.programmes import Scope, change_rules
from vendrive.retail.drives.queries import get_eligibility
from vendrive.retail.events.models import AuditRow, Notice
from vendrive.retail.fleet.models import StationOrder, Tower, Vehicle, VehicleState
from vendrive.retail.payments.actions import settle_refunds
from vendrive.retail.payments.models import Charge
from vendrive.wire.errors import ErrorCode

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
STAFF = "demo-staff"


@pytest.fixture
def out(driver: Customer, outside: Outside) -> Drive:
    drive = hand_over(book_drive(driver, *EX30, PICKUP, "k"))
    outside.clock.advance(600)
    return drive


@pytest.fixture
def nxt(out: Drive) -> Drive:
    """The next drive of the same car, seven hours after it is due."""
    return book_drive(make_driver(2), *EX30, PICKUP + 3 * DAY + 8 * HOUR, "k")


def told(number: int, words: str) -> int:
    return len([n for n in Notice.objects.all() if n.to == phone_of(number) and words in n.text])


def pass_time(outside: Outside, drive: Drive, after: timedelta) -> None:
    """Let the time come that lies `after` the moment at which a drive is due."""
    outside.clock.advance((drive.due_at + after - outside.clock.now()).total_seconds())


# A late return: the next customer gets another vehicle, another colour as an offer, or an apology with priority.


def test_late_the_next_customer_gets_another_car_of_the_colour(out: Drive, nxt: Drive, outside: Outside) -> None:
    twin = twin_of(out)
    pass_time(outside, out, 4 * HOUR)
    assert trouble.guard_next_customers() == 0, "there is time: the car may still come"
    pass_time(outside, out, 6 * HOUR)
    assert trouble.guard_next_customers() == 1
    nxt.refresh_from_db()
    assert (nxt.vehicle_id, nxt.state, nxt.revision) == (twin.pk, DriveState.booked, 2)
    intents = StationOrder.objects.filter(kind="hand_over").values_list("intent", flat=True)
    assert {"drive_id": str(nxt.pk), "revision": 2} in list(intents)
    assert trouble.guard_next_customers() == 0


def test_late_another_colour_is_an_offer_that_may_be_declined(out: Drive, nxt: Drive, outside: Outside) -> None:
    twin = twin_of(out)
    Vehicle.objects.filter(pk=twin.pk).update(paint=Paint.objects.get(model="volvo-ex30", slug="sky"))
    pass_time(outside, out, 6 * HOUR)
    assert trouble.guard_next_customers() == 1
    nxt.refresh_from_db()
    assert (nxt.vehicle_id, nxt.paint.slug, nxt.vehicle.paint.slug) == (twin.pk, "yellow", "sky")
    assert told(2, "you may cancel at no cost") == 1


def test_late_without_any_car_there_is_an_apology_with_priority(out: Drive, nxt: Drive, outside: Outside) -> None:
    pass_time(outside, out, 6 * HOUR)
    assert trouble.guard_next_customers() == 1
    nxt.refresh_from_db()
    assert (nxt.state, nxt.ended_because) == (DriveState.cancelled, "late_return")
    place = WaitPlace.objects.get(person_id=nxt.person_id)
    assert (place.priority, place.paint_id, place.state) == (1, None, "waiting")
    assert told(2, "we are sorry") == 1
    ask_standing(nxt.customer, 700)
    assert not get_eligibility(nxt.customer), "it does not count"


# The overdue ladder.


def test_the_ladder_reminds_charges_and_calls_each_once(out: Drive, outside: Outside) -> None:
    climbed = []
    for minutes in (29, 30, 31, 180, 181, 1440, 1441):
        pass_time(outside, out, timedelta(minutes=minutes))
        climbed.append(trouble.climb_overdue())
    assert climbed == [0, 1, 0, 1, 0, 1, 0]
    assert list(OverdueStep.objects.order_by("minutes").values_list("act", flat=True)) == ["remind", "charge", "call"]
    charge = Charge.objects.get()
    assert (charge.purpose, charge.amount_minor) == ("late_return", 9900)
    assert (trouble.settle_late_fees(), trouble.settle_late_fees()) == (1, 0)
    assert told(1, "¥99") == 1
    assert not StationOrder.objects.exclude(kind__in=("hand_over", "cancel", "stock")).exists()
    assert bring_back(out, out.due_at + DAY).state == DriveState.returned
    assert trouble.climb_overdue() == 0


def test_a_person_whose_car_is_late_gets_no_other(out: Drive, outside: Outside) -> None:
    pass_time(outside, out, HOUR)
    wish = (out.customer, *HAN, outside.clock.now().replace(minute=30) + HOUR, "k2")
    assert refusal(book_drive, *wish) is ErrorCode.person_busy


# A breakdown.


def test_a_broken_car_is_replaced_and_the_drive_does_not_count(out: Drive, nxt: Drive) -> None:
    twin = twin_of(out)
    found = trouble.report_breakdown(STAFF, out.pk, "the gearbox")
    assert found is not None
    out.refresh_from_db()
    nxt.refresh_from_db()
    assert (out.state, out.ended_because) == (DriveState.cancelled, "breakdown")
    assert (found.vehicle_id, found.due_at, found.state) == (twin.pk, out.due_at, DriveState.booked)
    assert told(1, "Another one is ready") == 1
    # The twin is with the first customer and free again before the next one comes.
    assert nxt.vehicle_id == twin.pk
    broken = Vehicle.objects.get(pk=out.vehicle_id)
    assert (broken.state, broken.damage, broken.damage_note) == (VehicleState.service, "unsafe", "the gearbox")


def test_where_no_car_replaces_the_broken_one_the_customer_comes_first(out: Drive) -> None:
    assert trouble.report_breakdown(STAFF, out.pk, "the gearbox") is None
    assert WaitPlace.objects.get().priority == 1
    assert told(1, "we are sorry that the") == 1
    assert not get_eligibility(out.customer)
    # When a tow truck brings the car, the station's word changes nothing but its place.
    bring_back(out, out.due_at)
    assert (out.state, out.ended_because) == (DriveState.cancelled, "breakdown")
    assert Vehicle.objects.get(pk=out.vehicle_id).state == VehicleState.service
    assert refusal(trouble.report_breakdown, STAFF, out.pk, "again") is ErrorCode.drive_not_open


# A vehicle that fails its inspection, and other things that make it unfit.


@pytest.mark.parametrize(
    "changes",
    [
        {"inspected_until": date(2026, 3, 4)},
        {"insured_until": date(2026, 3, 4)},
        {"registered_until": None},
        {"recall": "airbag"},
        {"damage": "unsafe"},
        {"is_clean": False},
    ],
)
def test_an_unfit_car_is_neither_kept_nor_booked(driver: Customer, changes: dict[str, object]) -> None:
    drive = book_drive(driver, *EX30, PICKUP, "k")
    assert trouble.change_vehicle(STAFF, drive.vehicle_id, **changes) == 1
    drive.refresh_from_db()
    assert (drive.state, drive.ended_because) == (DriveState.cancelled, "vehicle_unfit")
    assert refusal(book_drive, make_driver(2), *EX30, PICKUP + HOUR, "k") is ErrorCode.vehicle_taken
    assert AuditRow.objects.filter(action="vehicle_changed").count() == 1


def test_papers_that_last_to_the_end_of_the_drive_are_enough(driver: Customer) -> None:
    drive = book_drive(driver, *EX30, PICKUP, "k")
    assert trouble.change_vehicle(STAFF, drive.vehicle_id, inspected_until=date(2026, 3, 5)) == 0
    drive.refresh_from_db()
    assert drive.state == DriveState.booked
    wish = (make_driver(2), *EX30, PICKUP + 4 * DAY, "k")
    assert refusal(book_drive, *wish) is ErrorCode.vehicle_taken
    unknown = refusal(lambda: trouble.change_vehicle(STAFF, drive.vehicle_id, state="sold"))
    assert unknown is ErrorCode.request_invalid


# A tower that is down.


def test_a_tower_that_is_down_promises_nothing_and_lets_down_with_priority(
    driver: Customer, out: Drive, outside: Outside
) -> None:
    booked = book_drive(make_driver(2), *HAN, PICKUP + 5 * HOUR, "k")
    after = book_drive(make_driver(3), "byd-seal", "sky", "shanghai", PICKUP + 2 * DAY, "k")
    tower, now = Tower.objects.get(pk="shanghai"), outside.clock.now()
    assert trouble.close_tower(STAFF, tower, now, now + DAY, "a lift is broken") == 1
    booked.refresh_from_db()
    after.refresh_from_db()
    assert (booked.state, booked.ended_because, after.state) == (DriveState.cancelled, "tower_down", DriveState.booked)
    assert WaitPlace.objects.get(person_id=booked.person_id).priority == 1
    wish = (make_driver(4), "polestar-2", "white", "shanghai", PICKUP + 6 * HOUR, "k")
    assert refusal(book_drive, *wish) is ErrorCode.tower_closed


def test_nobody_is_late_for_a_tower_that_is_down(out: Drive, outside: Outside) -> None:
    tower = Tower.objects.get(pk="shanghai")
    trouble.close_tower(STAFF, tower, out.due_at - HOUR, None, "a lift is broken")
    assert told(1, "is out of order") == 1
    pass_time(outside, out, DAY)
    assert trouble.climb_overdue() == 0
    trouble.open_tower(STAFF, tower)
    outside.clock.advance(29 * 60)
    assert trouble.climb_overdue() == 0
    outside.clock.advance(60)
    assert trouble.climb_overdue() == 1


# A no-show, and one that was not the customer's fault.


def test_a_no_show_counts_until_it_is_excused(driver: Customer, outside: Outside) -> None:
    drive = book_drive(driver, *EX30, PICKUP, "k")
    outside.clock.advance(2 * 3600)
    assert close_no_shows() == 1
    again = (driver, *EX30, PICKUP + DAY, "k2")
    assert refusal(book_drive, *again) is ErrorCode.model_already_driven
    trouble.excuse_no_show(STAFF, drive.pk)
    assert book_drive(*again).state == DriveState.booked


# A person who loses the licence or dies during the drive.


def test_who_loses_the_licence_is_told_to_park_and_books_nothing(out: Drive, outside: Outside) -> None:
    second = book_drive(out.customer, *HAN, out.due_at.replace(minute=0) + 8 * HOUR, "k2")
    assert trouble.block_person(STAFF, out.person_id, BlockReason.licence_lost) == 1
    second.refresh_from_db()
    out.refresh_from_db()
    assert (second.state, out.state) == (DriveState.cancelled, DriveState.out)
    assert told(1, "Please park") == 1
    assert [r.code for r in get_eligibility(out.customer)] == [ErrorCode.person_blocked]
    trouble.collect_car(STAFF, out.pk)
    out.refresh_from_db()
    assert (out.state, out.ended_because) == (DriveState.returned, "collected")
    assert Vehicle.objects.get(pk=out.vehicle_id).state == VehicleState.service
    trouble.lift_block(STAFF, out.person_id, BlockReason.licence_lost)
    assert not get_eligibility(out.customer)


def test_who_died_is_told_nothing_and_charged_nothing(out: Drive, outside: Outside) -> None:
    before = Notice.objects.count()
    trouble.block_person(STAFF, out.person_id, BlockReason.died)
    pass_time(outside, out, 3 * DAY)
    assert trouble.climb_overdue() == 0
    assert (Notice.objects.count(), Charge.objects.count()) == (before, 0)
    assert AuditRow.objects.filter(action="collect_car", subject=str(out.pk)).count() == 1


def test_what_we_cancel_is_paid_back_whole(driver: Customer, outside: Outside) -> None:
    change_rules(STAFF, "test-drive", Scope(), {"fee_minor": 9900, "deposit_minor": 50_000})
    drive = book_drive(driver, *EX30, PICKUP, "k")
    trouble.change_vehicle(STAFF, drive.vehicle_id, recall="airbag")
    settle_refunds()
    assert outside.refunds == {f"drive:{drive.pk}:back": 59_900}


def test_a_hand_over_that_happened_gives_the_other_customer_another_car(driver: Customer, outside: Outside) -> None:
    first = book_drive(driver, *EX30, PICKUP, "k")
    outside.clock.advance(2 * 3600)
    close_no_shows()
    second = book_drive(make_driver(2), *EX30, PICKUP + 3 * HOUR, "k")
    twin = twin_of(first)
    # The station was cut off, and the first customer came in time after all.
    hand_over(first)
    second.refresh_from_db()
    assert (first.state, second.vehicle_id, second.state) == (DriveState.out, twin.pk, DriveState.booked)
