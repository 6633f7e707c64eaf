"""Simulated towers: repeatable, the same people for every policy, and noisier than any plan."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from vendrive.planning.__main__ import main
from vendrive.planning.compare import compare
from vendrive.planning.demand import Day, visits
from vendrive.planning.life import Life, Setting, day_for
from vendrive.planning.machine import Carry, Events, Machine, Noise
from vendrive.planning.report import report
from vendrive.planning.results import paired, student_95, summarise
from vendrive.planning.size import Goal, size
from vendrive.planning.stress import Rush, empty_s, fill_s
from vendrive.tower.baseline import Baseline
from vendrive.tower.charging import NEEDED
from vendrive.tower.foresight import Foresight
from vendrive.tower.layout import load_layout
from vendrive.tower.pace import DRIVE_IN_S, TAKE_S

LAYOUTS = ("guangzhou42", "shanghai3", "nanjing3", "carvana34", "singapore60", "autostadt400")
WEEK = Setting(load_layout("guangzhou42"), Foresight(), 1, 7, Day())


@pytest.mark.parametrize("policy", [Baseline(), Foresight()], ids=lambda policy: policy.name)
@pytest.mark.parametrize("name", LAYOUTS)
def test_a_week_ends_with_nobody_forgotten(name: str, policy: Baseline | Foresight) -> None:
    """The simulated machine refuses what cannot be done, so a week without an error is a week of possible orders."""
    layout = load_layout(name)
    life = Life(Setting(layout, policy, 2, 7, day_for(layout)))
    record = life.run()
    served = len(record.pickup_waits_s) + len(record.walkup_waits_s)
    assert served > 0.6 * 7 * day_for(layout).hand_outs
    waiting = [job for job in life.tower.jobs.values() if job.person_waits and life.tower.now_s - job.since_s > 3600]
    assert waiting == []


def test_the_same_seed_gives_the_same_week() -> None:
    assert Life(WEEK).run() == Life(WEEK).run()
    assert Life(WEEK).run() != Life(replace(WEEK, seed=2)).run()


def test_the_people_do_not_depend_on_the_policy() -> None:
    ours, theirs = Life(WEEK).run(), Life(replace(WEEK, policy=Baseline())).run()
    assert len(ours.pickup_waits_s) == len(theirs.pickup_waits_s)
    assert ours.no_shows == theirs.no_shows
    assert list(visits(Day(), 7, 2, 5)) == list(visits(Day(), 7, 2, 5))


def test_the_plan_is_wrong_and_without_noise_it_is_not() -> None:
    assert np.mean(np.abs(Life(WEEK).run().errors_s)) > 0.1
    # Ours also waits before bays in which somebody is at work; how long people take nobody plans.
    calm = replace(WEEK, noise_share=0.0, policy=Baseline())
    assert np.max(np.abs(Life(calm).run().errors_s)) < 1e-6


def test_booked_customers_find_their_car_ready_and_charged() -> None:
    figures = summarise([Life(replace(WEEK, days=28)).run()])
    assert figures["pickup_wait_p50_s"] == 0
    assert figures["pickup_wait_p95_s"] <= 30
    assert figures["least_charge"] >= NEEDED


def test_drivers_and_machines_keep_to_the_base_column() -> None:
    """What docs/planning.md says is assumed of people, and of the machine in every layout."""
    assert (TAKE_S, DRIVE_IN_S) == (75.0, 110.0)
    for name in LAYOUTS:
        kinematics = load_layout(name).kinematics
        base = (kinematics.transfer_s, kinematics.door_s, kinematics.checks_s, kinematics.turn_s, kinematics.settle_s)
        assert base == (18.0, 6.0, 4.0, 18.0, 1.5)
        assert kinematics.lift_acceleration_m_s2 == 0.4
        assert kinematics.lift_speed_m_s in (1.0, 1.5, 2.0)


def test_the_reference_day_is_the_reference_day() -> None:
    drawn = [visit for seed in range(5) for visit in visits(Day(), 28, 2, seed)]
    booked = [visit for visit in drawn if visit.promised_s is not None]
    assert len(drawn) / (5 * 28) == pytest.approx(14, rel=0.03)
    assert 1 - len(booked) / len(drawn) == pytest.approx(0.2, abs=0.03)
    assert sum(visit.arrives_s is None for visit in booked) / len(booked) == pytest.approx(0.1, abs=0.03)
    assert np.mean([visit.check_in_s for visit in drawn]) == pytest.approx(30, rel=0.05)


def test_a_lift_that_is_out_of_service_serves_nobody_and_a_bay_is_done_without() -> None:
    week = replace(WEEK, failed=frozenset({"B1", "2A", "2B"}))
    assert len(Life(week).run().pickup_waits_s) > 50
    assert Life(replace(WEEK, failed=frozenset({"L1"}))).run().moves == 0


def test_compare_says_where_nothing_is_shown() -> None:
    rows = compare(replace(WEEK, days=4), range(1, 4), lambda share, what: None)
    assert {row.policy for row in rows} == {"foresight"}
    assert all(row.low <= row.mean <= row.high for row in rows)
    assert student_95(9) == pytest.approx(2.262, abs=0.01)
    mean, low, high = paired([1.0, 2.0, 3.0])
    assert (mean, low < 0 < high) == (2.0, True)


def test_size_finds_a_tower_and_says_when_there_is_none() -> None:
    tried = size(Goal(4, 0.9, 300), Foresight, 3, lambda share, what: None)
    assert tried[-1].enough
    assert not any(one.enough for one in tried[:-1])


def test_all_slots_are_filled_and_emptied() -> None:
    layout = load_layout("singapore60")
    assert fill_s(Rush(layout, Foresight())) < 60 * 200
    assert empty_s(Rush(layout, Foresight()), [slot.name for slot in layout.slots]) < 60 * 200


def test_the_report_is_one_page_with_plots_and_says_that_it_is_simulated() -> None:
    page = report(WEEK, Life(WEEK).run())
    assert page.count("<svg") == 4
    assert "Simulated" in page
    assert "http" not in page


def test_the_command_line_refuses_a_layout_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["vendrive tower", "simulate", "--layout", "atlantis"])
    assert main() == 2
    assert "atlantis" in capsys.readouterr().err


def test_who_knows_all_arrivals_is_told_of_walk_ups_and_of_no_shows() -> None:
    record = Life(replace(WEEK, foreseen=True)).run()
    assert record.no_shows == 0
    assert not record.walkup_waits_s
    assert np.max(record.pickup_waits_s) <= np.max(Life(WEEK).run().walkup_waits_s)


def test_a_lift_frees_its_way_as_it_passes() -> None:
    """The lower one follows the upper one up, without waiting until that has arrived."""
    events = Events()
    machine = Machine(load_layout("autostadt400"), events, Noise(0, 0.0), lambda: None)
    arrived: dict[str, float] = {}
    machine.bodies["L2"].storey = machine.bodies["L2"].target = 2
    machine.bodies["L1"].storey = machine.bodies["L1"].target = 1

    def picked(lift: str) -> None:
        arrived[lift] = events.now_s

    for lift, storey in (("L2", 20), ("L1", 5)):
        idle = [lambda: None] * 3
        machine.carry(lift, Carry(f"{storey}A", f"{storey}B", lambda: True, partial(picked, lift), *idle))
    while events.step(500.0):
        assert machine.bodies["L1"].storey < machine.bodies["L2"].target
    assert arrived["L1"] < arrived["L2"]
