"""The disasters of the field, by name: each passes, and fails where its safeguard is removed."""

from unittest.mock import patch

import pytest

from vendrive.simulation.ablations import named
from vendrive.simulation.scenarios import NEEDS, SCENARIOS, Failed, play
from vendrive.station.keeper import Keeper


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_disaster_of_the_field_does_not_happen_here(name: str) -> None:
    world = play(name)

    assert not world.invariants.violations
    assert world.invariants.rows > 0


@pytest.mark.parametrize("name", NEEDS)
def test_it_happens_where_its_safeguard_is_removed(name: str) -> None:
    with named(NEEDS[name]).removed(), pytest.raises(Failed):
        play(name)


def test_nobody_is_told_of_a_certificate_where_the_housekeeper_does_not_look() -> None:
    with (
        patch.object(Keeper, "_look_at_certificates", lambda self: None),
        pytest.raises(Failed, match="nobody was told"),
    ):
        play("certificate_ends_saturday")


def test_each_disaster_has_a_removal_that_brings_it_back() -> None:
    assert NEEDS.keys() | {"certificate_ends_saturday"} == SCENARIOS.keys()
