"""The launcher: starts, restarts, ends with its owner however that died, and recovers."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.support.waiting import until
from vendrive.retail.postgres import EmbeddedPostgres, PostgresFailed

OWNER = """
import sys
from pathlib import Path
from vendrive.retail.postgres import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1])) as server:
    print(server.pid, server.dsn, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o711)
    return tmp_path / "data"


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_was_written_is_there_after_a_restart(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server, psycopg.connect(server.dsn) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (7)")
        first = server.pid
        safe = [connection.execute(f"SHOW {name}").fetchone() for name in ("fsync", "full_page_writes")]
        safe += [connection.execute(f"SHOW {name}").fetchone() for name in ("synchronous_commit", "data_checksums")]
    assert safe == [("on",)] * 4
    assert not alive(first)
    with EmbeddedPostgres(folder) as server, psycopg.connect(server.dsn) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_a_killed_owner_leaves_no_server_and_the_next_start_recovers(folder: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    assert owner.stdin is not None
    pid, dsn = owner.stdout.readline().split()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdin.close()
    owner.stdout.close()
    with EmbeddedPostgres(folder) as server, psycopg.connect(server.dsn) as connection:
        assert server.pid != int(pid)
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    until(lambda: not alive(int(pid)), "the first server is gone")


def test_a_folder_has_one_owner(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        with pytest.raises(PostgresFailed, match="owns"), EmbeddedPostgres(folder):
            pass
        with psycopg.connect(server.dsn) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
