"""The race for one car: with the lock and the constraint nobody is sold twice; without both, the test sees it."""

import threading
from collections.abc import Iterator

import pytest
from django.db import connection, connections

from tests.retail.helpers import PICKUP, Outside, make_driver
from vendrive.demo.data import fill_shop
from vendrive.retail.catalogue.queries import get_paint
from vendrive.retail.config import ports
from vendrive.retail.customers.actions import ask_standing
from vendrive.retail.customers.models import Customer
from vendrive.retail.customers.queries import access_person
from vendrive.retail.drives import scarcity
from vendrive.retail.drives.actions import BookingPlan
from vendrive.retail.drives.models import BayUse, Drive
from vendrive.retail.drives.queries import QUARTER, get_programme
from vendrive.retail.fleet.models import Tower, Vehicle
from vendrive.wire.errors import ErrorCode, Refused

ROUNDS = 8
RACERS = 2
UNDER_LOCK_S, UNLOCKED_S = 0.3, 20.0


class Paused(BookingPlan):
    """A booking that waits between check and apply until the others have checked too, or for `meet_s` at most.

    It applies what it saw when it checked, however long ago that was.
    """

    barrier: threading.Barrier
    meet_s: float
    seen: list[Vehicle] | None = None

    def check(self) -> None:
        super().check()
        try:
            self.barrier.wait(self.meet_s)
        except threading.BrokenBarrierError:
            self.barrier.reset()

    def _free(self) -> list[Vehicle]:
        if self.seen is None:
            self.seen = super()._free()
        return self.seen


@pytest.fixture
def racers(transactional_db: None, outside: Outside) -> list[Customer]:
    fill_shop()
    customers = [make_driver(number) for number in range(1, RACERS + 1)]
    for customer in customers:
        ask_standing(customer, get_programme().least_credit)
    return customers


@pytest.fixture
def no_constraint(racers: list[Customer]) -> Iterator[None]:
    names = ("one_live_drive_of_a_vehicle",)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", names)
        (definition,) = cursor.fetchone()
        cursor.execute(f"ALTER TABLE drives_drive DROP CONSTRAINT {names[0]}")
    yield
    Drive.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE drives_drive ADD CONSTRAINT {names[0]} {definition}")


def race(racers: list[Customer], meet_s: float) -> list[ErrorCode | None]:
    """Let all racers book the same car at once; return how each ended. Under the lock they never meet."""
    start = threading.Barrier(len(racers))
    ends: list[ErrorCode | None] = []
    paint = get_paint("volvo-ex30", "yellow")
    both = threading.Barrier(len(racers))
    tower = Tower.objects.get(pk="shanghai")

    def run(customer: Customer, quarter: int) -> None:
        # Each in a quarter hour of their own: it is the car that is scarce here, not the bay.
        at = PICKUP + QUARTER * quarter
        person, now = access_person(customer), ports().clock.now()
        plan = Paused(customer, person, get_programme(), paint.model, paint, tower, at, now)
        plan.barrier, plan.meet_s = both, meet_s
        start.wait(10)
        try:
            scarcity.take(plan)
            ends.append(None)
        except Refused as refused:
            ends.append(refused.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(customer, n)) for n, customer in enumerate(racers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return ends


def forget() -> None:
    BayUse.objects.all().delete()
    Drive.objects.all().delete()


def test_one_car_is_sold_once_however_many_ask(racers: list[Customer]) -> None:
    for _ in range(ROUNDS):
        assert sorted(race(racers, UNDER_LOCK_S), key=str) == [None, ErrorCode.vehicle_taken]
        assert Drive.objects.count() == 1
        forget()


def test_the_constraint_alone_holds_too(racers: list[Customer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scarcity, "lock", lambda keys, timeout_ms: None)
    for _ in range(ROUNDS):
        assert len([end for end in race(racers, UNLOCKED_S) if end is None]) == 1
        assert Drive.objects.count() == 1
        forget()


def test_without_lock_and_constraint_the_race_oversells(
    racers: list[Customer], no_constraint: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scarcity, "lock", lambda keys, timeout_ms: None)
    sold = 0
    for _ in range(ROUNDS):
        race(racers, UNLOCKED_S)
        sold = max(sold, Drive.objects.count())
        forget()
    assert sold == RACERS


def test_a_lock_that_is_held_too_long_says_busy(racers: list[Customer]) -> None:
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
