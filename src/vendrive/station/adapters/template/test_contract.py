"""The machines of TEMPLATE keep the contract that every adapter keeps, and say openly what is still to do."""

from pathlib import Path

import pytest

from vendrive.station.adapters.bench import Rule, name_of
from vendrive.station.adapters.contract import RULES
from vendrive.station.adapters.quality import check_quality

from .bench import run


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_it_keeps_the_contract(rule: Rule) -> None:
    run(rule)


def test_its_quality_file_is_true() -> None:
    here = Path(__file__).parent
    assert check_quality(here / "quality.yaml", here) == []
