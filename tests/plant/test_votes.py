"""Each vote of the safety PLC refuses by itself, with no effect; with the vote taken out the order goes through."""

import json
from collections.abc import Callable
from math import inf

import pytest

from tests.plant.desk import Desk, desk, jumping, with_car_in_bay
from vendrive.plant.beings import Being
from vendrive.plant.faults import Stuck
from vendrive.plant.safety import VOTES
from vendrive.plant.watch import WATCHES
from vendrive.tower.layout import parse_layout

Asked = tuple[Desk, str, dict[str, str]]

TWO_WAYS = """
name = "twoways"
storeys = 2
pitch_mm = 2200
[kinematics]
lift_speed_m_s = 1.0
lift_acceleration_m_s2 = 0.4
settle_s = 1.5
transfer_s = 18.0
door_s = 6.0
checks_s = 4.0
turn_s = 18.0
[fits]
length_mm = 5300
width_mm = 2300
height_mm = 2000
mass_kg = 2500
[[ways]]
name = "W1"
lowest = 1
highest = 2
[[ways]]
name = "W2"
lowest = 1
highest = 2
[[lifts]]
name = "L1"
way = "W1"
[[lifts]]
name = "L2"
way = "W2"
[[bays]]
name = "B1"
storey = 1
lifts = ["L1"]
[[slots]]
first = 1
last = 2
columns = "D"
lifts = ["L1", "L2"]
"""


def padlock() -> Asked:
    made = jumping()
    made.world.lock("L1")
    return made, "move_lift", {"lift": "L1", "storey": "2"}


def drive_fault() -> Asked:
    made = jumping()
    made.world.break_drive("L1")
    made.world.break_drive("L1", broken=False)
    return made, "move_lift", {"lift": "L1", "storey": "2"}


def transfer_home() -> Asked:
    made = jumping(T1="1D")
    made.cut_short("pick", 9, lift="L1", place="1D")
    return made, "move_lift", {"lift": "L1", "storey": "2"}


def transfer_out() -> Asked:
    return jumping(), "finish_transfer", {"lift": "L1"}


def inner_doors() -> Asked:
    made = jumping()
    made.done("open_inner_door", bay="B1")
    return made, "move_lift", {"lift": "L1", "storey": "2"}


def way_clear() -> Asked:
    made = jumping("autostadt400")
    made.done("move_lift", lift="L2", storey="5")
    return made, "move_lift", {"lift": "L1", "storey": "5"}


def encoder_agrees() -> Asked:
    made = jumping()
    made.controller.sensors.spoil("L1", "storey", Stuck(2))
    return made, "move_lift", {"lift": "L1", "storey": "3"}


def at_level() -> Asked:
    return jumping(T1="2A"), "pick", {"lift": "L1", "place": "2A"}


def loaded() -> Desk:
    made = jumping(T1="1E", T2="1D")
    made.done("pick", lift="L1", place="1E")
    return made


def lift_empty() -> Asked:
    return loaded(), "pick", {"lift": "L1", "place": "1D"}


def lift_loaded() -> Asked:
    return jumping(), "place", {"lift": "L1", "place": "1D"}


def place_taken() -> Asked:
    return jumping(), "pick", {"lift": "L1", "place": "1D"}


def place_free() -> Asked:
    return loaded(), "place", {"lift": "L1", "place": "1D"}


def front_free() -> Asked:
    made = jumping("singapore60", T1="2A", T2="2B")
    made.done("move_lift", lift="L1", storey="2")
    return made, "pick", {"lift": "L1", "place": "2A"}


def nobody_reaches() -> Asked:
    made = desk({"T1": "1D"}, layout=parse_layout(TWO_WAYS, "twoways.toml"), longest_step_s=inf)
    made.cut_short("pick", 9, lift="L1", place="1D")
    return made, "pick", {"lift": "L2", "place": "1D"}


def inner_open() -> Asked:
    return with_car_in_bay(), "pick", {"lift": "L1", "place": "B1"}


def street_closed() -> Asked:
    made = jumping()
    made.done("open_street_door", bay="B1")
    return made, "open_inner_door", {"bay": "B1"}


def inner_closed() -> Asked:
    made = jumping()
    made.done("open_inner_door", bay="B1")
    return made, "open_street_door", {"bay": "B1"}


def exit_closed() -> Asked:
    made = jumping()
    made.world.exit("B1", is_open=True)
    return made, "open_inner_door", {"bay": "B1"}


def nobody() -> Asked:
    made = jumping()
    made.world.bays["B1"].beside = (Being.pet,)
    return made, "open_inner_door", {"bay": "B1"}


def engine_off() -> Asked:
    made = with_car_in_bay()
    made.world.cars["T1"].engine_running = True
    made.done("open_inner_door", bay="B1")
    return made, "pick", {"lift": "L1", "place": "B1"}


def in_place() -> Asked:
    made = with_car_in_bay(crooked=True)
    made.done("open_inner_door", bay="B1")
    return made, "pick", {"lift": "L1", "place": "B1"}


def table_aligned() -> Asked:
    made = with_car_in_bay("carvana34")
    made.cut_short("turn", 9, bay="B1")
    made.done("open_inner_door", bay="B1")
    return made, "pick", {"lift": "L1", "place": "B1"}


