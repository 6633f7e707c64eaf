"""The queue: fair over models, colours and times; offers that expire; places that are seen, left, and never stuck."""

from datetime import timedelta

import pytest

from tests.retail.helpers import PICKUP, Outside, make_driver, phone_of
from tests.retail.test_holds import EX30, HAN, refusal
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.actions import book_drive, cancel_drive, confirm_drive, hold_drive, lapse_holds
from vendrive.retail.drives.models import Drive, DriveState, PersonBlock, WaitPlace, WaitState
from vendrive.retail.drives.waiting import join_queue, leave_queue, list_places, make_offers, place_of
from vendrive.retail.events.models import Notice
from vendrive.retail.fleet.models import Vehicle
from vendrive.wire.errors import ErrorCode

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SPAN = (PICKUP + HOUR, PICKUP + DAY)


@pytest.fixture
def lent(driver: Customer) -> Drive:
    """The only yellow EX30 is promised to somebody."""
    return book_drive(driver, *EX30, PICKUP + 2 * HOUR, "k")


def wait_for_ex30(number: int, outside: Outside, paint: str = "yellow") -> WaitPlace:
    outside.clock.advance(1)
    return join_queue(make_driver(number), "volvo-ex30", paint, "shanghai", *SPAN)


def state_of(place: WaitPlace) -> tuple[str, str]:
    place.refresh_from_db()
    return place.state, place.ended_because


def told(number: int) -> list[str]:
    return [n.text for n in Notice.objects.order_by("at") if n.to == phone_of(number) and "code is" not in n.text]


def test_the_first_in_the_queue_is_offered_what_becomes_free(lent: Drive, outside: Outside) -> None:
    first, second = wait_for_ex30(2, outside), wait_for_ex30(3, outside, paint="")
    assert [place_of(place) for place in (first, second)] == [1, 2]
    assert make_offers() == 0
    cancel_drive(lent.customer, lent.pk)
    assert (make_offers(), make_offers()) == (1, 0)
    assert state_of(first) == (WaitState.offered, "")
    offer = Drive.objects.get(wait_place=first)
    assert (offer.state, offer.pickup_at) == (DriveState.held, PICKUP + HOUR)
    assert offer.hold_until is not None
    assert [text for text in told(2) if "is kept for you" in text]
    assert [place for _, place in list_places(second.customer)] == [1]
    booked = confirm_drive(first.customer, offer.pk, offer.terms_id)
    assert booked.state == DriveState.booked
    assert state_of(first) == (WaitState.taken, "")


def test_what_somebody_waits_for_is_not_free_for_others(lent: Drive, outside: Outside) -> None:
    place = wait_for_ex30(2, outside)
    cancel_drive(lent.customer, lent.pk)
    pushing = (make_driver(3), *EX30, PICKUP + 3 * HOUR, "k")
    assert refusal(book_drive, *pushing) is ErrorCode.vehicle_taken
    # Other times than those that are waited for are free, and so is the car for who waits.
    mine = book_drive(place.customer, *EX30, PICKUP + 3 * HOUR, "k")
    assert mine.state == DriveState.booked


def test_an_offer_expires_and_goes_to_the_next(lent: Drive, outside: Outside) -> None:
    first, second = wait_for_ex30(2, outside), wait_for_ex30(3, outside)
    cancel_drive(lent.customer, lent.pk)
    make_offers()
    outside.clock.advance(3601)
    lapse_holds()
    assert state_of(first) == (WaitState.missed, "not_confirmed")
    assert make_offers() == 1
    assert state_of(second)[0] == WaitState.offered
    # Who missed an offer may join again, at the end.
    again = join_queue(first.customer, "volvo-ex30", "yellow", "shanghai", *SPAN)
    assert state_of(again)[0] == WaitState.waiting


