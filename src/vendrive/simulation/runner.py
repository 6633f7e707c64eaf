"""Many seeds over several processes: progress, sums, and what a person needs to see a failure again."""

import gc
import subprocess
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass, field, replace
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from vendrive.clock import SystemClock
from vendrive.simulation.register import Tally
from vendrive.simulation.run import Outcome, plan_of, run_seed

# Seeds that are handed to the processes before they have ended the last ones.
AHEAD = 2
SHORT_HOURS = 0.75


@dataclass
class Total:
    """What many seeds showed."""

    seeds: int = 0
    tally: Tally = field(default_factory=Tally)
    failures: list[Outcome] = field(default_factory=list)
    wall_s: float = 0.0

    @property
    def violations(self) -> int:
        """How often something happened that must never happen."""
        return sum(len(outcome.violations) for outcome in self.failures)

    def add(self, outcome: Outcome) -> None:
        """Take one more seed into account."""
        self.seeds += 1
        self.tally.add(outcome.tally)
        if outcome.violations:
            self.failures.append(outcome)


def run_numbered(seed: int) -> Outcome:
    """Run a seed as its number plans it."""
    return run_seed(plan_of(seed))


def digest_of_short(seed: int) -> str:
    """Run the first part of a seed, with all its faults and an end as always, and return the hash of its trace."""
    plan = plan_of(seed)
    return run_seed(replace(plan, hours=min(plan.hours, SHORT_HOURS))).digest


def seldom_collect() -> None:
    """A seed makes little garbage that refers to itself: looking for it costs more than it gives."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def outcomes(seeds: Iterable[int], jobs: int) -> Generator[Outcome, None, None]:
    """Yield what became of each seed, as they end; so few are ahead that who stops does not wait for long."""
    numbers = iter(seeds)
    if jobs == 1:
        yield from map(run_numbered, numbers)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=seldom_collect) as pool:
        running = {pool.submit(run_numbered, seed) for seed in islice(numbers, AHEAD * jobs)}
        while running:
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            running |= {pool.submit(run_numbered, seed) for seed in islice(numbers, len(ended))}
            for future in ended:
                yield future.result()


def run_seeds(
    seeds: Iterable[int],
    jobs: int,
    progress: Callable[[Total, Outcome], None] = lambda total, outcome: None,
    enough: Callable[[Total], bool] = lambda total: False,
) -> Total:
    """Run seeds until all are done or it is `enough`."""
    total, started = Total(), SystemClock().monotonic()
    running = outcomes(seeds, jobs)
    for outcome in running:
        total.add(outcome)
        total.wall_s = SystemClock().monotonic() - started
        progress(total, outcome)
        if enough(total):
            running.close()
            break
    total.failures.sort(key=lambda outcome: outcome.plan.seed)
    return total


def failure_text(outcome: Outcome) -> str:
    """Return what is needed to look into a failure: seed, commit, last events, and how to see it again."""
    seed = outcome.plan.seed
    lines = [
        f"seed {seed}: {violation.name} at {violation.at_s:.1f} s: {violation.text}" for violation in outcome.violations
    ]
    return "\n".join(
        (
            *lines,
            f"commit {commit()}",
            f"plan {outcome.plan.layout}, {outcome.plan.hours:.2f} h, faults {', '.join(sorted(outcome.plan.faults))}",
            f"the last {len(outcome.events)} events:",
            *outcome.events,
            f"see it again: vendrive simulate faults --seed {seed} --trace",
        )
    )


def commit() -> str:
    """Return the commit that runs, as git names it; 'unknown' outside a work tree."""
    here = Path(__file__).parent
    command = ["git", "-C", str(here), "describe", "--always", "--dirty", "--abbrev=12"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    return told.stdout.strip() or "unknown"
