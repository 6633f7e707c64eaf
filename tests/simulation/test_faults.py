"""Towers with people and faults: nothing happens that must not, a seed is a run, and a removed safeguard is noticed."""

import os
import subprocess
import sys

import pytest

from vendrive.simulation.__main__ import parser
from vendrive.simulation.faults import CLASSES
from vendrive.simulation.run import plan_of, run_seed
from vendrive.simulation.runner import failure_text, run_seeds
from vendrive.simulation.safeguards import SAFEGUARDS

# A few of those that `make sim` runs.
SEEDS = (0, 2, 5, 12, 23)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_happens_that_must_not(seed: int) -> None:
    outcome = run_seed(plan_of(seed))
    assert outcome.violations == (), failure_text(outcome)
    assert outcome.tally.hand_overs > 0


def test_a_seed_is_the_same_run_in_every_process() -> None:
    program = "from vendrive.simulation.runner import digest_of_short\nprint([digest_of_short(n) for n in (3, 4, 9)])"
    told = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "4242")
    ]
    assert told[0] == told[1]
    assert len(told[0]) > 3 * 64


def test_a_safeguard_is_back_after_its_removal() -> None:
    before = run_seed(plan_of(3))
    for safeguard in SAFEGUARDS:
        with safeguard.removed():
            pass
    assert run_seed(plan_of(3)).digest == before.digest


def test_a_failure_says_how_to_see_it_again() -> None:
    told = failure_text(run_seed(plan_of(3), trace=True))
    assert "vendrive simulate faults --seed 3 --trace" in told
    assert "commit " in told
    assert "journal" in told


@pytest.mark.parametrize("wrong", [["--seeds", "0"], ["--seeds", "-3"], ["--jobs", "0"], ["--seed", "x"]])
def test_no_seeds_are_no_proof(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["faults", *wrong])
    assert f"'{wrong[1]}' is no number from" in capsys.readouterr().err


def test_seeds_add_up() -> None:
    total = run_seeds((3, 4), jobs=1)
    assert total.seeds == 2
    assert total.violations == 0
    assert total.tally.hand_overs == sum(run_seed(plan_of(seed)).tally.hand_overs for seed in (3, 4))
    assert set(total.tally.injected) <= {*CLASSES, "long_cut_off"}
