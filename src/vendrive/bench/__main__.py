"""`python -m vendrive.bench NAME`: measure one table of figures."""

import argparse
import json
import logging
import sys
from collections.abc import Callable

from vendrive.bench import faults, flash, scan, tower
from vendrive.bench.figures import Figure
from vendrive.bench.progress import Bar

Bench = Callable[[bool, Bar], list[Figure]]
BENCHES: dict[str, Bench] = {
    "faults": faults.measure,
    "flash": flash.measure,
    "scan": scan.measure,
    "tower": tower.measure,
}
EXAMPLE = "example: vendrive bench faults --quick --json"


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(prog="vendrive bench", description=__doc__, epilog=EXAMPLE)
    made.add_argument("name", choices=sorted(BENCHES), help="which table")
    made.add_argument("--json", action="store_true", help="one list of rows and nothing else on standard output")
    made.add_argument("--quick", action="store_true", help="under 50 s; each note says what is left out")
    return made


def main() -> int:
    """Measure; 0 where every figure is as it is to be, 1 where one is not, 2 where it could not be measured."""
    arguments = parser().parse_args()
    try:
        figures = BENCHES[arguments.name](arguments.quick, Bar(sys.stderr))
    except Exception:
        logging.exception("%s could not be measured", arguments.name)
        return 2
    if arguments.json:
        print(json.dumps([figure.row() for figure in figures]))
    else:
        print("\n".join(figure.line() for figure in figures))
    return 0 if all(figure.ok for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
