"""Over all states that a broken sensor or a broken machine may ever show, on each shape of a tower: nothing harmful is
asked or permitted, and from every state that can be reached a way leads to the goal."""

from dataclasses import replace
from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tower.driven import Driven
from tests.tower.ideal import ReadAt, seen, snapshot_of
from vendrive.tower.control import Arguments, BringToBay, CloseStreet, Do, GiveWay, Goal, OpenStreet, Store, next_step
from vendrive.tower.interlocks import allowed, votes
from vendrive.tower.layout import Layout, load_layout
from vendrive.tower.view import View
from vendrive.wire.machine import Bay, Door, Lift, Mode, Nose, Operation, Plc, PlcState, Slot, Snapshot, Table

NAMES = ["nanjing3", "shanghai3", "guangzhou42", "carvana34", "singapore60", "autostadt400"]
DOORS = list(Door)
TAGS = ["", "T1", "T2"]
SOURCES = ["", "scanner", "curtain", "floor", "cabin"]
YES_NO = (True, False)
DOOR_OPERATIONS = [operation for operation in Operation if "door" in operation]
READ_AT: list[ReadAt] = ["both", "lift", "place", "nowhere"]


def shape(name: str) -> Layout:
    """Return a layout with a few slots of each kind: the rules look at no more of them at once."""
    layout = load_layout(name)
    deep = [slot for slot in layout.slots if slot.behind][:2]
    shallow = [slot for slot in layout.slots if not slot.behind]
    kept = {slot.behind for slot in deep} | {slot.name for slot in (*deep, *shallow[:2], *shallow[-2:])}
    return replace(layout, slots=tuple(slot for slot in layout.slots if slot.name in kept))


SHAPES = {name: shape(name) for name in NAMES}


def orders_on(layout: Layout) -> list[tuple[Operation, Arguments]]:
    """Return every order with its arguments, some of them senseless."""
    orders: list[tuple[Operation, Arguments]] = []
    for plan in layout.lifts:
        lift = ("lift", plan.name)
        orders += [(Operation.move_lift, (lift, ("storey", str(storey)))) for storey in storeys_of(layout)]
        orders += [(Operation.pick, (lift, ("place", place.name))) for place in layout.places]
        orders += [(Operation.place, (lift, ("place", place.name))) for place in layout.places]
        orders.append((Operation.finish_transfer, (lift,)))
    for bay in layout.bays:
        orders += [(operation, (("bay", bay.name),)) for operation in (*DOOR_OPERATIONS, Operation.turn)]
    return orders


def storeys_of(layout: Layout) -> list[int]:
    return sorted({0, 1, 2, layout.storeys, *(slot.storey for slot in layout.slots)})


def goals_on(layout: Layout) -> list[Goal]:
    goals: list[Goal] = [BringToBay(tag, bay.name) for bay in layout.bays for tag in ("T1", "T2")]
    goals += [Store(tag, slot.name) for slot in layout.slots for tag in ("T1", "T2")]
    goals += [goal(bay.name) for bay in layout.bays for goal in (OpenStreet, CloseStreet)]
    return goals + [GiveWay(lift.name, storey) for lift in layout.lifts for storey in (lift.lowest, lift.highest)]


def any_view(layout: Layout, rng: Random) -> View:
    """Return any state at all; faults are rarer than work, so that more orders pass the first votes."""

    def yes() -> bool:
        return rng.random() < 0.5

    def rarely() -> bool:
        return rng.random() < 0.1

    plc = Plc(
        mode=rng.choice([*Mode]) if rarely() else Mode.automatic,
        state=rng.choice([*PlcState]) if rarely() else PlcState.execute,
        emergency_stop=rarely(),
        fire=rarely(),
        mains=not rarely(),
    )
    lifts = tuple(any_lift(plan.name, layout, rng) for plan in layout.lifts)
    slots = tuple(Slot(plan.name, yes(), rng.choice(TAGS), rarely(), rarely()) for plan in layout.slots)
    bays = tuple(any_bay(plan.name, rng) for plan in layout.bays)
    places = [place.name for place in layout.places]
    belief = {tag: rng.choice(places) for tag in TAGS if tag and yes()}
    view = View(Snapshot(read_at_s=0.0, plc=plc, lifts=lifts, slots=slots, bays=bays), layout, belief)
    if yes():
        # Nearly every mix contradicts itself, and what is in doubt is left alone: half of them are judged without.
        view.__dict__.update(sensed_doubts=(), believed_doubts=())
    return view


