"""`vendrive tower`: simulate a tower, compare policies, find out how large a tower must be."""

import argparse
import json
import shlex
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from math import isfinite
from pathlib import Path

from vendrive.design.messages import LANGUAGES
from vendrive.planning.compare import compare
from vendrive.planning.life import Life, Setting, day_for
from vendrive.planning.policies import DEFAULT, POLICIES
from vendrive.planning.report.compared import compared
from vendrive.planning.report.page import Page, render
from vendrive.planning.report.simulated import simulated
from vendrive.planning.report.sized import sized
from vendrive.planning.results import summarise
from vendrive.planning.size import Goal, last_setting, size
from vendrive.tower.layout import Layout, LayoutError, load_layout, parse_layout

EXAMPLE = """examples: vendrive tower simulate --layout guangzhou42 --days 28 --seed 1 --report page.html
          vendrive tower simulate --layout my-tower.toml --without L1 --without B2
          vendrive tower compare --layout carvana34 --seeds 10 --report page.html --lang zh
          vendrive tower size --hand-outs 30 --share 0.99 --within 120 --report page.html"""
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
    simulate.add_argument("--seed", type=int, default=1, metavar="N", help="1 where none is given")
    versus = commands.add_parser("compare", help="all policies against the baseline, with the same customers")
    _layout(versus)
    versus.add_argument("--seeds", type=_count, default=10, metavar="N", help="how many; 10 where none is given")
    sizing = commands.add_parser("size", help="the smallest tower that keeps a promise")
    sizing.add_argument("--share", type=_share, default=0.99, help="of all customers; 0.99")
    sizing.add_argument("--within", type=_positive, default=120.0, metavar="S", help="seconds; 120")
    sizing.add_argument("--policy", choices=sorted(POLICIES), default=DEFAULT)
    for command in (simulate, versus, sizing):
        command.add_argument("--days", type=_count, default=28, metavar="N", help="28 where none are given")
        command.add_argument("--hand-outs", type=_positive, metavar="N", help="a day")
        command.add_argument("--json", action="store_true", help="one value and nothing else on standard output")
        command.add_argument("--report", type=Path, metavar="FILE", help="write a page (HTML) with plots")
        command.add_argument("--lang", choices=LANGUAGES, default="en", help="the language of the page")
    return made


def _layout(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--layout",
        default="guangzhou42",
        metavar="NAME",
        help="a layout of the program, or a file (.toml)",
    )
    command.add_argument(
        "--without", action="append", default=[], metavar="PART", help="a lift, bay or slot that is out of service"
    )
    command.add_argument("--chargers", type=int, default=4, metavar="N", help="slots with a charger; 4")
    command.add_argument("--services", type=float, default=0.0, metavar="N", help="cars that staff fetch a day; 0")


def _positive(text: str) -> float:
    value = float(text)
    if not (isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"{text}: must be more than 0")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be 1 or more")
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text}: must lie between 0 and 1, as 0.99")
    return value


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
    except (LayoutError, OSError) as error:
        print(f"vendrive tower: {error}", file=sys.stderr)
        return 2


def layout_of(name: str) -> Layout:
    """Return a layout of the program, or one from a file."""
    path = Path(name)
    if path.suffix != ".toml":
        return load_layout(name)
    try:
        return parse_layout(path.read_text(encoding="utf-8"), name)
    except UnicodeDecodeError as error:
        raise LayoutError(name, "all of it", "it is no text in UTF-8") from error


def setting_of(arguments: argparse.Namespace, policy: str, seed: int) -> Setting:
    """Return what the command line asks for; LayoutError for a part that the tower does not have."""
    layout, without = layout_of(arguments.layout), frozenset(arguments.without)
    parts = [*(lift.name for lift in layout.lifts), *(place.name for place in layout.places)]
    for part in sorted(without - set(parts)):
        raise LayoutError(arguments.layout, "--without", f"there is no {part}; choose of {', '.join(parts[:12])} …")
    day = replace(day_for(layout), services=arguments.services)
    if arguments.hand_outs:
        day = replace(day, hand_outs=arguments.hand_outs)
    return Setting(layout, POLICIES[policy](), seed, arguments.days, day, chargers=arguments.chargers, failed=without)


def simulate_one(arguments: argparse.Namespace) -> int:
    """Simulate one tower and print its figures."""
    setting = setting_of(arguments, arguments.policy, arguments.seed)
    record = Life(setting).run(lambda share: bar(share, f"{setting.layout.name}, {setting.policy.name}"))
    end_bar()
    summary = summarise([record])
    figures = {name: value if isfinite(value) else None for name, value in summary.figures.items()}
    print(json.dumps(asked(arguments) | figures) if arguments.json else "\n".join(summary.lines()))
    write(arguments, lambda command: simulated(arguments.lang, setting, record, command))
    return 0


def compare_all(arguments: argparse.Namespace) -> int:
    """Compare all policies with the baseline and print the differences."""
    setting = setting_of(arguments, "baseline", 0)
    found = compare(setting, range(1, arguments.seeds + 1), bar)
    end_bar()
    if arguments.json:
        rows = [{**asdict(row), "worse": row.is_worse} for row in found]
        print(json.dumps(asked(arguments) | {"differences": rows}))
    else:
        print(f"{'policy':<12}{'figure':<22}{'baseline':>10}{'policy':>10}{'difference, 95 %':>28}")
        for row in found:
            interval = f"{row.mean:+.1f} [{row.low:+.1f}, {row.high:+.1f}]"
            numbers = f"{row.baseline:>10.1f}{row.value:>10.1f}{interval:>28}"
            print(f"{row.policy:<12}{row.figure:<22}{numbers}  {row.verdict}")
    write(arguments, lambda command: compared(arguments.lang, setting, arguments.seeds, found, command))
    return 0


def find_size(arguments: argparse.Namespace) -> int:
    """Find the smallest tower; exit status 1 where none of those that were tried is large enough."""
    goal, policy = Goal(arguments.hand_outs or 30.0, arguments.share, arguments.within), POLICIES[arguments.policy]
    found = size(goal, policy, arguments.days, bar)
    end_bar()
    enough = found.enough
    if arguments.json:
        answer = {"enough": asdict(enough) if enough else None, "tried": [asdict(one) for one in found.tried]}
        print(json.dumps(asked(arguments) | answer | {"without": {k: asdict(v) for k, v in found.without.items()}}))
    else:
        for one in found.tried:
            print(f"{_tower(one.parts)}: {one.said(goal)}{'  <- enough' if one.enough else ''}")
        for part, one in found.without.items():
            print(f"the last one without {part}: {one.said(goal)}")
    write(arguments, lambda command: sized(arguments.lang, found, last_setting(found, policy()), command))
    return 0 if enough else 1


def _tower(parts: tuple[int, int, int]) -> str:
    return "{} lifts {} bays {:>3} slots".format(*parts)


def asked(arguments: argparse.Namespace) -> dict[str, object]:
    """Return what was asked for, so that a result says what it is of."""
    told = {name: value for name, value in vars(arguments).items() if name not in ("json", "report", "lang")}
    return {"asked": told}


def write(arguments: argparse.Namespace, page: Callable[[str], Page]) -> None:
    """Write the page, if one is wanted; it says how to make it again."""
    if arguments.report:
        command = shlex.join(["vendrive", "tower", *sys.argv[1:]])
        arguments.report.write_text(render(page(command)), encoding="utf-8")
        print(f"written: {arguments.report}", file=sys.stderr)


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
