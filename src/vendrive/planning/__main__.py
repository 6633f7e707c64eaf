"""`vendrive tower`: simulate a tower, compare policies, find out how large a tower must be."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from math import isfinite
from pathlib import Path

from vendrive.planning.compare import compare
from vendrive.planning.life import Life, Setting, day_for
from vendrive.planning.policies import DEFAULT, POLICIES
from vendrive.planning.report import report
from vendrive.planning.results import summarise
from vendrive.planning.size import Goal, size
from vendrive.tower.layout import LayoutError, load_layout

EXAMPLE = """examples: vendrive tower simulate --layout guangzhou42 --days 28 --seed 1 --report page.html
          vendrive tower compare --layout carvana34 --seeds 10
          vendrive tower size --hand-outs 30 --share 0.99 --within 120"""
BAR = 30


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(
        prog="vendrive tower", description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = made.add_subparsers(dest="command", required=True)
    simulate = commands.add_parser("simulate", help="one tower, some days, one policy")
    _layout(simulate)
    simulate.add_argument("--policy", choices=sorted(POLICIES), default=DEFAULT)
    simulate.add_argument("--seed", type=int, default=1, metavar="N")
    simulate.add_argument("--report", type=Path, metavar="FILE", help="write a page (HTML) with plots")
    versus = commands.add_parser("compare", help="all policies against the baseline, with the same customers")
    _layout(versus)
    versus.add_argument("--seeds", type=int, default=10, metavar="N", help="how many; 10 where none is given")
    sizing = commands.add_parser("size", help="the smallest tower that keeps a promise")
    sizing.add_argument("--share", type=float, default=0.99, help="of booked customers; 0.99 where none is given")
    sizing.add_argument("--within", type=float, default=120.0, metavar="S", help="seconds; 120 where none are given")
    sizing.add_argument("--policy", choices=sorted(POLICIES), default=DEFAULT)
    for command in (simulate, versus, sizing):
        command.add_argument("--days", type=int, default=28, metavar="N", help="28 where none are given")
        command.add_argument("--hand-outs", type=float, metavar="N", help="a day")
        command.add_argument("--json", action="store_true", help="one value and nothing else on standard output")
    return made


def _layout(command: argparse.ArgumentParser) -> None:
    command.add_argument("--layout", default="guangzhou42", metavar="NAME", help="a layout that comes with the program")


def main() -> int:
    """Do what was asked; exit status 2 where it could not be done."""
    arguments = parser().parse_args()
    run: dict[str, Callable[[argparse.Namespace], int]] = {
        "simulate": simulate_one,
        "compare": compare_all,
        "size": find_size,
    }
    try:
        return run[arguments.command](arguments)
    except (LayoutError, FileNotFoundError) as error:
        print(f"vendrive tower: {error}", file=sys.stderr)
        return 2


def setting_of(arguments: argparse.Namespace, policy: str, seed: int) -> Setting:
    """Return what the command line asks for."""
    layout = load_layout(arguments.layout)
    day = day_for(layout)
    if arguments.hand_outs:
        day = replace(day, hand_outs=arguments.hand_outs)
    return Setting(layout, POLICIES[policy](), seed, arguments.days, day)


def simulate_one(arguments: argparse.Namespace) -> int:
    """Simulate one tower and print its figures."""
    setting = setting_of(arguments, arguments.policy, arguments.seed)
    record = Life(setting).run(lambda share: bar(share, f"{setting.layout.name}, {setting.policy.name}"))
    end_bar()
    summary = summarise([record])
    figures = {name: value if isfinite(value) else None for name, value in summary.figures.items()}
    print(json.dumps(figures) if arguments.json else "\n".join(summary.lines()))
    if arguments.report:
        arguments.report.write_text(report(setting, record), encoding="utf-8")
    return 0


def compare_all(arguments: argparse.Namespace) -> int:
    """Compare all policies with the baseline and print the differences."""
    found = compare(setting_of(arguments, "baseline", 0), range(1, arguments.seeds + 1), bar)
    end_bar()
    if arguments.json:
        print(json.dumps([{**asdict(row), "worse": row.is_worse} for row in found], default=str))
        return 0
    print(f"{'policy':<12}{'figure':<22}{'baseline':>10}{'policy':>10}{'difference, 95 %':>28}")
    for row in found:
        interval = f"{row.mean:+.1f} [{row.low:+.1f}, {row.high:+.1f}]"
        print(f"{row.policy:<12}{row.figure:<22}{row.baseline:>10.1f}{row.value:>10.1f}{interval:>28}  {row.verdict}")
    return 0


def find_size(arguments: argparse.Namespace) -> int:
    """Find the smallest tower; exit status 1 where none of those that were tried is large enough."""
    goal = Goal(arguments.hand_outs or 30.0, arguments.share, arguments.within)
    tried = size(goal, POLICIES[arguments.policy], arguments.days, bar)
    end_bar()
    enough = tried[-1].enough
    if arguments.json:
        print(json.dumps({"enough": asdict(tried[-1]) if enough else None, "tried": [asdict(one) for one in tried]}))
        return 0 if enough else 1
    for one in tried:
        kept = f"{100 * one.share:5.1f} % within {goal.within_s:.0f} s, returns p95 {one.return_p95_s:.0f} s"
        print(
            f"{one.lifts} lifts {one.bays} bays {one.slots:>3} slots: {kept}, no car for {one.refused}, "
            f"lifts at work {100 * one.lift_use:.1f} %{'  <- enough' if one.enough else ''}"
        )
    return 0 if enough else 1


def bar(share: float, what: str) -> None:
    """Show on standard error how much is done."""
    done = round(share * BAR)
    sys.stderr.write(f"\r[{'#' * done}{'.' * (BAR - done)}] {what:<50}")
    sys.stderr.flush()


def end_bar() -> None:
    """Leave the line of the bar."""
    sys.stderr.write("\n")


if __name__ == "__main__":
    sys.exit(main())
