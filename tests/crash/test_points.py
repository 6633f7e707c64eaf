"""A sample of `make crash`, and that nothing of it can be reached in production."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from setuptools import find_packages  # type: ignore[import-untyped]

LEAST_BOOKINGS = 20
ROOT = Path(__file__).parents[2]
PROGRAMS = (
    "vendrive.retail.program",
    "vendrive.retail.settings",
    "vendrive.demo.settings",
    "vendrive.station.__main__",
)


def crash(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-W", "ignore", "-m", "tests.crash", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def test_deaths_and_kills_lose_nothing_and_do_nothing_twice() -> None:
    told = crash("--sample", "--load-s", "6")
    assert told.returncode == 0, told.stdout + told.stderr
    assert re.search(r"(\d+) operations, \1 deaths, 0 wrong", told.stdout), told.stdout
    # No anomaly says something where much was committed, and somebody was killed meanwhile.
    load = re.search(r" (\d+) committed, killed \d+ clients, \d+ workers, [1-9]\d* servers; 0 anomalies", told.stdout)
    assert load is not None, told.stdout
    assert int(load[1]) >= LEAST_BOOKINGS


def test_a_campaign_sees_what_is_lost() -> None:
    told = crash("--only", "book", "--point", "after COMMIT 1", "--forgetful")
    assert told.returncode == 1, told.stdout + told.stderr
    assert "WRONG book, dying at after COMMIT 1" in told.stdout


def test_without_locks_and_constraints_the_history_has_anomalies() -> None:
    told = crash("--no-points", "--load-s", "4", "--unlocked")
    assert told.returncode == 1, told.stdout + told.stderr
    assert "WRONG history" in told.stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_of_production_loads_no_failpoints(program: str, tmp_path: Path) -> None:
    code = f"import {program}, sys; print(sorted(m for m in sys.modules if 'failpoint' in m or m.startswith('tests')))"
    environment = os.environ | {"VENDRIVE_DEMO": str(tmp_path), "PYTHONPATH": str(ROOT)}
    told = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert told.stdout.strip() == "[]"


def test_the_wheel_has_no_failpoints() -> None:
    packages = find_packages(str(ROOT / "src"))
    assert "vendrive.retail" in packages
    assert not [name for name in packages if name.split(".")[0] != "vendrive"]
    sources = [path for path in (ROOT / "src").rglob("*.py") if "failpoint" in path.read_text().lower()]
    assert sources == []
