"""A model of retail: signed orders, numbered; a journal that is taken in by number, twice without a second effect.

It is held to the wire contract that the real one keeps, and knows nothing of the rules by which drives are sold.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from vendrive.audit import GENESIS, BrokenChain, Link, verify_chain
from vendrive.passes.signing import ORDER_PURPOSE, key_id, sign_text
from vendrive.station.uplink import RetailAway
from vendrive.wire.journal import JournalAck, SealedBatch, SealedEntry, sealed_text
from vendrive.wire.orders import Order, OrderBody, OrdersPage, SignedOrder

PAGE = 50


@dataclass
class Retail:
    """One tower's retail. `away` cuts the line; `deaf` lets orders through, and nothing that is sent."""

    tower_id: str
    key: Ed25519PrivateKey
    now: Callable[[], datetime]
    news: Callable[[], None] = lambda: None
    orders: list[SignedOrder] = field(default_factory=list)
    bodies: list[OrderBody] = field(default_factory=list)
    entries: list[SealedEntry] = field(default_factory=list)
    head: bytes = GENESIS
    away: bool = False
    deaf: bool = False
    requests: int = 0

    @cached_property
    def keys(self) -> dict[str, Ed25519PublicKey]:
        """The public keys that a station pins, by key id."""
        public = self.key.public_key()
        return {key_id(public): public}

    def order(self, body: OrderBody) -> int:
        """Publish an order with the next number, and return it."""
        number = len(self.orders) + 1
        order = Order(
            order_id=f"order-{number}", tower_id=self.tower_id, number=number, issued_at=self.now(), body=body
        )
        payload = order.model_dump_json()
        self.orders.append(SignedOrder(payload=payload, signature=sign_text(self.key, ORDER_PURPOSE, payload)))
        self.bodies.append(body)
        self.news()
        return number

    def cut(self, away: bool) -> None:
        """Cut the line to the station, or mend it."""
        self.away = away
        if not away:
            self.hear(True)

    def hear(self, again: bool) -> None:
        """Take in what is sent, or not."""
        self.deaf = not again
        if again:
            self.news()

    def answer(self, method: str, target: str, body: bytes) -> bytes:
        """Answer one request of a station, or raise RetailAway."""
        self.requests += 1
        if self.away or (self.deaf and method == "POST"):
            raise RetailAway(f"{method} {target}: no line")
        if target.startswith("/api/station/orders?after="):
            after = int(target.partition("=")[2])
            return OrdersPage(orders=tuple(self.orders[after : after + PAGE])).model_dump_json().encode()
        if target == "/api/station/journal":
            return JournalAck(up_to=self._take_in(body)).model_dump_json().encode()
        return b""

    def _take_in(self, body: bytes) -> int:
        """Store what is new of a batch, all or nothing; a gap or a broken chain stores nothing."""
        known = len(self.entries)
        fresh = [entry for entry in SealedBatch.model_validate_json(body).entries if entry.seq > known]
        links = [Link(e.seq, sealed_text(e.at, e.text), bytes.fromhex(e.digest)) for e in fresh]
        try:
            self.head = verify_chain(links, self.head, known)
        except BrokenChain as error:
            raise RetailAway(f"400 {error}") from error
        self.entries += fresh
        return len(self.entries)


class Wire:
    """The station's client of this retail, in place of `uplink.RetailClient`."""

    def __init__(self, retail: Retail) -> None:
        self._retail = retail

    async def request(self, method: str, target: str, body: bytes = b"") -> bytes:
        return self._retail.answer(method, target, body)

    async def close(self) -> None:
        """Nothing is open."""
