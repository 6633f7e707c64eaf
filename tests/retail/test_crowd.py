"""A crowd at once: as many holds as there are cars, everybody else is refused with a reason, and nothing breaks."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections

from tests.retail.helpers import PICKUP, START, Outside
from vendrive.demo.data import fill_shop
from vendrive.ids import new_uuid
from vendrive.retail.customers.models import Customer, Person, Standing
from vendrive.retail.drives.actions import hold_now
from vendrive.retail.drives.models import BayUse, Drive, DriveState
from vendrive.retail.drives.reserving import Wanted
from vendrive.retail.fleet.models import Tower, Vehicle
from vendrive.wire.errors import Refused

CARS, PEOPLE, AT_ONCE = 12, 150, 8


@pytest.fixture
def crowd(transactional_db: None, outside: Outside) -> list[Customer]:
    """People who may drive, written as rows: each proved, with a PIN and good standing."""
    fill_shop()
    Tower.objects.filter(pk="shanghai").update(slots=40, bays=20)
    one = Vehicle.objects.get(model="volvo-ex30", tower="shanghai")
    for number in range(CARS - 1):
        one.pk, one.tag, one.plate = new_uuid(), f"CROWD{number}", f"DEMO-CROWD{number}"
        one.save(force_insert=True)
    customers = Customer.objects.bulk_create(
        Customer(phone_hash=f"crowd {number}", created_at=START) for number in range(PEOPLE)
    )
    persons = []
    for number, customer in enumerate(customers):
        person = Person(customer=customer, document_kind="passport", document_hash=str(number), created_at=START)
        person.proof, person.pin = "yes", json.dumps([])
        person.birth_date, person.licence_class, person.licence_expiry = "1990-01-01", "C1", "2030-01-01"
        persons.append(person)
    Person.objects.bulk_create(persons)
    Standing.objects.bulk_create(
        Standing(person=person, kind=kind, verdict="yes", expires_at=START + timedelta(days=1))
        for person in persons
        for kind in ("credit:700", "membership")
    )
    return customers


def _hold(customer: Customer, wanted: Wanted) -> str:
    try:
        hold_now(customer, wanted)
    except Refused as refused:
        return refused.code.value
    return "held"


def test_as_many_holds_as_there_are_cars(crowd: list[Customer]) -> None:
    wanted = Wanted("volvo-ex30", "yellow", "shanghai", PICKUP)

    def ask(customers: list[Customer]) -> list[str]:
        try:
            return [_hold(customer, wanted) for customer in customers]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        shares = [crowd[number::AT_ONCE] for number in range(AT_ONCE)]
        ends = Counter(end for some in pool.map(ask, shares) for end in some)
    assert ends == {"held": CARS, "vehicle_taken": PEOPLE - CARS}
    held = Drive.objects.filter(state=DriveState.held)
    assert held.count() == len(set(held.values_list("vehicle_id", flat=True))) == CARS
    assert BayUse.objects.count() == 2 * CARS
