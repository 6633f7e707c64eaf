"""The station's one SQLite file: durable when a transaction returns."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (
    seq INTEGER PRIMARY KEY, at TEXT NOT NULL, event TEXT NOT NULL, digest BLOB NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS journal_never_changes BEFORE UPDATE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER IF NOT EXISTS journal_never_shrinks BEFORE DELETE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TABLE IF NOT EXISTS held (
    drive_id TEXT PRIMARY KEY, person_id TEXT NOT NULL, short_code TEXT NOT NULL, body TEXT NOT NULL, check_body TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS cancelled (drive_id TEXT PRIMARY KEY, revision INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS stock (vehicle_id TEXT PRIMARY KEY, tag TEXT NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS tries (drive_id TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""


class Database:
    """A connection that one event loop uses. Writes are in the file (fsync) when `transaction` ends."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # SQLite gives its side files the same mode: PINs' digests, names and codes are this program's alone.
        path.touch(mode=0o600)
        path.chmod(0o600)
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._depth = 0
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "busy_timeout=2000"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; one inside another is part of the outer one."""
        if self._depth == 0:
            self._connection.execute("BEGIN IMMEDIATE")
        self._depth += 1
        try:
            yield
        except BaseException:
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("ROLLBACK")
            raise
        self._depth -= 1
        if self._depth == 0:
            self._connection.execute("COMMIT")

    def run(self, statement: str, *values: str | int | bytes | None) -> None:
        """Execute a statement that writes."""
        self._connection.execute(statement, values)

    def rows(self, query: str, *values: str | int | bytes | None) -> list[tuple[object, ...]]:
        """Return the rows of a query."""
        return self._connection.execute(query, values).fetchall()

    def forget_old_pages(self) -> None:
        """Overwrite what was deleted in the file's log too (secure_delete has overwritten it in the file)."""
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self._connection.close()
