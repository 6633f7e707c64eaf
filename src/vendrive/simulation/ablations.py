"""Each safeguard removed with its backups: some seed must catch what then happens, or the safeguard is not tested."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

from vendrive.simulation.caught import CAUGHT_BY
from vendrive.simulation.run import TOWERS, Outcome, run_seed
from vendrive.simulation.runner import seldom_collect
from vendrive.simulation.safeguard import Safeguard
from vendrive.simulation.safeguards import SAFEGUARDS
from vendrive.simulation.world import Plan

# A safeguard that no seed below this catches has survived.
SEEDS = 1000
QUICK_STEP = 5
# A seed lives so long with the hints of one safeguard and no other fault, which happen so much more often for it.
HOURS, OFTEN = 2.5, 4.0
Shown = Callable[[float, str], None]


@dataclass(frozen=True)
class Ablation:
    """What became of the tower without one safeguard: the seed that was caught (None: none was), by which invariant."""

    name: str
    seed: int | None
    invariant: str
    tried: int


def plan_for(safeguard: Safeguard, seed: int) -> Plan:
    """Return the plan of a seed that brings it to the hazard of a safeguard, and to no other."""
    cars = next(cars for layout, cars, _ in TOWERS if layout == safeguard.layout)
    return Plan(seed, safeguard.layout, cars, HOURS, faults=frozenset(safeguard.hints), often=OFTEN)


def named(name: str) -> Safeguard:
    """Return the safeguard of this name, or raise KeyError."""
    return {safeguard.name: safeguard for safeguard in SAFEGUARDS}[name]


def run_without(name: str, seed: int) -> Outcome:
    """Run a seed without one safeguard."""
    safeguard = named(name)
    with safeguard.removed():
        return run_seed(plan_for(safeguard, seed))


def ablate(name: str, first: int = 0, seeds: int = SEEDS, known: bool = True) -> Ablation:
    """Run seeds until one is caught: that of the table first, where it is `known`, then `seeds` from the first on."""
    tried = [CAUGHT_BY[name]] if known and name in CAUGHT_BY else []
    for count, seed in enumerate((*tried, *range(first, min(SEEDS, first + seeds))), start=1):
        outcome = run_without(name, seed)
        # With the safeguard in its place the same run must be clean, or it shows nothing.
        if outcome.violations and not run_seed(plan_for(named(name), seed)).violations:
            return Ablation(name, seed, outcome.violations[0].name, count)
    return Ablation(name, None, "", len(tried) + seeds)


def run_ablations(
    progress: Shown = lambda share, what: None,
    quick: bool = False,
    jobs: int = 1,
    names: Sequence[str] = (),
    first: int = 0,
    seeds: int = SEEDS,
) -> list[Ablation]:
    """Remove each safeguard and return what became of it; `quick` runs the seeds of the table alone."""
    chosen = list(names) or [safeguard.name for safeguard in SAFEGUARDS]
    one = partial(ablate, first=first, seeds=0 if quick else seeds)
    found: list[Ablation] = []
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=seldom_collect) as pool:
        for result in pool.map(one, chosen):
            found.append(result)
            progress(len(found) / len(chosen), told(result))
    return found


def told(result: Ablation) -> str:
    """Return what became of one safeguard as half a sentence."""
    end = "survived" if result.seed is None else f"caught by seed {result.seed}, {result.invariant}"
    return f"{result.name}: {end}, {result.tried} tried"


def survivors(quick: bool, jobs: int, show: Shown) -> tuple[int, list[str]]:
    """Return how many safeguards were removed, and which of them nothing noticed; if quick, of every fifth."""
    names = [safeguard.name for safeguard in SAFEGUARDS]
    found = run_ablations(show, quick, jobs, names[:: QUICK_STEP if quick else 1])
    return len(found), [result.name for result in found if result.seed is None]
