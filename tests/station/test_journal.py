"""The journal is on disk, in a chain, and nobody changes it; a start reads its end, and its beginning may go."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.station.conftest import vehicle
from vendrive.audit import GENESIS, Link, seal, verify_chain
from vendrive.clock import ManualClock
from vendrive.station.database import Database, NotWritten
from vendrive.station.facts import FOLD, Facts
from vendrive.station.journal import CHECKPOINT_ENTRIES, Journal, JournalBroken, Row
from vendrive.station.record import Record
from vendrive.station.store import Store
from vendrive.wire.journal import EVENT, HandedOver, PersonRefused, Started, sealed_text

START = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
SECRET = bytes(range(32))
VEHICLE = vehicle("T1")


def open_journal(path: Path, secret: bytes = SECRET) -> tuple[Database, Journal]:
    database = Database(path)
    return database, Journal(database, ManualClock(START), secret)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    made = Database(path)
    yield made
    made.close()


@pytest.fixture
def journal(database: Database) -> Journal:
    return Journal(database, ManualClock(START), SECRET)


def test_entries_are_numbered_chained_and_come_back_as_written(path: Path) -> None:
    database, journal = open_journal(path)
    written = [journal.append(Started(control_epoch=n)) for n in (1, 2, 3)]
    assert [entry.seq for entry in written] == [1, 2, 3]
    assert journal.entries_after(1) == tuple(written[1:])
    verify_chain(Link(e.seq, e.payload(), bytes.fromhex(e.digest)) for e in journal.entries())
    database.close()
    database, again = open_journal(path)
    assert list(again.entries()) == written
    assert again.load().control_epoch == 3
    database.close()


def test_an_entry_survives_the_end_of_its_program_without_a_goodbye(path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from tests.station.test_journal import open_journal\n"
        "from vendrive.wire.journal import Started\n"
        "_, journal = open_journal(Path(sys.argv[1])); journal.append(Started(control_epoch=7)); os._exit(9)"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(path)], cwd=Path(__file__).parents[2], check=False)
    assert ended.returncode == 9
    database, journal = open_journal(path)
    assert [entry.event for entry in journal.entries()] == [Started(control_epoch=7)]
    database.close()


def test_each_entry_is_synced_to_the_disk(database: Database) -> None:
    assert database.rows("PRAGMA synchronous") == [(2,)]
    assert database.rows("PRAGMA journal_mode") == [("wal",)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE journal SET event = '{}'",
        "DELETE FROM journal",
        "DELETE FROM journal WHERE seq = 1",
        "INSERT OR REPLACE INTO journal VALUES (1, '', '{}', x'00')",
    ],
)
def test_the_journal_refuses_every_change(database: Database, journal: Journal, change: str) -> None:
    written = [journal.append(Started(control_epoch=n)) for n in (1, 2)]
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        database.run(change)
    assert list(journal.entries()) == written


def test_what_is_not_committed_is_not_there(database: Database, journal: Journal) -> None:
    def interrupted() -> None:
        with database.transaction():
            journal.append(Started(control_epoch=1))
            raise InterruptedError

    with pytest.raises(InterruptedError):
        interrupted()
    assert journal.head()[0] == 0
    assert journal.append(Started(control_epoch=2)).seq == 1


def test_what_was_remembered_of_an_undone_transaction_is_forgotten(database: Database, journal: Journal) -> None:
    store = Store(database, SECRET)
    journal.append(Started(control_epoch=1))
    assert store.vehicle_of(VEHICLE.tag) is None

    def interrupted() -> None:
        with database.transaction():
            journal.append(Started(control_epoch=2))
            store.know_vehicle(VEHICLE)
            assert journal.head()[0] == 2
            assert store.vehicle_of(VEHICLE.tag) == VEHICLE
            raise InterruptedError

    with pytest.raises(InterruptedError):
        interrupted()
    assert journal.head()[0] == 1
    assert store.vehicle_of(VEHICLE.tag) is None
    journal.append(Started(control_epoch=3))
    links = [Link(entry.seq, entry.payload(), bytes.fromhex(entry.digest)) for entry in journal.entries()]
    assert verify_chain(links) == journal.head()[1]


def started(journal: Journal, count: int) -> Record:
    record = Record(journal)
    for epoch in range(1, count + 1):
        record.write(Started(control_epoch=epoch))
    return record


def forge(path: Path, *statements: str) -> None:
    """Change the file as somebody does who has it in their hands."""
    with sqlite3.connect(path) as forger:
        forger.executescript(
            "DROP TRIGGER journal_never_changes; DROP TRIGGER journal_shrinks_by_one_door;"
            "DROP TRIGGER journal_grows_at_its_end;"
        )
        for statement in statements:
            assert forger.execute(statement).rowcount > 0
    forger.close()


REWRITE = "UPDATE journal SET event = replace(event, '2', '9') WHERE seq = 2"


def test_a_forged_journal_does_not_load(path: Path) -> None:
    database, journal = open_journal(path)
    started(journal, 3)
    database.close()
    forge(path, REWRITE)
    database, journal = open_journal(path)
    with pytest.raises(JournalBroken, match="row 2"):
        journal.load()
    database.close()


class Reads:
    """A journal that says from which entry on it was read."""

    def __init__(self, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
        self.after: list[int] = []
        self._true = journal.rows
        monkeypatch.setattr(journal, "rows", self._rows)

    def _rows(self, after: int = 0) -> Iterator[Row]:
        self.after.append(after)
        return self._true(after)


def test_a_start_reads_what_follows_the_newest_checkpoint(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database, journal = open_journal(path)
    record = started(journal, 5)
    record.write(HandedOver(drive_id="d1", vehicle_id="v1", bay="B1", tag="TAG-1"))
    record.close()
    record.write(Started(control_epoch=9))
    database.close()
    database, journal = open_journal(path)
    reads = Reads(journal, monkeypatch)
    assert journal.load() == record.facts
    assert reads.after == [6]
    assert (record.facts.used, record.facts.control_epoch) == ({"d1"}, 9)
    database.close()


@pytest.mark.parametrize("damage", ["facts = replace(facts, 'd1', 'd2')", "seq = 5", "fold = 0", "seal = x'00'"])
def test_a_checkpoint_that_does_not_hold_counts_for_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    database, journal = open_journal(path)
    record = started(journal, 5)
    record.write(HandedOver(drive_id="d1", vehicle_id="v1", bay="B1", tag="TAG-1"))
    record.close()
    database.run(f"UPDATE checkpoints SET {damage}")
    database.close()
    database, journal = open_journal(path)
    reads = Reads(journal, monkeypatch)
    assert journal.load() == record.facts
    assert reads.after == [0]
    database.close()


def test_a_checkpoint_that_another_program_folded_is_folded_anew(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database, journal = open_journal(path)
    started(journal, 5).close()
    monkeypatch.setattr("vendrive.station.journal.FOLD", FOLD + 1)
    reads = Reads(journal, monkeypatch)
    assert journal.load().control_epoch == 5
    assert reads.after == [0]
    database.close()


def test_a_checkpoint_of_another_stations_keys_counts_for_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database, journal = open_journal(path)
    started(journal, 5).close()
    database.close()
    database, journal = open_journal(path, bytes(32))
    reads = Reads(journal, monkeypatch)
    assert journal.load().control_epoch == 5
    assert reads.after == [0]
    database.close()


def test_a_checkpoint_shows_a_past_that_was_rewritten_with_a_new_chain(path: Path) -> None:
    # The chain itself has no key: who has the file can make it anew. What they cannot make is the seal.
    database, journal = open_journal(path)
    started(journal, 5).close()
    database.close()
    head, forged = GENESIS, []
    for seq in range(1, 6):
        text = Started(control_epoch=seq + 90).model_dump_json()
        head = seal(head, seq, sealed_text(START, text))
        forged.append(f"UPDATE journal SET event = '{text}', digest = x'{head.hex()}' WHERE seq = {seq}")
    forge(path, *forged)
    database, journal = open_journal(path)
    with pytest.raises(JournalBroken, match="row 5"):
        journal.load()
    database.close()


def test_a_checkpoint_shows_an_end_that_was_cut_off(path: Path) -> None:
    database, journal = open_journal(path)
    started(journal, 5).close()
    database.close()
    forge(path, "DELETE FROM journal WHERE seq > 3")
    database, journal = open_journal(path)
    with pytest.raises(JournalBroken, match="row 5"):
        journal.load()
    database.close()


def test_checkpoints_are_written_now_and_then(journal: Journal) -> None:
    record = started(journal, CHECKPOINT_ENTRIES - 1)
    record.tidy()
    assert journal.since_checkpoint == CHECKPOINT_ENTRIES - 1
    record.write(Started(control_epoch=CHECKPOINT_ENTRIES))
    record.tidy()
    assert journal.since_checkpoint == 0


def acknowledge(database: Database, seq: int) -> None:
    with database.transaction():
        Store(database, SECRET).acknowledge(seq)


def test_what_is_forgotten_stays_in_the_facts_and_the_chain_goes_on(path: Path) -> None:
    database, journal = open_journal(path)
    record = started(journal, 2)
    record.write(HandedOver(drive_id="d1", vehicle_id="v1", bay="B1", tag="TAG-1"))
    record.write(Started(control_epoch=3))
    record.write(Started(control_epoch=4))
    acknowledge(database, 4)
    journal.forget(4)
    record.write(Started(control_epoch=5))
    database.close()
    database, journal = open_journal(path)
    assert [entry.seq for entry in journal.entries()] == [5, 6]
    assert journal.load() == record.facts
    assert record.facts.used == {"d1"}
    journal.forget(4)
    assert journal.load() == record.facts
    database.close()


def test_a_program_that_folds_otherwise_begins_at_the_base(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database, journal = open_journal(path)
    record = started(journal, 5)
    acknowledge(database, 3)
    journal.forget(3)
    record.close()
    monkeypatch.setattr("vendrive.station.journal.FOLD", FOLD + 1)
    reads = Reads(journal, monkeypatch)
    assert journal.load() == record.facts
    assert reads.after == [3]
    database.close()


def test_without_the_seal_of_its_base_a_shortened_journal_does_not_load(path: Path) -> None:
    database, journal = open_journal(path)
    started(journal, 5)
    acknowledge(database, 3)
    journal.forget(3)
    database.close()
    database, journal = open_journal(path, bytes(32))
    with pytest.raises(JournalBroken, match="row 1"):
        journal.load()
    database.close()


@pytest.mark.parametrize(("acknowledged", "up_to"), [(0, 1), (3, 4), (5, 5)])
def test_neither_what_retail_has_not_acknowledged_nor_the_last_entry_is_forgotten(
    database: Database, journal: Journal, acknowledged: int, up_to: int
) -> None:
    record = started(journal, 5)
    acknowledge(database, acknowledged)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        journal.forget(up_to)
    assert [entry.seq for entry in journal.entries()] == [1, 2, 3, 4, 5]
    assert journal.load() == record.facts


def test_nothing_is_deleted_beside_the_door(database: Database, journal: Journal) -> None:
    started(journal, 5)
    acknowledge(database, 5)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        database.run("DELETE FROM journal WHERE seq = 1")  # acknowledged, but below no checkpoint
    journal.forget(1)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        database.run("DELETE FROM journal WHERE seq = 3")
    assert [entry.seq for entry in journal.entries()] == [2, 3, 4, 5]


def test_a_file_of_an_older_program_opens_and_verifies(path: Path) -> None:
    # As version 0.1 made it: other triggers, no checkpoints, messages without today's fields, kinds of one bay.
    old = sqlite3.connect(path)
    old.executescript(
        "CREATE TABLE journal (seq INTEGER PRIMARY KEY, at TEXT NOT NULL, event TEXT NOT NULL, "
        "digest BLOB NOT NULL) STRICT; CREATE TRIGGER journal_never_shrinks BEFORE DELETE ON journal"
        " BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;"
    )
    head = GENESIS
    for seq, text in enumerate(EVENTS_OF_0_1, start=1):
        head = seal(head, seq, sealed_text(START, text))
        old.execute("INSERT INTO journal VALUES (?, ?, ?, ?)", (seq, START.isoformat(), text, head))
    old.commit()
    old.close()
    database, journal = open_journal(path)
    record = Record(journal)
    assert (record.facts.used, record.facts.last_seq, record.facts.places) == ({"d1"}, 1, {"T1": "2A"})
    assert [entry.text for entry in journal.entries()] == list(EVENTS_OF_0_1)
    acknowledge(database, 3)
    journal.forget(3)
    record.write(Started(control_epoch=8))
    assert journal.load() == record.facts
    database.close()


EVENTS_OF_0_1 = (
    '{"v":1,"kind":"started","control_epoch":1}',
    '{"v":1,"kind":"order_stored","number":1,"order_kind":"hand_over"}',
    '{"v":1,"kind":"pass_held","drive_id":"d1","revision":1}',
    '{"v":1,"kind":"person_refused","drive_id":null,"code":"pass_unknown"}',
    '{"v":1,"kind":"person_verified","drive_id":"d1","method":"pin","distance":null}',
    '{"v":1,"kind":"command_given","control_epoch":1,"seq":1,"operation":"pick","arguments":{"lift":"L1","place":"2A"},"purpose":"p"}',
    '{"v":1,"kind":"command_ended","seq":1,"result":"done","reason":""}',
    '{"v":1,"kind":"vehicle_presented","drive_id":"d1","vehicle_id":"v1","bay":"B1"}',
    '{"v":1,"kind":"hand_over_aborted","drive_id":"d1","code":"timed_out"}',
    '{"v":1,"kind":"handed_over","drive_id":"d1","vehicle_id":"v1","bay":"B1"}',
    '{"v":1,"kind":"return_started","drive_id":"d1","bay":"B1"}',
    '{"v":1,"kind":"return_refused","drive_id":"d1","code":"car_other"}',
    '{"v":1,"kind":"returned","drive_id":"d1","vehicle_id":"v1","slot":"2A","length_mm":4200,"mass_kg":1800}',
    '{"v":1,"kind":"face_wiped","person_id":"p1"}',
    '{"v":1,"kind":"counted","places":{"T1":"2A"},"reason":"start"}',
    '{"v":1,"kind":"alarm","name":"help","part":"plc","source":"kiosk"}',
    '{"v":1,"kind":"alarm_ended","name":"help","part":"plc","source":"kiosk"}',
)
"""One of each kind as version 0.1 wrote it: these must be read for as long as a journal may hold them."""


def test_every_kind_of_version_0_1_is_still_read() -> None:
    kinds = [EVENT.validate_json(text).kind for text in EVENTS_OF_0_1]
    assert kinds == [json.loads(text)["kind"] for text in EVENTS_OF_0_1]
    assert len(set(kinds)) == len(kinds)


def fill(database: Database) -> None:
    """Let the file take not one page more."""
    pages = database.rows("PRAGMA page_count")[0][0]
    database.rows(f"PRAGMA max_page_count = {pages}")


def test_what_a_full_disk_does_not_take_has_not_happened(database: Database, journal: Journal) -> None:
    record = started(journal, 3)
    fill(database)

    def write_on() -> None:
        for epoch in range(4, 1000):
            record.write(Started(control_epoch=epoch))

    with pytest.raises(NotWritten, match="full"):
        write_on()
    seq = journal.head()[0]
    assert record.facts.control_epoch == seq
    assert journal.load() == record.facts
    database.rows("PRAGMA max_page_count = 100000")
    record.write(Started(control_epoch=2000))
    assert journal.head()[0] == seq + 1
    assert journal.load().control_epoch == 2000


def test_a_transaction_that_a_full_disk_refused_is_over(database: Database, journal: Journal) -> None:
    record = started(journal, 3)
    fill(database)

    def one_transaction() -> None:
        with database.transaction():
            for _ in range(200):
                record.write(PersonRefused(drive_id=None, code="x" * 400))
                record.write(Started(control_epoch=4))

    with pytest.raises(NotWritten):
        one_transaction()
    assert journal.head()[0] == 3
    database.rows("PRAGMA max_page_count = 100000")
    assert journal.append(Started(control_epoch=5)).seq == 4


def test_a_transaction_whose_end_is_refused_is_undone(
    database: Database, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = database._execute

    def refuse_commit(statement: str, *values: str | int | bytes | None) -> None:
        if statement == "COMMIT":
            raise NotWritten("disk I/O error")
        true(statement, *values)

    with monkeypatch.context() as patched:
        patched.setattr(database, "_execute", refuse_commit)
        with pytest.raises(NotWritten):
            journal.append(Started(control_epoch=1))
    assert journal.head()[0] == 0
    assert journal.append(Started(control_epoch=2)).seq == 1


def test_no_facts_are_the_facts_of_an_empty_journal(journal: Journal) -> None:
    assert journal.load() == Facts()