def table_load() -> Asked:
    return with_car_in_bay("carvana34", crooked=True), "turn", {"bay": "B1"}


def platform() -> Asked:
    made = jumping()
    made.done("move_lift", lift="L1", storey="2")
    return made, "open_inner_door", {"bay": "B1"}


def nothing_through() -> Asked:
    made = with_car_in_bay()
    made.done("open_inner_door", bay="B1")
    made.cut_short("pick", 9, lift="L1", place="B1")
    return made, "close_inner_door", {"bay": "B1"}


SCENES: dict[str, Callable[[], Asked]] = {
    scene.__name__: scene
    for scene in (
        *(padlock, drive_fault, transfer_home, transfer_out, inner_doors, way_clear, encoder_agrees, at_level),
        *(lift_empty, lift_loaded, place_taken, place_free, front_free, nobody_reaches, inner_open, street_closed),
        *(inner_closed, exit_closed, nobody, engine_off, in_place, table_aligned, table_load, platform),
        nothing_through,
    )
}


def test_every_vote_has_its_scene() -> None:
    assert set(SCENES) == set(VOTES)


@pytest.mark.parametrize("name", SCENES)
def test_a_vote_refuses_with_no_effect(name: str) -> None:
    made, operation, arguments = SCENES[name]()
    made.controller.tick()
    before = (made.controller.parts()[1:], made.controller.state, made.world.crashes[:])
    executed = made.controller.counts.executed.copy()
    taken, reason = made.order(operation, **arguments)
    assert not taken
    assert reason
    assert made.controller.counts.prevented_by == {name: 1}
    assert (made.controller.parts()[1:], made.controller.state, made.world.crashes) == before
    assert made.controller.counts.executed == executed
    assert not made.controller.moving


@pytest.mark.parametrize("name", SCENES)
def test_without_the_vote_the_order_goes_through(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made, operation, arguments = SCENES[name]()
    monkeypatch.delitem(VOTES, name)
    assert made.order(operation, **arguments) == (True, "")


def stopped_by_fire() -> Desk:
    made = jumping()
    made.order("move_lift", lift="L1", storey="3")
    made.jump(3)
    made.world.burn(fire=True)
    return made


def stopped_by_intruder() -> Desk:
    made = jumping()
    made.done("open_inner_door", bay="B1")
    made.world.bays["B1"].beside = (Being.small_child,)
    made.jump(0)
    return made


def stopped_by_on_the_table() -> Desk:
    made = with_car_in_bay("carvana34")
    made.order("turn", bay="B1")
    made.jump(5)
    made.world.seat("T1", Being.child_asleep)
    return made


def stopped_by_emergency_exit() -> Desk:
    made = jumping()
    made.done("open_inner_door", bay="B1")
    made.world.exit("B1", is_open=True)
    return made


def stopped_by_movement() -> Desk:
    made = jumping(T1="2A")
    made.world.seat("T1", Being.child_asleep)
    made.jump(5)
    assert made.controller.state.state == "idle"
    made.world.wake("T1")
    return made


def stopped_by_lifts_apart() -> Desk:
    made = jumping("autostadt400")
    vote = VOTES.pop("way_clear")
    try:
        assert made.order("move_lift", lift="L1", storey="15") == (True, "")
        assert made.order("move_lift", lift="L2", storey="3") == (True, "")
    finally:
        VOTES["way_clear"] = vote
    made.jump(60)
    return made


STOPS: dict[str, tuple[Callable[[], Desk], str]] = {
    "fire": (stopped_by_fire, "fire"),
    "intruder": (stopped_by_intruder, "a person is sensed in B1 (scanner, curtain) while the inner door is open"),
    "on_the_table": (stopped_by_on_the_table, "a person is sensed in B1 (cabin) while the table turns"),
    "emergency_exit": (stopped_by_emergency_exit, "the emergency exit of B1 is open"),
    "movement": (stopped_by_movement, "movement in slot 2A"),
    "lifts_apart": (stopped_by_lifts_apart, "L1 and L2 come too close"),
}


def test_every_watch_has_its_scene() -> None:
    assert set(STOPS) == set(WATCHES)


@pytest.mark.parametrize("name", STOPS)
def test_a_watch_stops_the_machine_and_it_stays_so(name: str) -> None:
    scene, reason = STOPS[name]
    made = scene()
    state = made.controller.state
    assert (state.state, state.emergency_stop, state.stop_reason) == ("aborted", True, reason)
    assert made.controller.counts.stopped_by == {name: 1}
    assert not made.controller.moving
    assert made.world.crashes == []
    until = made.controller.clock_ms() + 1000
    answer = made.controller.execute(1, 99, "close_street_door", json.dumps({"bay": "B1"}), until)
    assert answer == (False, "the machine is aborted")


@pytest.mark.parametrize("name", STOPS)
def test_without_the_watch_the_machine_goes_on(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(WATCHES, name)
    made = STOPS[name][0]()
    assert not made.controller.state.emergency_stop
    assert made.world.crashes == (["L1 and L2 collide"] if name == "lifts_apart" else [])
