"""Each safeguard removed with its backups: some seed must catch what then happens, or the safeguard is not tested."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from vendrive.simulation.caught import CAUGHT_BY
from vendrive.simulation.run import Outcome, plan_of, run_seed
from vendrive.simulation.safeguards import SAFEGUARDS, Safeguard

# A safeguard that no seed below this catches has survived.
SEEDS = 1000
Shown = Callable[[float, str], None]


def candidates(safeguard: Safeguard) -> Iterator[int]:
    """Yield the seeds that may catch it: the one of the table first, then those with its faults and its tower."""
    known = CAUGHT_BY.get(safeguard.name)
    if known is not None:
        yield known
    for seed in range(SEEDS):
        plan = plan_of(seed)
        faults = not safeguard.classes or bool(plan.faults.intersection(safeguard.classes))
        tower = plan.layout == safeguard.layout if safeguard.layout else plan.layout != "autostadt400"
        if faults and tower and seed != known:
            yield seed


def run_without(name: str, seed: int) -> Outcome:
    """Run a seed without one safeguard."""
    safeguard = next(safeguard for safeguard in SAFEGUARDS if safeguard.name == name)
    with safeguard.removed():
        return run_seed(plan_of(seed))


def catch(name: str, tries: int) -> tuple[str, int, str]:
    """Return the seed that catches a removed safeguard and how; -1 where none of `tries` seeds does."""
    safeguard = next(safeguard for safeguard in SAFEGUARDS if safeguard.name == name)
    for _, seed in zip(range(tries), candidates(safeguard), strict=False):
        outcome = run_without(name, seed)
        if outcome.violations:
            return name, seed, outcome.violations[0].name
    return name, -1, ""


def caught(tries: int, jobs: int, show: Shown = lambda share, what: None) -> list[tuple[str, int, str]]:
    """Return what catches each safeguard."""
    found: list[tuple[str, int, str]] = []
    names = [safeguard.name for safeguard in SAFEGUARDS]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for result in pool.map(catch, names, [tries] * len(names)):
            found.append(result)
            show(len(found) / len(names), f"{result[0]}: seed {result[1]} {result[2]}")
    return found


def survivors(quick: bool, jobs: int, show: Shown) -> tuple[int, list[str]]:
    """Return how many safeguards were removed, and which of them nothing noticed."""
    found = caught(1 if quick else SEEDS, jobs, show)
    return len(found), [name for name, seed, _ in found if seed < 0]
