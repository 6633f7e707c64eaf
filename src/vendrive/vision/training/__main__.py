"""`python -m vendrive.vision.training`: what `vendrive scan train` starts once its libraries are there."""

import argparse
import logging
import sys

from vendrive.clock import SystemClock
from vendrive.vision.training.options import add_options, asked_of
from vendrive.vision.training.train import train

WIDTH = 30


def main() -> int:
    """Train; 0 when the model is written, 2 where something is missing, 130 when stopped."""
    made = argparse.ArgumentParser(prog="vendrive scan train")
    add_options(made)
    try:
        card = train(asked_of(made.parse_args()), SystemClock(), show)
    except (OSError, ValueError) as error:
        logging.error("%s", error)
        return 2
    except KeyboardInterrupt:
        print("\nstopped: the same command goes on from the last checkpoint", file=sys.stderr)
        return 130
    print("\n" + card.model_dump_json(indent=2))
    return 0


def show(share: float, what: str) -> None:
    """Show how much is done, from 0 to 1."""
    done = round(min(max(share, 0.0), 1.0) * WIDTH)
    print(f"\r[{'#' * done}{'.' * (WIDTH - done)}] {what:<60}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
