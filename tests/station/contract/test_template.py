"""A new vendor's adapter is made from the template and runs: green with a driver, red where a machine breaks a rule."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from vendrive.station.adapters.__main__ import main
from vendrive.station.adapters.contract import RULES
from vendrive.station.adapters.making import NotMade, new_adapter

ROOT = Path(__file__).parents[3]
# What the README asks the vendor for; its driver is that of tests/station/contract/vendor.py.
BENCH = '''"""The machine of AcmePark on a test bench: its simulator in memory."""

from tests.station.contract.vendor import run_on_vendor
from vendrive.station.adapters.bench import Rule

from .machine import AcmeParkMachine


def run(rule: Rule) -> None:
    run_on_vendor(rule, AcmeParkMachine, lenient="{lenient}")
'''


def results_of(folder: Path) -> tuple[int, str]:
    """Run the adapter's own tests as its developer does; return the exit status and what was printed."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT), *sys.path])}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(folder), str(folder)]
    done = subprocess.run(command, cwd=folder.parent, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def red(printed: str) -> set[str]:
    return set(re.findall(r"^FAILED .*?::(\S+)", printed, re.M))


def test_a_new_adapter_is_red_and_says_what_to_do(tmp_path: Path) -> None:
    status, printed = results_of(new_adapter("acme_park", tmp_path))
    assert status == 1
    assert len(red(printed)) == len(RULES)
    assert "bench.py: write a Bench" in printed


def test_with_a_driver_it_keeps_the_whole_contract(tmp_path: Path) -> None:
    folder = new_adapter("acme_park", tmp_path)
    (folder / "bench.py").write_text(BENCH.format(lenient=""))
    status, printed = results_of(folder)
    assert status == 0, printed
    assert f"{len(RULES) + 1} passed" in printed


def test_a_machine_that_takes_late_commands_turns_one_rule_red(tmp_path: Path) -> None:
    folder = new_adapter("acme_park", tmp_path)
    (folder / "bench.py").write_text(BENCH.format(lenient="late"))
    status, printed = results_of(folder)
    assert status == 1
    assert red(printed) == {"test_it_keeps_the_contract[refuses_a_late_command]"}


def test_nothing_of_the_template_is_left_in_it(tmp_path: Path) -> None:
    folder = new_adapter("acme_park", tmp_path)
    files = {file.name: file.read_text() for file in folder.iterdir()}
    assert {"machine.py", "signals.toml", "quality.yaml", "bench.py", "test_contract.py", "README.md"} <= set(files)
    assert "class AcmeParkMachine" in files["machine.py"]
    assert [name for name, text in files.items() if re.search("TEMPLATE|Template", text)] == []


@pytest.mark.parametrize("name", ["", "Acme", "acme park", "../acme", "class", "template", "4park"])
def test_a_wrong_name_is_refused_and_nothing_is_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(NotMade):
        new_adapter(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_adapter_that_is_there_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "acme_park", "--into", str(tmp_path)]) == 0
    (tmp_path / "acme_park" / "machine.py").write_text("mine")
    assert main(["new", "acme_park", "--into", str(tmp_path)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "acme_park" / "machine.py").read_text() == "mine"
    assert main(["new", "acme_park", "--into", str(tmp_path / "nowhere")]) == 2


def test_the_command_lists_what_is_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = new_adapter("acme_park", tmp_path)
    assert main(["quality", str(folder)]) == 0
    assert "to do   rogue_machine    the adapter is new" in capsys.readouterr().out
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    assert "example: python -m vendrive.station.adapters new acme_park" in capsys.readouterr().out
