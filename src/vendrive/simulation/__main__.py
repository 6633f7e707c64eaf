"""Towers with people and faults in virtual time, and what proves that a fault would be seen."""

import argparse
import os
import sys
from pathlib import Path

from vendrive.simulation.ablations import SEEDS, Ablation, run_ablations, told
from vendrive.simulation.run import Outcome, plan_of, run_seed
from vendrive.simulation.runner import Total, failure_text, run_seeds
from vendrive.simulation.safeguards import SAFEGUARDS
from vendrive.simulation.scenarios import SCENARIOS, Failed, play
from vendrive.simulation.tables import document, fault_table

EXAMPLE = """examples: vendrive simulate faults --seeds 200          (the first 200 seeds)
          vendrive simulate faults --seed 17 --trace    (one seed, with all that happened last)
          vendrive simulate ablations                   (each safeguard removed, and the seed that catches it)
          vendrive simulate ablations --only at_level   (one of them)
          vendrive simulate scenario                    (the disasters of the field, by name)
          vendrive simulate scenario hoboken_2008       (one of them, with its events)
          vendrive simulate document                    (writes docs/safeguards.md anew)"""
SEEDS_SHOWN = 100
DOCUMENT = Path("docs/safeguards.md")


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(
        prog="vendrive simulate",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("what", choices=("faults", "ablations", "scenario", "document"), help="what to simulate")
    made.add_argument(
        "name",
        nargs="?",
        default="",
        choices=("", *SCENARIOS),
        metavar="NAME",
        help="scenario: which; without a name they are listed",
    )
    made.add_argument("--seeds", type=_count, default=None, metavar="N", help="how many; 100 faults, 1000 ablations")
    made.add_argument("--first", type=_number, default=0, metavar="N", help="the first of them")
    made.add_argument("--seed", type=_number, default=None, metavar="N", help="this seed alone")
    made.add_argument("--only", default="", choices=("", *names()), metavar="NAME", help="ablations: this safeguard")
    made.add_argument(
        "--trace", action="store_true", help="with --seed: print the last events also where all went well"
    )
    made.add_argument("--jobs", type=_count, default=min(2, os.cpu_count() or 1), metavar="N", help="processes")
    return made


def _number(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 on")
    return int(text)


def _count(text: str) -> int:
    """None would show that nothing went wrong in no seed at all."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def names() -> list[str]:
    """Return the names of all safeguards."""
    return [safeguard.name for safeguard in SAFEGUARDS]


def main() -> int:
    """Simulate; exit status 1 where something happened that must never happen, or a safeguard is missed by nobody."""
    made = parser()
    arguments = made.parse_args()
    if arguments.name and arguments.what != "scenario":
        made.error(f"{arguments.name} is a scenario: vendrive simulate scenario {arguments.name}")
    match arguments.what:
        case "ablations":
            return _ablations(arguments)
        case "scenario":
            return _scenario(arguments.name)
        case "document":
            return _document(arguments.seeds or SEEDS_SHOWN, arguments.jobs)
    if arguments.seed is not None:
        return _one(arguments.seed, arguments.trace)
    total = _faults(arguments.first, arguments.seeds or SEEDS_SHOWN, arguments.jobs)
    print(_summary(total))
    print(fault_table(total.tally))
    return 1 if total.failures else 0


def _faults(first: int, seeds: int, jobs: int) -> Total:
    """Run seeds, and tell each failure when it is found."""

    def show(total: Total, outcome: Outcome) -> None:
        if outcome.violations:
            print(f"\n{failure_text(outcome)}", flush=True)
        done = f"{total.seeds}/{seeds} seeds, {total.tally.hand_overs} hand-overs, {total.violations} violations"
        print(f"\r{done}", end="", file=sys.stderr, flush=True)

    total = run_seeds(range(first, first + seeds), jobs, show)
    print(file=sys.stderr)
    return total


def _ablations(arguments: argparse.Namespace) -> int:
    only = [arguments.only] if arguments.only else []
    seeds = SEEDS if arguments.seeds is None else arguments.seeds
    found = run_ablations(_progress, False, arguments.jobs, only, arguments.first, seeds)
    print(file=sys.stderr)
    for result in found:
        print(told(result))
    survived = [result.name for result in found if result.seed is None]
    print(f"{len(found)} safeguards removed, {len(survived)} not missed: {', '.join(survived) or 'none'}")
    return 1 if survived else 0


def _scenario(name: str) -> int:
    if not name:
        print("\n".join(f"{scenario}: {' '.join((act.__doc__ or '').split())}" for scenario, act in SCENARIOS.items()))
        return 0
    try:
        world = play(name)
    except Failed as failed:
        print(f"{name} failed: {failed}")
        return 1
    print("\n".join(world.register.events))
    for violation in world.invariants.violations:
        print(f"{violation.name}: {violation.text}")
    return 1 if world.invariants.violations else 0


def _document(seeds: int, jobs: int) -> int:
    found: list[Ablation] = run_ablations(_progress, True, jobs)
    total = _faults(0, seeds, jobs)
    DOCUMENT.write_text(document(found, total, seeds), encoding="utf-8")
    print(f"{DOCUMENT} is written: {len(found)} safeguards, {total.seeds} seeds, {total.violations} violations")
    return 1 if total.failures or any(result.seed is None for result in found) else 0


def _progress(share: float, what: str) -> None:
    print(f"\r{share:4.0%} {what:100.100}", end="", file=sys.stderr, flush=True)


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
        f"{total.violations} violations; "
        f"moves prevented: {tally.by_us} by the station, {tally.by_plc} by the safety PLC; {total.wall_s:.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
