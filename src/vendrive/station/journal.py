"""The journal: append-only, chained, on disk when `append` returns; bounded at its far end, where retail has it all."""

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import cast

from vendrive.audit import GENESIS, BrokenChain, Link, seal, verify_chain
from vendrive.clock import Clock
from vendrive.station.checkpoints import BEGINNING, Checkpoint, Checkpoints
from vendrive.station.database import Database
from vendrive.station.facts import FOLD, Facts
from vendrive.wire.journal import EVENT, Entry, Event, SealedEntry, sealed_letters

_COLUMNS = "seq, at, event, digest"
_INSERT = f"INSERT INTO journal ({_COLUMNS}) VALUES (?, ?, ?, ?)"  # noqa: S608 - a constant of this module
CHECKPOINT_ENTRIES = 1000
"""A start reads at most about as many entries as this, besides those of one period of the keeper."""

Row = tuple[int, str, str, bytes]
"""Number, time and event as they are stored, and the digest."""

log = logging.getLogger(__name__)


class JournalBroken(Exception):
    """The journal was changed outside this program; the station does not start on it."""


class Journal:
    """What this station saw and did."""

    def __init__(self, database: Database, clock: Clock, secret: bytes) -> None:
        """`secret` is one of the station's own keys, for the seals of checkpoints."""
        self._database = database
        self._checkpoints = Checkpoints(database, secret)
        self._checkpoint_seq = 0
        # The end of the journal, since so many transactions were undone: None where the file is to be asked.
        self._end: tuple[int, bytes] | None = None
        self._end_undone = 0
        self.clock = clock

    def load(self) -> Facts:
        """Verify the chain and return what has happened; raises JournalBroken.

        Both begin at the newest checkpoint that this station sealed and this program would fold alike; where there is
        none, at the first entry that is kept.
        """
        base = self._checkpoints.read("base") or BEGINNING
        newest = self._checkpoints.read("newest")
        start = newest if newest and newest.fold == FOLD and newest.seq >= base.seq else base
        try:
            if start.seq > base.seq:
                self._check_stands(start)
            facts, _ = self._folded(start)
        except (BrokenChain, ValueError) as error:
            raise JournalBroken(
                f"The journal does not verify ({error}). The station does not start on it: keep the file as evidence, "
                "and restore the journal, and the keys beside it, from their backup."
            ) from error
        self._checkpoint_seq = start.seq
        return facts

    def append(self, event: Event) -> Entry:
        """Write one event; it is on disk when this returns, unless a transaction is still open around it.

        Raises NotWritten where the disk does not take it: then nothing was written.
        """
        at, text = self.clock.now(), event.model_dump_json()
        seq, digest = self._write(at, text)
        return Entry.model_construct(seq=seq, at=at, event=event, digest=digest.hex(), text=text)

    def write(self, event: Event) -> None:
        """Write one event as `append` does, for who has no need of the entry."""
        text = event.model_dump_json()
        seq, _ = self._write(self.clock.now(), text)
        log.info("%d %s", seq, text)

    def _write(self, at: datetime, text: str) -> tuple[int, bytes]:
        with self._database.transaction():
            seq, head = self.head()
            stamp = at.isoformat()
            digest = seal(head, seq + 1, sealed_letters(stamp, text))
            self._database.run(_INSERT, seq + 1, stamp, text, digest)
            return self._remember_end(seq + 1, digest)

    def head(self) -> tuple[int, bytes]:
        """Return the last sequence number (0: none) and its digest."""
        if self._end is None or self._end_undone != self._database.undone:
            rows = self._database.rows("SELECT seq, digest FROM journal ORDER BY seq DESC LIMIT 1")
            return self._remember_end(*(cast(tuple[int, bytes], rows[0]) if rows else (0, GENESIS)))
        return self._end

    def _remember_end(self, seq: int, digest: bytes) -> tuple[int, bytes]:
        self._end, self._end_undone = (seq, digest), self._database.undone
        return self._end

    def entries_after(self, seq: int, limit: int = 200) -> tuple[Entry, ...]:
        """Return up to `limit` entries after `seq`, in order."""
        return tuple(map(_entry, self._batch(seq, limit)))

    def sealed_after(self, seq: int, limit: int) -> tuple[SealedEntry, ...]:
        """Return up to `limit` entries after `seq`, in order, as they are sent to retail."""
        return tuple(
            SealedEntry.model_construct(seq=number, at=datetime.fromisoformat(at), digest=digest.hex(), text=text)
            for number, at, text, digest in self._batch(seq, limit)
        )

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """Yield all entries that are kept, from the first one after `after`."""
        return map(_entry, self.rows(after))

    def rows(self, after: int = 0) -> Iterator[Row]:
        """Yield the same as it is stored."""
        while batch := self._batch(after, 1000):
            yield from batch
            after = batch[-1][0]

    def _batch(self, after: int, limit: int) -> list[Row]:
        query = f"SELECT {_COLUMNS} FROM journal WHERE seq > ? ORDER BY seq LIMIT ?"  # noqa: S608 - as above
        return cast(list[Row], self._database.rows(query, after, limit))

    @property
    def first(self) -> Entry | None:
        """The oldest entry that is kept."""
        return next(iter(self.entries_after(0, 1)), None)

    @property
    def since_checkpoint(self) -> int:
        """How many entries a start would read now."""
        return self.head()[0] - self._checkpoint_seq

    def write_checkpoint(self, facts: Facts) -> None:
        """Write down the facts after the last entry: `facts` must be they. Not inside a transaction."""
        seq, digest = self.head()
        with self._database.transaction():
            self._checkpoints.write("newest", Checkpoint(seq, digest, FOLD, facts.model_dump_json()))
        self._checkpoint_seq = seq

    def forget(self, up_to: int) -> None:
        """Delete the entries up to `up_to`, the one door by which the journal shrinks.

        The facts up to there become the base. The database refuses what retail has not acknowledged and
        the last entry.
        """
        base = self._checkpoints.read("base") or BEGINNING
        facts, digest = self._folded(base, up_to)
        with self._database.transaction():
            self._checkpoints.write("base", Checkpoint(up_to, digest, FOLD, facts.model_dump_json()))
            self._database.run("DELETE FROM journal WHERE seq <= ?", up_to)

    def _folded(self, start: Checkpoint, up_to: int | None = None) -> tuple[Facts, bytes]:
        """Return the facts after `start` and what follows, chain verified, and the last digest."""
        facts, head, seq = Facts.model_validate_json(start.facts), start.digest, start.seq
        for number, at, text, digest in self.rows(start.seq):
            if up_to is not None and number > up_to:
                break
            head = verify_chain((Link(number, sealed_letters(at, text), digest),), head, seq)
            facts.apply(EVENT.validate_json(text))
            seq = number
        return facts, head

    def _check_stands(self, checkpoint: Checkpoint) -> None:
        """Raise BrokenChain where the journal is not the one whose facts were sealed: it was rewritten or cut."""
        rows = self._database.rows("SELECT digest FROM journal WHERE seq = ?", checkpoint.seq)
        if rows != [(checkpoint.digest,)]:
            raise BrokenChain(checkpoint.seq, "it is not the row of the checkpoint that this station sealed")


def _entry(row: Row) -> Entry:
    seq, at, text, digest = row
    return Entry.stored(seq, datetime.fromisoformat(at), text, digest.hex())
