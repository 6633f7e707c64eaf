"""`python -m vendrive.station.adapters`: make an adapter for a new vendor, or look how far one is."""

import argparse
import sys
from pathlib import Path

from vendrive.station.adapters.making import NotMade, new_adapter
from vendrive.station.adapters.quality import SCALE, QualityWrong, read_quality

PROG = "python -m vendrive.station.adapters"
EXAMPLE = f"""example: {PROG} new acme_park --into .      (writes the folder ./acme_park)
         {PROG} quality acme_park           (what is done, to do and exempt)"""


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(
        prog=PROG, description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = made.add_subparsers(dest="verb", required=True, metavar="VERB")
    new = verbs.add_parser("new", help="write the folder of a new adapter", epilog=EXAMPLE.splitlines()[0])
    new.add_argument("name", metavar="NAME", help="small letters, digits and underscores: acme_park")
    new.add_argument("--into", type=Path, default=Path(), metavar="DIR", help="where the folder goes (default: here)")
    quality = verbs.add_parser("quality", help="list what an adapter has done, has to do, and is exempt from")
    quality.add_argument("folder", type=Path, metavar="FOLDER", help="the adapter's folder, with its quality.yaml")
    return made


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 2 where it cannot."""
    asked = parser().parse_args(arguments)
    try:
        if asked.verb == "new":
            print(f"{new_adapter(asked.name, asked.into)} is made: begin with its README.md")
        else:
            print(table(asked.folder))
    except (NotMade, QualityWrong) as error:
        print(f"{PROG}: {error}", file=sys.stderr)
        return 2
    return 0


def table(folder: Path) -> str:
    """Return the rules of the scale with how far the adapter is, one line each."""
    marks = {mark.rule: mark for mark in read_quality(folder / "quality.yaml")}
    lines = [f"{marks[rule].status:<7} {rule:<16} {marks[rule].reason or what}" for rule, what in SCALE.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
