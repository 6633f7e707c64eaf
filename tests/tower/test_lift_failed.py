"""One of two lifts fails, anywhere and with or without a car: what the other can serve is served, the rest is said."""

from dataclasses import replace
from random import Random

import pytest

from tests.tower.driven import Driven, goal_met
from vendrive.tower.control import BringToBay, CloseStreet, Done, Goal, OpenStreet, Store, Wait
from vendrive.tower.layout import load_layout
from vendrive.wire.errors import ErrorCode
from vendrive.wire.journal import PartLocked, PartReleased
from vendrive.wire.machine import Door, Operation

HIGH = load_layout("autostadt400")
MOST_COMMANDS = 120


def other_than(lift: str) -> str:
    return "L2" if lift == "L1" else "L1"


def in_reach(world: Driven, lift: str, storeys: list[int]) -> bool:
    """Whether a lift can go to all these storeys past one that stands for ever."""
    still = world.machine.height(other_than(lift))
    return max(storeys) <= still - 1 if lift == "L1" else min(storeys) >= still + 1


def storey_now(world: Driven, tag: str) -> tuple[str, int]:
    """Return the lift that carries a car, if one does, and the storey where it has to be fetched."""
    carrying = next((lift for lift in world.machine.snapshot.lifts if lift.tag == tag), None)
    if carrying:
        return carrying.name, round(world.machine.height(carrying.name))
    return "", HIGH.storey_of(world.controller.view(world.read()).places[tag])


def servable(world: Driven, goal: Goal, failed: str) -> bool:
    """Whether the other lift can serve a goal, said by plain geometry."""
    assert isinstance(goal, BringToBay | Store)
    place = goal.bay if isinstance(goal, BringToBay) else goal.slot
    carrier, storey = storey_now(world, goal.tag)
    if carrier == "" and world.machine.tag_at(place) == goal.tag:
        return True
    other = other_than(failed)
    full = carrier == "" and world.machine.snapshot.lift(other).loaded
    needed = [HIGH.storey_of(place)] if carrier else [HIGH.storey_of(place), storey]
    return not full and carrier != failed and in_reach(world, other, needed)


def break_down(world: Driven, lift: str, how: str) -> None:
    """A lift fails: its move, if one runs, stops in the middle."""
    for part, command in list(world.machine.running.items()):
        if lift in command.parts and part in world.machine.running:
            world.machine.cut(part)
    if how == "locked by staff":
        world.record.write(PartLocked(part=lift, staff="demo-1"))
    else:
        world.machine.change(lift, **({"fault": "drive"} if how == "fault" else {"locked_out": True}))


def mend(world: Driven, lift: str) -> None:
    world.machine.change(lift, fault="", locked_out=False)
    world.record.write(PartReleased(part=lift, staff="demo-1", second="demo-2"))


def all_end(world: Driven, goals: dict[str, Goal], failed: str) -> int:
    """Go on until nothing happens; return how many goals were served. The others are stuck for the lift that failed."""
    servables = {key: servable(world, goal, failed) for key, goal in goals.items()}
    served = 0
    while True:
        world.settle(MOST_COMMANDS)
        reached = [key for key in goals if key in world.controller.tasks and world.reached(key)]
        if not reached:
            break
        served += len(reached)
        assert all(goal_met(goals[key], world) for key in reached)
    for key in world.controller.tasks:
        if world.judged(key) == Wait(f"{other_than(failed)} serves another task"):
            assert world.machine.snapshot.lift(other_than(failed)).loaded, "with a car that it cannot bring on"
            assert not servables[key]
            continue
        assert world.stuck(key).code == ErrorCode.lift_failed
        assert failed in world.stuck(key).reason
        assert not servables[key], (key, goals[key], world.stuck(key))
    return served


