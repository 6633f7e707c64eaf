"""A PostgreSQL cluster with all tables, made once for a run of tests: each server begins with a copy of its files.

As a program (`python -m tests.support.cluster FOLDER`) it makes the cluster, in a process of its own.
"""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import django
from django.core.management import call_command

from vendrive.retail.postgres import EmbeddedPostgres

FOLDER = "VENDRIVE_TEST_CLUSTER"
"""In the environment: where this run keeps it. Without it every server begins with nothing."""
FILES = "pgdata"


def lay_cluster(folder: Path) -> None:
    """Put the files of a cluster with tables into the `folder` of a server that does not run yet."""
    if FOLDER not in os.environ:
        return
    folder.mkdir(parents=True, exist_ok=True)
    # `cp` keeps the owner: a server that was started by root runs as somebody else.
    subprocess.run(["cp", "-a", _made() / FILES, folder / FILES], check=True)


def _made() -> Path:
    """Return the folder of the cluster; whoever is first makes it."""
    folder = Path(os.environ[FOLDER])
    folder.mkdir(mode=0o711, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            command = [sys.executable, "-W", "ignore", "-m", "tests.support.cluster", str(folder)]
            subprocess.run(command, check=True, cwd=Path(__file__).parents[2])
            (folder / "made").touch()
    return folder


def _make(folder: Path) -> None:
    with EmbeddedPostgres(folder, durable=False) as server:
        os.environ |= {"DATABASE_URL": server.dsn, "DJANGO_SETTINGS_MODULE": "vendrive.retail.settings"}
        django.setup()
        call_command("migrate", interactive=False, verbosity=0)


if __name__ == "__main__":
    _make(Path(sys.argv[1]))
