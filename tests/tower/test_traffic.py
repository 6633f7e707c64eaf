"""Several lifts and bays: who serves a task, how far it may go, and that every task ends."""

from dataclasses import replace
from random import Random

import pytest

from tests.tower.driven import Driven, goal_met
from tests.tower.ideal import IdealMachine, seen, snapshot_of
from vendrive.station.controller import Task
from vendrive.tower.control import BringToBay, Goal, OpenStreet, Store, Stuck, Wait
from vendrive.tower.layout import load_layout
from vendrive.tower.traffic import Claim, assign, claim, head, retreat
from vendrive.tower.view import View
from vendrive.wire.errors import ErrorCode
from vendrive.wire.machine import NO_STOREY, Door, Operation

HIGH = load_layout("autostadt400")
SMALL = load_layout("guangzhou42")
# Each random task needs at most two moves, two transfers, four doors and two turns, and a few moves aside.
MOST_COMMANDS_A_TASK = 40


def view(cars: dict[str, str], lower: int = 0, upper: int = 22, **changes: object) -> View:
    """Return the tall tower with its lifts at these storeys; `changes` are of the lower one."""
    known = seen(snapshot_of(HIGH, cars, {"L1": lower, "L2": upper}), HIGH)
    first, second = known.snapshot.lifts
    changed = replace(first, **changes)  # type: ignore[arg-type]
    return replace(known, snapshot=replace(known.snapshot, lifts=(changed, second)))


# Who serves


def test_the_nearest_free_lift_serves_and_keeps_its_task() -> None:
    known = view({"T1": "18A"})
    goal = Store("T1", "20A")
    assert assign(goal, known, ()) == "L2"
    assert assign(goal, known, ("L2",)) == "L1"
    assert assign(goal, known, (), before="L1") == "L1"
    assert assign(goal, known, ("L1", "L2")) == Wait("L1 and L2 serve another task")


def test_doors_and_a_car_that_stands_ready_need_no_lift() -> None:
    assert assign(OpenStreet("B1"), view({}), ()) == ""
    assert assign(BringToBay("T1", "B1"), view({"T1": "B1"}), ()) == ""
    assert assign(BringToBay("T9", "B1"), view({}), ()) == ""


def test_the_lift_that_has_the_car_serves_though_another_task_named_it() -> None:
    assert assign(Store("T1", "5A"), view({"T1": "L1"}), ("L1",)) == "L1"
    assert assign(Store("T1", "5A"), view({"T1": "L2"}), ()) == "L2"


def test_a_loaded_lift_is_not_free() -> None:
    assert assign(BringToBay("T1", "B1"), view({"T1": "3A", "T2": "L1"}), ()) == "L2"


def test_each_lift_has_a_hall_of_its_own_while_both_are_in_service() -> None:
    """Though the other one is nearer; so both stop at once."""
    known = view({"T1": "18A", "T2": "3A", "T3": "B2"})
    assert assign(BringToBay("T1", "B1"), known, ()) == "L1"
    assert assign(BringToBay("T1", "B1"), known, ("L1",)) == Wait("L1 serves another task")
    assert assign(BringToBay("T2", "B2"), known, ()) == "L2"
    assert assign(BringToBay("T3", "B1"), known, ()) == "L1", "from hall to hall by the nearest"
    broken = view({"T1": "18A"}, fault="drive")
    assert assign(BringToBay("T1", "B1"), broken, ()) == "L2"


def test_a_transfer_that_is_out_is_ended_by_its_lift_whoever_reads_the_car() -> None:
    for place_tag, lift_tag in (("T1", "T1"), ("T1", ""), ("", "T1"), ("", "")):
        machine = IdealMachine(HIGH, snapshot_of(HIGH, {"T1": "5A"}, {"L1": 5, "L2": 22}))
        machine.start(Operation.pick, (("lift", "L1"), ("place", "5A")))
        machine.cut("L1")
        machine.put(replace(machine.snapshot.slot("5A"), tag=place_tag))
        machine.change("L1", tag=lift_tag)
        known = View(machine.snapshot, HIGH, {"T1": "5A"}, {"L1": "5A"})
        assert assign(BringToBay("T1", "B1"), known, ()) == "L1", (place_tag, lift_tag)
        assert assign(BringToBay("T2", "B1"), known, ()) == ""


