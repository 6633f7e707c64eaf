"""The line to retail: pulls orders, pushes the journal and the report. The station works as well without it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from vendrive.clock import Clock
from vendrive.ids import random_bytes
from vendrive.passes.signing import encode, sign_text
from vendrive.station.database import Database, NotWritten
from vendrive.station.journal import Journal
from vendrive.station.keys import KeyFileWrong
from vendrive.station.line import Line
from vendrive.station.orders import OrderRejected, Orders
from vendrive.station.store import Store
from vendrive.wire.journal import JournalAck, SealedBatch
from vendrive.wire.orders import OrdersPage
from vendrive.wire.report import TowerReport
from vendrive.wire.station_auth import (
    NONCE_HEADER,
    PURPOSE,
    SIGNATURE_HEADER,
    TIME_HEADER,
    TOWER_HEADER,
    RequestToSign,
)

TIMEOUT_S = 10.0
PULL_PERIOD_S = 1.0
PUSH_PERIOD_S = 0.3
REPORT_PERIOD_S = 0.5
REPORT_AT_LEAST_S = 5.0
LONGEST_PAUSE_S = 15.0
BATCH = 100
NONCE_BYTES = 16

log = logging.getLogger(__name__)


class RetailAway(Exception):
    """Retail did not answer as it should; everything is asked again later."""


class RetailClient:
    """Signed requests of one station."""

    def __init__(self, base_url: str, tower_id: str, key: Ed25519PrivateKey, clock: Clock) -> None:
        self._http = httpx.AsyncClient(base_url=base_url, timeout=TIMEOUT_S, follow_redirects=False)
        self._tower_id = tower_id
        self._key = key
        self._clock = clock

    async def request(self, method: str, target: str, body: bytes = b"") -> bytes:
        """Return the body of a 2xx answer, or raise RetailAway."""
        try:
            answer = await self._http.request(method, target, content=body, headers=self._headers(method, target, body))
        except (httpx.HTTPError, OSError) as error:
            raise RetailAway(f"{method} {target}: {type(error).__name__} {error}") from error
        if not answer.is_success:
            raise RetailAway(f"{method} {target}: {answer.status_code} {answer.text[:200]}")
        return answer.content

    async def close(self) -> None:
        await self._http.aclose()

    def _headers(self, method: str, target: str, body: bytes) -> dict[str, str]:
        nonce = encode(random_bytes(NONCE_BYTES))
        at = self._clock.now()
        signed = RequestToSign(self._tower_id, method, target, body, at, nonce)
        return {
            TOWER_HEADER: self._tower_id,
            TIME_HEADER: at.isoformat(),
            NONCE_HEADER: nonce,
            SIGNATURE_HEADER: sign_text(self._key, PURPOSE, signed.text()),
            "Content-Type": "application/json",
        }


class Uplink:
    """Three loops: orders, journal, report."""

    def __init__(
        self,
        client: RetailClient,
        tower_id: str,
        database: Database,
        store: Store,
        journal: Journal,
        orders: Orders,
        report: Callable[[], TowerReport | None],
        line: Line,
        clock: Clock,
    ) -> None:
        self._client = client
        self._tower_id = tower_id
        self._database = database
        self._store = store
        self._journal = journal
        self._orders = orders
        self._report = report
        self._line = line
        self._clock = clock
        self._reported: TowerReport | None = None
        self._reported_s = float("-inf")
        self.trouble = ""

    async def run(self) -> None:
        """Keep the line until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._again(self.pull, PULL_PERIOD_S))
            group.create_task(self._again(self.push, PUSH_PERIOD_S))
            group.create_task(self._again(self.report, REPORT_PERIOD_S))

    async def pull(self) -> None:
        """Take the orders after the cursor, in turn."""
        body = await self._client.request("GET", f"/api/station/orders?after={self._store.cursor}")
        await self._orders.take_page(OrdersPage.model_validate_json(body).orders)
        self._line.heard()

    async def push(self) -> None:
        """Send what retail has not acknowledged, batch by batch."""
        while entries := self._journal.sealed_after(self._store.acknowledged, BATCH):
            batch = SealedBatch(tower_id=self._tower_id, entries=entries)
            body = await self._client.request("POST", "/api/station/journal", batch.model_dump_json().encode())
            up_to = JournalAck.model_validate_json(body).up_to
            if up_to == self._store.acknowledged or up_to > self._journal.head()[0]:
                raise RetailAway(f"acknowledged {up_to} of {entries[-1].seq}")
            if up_to < self._store.acknowledged:
                self._check_still_here(up_to)
            with self._database.transaction():
                self._store.acknowledge(up_to)

    def _check_still_here(self, up_to: int) -> None:
        """Retail was restored from a backup, and has less than it had: what it lost is sent again, if it is here."""
        first = self._journal.entries_after(up_to, 1)
        if not first or first[0].seq != up_to + 1:
            raise RetailAway(f"retail has the journal up to {up_to} alone, and what follows is no longer here")
        log.warning("retail has the journal up to %d alone: it is sent again from there", up_to)

    async def report(self) -> None:
        """Send the tower's report when it changed, and now and then where it did not."""
        report = self._report()
        if report is None:
            return
        now = self._clock.monotonic()
        same = self._reported is not None and report == self._reported.model_copy(update={"at": report.at})
        if same and now - self._reported_s < REPORT_AT_LEAST_S:
            return
        await self._client.request("POST", "/api/station/report", report.model_dump_json().encode())
        self._reported, self._reported_s = report, now

    async def _again(self, action: Callable[[], Awaitable[None]], period_s: float) -> None:
        pause = period_s
        while True:
            try:
                await action()
                pause = period_s
            except (RetailAway, OrderRejected, KeyFileWrong, ValidationError, NotWritten) as error:
                pause = min(pause * 2, LONGEST_PAUSE_S)
                self._tell(str(error))
            await asyncio.sleep(pause)

    def _tell(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.warning("retail: %s", trouble)
        self.trouble = trouble