def any_lift(name: str, layout: Layout, rng: Random) -> Lift:
    return Lift(
        name=name,
        position_mm=float(layout.level_mm(rng.choice(storeys_of(layout))) + rng.choice([0, 900])),
        storey=rng.choice([-1, 1, *storeys_of(layout)]),
        moving=rng.random() < 0.2,
        transfer_home=rng.random() < 0.7,
        loaded=rng.random() < 0.5,
        tag=rng.choice(TAGS),
        movement=rng.random() < 0.1,
        fault=rng.choice(["", "", "", "drive"]),
        locked_out=rng.random() < 0.1,
        busy=rng.random() < 0.1,
    )


def any_bay(name: str, rng: Random) -> Bay:
    return Bay(
        name=name,
        street_door=rng.choice([Door.closed, *Door]),
        inner_door=rng.choice([Door.closed, *Door]),
        exit_closed=rng.random() < 0.8,
        table=rng.choice([Table.aligned, *Table]),
        nose=rng.choice([*Nose]),
        vehicle=rng.random() < 0.5,
        tag=rng.choice(TAGS),
        in_place=rng.random() < 0.5,
        mass_kg=rng.choice([0, 0, 1600]),
        engine_running=rng.random() < 0.2,
        locked_out=rng.random() < 0.1,
        busy=rng.random() < 0.1,
        scanner=rng.random() < 0.1,
        curtain=rng.random() < 0.1,
        floor=rng.random() < 0.1,
        cabin=rng.random() < 0.1,
    )


def assert_harmless(operation: Operation, arguments: Arguments, view: View) -> None:
    """What no step and no permit may ever ask, whatever else is sensed. Written apart from the votes."""
    named, snapshot = dict(arguments), view.snapshot
    plc = snapshot.plc
    assert plc.mode == Mode.automatic
    assert plc.state in ("idle", "execute")
    assert plc.mains
    assert not plc.fire
    assert not plc.emergency_stop
    for bay in snapshot.bays:
        assert bay.inner_door == Door.closed or not occupied(bay), "nothing moves with a person in an open zone"
    if "bay" in named:
        assert_bay_harmless(operation, snapshot.bay(named["bay"]), view)
    if "lift" in named:
        lift = snapshot.lift(named["lift"])
        assert not any((lift.moving, lift.busy, lift.locked_out, lift.fault))
        if operation == Operation.move_lift:
            assert_move_harmless(lift, int(named["storey"]), view)
        elif operation != Operation.finish_transfer:
            assert_transfer_harmless(operation, lift, named["place"], view)


def occupied(bay: Bay) -> bool:
    return bay.person or bay.cabin


def assert_bay_harmless(operation: Operation, bay: Bay, view: View) -> None:
    assert not any((bay.busy, bay.locked_out))
    if operation == Operation.open_street_door:
        assert bay.inner_door == Door.closed
        return
    assert not occupied(bay)
    plan = view.layout.bay(bay.name)
    there = [view.snapshot.lift(name) for name in plan.lifts if view.snapshot.lift(name).storey == plan.storey]
    if operation == Operation.open_inner_door:
        assert bay.street_door == Door.closed
        assert any(lift.transfer_home and not lift.moving and not lift.busy for lift in there)
    if operation == Operation.close_inner_door:
        assert all(lift.transfer_home for lift in there if not lift.moving)
    if operation == Operation.turn:
        assert bay.street_door == bay.inner_door == Door.closed
        assert plan.turntable


def assert_move_harmless(lift: Lift, storey: int, view: View) -> None:
    plan = view.layout.lift(lift.name)
    assert plan.lowest <= storey <= plan.highest
    assert lift.transfer_home
    assert not lift.movement
    for bay in view.layout.bays_of(lift.name):
        if lift.storey == bay.storey or len(bay.lifts) == 1:
            assert view.snapshot.bay(bay.name).inner_door == Door.closed
    for other in view.layout.beside(lift.name):
        theirs = view.snapshot.lift(other.name)
        if theirs.storey >= 0:
            assert (storey < theirs.storey) is view.layout.is_below(lift.name, other.name)
            assert storey != theirs.storey


def assert_transfer_harmless(operation: Operation, lift: Lift, place: str, view: View) -> None:
    plan, snapshot = view.layout.place(place), view.snapshot
    assert lift.transfer_home
    assert lift.storey == plan.storey
    assert lift.loaded == (operation == Operation.place)
    if view.layout.is_bay(place):
        bay = snapshot.bay(place)
        assert bay.street_door == Door.closed
        assert bay.inner_door == Door.open
        assert bay.table == Table.aligned
        assert bay.exit_closed
        assert not occupied(bay)
        assert not bay.empty if operation == Operation.pick else bay.empty
        return
    assert snapshot.slot(place).occupied == (operation == Operation.pick)
    front = view.layout.slot(place).behind
    assert not front or not snapshot.slot(front).occupied


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_no_step_is_ever_harmful(name: str, seed: int) -> None:
    layout = SHAPES[name]
    view = any_view(layout, Random(seed))
    for goal in goals_on(layout):
        for lift in ("", *(plan.name for plan in layout.lifts)):
            step = next_step(goal, view, lift)
            if not isinstance(step, Do):
                continue
            bays = view.snapshot.bays
            assert all(bay.inner_door == Door.closed or not occupied(bay) for bay in bays)
            if allowed(votes(step.operation, step.arguments, view, 0.0)):
                assert_harmless(step.operation, step.arguments, view)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_no_permit_is_ever_harmful(name: str, seed: int) -> None:
    view = any_view(SHAPES[name], Random(seed))
    for operation, arguments in orders_on(SHAPES[name]):
        permits = votes(operation, arguments, view, 0.0)
        assert all(permit.reason for permit in permits)
        if allowed(permits):
            assert_harmless(operation, arguments, view)