@pytest.mark.parametrize("how", ["fault", "locked out", "locked by staff"])
@pytest.mark.parametrize("loaded", [False, True])
@pytest.mark.parametrize(("failed", "storey"), [("L1", 0), ("L1", 1), ("L1", 9), ("L2", 2), ("L2", 9), ("L2", 23)])
def test_what_the_other_lift_reaches_is_served(failed: str, storey: int, loaded: bool, how: str) -> None:
    cars = {"T1": "3A", "T2": "15B", "T3": "B2"} | ({"T4": failed} if loaded else {})
    storeys = {failed: storey, other_than(failed): 23 if failed == "L1" else 1}
    world = Driven(HIGH, cars, storeys=storeys)
    break_down(world, failed, how)
    goals: dict[str, Goal] = {"B1": BringToBay("T1", "B1"), "M2": Store("T2", "20B"), "B2": Store("T3", "8C")}
    goals |= {"M4": Store("T4", "4D")} if loaded else {}
    for key, goal in goals.items():
        world.want(key, goal)
    served = all_end(world, goals, failed)
    expected = {("L1", 0): 3, ("L1", 1): 2, ("L1", 9): 1, ("L2", 2): 0, ("L2", 9): 2, ("L2", 23): 3}
    assert served == expected[failed, storey]
    assert world.machine.height(failed) == storey
    mend(world, failed)
    while world.controller.tasks:
        world.settle(MOST_COMMANDS)
        assert [key for key in list(world.controller.tasks) if world.reached(key)]
    assert all(goal_met(goal, world) for goal in goals.values())


@pytest.mark.parametrize("first", ["L1", "L2"])
def test_both_lifts_fail_with_cars_on_them_and_each_goes_on_when_it_is_mended(first: str) -> None:
    world = Driven(HIGH, {"T1": "L1", "T2": "L2", "T3": "5A"}, storeys={"L1": 4, "L2": 15})
    goals: dict[str, Goal] = {"M1": Store("T1", "6C"), "M2": Store("T2", "12D"), "B1": BringToBay("T3", "B1")}
    for key, goal in goals.items():
        world.want(key, goal)
    for lift in ("L1", "L2"):
        break_down(world, lift, "fault")
    world.settle(MOST_COMMANDS)
    assert world.machine.done == []
    assert {world.stuck(key).code for key in goals} == {ErrorCode.lift_failed}
    assert {lift.name: lift.tag for lift in world.machine.snapshot.lifts} == {"L1": "T1", "L2": "T2"}

    mend(world, first)
    world.settle(MOST_COMMANDS)
    car, other = {"L1": "M1", "L2": "M2"}[first], other_than(first)
    assert goal_met(goals[car], world)
    assert world.machine.snapshot.lift(other).tag == {"L1": "T1", "L2": "T2"}[other], "it stays where it is"
    mend(world, other)
    while world.controller.tasks:
        world.settle(MOST_COMMANDS)
        assert [key for key in list(world.controller.tasks) if world.reached(key)]
    assert all(goal_met(goal, world) for goal in goals.values())


@pytest.mark.parametrize("seed", range(30))
def test_a_lift_fails_in_the_middle_of_anything(seed: int) -> None:
    rng = Random(seed)
    cars = {"T1": f"{rng.randint(3, 22)}A", "T2": f"{rng.randint(3, 22)}B", "T3": "B2", "T4": f"{rng.randint(3, 22)}D"}
    world = Driven(HIGH, cars, seed, storeys={"L1": rng.randint(0, 9), "L2": rng.randint(10, 23)})
    goals: dict[str, Goal] = {
        "B1": BringToBay("T1", "B1"),
        "B2": Store("T3", f"{rng.randint(3, 22)}C"),
        "M2": Store("T2", f"{rng.randint(3, 22)}E"),
        "M4": Store("T4", f"{rng.randint(3, 22)}F"),
    }
    for key, goal in goals.items():
        world.want(key, goal)
    for _ in range(rng.randint(0, 40)):
        world.go_on()
        for key in list(world.controller.tasks):
            world.reached(key)
    failed = rng.choice(["L1", "L2"])
    break_down(world, failed, rng.choice(["fault", "locked out", "locked by staff"]))
    while world.machine.running:
        world.end_one()
    world.tick()
    left = {key: goal for key, goal in goals.items() if key in world.controller.tasks}
    all_end(world, left, failed)


