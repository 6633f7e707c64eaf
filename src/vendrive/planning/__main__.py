"""`vendrive tower`: simulate a tower, compare policies, find out how large a tower must be."""

import argparse
import json
import sys
from math import isfinite

from vendrive.planning.life import Life, Setting, day_for
from vendrive.planning.policies import DEFAULT, POLICIES
from vendrive.planning.results import Summary, summarise
from vendrive.tower.layout import LayoutError, load_layout

EXAMPLE = """examples: vendrive tower simulate --layout guangzhou42 --days 28 --policy foresight --seed 1"""


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(
        prog="vendrive tower", description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = made.add_subparsers(dest="command", required=True)
    simulate = commands.add_parser("simulate", help="one tower, some days, one policy")
    _common(simulate)
    simulate.add_argument("--policy", choices=sorted(POLICIES), default=DEFAULT)
    simulate.add_argument("--seed", type=int, default=1, metavar="N")
    return made


def _common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--layout", default="guangzhou42", metavar="NAME", help="a layout that comes with the program")
    command.add_argument("--days", type=int, default=28, metavar="N")
    command.add_argument("--hand-outs", type=float, default=None, metavar="N", help="a day; else as the slots allow")
    command.add_argument("--json", action="store_true", help="one object and nothing else on standard output")


def main() -> int:
    """Do what was asked; exit status 2 where it could not be done."""
    arguments = parser().parse_args()
    try:
        return simulate(arguments)
    except (LayoutError, FileNotFoundError) as error:
        print(f"vendrive tower: {error}", file=sys.stderr)
        return 2


def simulate(arguments: argparse.Namespace) -> int:
    """Simulate one tower and print its figures."""
    layout = load_layout(arguments.layout)
    setting = Setting(layout, POLICIES[arguments.policy](), arguments.seed, arguments.days, day_for(layout))
    record = Life(setting).run()
    show(summarise([record]), arguments.json)
    return 0


def show(summary: Summary, as_json: bool) -> None:
    """Print figures; what is not a number is null in JSON."""
    if as_json:
        print(json.dumps({name: value if isfinite(value) else None for name, value in summary.figures.items()}))
    else:
        print("\n".join(summary.lines()))


if __name__ == "__main__":
    sys.exit(main())
