"""Races for what is scarce: the lock alone or the constraint alone sells nothing twice; without both, it is seen."""

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from django.db import connections

from tests.retail.helpers import PICKUP, Outside, make_driver
from tests.retail.racing import ROUNDS, Racer, run_sql, wins
from vendrive.demo.data import fill_shop
from vendrive.retail.customers.actions import ask_standing
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives import scarcity
from vendrive.retail.drives.actions import book_drive
from vendrive.retail.drives.models import Drive, DriveState
from vendrive.retail.drives.queries import get_known
from vendrive.retail.drives.reserving import How, Wanted, find_offer, take_vehicle
from vendrive.wire.errors import Refused

CONTROL_ROUNDS = 10
DAY = timedelta(days=1)
QUARTER = timedelta(minutes=15)


@pytest.fixture
def drivers(transactional_db: None, outside: Outside) -> list[Customer]:
    fill_shop()
    customers = [make_driver(number) for number in (1, 2)]
    for customer in customers:
        ask_standing(customer, 700)
    # Its terms are written down once, before anybody races.
    book_drive(customers[0], "byd-han", "red", "shanghai", PICKUP, "first")
    run_sql("DELETE FROM drives_bayuse; DELETE FROM drives_drive")
    return customers


def booking(customer: Customer, wanted: Wanted) -> Racer:
    """Return what books `wanted`, all that can be read before having been read."""
    offer = find_offer(wanted)
    known = get_known(customer, offer.layers, offer.rules, offer.now)
    return lambda: take_vehicle(customer, offer, known, How(DriveState.booked))


def one_vehicle(drivers: Sequence[Customer]) -> list[Racer]:
    """Each in a quarter hour of their own: it is the car that is scarce here, not the bay."""
    wishes = [Wanted("volvo-ex30", "yellow", "shanghai", PICKUP + QUARTER * n) for n in (0, 1)]
    return [booking(customer, wish) for customer, wish in zip(drivers, wishes, strict=True)]


def one_person(drivers: Sequence[Customer]) -> list[Racer]:
    wishes = [Wanted("volvo-ex30", "yellow", "shanghai", PICKUP), Wanted("byd-han", "red", "shanghai", PICKUP + DAY)]
    return [booking(drivers[0], wish) for wish in wishes]


def sixth_drive(drivers: Sequence[Customer]) -> list[Racer]:
    """Four drives lie behind the person; two more would be one too many."""
    for number, model in enumerate(("byd-seal/sky", "polestar-2/white", "polestar-4/silver", "lynkco-01/blue")):
        slug, paint = model.split("/")
        drive = book_drive(drivers[0], slug, paint, "shanghai", PICKUP, f"before {number}")
        Drive.objects.filter(pk=drive.pk).update(state=DriveState.returned, ended_because="before the race")
        run_sql("DELETE FROM drives_bayuse")
    wishes = [
        Wanted("volvo-ex30", "yellow", "shanghai", PICKUP),
        Wanted("byd-han", "red", "shanghai", PICKUP + 7 * DAY),
    ]
    return [booking(drivers[0], wish) for wish in wishes]


def model_twice(drivers: Sequence[Customer]) -> list[Racer]:
    wishes = [Wanted("volvo-ex30", "yellow", "shanghai", PICKUP)]
    wishes += [Wanted("volvo-ex30", "sky", "nanjing", PICKUP + 7 * DAY)]
    return [booking(drivers[0], wish) for wish in wishes]


def bay_minute(drivers: Sequence[Customer]) -> list[Racer]:
    wishes = [Wanted("volvo-ex30", "yellow", "shanghai", PICKUP), Wanted("byd-han", "red", "shanghai", PICKUP)]
    return [booking(customer, wish) for customer, wish in zip(drivers, wishes, strict=True)]


QUOTA = ("quota_of_even_months", "quota_of_odd_months")
# What is raced for, the constraints that are to hold alone, and others that would stop the same race.
SCARCE: dict[str, tuple[Callable[[Sequence[Customer]], list[Racer]], Sequence[str], Sequence[str]]] = {
    "one vehicle": (one_vehicle, ["one_live_drive_of_a_vehicle"], ()),
    "one person": (one_person, ["one_live_drive_of_a_person"], QUOTA),
    "a sixth drive": (sixth_drive, QUOTA, ()),
    "a model twice": (model_twice, ["each_model_once_per_person"], QUOTA),
    "a bay minute": (bay_minute, ["a_bay_minute_once"], ()),
}


@pytest.mark.parametrize("what", SCARCE)
def test_what_is_scarce_is_taken_once(drivers: list[Customer], what: str) -> None:
    prepare, constraints, others = SCARCE[what]
    racers = prepare(drivers)
    by_the_lock = wins(racers, ROUNDS, lock=True, without=[*constraints, *others])
    assert by_the_lock == [1] * ROUNDS, "with the lock alone"
    by_the_constraint = wins(racers, ROUNDS, lock=False, without=others)
    assert by_the_constraint == [1] * ROUNDS, "with the constraint alone"
    # The negative control: a race that nothing decides is lost, so the two above are races.
    by_nothing = wins(racers, CONTROL_ROUNDS, lock=False, without=[*constraints, *others])
    assert max(by_nothing) == len(racers), "without both nobody was stopped: then this is no race"


def test_a_lock_that_is_held_too_long_says_busy(drivers: list[Customer]) -> None:
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with scarcity.locked(["bay:x"]):
            held.set()
            done.wait(10)
        connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(10)
    try:
        with pytest.raises(Refused, match="busy_try_again"), scarcity.locked(["bay:x"], timeout_ms=50):
            pass
    finally:
        done.set()
        holder.join(10)