def test_people_in_one_bay_keep_neither_the_lift_nor_the_way_from_the_other() -> None:
    """Whether the car is on the lift already or not, and there is one lift or two."""
    for name, first in (("guangzhou42", Store("T1", "3A")), ("autostadt400", BringToBay("T1", "B1"))):
        layout = load_layout(name)
        carried = isinstance(first, BringToBay)
        storeys = {"L1": 0, "L2": 1} if carried else {"L1": 3}
        world = Driven(layout, {"T1": "L2" if carried else "B1", "T2": "5A"}, storeys=storeys)
        world.machine.change("B1", floor=True)
        world.want("B1", first)
        world.want("B2", BringToBay("T2", "B2"))
        world.settle(MOST_COMMANDS)
        assert world.reached("B2")
        assert not world.reached("B1")
        world.machine.change("B1", floor=False)
        world.settle(MOST_COMMANDS)
        assert world.reached("B1"), world.judged("B1")


def test_a_car_behind_another_comes_when_that_one_has_gone() -> None:
    world = Driven(load_layout("singapore60"), {"T1": "4A", "T2": "4B", "T3": "7B"})
    world.want("B1", BringToBay("T1", "B1"))
    world.want("M3", Store("T3", "9A"))
    world.settle(MOST_COMMANDS)
    assert world.reached("M3"), "the only lift waits for nobody who cannot go on"
    assert world.stuck("B1").reason == "the car in 4B stands before 4A"
    world.want("M2", Store("T2", "9B"))
    world.settle(MOST_COMMANDS)
    assert world.reached("M2")
    assert world.reached("B1")


@pytest.mark.parametrize("seed", range(20))
def test_a_restart_in_the_middle_of_anything_goes_on(seed: int) -> None:
    """A new station with its journal alone; what had ended unseen is settled as unknown by then."""
    rng = Random(seed)
    layout = load_layout(rng.choice(["guangzhou42", "shanghai3", "autostadt400"]))
    world = Driven(layout, {"T1": layout.slots[1].name}, seed, cuts=0.15)
    goals: list[Goal] = [BringToBay("T1", "B1"), OpenStreet("B1"), CloseStreet("B1"), Store("T1", layout.slots[1].name)]
    for goal in goals:
        world.want("B1", goal)
        while not world.controller.is_reached(world.controller.tasks["B1"], world.read()):
            world.go_on()
            if rng.random() < 0.2:
                world.restart()
                world.want("B1", goal)
            assert world.commands < MOST_COMMANDS
        assert not world.machine.running, "nothing is reached while something runs for it"
        assert (
            isinstance(world.judged("B1"), Done) or goal_met(goal, world) or isinstance(goal, OpenStreet | CloseStreet)
        )
    assert world.machine.tag_at(layout.slots[1].name) == "T1"
    assert all(bay.inner_door == bay.street_door == Door.closed for bay in world.machine.snapshot.bays)
    assert all(lift.transfer_home for lift in world.machine.snapshot.lifts)


def test_an_idle_lift_with_its_transfer_out_ends_it_before_it_gives_way() -> None:
    world = Driven(HIGH, {"T1": "5A", "T2": "15B"}, storeys={"L1": 5, "L2": 23})
    world.machine.start(Operation.pick, (("lift", "L1"), ("place", "5A")))
    world.machine.cut("L1")
    world.record.facts.places["T1"] = "L1"
    world.want("B2", BringToBay("T2", "B2"))
    world.settle(MOST_COMMANDS)
    assert world.reached("B2"), world.judged("B2")


def test_a_lift_that_stopped_between_levels_leaves_the_way_of_an_earlier_task() -> None:
    world = Driven(HIGH, {"T2": "5B"}, storeys={"L1": 4, "L2": 23})
    world.machine.change("L1", storey=-1, position_mm=3.4 * HIGH.pitch_mm)
    world.machine.change("L2", fault="", tag="")
    world.want("M", Store("T2", "20B"))
    world.controller._lifts["M"] = "L2"
    world.settle(MOST_COMMANDS)
    assert world.reached("M")
    assert replace(world.machine.snapshot.lift("L1")).storey != -1


def test_nothing_is_reached_while_a_command_of_the_station_before_runs() -> None:
    world = Driven(load_layout("shanghai3"), {"T1": "L1"}, storeys={"L1": 2})
    world.want("B1", Store("T1", "2A"))
    assert world.tick()
    world.restart()
    world.want("B1", Store("T1", "2A"))
    world.machine.change("L1", tag="", busy=False, transfer_home=True, loaded=False)
    assert not world.reached("B1"), "the place has not ended yet, whatever the sensors show"
