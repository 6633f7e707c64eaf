"""One running demo for all tests of this folder, with a machine forty times as fast."""

import os
from collections.abc import Iterator

import pytest

from vendrive.demo.running import Demo, running_demo

# Pictures for the README are taken of a machine that can be watched.
SPEED = 10.0 if "VENDRIVE_SCREENSHOTS" in os.environ else 40.0


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running_demo(tmp_path_factory.mktemp("demo"), SPEED) as running:
        yield running
