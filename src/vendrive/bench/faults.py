"""`vendrive bench faults`: towers with people and faults in virtual time, their safeguards removed one by one, and real
OPC UA bytes over a failing network.
"""

import itertools
import os
import subprocess
import sys

from vendrive.bench.figures import Figure, Target
from vendrive.bench.progress import Bar
from vendrive.simulation.ablations import survivors
from vendrive.simulation.opcua import run_opcua
from vendrive.simulation.run import Outcome
from vendrive.simulation.runner import SHORT_HOURS, Total, failure_text, run_seeds
from vendrive.simulation.tables import idle_classes

JOBS = 2
FULL_S = 180.0
QUICK_S = 12.0
HOURS, HAND_OVERS = 5000.0, 20_000
REPLAYED, REPLAYED_QUICK = 200, 6
OPCUA_HOURS, OPCUA_PARTITIONS = 20.0, 200
QUICK_HOURS, QUICK_PARTITIONS = 0.5, 5
# Starting processes takes a larger share of a few seconds.
QUICK_PACE = 0.5
# So many of the classes of fault may be missing among the few seeds of a quick run.
IDLE_QUICK = 15
QUICK = "quick"


def measure(quick: bool, bar: Bar) -> list[Figure]:
    """Measure all figures of the table."""
    figures = [*_faults(quick, bar), _replays(quick, bar), _ablations(quick, bar), *_opcua(quick, bar)]
    bar.end()
    return figures


def _faults(quick: bool, bar: Bar) -> list[Figure]:
    """Run seeds for three minutes on two cores."""
    limit_s = QUICK_S if quick else FULL_S

    def show(total: Total, outcome: Outcome) -> None:
        if outcome.violations:
            sys.stderr.write(f"\n{failure_text(outcome)}\n")
        bar.show(total.wall_s / limit_s, f"faults: {total.seeds} seeds, {total.tally.hand_overs} hand-overs")

    total = run_seeds(itertools.count(), JOBS, show, lambda so_far: so_far.wall_s >= limit_s)
    share = QUICK_PACE * QUICK_S / FULL_S if quick else 1.0
    note = f"{total.wall_s:.1f} s in {JOBS} processes"
    if quick:
        note = f"{QUICK}; {note} instead of {FULL_S:g} s, targets are {share:.3f} of the full ones"
    idle = idle_classes(total.tally)
    idle_target = Target("<=", IDLE_QUICK) if quick else Target("==", 0)
    idle_note = f"{QUICK}; a few seeds cannot show every class; idle: {', '.join(idle)}" if quick else ", ".join(idle)
    return [
        Figure("fault_hours", round(total.tally.hours), Target(">=", round(HOURS * share)), total.seeds, note),
        Figure("fault_handovers", total.tally.hand_overs, Target(">=", round(HAND_OVERS * share)), total.seeds, note),
        Figure("fault_violations", total.violations, Target("==", 0), total.seeds, note),
        Figure("fault_classes_idle", len(idle), idle_target, total.seeds, idle_note),
    ]


def _replays(quick: bool, bar: Bar) -> Figure:
    """Run the same seeds in two fresh processes with different hash seeds."""
    count = REPLAYED_QUICK if quick else REPLAYED
    bar.show(0.0, f"replays: {count} seeds in two fresh processes")
    with _digests(count, "1") as one, _digests(count, "4242") as other:
        first = []
        for line in one.stdout or ():
            first.append(line.strip())
            bar.show(len(first) / count, f"replays: {len(first)} of {count} seeds in two fresh processes")
        second = other.communicate()[0].split()
    if len(first) != count or len(second) != count:
        raise RuntimeError("a process that should replay seeds ended early")
    different = sum(one != other for one, other in zip(first, second, strict=True))
    note = f"each seed's faults end after {SHORT_HOURS:g} h"
    if quick:
        note = f"{QUICK}; {count} seeds instead of {REPLAYED}; {note}"
    return Figure("replay_mismatches", different, Target("==", 0), count, note)


def _digests(count: int, hash_seed: str) -> "subprocess.Popen[str]":
    program = (
        "from vendrive.simulation.runner import digest_of_short, seldom_collect\n"
        "seldom_collect()\n"
        f"for seed in range({count}): print(digest_of_short(seed), flush=True)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment)


def _ablations(quick: bool, bar: Bar) -> Figure:
    def show(share: float, what: str) -> None:
        bar.show(share, f"ablations: {what}")

    tried, survived = survivors(quick, JOBS, show)
    note = ", ".join(survived)
    if quick:
        note = f"{QUICK}; only some, with the seeds that docs/safeguards.md names; {note}".rstrip("; ")
    return Figure("ablations_survived", len(survived), Target("==", 0), tried, note)


def _opcua(quick: bool, bar: Bar) -> list[Figure]:
    result = run_opcua(quick, lambda share: bar.show(share, "OPC UA over a failing network"))
    sys.stderr.writelines(f"\nOPC UA: {violation}\n" for violation in result.violations)
    hours, partitions = (QUICK_HOURS, QUICK_PARTITIONS) if quick else (OPCUA_HOURS, OPCUA_PARTITIONS)
    note = f"{QUICK}; one seed of those that {OPCUA_HOURS:g} h take" if quick else f"{result.seeds} seeds"
    return [
        Figure("opcua_hours", round(result.hours, 2), Target(">=", hours), result.seeds, note),
        Figure("opcua_partitions", result.partitions, Target(">=", partitions), result.seeds, note),
        Figure("opcua_violations", len(result.violations), Target("==", 0), result.seeds, note),
        Figure("stale_grant_s", round(result.stale_grant_s, 3), Target("<=", 1.0), result.partitions, note),
    ]
