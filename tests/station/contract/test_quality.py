"""Each adapter's quality file names every rule of the scale, and each test that it names is there."""

from pathlib import Path

import pytest

from tests.station.contract.test_contract import ADAPTERS
from vendrive.station.adapters.quality import SCALE, QualityWrong, Status, check_quality, read_quality

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "src/vendrive").rglob("quality.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_what_an_adapter_claims_is_there(file: Path) -> None:
    assert check_quality(file, ROOT, contract=file.parent.name in ADAPTERS) == []


def test_every_adapter_that_runs_the_contract_has_a_file() -> None:
    assert {file.parent.name for file in FILES} == set(ADAPTERS)


def test_the_template_claims_nothing() -> None:
    file = next(file for file in FILES if file.parent.name == "template")
    assert {mark.status for mark in read_quality(file)} == {Status.to_do}


def lines(**other: str) -> str:
    """Return a whole file with something else in the place of single rules."""
    return "".join(other.get(rule, f"- {{rule: {rule}, status: to do, reason: new}}\n") for rule in SCALE)


def done(test: str) -> str:
    return lines(help=f"- {{rule: help, status: done, tests: ['{test}']}}\n")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (lines(help=""), "help stands there 0 times"),
        (lines() + "- {rule: help, status: to do, reason: twice}\n", "help stands there 2 times"),
        (lines() + "- {rule: speed, status: to do, reason: new}\n", "speed stands there 1 times"),
        (lines(help="- {rule: help, status: to do}\n"), "help: to do needs a reason"),
        (lines(help="- {rule: help, status: exempt, reason: ' '}\n"), "help: exempt needs a reason"),
        (lines(help="- {rule: help, status: exempt, reason: 7}\n"), "help: tests is a list"),
        (lines(help="- {rule: help, status: nearly, reason: new}\n"), "help: status is one of"),
        (lines(help="- {rule: help, status: done}\n"), "help: done needs tests"),
        (lines(help="- {rule: help, status: done, tests: tests/test_help.py}\n"), "help: tests is a list"),
        (lines(help="- {rule: help, status: to do, reason: new, owner: me}\n"), "needs rule, status"),
        ("rules: all done\n", "needs a list"),
        ("- [\n", "quality.yaml"),
    ],
)
def test_a_file_that_is_not_whole_is_refused(text: str, why: str, tmp_path: Path) -> None:
    file = tmp_path / "quality.yaml"
    file.write_text(text)
    with pytest.raises(QualityWrong, match=why):
        read_quality(file)
    assert check_quality(file, ROOT) != []


@pytest.mark.parametrize(
    "test",
    [
        "tests/station/contract/test_quality.py::test_that_nobody_wrote",
        "tests/station/contract/test_quality.py::lines",
        "tests/station/contract/test_quality.py",
        "tests/station/contract/test_nowhere.py::test_a_file_that_is_not_whole_is_refused",
        "tests/station/contract/flaws.py::Adapter",
        "contract::sings",
    ],
)
def test_a_test_that_is_not_there_is_found_out(test: str, tmp_path: Path) -> None:
    file = tmp_path / "quality.yaml"
    file.write_text(done(test))
    assert check_quality(file, ROOT) == [f"help: there is no test {test}"]


def test_a_test_that_is_there_is_found(tmp_path: Path) -> None:
    file = tmp_path / "quality.yaml"
    here = "tests/station/contract/test_quality.py::test_a_test_that_is_there_is_found[x]"
    for test in (here, "contract::stops_a_move"):
        file.write_text(done(test))
        assert check_quality(file, ROOT) == []
    assert check_quality(file, ROOT, contract=False) == ["help: there is no test contract::stops_a_move"]
