"""docs/safeguards.md holds the tables that the code makes."""

from pathlib import Path

from vendrive.simulation.caught import CAUGHT_BY
from vendrive.simulation.faults import CLASSES, LONG_CUT_OFF
from vendrive.simulation.safeguards import SAFEGUARDS
from vendrive.simulation.tables import safeguard_table, undetectable_table

PAGE = (Path(__file__).parents[2] / "docs/safeguards.md").read_text()


def test_every_safeguard_is_in_the_docs_with_the_seed_that_catches_its_removal() -> None:
    assert set(CAUGHT_BY) <= {safeguard.name for safeguard in SAFEGUARDS}
    assert all(0 <= seed < 1000 for seed in CAUGHT_BY.values())
    assert safeguard_table() in PAGE


def test_what_the_sensors_cannot_see_is_in_the_docs() -> None:
    assert undetectable_table() in PAGE


def test_every_fault_class_is_in_the_docs() -> None:
    for name in (*CLASSES, LONG_CUT_OFF):
        assert f"| `{name}` |" in PAGE
