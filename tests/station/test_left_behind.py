"""Who or what is left in a bay or in a car: the machine waits, the kiosk says it, and an alarm has its procedure."""

from pathlib import Path
from typing import cast

import pytest

from tests.station.small import Small, run
from vendrive.design.messages import LANGUAGES, say
from vendrive.plant.beings import BESIDE, INSIDE, Being
from vendrive.retail.console.procedures import PROCEDURES
from vendrive.station.kiosk.state import kiosk_state
from vendrive.station.link import Link
from vendrive.station.returning import ReturnTalk
from vendrive.station.watch import THING_LEFT_S, Watch
from vendrive.wire.alarms import AlarmName
from vendrive.wire.errors import ErrorCode
from vendrive.wire.journal import ReturnStarted
from vendrive.wire.machine import Door

BESIDE_THE_CAR = {
    "a customer who stays": Being.person,
    "a forgotten bag": Being.bag,
    "a pet": Being.pet,
    "a small child": Being.small_child,
    "somebody asleep": Being.sleeper,
}
IN_THE_CAR = {
    "a child in the car": Being.child_asleep,
    "a passenger left behind": Being.person,
    "a pet in the car": Being.pet,
}


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path, "shanghai3", {"TAG-1": "2A", "TAG-2": "3C"})


def sensed(small: Small, sources: frozenset[str], on: bool) -> None:
    small.ideal.change("B1", **dict.fromkeys(sources, on))


def told(small: Small, watch: Watch, after_s: float) -> set[str]:
    """Let time pass; return the alarms, each of which the console can walk a technician through."""
    watch.look(run(small.link.read()))
    small.clock.advance(after_s)
    small.settle()
    watch.look(run(small.link.read()))
    alarms = {alarm.name for alarm in small.record.facts.alarms.values()}
    for name in alarms:
        assert PROCEDURES[name].steps
        assert all(say(lang, f"operations.{name}.title") for lang in LANGUAGES)
    return alarms


def kiosk_says(small: Small) -> str:
    small.tick()
    error = kiosk_state(small.desks["B1"], cast(Link, small.link), "en").error
    return error.code if error else ""


@pytest.mark.parametrize("what", BESIDE_THE_CAR)
def test_beside_the_car(small: Small, what: str) -> None:
    watch = Watch(small.desks, small.store, small.clock)
    small.verify(small.lend("drive-1", "TAG-1"))
    small.settle()
    sensed(small, BESIDE[BESIDE_THE_CAR[what]].sources, on=True)
    small.ideal.stand("B1", "")
    small.settle()
    assert small.bay().street_door == Door.open, "no door moves where somebody may be"
    assert len(small.events("handed_over")) == 1, "who stays keeps nobody's car"
    assert kiosk_says(small) == ErrorCode.person_in_bay

    assert {AlarmName.person_stays, AlarmName.thing_left} <= told(small, watch, THING_LEFT_S)
    small.desks["B1"].talk = small.desks["B1"]._farewell = None
    assert kiosk_says(small) == ErrorCode.person_in_bay
    sensed(small, BESIDE[BESIDE_THE_CAR[what]].sources, on=False)
    small.settle()
    assert (told(small, watch, 0.0), kiosk_says(small)) == (set(), "")
    assert small.bay().street_door == Door.closed


@pytest.mark.parametrize("after_the_word", [False, True])
@pytest.mark.parametrize("what", IN_THE_CAR)
def test_in_the_car(small: Small, what: str, after_the_word: bool) -> None:
    watch, sources = Watch(small.desks, small.store, small.clock), INSIDE[IN_THE_CAR[what]].sources
    small.verify(small.lend("drive-1", "TAG-1"))
    small.settle()
    small.ideal.stand("B1", "")
    small.settle()
    lending = small.store.lending("drive-1")
    assert lending is not None
    small.record.write(ReturnStarted(drive_id="drive-1", bay="B1"))
    small.desks["B1"].talk = ReturnTalk(lending, small.desks["B1"].side)
    small.settle()
    small.ideal.stand("B1", "TAG-1")
    small.ideal.change("B1", key_in_box=True, length_mm=4000, width_mm=1800, height_mm=1500)
    small.tick()
    if after_the_word:
        small.desks["B1"].declare(engine_off=True, key_in_box=True, nobody_inside=True)
        small.until_running("close_street_door")
        small.ideal.finish("B1")
    sensed(small, sources, on=True)
    small.settle()
    assert (small.where("TAG-1"), kiosk_says(small)) == ("B1", ErrorCode.person_inside)
    assert AlarmName.alive_inside in told(small, watch, 60.0)
    assert (small.where("TAG-1"), small.events("returned")) == ("B1", [])

    sensed(small, sources, on=False)
    small.settle()
    if not after_the_word:
        small.desks["B1"].declare(engine_off=True, key_in_box=True, nobody_inside=True)
        small.settle()
    assert (len(small.events("returned")), told(small, watch, 0.0)) == (1, set())
