"""A station as one program: its parts, put together here and nowhere else."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass

from starlette.routing import BaseRoute

from vendrive.clock import Clock
from vendrive.station.adapters.opcua.machine import Access, OpcuaMachine
from vendrive.station.admission import Admission
from vendrive.station.bay import BaySide, TowerSide
from vendrive.station.controller import Controller
from vendrive.station.database import Database, NotWritten
from vendrive.station.desk import Desk
from vendrive.station.faces import DlibFaces, Faces
from vendrive.station.journal import Journal
from vendrive.station.keeper import Keeper
from vendrive.station.keys import load_keys, pinned_retail_keys
from vendrive.station.kiosk.app import Kiosk
from vendrive.station.line import Line
from vendrive.station.link import Link
from vendrive.station.machine import Machine, MachineLost
from vendrive.station.orders import Orders
from vendrive.station.record import Record
from vendrive.station.report import tower_report
from vendrive.station.safety import Safety
from vendrive.station.server import serving
from vendrive.station.settings import Settings
from vendrive.station.staff import Staff
from vendrive.station.store import Store
from vendrive.station.uplink import RetailClient, Uplink
from vendrive.station.watch import Watch
from vendrive.station.yard import Yard
from vendrive.tower.layout import load_layout
from vendrive.wire.machine import Snapshot
from vendrive.wire.report import TowerReport

WATCH_PERIOD_S = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Station:
    """All parts of a running station; bays have a desk and a kiosk each."""

    settings: Settings
    clock: Clock
    database: Database
    journal: Journal
    store: Store
    record: Record
    link: Link
    controller: Controller
    yard: Yard
    safety: Safety
    watch: Watch
    kiosks: Mapping[str, Kiosk]
    uplink: Uplink
    keeper: Keeper
    line: Line
    client: RetailClient
    extra_routes: tuple[BaseRoute, ...]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[dict[str, str]]:
        """Run until the block ends; yields each kiosk's address by bay. An error of any part ends all of it."""
        try:
            async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
                urls = await self._serve(stack)
                tasks = [
                    group.create_task(self.link.run(self._connected, self._read)),
                    group.create_task(self.uplink.run()),
                    group.create_task(self._watch()),
                    group.create_task(self.keeper.run()),
                ]
                yield urls
                self._end_kiosks()
                self.link.end()
                for task in tasks:
                    task.cancel()
        finally:
            self._end_kiosks()
            await self.client.close()
            with self._writing():
                self.record.close()
            self.database.close()

    @property
    def desk(self) -> Desk:
        """The desk of the first bay: small towers have no other."""
        return next(iter(self.yard.desks.values()))

    async def _serve(self, stack: AsyncExitStack) -> dict[str, str]:
        """Serve each bay's kiosk on a port of its own: the first on the port of the settings, the others after it."""
        urls: dict[str, str] = {}
        for at, (bay, kiosk) in enumerate(self.kiosks.items()):
            port = self.settings.port + at if self.settings.port else 0
            urls[bay] = await stack.enter_async_context(serving(kiosk.application(self.extra_routes), port))
        return urls

    def _end_kiosks(self) -> None:
        for kiosk in self.kiosks.values():
            kiosk.end()

    def report(self) -> TowerReport | None:
        """Return the tower's report; None before the machine was ever read."""
        if self.link.snapshot is None:
            return None
        return tower_report(
            self.settings.tower_id,
            self.controller.layout,
            self.clock.now(),
            self.link.snapshot,
            self.link.fresh is not None,
            self._activity(),
            self.journal.head()[0],
            self.store.cursor,
            self.record.facts.locked,
        )

    def _activity(self) -> str:
        return "; ".join(dict.fromkeys(task.purpose for task in self.controller.tasks.values()))

    async def _connected(self, machine: Machine, snapshot: Snapshot) -> None:
        try:
            await self.controller.connected(machine, snapshot)
        except NotWritten as error:
            raise MachineLost(f"control is not taken: {error}") from error

    async def _read(self, snapshot: Snapshot) -> None:
        with self._writing():
            self.controller.settle(snapshot)
            self.safety.look(self.controller.view(snapshot))
            if self.link.fresh is snapshot:
                self.watch.look(snapshot)
            await self.yard.tick(snapshot)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """What cannot be journaled is not done, and asked again with the next snapshot; the program goes on."""
        try:
            yield
        except NotWritten as error:
            log.error("nothing can be written: %s", error)

    async def _watch(self) -> None:
        """Notice a machine that does not answer at all."""
        while True:
            await asyncio.sleep(WATCH_PERIOD_S)
            if self.link.fresh is None:
                with self._writing():
                    self.safety.lost()


def ready_line(urls: Mapping[str, str]) -> str:
    """Return the line that a parent program waits for: the first kiosk, and all of them by bay."""
    first = next(iter(urls.values()))
    return "ready " + json.dumps({"kiosk": first} | {f"kiosk_{bay}": url for bay, url in urls.items()})


def build_station(
    settings: Settings,
    clock: Clock,
    extra_routes: Sequence[BaseRoute] = (),
    faces: Faces | None = None,
    make_machine: Callable[[], Machine] | None = None,
    extra_scripts: Sequence[str] = (),
) -> Station:
    """Put a station together; raises JournalBroken, KeyFileWrong, LayoutError, FileNotFoundError.

    `extra_routes` answer beside the kiosk's own, behind the same credential; `extra_scripts` are addresses of ES
    modules that the kiosk's page loads too.
    """
    layout = load_layout(settings.layout)
    keys = load_keys(settings.keys, settings.tower_id)
    retail_keys = pinned_retail_keys(settings.keys / "retail.json")
    retail_keys()
    database = Database(settings.data / "journal.sqlite")
    secret = keys.sealing.private_bytes_raw()
    journal, store = Journal(database, clock, secret), Store(database, secret)
    record, line = Record(journal), Line(store, clock)
    access = Access(settings.machine_url, settings.pki, f"urn:vendrive:station:{settings.tower_id}")
    access.own(clock)
    link = Link(make_machine or (lambda: OpcuaMachine(access, layout, clock)), clock)
    controller = Controller(link, record, layout, clock, settings.tower_id)
    side = TowerSide(layout, record, store, controller, clock)
    eyes = faces or DlibFaces()
    admission = Admission(settings.tower_id, database, store, keys.sealing, retail_keys, eyes, line, clock)
    desks = {
        bay.name: Desk(BaySide(layout, record, store, controller, clock, bay.name), admission, link, clock)
        for bay in layout.bays
    }
    safety = Safety(link, record, clock)
    staff = Staff(side, safety, link, clock)
    orders = Orders(settings.tower_id, database, store, record, retail_keys, staff.obey, clock)
    yard = Yard(side, desks)
    orders.is_served = yard.is_served
    client = RetailClient(settings.retail_url, settings.tower_id, keys.signing, clock)
    station: Station
    uplink = Uplink(client, settings.tower_id, database, store, journal, orders, lambda: station.report(), line, clock)
    keeper = Keeper(database, journal, record, store, settings.data, line, clock)
    kiosks = {
        bay: Kiosk(desk, safety, link, eyes, keys.kiosk, settings.tower_id, extra_scripts)
        for bay, desk in desks.items()
    }
    station = Station(
        settings,
        clock,
        database,
        journal,
        store,
        record,
        link,
        controller,
        yard,
        safety,
        Watch(desks, store, clock),
        kiosks,
        uplink,
        keeper,
        line,
        client,
        tuple(extra_routes),
    )
    return station