def test_a_lift_in_doubt_is_passed_by() -> None:
    known = view({"T1": "18A"}, lower=17, loaded=True)
    assert assign(BringToBay("T1", "B1"), known, ()) == Stuck(
        ErrorCode.machine_contradiction, "L1 is occupied and no tag is read"
    )
    assert assign(Store("T1", "20A"), known, ()) == "L2"


# How far


def test_a_task_claims_all_that_its_lift_has_yet_to_pass() -> None:
    known = view({"T1": "18A", "T2": "L1"}, lower=4)
    assert claim(BringToBay("T1", "B1"), "L2", known) == Claim("L2", 1, 22)
    assert claim(Store("T2", "9A"), "L1", known) == Claim("L1", 4, 9)
    assert claim(Store("T1", "18A"), "L1", known) == Claim("L1", 4, 4)
    assert claim(OpenStreet("B1"), "L1", known) == Claim("L1", 4, 4)
    moving = view({"T1": "L1"}, lower=4, target=12, storey=NO_STOREY, moving=True)
    assert claim(Store("T1", "9A"), "L1", moving) == Claim("L1", 4, 12)


def test_the_way_is_free_up_to_the_other_lift_and_to_what_earlier_tasks_claim() -> None:
    known = view({}, lower=3, upper=12)
    assert head("L1", 9, known, ()) == 9
    assert head("L1", 20, known, ()) == 11
    assert head("L2", 1, known, ()) == 4
    assert head("L1", 9, known, [Claim("L2", 6, 12)]) == 5
    assert head("L1", 9, known, [Claim("L1", 0, 22)]) == 9, "its own claim is no hindrance"
    assert head("L1", 3, known, [Claim("L2", 1, 12)]) == 0, "it can always leave the last place to the other"
    assert head("L2", 12, known, [Claim("L1", 3, 21)]) == 22


def test_a_running_move_takes_up_all_that_it_has_yet_to_pass() -> None:
    known = view({}, lower=3, upper=20, target=15, storey=NO_STOREY, moving=True)
    assert head("L2", 1, known, ()) == 16


def test_a_lift_between_two_levels_takes_up_both() -> None:
    known = view({}, lower=3, upper=12, storey=NO_STOREY, position_mm=3.4 * HIGH.pitch_mm)
    assert head("L2", 1, known, ()) == 6
    assert retreat("L1", known, [Claim("L2", 5, 12)]) == 4
    assert retreat("L1", known, [Claim("L2", 6, 12)]) is None


def test_a_lift_that_hangs_below_its_lowest_level_takes_up_no_level_more() -> None:
    known = view({}, lower=0, storey=NO_STOREY, position_mm=-HIGH.pitch_mm - 30.0)
    assert head("L2", 1, known, ()) == 1


def test_a_lift_leaves_the_claims_of_earlier_tasks_and_no_others() -> None:
    known = view({}, lower=3, upper=12)
    assert retreat("L1", known, []) is None
    assert retreat("L1", known, [Claim("L2", 4, 12)]) is None
    assert retreat("L1", known, [Claim("L2", 1, 12)]) == 0
    assert retreat("L2", known, [Claim("L1", 2, 12)]) == 13
    assert retreat("L1", known, [Claim("L1", 0, 20)]) is None


def test_one_lift_alone_has_its_way_for_itself() -> None:
    known = seen(snapshot_of(SMALL, {}), SMALL)
    assert head("L1", 7, known, [Claim("L1", 1, 1)]) == 7
    assert retreat("L1", known, [Claim("L1", 1, 7)]) is None


