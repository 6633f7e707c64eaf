"""Keys are made once: drawing RSA keys takes longer than most of these tests."""

from pathlib import Path
from shutil import copytree

import pytest

from tests.plant.harness import certificate


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
