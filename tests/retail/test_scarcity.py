"""Races for what is scarce: the lock alone or the constraint alone sells nothing twice; without both, it is seen."""

import threading
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from unittest.mock import patch

import pytest
from django.db import connections

from tests.retail.helpers import PICKUP, Outside, introduction, make_driver, sign_in
from tests.retail.lending import hand_over
from tests.retail.racing import ROUNDS, Racer, Track, run_sql, wins
from vendrive.demo.data import fill_shop
from vendrive.retail.customers import actions as customer_actions
from vendrive.retail.customers.actions import ask_standing
from vendrive.retail.customers.documents import Introduction, check_introduction
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives import scarcity
from vendrive.retail.drives.actions import book_drive
from vendrive.retail.drives.changes import DueChange
from vendrive.retail.drives.models import Drive, DriveState, LoanTerms
from vendrive.retail.drives.queries import get_known
from vendrive.retail.drives.reserving import How, Wanted, find_offer, take_vehicle
from vendrive.retail.drives.scarcity import take
from vendrive.retail.fleet.models import Tower
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
        drive = book_drive(drivers[0], slug, paint, "shanghai", PICKUP, f"before-{number}")
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


def _bring_to(drive: Drive, tower: Tower) -> None:
    take(DueChange(drive.customer, drive, drive.due_at, tower))


def test_a_place_for_a_car_that_comes_back_is_promised_once(drivers: list[Customer], outside: Outside) -> None:
    """Two want to bring their cars to a tower that has room for one. The one door alone stands before it."""
    Tower.objects.filter(pk="nanjing").update(slots=7, reserve=0)
    lent = [
        hand_over(book_drive(drivers[0], "volvo-ex30", "yellow", "shanghai", PICKUP, "a")),
        hand_over(book_drive(drivers[1], "byd-han", "red", "shanghai", PICKUP + 2 * QUARTER, "b")),
    ]
    terms = lent[0].terms
    elsewhere = {**terms.rules, "return_elsewhere": True}
    LoanTerms.objects.create(version="elsewhere", rules=elsewhere, text_en="", text_zh="", written_at=PICKUP)
    run_sql("UPDATE drives_drive SET terms_id = 'elsewhere', ended_because = 'before the race'")
    there = Tower.objects.get(pk="nanjing")
    racers: list[Racer] = [partial(_bring_to, drive, there) for drive in lent]

    def undo() -> None:
        run_sql("UPDATE drives_drive SET return_tower_id = tower_id; DELETE FROM drives_bayuse WHERE visit = 'back'")

    def raced(rounds: int, lock: bool) -> list[int]:
        return wins(racers, rounds, lock, without=(), meet_after="drives_storable", undo=undo)

    assert raced(ROUNDS, lock=True) == [1] * ROUNDS
    assert max(raced(CONTROL_ROUNDS, lock=False)) == 2, "without the lock nobody was stopped: then this is no race"


def test_a_document_is_one_persons_however_many_accounts_ask(transactional_db: None, outside: Outside) -> None:
    """Quotas hang on the person: two accounts that type the same document at once do not become two persons."""
    accounts = [sign_in(number) for number in (1, 2)]
    met = threading.Barrier(2)

    def meet(typed: Introduction, day: date) -> Introduction:
        # Neither has written, and both will have looked.
        met.wait(10)
        return check_introduction(typed, day)

    def raced(rounds: int) -> list[int]:
        won = []
        racers = [partial(customer_actions.introduce_person, account, introduction(7)) for account in accounts]
        with patch.object(customer_actions, "check_introduction", meet), Track(racers) as ground:
            for _ in range(rounds):
                won.append(ground.race().count(None))
                run_sql("DELETE FROM customers_person")
        return won

    run_sql("CREATE SEQUENCE race_seats")
    assert raced(ROUNDS) == [1] * ROUNDS
    (constraint,) = run_sql(
        "SELECT conname FROM pg_constraint WHERE conrelid = 'customers_person'::regclass "
        "AND contype = 'u' AND pg_get_constraintdef(oid) LIKE '%document_hash%'"
    )
    run_sql(f"ALTER TABLE customers_person DROP CONSTRAINT {constraint[0]}")
    try:
        assert max(raced(CONTROL_ROUNDS)) == 2
    finally:
        run_sql("DELETE FROM customers_person")
        run_sql(f"ALTER TABLE customers_person ADD CONSTRAINT {constraint[0]} UNIQUE (document_hash)")
        run_sql("DROP SEQUENCE race_seats")


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
