"""The journal is on disk, in a chain, and nobody changes it."""

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.station.test_kiosk import lonely_station
from vendrive.audit import Link, verify_chain
from vendrive.clock import ManualClock
from vendrive.station.database import Database
from vendrive.station.journal import Journal, JournalBroken
from vendrive.wire.journal import Started

START = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def open_journal(path: Path) -> tuple[Database, Journal]:
    database = Database(path)
    return database, Journal(database, ManualClock(START))


def test_entries_are_numbered_chained_and_come_back_as_written(tmp_path: Path) -> None:
    database, journal = open_journal(tmp_path / "journal.sqlite")
    written = [journal.append(Started(control_epoch=n)) for n in (1, 2, 3)]
    assert [entry.seq for entry in written] == [1, 2, 3]
    assert journal.entries_after(1) == tuple(written[1:])
    verify_chain(Link(e.seq, e.payload(), bytes.fromhex(e.digest)) for e in journal.entries())
    database.close()
    database, again = open_journal(tmp_path / "journal.sqlite")
    assert list(again.entries()) == written
    database.close()


def test_an_entry_survives_the_end_of_its_program_without_a_goodbye(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from tests.station.test_journal import open_journal\n"
        "from vendrive.wire.journal import Started\n"
        "_, journal = open_journal(Path(sys.argv[1])); journal.append(Started(control_epoch=7)); os._exit(9)"
    )
    path = tmp_path / "journal.sqlite"
    ended = subprocess.run([sys.executable, "-c", program, str(path)], cwd=Path(__file__).parents[2], check=False)
    assert ended.returncode == 9
    database, journal = open_journal(path)
    assert [entry.event for entry in journal.entries()] == [Started(control_epoch=7)]
    database.close()


def test_each_entry_is_synced_to_the_disk(tmp_path: Path) -> None:
    database, _ = open_journal(tmp_path / "journal.sqlite")
    assert database.rows("PRAGMA synchronous") == [(2,)]
    assert database.rows("PRAGMA journal_mode") == [("wal",)]
    database.close()


@pytest.mark.parametrize("change", ["UPDATE journal SET event = '{}'", "DELETE FROM journal"])
def test_the_journal_refuses_every_change(tmp_path: Path, change: str) -> None:
    database, journal = open_journal(tmp_path / "journal.sqlite")
    journal.append(Started(control_epoch=1))
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        database.run(change)
    assert journal.head()[0] == 1
    database.close()


def test_what_is_not_committed_is_not_there(tmp_path: Path) -> None:
    database, journal = open_journal(tmp_path / "journal.sqlite")

    def interrupted() -> None:
        with database.transaction():
            journal.append(Started(control_epoch=1))
            raise InterruptedError

    with pytest.raises(InterruptedError):
        interrupted()
    assert journal.head()[0] == 0
    assert journal.append(Started(control_epoch=2)).seq == 1
    database.close()


def test_a_station_does_not_start_on_a_forged_journal(tmp_path: Path) -> None:
    database, journal = open_journal(tmp_path / "journal.sqlite")
    for epoch in (1, 2, 3):
        journal.append(Started(control_epoch=epoch))
    database.close()
    with sqlite3.connect(tmp_path / "journal.sqlite") as forger:
        forger.execute("DROP TRIGGER journal_never_changes")
        forger.execute("UPDATE journal SET event = replace(event, '2', '9') WHERE seq = 2")
    forger.close()
    with pytest.raises(JournalBroken, match="row 2"):
        lonely_station(tmp_path)
