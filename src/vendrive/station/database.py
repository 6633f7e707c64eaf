"""The station's one SQLite file: durable when a transaction returns."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import cast

from vendrive.wire.errors import ErrorCode, Refused

SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (
    seq INTEGER PRIMARY KEY, at TEXT NOT NULL, event TEXT NOT NULL, digest BLOB NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS journal_never_changes BEFORE UPDATE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER IF NOT EXISTS journal_grows_at_its_end BEFORE INSERT ON journal
    WHEN NEW.seq <= (SELECT max(seq) FROM journal)
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TABLE IF NOT EXISTS checkpoints (
    name TEXT PRIMARY KEY, seq INTEGER NOT NULL, digest BLOB NOT NULL, fold INTEGER NOT NULL, facts TEXT NOT NULL,
    seal BLOB NOT NULL) STRICT;
DROP TRIGGER IF EXISTS journal_never_shrinks;
CREATE TRIGGER IF NOT EXISTS journal_shrinks_by_one_door BEFORE DELETE ON journal
    WHEN OLD.seq > coalesce((SELECT CAST(value AS INTEGER) FROM notes WHERE name = 'journal_acknowledged'), 0)
    OR OLD.seq > coalesce((SELECT seq FROM checkpoints WHERE name = 'base'), 0)
    OR OLD.seq = (SELECT max(seq) FROM journal)
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TABLE IF NOT EXISTS held (
    drive_id TEXT PRIMARY KEY, person_id TEXT NOT NULL, short_code TEXT NOT NULL, body TEXT NOT NULL, check_body TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS cancelled (drive_id TEXT PRIMARY KEY, revision INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS stock (vehicle_id TEXT PRIMARY KEY, tag TEXT NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS tries (drive_id TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""


class NotWritten(Refused):
    """The disk did not take it, and nothing of the transaction happened: nothing that needs it may be done."""

    def __init__(self, reason: str) -> None:
        super().__init__(ErrorCode.machine_unknown, reason=reason)


class _Transaction:
    """What `Database.transaction` brackets."""

    def __init__(self, begin: Callable[[], None], finish: Callable[[bool], None]) -> None:
        self._begin = begin
        self._finish = finish

    def __enter__(self) -> None:
        self._begin()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._finish(error is not None)


class Database:
    """A connection that one event loop uses. Writes are in the file (fsync) when `transaction` ends.

    `undone` counts transactions that failed: what somebody remembers of the file from before is to be read again.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # SQLite gives its side files the same mode: PINs' digests, names and codes are this program's alone.
        path.touch(mode=0o600)
        path.chmod(0o600)
        self._use(sqlite3.connect(path, isolation_level=None))
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "busy_timeout=2000"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(SCHEMA)

    def _use(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._depth = 0
        self.undone = 0
        self._transaction = _Transaction(self._begin, self._finish)

    def transaction(self) -> "_Transaction":
        """All or nothing; one inside another is part of the outer one. Raises NotWritten."""
        return self._transaction

    def _begin(self) -> None:
        if self._depth == 0:
            self._execute("BEGIN IMMEDIATE")
        self._depth += 1

    def _finish(self, failed: bool) -> None:
        self._depth -= 1
        if failed:
            self._undo()
        elif self._depth == 0:
            try:
                self._execute("COMMIT")
            except NotWritten:
                self._undo()
                raise

    def run(self, statement: str, *values: str | int | bytes | None) -> None:
        """Execute a statement that writes; raises NotWritten."""
        self._execute(statement, *values)

    @property
    def used_bytes(self) -> int:
        """How much of the file is in use: pages that were freed are used again before it grows."""
        facts = [self.rows(f"PRAGMA {name}")[0][0] for name in ("page_count", "freelist_count", "page_size")]
        pages, free, size = cast(list[int], facts)
        return (pages - free) * size

    def rows(self, query: str, *values: str | int | bytes | None) -> list[tuple[object, ...]]:
        """Return the rows of a query."""
        return self._connection.execute(query, values).fetchall()

    def forget_old_pages(self) -> None:
        """Overwrite what was deleted in the file's log too (secure_delete has overwritten it in the file)."""
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self._connection.close()

    def _execute(self, statement: str, *values: str | int | bytes | None) -> None:
        try:
            self._connection.execute(statement, values)
        except sqlite3.OperationalError as error:
            raise NotWritten(str(error)) from error

    def _undo(self) -> None:
        self.undone += 1
        # SQLite may have rolled back by itself where the disk is full.
        if self._depth == 0 and self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
