"""What a schedule costs, worked out by hand on the smallest tower."""

import pytest

from vendrive.planning.evaluation import Outcome, ScheduleError, Task, Times, Trip, evaluate
from vendrive.planning.instances import Instance, Job, Kind
from vendrive.tower.layout import load_layout
from vendrive.tower.motion import retrieve_s

NANJING = load_layout("nanjing3")
CAR = Job("R", Kind.retrieve, 100.0, True, "2A")
WALK_UP = Job("R", Kind.retrieve, 100.0, False, "2A")
RETURN = Job("S", Kind.store, 10.0, False)
# Two storeys: 6.2 s to the first, 8.4 s to the second; a stop at the bay takes 6 + 18 + 6 s.


def tower(*jobs: Job, lift_storey: int = 1) -> Instance:
    return Instance("case", NANJING, lift_storey, 75.0, 110.0, ("3A", "3B"), jobs)


def waits(outcome: Outcome) -> dict[str, float]:
    return {served.job: served.wait_s for served in outcome.served}


def test_a_booked_car_is_there_before_its_customer() -> None:
    outcome = evaluate(tower(CAR), [Task("R", "B1")])
    # Ready after 6.2 + 18 + 6.2 + 30 = 60.4 s; the customer comes after 100 s and is gone after 87 s more.
    assert waits(outcome) == {"R": 0.0}
    assert outcome.makespan_s == pytest.approx(187.0)


def test_a_walk_up_waits_for_the_whole_retrieval() -> None:
    one = tower(WALK_UP)
    assert evaluate(one, [Task("R", "B1")], online=True).tardiness_s == pytest.approx(60.4)
    assert retrieve_s(NANJING, "2A", "B1") == pytest.approx(60.4, abs=0.05)


def test_one_who_knows_goes_there_before_but_takes_no_car_before_it_is_wanted() -> None:
    one = tower(WALK_UP)
    assert evaluate(one, [Task("R", "B1")]).tardiness_s == pytest.approx(60.4 - 6.2)
    waited = evaluate(one, [Trip(2, 50.0), Task("R", "B1")], online=True)
    assert waited.tardiness_s == pytest.approx(60.4 - 6.2)


def test_a_return_waits_for_a_bay_and_the_lift_for_the_return() -> None:
    alone = evaluate(tower(RETURN), [Task("S", "B1", "3A")])
    # From 10 s: street door, driver, street door, checks are 126 s, then the stop, the way up and the transfer.
    assert waits(alone) == {"S": 0.0}
    assert alone.makespan_s == pytest.approx(10 + 126 + 30 + 8.4 + 18)
    both = evaluate(tower(CAR, RETURN), [Task("R", "B1"), Task("S", "B1", "3A")])
    assert waits(both) == {"R": 0.0, "S": pytest.approx(177.0)}
    assert both.makespan_s == pytest.approx(187 + 126 + 30 + 8.4 + 18)


def test_a_wanted_car_waits_on_the_lift_until_the_bay_is_free() -> None:
    outcome = evaluate(tower(CAR, RETURN), [Task("S", "B1", "3A"), Task("R", "B1")])
    # Stored at 192.4 s on the third storey; one storey down, and down to the bay.
    ready_s = 10 + 126 + 30 + 8.4 + 18 + 6.2 + 18 + 6.2 + 30
    assert waits(outcome) == {"S": 0.0, "R": pytest.approx(ready_s - 100)}
    second = Job("Q", Kind.retrieve, 300.0, True, "2B")
    held = evaluate(tower(CAR, second), [Task("R", "B1"), Task("Q", "B1")])
    assert waits(held)["Q"] == 0.0
    assert held.makespan_s == pytest.approx(300 + 87)
    late = evaluate(tower(CAR, Job("Q", Kind.retrieve, 150.0, True, "2B")), [Task("R", "B1"), Task("Q", "B1")])
    assert waits(late)["Q"] == pytest.approx(187 + 30 - 150)


def test_what_a_policy_did_late_counts_as_late() -> None:
    early = evaluate(tower(RETURN), [Task("S", "B1", "3A")])
    late = evaluate(tower(RETURN), [Task("S", "B1", "3A", admit_s=40.0)])
    assert waits(late) == {"S": 30.0}
    assert late.makespan_s == pytest.approx(early.makespan_s + 30)
    resting = evaluate(tower(CAR), [Task("R", "B1", not_before_s=100.0)])
    assert resting.tardiness_s == pytest.approx(60.4)


def test_a_turntable_turns_before_the_car_is_ready() -> None:
    carvana = load_layout("carvana34")
    outcome = evaluate(
        Instance("case", carvana, 2, 75.0, 110.0, (), (Job("R", Kind.retrieve, 0.0, True, "2A"),)), [Task("R", "B3")]
    )
    assert outcome.tardiness_s == pytest.approx(18 + 6.2 + 30 + 18)


def test_times_are_those_of_the_planner() -> None:
    times = Times(NANJING)
    assert (times.travel(1, 1), times.travel(1, 2), times.travel(3, 1)) == (0, 62, 84)
    assert (times.transfer, times.door, times.at_bay) == (180, 60, 300)


@pytest.mark.parametrize(
    ("schedule", "told"),
    [
        ([Task("R", "B1")], "case: S: never done"),
        ([Task("R", "B1"), Task("R", "B1")], "case: R: is no job, or is done twice"),
        ([Task("R", "B7"), Task("S", "B1", "3A")], "case: R: there is no bay 'B7'"),
        ([Task("S", "B1", "2A"), Task("R", "B1")], "case: S: '2A' is not a free slot"),
        ([Trip(9)], "case: L1 does not reach storey 9"),
    ],
)
def test_what_cannot_be_is_refused(schedule: list[Task | Trip], told: str) -> None:
    with pytest.raises(ScheduleError, match=told):
        evaluate(tower(CAR, RETURN), schedule)


def test_a_slot_takes_one_car() -> None:
    other = Job("T", Kind.store, 20.0, True)
    with pytest.raises(ScheduleError, match="'3A' is not a free slot"):
        evaluate(tower(RETURN, other), [Task("S", "B1", "3A"), Task("T", "B1", "3A")])
