"""docs/safeguards.md holds what the code knows."""

import re
from pathlib import Path

from vendrive.plant.beings import undetectable
from vendrive.simulation.caught import CAUGHT_BY
from vendrive.simulation.faults import CLASSES, LONG_CUT_OFF
from vendrive.simulation.safeguards import SAFEGUARDS

PAGE = (Path(__file__).parents[2] / "docs/safeguards.md").read_text()


def test_every_safeguard_has_a_seed_that_catches_its_removal() -> None:
    assert {*CAUGHT_BY} == {safeguard.name for safeguard in SAFEGUARDS}
    assert all(0 <= seed < 1000 for seed in CAUGHT_BY.values())


def test_every_safeguard_and_every_fault_class_is_in_the_docs() -> None:
    for name in (*CLASSES, LONG_CUT_OFF):
        assert f"| `{name}` |" in PAGE
    for name, seed in CAUGHT_BY.items():
        assert re.search(rf"^\| `{name}` \|.* \| {seed} \(", PAGE, re.M), name


def test_each_fault_class_has_one_row_and_met_a_decision() -> None:
    _, _, after = PAGE.partition("## Fault classes")
    rows = [line.split("|") for line in after.partition("## ")[0].splitlines() if line.startswith("| `")]
    assert sorted(row[1].strip(" `") for row in rows) == sorted((*CLASSES, LONG_CUT_OFF))
    assert all(int(row[3]) > 0 for row in rows)


def test_everybody_whom_no_sensor_can_see_is_in_the_docs() -> None:
    for row in undetectable():
        assert f"| `{row.being}` | {row.where} | {' and '.join(row.sources) or 'none'} | {row.reason} |" in PAGE
