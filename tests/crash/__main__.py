"""`make crash`: processes die at every point of every operation, and under load; nothing is lost or happens twice."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.support.retail_world import retail_world

EXAMPLE = "example: make crash ARGS='--only book --point \"after COMMIT 1\"'"


def main() -> int:
    """Run; 0 where everything is as it must be, 1 where something is not."""
    parser = argparse.ArgumentParser(prog="make crash", description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--only", help="this one operation")
    parser.add_argument("--point", help="this one point of it")
    parser.add_argument("--sample", action="store_true", help="one point of each operation")
    parser.add_argument("--load-s", type=float, default=60.0, help="how long 8 clients run with kills; 0: not at all")
    parser.add_argument("--web-s", type=float, default=60.0, help="how long web workers are killed; 0: not at all")
    parser.add_argument("--unlocked", action="store_true", help="no locks, no constraints, to see that this is noticed")
    parser.add_argument("--no-points", action="store_true", help="the load alone")
    parser.add_argument("--forgetful", action="store_true", help="remember no key, to see that this is noticed")
    asked = parser.parse_args()
    with retail_world() as server, tempfile.TemporaryDirectory() as folder:
        from tests.crash.campaign import Campaign  # noqa: PLC0415 - models, once Django is set up

        campaign = Campaign(server, Path(folder), started_s=time.monotonic())
        if asked.forgetful:
            campaign.forget_keys()
        if not asked.no_points:
            campaign.points(asked.only, asked.point, asked.sample)
        if asked.load_s and not asked.only:
            campaign.load(asked.load_s, asked.unlocked)
        if asked.web_s and not asked.only and not asked.unlocked:
            campaign.web(asked.web_s)
    return campaign.told()


if __name__ == "__main__":
    sys.exit(main())
