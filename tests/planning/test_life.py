"""Simulated towers: repeatable, the same people for every policy, and noisier than any plan."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from vendrive.planning.__main__ import main
from vendrive.planning.compare import compare
from vendrive.planning.demand import Day, visits
from vendrive.planning.life import Life, Setting, day_for
from vendrive.planning.machine import Carry, Events, Machine, Noise
from vendrive.planning.results import paired, share_95, student_95, summarise
from vendrive.planning.size import Goal, size
from vendrive.planning.stress import Rush, empty_s, fill_s
from vendrive.tower.baseline import Baseline
from vendrive.tower.charging import NEEDED
from vendrive.tower.foresight import Foresight
from vendrive.tower.layout import load_layout

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


def test_the_reference_day_is_the_reference_day() -> None:
    drawn = [visit for seed in range(5) for visit in visits(Day(), 28, 2, seed)]
    booked = [visit for visit in drawn if visit.promised_s is not None]
    assert len(drawn) / (5 * 28) == pytest.approx(14, rel=0.03)
    assert 1 - len(booked) / len(drawn) == pytest.approx(0.2, abs=0.03)
    assert sum(visit.arrives_s is None for visit in booked) / len(booked) == pytest.approx(0.1, abs=0.03)
    assert np.mean([visit.check_in_s for visit in drawn]) == pytest.approx(30, rel=0.05)


def test_what_is_left_of_a_tower_without_a_part_is_simulated() -> None:
    whole, week = Life(WEEK).run(), replace(WEEK, failed=frozenset({"B1", "2A", "2B"}))
    without = Life(week).run()
    assert len(without.pickup_waits_s) == len(whole.pickup_waits_s)
    assert np.mean(without.return_waits_s) > np.mean(whole.return_waits_s)
    assert without.bay_s != whole.bay_s
    assert {"2A", "2B"}.isdisjoint(without.slot_s)


def test_without_its_only_lift_a_tower_serves_nobody_and_says_so() -> None:
    figures = summarise([Life(replace(WEEK, failed=frozenset({"L1"}))).run()])
    assert figures["moves"] == 0
    assert figures["unserved"] > 50
    assert figures["forgotten"] > 20


@pytest.mark.parametrize("lift", ["L1", "L2"])
def test_one_lift_of_two_still_serves_everybody_and_the_other_stays_where_it_is(lift: str) -> None:
    layout = load_layout("autostadt400")
    life = Life(Setting(layout, Foresight(), 1, 4, day_for(layout), failed=frozenset({lift})))
    record, body = life.run(), life.tower.machine.bodies[lift]
    assert len(record.pickup_waits_s) > 30
    assert record.forgotten == 0
    assert (body.busy_s, body.storey) == (0.0, layout.lift(lift).lowest if lift == "L1" else layout.lift(lift).highest)


def test_staff_get_cars_for_service_and_customers_stay_the_same() -> None:
    record = Life(replace(WEEK, day=Day(services=2.0))).run()
    assert record.serviced == 14
    assert len(record.pickup_waits_s) == len(Life(WEEK).run().pickup_waits_s)


def test_two_chargers_are_enough_for_the_reference_day_and_one_is_not() -> None:
    """378 kWh a day are used, and one charger gives 264."""
    two = summarise([Life(replace(WEEK, days=21, chargers=2, seed=seed)).run() for seed in (1, 2)])
    assert (two["handed_out_below_needed"], two["least_charge"] >= NEEDED) == (0, True)
    one = summarise([Life(replace(WEEK, days=21, chargers=1)).run()])
    assert one["handed_out_below_needed"] > 0


def test_the_shares_of_slots_add_up_to_the_cars_that_stood_there() -> None:
    life = Life(replace(WEEK, noise_share=0.0))
    record = life.run()
    weeks_s = 7 * 86_400.0
    assert all(0 <= seconds <= weeks_s for seconds in record.slot_s.values())
    assert all(0 <= share <= 1 for share in record.bay_use_by_hour(2))
    assert sum(record.bay_s) > 0
    assert record.occupancy[-1][1] <= 42


def test_compare_says_where_nothing_is_shown() -> None:
    rows = compare(replace(WEEK, days=4), range(1, 4), lambda share, what: None)
    assert {row.policy for row in rows} == {"foresight"}
    assert all(row.low <= row.mean <= row.high for row in rows)
    assert student_95(9) == pytest.approx(2.262, abs=0.01)
    mean, low, high = paired([1.0, 2.0, 3.0])
    assert (mean, low < 0 < high) == (2.0, True)


def test_size_finds_a_tower_and_says_what_it_is_without_a_part() -> None:
    found = size(Goal(4, 0.9, 300), Foresight, 3, lambda share, what: None)
    assert found.enough is not None
    assert not any(one.enough for one in found.tried[:-1])
    assert found.enough.low <= found.enough.share <= found.enough.high
    assert len(found.records) == 5
    assert all(one.parts == found.enough.parts for one in found.without.values())


def test_a_share_of_few_is_less_sure_than_one_of_many() -> None:
    assert share_95(99, 100) == pytest.approx((0.9455, 0.9982), abs=1e-3)
    assert share_95(9900, 10000)[0] > share_95(99, 100)[0]
    assert share_95(0, 0) == (0.0, 1.0)


def test_all_slots_are_filled_and_emptied() -> None:
    layout = load_layout("singapore60")
    assert fill_s(Rush(layout, Foresight())) < 60 * 200
    assert empty_s(Rush(layout, Foresight()), [slot.name for slot in layout.slots]) < 60 * 200


def test_the_command_line_refuses_a_layout_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["vendrive tower", "simulate", "--layout", "atlantis"])
    assert main() == 2
    assert "atlantis" in capsys.readouterr().err


def test_nor_one_that_is_no_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "tower.toml"
    file.write_bytes(b"\xff\xfe")
    monkeypatch.setattr("sys.argv", ["vendrive tower", "simulate", "--layout", str(file)])
    assert main() == 2
    assert "it is no text in UTF-8" in capsys.readouterr().err


def test_who_knows_all_arrivals_is_told_of_walk_ups_and_of_no_shows() -> None:
    record = Life(replace(WEEK, foreseen=True)).run()
    assert record.no_shows == 0
    assert np.max(record.walkup_waits_s) < np.min(Life(WEEK).run().walkup_waits_s)


def test_who_is_absent_does_not_come_and_all_others_do() -> None:
    """So two runs can be held against each other about the same customers."""
    life = Life(replace(WEEK, stored=4))
    record = life.run()
    assert len(life.unserved) == record.unserved > 0
    again = Life(replace(WEEK, stored=4, absent=frozenset(life.unserved))).run()
    assert again.unserved == 0
    assert again.pickup_waits_s == record.pickup_waits_s


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


def test_a_lift_goes_as_far_as_the_other_one_lets_it_and_is_not_sent_where_that_stands() -> None:
    """A car from above comes down to the storey over the bays while the lower lift still works there."""
    events, seen = Events(), set()
    layout = load_layout("autostadt400")
    one_hall = replace(layout, bays=tuple(replace(bay, storey=1) for bay in layout.bays))
    machine = Machine(one_hall, events, Noise(0, 0.0), lambda: None)
    lower, upper = machine.bodies["L1"], machine.bodies["L2"]
    lower.storey = lower.target = 1
    upper.storey = upper.target = 3
    assert machine.may_go("L1", 2)
    assert not machine.may_go("L1", 3)
    idle = [lambda: None] * 4
    machine.carry("L2", Carry("3A", "B1", lambda: True, *idle))
    machine.carry("L1", Carry("B2", "4A", lambda: True, *idle))
    assert not machine.may_go("L1", 2)
    while events.step(500.0):
        seen.add((upper.storey, lower.storey))
    assert (2, 1) in seen
    assert (1, 0) in seen
    assert machine.is_free("L1")
    assert machine.is_free("L2")


def test_the_command_line_refuses_a_part_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["vendrive tower", "simulate", "--without", "L9"])
    assert main() == 2
    assert "there is no L9" in capsys.readouterr().err
