"""A tamper-evident chain: each row's digest covers its payload and the digest before it.

A chain alone does not show that its tail was cut or that all of it was rewritten, so heads are signed by their
owner and also kept by the other side (retail keeps each station's last digest with its sequence number).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

GENESIS = bytes(32)


@dataclass(frozen=True)
class Link:
    """One sealed row: `seq` counts from 1 without a gap, `payload` is the exact bytes that were sealed."""

    seq: int
    payload: bytes
    digest: bytes


class BrokenChain(Exception):
    """The chain does not verify; `seq` names the first row that is wrong or missing."""

    def __init__(self, seq: int, reason: str) -> None:
        super().__init__(f"audit chain broken at row {seq}: {reason}")
        self.seq = seq


def seal(previous: bytes, seq: int, payload: bytes) -> bytes:
    """Return the SHA-256 digest of row `seq`, given the digest of the row before it."""
    return hashlib.sha256(previous + seq.to_bytes(8, "big") + payload).digest()


def verify_chain(links: Iterable[Link], head: bytes = GENESIS, after: int = 0) -> bytes:
    """Check `links` in order from row `after` + 1 and return the last digest; raise BrokenChain at the first fault."""
    expected = after
    for link in links:
        expected += 1
        if link.seq != expected:
            raise BrokenChain(expected, f"found row {link.seq} instead")
        head = seal(head, link.seq, link.payload)
        if head != link.digest:
            raise BrokenChain(link.seq, "the digest does not match the payload")
    return head
