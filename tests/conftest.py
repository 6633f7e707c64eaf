"""What all tests share: Django's settings, without starting anything until a test asks for it."""

import logging
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

SHARED_DEMO = "one running demo"
SHARING = tuple(f"tests/demo/test_{name}.py" for name in ("browser", "desk", "kills"))
# Processes that share the work inherit the folder of the first, and so its keys: they import settings before this file.
DATA = "VENDRIVE_DATA"
CLUSTER = "VENDRIVE_TEST_CLUSTER"
os.environ["DJANGO_SETTINGS_MODULE"] = "vendrive.retail.settings"
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ[DATA] = str(Path(tempfile.gettempdir()) / f"vendrive-tests-{os.getpid()}")
    os.environ[CLUSTER] = f"{os.environ[DATA]}-cluster"

# As in the programs: asyncua reports each request.
logging.getLogger("asyncua").setLevel(logging.ERROR)


class _ByFile(LoadFileScheduling):  # type: ignore[misc]
    """The tests of one file run in one process, and so do the shorter files that share a running demo."""

    def _split_scope(self, nodeid: str) -> str:
        return SHARED_DEMO if nodeid.startswith(SHARING) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    return _ByFile(config, log)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the keys and the cluster where this process is the one that set their place."""
    if not hasattr(config, "workerinput"):
        for name in (DATA, CLUSTER):
            shutil.rmtree(os.environ[name], ignore_errors=True)
