"""`python -m vendrive.simulation`: `vendrive simulate faults --seeds N`."""

import argparse
import os
import sys

from vendrive.simulation.run import plan_of, run_seed
from vendrive.simulation.runner import Total, failure_text, run_seeds
from vendrive.simulation.tables import fault_table

EXAMPLE = """examples: vendrive simulate faults --seeds 200          (the first 200 seeds)
          vendrive simulate faults --seed 17 --trace    (one seed, with all that happened last)
          vendrive simulate ablations                   (each safeguard removed, and the seed that catches it)"""


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(
        prog="vendrive simulate",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("what", choices=("faults",), help="towers with people and faults, in virtual time")
    made.add_argument("--seeds", type=int, default=100, metavar="N", help="how many seeds; 100 where none is given")
    made.add_argument("--first", type=int, default=0, metavar="N", help="the first of them")
    made.add_argument("--seed", type=int, default=None, metavar="N", help="this seed alone")
    made.add_argument(
        "--trace", action="store_true", help="with --seed: print the last events also where all went well"
    )
    made.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), metavar="N", help="processes")
    return made


def main() -> int:
    """Run seeds; exit status 1 where something happened that must never happen."""
    arguments = parser().parse_args()
    if arguments.seed is not None:
        return _one(arguments.seed, arguments.trace)
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    total = run_seeds(seeds, arguments.jobs, lambda so_far: _show(so_far, arguments.seeds))
    print(file=sys.stderr)
    for outcome in total.failures:
        print(failure_text(outcome))
    print(_summary(total))
    print(fault_table(total.tally))
    return 1 if total.failures else 0


def _one(seed: int, trace: bool) -> int:
    outcome = run_seed(plan_of(seed), trace)
    if outcome.violations:
        print(failure_text(outcome))
    elif trace:
        print("\n".join(outcome.events))
    total = Total()
    total.add(outcome)
    print(_summary(total))
    print(f"trace {outcome.digest}")
    return 1 if outcome.violations else 0


def _summary(total: Total) -> str:
    tally = total.tally
    return (
        f"{total.seeds} seeds, {tally.hours:.0f} tower-hours, {tally.hand_overs} hand-overs, {tally.returns} returns, "
        f"{total.violations} violations; moves prevented: {tally.by_us} by the station, {tally.by_plc} by the safety PLC; "
        f"{total.wall_s:.0f} s"
    )


def _show(total: Total, seeds: int) -> None:
    print(f"\r{total.seeds}/{seeds} seeds, {total.tally.hand_overs} hand-overs", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
