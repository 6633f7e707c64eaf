"""What to do next: the rules one by one, on each shape of a tower."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.tower.ideal import IdealMachine, seen, snapshot_of
from vendrive.tower.control import (
    BringToBay,
    CloseStreet,
    Do,
    Done,
    GiveWay,
    Goal,
    OpenStreet,
    Step,
    Store,
    Stuck,
    Wait,
    next_step,
)
from vendrive.tower.interlocks import allowed, refusals, votes
from vendrive.tower.layout import Layout, load_layout
from vendrive.tower.view import View
from vendrive.wire.errors import ErrorCode
from vendrive.wire.machine import NO_STOREY, Door, Lift, Mode, Nose, Operation, Plc, PlcState, Table

LAYOUT = load_layout("nanjing3")
TURNING = load_layout("carvana34")
DEEP = load_layout("singapore60")
LONGEST_WAY = 16


def at(layout: Layout, cars: Mapping[str, str], storey: int = 1, **bay: object) -> View:
    """Return a tower at rest with these cars; `bay` changes what the first bay shows."""
    machine = IdealMachine(layout, snapshot_of(layout, cars, {"L1": storey}))
    machine.change("B1", **bay)
    return seen(machine.snapshot, layout)


def lift_shows(view: View, **changes: object) -> View:
    lift: Lift = replace(view.snapshot.lifts[0], **changes)  # type: ignore[arg-type]
    return replace(view, snapshot=replace(view.snapshot, lifts=(lift, *view.snapshot.lifts[1:])))


def slot_shows(view: View, name: str, **changes: object) -> View:
    machine = IdealMachine(view.layout, view.snapshot)
    machine.put(replace(view.snapshot.slot(name), **changes))  # type: ignore[arg-type]
    return replace(view, snapshot=machine.snapshot)


def run(machine: IdealMachine, goal: Goal) -> Step:
    """Follow the steps to the end; every one must pass all votes."""
    for _ in range(LONGEST_WAY):
        view = seen(machine.snapshot, machine.layout)
        step = next_step(goal, view, "L1")
        if not isinstance(step, Do):
            return step
        permits = votes(step.operation, step.arguments, view, 0.5)
        assert allowed(permits), (step, refusals(permits))
        machine.do(step.operation, step.arguments)
    raise AssertionError(f"no end: {machine.done}")


def stuck(goal: Goal, view: View, lift: str = "L1") -> ErrorCode:
    step = next_step(goal, view, lift)
    assert isinstance(step, Stuck), step
    return step.code


def test_a_car_comes_from_its_slot_to_the_bay() -> None:
    machine = IdealMachine(LAYOUT, snapshot_of(LAYOUT, {"T1": "3B"}))
    assert run(machine, BringToBay("T1", "B1")) == Done()
    assert machine.done == ["move_lift", "pick", "move_lift", "open_inner_door", "place", "close_inner_door"]
    assert machine.snapshot.bay("B1").tag == "T1"
    assert run(machine, OpenStreet("B1")) == Done()
    assert machine.done[6:] == ["open_street_door"]


def test_a_car_goes_from_the_bay_to_its_slot() -> None:
    machine = IdealMachine(LAYOUT, snapshot_of(LAYOUT, {"T1": "B1"}))
    machine.change("B1", street_door=Door.open)
    assert run(machine, Store("T1", "2A")) == Done()
    assert machine.done == ["close_street_door", "open_inner_door", "pick", "close_inner_door", "move_lift", "place"]
    assert machine.snapshot.slot("2A").tag == "T1"


def test_a_store_on_the_level_of_the_bay_is_done_when_the_door_is_closed() -> None:
    machine = IdealMachine(LAYOUT, snapshot_of(LAYOUT, {"T1": "B1"}))
    assert run(machine, Store("T1", "1B")) == Done()
    assert machine.snapshot.bay("B1").inner_door == Door.closed
    ajar = at(LAYOUT, {"T1": "1B"}, inner_door=Door.between)
    step = next_step(Store("T1", "1B"), ajar, "L1")
    assert isinstance(step, Do)
    assert step.operation == Operation.close_inner_door


def test_a_car_that_points_its_nose_to_the_tower_is_turned_in_the_bay() -> None:
    machine = IdealMachine(TURNING, snapshot_of(TURNING, {"T1": "2A"}, {"L1": 2}))
    assert run(machine, BringToBay("T1", "B2")) == Done()
    assert machine.done[-2:] == ["close_inner_door", "turn"]
    assert machine.snapshot.bay("B2").nose == Nose.street
    assert run(machine, OpenStreet("B2")) == Done()


def test_a_car_from_slot_to_slot_sees_no_bay() -> None:
    machine = IdealMachine(LAYOUT, snapshot_of(LAYOUT, {"T1": "2A"}))
    assert run(machine, Store("T1", "3C")) == Done()
    assert machine.done == ["move_lift", "pick", "move_lift", "place"]


def test_a_turntable_that_stopped_in_the_middle_goes_on_before_a_door_opens() -> None:
    machine = IdealMachine(TURNING, snapshot_of(TURNING, {"T1": "B1"}))
    machine.change("B1", table=Table.between)
    assert run(machine, OpenStreet("B1")) == Done()
    assert machine.done == ["turn", "open_street_door"]
    machine = IdealMachine(TURNING, snapshot_of(TURNING, {"T1": "B1"}))
    machine.change("B1", table=Table.between, street_door=Door.open)
    assert run(machine, Store("T1", "2B")) == Done()
    assert machine.done[:3] == ["close_street_door", "turn", "open_inner_door"]


def test_what_a_goal_cannot_reach_is_said_with_a_code() -> None:
    bring, store = BringToBay("T1", "B1"), Store("T1", "2A")
    assert stuck(BringToBay("T9", "B1"), at(LAYOUT, {"T1": "2A"})) == ErrorCode.car_missing
    assert stuck(bring, at(LAYOUT, {"T1": "2A", "T2": "B1"})) == ErrorCode.bay_occupied
    assert stuck(bring, at(LAYOUT, {"T1": "2A"}, mass_kg=1400)) == ErrorCode.machine_contradiction
    assert stuck(bring, at(LAYOUT, {"T1": "2A", "T2": "L1"})) == ErrorCode.machine_contradiction
    assert stuck(store, at(LAYOUT, {})) == ErrorCode.car_missing
    assert stuck(store, at(LAYOUT, {"T1": "B1", "T2": "2A"})) == ErrorCode.no_room
    assert stuck(store, at(LAYOUT, {"T1": "B1"}, in_place=False)) == ErrorCode.car_not_in_place
    twice = slot_shows(at(LAYOUT, {"T1": "B1"}), "3A", occupied=True, tag="T1")
    assert stuck(store, twice) == ErrorCode.machine_contradiction
    between = lift_shows(at(LAYOUT, {"T1": "L1"}), storey=NO_STOREY, transfer_home=False)
    assert stuck(store, between) == ErrorCode.machine_contradiction


def test_a_bay_with_two_doors_shut_and_a_car_is_all_that_a_bring_wants() -> None:
    assert next_step(BringToBay("T1", "B1"), at(LAYOUT, {"T1": "B1"})) == Done()
    assert next_step(OpenStreet("B1"), at(LAYOUT, {"T1": "B1"}, street_door=Door.open)) == Done()
    assert next_step(CloseStreet("B1"), at(LAYOUT, {"T1": "B1"})) == Done()
    assert next_step(Store("T1", "2A"), at(LAYOUT, {"T1": "2A"})) == Done()
    assert next_step(GiveWay("L1", 1), at(LAYOUT, {})) == Done()


def test_what_the_journal_knows_is_no_free_slot() -> None:
    """A slot sensed empty in which another car was last known, and one behind such a slot."""
    store = at(DEEP, {"T1": "L1"})
    assert (
        stuck(Store("T1", "4A"), replace(store, belief={**store.belief, "T2": "4A"})) == ErrorCode.machine_contradiction
    )
    settled = replace(store, belief={**store.belief, "T2": "4A"}, unsettled={"5A": "4A"})
    settled = replace(slot_shows(settled, "5A", occupied=True, tag="T2"))
    assert next_step(Store("T1", "4A"), settled, "L1") == Stuck(ErrorCode.no_room, "4A was last taken by tag T2")
    front = replace(settled, belief={**store.belief, "T2": "4B"})
    assert next_step(Store("T1", "4A"), front, "L1") == Stuck(ErrorCode.no_room, "the car in 4B stands before 4A")


def test_a_transfer_of_unknown_end_is_not_taken_for_stored() -> None:
    """A switch that lies says that the transfer is home, and the nearer reader that the car is in its slot."""
    read = at(LAYOUT, {"T1": "2A"})
    assert next_step(Store("T1", "2A"), read) == Done()
    assert isinstance(next_step(Store("T1", "2A"), replace(read, unsettled={"L1": "2A"})), Wait)


def test_the_car_behind_another_one_is_not_asked_for() -> None:
    hidden = at(DEEP, {"T1": "4A", "T2": "4B"})
    assert stuck(BringToBay("T1", "B1"), hidden) == ErrorCode.part_locked
    assert stuck(Store("T3", "4A"), at(DEEP, {"T3": "L1", "T2": "4B"})) == ErrorCode.no_room
    assert isinstance(next_step(BringToBay("T2", "B1"), hidden, "L1"), Do)
    assert isinstance(next_step(Store("T2", "9A"), hidden, "L1"), Do)


def test_a_child_in_a_stored_car_is_not_moved() -> None:
    moves = slot_shows(at(LAYOUT, {"T1": "2A"}), "2A", movement=True)
    assert stuck(BringToBay("T1", "B1"), moves) == ErrorCode.person_inside


@pytest.mark.parametrize("part", ["L1", "B1", "2A"])
def test_a_part_out_of_service_is_said(part: str) -> None:
    locked = replace(at(LAYOUT, {"T1": "2A"}), locked=frozenset({part}))
    code = ErrorCode.lift_failed if part == "L1" else ErrorCode.part_locked
    assert stuck(BringToBay("T1", "B1"), locked) == code
    assert (next_step(OpenStreet("B1"), locked) == Stuck(code, "B1 is locked by staff")) is (part == "B1")


@pytest.mark.parametrize(
    ("plc", "reason"),
    [
        ({"fire": True}, "fire or smoke is sensed"),
        ({"mains": False}, "the mains are gone"),
        ({"mode": Mode.manual}, "the key switch says manual"),
        ({"mode": Mode.maintenance}, "the key switch says maintenance"),
        ({"state": PlcState.held}, "the machine is held"),
        ({"state": "homing"}, "the machine is homing"),
        ({"emergency_stop": True, "stop_reason": "red button"}, "stopped: red button"),
    ],
)
def test_a_machine_that_is_not_ready_is_waited_for(plc: dict[str, object], reason: str) -> None:
    view = at(LAYOUT, {"T1": "2A"})
    changed: Plc = replace(view.snapshot.plc, **plc)  # type: ignore[arg-type]
    view = replace(view, snapshot=replace(view.snapshot, plc=changed))
    for goal in (BringToBay("T1", "B1"), OpenStreet("B1"), CloseStreet("B1"), Store("T1", "2B"), GiveWay("L1", 2)):
        assert next_step(goal, view, "L1") == Wait(reason)
    assert not allowed(votes(Operation.open_street_door, (("bay", "B1"),), view, 0.0))


@pytest.mark.parametrize("source", ["scanner", "curtain", "floor", "cabin"])
def test_one_source_is_enough_to_wait_and_the_lift_does_not(source: str) -> None:
    inside = at(LAYOUT, {"T1": "B1"}, street_door=Door.open, **{source: True})
    told = Wait(f"a person is sensed in B1 by {source}", for_people=True)
    assert next_step(CloseStreet("B1"), inside) == told
    assert next_step(Store("T1", "2A"), inside, "L1") == told
    loaded = at(LAYOUT, {"T1": "L1"}, 3, **{source: True})
    assert next_step(BringToBay("T1", "B1"), loaded, "L1") == told, "before it goes there"


def test_an_engine_and_an_open_emergency_exit_are_waited_for() -> None:
    running = at(LAYOUT, {"T1": "B1"}, engine_running=True)
    assert next_step(Store("T1", "2A"), running, "L1") == Wait("an engine runs in B1", for_people=True)
    for goal, cars in ((Store("T1", "2A"), {"T1": "B1"}), (BringToBay("T1", "B1"), {"T1": "L1"})):
        told = Wait("the emergency exit of B1 is open", for_people=True)
        assert next_step(goal, at(LAYOUT, cars, exit_closed=False), "L1") == told


def test_a_busy_part_is_waited_for() -> None:
    assert next_step(OpenStreet("B1"), at(LAYOUT, {}, busy=True)) == Wait("B1 is busy")
    assert next_step(GiveWay("L1", 3), lift_shows(at(LAYOUT, {}), busy=True)) == Wait("L1 is busy")
    assert next_step(BringToBay("T1", "B1"), at(LAYOUT, {"T1": "2A"})) == Wait("no lift is free")


@pytest.mark.parametrize("read_at", ["both", "lift", "place", "nowhere"])
@pytest.mark.parametrize("place", ["B1", "2A"])
@pytest.mark.parametrize("operation", [Operation.pick, Operation.place])
def test_a_transfer_that_was_cut_short_ends_on_the_lift_whoever_reads_the_car(
    operation: Operation, place: str, read_at: str
) -> None:
    car = place if operation == Operation.pick else "L1"
    machine = IdealMachine(LAYOUT, snapshot_of(LAYOUT, {"T1": car}, {"L1": LAYOUT.storey_of(place)}))
    machine.change("B1", inner_door=Door.open if place == "B1" else Door.closed)
    machine.cut(machine.start(operation, (("lift", "L1"), ("place", place))), read_at)  # type: ignore[arg-type]
    for goal in (BringToBay("T1", "B1"), Store("T1", "2A"), Store("T1", "3A"), GiveWay("L1", 3)):
        view = View(machine.snapshot, LAYOUT, {"T1": place}, {"L1": place})
        step = next_step(goal, view, "L1")
        assert isinstance(step, Do), (goal, step)
        assert step.operation == Operation.finish_transfer
        assert allowed(votes(step.operation, step.arguments, view, 0.0))


def test_a_transfer_into_a_bay_that_is_open_to_the_street_waits_for_its_door() -> None:
    machine = IdealMachine(LAYOUT, snapshot_of(LAYOUT, {"T1": "B1"}))
    machine.change("B1", inner_door=Door.open)
    machine.cut(machine.start(Operation.pick, (("lift", "L1"), ("place", "B1"))))
    opened = replace(machine.snapshot.bay("B1"), street_door=Door.open)
    view = View(replace(machine.snapshot, bays=(opened,)), LAYOUT)
    step = next_step(Store("T1", "2A"), view, "L1")
    assert isinstance(step, Do)
    assert step.operation == Operation.close_street_door


def test_a_store_is_not_done_while_the_transfer_is_out_in_its_slot() -> None:
    machine = IdealMachine(LAYOUT, snapshot_of(LAYOUT, {"T1": "L1"}, {"L1": 2}))
    machine.cut(machine.start(Operation.place, (("lift", "L1"), ("place", "2A"))), "place")
    step = next_step(Store("T1", "2A"), seen(machine.snapshot, LAYOUT))
    assert isinstance(step, Do)
    assert step.operation == Operation.finish_transfer
