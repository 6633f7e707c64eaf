"""Bounds: worked out by hand, and never beyond what a search of everything reaches."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vendrive.planning import stress
from vendrive.planning.bounds import (
    cars_aside,
    dual_cycle_s,
    empty_s,
    fill_s,
    retrieval_mean_s,
    single_cycle_s,
    throughput,
)
from vendrive.planning.evaluation import Task, Times, evaluate
from vendrive.planning.instances import Instance, Job, Kind, load_instances
from vendrive.planning.optimum import Goal, find_optimum
from vendrive.planning.prove import load_optima
from vendrive.tower.foresight import Foresight
from vendrive.tower.layout import Layout, load_layout
from vendrive.tower.pace import DRIVE_IN_S, TAKE_S

ALL = ("nanjing3", "shanghai3", "guangzhou42", "carvana34", "singapore60", "autostadt400")
ONE_LIFT = ALL[:-1]
DOCUMENT = Path(__file__).parents[2] / "docs/planning-instances.md"


def instance(layout: Layout, storey: int, wanted: list[str], free: list[str], returns: int) -> Instance:
    cars = [Job(f"R{at}", Kind.retrieve, 0.0, True, slot) for at, slot in enumerate(wanted)]
    stores = [Job(f"S{at}", Kind.store, 0.0, True) for at in range(returns)]
    return Instance("case", layout, storey, TAKE_S, DRIVE_IN_S, tuple(free), (*cars, *stores))


def test_the_dual_cycle_of_a_small_tower_by_hand() -> None:
    # nanjing3: two slots on the ground, three on each of two storeys 2.2 m and 4.4 m above; 2 sqrt(2.2 / 0.4) + 1.5 s =
    # 6.2 s to the first, 4.4 / 1 + 1 / 0.4 + 1.5 s = 8.4 s to the second.
    rounds = 2 * (2 * 0 + 3 * 6.2 + 3 * 8.4) / 8
    assert dual_cycle_s(load_layout("nanjing3")) == pytest.approx(2 * 18 + 2 * (6 + 18 + 6) + rounds)
    assert single_cycle_s(load_layout("nanjing3")) == pytest.approx(18 + 30 + rounds)
    assert dual_cycle_s(load_layout("nanjing3"), cars=2) == pytest.approx(96)


def test_the_throughput_of_a_small_tower_by_hand() -> None:
    bound = throughput(load_layout("nanjing3"))
    hand_out_s, return_s = 30 + 6 + 75 + 6, 6 + 110 + 6 + 4 + 30
    assert bound.by_bays_per_hour == pytest.approx(2 * 3600 / (hand_out_s + return_s))
    assert bound.by_lifts_per_hour == pytest.approx(2 * 3600 / bound.dual_cycle_s)
    assert (bound.binds, bound.per_hour) == ("bays", bound.by_bays_per_hour)
    assert bound.clearness == pytest.approx(bound.by_lifts_per_hour / bound.by_bays_per_hour)


def test_the_bound_counts_hand_outs_and_returns_each_for_itself() -> None:
    layout = load_layout("nanjing3")
    assert throughput(layout, hand_outs=1.0).by_bays_per_hour == pytest.approx(3600 / (30 + 6 + 75 + 6))
    assert throughput(layout, hand_outs=0.0).by_bays_per_hour == pytest.approx(3600 / (6 + 110 + 6 + 4 + 30))
    assert throughput(layout, hand_outs=0.0).by_lifts_per_hour == pytest.approx(3600 / (18 + 30))
    assert throughput(layout, 1).by_lifts_per_hour > throughput(layout).by_lifts_per_hour


def test_the_figure_as_it_was_filed_is_no_bound() -> None:
    """All the guangzhou42 schedules that are proved best serve more; what is used instead is exceeded by none."""
    layout = load_layout("guangzhou42")
    folder = Path(__file__).parents[2] / "benchmarks/tower"
    optima = load_optima(folder)
    most = max(
        len(one.jobs) * 3600 / optima[one.name, Goal.makespan].best_s for one in load_instances(folder / "guangzhou42")
    )
    assert throughput(layout).as_filed_per_hour < most < throughput(layout, 1).per_hour


def test_which_part_binds_in_each_layout() -> None:
    assert {name: throughput(load_layout(name)).binds for name in ALL} == {
        "nanjing3": "bays",
        "shanghai3": "bays",
        "guangzhou42": "bays",
        "carvana34": "lifts",
        "singapore60": "bays",
        "autostadt400": "bays",
    }


def test_a_turntable_takes_its_time_of_the_bay_and_none_of_the_lift() -> None:
    with_table = load_layout("carvana34")
    bare = replace(with_table, bays=tuple(replace(bay, turntable=False) for bay in with_table.bays))
    assert throughput(bare).by_lifts_per_hour == throughput(with_table).by_lifts_per_hour
    assert throughput(bare).by_bays_per_hour > throughput(with_table).by_bays_per_hour


def in_one_hall(layout: Layout) -> Layout:
    return replace(layout, bays=tuple(replace(bay, storey=2) for bay in layout.bays))


def test_two_lifts_of_one_way_by_hand() -> None:
    # autostadt400, both bays in the upper hall: 2 sqrt(2.2 / 0.4) + 1.5 s = 6.2 s for one storey, 44 / 2 + 2 / 0.4 +
    # 1.5 s = 28.5 s for twenty. All are hand-outs: 48 s and the mean round; the lower lift is out of the way for 30 +
    # 6.2 s of each of the upper one.
    layout = in_one_hall(load_layout("autostadt400"))
    work_s, cost_s = single_cycle_s(layout), 30 + 6.2
    share = work_s / (2 * (48 + 2 * 28.5) - cost_s)
    each_s = (work_s + share * cost_s) / 2
    assert throughput(layout, hand_outs=1.0).by_lifts_per_hour == pytest.approx(3600 / each_s)
    # Where they meet the upper lift does nothing but the longest rounds, and the lower one is as busy.
    assert share * (48 + 2 * 28.5) == pytest.approx(each_s)


def test_no_two_lifts_of_one_way_serve_more_than_the_bound_and_two_of_two_ways_do() -> None:
    """Emptied through so many bays that the lifts alone bind."""
    full = in_one_hall(load_layout("autostadt400"))
    slots = tuple(slot for slot in full.slots if slot.name[-1] in "AB" and slot.storey < 8)
    layout = replace(full, bays=tuple(replace(full.bays[0], name=f"B{at}") for at in range(1, 9)), slots=slots)
    apart = replace(
        layout,
        ways=(*layout.ways, replace(layout.ways[0], name="W2")),
        lifts=(layout.lifts[0], replace(layout.lifts[1], way="W2")),
    )
    order = [slot.name for slot in slots]
    least_s = len(slots) * 3600 / throughput(layout, hand_outs=1.0).by_lifts_per_hour
    took_s, apart_s = (
        stress.empty_s(stress.Rush(one, Foresight(), noise_share=0.0), order) - TAKE_S for one in (layout, apart)
    )
    assert throughput(layout, hand_outs=1.0).binds == "lifts"
    assert apart_s < least_s < took_s


def test_cars_must_be_a_number_that_the_tower_can_hold() -> None:
    for cars in (0, 13):
        with pytest.raises(ValueError, match="shanghai3: cars must be from 1 to 12"):
            dual_cycle_s(load_layout("shanghai3"), cars)


@settings(max_examples=25, deadline=None)
@given(name=st.sampled_from(ONE_LIFT), pairs=st.integers(1, 4), seed=st.integers(0, 10**6))
def test_no_schedule_is_faster_than_the_bound_allows(name: str, pairs: int, seed: int) -> None:
    """The best of all schedules of n wanted cars and n returns, all there at once: at most the bound, but for what the
    first and the last cycle save (the lift may begin above and need not come back, the last car is only stored)."""
    layout, rng = load_layout(name), Random(seed)
    slots = [slot for slot in layout.slots if not slot.behind]
    drawn = [slot.name for slot in rng.sample(slots, min(len(slots), 2 * pairs))]
    wanted, free = drawn[:pairs], drawn[pairs:]
    count = min(len(free), len(wanted))
    case = instance(layout, rng.randint(1, layout.lifts[0].highest), wanted[:count], free, count)
    best = find_optimum(case, Goal.makespan)
    # The same slots and no others: what the customers of this case want.
    only = replace(layout, slots=tuple(slot for slot in layout.slots if slot.name in case_slots(case)))
    bound, times = throughput(only), Times(layout)
    edge_s = 2 * times.travel(layout.lifts[0].lowest, layout.lifts[0].highest) / 10
    assert best.proved
    assert best.best_s >= count * bound.dual_cycle_s - edge_s
    assert best.best_s >= 2 * count * 3600 / bound.by_bays_per_hour


def case_slots(case: Instance) -> set[str]:
    return {job.slot for job in case.jobs if job.slot}


def test_the_bound_of_the_bays_is_reached() -> None:
    layout = load_layout("shanghai3")
    names = [slot.name for slot in layout.slots]
    best = find_optimum(instance(layout, 1, names[:6], names[6:], 6), Goal.makespan)
    assert 1 <= best.best_s * throughput(layout).per_hour / 3600 / 12 <= 1.06


@pytest.mark.parametrize("name", ONE_LIFT)
def test_a_retrieval_takes_no_less_than_its_bound_and_can_take_as_much(name: str) -> None:
    layout = load_layout(name)
    lift, bay = layout.lifts[0], layout.bays[0]
    fixed_s = layout.kinematics.door_s + (layout.kinematics.turn_s if bay.turntable else 0)
    means = []
    for storey in range(lift.lowest, lift.highest + 1):
        waits = [
            evaluate(instance(layout, storey, [slot.name], [], 0), [Task("R0", bay.name)]).tardiness_s - fixed_s
            for slot in layout.slots
        ]
        means.append(sum(waits) / len(waits))
    assert min(means) == pytest.approx(retrieval_mean_s(layout))
    assert retrieval_mean_s(layout, cars=1) < retrieval_mean_s(layout)


@pytest.mark.parametrize("name", ["nanjing3", "shanghai3"])
def test_filling_is_bounded_from_below_and_nearly_reached(name: str) -> None:
    layout = load_layout(name)
    names = [slot.name for slot in layout.slots]
    best = find_optimum(instance(layout, 1, [], names, len(names)), Goal.makespan)
    assert best.proved
    assert 1 <= best.best_s / fill_s(layout) <= 1.01


@pytest.mark.parametrize("name", ["nanjing3", "shanghai3"])
def test_emptying_is_bounded_from_below_and_nearly_reached(name: str) -> None:
    layout = load_layout(name)
    names = [slot.name for slot in layout.slots]
    best_s = min(find_optimum(instance(layout, at, names, [], 0), Goal.makespan).best_s for at in (1, 2, 3))
    assert 1 <= best_s / empty_s(layout) <= 1.01


@pytest.mark.parametrize("slots", [2, 4, 7])
def test_filling_and_emptying_where_the_lift_binds(slots: int) -> None:
    """With three bays the lift is the narrow part; all slots of a tower of this size are tried."""
    full = load_layout("carvana34")
    layout = replace(full, slots=full.slots[::5][:slots])
    names = [slot.name for slot in layout.slots]
    filled = find_optimum(instance(layout, 1, [], names, slots), Goal.makespan)
    storeys = range(1, layout.storeys + 1)
    emptied_s = min(find_optimum(instance(layout, at, names, [], 0), Goal.makespan).best_s for at in storeys)
    assert 1 <= filled.best_s / fill_s(layout) <= 1.1
    assert 1 <= emptied_s / empty_s(layout) <= 1.1


def test_cars_move_aside_for_those_behind_them() -> None:
    layout = load_layout("singapore60")
    # 2A lies behind 2B, 2D behind 2C.
    assert cars_aside(layout, ["2A", "2B", "2C", "2D"]) == 1
    assert cars_aside(layout, ["2B", "2A", "2C", "2D"]) == 0
    assert cars_aside(layout, ["2A", "2C"]) == 0
    behind_first = sorted((slot.name for slot in layout.slots), key=lambda name: not layout.slot(name).behind)
    assert cars_aside(layout, behind_first) == 30
    assert empty_s(layout, behind_first) >= empty_s(layout)


def test_several_bays_let_a_car_wait_so_nothing_is_claimed() -> None:
    layout = load_layout("singapore60")
    second = replace(layout, bays=(*layout.bays, replace(layout.bays[0], name="B2")))
    assert cars_aside(second, ["2A", "2B"]) == 0


@pytest.mark.parametrize("name", ALL)
def test_the_document_says_what_is_computed(name: str) -> None:
    layout = load_layout(name)
    bound = throughput(layout)
    numbers = (bound.dual_cycle_s, bound.by_lifts_per_hour, bound.by_bays_per_hour)
    row = [name, *(f"{number:.1f}" for number in numbers), bound.binds, f"{bound.clearness:.2f}"]
    row += [f"{seconds:.1f}" for seconds in (retrieval_mean_s(layout), fill_s(layout) / 60, empty_s(layout) / 60)]
    assert f"| {' | '.join(row)} |" in DOCUMENT.read_text(encoding="utf-8")
