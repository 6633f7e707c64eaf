"""`vendrive PROGRAM …`: starts one of the house's programs, importing none of them.

A tower's computer runs `vendrive station` and never loads Django; retail never loads the machine's protocol.
"""

import importlib.util
import os
import sys

PROGRAMS = {
    "demo": "the whole journey on this machine: retail, two towers, phone, kiosk and console",
    "retail": "bookings, people, money, the phone pages and the console",
    "station": "the program at a tower: passes, machine, kiosk, journal",
    "plant": "the simulated tower behind a real OPC UA server",
    "simulate": "towers with people and faults in virtual time",
    "tower": "policies compared and towers sized, in simulated days",
    "scan": "training of the model that recognises cars",
    "bench": "the measured figures",
}
# A program's package, where it has another name.
PACKAGES = {"simulate": "simulation", "tower": "planning", "scan": "vision"}


def usage() -> str:
    """Return the help text."""
    lines = [f"  {name:<9} {what}" for name, what in PROGRAMS.items() if _exists(name)]
    return "\n".join(
        (
            "usage: vendrive PROGRAM [OPTION …]",
            "",
            *lines,
            "",
            "example: vendrive demo --once      (one synthetic customer, then exit)",
            "         vendrive station --help   (the options of a program)",
        )
    )


def main() -> int:
    """Replace this process by the program that was asked for."""
    asked = sys.argv[1:2]
    if asked in ([], ["-h"], ["--help"]):
        print(usage())
        return 0 if asked else 2
    name = asked[0]
    if name not in PROGRAMS or not _exists(name):
        print(f"vendrive: there is no program {name!r}\n\n{usage()}", file=sys.stderr)
        return 2
    os.execv(sys.executable, [sys.executable, "-m", f"vendrive.{PACKAGES.get(name, name)}", *sys.argv[2:]])  # noqa: S606
    return 0


def _exists(name: str) -> bool:
    return importlib.util.find_spec(f"vendrive.{PACKAGES.get(name, name)}.__main__") is not None
