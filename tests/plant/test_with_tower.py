"""The planner of the tower against the simulated machine: they agree, and a stop anywhere loses no car."""

from random import Random

import pytest

from tests.plant.desk import LAYOUT, Desk, desk
from vendrive.tower.control import BringToBay, CloseStreet, Do, Done, Goal, OpenStreet, StoreFromBay, Stuck, next_step
from vendrive.tower.interlocks import allowed, refusals, votes
from vendrive.tower.inventory import contradictions
from vendrive.wire.machine import Snapshot

LONGEST_S = 900.0


def snapshot(made: Desk) -> Snapshot:
    """Return what a station would read now."""
    sensed = made.controller.sensed()
    return Snapshot(
        read_at_s=made.clock.monotonic(),
        plc=made.controller.state,
        lifts=tuple(sensed.lifts.values()),
        slots=tuple(sensed.slots.values()),
        bays=tuple(sensed.bays.values()),
    )


def reach(made: Desk, goal: Goal, stops: Random | None = None) -> float:
    """Pursue a goal to its end and return the seconds it took; with `stops`, the red button is hit now and then."""
    begun = made.clock.monotonic()
    while made.clock.monotonic() - begun < LONGEST_S:
        step = next_step(goal, snapshot(made), LAYOUT)
        assert not isinstance(step, Stuck), step
        assert contradictions(snapshot(made)) == ()
        if isinstance(step, Done):
            return made.clock.monotonic() - begun
        if isinstance(step, Do):
            permits = votes(step.operation, step.arguments, snapshot(made), made.clock.monotonic(), LAYOUT)
            assert allowed(permits), refusals(permits)
            taken, reason = made.order(step.operation, **dict(step.arguments))
            assert taken, reason
        made.pass_time(0.1)
        if stops is not None and stops.uniform(0, 1) < 0.005:
            made.controller.stop("a test")
            made.pass_time(0.2)
            made.controller.reset()
    raise AssertionError(f"no end: {step}")


def a_whole_drive(made: Desk, stops: Random | None) -> None:
    reach(made, BringToBay("T1", "B1"), stops)
    reach(made, OpenStreet("B1"), stops)
    made.world.drive_out("B1")
    reach(made, CloseStreet("B1"), stops)
    reach(made, OpenStreet("B1"), stops)
    made.world.drive_in("B1", "T1")
    made.world.park("B1")
    made.world.key("B1", in_box=True)
    made.world.leave("B1")
    made.pass_time(0.1)
    reach(made, StoreFromBay("T1", "B1", "2A"), stops)
    assert made.world.cars["T1"].where == "2A"
    assert made.world.cars["T2"].where == "3A"
    assert made.controller.counts.prevented == 0


def test_planner_and_machine_agree_about_a_whole_drive() -> None:
    made = desk({"T1": "3C", "T2": "3A"})
    a_whole_drive(made, stops=None)
    assert made.controller.counts.failed == 0


def test_a_retrieval_takes_about_as_long_as_planned() -> None:
    made = desk({"T1": "3C"})
    assert reach(made, BringToBay("T1", "B1")) == pytest.approx(64.8, rel=0.05)


@pytest.mark.parametrize("seed", range(6))
def test_stops_at_any_moment_lose_no_car_and_move_none_twice(seed: int) -> None:
    made = desk({"T1": "3C", "T2": "3A"}, seed=seed)
    a_whole_drive(made, Random(seed))
    assert made.controller.counts.stops > 0
