"""Retail as far as a station sees it: the wire contract over HTTP, and nothing behind it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vendrive.audit import Link, verify_chain
from vendrive.clock import Clock
from vendrive.passes.signing import ORDER_PURPOSE, is_signed, sign_text
from vendrive.station.server import serving
from vendrive.wire.journal import Entry, JournalAck, JournalBatch
from vendrive.wire.orders import Order, OrderBody, OrdersPage, SignedOrder
from vendrive.wire.report import TowerReport
from vendrive.wire.station_auth import (
    NONCE_HEADER,
    PURPOSE,
    SIGNATURE_HEADER,
    TIME_HEADER,
    TOLERANCE_S,
    TOWER_HEADER,
    RequestToSign,
)


@dataclass
class FakeRetail:
    """Gives out orders, takes in the journal. `away` makes every answer a 503."""

    tower_id: str
    key: Ed25519PrivateKey
    station: Ed25519PublicKey
    clock: Clock
    orders: list[SignedOrder] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    reports: list[TowerReport] = field(default_factory=list)
    received: int = 0
    away: bool = False
    forgets_to_answer: int = 0
    nonces: set[str] = field(default_factory=set)

    def order(self, body: OrderBody, tower_id: str | None = None, number: int | None = None) -> SignedOrder:
        """Publish an order with the next number."""
        order = Order(
            order_id=f"order-{len(self.orders) + 1}",
            tower_id=tower_id or self.tower_id,
            number=number or len(self.orders) + 1,
            issued_at=self.clock.now(),
            body=body,
        )
        payload = order.model_dump_json()
        signed = SignedOrder(payload=payload, signature=sign_text(self.key, ORDER_PURPOSE, payload))
        self.orders.append(signed)
        return signed

    def kinds(self) -> list[str]:
        """Return the kinds of all events that arrived."""
        return [entry.event.kind for entry in self.entries]

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/station/orders", self._orders),
                Route("/api/station/journal", self._journal, methods=["POST"]),
                Route("/api/station/report", self._report, methods=["POST"]),
            ]
        )

    async def _orders(self, request: Request) -> Response:
        refusal = self._refusal(request, b"")
        if refusal:
            return refusal
        after = int(request.query_params["after"])
        return _json(OrdersPage(orders=tuple(self.orders[after : after + 50])).model_dump_json())

    async def _journal(self, request: Request) -> Response:
        body = await request.body()
        refusal = self._refusal(request, body)
        if refusal:
            return refusal
        self.received += 1
        known = len(self.entries)
        for entry in JournalBatch.model_validate_json(body).entries:
            if entry.seq == known + 1:
                self.entries.append(entry)
                known += 1
        verify_chain(Link(e.seq, e.payload(), bytes.fromhex(e.digest)) for e in self.entries)
        if self.forgets_to_answer:
            self.forgets_to_answer -= 1
            return Response(status_code=502)
        return _json(JournalAck(up_to=known).model_dump_json())

    async def _report(self, request: Request) -> Response:
        body = await request.body()
        refusal = self._refusal(request, body)
        if refusal:
            return refusal
        self.reports.append(TowerReport.model_validate_json(body))
        return Response(status_code=204)

    def _refusal(self, request: Request, body: bytes) -> Response | None:
        if self.away:
            return Response(status_code=503)
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        at = datetime.fromisoformat(request.headers[TIME_HEADER])
        nonce = request.headers[NONCE_HEADER]
        signed = RequestToSign(request.headers[TOWER_HEADER], request.method, target, body, at, nonce)
        genuine = is_signed(self.station, PURPOSE, signed.text(), request.headers[SIGNATURE_HEADER])
        late = abs(self.clock.now() - at) > timedelta(seconds=TOLERANCE_S)
        if not genuine or late or nonce in self.nonces:
            return JSONResponse({"code": "signature_invalid"}, status_code=401)
        self.nonces.add(nonce)
        return None


@asynccontextmanager
async def serving_retail(retail: FakeRetail) -> AsyncIterator[str]:
    """Serve it in the running loop."""
    async with serving(retail.application(), 0) as url:
        yield url


def _json(text: str) -> Response:
    return Response(text, media_type="application/json")
