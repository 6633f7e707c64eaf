"""What is left in a bay is told in time: people who stay, bags, pets, children, strangers' cars, an open exit."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from tests.tower.ideal import snapshot_of
from vendrive.clock import ManualClock
from vendrive.station.database import Database
from vendrive.station.desk import Desk
from vendrive.station.handover import HandOverTalk
from vendrive.station.journal import Journal
from vendrive.station.record import Record
from vendrive.station.returning import ReturnTalk
from vendrive.station.store import Store
from vendrive.station.watch import (
    ALIVE_INSIDE_S,
    DESERTED_S,
    EXIT_OPEN_S,
    KEY_GONE_S,
    LINGERS_S,
    PERSON_STAYS_S,
    STRANGER_S,
    THING_LEFT_S,
    Watch,
)
from vendrive.tower.control import Step, Wait
from vendrive.tower.layout import Layout, load_layout
from vendrive.wire.alarms import AlarmName
from vendrive.wire.machine import Door, Snapshot

LAYOUT = load_layout("shanghai3")
INSTANT_S = 0.5


@dataclass
class _Controller:
    """Knows one thing: what the machine waits for."""

    waiting: Step | None = None

    def step(self, key: str) -> Step | None:
        return self.waiting


@dataclass
class _Side:
    name: str
    record: Record
    controller: _Controller
    layout: Layout = LAYOUT


@dataclass
class _Desk:
    side: _Side
    talk: Any = None


class _Store:
    """Knows one car."""

    def vehicle_of(self, tag: str) -> str | None:
        return "vehicle" if tag == "T1" else None


@dataclass
class Bay:
    """A watched bay, a clock, and what the journal says of it."""

    watch: Watch
    desk: _Desk
    clock: ManualClock
    record: Record

    def see(self, seconds: float, cars: dict[str, str] | None = None, **sensed: Any) -> set[str]:
        """Let this be seen now and after `seconds`; return the alarms that are on then."""
        seen = shown(cars or {}, **sensed)
        self.watch.look(seen)
        self.clock.advance(seconds)
        self.watch.look(seen)
        return {alarm.name for alarm in self.record.facts.alarms.values()}


def shown(cars: dict[str, str], **sensed: Any) -> Snapshot:
    snapshot = snapshot_of(LAYOUT, cars)
    return replace(snapshot, bays=(replace(snapshot.bays[0], **sensed),))


def returning(key_gone: bool = False) -> ReturnTalk:
    talk = object.__new__(ReturnTalk)
    talk.key_gone = key_gone
    return talk


@pytest.fixture
def bay(tmp_path: Path) -> Bay:
    clock = ManualClock(datetime(2026, 11, 21, tzinfo=UTC))
    database = Database(tmp_path / "journal.sqlite")
    record = Record(Journal(database, clock, bytes(32)))
    desk = _Desk(_Side("B1", record, _Controller()))
    watch = Watch({"B1": cast(Desk, desk)}, cast(Store, _Store()), clock)
    return Bay(watch, desk, clock, record)


@pytest.mark.parametrize(
    ("name", "after_s", "cars", "sensed"),
    [
        (AlarmName.person_stays, PERSON_STAYS_S, {}, {"scanner": True, "curtain": True, "floor": True}),
        (AlarmName.person_stays, PERSON_STAYS_S, {}, {"scanner": True}),
        (AlarmName.thing_left, THING_LEFT_S, {}, {"floor": True}),
        (AlarmName.alive_inside, ALIVE_INSIDE_S, {"T1": "B1"}, {"cabin": True}),
        (AlarmName.exit_open, EXIT_OPEN_S, {}, {"exit_closed": False}),
        (AlarmName.car_stranger, STRANGER_S, {"T9": "B1"}, {}),
        (AlarmName.car_stranger, STRANGER_S, {}, {"vehicle": True}),
    ],
)
def test_each_is_told_after_its_time_and_is_over_when_it_is_gone(
    bay: Bay, name: AlarmName, after_s: float, cars: dict[str, str], sensed: dict[str, Any]
) -> None:
    assert name not in bay.see(after_s - INSTANT_S, cars, **sensed)
    assert name in bay.see(INSTANT_S, cars, **sensed)
    assert name not in bay.see(0.0, {})


def test_somebody_who_comes_and_goes_raises_nothing(bay: Bay) -> None:
    for _ in range(5):
        assert bay.see(PERSON_STAYS_S - INSTANT_S, scanner=True) == set()
        assert bay.see(INSTANT_S) == set()


def test_who_is_served_may_be_there(bay: Bay) -> None:
    talk = object.__new__(HandOverTalk)
    talk.live = True
    bay.desk.talk = talk
    assert bay.see(PERSON_STAYS_S, {"T1": "B1"}, scanner=True, cabin=True, street_door=Door.open) == set()


def test_a_person_for_whom_the_machine_waits_is_told_although_somebody_is_served(bay: Bay) -> None:
    bay.desk.talk = returning()
    bay.desk.side.controller.waiting = Wait("a person is sensed in B1 by scanner", for_people=True)
    assert AlarmName.person_stays in bay.see(PERSON_STAYS_S, {"T1": "B1"}, scanner=True, street_door=Door.open)


def test_a_passenger_left_in_a_parked_car_is_told_while_the_borrower_returns_it(bay: Bay) -> None:
    bay.desk.talk = returning()
    parked = {"engine_running": False, "street_door": Door.open}
    assert AlarmName.alive_inside in bay.see(ALIVE_INSIDE_S, {"T1": "B1"}, cabin=True, **parked)
    assert AlarmName.alive_inside not in bay.see(ALIVE_INSIDE_S, {"T1": "B1"}, cabin=True, engine_running=True)


def test_who_is_served_and_stays_much_too_long_may_need_help(bay: Bay) -> None:
    talk = object.__new__(HandOverTalk)
    talk.live = True
    bay.desk.talk = talk
    served = {"cabin": True, "street_door": Door.open}
    assert bay.see(LINGERS_S - INSTANT_S, {"T1": "B1"}, **served) == set()
    assert bay.see(INSTANT_S, {"T1": "B1"}, **served) == {AlarmName.person_stays}
    assert bay.see(0.0, {"T1": "B1"}, street_door=Door.open) == set()


@pytest.mark.parametrize("tag", ["T1", "T9"])
def test_a_car_that_is_left_before_an_open_street_door_is_told(bay: Bay, tag: str) -> None:
    bay.desk.talk = returning()
    assert bay.see(DESERTED_S - INSTANT_S, {tag: "B1"}, street_door=Door.open) == set()
    assert bay.see(INSTANT_S, {tag: "B1"}, street_door=Door.open) == {AlarmName.car_stranger}
    assert bay.see(DESERTED_S, {"T1": "B1"}, street_door=Door.closed) == set()


def test_a_key_that_was_taken_again_is_told(bay: Bay) -> None:
    bay.desk.talk = returning(key_gone=True)
    assert bay.see(KEY_GONE_S - INSTANT_S, {"T1": "B1"}) == set()
    assert bay.see(INSTANT_S, {"T1": "B1"}) == {AlarmName.key_gone}
    bay.desk.talk = returning()
    assert bay.see(0.0, {"T1": "B1"}) == set()


def test_a_strangers_car_on_a_lift_is_told(bay: Bay) -> None:
    assert bay.see(STRANGER_S, {"T1": "L1"}) == set()
    assert bay.see(STRANGER_S, {"T9": "L1"}) == {AlarmName.car_stranger}
    assert bay.see(0.0, {}) == set()


def test_a_car_that_the_machine_itself_puts_down_is_no_strangers(bay: Bay) -> None:
    half = shown({}, vehicle=True, inner_door=Door.open)
    lift = replace(half.lifts[0], transfer_home=False, storey=LAYOUT.bay("B1").storey, tag="T1", loaded=True)
    for snapshot, told in ((replace(half, lifts=(lift,)), 0), (half, 1)):
        bay.watch.look(snapshot)
        bay.clock.advance(STRANGER_S)
        bay.watch.look(snapshot)
        assert [alarm.name for alarm in bay.record.facts.alarms.values()] == [AlarmName.car_stranger] * told