# The whole, with the controller of the station


class Play:
    """Random tasks on a tower: cars come to bays, go back to slots, and change slots."""

    def __init__(self, layout_name: str, seed: int, cuts: float) -> None:
        layout, self.rng = load_layout(layout_name), Random(seed)
        # A car that is behind another one is a matter of its own, below.
        self.slots = [slot.name for slot in layout.slots if not slot.behind]
        cars = {f"T{at}": slot for at, slot in enumerate(self.rng.sample(self.slots, 7))}
        two = len(layout.lifts) == 2
        storeys = {"L1": self.rng.randint(0, 10), "L2": self.rng.randint(11, 22)} if two else {}
        self.world = Driven(layout, cars, seed, cuts, storeys)
        self.tags = list(cars)
        self.waiting: dict[str, Goal] = {}
        self.ended = 0

    def add(self) -> None:
        """Want one thing more, for a car that nobody wants yet."""
        wanted = {goal.tag for goal in self.waiting.values() if isinstance(goal, BringToBay | Store)}
        tag = self.rng.choice([tag for tag in self.tags if tag not in wanted])
        bays = [bay.name for bay in self.world.layout.bays if bay.name not in self.waiting]
        if bays and self.rng.random() < 0.7:
            key = self.rng.choice(bays)
            self.want(key, BringToBay(tag, key))
        else:
            self.want(f"move {tag}", Store(tag, self.free_slot()))

    def want(self, key: str, goal: Goal) -> None:
        self.waiting[key] = goal
        self.world.want(key, goal)

    def free_slot(self) -> str:
        wanted = {goal.slot for goal in self.waiting.values() if isinstance(goal, Store)}
        taken = wanted | set(self.world.record.facts.places.values())
        return self.rng.choice([slot for slot in self.slots if slot not in taken])

    def go_on(self) -> None:
        """One turn; each goal that is reached must be so in truth, and a car in a bay goes back to a slot."""
        if not self.world.go_on():
            steps = {key: self.world.judged(key) for key in self.waiting}
            assert any(self.world.controller.is_reached(task, self.world.read()) for task in self.tasks()), steps
        for key, goal in list(self.waiting.items()):
            if not self.world.reached(key):
                continue
            assert goal_met(goal, self.world)
            del self.waiting[key]
            if isinstance(goal, BringToBay):
                self.want(key, Store(goal.tag, self.free_slot()))
            self.ended += 1

    def tasks(self) -> list[Task]:
        return list(self.world.controller.tasks.values())


@pytest.mark.parametrize("cuts", [0.0, 0.2])
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", ["autostadt400", "guangzhou42", "carvana34", "singapore60", "shanghai3"])
def test_every_task_ends_and_nothing_meets(name: str, seed: int, cuts: float) -> None:
    play = Play(name, seed, cuts)
    for _ in range(8):
        for _ in range(play.rng.randint(0, 12)):
            if play.waiting:
                play.go_on()
        if len(play.waiting) < 5:
            play.add()
    while play.waiting:
        play.go_on()
        assert play.world.commands <= MOST_COMMANDS_A_TASK * (play.ended + len(play.waiting))
    assert play.ended >= 5
    lifts = play.world.machine.snapshot.lifts
    assert all(lift.transfer_home and not lift.loaded for lift in lifts)
    assert all(bay.inner_door == Door.closed for bay in play.world.machine.snapshot.bays)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", ["autostadt400", "guangzhou42"])
def test_a_later_task_never_delays_an_earlier_one_for_ever(name: str, seed: int) -> None:
    play = Play(name, seed, 0.0)
    for _ in range(3):
        play.add()
    first, before = next(iter(play.waiting)), play.world.commands
    goal = play.waiting[first]
    while play.waiting.get(first) == goal:
        play.go_on()
        if len(play.waiting) < 4:
            play.add()
        assert play.world.commands - before <= MOST_COMMANDS_A_TASK * 3
