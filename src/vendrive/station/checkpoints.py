"""Checkpoints: the facts up to one entry of the journal, sealed, so that a start need not read what came before."""

import hmac
from dataclasses import dataclass
from typing import Literal, cast

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from vendrive.audit import GENESIS
from vendrive.station.database import Database
from vendrive.station.facts import FOLD, Facts

Name = Literal["base", "newest"]
"""`base`: what came before is not in the table any more. `newest`: a start begins here."""


@dataclass(frozen=True)
class Checkpoint:
    """`facts` is the text of the facts after entry `seq`, whose digest in the chain is `digest`; `fold` made them."""

    seq: int
    digest: bytes
    fold: int
    facts: str

    def text(self) -> bytes:
        """Return what the seal covers, besides the name."""
        return f"{self.seq}\n{self.digest.hex()}\n{self.fold}\n{self.facts}".encode()


BEGINNING = Checkpoint(0, GENESIS, FOLD, Facts().model_dump_json())


class Checkpoints:
    """Reads and writes them; call the writes inside a transaction."""

    def __init__(self, database: Database, secret: bytes) -> None:
        """`secret` is one of the station's own keys: seals are made with a key that is derived of it."""
        self._database = database
        self._key = HKDF(hashes.SHA256(), 32, salt=None, info=b"vendrive station checkpoints 1").derive(secret)

    def read(self, name: Name) -> Checkpoint | None:
        """Return the checkpoint; None where there is none, or where this station did not seal it."""
        rows = self._database.rows("SELECT seq, digest, fold, facts, seal FROM checkpoints WHERE name = ?", name)
        if not rows:
            return None
        seq, digest, fold, facts, seal = cast(tuple[int, bytes, int, str, bytes], rows[0])
        found = Checkpoint(seq, digest, fold, facts)
        return found if hmac.compare_digest(seal, self._seal(name, found)) else None

    def write(self, name: Name, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint of this name."""
        self._database.run(
            "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?, ?)",
            name,
            checkpoint.seq,
            checkpoint.digest,
            checkpoint.fold,
            checkpoint.facts,
            self._seal(name, checkpoint),
        )

    def _seal(self, name: Name, checkpoint: Checkpoint) -> bytes:
        return hmac.digest(self._key, name.encode() + b"\n" + checkpoint.text(), "sha256")
