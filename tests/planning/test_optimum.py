"""The optima: found by search, checked by trying everything on small instances."""

from itertools import permutations, product
from pathlib import Path
from random import Random

import pytest

from vendrive.planning import optimum
from vendrive.planning.evaluation import Task, evaluate
from vendrive.planning.generate import draw_instance
from vendrive.planning.instances import Instance, Kind, load_instances
from vendrive.planning.optimum import Goal, chains_of, find_optimum, value_s
from vendrive.planning.prove import load_optima, prove
from vendrive.tower.layout import load_layout

PUBLISHED = Path(__file__).parents[2] / "benchmarks/tower"


def small(layout: str, jobs: int, seed: int) -> Instance:
    return draw_instance("small", load_layout(layout), jobs, Random(seed))


def best_of_all_s(instance: Instance, goal: Goal) -> float:
    """Try every order, every bay and every storey for every return."""
    bays = [bay.name for bay in instance.layout.bays]
    slots = {instance.layout.storey_of(slot): slot for slot in instance.free}
    storeys = {
        slot: [other for other in instance.free if instance.layout.storey_of(other) == storey]
        for storey, slot in slots.items()
    }
    best_s = float("inf")
    for order in permutations(instance.jobs):
        choices: list[dict[str, list[str]]] = [storeys if job.kind == Kind.store else {"": []} for job in order]
        for chosen in product(*choices):
            taken = [_nth(storeys, chosen, at) for at in range(len(order))]
            if None in taken:
                continue
            for at in product(bays, repeat=len(order)):
                tasks = [Task(job.name, bay, slot or "") for job, bay, slot in zip(order, at, taken, strict=True)]
                best_s = min(best_s, value_s(evaluate(instance, tasks), goal))
    return best_s


def _nth(storeys: dict[str, list[str]], chosen: tuple[str, ...], at: int) -> str | None:
    if not chosen[at]:
        return ""
    number, slots = chosen[:at].count(chosen[at]), storeys[chosen[at]]
    return slots[number] if number < len(slots) else None


@pytest.mark.parametrize("goal", list(Goal))
@pytest.mark.parametrize(
    ("layout", "jobs", "seed"),
    [
        ("shanghai3", 5, 1),
        ("shanghai3", 5, 2),
        ("guangzhou42", 4, 1),
        ("guangzhou42", 4, 2),
        ("singapore60", 4, 3),
        ("carvana34", 3, 2),
    ],
)
def test_nothing_that_can_be_tried_is_better(layout: str, jobs: int, seed: int, goal: Goal) -> None:
    instance = small(layout, jobs, seed)
    found = find_optimum(instance, goal)
    assert found.proved
    assert found.best_s == pytest.approx(best_of_all_s(instance, goal), abs=1e-6)
    assert value_s(evaluate(instance, found.schedule), goal) == found.best_s


@pytest.mark.parametrize("goal", list(Goal))
@pytest.mark.parametrize("layout", ["shanghai3", "guangzhou42", "carvana34", "singapore60"])
def test_bounds_drop_nothing_that_leads_to_the_best(layout: str, goal: Goal, monkeypatch: pytest.MonkeyPatch) -> None:
    instances = [small(layout, 8, seed) for seed in range(20, 26)]
    pruned = [find_optimum(instance, goal).best_s for instance in instances]
    monkeypatch.setattr(optimum._Search, "_bound", lambda search, rows: rows.late * 0)
    assert [find_optimum(instance, goal).best_s for instance in instances] == pruned


@pytest.mark.parametrize("goal", list(Goal))
def test_narrow_layers_prove_less_and_never_too_much(goal: Goal) -> None:
    instance = small("guangzhou42", 12, 5)
    narrow, wide = find_optimum(instance, goal, widest=3), find_optimum(instance, goal)
    assert wide.proved
    assert narrow.bound_s <= wide.best_s <= narrow.best_s
    assert not narrow.proved


def test_a_known_schedule_is_a_place_to_begin() -> None:
    instance = small("guangzhou42", 10, 6)
    known = find_optimum(instance, Goal.makespan)
    again = find_optimum(instance, Goal.makespan, start=known.schedule)
    assert (again.best_s, again.schedule, again.proved) == (known.best_s, known.schedule, True)


def test_jobs_of_a_chain_differ_only_in_when_they_are_wanted() -> None:
    instance = small("guangzhou42", 12, 7)
    chains = chains_of(instance)
    assert sorted(job.name for chain in chains for job in chain) == [job.name for job in instance.jobs]
    for chain in chains:
        assert [job.wanted_s for job in chain] == sorted(job.wanted_s for job in chain)
        assert len({(job.kind, job.slot and instance.layout.storey_of(job.slot)) for job in chain}) == 1


def test_every_published_instance_has_an_optimum_and_some_are_proved_again() -> None:
    instances, stored = load_instances(PUBLISHED), load_optima(PUBLISHED)
    assert set(stored) == {(instance.name, goal) for instance in instances for goal in Goal}
    for instance in instances:
        for goal in Goal:
            known = stored[instance.name, goal]
            assert value_s(evaluate(instance, known.schedule), goal) == pytest.approx(known.best_s, abs=1e-6)
            assert known.bound_s <= known.best_s
    quick = [instance for instance in instances if len(instance.jobs) == 12][::12]
    _, wrong = prove(quick, stored)
    assert wrong == []


def test_an_optimum_that_is_too_good_or_too_bad_is_found_out() -> None:
    instance = load_instances(PUBLISHED / "shanghai3")[0]
    stored = load_optima(PUBLISHED)
    key = (instance.name, Goal.makespan)
    honest = stored[key]
    worse = honest.schedule[::-1]
    lied = type(honest)(honest.instance, honest.goal, honest.best_s - 5, honest.bound_s - 5, honest.schedule)
    slow_s = value_s(evaluate(instance, worse), Goal.makespan)
    slow = type(honest)(honest.instance, honest.goal, slow_s, slow_s, worse)
    assert "comes to" in prove([instance], stored | {key: lied})[1][0]
    assert "is better than" in prove([instance], stored | {key: slow})[1][0]
