"""`vendrive demo`: the whole journey on this machine."""

import argparse
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path

from vendrive.demo.folder import SECOND, STAFF
from vendrive.demo.journey import Journey
from vendrive.demo.once import walk_once
from vendrive.demo.people import load_people
from vendrive.demo.processes import ProgramFailed
from vendrive.demo.running import Demo, running_demo
from vendrive.retail.postgres import PostgresFailed

EXAMPLES = """examples:
  vendrive demo                           start everything and print the addresses; Ctrl-C ends it
  vendrive demo --machine-speed 4         the same with a machine four times as fast
  vendrive demo --once                    one synthetic customer walks the whole journey, then exit
  vendrive demo --once --machine-speed 20 --data /tmp/demo"""


def main() -> int:
    """Run the command and return its exit status: 0, or 1 with a sentence that names what failed."""
    asked = _parser().parse_args()
    try:
        if asked.once:
            return _once(asked.data, asked.machine_speed)
        with running_demo(asked.data or Path(".demo"), asked.machine_speed, usual_ports=True) as demo:
            return _show(demo)
    except (ProgramFailed, PostgresFailed) as error:
        print(f"vendrive demo: {error}", file=sys.stderr)
        return 1


def _once(data: Path | None, machine_speed: float) -> int:
    root = data or Path(tempfile.mkdtemp(prefix="vendrive-"))
    with running_demo(root, machine_speed) as demo:
        journey = Journey(demo, load_people()[0], machine_speed)
        status = walk_once(journey)
        journey.close()
    if status == 0 and data is None:
        shutil.rmtree(root)
    elif status != 0:
        print(f"vendrive demo: the logs are in {root / 'logs'}", file=sys.stderr)
    return status


def _show(demo: Demo) -> int:
    print(f"""
  phone     {demo.web}/
  kiosk     {demo.towers["shanghai"].kiosk_link}
  console   {demo.web}/console/    name {STAFF} or {SECOND}   password {demo.staff_password}

  one-time codes, the calendar and the street:  {demo.web}/demo/
  the kiosk in Nanjing:                         {demo.towers["nanjing"].kiosk_link}

  The machine is simulated, and prices and people are demo ones. Ctrl-C ends it.
""")
    sys.stdout.flush()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    while not ended.wait(1):
        for program in demo.programs.values():
            if program.name != "setup" and not program.running:
                raise ProgramFailed(f"{program.name} ended; see {program.log}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vendrive demo",
        description="The whole journey on this machine: retail, two towers, phone, kiosk and console.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--once", action="store_true", help="one synthetic customer, a timeline, then exit")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="the demo's folder (default: .demo; with --once a new one)"
    )
    parser.add_argument(
        "--machine-speed", type=float, default=1.0, metavar="N", help="divide each motion's time by N (default: 1)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
