"""Keys are made once: drawing RSA keys takes longer than most of these tests."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest

from tests.plant.harness import certificate
from vendrive.simulation.standard_nodes import shared_standard_nodes


@pytest.fixture(scope="session", autouse=True)
def standard_nodes() -> Iterator[None]:
    """Make the standard's nodes once for all plants in this process."""
    with shared_standard_nodes():
        yield


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with the certificates of a plant, of its station and of a stranger."""
    directory = tmp_path_factory.mktemp("keys")
    for name in ("plant", "station", "stranger"):
        uri = "urn:vendrive:plant:test" if name == "plant" else "urn:test:station"
        certificate(directory / name, uri)
    return directory


@pytest.fixture
def desk(keys: Path, tmp_path: Path) -> Path:
    """Return a fresh directory with a copy of the keys."""
    return copytree(keys, tmp_path / "desk")
