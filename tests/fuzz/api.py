"""`make fuzz`, third part: requests made of the OpenAPI document, with the seed that makes the same ones again."""

import argparse
import sys

from tests.support.retail_world import retail_world
from vendrive.ids import digits

CASES = 20_000


def main() -> int:
    """Ask; the first wrong answer ends the campaign and is shown with its request."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.api", description=__doc__)
    parser.add_argument("--seed", type=int, help="repeat this campaign (default: another one each time)")
    parser.add_argument("--cases", type=int, default=CASES, help="requests in all (default: %(default)s)")
    asked = parser.parse_args()
    number = int(digits(6)) if asked.seed is None else asked.seed
    sys.stdout.write(f"api: seed {number}\n")
    with retail_world():
        from tests.fuzz.api_campaign import campaign  # noqa: PLC0415 - models, once Django is set up

        campaign(asked.cases, number)
    return 0


if __name__ == "__main__":
    sys.exit(main())
