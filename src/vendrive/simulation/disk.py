"""The station's disk in a simulated tower: what was committed stays, what was not is gone after a crash."""

import sqlite3
from collections.abc import Callable
from typing import cast

from vendrive.station.database import SCHEMA, Database


class Disk:
    """Outlives the programs that open it. `syncs`: what is committed is on it, and stays."""

    syncs = True

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None, cached_statements=256)
        self.connection.executescript(SCHEMA)

    def lose_power(self) -> None:
        """Forget what was not committed."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def journal(self, after: int = 0) -> list[tuple[int, str, str, bytes]]:
        """Return the raw rows of the journal after a number."""
        query = "SELECT seq, at, event, digest FROM journal WHERE seq > ? ORDER BY seq"
        return cast("list[tuple[int, str, str, bytes]]", self.connection.execute(query, (after,)).fetchall())


class SimulatedDatabase(Database):
    """The production database on a Disk. `step` is told of each commit: before it, and after it."""

    def __init__(self, disk: Disk, step: Callable[[str], None]) -> None:
        self._disk = disk
        self._use(disk.connection)
        self._step = step

    def _execute(self, statement: str, *values: str | int | bytes | None) -> None:
        if statement == "COMMIT":
            self._commit()
        elif statement != "BEGIN IMMEDIATE" or self._disk.syncs or not self._connection.in_transaction:
            super()._execute(statement, *values)

    def _commit(self) -> None:
        try:
            self._step("before_commit")
        except BaseException:
            self._undo()
            raise
        if self._disk.syncs:
            super()._execute("COMMIT")
        self._step("after_commit")

    def forget_old_pages(self) -> None:
        """There is no file."""

    def close(self) -> None:
        """The disk stays."""
