"""What to do next, and what is safe to ask: the rules one by one, then over all states that a search can find."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tower.ideal import IdealMachine, snapshot_of
from vendrive.tower.control import (
    BringToBay,
    CloseStreet,
    Do,
    Done,
    Goal,
    OpenStreet,
    Step,
    StoreFromBay,
    Stuck,
    Wait,
    next_step,
)
from vendrive.tower.interlocks import allowed, refusals, votes
from vendrive.tower.layout import load_layout
from vendrive.wire.errors import ErrorCode
from vendrive.wire.machine import Bay, Door, Lift, Operation, Plc, PlcMode, Slot, Snapshot

LAYOUT = load_layout("nanjing3")
SLOTS = [slot.name for slot in LAYOUT.slots]
PLACES = [*SLOTS, "B1"]
DOORS = list(Door)
SOURCES = ["", "scanner", "curtain", "floor", "cabin"]
YES_NO = (True, False)
TRANSFERS = [Operation.pick, Operation.place]
DOOR_OPERATIONS = [
    Operation.open_street_door,
    Operation.close_street_door,
    Operation.open_inner_door,
    Operation.close_inner_door,
]
LONGEST_WAY = 12


def changed(cars: dict[str, str], **bay: object) -> Snapshot:
    snapshot = snapshot_of(LAYOUT, cars)
    return replace(snapshot, bays=(replace(snapshot.bays[0], **bay),))  # type: ignore[arg-type]


def run(machine: IdealMachine, goal: Goal) -> Step:
    """Follow the steps to the end; every one must pass all votes."""
    for _ in range(LONGEST_WAY):
        step = next_step(goal, machine.snapshot, LAYOUT)
        if not isinstance(step, Do):
            return step
        permits = votes(step.operation, step.arguments, machine.snapshot, 0.5, LAYOUT)
        assert allowed(permits), (step, refusals(permits))
        machine.do(step.operation, step.arguments)
    raise AssertionError(f"no end: {machine.done}")


def stuck(goal: Goal, snapshot: Snapshot) -> ErrorCode:
    step = next_step(goal, snapshot, LAYOUT)
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
    machine = IdealMachine(LAYOUT, changed({"T1": "B1"}, street_door=Door.open))
    assert run(machine, StoreFromBay("T1", "B1", "2A")) == Done()
    assert machine.done == [
        "close_street_door",
        "open_inner_door",
        "pick",
        "close_inner_door",
        "move_lift",
        "place",
    ]
    assert machine.snapshot.slot("2A").tag == "T1"


def test_what_a_goal_cannot_reach_is_said_with_a_code() -> None:
    assert stuck(BringToBay("T9", "B1"), snapshot_of(LAYOUT, {"T1": "2A"})) == ErrorCode.car_missing
    assert stuck(BringToBay("T1", "B1"), snapshot_of(LAYOUT, {"T1": "2A", "T2": "B1"})) == ErrorCode.bay_occupied
    foreign = snapshot_of(LAYOUT, {"T1": "2A", "T2": "L1"})
    assert stuck(BringToBay("T1", "B1"), foreign) == ErrorCode.machine_contradiction
    assert stuck(StoreFromBay("T1", "B1", "2A"), changed({}, vehicle=True)) == ErrorCode.car_unreadable
    assert stuck(StoreFromBay("T1", "B1", "2A"), snapshot_of(LAYOUT, {})) == ErrorCode.car_missing
    both = snapshot_of(LAYOUT, {"T1": "B1", "T2": "2A"})
    assert stuck(StoreFromBay("T1", "B1", "2A"), both) == ErrorCode.no_room
    crooked = changed({"T1": "B1"}, in_place=False)
    assert stuck(StoreFromBay("T1", "B1", "2A"), crooked) == ErrorCode.car_not_in_place
    twice = replace(crooked, slots=tuple(replace(slot, occupied=True, tag="T1") for slot in crooked.slots))
    assert stuck(StoreFromBay("T1", "B1", "2A"), twice) == ErrorCode.machine_contradiction


@pytest.mark.parametrize(
    ("plc", "reason"),
    [
        (Plc(mode=PlcMode.executing, emergency_stop=False), "the machine is executing"),
        (Plc(mode=PlcMode.held, emergency_stop=False), "the machine is held"),
        (Plc(mode="homing", emergency_stop=False), "the machine is homing"),
        (Plc(mode=PlcMode.stopped, emergency_stop=True, stop_reason="red button"), "stopped: red button"),
        (Plc(mode=PlcMode.idle, emergency_stop=True, stop_reason="red button"), "stopped: red button"),
    ],
)
def test_a_machine_that_is_not_idle_is_waited_for(plc: Plc, reason: str) -> None:
    snapshot = replace(snapshot_of(LAYOUT, {"T1": "2A"}), plc=plc)
    for goal in (BringToBay("T1", "B1"), OpenStreet("B1"), CloseStreet("B1"), StoreFromBay("T1", "B1", "2B")):
        assert next_step(goal, snapshot, LAYOUT) == Wait(reason)
    assert not allowed(votes(Operation.open_street_door, (("bay", "B1"),), snapshot, 0.0, LAYOUT))


@pytest.mark.parametrize("source", ["scanner", "curtain", "floor", "cabin"])
def test_one_source_is_enough_to_wait(source: str) -> None:
    inside = changed({"T1": "B1"}, street_door=Door.open, **{source: True})
    for goal in (CloseStreet("B1"), StoreFromBay("T1", "B1", "2A")):
        assert next_step(goal, inside, LAYOUT) == Wait(f"a person is sensed in B1 by {source}")
    permits = votes(Operation.close_street_door, (("bay", "B1"),), inside, 0.0, LAYOUT)
    assert refusals(permits) == (f"a person is sensed in B1 by {source}",)


def test_a_running_engine_is_waited_for() -> None:
    assert next_step(StoreFromBay("T1", "B1", "2A"), changed({"T1": "B1"}, engine_running=True), LAYOUT) == Wait(
        "an engine runs in B1"
    )


@pytest.mark.parametrize(("age_s", "permitted"), [(0.0, True), (1.0, True), (1.01, False), (-0.1, False)])
def test_stale_data_permits_nothing(age_s: float, permitted: bool) -> None:
    permits = votes(Operation.open_street_door, (("bay", "B1"),), snapshot_of(LAYOUT, {}), age_s, LAYOUT)
    assert allowed(permits) is permitted


def test_an_order_that_names_nothing_real_is_refused_with_a_reason() -> None:
    snapshot = snapshot_of(LAYOUT, {})
    for operation, arguments in (
        (Operation.move_lift, (("lift", "L9"), ("storey", "1"))),
        (Operation.move_lift, (("lift", "L1"), ("storey", "top"))),
        (Operation.move_lift, (("lift", "L1"), ("storey", "4"))),
        (Operation.pick, (("lift", "L1"), ("place", "9Z"))),
        (Operation.open_street_door, ()),
    ):
        permits = votes(operation, arguments, snapshot, 0.0, LAYOUT)
        assert not allowed(permits)
        assert all(permit.reason for permit in permits)
    assert not allowed(())


# Over all states: what snapshots a broken sensor or a broken machine may ever show.

tags = st.sampled_from(["", "T1", "T2"])
doors = st.sampled_from(DOORS)
plcs = st.builds(Plc, mode=st.sampled_from([*PlcMode, "unknown"]), emergency_stop=st.booleans())
lifts = st.builds(
    Lift,
    name=st.just("L1"),
    storey=st.integers(-1, 3),
    moving=st.booleans(),
    transfer_home=st.booleans(),
    loaded=st.booleans(),
    tag=tags,
)
bays = st.builds(
    Bay,
    name=st.just("B1"),
    street_door=doors,
    inner_door=doors,
    vehicle=st.booleans(),
    tag=tags,
    in_place=st.booleans(),
    scanner=st.booleans(),
    curtain=st.booleans(),
    floor=st.booleans(),
    cabin=st.booleans(),
    engine_running=st.booleans(),
)
slots = st.tuples(*(st.builds(Slot, name=st.just(name), occupied=st.booleans(), tag=tags) for name in SLOTS))
snapshots = st.builds(
    Snapshot, read_at_s=st.just(0.0), plc=plcs, lifts=st.tuples(lifts), slots=slots, bays=st.tuples(bays)
)
goals: st.SearchStrategy[Goal] = st.one_of(
    st.builds(BringToBay, tag=st.sampled_from(["T1", "T2"]), bay=st.just("B1")),
    st.builds(OpenStreet, bay=st.just("B1")),
    st.builds(CloseStreet, bay=st.just("B1")),
    st.builds(StoreFromBay, tag=st.sampled_from(["T1", "T2"]), bay=st.just("B1"), slot=st.sampled_from(SLOTS)),
)
orders = st.one_of(
    st.tuples(
        st.just(Operation.move_lift),
        st.integers(0, 4).map(lambda storey: (("lift", "L1"), ("storey", str(storey)))),
    ),
    st.tuples(
        st.sampled_from(TRANSFERS),
        st.sampled_from(PLACES).map(lambda place: (("lift", "L1"), ("place", place))),
    ),
    st.just((Operation.finish_transfer, (("lift", "L1"),))),
    st.tuples(
        st.sampled_from(DOOR_OPERATIONS),
        st.just((("bay", "B1"),)),
    ),
)


def assert_harmless(operation: Operation, arguments: tuple[tuple[str, str], ...], snapshot: Snapshot) -> None:
    """What no step and no permit may ever ask, whatever else is sensed."""
    bay, lift, plc = snapshot.bays[0], snapshot.lifts[0], snapshot.plc
    person = bay.person or bay.cabin
    assert plc.mode == PlcMode.idle
    assert not plc.emergency_stop
    if bay.inner_door != Door.closed:
        assert not person, "nothing moves with a person in an open zone"
        assert operation not in (Operation.open_street_door, Operation.move_lift)
    if operation in (Operation.close_street_door, Operation.open_inner_door, Operation.close_inner_door):
        assert not person
    if operation == Operation.open_inner_door:
        assert bay.street_door == Door.closed
        assert lift.storey == 1
    if ("place", "B1") in arguments:
        assert bay.street_door == Door.closed
        assert bay.inner_door == Door.open
        assert not person
    if operation in (Operation.move_lift, Operation.pick, Operation.place):
        assert lift.transfer_home
        assert not lift.moving


@settings(max_examples=400, deadline=None)
@given(goal=goals, snapshot=snapshots)
def test_no_step_is_ever_harmful(goal: Goal, snapshot: Snapshot) -> None:
    step = next_step(goal, snapshot, LAYOUT)
    if isinstance(step, Do) and allowed(votes(step.operation, step.arguments, snapshot, 0.0, LAYOUT)):
        assert_harmless(step.operation, step.arguments, snapshot)
    if isinstance(step, Do) and step.operation == Operation.open_street_door:
        assert snapshot.bays[0].inner_door == Door.closed
    if isinstance(step, Do):
        assert snapshot.bays[0].inner_door == Door.closed or not (snapshot.bays[0].person or snapshot.bays[0].cabin)


@settings(max_examples=300, deadline=None)
@given(order=orders, snapshot=snapshots)
def test_no_permit_is_ever_harmful(order: tuple[Operation, tuple[tuple[str, str], ...]], snapshot: Snapshot) -> None:
    permits = votes(order[0], order[1], snapshot, 0.0, LAYOUT)
    assert all(permit.reason for permit in permits)
    if allowed(permits):
        assert_harmless(order[0], order[1], snapshot)


def test_no_permit_is_harmful_in_any_mix_of_what_matters() -> None:
    """Not a sample: every mix of doors, one presence source, level, transfer and load, for every order."""
    base = snapshot_of(LAYOUT, {})
    everything = [
        *((Operation.move_lift, (("lift", "L1"), ("storey", storey))) for storey in "123"),
        *((operation, (("lift", "L1"), ("place", place))) for operation in TRANSFERS for place in ("1B", "2A", "B1")),
        (Operation.finish_transfer, (("lift", "L1"),)),
        *((operation, (("bay", "B1"),)) for operation in DOOR_OPERATIONS),
    ]
    permitted = set()
    for street, inner, source, storey, home, full in product(DOORS, DOORS, SOURCES, (-1, 1, 2), YES_NO, YES_NO):
        bay = replace(base.bays[0], street_door=street, inner_door=inner, vehicle=full, in_place=full)
        bay = replace(bay, scanner=source == "scanner", curtain=source == "curtain")
        bay = replace(bay, floor=source == "floor", cabin=source == "cabin")
        slots = tuple(replace(slot, occupied=full) for slot in base.slots)
        for loaded in YES_NO:
            lift = replace(base.lifts[0], storey=storey, transfer_home=home, loaded=loaded)
            snapshot = replace(base, lifts=(lift,), slots=slots, bays=(bay,))
            for operation, arguments in everything:
                if allowed(votes(operation, arguments, snapshot, 0.0, LAYOUT)):
                    permitted.add(operation)
                    assert_harmless(operation, arguments, snapshot)
    assert permitted == set(Operation)


@settings(max_examples=300, deadline=None)
@given(
    slot=st.sampled_from(SLOTS),
    detour=st.lists(st.tuples(orders, st.booleans()), max_size=12),
    back=st.sampled_from(SLOTS),
)
def test_every_reachable_state_leads_to_the_goal(
    slot: str, detour: list[tuple[tuple[Operation, tuple[tuple[str, str], ...]], bool]], back: str
) -> None:
    machine = IdealMachine(LAYOUT, snapshot_of(LAYOUT, {"T1": slot}))
    for (operation, arguments), cut in detour:
        if allowed(votes(operation, arguments, machine.snapshot, 0.0, LAYOUT)):
            (machine.cut if cut else machine.do)(operation, arguments)
    assert run(machine, BringToBay("T1", "B1")) == Done()
    assert run(machine, OpenStreet("B1")) == Done()
    assert run(machine, StoreFromBay("T1", "B1", back)) == Done()
    assert run(machine, CloseStreet("B1")) == Done()
    assert machine.snapshot.slot(back).tag == "T1"
    assert machine.snapshot.bays[0].inner_door == machine.snapshot.bays[0].street_door == Door.closed
