"""What the tests of the simulation share."""

from collections.abc import Iterator

import pytest

from vendrive.simulation.standard_nodes import shared_standard_nodes


@pytest.fixture(scope="session", autouse=True)
def standard_nodes() -> Iterator[None]:
    """Servers of this process share the making of the standard's nodes."""
    with shared_standard_nodes():
        yield
