"""`vendrive bench tower`: what customers wait in simulated towers, and how far the planner is from what is possible."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np

from vendrive.bench.figures import Figure, Target
from vendrive.bench.progress import Bar
from vendrive.clock import SystemClock
from vendrive.planning import bounds
from vendrive.planning.compare import compare
from vendrive.planning.demand import HOURS, Day
from vendrive.planning.instances import OPTIMA, load_instances
from vendrive.planning.life import Life, Setting, day_for
from vendrive.planning.online import run_online
from vendrive.planning.optimum import Goal
from vendrive.planning.prove import load_optima
from vendrive.planning.results import quantile
from vendrive.planning.stress import Rush, empty_s, fill_s, retrievals_s, saturated
from vendrive.tower.foresight import Foresight
from vendrive.tower.jobs import Job, JobKind
from vendrive.tower.layout import Layout, load_layout
from vendrive.tower.planner import BayAt, LiftAt, State

LAYOUTS = ("shanghai3", "guangzhou42", "carvana34", "singapore60", "autostadt400")
INSTANCES = Path("benchmarks/tower")
# Where one of lifts and bays allows this many times what the other does, it is clear which of them binds.
CLEAR = 1.5
ORDERS = 5
# So many crowds are drawn for the mean of a saturated tower: one differs from another by 0.02 or more.
CROWDS = 5
# So many slots take so long to empty that one order must do.
LARGE = 100
WORST_FIGURES = ("wait_mean_s", "wait_p99_s")


def measure(quick: bool, bar: Bar) -> list[Figure]:
    """Measure all figures of the table, in less than ten minutes; `quick` with fewer seeds, days and orders."""
    parts: tuple[Callable[[bool, Bar], Iterator[Figure]], ...] = (
        _reference_day,
        _busy_day,
        _one_retrieval,
        _saturation,
        _fill_and_empty,
        _instances,
        _against_baseline,
        _decisions,
    )
    figures = [figure for part in parts for figure in part(quick, bar)]
    bar.end()
    return figures


def _reference_day(quick: bool, bar: Bar) -> Iterator[Figure]:
    layout, clock = load_layout("guangzhou42"), SystemClock()
    seeds, days = (3, 14) if quick else (20, 28)
    waits: list[float] = []
    began_s = clock.monotonic()
    for seed in range(1, seeds + 1):
        bar.show(0.3 * seed / seeds, f"reference day, seed {seed}")
        waits += Life(Setting(layout, Foresight(), seed, days, day_for(layout))).run().pickup_waits_s
    minutes = (clock.monotonic() - began_s) / 60
    note = f"booked customers, {seeds} seeds, {days} days" + ("; quick" if quick else "")
    for label, share, most in (("p50", 0.5, 0), ("p95", 0.95, 30), ("p99", 0.99, 120)):
        yield Figure(f"pickup_wait_{label}_s", round(quantile(waits, share), 2), Target("<=", most), len(waits), note)
    hours = seeds * days * 24
    yield Figure("simulated_hours_per_minute", round(hours / minutes), Target(">=", 3000), hours, "one core")


def _busy_day(quick: bool, bar: Bar) -> Iterator[Figure]:
    """Half of the most that lifts and bays can serve, in the busiest hour of a mean day.

    42 slots serve so many only where cars come back soon: they are booked an hour ahead and lent for two.
    """
    layout = load_layout("guangzhou42")
    jobs = bounds.throughput(layout, 1).per_hour / 2
    day = Day(hand_outs=jobs / 2 * sum(HOURS) / max(HOURS), ahead_s=3600.0, loan_s=7200.0)
    seeds, days = (1, 3) if quick else (4, 7)
    waits: dict[bool, list[float]] = {False: [], True: []}
    totals_s = {False: 0.0, True: 0.0}
    for seed in range(1, seeds + 1):
        absent: frozenset[str] = frozenset()
        for foreseen in waits:
            bar.show(0.3, f"busy day, seed {seed}")
            # Who knows all arrivals keeps cars for walk-ups too: only who is served without that is asked about.
            life = Life(Setting(layout, Foresight(), seed, days, day, foreseen=foreseen, absent=absent))
            record, absent = life.run(), frozenset(life.unserved)
            waits[foreseen] += record.pickup_waits_s
            totals_s[foreseen] += sum(record.hand_out_waits_s)
    less = totals_s[True] / max(totals_s[False], 1.0)
    for label, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        ours, theirs = (round(quantile(waits[foreseen], share), 1) for foreseen in (False, True))
        gap = f"{ours - theirs:.1f} s above who knows all arrivals"
        note = f"{jobs:.1f} jobs in the peak hour; {gap}, whose customers wait {less:.2f} times as long, walk-ups too"
        yield Figure(f"pickup_wait_busy_{label}_s", ours, Target("<=", inf), len(waits[False]), note, theirs)


def _one_retrieval(quick: bool, bar: Bar) -> Iterator[Figure]:
    """Ask for each car of a tower as a week of reference days leaves it, and of a full one."""
    layout = load_layout("guangzhou42")
    bar.show(0.3, "one retrieval at a time")
    life = Life(Setting(layout, Foresight(), 1, 7, day_for(layout)))
    life.run()
    stored = sorted(place for place in life.tower.places.values() if layout.is_slot(place))
    everywhere = [slot.name for slot in layout.slots]
    mean_s, full_s = (float(np.mean(retrievals_s(Rush(layout, Foresight()), slots))) for slots in (stored, everywhere))
    bound_s, full_bound_s = (
        bounds.retrieval_mean_s(replace(layout, slots=tuple(layout.slot(name) for name in slots)))
        for slots in (stored, everywhere)
    )
    note = f"after a week of reference days; all {len(everywhere)} slots taken: {full_s:.2f}, bound {full_bound_s:.2f}"
    yield Figure("walkup_retrieval_mean_s", round(mean_s, 2), Target("<=", 60), len(stored), note, round(bound_s, 2))
    ratio = max(mean_s / bound_s, full_s / full_bound_s)
    note = "the worse of both towers"
    yield Figure("walkup_physical_ratio", round(ratio, 4), Target("<=", 1.02), len(everywhere), note, 1.0)


def _saturation(quick: bool, bar: Bar) -> Iterator[Figure]:
    for at, name in enumerate(LAYOUTS[:-1] if quick else LAYOUTS):
        layout, ratios = load_layout(name), []
        for seed in range(1 if quick else CROWDS):
            bar.show(0.35 + 0.05 * at, f"saturation, {name}, seed {seed}")
            served = saturated(Rush(layout, Foresight(), seed))
            # How many cars there are is for the policy: the bound is that of the fewest.
            bound = bounds.throughput(layout, 1, served.share)
            ratios.append(served.per_hour / bound.per_hour)
        least = 0.95 if bound.clearness >= CLEAR else 0.85
        spread = f"{min(ratios):.3f} to {max(ratios):.3f}, the last {served.per_hour:.1f} jobs an hour"
        note = f"{spread}; {bound.binds} bind; as filed {bound.as_filed_per_hour:.1f}, exceeded"
        figure, ratio = f"saturation_ratio_{name}", round(float(np.mean(ratios)), 3)
        yield Figure(figure, ratio, Target(">=", least), len(ratios), note, round(bound.per_hour, 1))


def _fill_and_empty(quick: bool, bar: Bar) -> Iterator[Figure]:
    filled, emptied = {}, {}
    for at, name in enumerate(LAYOUTS[:-1] if quick else LAYOUTS):
        bar.show(0.6 + 0.03 * at, f"fill and empty, {name}")
        layout = load_layout(name)
        filled[name] = fill_s(Rush(layout, Foresight())) / bounds.fill_s(layout)
        orders = range(1 if quick or len(layout.slots) > LARGE else ORDERS)
        emptied[name] = float(np.mean([_emptied(layout, seed) for seed in orders]))
    for figure, ratios in (("fill_ratio", filled), ("empty_ratio", emptied)):
        worst = max(ratios, key=ratios.__getitem__)
        told = ", ".join(f"{name} {ratio:.3f}" for name, ratio in ratios.items())
        note = f"the worst of {told}"
        yield Figure(figure, round(ratios[worst], 3), Target("<=", 1.05), len(ratios), note, 1.0)


def _emptied(layout: Layout, seed: int) -> float:
    order = [slot.name for slot in layout.slots]
    random.Random(seed).shuffle(order)  # noqa: S311 repeatable by its seed
    # Out of a full tower nobody leaves who stands behind somebody.
    first = next(name for name in order if not layout.slot(name).behind)
    order = [first, *(name for name in order if name != first)]
    return empty_s(Rush(layout, Foresight(), seed), order) / bounds.empty_s(layout, order)


def _instances(quick: bool, bar: Bar) -> Iterator[Figure]:
    optima = load_optima(INSTANCES)
    if not optima:
        raise FileNotFoundError(f"{INSTANCES}: no {OPTIMA} below it; run this from the root of the repository")
    ratios, excess_s, jobs = [], 0.0, 0
    instances = load_instances(INSTANCES)[:: 10 if quick else 1]
    for at, instance in enumerate(instances):
        bar.show(0.75 + 0.1 * at / len(instances), f"instance {instance.name}")
        outcome = run_online(instance, Foresight())
        ratios.append(outcome.makespan_s / optima[instance.name, Goal.makespan].best_s)
        known = optima.get((instance.name, Goal.tardiness))
        if known and known.proved:
            excess_s, jobs = excess_s + outcome.tardiness_s - known.best_s, jobs + len(instance.jobs)
    note = "online / best known clairvoyant schedule"
    yield Figure("makespan_ratio", round(float(np.mean(ratios)), 4), Target("<=", 1.05), len(ratios), note, 1.0)
    note = "seconds for each job, on instances proved optimal"
    yield Figure("tardiness_excess_s", round(excess_s / max(jobs, 1), 2), Target("<=", 10), jobs, note, 0.0)


def _against_baseline(quick: bool, bar: Bar) -> Iterator[Figure]:
    seeds, days = (range(1, 4), 7) if quick else (range(1, 9), 14)
    worse, cells = [], 0
    for name in LAYOUTS[:-1] if quick else LAYOUTS:
        layout = load_layout(name)
        for load in (0.5, 1.0):
            bar.show(0.85 + 0.01 * cells, f"against the baseline, {name}")
            day = replace(day_for(layout), hand_outs=day_for(layout).hand_outs * load)
            setting = Setting(layout, Foresight(), 0, days, day)
            rows = compare(setting, seeds, lambda share, what: None)
            cells += 1
            if any(row.is_worse for row in rows if row.figure in WORST_FIGURES):
                worst = [row.figure for row in rows if row.figure in WORST_FIGURES and row.is_worse]
                worse.append(f"{name} at {load:g}: {', '.join(worst)}")
    yield Figure("baseline_worse_cells", len(worse), Target("==", 0), cells, "; ".join(worse))


def _decisions(quick: bool, bar: Bar) -> Iterator[Figure]:
    """Ask for a plan with 50 jobs waiting in the largest layout, the cars drawn anew each time."""
    layout, clock = load_layout("autostadt400"), SystemClock()
    draw, took_ms = random.Random(1), []  # noqa: S311 repeatable
    cars = [f"c{number}" for number in range(360)]
    lifts, bays = (LiftAt("L1", 1, True), LiftAt("L2", 12, True)), (BayAt("B1"), BayAt("B2"))
    for number in range(30 if quick else 200):
        bar.show(0.97, f"decision {number}")
        slots = draw.sample([slot.name for slot in layout.slots], len(cars))
        jobs = [Job(car, JobKind.retrieve, car, 1000.0 - draw.random() * 900, 1000.0) for car in draw.sample(cars, 35)]
        jobs += [Job(f"r{at}", JobKind.store, f"r{at}", 1000.0 - draw.random() * 900, 1000.0) for at in range(15)]
        state = State(1000.0, layout, dict(zip(cars, slots, strict=True)), lifts, bays, jobs)
        began_s = clock.monotonic()
        Foresight().plan(state)
        took_ms.append((clock.monotonic() - began_s) * 1000)
    note = "400 slots, 50 jobs"
    yield Figure("decision_p99_ms", round(quantile(took_ms, 0.99), 1), Target("<=", 50), len(took_ms), note)
