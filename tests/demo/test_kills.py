"""Programs that are killed: the customer still gets the car, and everybody learns of it once."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from tests.demo.conftest import SPEED
from tests.support.waiting import until
from vendrive.demo.journey import BAY, Journey, Wish
from vendrive.demo.people import load_people
from vendrive.demo.running import Demo

TOWER = "nanjing"


@pytest.fixture
def journey(demo: Demo, request: pytest.FixtureRequest) -> Iterator[Journey]:
    person, model = request.param
    wish = Wish(model, TOWER)
    with closing(Journey(demo, load_people()[0], SPEED, wish=wish, number=person)) as started:
        yield started


def do(journey: Journey, *names: str) -> None:
    for name in names:
        journey.steps[name]()


def count(demo: Demo, query: str, *values: object) -> int:
    with psycopg.connect(demo.database) as connection:
        row = connection.execute(query, values).fetchone()
    return int(row[0]) if row else 0


def handed_over(demo: Demo, drive: str) -> int:
    return count(
        demo,
        "SELECT count(*) FROM fleet_journalentry WHERE kind = 'handed_over' AND event->>'drive_id' = %s",
        drive,
    )


@pytest.mark.parametrize("journey", [("+8619900000001", "ford-mondeo")], indirect=True)
def test_retail_killed_after_the_pass_is_ready_learns_of_the_hand_over_once(demo: Demo, journey: Journey) -> None:
    do(journey, "sign in", "choose", "introduce", "eligible", "book", "ready at the tower")
    web, worker = demo.programs["web"], demo.programs["worker"]
    web.kill()
    worker.kill()
    drive = journey.drive["drive_id"]

    do(journey, "verify", "deliver")
    journey.visitor.act("enter", bay=BAY)
    journey.visitor.act("drive_out", bay=BAY)
    until(lambda: journey.visitor.screen()["screen"] in ("done", "idle"), "the station has handed the car over")
    assert handed_over(demo, drive) == 0
    assert count(demo, "SELECT count(*) FROM drives_drive WHERE id = %s AND state = 'ready'", drive) == 1

    web.start()
    worker.start()
    web.ready()
    worker.ready()
    until(lambda: handed_over(demo, drive) == 1, "retail learns of the hand-over")
    before = count(demo, "SELECT journal_seq FROM fleet_tower WHERE slug = %s", TOWER)
    assert count(demo, "SELECT count(*) FROM drives_drive WHERE id = %s AND state = 'out'", drive) == 1
    # Another entry of the station arrives, and the hand-over is still told once.
    journey.visitor.touch("/help")
    until(lambda: count(demo, "SELECT journal_seq FROM fleet_tower WHERE slug = %s", TOWER) > before, "a later entry")
    assert handed_over(demo, drive) == 1
    assert count(demo, "SELECT count(*) FROM events_auditrow WHERE subject = %s AND action = 'handed_over'", drive) == 1
