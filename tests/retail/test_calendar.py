"""The calendar counts in arrays what booking looks for in SQL: both say the same of every quarter hour."""

import random
from datetime import date, timedelta

import numpy as np
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.retail.helpers import PICKUP, Outside, make_driver
from tests.retail.lending import hand_over
from vendrive.retail.catalogue.models import Paint
from vendrive.retail.customers.actions import ask_standing
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.actions import book_drive
from vendrive.retail.drives.availability import _covered
from vendrive.retail.drives.programmes import Scope, change_rules
from vendrive.retail.drives.queries import get_calendar
from vendrive.retail.drives.reserving import How, Wanted, find_offer, reserve
from vendrive.retail.drives.terms import keep_terms
from vendrive.retail.drives.trouble import close_tower
from vendrive.retail.drives.waiting import join_queue
from vendrive.retail.fleet.models import Tower, Vehicle
from vendrive.tower.promises import Storage, breach_s
from vendrive.wire.errors import ErrorCode, Refused

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CARS = ["volvo-ex30/yellow", "byd-han/red", "byd-seal/sky", "polestar-2/white", "polestar-4/silver", "lynkco-01/blue"]


class Undone(Exception):
    """Takes back what was only tried."""


def tried(customer: Customer, wanted: Wanted) -> ErrorCode | None:
    """Return why a booking is refused, with nothing left of one that is not."""
    try:
        with transaction.atomic():
            reserve(customer, wanted, How())
            raise Undone
    except Undone:
        return None
    except Refused as refused:
        return refused.code


@pytest.mark.parametrize("seed", range(3))
def test_the_calendar_and_booking_agree(shop: None, outside: Outside, seed: int) -> None:
    draw = random.Random(seed)
    tower = Tower.objects.get(pk="shanghai")
    change_rules("s", "test-drive", Scope("shanghai"), {"opens_minute": 8 * 60, "closes_minute": 21 * 60})
    shorter = Scope("shanghai", date(2026, 3, 6), date(2026, 3, 9))
    change_rules("s", "test-drive", shorter, {"loan_days": 1, "opens_minute": 8 * 60, "closes_minute": 23 * 60})
    drives = []
    for number in range(2, 14):
        model, paint = draw.choice(CARS).split("/")
        at = PICKUP + timedelta(minutes=15 * draw.randrange(12 * 96))
        try:
            drives.append(book_drive(make_driver(number), model, paint, "shanghai", at, "k"))
        except Refused:
            continue
    hand_over(min(drives, key=lambda drive: drive.pickup_at), PICKUP)
    Vehicle.objects.filter(model="volvo-ex30", tower=tower).update(inspected_until=date(2026, 3, 12))
    close_tower("s", tower, PICKUP + 5 * DAY, PICKUP + 5 * DAY + 7 * HOUR, "a lift")
    join_queue(make_driver(20), "volvo-ex30", "yellow", "shanghai", PICKUP + 7 * DAY, PICKUP + 8 * DAY)
    person, paint_row = make_driver(21), Paint.objects.get(model="volvo-ex30", slug="yellow")
    tried(person, Wanted("volvo-ex30", "yellow", "shanghai", PICKUP + HOUR))
    slots = get_calendar(paint_row.model, paint_row, tower).slots()
    seen = {slot.why for slot in slots}
    assert {None, ErrorCode.vehicle_taken, ErrorCode.tower_closed, ErrorCode.pickup_outside_hours} <= seen
    of_each = [draw.sample(found, min(6, len(found))) for why in seen if (found := [s for s in slots if s.why is why])]
    for slot in (slot for found in of_each for slot in found):
        assert tried(person, Wanted("volvo-ex30", "yellow", "shanghai", slot.at)) is slot.why, slot


def test_days_have_the_hours_that_the_clock_gives_them(shop: None, outside: Outside) -> None:
    Tower.objects.filter(pk="shanghai").update(time_zone="Europe/Berlin", opens_minute=120, closes_minute=240)
    change_rules("s", "test-drive", Scope(), {"horizon_days": 40})
    paint = Paint.objects.get(model="volvo-ex30", slug="yellow")
    calendar = get_calendar(paint.model, paint, Tower.objects.get(pk="shanghai"))
    served = {
        day: len([s for s in calendar.slots(day) if s.why is not ErrorCode.pickup_outside_hours])
        for day in (date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30))
    }
    # On 29 March the clock goes from two to three.
    assert list(served.values()) == [8, 4, 8]
    assert len(calendar.slots(date(2026, 3, 29))) == 23 * 4


def test_a_calendar_costs_few_questions(shop: None, outside: Outside) -> None:
    paint = Paint.objects.get(model="volvo-ex30", slug="yellow")
    model, tower = paint.model, Tower.objects.get(pk="shanghai")
    with CaptureQueriesContext(connection) as asked:
        assert len(get_calendar(model, paint, tower).days()) == 15
    assert len(asked) == 2


@pytest.mark.parametrize("seed", range(40))
def test_a_car_counts_once_in_each_quarter_hour_however_its_spans_overlap(seed: int) -> None:
    draw, count = random.Random(seed), 30
    spans = [
        (draw.randrange(4), *sorted(draw.randrange(count + 1) for _ in range(2))) for _ in range(draw.randrange(25))
    ]
    numbers, first, last = (np.array([span[n] for span in spans], dtype=np.int64) for n in range(3))
    one_by_one = [len({car for car, begins, ends in spans if begins <= n < ends}) for n in range(count)]
    assert _covered(numbers, first, last, count).tolist() == one_by_one


def test_reserving_is_three_statements(driver: Customer) -> None:
    wanted = Wanted("volvo-ex30", "yellow", "shanghai", PICKUP)
    ask_standing(driver, 700)
    keep_terms(find_offer(wanted).terms)
    with transaction.atomic(), CaptureQueriesContext(connection) as asked:
        reserve(driver, wanted, How())
    statements = [query["sql"] for query in asked if "SAVEPOINT" not in query["sql"]]
    assert len(statements) == 3
    assert "drives_reserve" in statements[-1]


@pytest.mark.parametrize("slots", [9, 10, 11])
def test_the_rule_of_promises_is_the_planners(driver: Customer, slots: int) -> None:
    Tower.objects.filter(pk="shanghai").update(slots=slots, reserve=0)
    cars = Vehicle.objects.filter(tower="shanghai").count()
    promised = breach_s(Storage(now_s=0.0, stored=cars - 1, slots=slots, due_back=(3 * 86_400.0,))) is None
    refused = tried(driver, Wanted("volvo-ex30", "yellow", "shanghai", PICKUP))
    assert (refused is None) == promised
    assert refused in (None, ErrorCode.return_not_storable)