@pytest.mark.parametrize("name", NAMES)
def test_no_permit_is_harmful_in_any_mix_of_what_matters(name: str) -> None:
    """Not a sample: every mix of doors, one presence source, level, transfer and load, for every order."""
    layout, permitted = SHAPES[name], set()
    base, orders = snapshot_of(layout, {}), orders_on(layout)
    for street, inner, source, storey, home, full in product(DOORS, DOORS, SOURCES, (-1, 1, 2), YES_NO, YES_NO):
        bay = replace(base.bays[0], street_door=street, inner_door=inner, vehicle=full, in_place=full)
        bay = replace(bay, scanner=source == "scanner", curtain=source == "curtain")
        bay = replace(bay, floor=source == "floor", cabin=source == "cabin")
        slots = tuple(replace(slot, occupied=full) for slot in base.slots)
        for loaded in YES_NO:
            lift = replace(base.lifts[0], storey=storey, transfer_home=home, loaded=loaded, position_mm=900.0)
            moved = replace(base, lifts=(lift, *base.lifts[1:]), slots=slots, bays=(bay, *base.bays[1:]))
            # What has no tag is in doubt, and this asks what happens where nothing is: the doubts are put aside.
            view = View(moved, layout)
            view.__dict__["sensed_doubts"] = ()
            for operation, arguments in orders:
                if allowed(votes(operation, arguments, view, 0.0)):
                    permitted.add(operation)
                    assert_harmless(operation, arguments, view)
    turns = any(bay.turntable for bay in layout.bays)
    assert permitted == set(Operation) - (set() if turns else {Operation.turn})


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), length=st.integers(0, 14))
def test_every_reachable_state_leads_to_the_goal(name: str, seed: int, length: int) -> None:
    """Any orders that are permitted, each finished or cut short; then two cars go where they are wanted."""
    layout, rng = SHAPES[name], Random(seed)
    open_slots = [slot.name for slot in layout.slots if not slot.behind]
    first, second, back = rng.sample(open_slots, 3) if len(open_slots) > 2 else (*open_slots, "")
    world = Driven(layout, {"T1": first, "T2": second}, seed)
    wander(world, rng, length)
    spare = next(slot for slot in (second, first) if not world.machine.tag_at(slot) or slot == second)
    back = back or first
    goals: dict[str, list[Goal]] = {
        "B1": [BringToBay("T1", "B1"), OpenStreet("B1"), Store("T1", back), CloseStreet("B1")]
    }
    goals["M2"] = [Store("T2", spare)]
    if layout.is_lift(world.record.facts.places["T1"]) and world.machine.tag_at("B1") == "T2":
        # The car on the lift waits for a bay whose car waits for the lift: as the yard does, it is put aside first.
        goals["B1"].insert(0, Store("T1", back))
    for key, wanted in goals.items():
        world.want(key, wanted[0])
    while world.controller.tasks:
        world.settle(150)
        ended = [key for key in list(world.controller.tasks) if world.reached(key)]
        assert ended, {key: world.judged(key) for key in world.controller.tasks}
        for key in ended:
            goals[key].pop(0)
            if goals[key]:
                world.want(key, goals[key][0])
    assert world.machine.tag_at(back) == "T1"
    assert all(bay.inner_door == bay.street_door == Door.closed for bay in world.machine.snapshot.bays[:1])


def wander(world: Driven, rng: Random, length: int) -> None:
    """Carry out orders at random as far as they are permitted; the journal then knows where each car is."""
    orders = orders_on(world.layout)
    for _ in range(length):
        view = seen(world.machine.snapshot, world.layout)
        possible = [order for order in orders if allowed(votes(*order, view, 0.0))]
        part = world.machine.start(*rng.choice(possible))
        if rng.random() < 0.5:
            world.machine.cut(part, rng.choice(READ_AT[:3]))
        else:
            world.machine.finish(part)
    truth = {tag: lift for lift, (_, tag) in world.machine.reach.items()}
    world.record.facts.places = {**seen(world.machine.snapshot, world.layout).belief, **truth}