def test_a_cancelled_offer_leaves_no_place_stuck(lent: Drive, outside: Outside) -> None:
    first, second = wait_for_ex30(2, outside), wait_for_ex30(3, outside)
    cancel_drive(lent.customer, lent.pk)
    make_offers()
    offer = Drive.objects.get(wait_place=first)
    cancel_drive(first.customer, offer.pk)
    assert state_of(first) == (WaitState.left, "by_customer")
    assert make_offers() == 1
    taken = Drive.objects.get(wait_place=second)
    confirm_drive(second.customer, taken.pk, taken.terms_id)
    # A booking that came of an offer and is given up later does not come back to life as a place.
    cancel_drive(second.customer, taken.pk)
    assert state_of(second)[0] == WaitState.taken
    third = join_queue(lent.customer, "volvo-ex30", "", "shanghai", *SPAN)
    assert (place_of(third), make_offers()) == (1, 1)


def test_leaving_gives_the_offer_to_the_next(lent: Drive, outside: Outside) -> None:
    first, second = wait_for_ex30(2, outside), wait_for_ex30(3, outside)
    cancel_drive(lent.customer, lent.pk)
    make_offers()
    leave_queue(first.customer, first.pk)
    assert refusal(leave_queue, first.customer, first.pk) is ErrorCode.not_in_queue
    assert refusal(leave_queue, first.customer, second.pk) is ErrorCode.not_in_queue
    assert not Drive.objects.filter(state=DriveState.held).exists()
    assert make_offers() == 1
    assert state_of(second)[0] == WaitState.offered


def test_the_queue_is_one_over_colours_and_whom_we_let_down_comes_first(lent: Drive, outside: Outside) -> None:
    any_colour, yellow, late = (wait_for_ex30(n, outside, paint) for n, paint in ((2, ""), (3, "yellow"), (4, "")))
    WaitPlace.objects.filter(pk=late.pk).update(priority=1)
    late.refresh_from_db()
    assert [place_of(place) for place in (late, any_colour, yellow)] == [1, 2, 3]
    cancel_drive(lent.customer, lent.pk)
    assert make_offers() == 1
    assert [state_of(place)[0] for place in (late, any_colour, yellow)] == ["offered", "waiting", "waiting"]


def test_who_may_not_drive_holds_nobody_up(lent: Drive, outside: Outside) -> None:
    first, second = wait_for_ex30(2, outside), wait_for_ex30(3, outside)
    PersonBlock.objects.create(person=first.person, reason="licence_lost", staff="demo-staff", since=PICKUP)
    cancel_drive(lent.customer, lent.pk)
    assert make_offers() == 1
    assert state_of(first) == (WaitState.ended, "person_blocked")
    assert state_of(second)[0] == WaitState.offered


def test_waiting_ends_when_its_time_has_passed(lent: Drive, outside: Outside) -> None:
    place = wait_for_ex30(2, outside)
    outside.clock.advance(2 * DAY.total_seconds())
    assert make_offers() == 0
    assert state_of(place) == (WaitState.ended, "time_passed")
    assert len([text for text in told(2) if "in the time that you waited for" in text]) == 1


def test_an_offer_replaces_nothing_that_the_person_is_about_to_confirm(lent: Drive, outside: Outside) -> None:
    place = wait_for_ex30(2, outside)
    held = hold_drive(place.customer, *HAN, PICKUP + 4 * HOUR, "h")
    cancel_drive(lent.customer, lent.pk)
    assert make_offers() == 0
    held.refresh_from_db()
    assert held.state == DriveState.held
    confirm_drive(place.customer, held.pk, held.terms_id)
    assert make_offers() == 0, "the person has another car at that time"
    assert state_of(place)[0] == WaitState.waiting


def test_one_place_in_a_queue_and_only_for_times_to_come(lent: Drive, outside: Outside) -> None:
    place = wait_for_ex30(2, outside)
    again = (place.customer, "volvo-ex30", "", "shanghai", *SPAN)
    assert refusal(join_queue, *again) is ErrorCode.already_waiting
    past = (lent.customer, "volvo-ex30", "", "shanghai", PICKUP - DAY, PICKUP - HOUR)
    assert refusal(join_queue, *past) is ErrorCode.request_invalid
    assert Vehicle.objects.filter(model="volvo-ex30", tower="shanghai").count() == 1
