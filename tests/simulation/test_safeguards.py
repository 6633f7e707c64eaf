"""Safeguards: each has a seed that catches its removal, stands in the docs, and is back after a run."""

from pathlib import Path

import pytest

from vendrive.plant import safety, watch
from vendrive.simulation.ablations import SEEDS, ablate, named, plan_for, run_without
from vendrive.simulation.caught import CAUGHT_BY
from vendrive.simulation.run import run_seed
from vendrive.simulation.safeguards import SAFEGUARDS, TIDY
from vendrive.tower import interlocks

DOCUMENT = Path("docs/safeguards.md")
SOME = ("nobody_in_the_car", "intruder_stops", "way_out", "key_stays", "number_once", "right_face", "no_car_but_theirs")


@pytest.mark.parametrize("name", SOME)
def test_a_removed_safeguard_is_missed_and_with_it_nothing_happens(name: str) -> None:
    without = run_without(name, CAUGHT_BY[name])
    whole = run_seed(plan_for(named(name), CAUGHT_BY[name]))

    assert without.violations
    assert not whole.violations


def test_every_safeguard_has_a_seed_below_a_thousand() -> None:
    assert {*CAUGHT_BY} == {safeguard.name for safeguard in SAFEGUARDS}
    assert all(0 <= seed < SEEDS for seed in CAUGHT_BY.values())


def test_a_safeguard_that_is_not_removed_survives() -> None:
    survived = ablate("size", seeds=0, known=False)

    assert survived.seed is None
    assert survived.invariant == ""


@pytest.mark.parametrize("safeguard", SAFEGUARDS, ids=lambda safeguard: safeguard.name)
def test_removal_changes_something_and_is_undone(safeguard: object) -> None:
    before = dict(interlocks.VOTES), dict(safety.VOTES), dict(watch.WATCHES)

    with named(safeguard.name).removed():  # type: ignore[attr-defined]
        pass

    assert before == (interlocks.VOTES, safety.VOTES, watch.WATCHES)


def test_every_vote_and_watch_is_part_of_a_safeguard_or_explained() -> None:
    touched = set(TIDY)
    for registry in (interlocks.VOTES, safety.VOTES, watch.WATCHES):
        for safeguard in SAFEGUARDS:
            before = dict(registry)
            with safeguard.removed():
                touched |= {name for name in before if registry[name] is not before[name]}

    assert {*interlocks.VOTES, *safety.VOTES, *watch.WATCHES} - touched == set()


def test_the_docs_name_every_safeguard_and_its_seed() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")

    for safeguard in SAFEGUARDS:
        row = next((line for line in text.splitlines() if line.startswith(f"| `{safeguard.name}` |")), "")
        assert f"| {CAUGHT_BY[safeguard.name]} (" in row, safeguard.name
    assert all(f"| `{vote}` |" in text for vote in TIDY)
