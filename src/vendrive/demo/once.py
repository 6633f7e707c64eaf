"""`vendrive demo --once`: the journey as a timeline, and its end state read by a process of its own."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import IO

from vendrive.demo.journey import Journey, StepFailed
from vendrive.demo.running import Demo

CHECK = "end state"
Faults = Mapping[str, Callable[[Journey], None]]


def walk_once(journey: Journey, out: IO[str] = sys.stdout, before: Faults | None = None) -> int:
    """Walk the journey and print it; return 0, or 1 with the step that failed named on the last line.

    `before` runs ahead of a step: tests plant their faults there.
    """
    clock = journey.demo.calendar
    started = clock.monotonic()
    try:
        for step in journey.walk(before):
            print(f"{step.took_s:8.2f} s  {step.step:<20} {step.told}", file=out, flush=True)
        if before and CHECK in before:
            before[CHECK](journey)
        print(_check(journey.demo, journey), file=out)
    except StepFailed as failed:
        print(f"vendrive demo: {failed}", file=out, flush=True)
        return 1
    total, speed = clock.monotonic() - started, journey.machine_speed
    print(f"{total:8.2f} s  in all, with the machine at {speed:g} times its real speed", file=out, flush=True)
    return 0


def _check(demo: Demo, journey: Journey) -> str:
    began = demo.calendar.monotonic()
    tower = journey.wish.tower
    command = [sys.executable, "-m", "vendrive.demo.endstate", "--database", demo.database]
    command += ["--journal", str(demo.folder.station(tower) / "journal.sqlite")]
    command += ["--world", demo.towers[tower].world, "--drive", journey.drive["drive_id"]]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if told.returncode != 0:
        raise StepFailed(CHECK, (told.stdout + told.stderr).strip())
    return f"{demo.calendar.monotonic() - began:8.2f} s  {CHECK:<20} {told.stdout.strip()}"
