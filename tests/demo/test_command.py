"""The command `vendrive demo --once`, as somebody calls it."""

import subprocess
import sys

from tests.demo.conftest import SPEED


def test_the_command_walks_the_journey_and_exits_zero() -> None:
    command = [sys.executable, "-m", "vendrive", "demo", "--once", "--machine-speed", str(SPEED)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    for step in ("sign in", "book", "verify", "deliver", "bring back", "store", "buy", "16 of 16 hold"):
        assert step in told.stdout
