"""`vendrive scan`: training of the model that recognises cars, and a look at where it fails."""

import argparse
import importlib.util
import os
import sys
from pathlib import Path

from vendrive.vision.failures import draw_failures
from vendrive.vision.training.options import TRAIN_EXAMPLE, add_options

EXAMPLE = """examples: vendrive scan train --photos DIR --start FILE --out DIR   (vendrive scan train --help says more)
          vendrive scan failures --photos DIR --out /tmp/failures.jpg"""
LIBRARIES = ("torch", "onnx")


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    shape = argparse.RawDescriptionHelpFormatter
    made = argparse.ArgumentParser(prog="vendrive scan", description=__doc__, epilog=EXAMPLE, formatter_class=shape)
    whats = made.add_subparsers(dest="what", required=True, metavar="WHAT")
    told = "train an encoder and a gate on your own photos"
    train = whats.add_parser("train", help=told, description=told, epilog=TRAIN_EXAMPLE, formatter_class=shape)
    add_options(train)
    sheet = whats.add_parser("failures", help="a sheet of photos whose model was not found, with what was")
    sheet.add_argument("--photos", type=Path, required=True, help="folder with labels.csv and the photos")
    sheet.add_argument("--out", type=Path, required=True, help="JPEG to write; not inside a repository")
    sheet.add_argument("--count", type=int, default=40)
    return made


def main() -> int:
    """Do it; 2 where something is missing."""
    arguments = parser().parse_args()
    if arguments.what == "failures":
        return _failures(arguments)
    missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        print(f'vendrive scan train needs {", ".join(missing)}: pip install "vendrive[train]"', file=sys.stderr)
        return 2
    os.execv(sys.executable, [sys.executable, "-m", "vendrive.vision.training", *sys.argv[2:]])  # noqa: S606
    return 0


def _failures(arguments: argparse.Namespace) -> int:
    try:
        count = draw_failures(arguments.photos, arguments.out, arguments.count)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{arguments.out}: {count} photos; delete it when you have looked")
    return 0


if __name__ == "__main__":
    sys.exit(main())
