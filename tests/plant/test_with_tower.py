"""The planner of the tower against the simulated machine: they agree in every layout, and no stop loses a car."""

from random import Random

import pytest

from tests.plant.desk import LAYOUT, Desk, desk, jumping
from vendrive.plant.truth import double_places, lost_cars
from vendrive.tower.control import BringToBay, CloseStreet, Do, Done, Goal, OpenStreet, Store, Stuck, next_step
from vendrive.tower.interlocks import allowed, refusals, votes
from vendrive.tower.inventory import places
from vendrive.tower.traffic import assign
from vendrive.tower.view import View
from vendrive.wire.machine import Snapshot

LONGEST_S = 900.0
LAYOUTS = ("shanghai3", "nanjing3", "guangzhou42", "carvana34", "singapore60", "autostadt400")


def view_of(made: Desk) -> View:
    """Return what a station would know now: what it reads, and a belief that agrees."""
    sensed = made.controller.sensed()
    snapshot = Snapshot(
        read_at_s=made.clock.monotonic(),
        plc=made.controller.state,
        lifts=tuple(sensed.lifts.values()),
        slots=tuple(sensed.slots.values()),
        bays=tuple(sensed.bays.values()),
    )
    return View(snapshot, made.world.layout, belief=places(snapshot))


def reach(made: Desk, goal: Goal, stops: Random | None = None) -> float:
    """Pursue a goal to its end and return the seconds it took; with `stops`, the red button is hit now and then."""
    begun, lift, step = made.clock.monotonic(), "", None
    while made.clock.monotonic() - begun < LONGEST_S:
        view = view_of(made)
        serving = assign(goal, view, (), lift)
        assert not isinstance(serving, Stuck), serving
        lift = serving if isinstance(serving, str) else lift
        step = next_step(goal, view, lift)
        assert not isinstance(step, Stuck), step
        if isinstance(step, Done) and not made.controller.moving:
            return made.clock.monotonic() - begun
        if isinstance(step, Do) and not made.controller.moving:
            permits = votes(step.operation, step.arguments, view, made.clock.monotonic())
            assert allowed(permits), refusals(permits)
            taken, reason = made.order(step.operation, **dict(step.arguments))
            assert taken, reason
        made.pass_time(0.1)
        if stops is not None and stops.uniform(0, 1) < 0.005:
            made.controller.stop("a test")
            made.pass_time(0.2)
            made.controller.reset()
    raise AssertionError(f"no end: {step}")


def a_whole_drive(made: Desk, stops: Random | None, back_to: str) -> None:
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
    reach(made, CloseStreet("B1"), stops)
    reach(made, Store("T1", back_to), stops)
    assert made.world.cars["T1"].where == back_to
    assert made.world.cars["T2"].where == "3A"
    assert made.world.cars["T1"].key_along
    assert made.controller.counts.prevented == 0
    assert (made.world.crashes, double_places(made.world), lost_cars(made.world)) == ([], (), ())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_planner_and_machine_agree_about_a_whole_drive(layout: str) -> None:
    slot = "3B" if layout == "singapore60" else "3C"
    made = jumping(layout, T1=slot, T2="3A")
    a_whole_drive(made, stops=None, back_to="4B" if layout == "autostadt400" else "2B")
    assert made.controller.counts.failed == 0


def test_a_car_is_presented_with_its_nose_to_the_street_where_it_can_be_turned() -> None:
    for layout, nose in (("carvana34", "street"), ("guangzhou42", "tower")):
        made = jumping(layout, T1="3C")
        reach(made, BringToBay("T1", "B1"))
        assert made.controller.sensors.bays["B1"].nose == nose


def test_a_retrieval_takes_about_as_long_as_planned() -> None:
    made = desk({"T1": "3C"})
    assert reach(made, BringToBay("T1", "B1")) == pytest.approx(64.8, rel=0.05)


@pytest.mark.parametrize("seed", range(6))
def test_stops_at_any_moment_lose_no_car_and_move_none_twice(seed: int) -> None:
    made = desk({"T1": "3C", "T2": "3A"}, seed=seed, layout=LAYOUT)
    a_whole_drive(made, Random(seed), back_to="2A")
    assert made.controller.counts.stops > 0
