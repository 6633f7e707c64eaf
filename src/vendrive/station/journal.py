"""The journal: append-only, chained, on disk when `append` returns."""

from collections.abc import Iterator
from datetime import datetime
from typing import cast

from pydantic import TypeAdapter

from vendrive.audit import GENESIS, BrokenChain, Link, seal, verify_chain
from vendrive.clock import Clock
from vendrive.station.database import Database
from vendrive.wire.journal import Entry, Event, sealed_payload

_EVENT: TypeAdapter[Event] = TypeAdapter(Event)
_COLUMNS = "seq, at, event, digest"


class JournalBroken(Exception):
    """The journal was changed outside this program; the station does not start on it."""


class Journal:
    """What this station saw and did. Opening verifies the chain from its first entry."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._verify()

    def append(self, event: Event) -> Entry:
        """Write one event; it is on disk when this returns, unless a transaction is still open around it."""
        at = self._clock.now()
        with self._database.transaction():
            seq, head = self.head()
            digest = seal(head, seq + 1, sealed_payload(at, event))
            self._database.run(
                f"INSERT INTO journal ({_COLUMNS}) VALUES (?, ?, ?, ?)",  # noqa: S608 - a constant of this module
                seq + 1,
                at.isoformat(),
                event.model_dump_json(),
                digest,
            )
        return Entry(seq=seq + 1, at=at, event=event, digest=digest.hex())

    def head(self) -> tuple[int, bytes]:
        """Return the last sequence number (0: none) and its digest."""
        rows = self._database.rows("SELECT seq, digest FROM journal ORDER BY seq DESC LIMIT 1")
        return cast(tuple[int, bytes], rows[0]) if rows else (0, GENESIS)

    def entries_after(self, seq: int, limit: int = 200) -> tuple[Entry, ...]:
        """Return up to `limit` entries after `seq`, in order."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM journal WHERE seq > ? ORDER BY seq LIMIT ?",  # noqa: S608 - as above
            seq,
            limit,
        )
        return tuple(_entry(row) for row in rows)

    def entries(self) -> Iterator[Entry]:
        """Yield all entries from the first one."""
        seq = 0
        while batch := self.entries_after(seq, 1000):
            yield from batch
            seq = batch[-1].seq

    def _verify(self) -> None:
        try:
            verify_chain(Link(e.seq, e.payload(), bytes.fromhex(e.digest)) for e in self.entries())
        except (BrokenChain, ValueError) as error:
            raise JournalBroken(
                f"The journal does not verify ({error}). The station does not start on it: keep the file as evidence, "
                "and restore the journal from its backup."
            ) from error


def _entry(row: tuple[object, ...]) -> Entry:
    seq, at, event, digest = cast(tuple[int, str, str, bytes], row)
    return Entry(seq=seq, at=datetime.fromisoformat(at), event=_EVENT.validate_json(event), digest=digest.hex())
