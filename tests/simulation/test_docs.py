"""docs/safeguards.md holds what the code knows."""

from pathlib import Path

from vendrive.simulation.caught import CAUGHT_BY, OPEN
from vendrive.simulation.faults import CLASSES, LONG_CUT_OFF
from vendrive.simulation.safeguards import SAFEGUARDS

PAGE = (Path(__file__).parents[2] / "docs/safeguards.md").read_text()


def test_every_safeguard_has_a_seed_that_catches_its_removal() -> None:
    assert {*CAUGHT_BY, *OPEN} == {safeguard.name for safeguard in SAFEGUARDS}
    assert all(0 <= seed < 1000 for seed in CAUGHT_BY.values())


def test_every_safeguard_and_every_fault_class_is_in_the_docs() -> None:
    for name in (*CAUGHT_BY, *OPEN, *CLASSES, LONG_CUT_OFF):
        assert f"| `{name}` |" in PAGE
