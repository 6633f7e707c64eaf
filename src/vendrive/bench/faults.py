"""`vendrive bench faults`: towers with people and faults in virtual time, their safeguards removed one by one, and real
OPC UA bytes over a failing network.
"""

import os
import subprocess
import sys

from vendrive.bench.figures import Figure, Target
from vendrive.bench.progress import Bar
from vendrive.simulation.ablations import survivors
from vendrive.simulation.opcua import run_opcua
from vendrive.simulation.runner import Total, failure_text, run_seeds
from vendrive.simulation.tables import idle_classes

JOBS = 2
SEEDS = 100_000
FULL_S = 180.0
QUICK_S = 12.0
HOURS, HAND_OVERS = 5000.0, 20_000
REPLAYED, REPLAYED_QUICK = 200, 6
OPCUA_HOURS, OPCUA_PARTITIONS = 20.0, 200
QUICK = "quick: less time, see the full run"


def measure(quick: bool, bar: Bar) -> list[Figure]:
    """Measure all figures of the table."""
    figures = [*_faults(quick, bar), _replays(quick, bar), _ablations(quick, bar), *_opcua(quick, bar)]
    bar.end()
    return figures


def _faults(quick: bool, bar: Bar) -> list[Figure]:
    """Run seeds for three minutes on two cores."""
    limit_s = QUICK_S if quick else FULL_S

    def show(total: Total) -> None:
        bar.show(total.wall_s / limit_s, f"faults: {total.seeds} seeds, {total.tally.hand_overs} hand-overs")

    total = run_seeds(range(SEEDS), JOBS, show, lambda so_far: so_far.wall_s >= limit_s)
    for outcome in total.failures:
        sys.stderr.write(f"\n{failure_text(outcome)}\n")
    share = limit_s / FULL_S
    note = f"{QUICK}; targets are {share:.3f} of the full ones" if quick else f"{total.wall_s:.0f} s on {JOBS} cores"
    idle = idle_classes(total.tally)
    idle_target = Target("<=", len(idle)) if quick else Target("==", 0)
    return [
        Figure("fault_hours", round(total.tally.hours), Target(">=", round(HOURS * share)), total.seeds, note),
        Figure("fault_handovers", total.tally.hand_overs, Target(">=", round(HAND_OVERS * share)), total.seeds, note),
        Figure("fault_violations", total.violations, Target("==", 0), total.seeds, note),
        Figure("fault_classes_idle", len(idle), idle_target, total.seeds, ", ".join(idle)),
    ]


def _replays(quick: bool, bar: Bar) -> Figure:
    """Run the same seeds in two fresh processes with different hash seeds."""
    count = REPLAYED_QUICK if quick else REPLAYED
    bar.show(0.0, f"replays: {count} seeds in two fresh processes")
    running = [_digests(count, hash_seed) for hash_seed in ("1", "4242")]
    first, second = (process.communicate()[0].split() for process in running)
    if len(first) != count or len(second) != count:
        raise RuntimeError("a process that should replay seeds ended early")
    different = sum(one != other for one, other in zip(first, second, strict=True))
    return Figure("replay_mismatches", different, Target("==", 0), count, QUICK if quick else "")


def _digests(count: int, hash_seed: str) -> "subprocess.Popen[str]":
    program = (
        f"from vendrive.simulation.runner import run_numbered\nfor n in range({count}): print(run_numbered(n).digest)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment)


def _ablations(quick: bool, bar: Bar) -> Figure:
    def show(share: float, what: str) -> None:
        bar.show(share, f"ablations: {what}")

    tried, survived = survivors(quick, JOBS, show)
    note = f"{QUICK}; the seeds that docs/safeguards.md names" if quick else ", ".join(survived)
    return Figure("ablations_survived", len(survived), Target("==", 0), tried, note)


def _opcua(quick: bool, bar: Bar) -> list[Figure]:
    result = run_opcua(quick, lambda share: bar.show(share, "OPC UA over a failing network"))
    sys.stderr.writelines(f"\nOPC UA: {violation}\n" for violation in result.violations)
    # A failure must show in the figures: what was granted on stale data is then no number that could be ok.
    stale_s = float("inf") if result.violations else round(result.stale_grant_s, 3)
    hours, partitions = (result.hours, result.partitions) if quick else (OPCUA_HOURS, OPCUA_PARTITIONS)
    note = f"{QUICK}; one seed" if quick else f"{result.seeds} seeds"
    return [
        Figure("opcua_hours", round(result.hours, 2), Target(">=", round(hours, 2)), result.seeds, note),
        Figure("opcua_partitions", result.partitions, Target(">=", partitions), result.seeds, note),
        Figure("stale_grant_s", stale_s, Target("<=", 1.0), result.partitions, note),
    ]
