"""One life of the station's program in a simulated tower: the production parts, put together as the program does.

It differs from `station.program` in what it is given alone: another disk, clock, machine, client and faces. Its line to
retail looks when there is something to send or to fetch, instead of three times a second.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from vendrive.simulation.disk import Disk, SimulatedDatabase
from vendrive.simulation.loop import RESOLUTION_S
from vendrive.simulation.machine import MemoryMachine
from vendrive.simulation.moments import ReadAt, WatchedClock
from vendrive.simulation.retail import Retail, Wire
from vendrive.station.admission import Admission
from vendrive.station.bay import BaySide, TowerSide
from vendrive.station.controller import Controller
from vendrive.station.desk import Desk
from vendrive.station.journal import Journal
from vendrive.station.keeper import Keeper
from vendrive.station.line import Line
from vendrive.station.link import Link
from vendrive.station.orders import OrderRejected, Orders
from vendrive.station.record import Record
from vendrive.station.safety import Safety
from vendrive.station.staff import Staff
from vendrive.station.store import Store
from vendrive.station.uplink import RetailAway, Uplink
from vendrive.station.watch import Watch
from vendrive.station.yard import Yard
from vendrive.tower.control import Stuck, Wait
from vendrive.tower.layout import Layout
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.machine import Snapshot

EXCHANGE_DELAY_S = 1.0
PUSH_PERIOD_S = 120.0
WATCH_PERIOD_S = 1.0
# Each look of the keeper reads hundreds of entries: a real one looks every ten seconds.
KEEPS_EACH = 4
ASK_PERIOD_S = 3600.0


class NamedFaces:
    """Pictures that are the name of who is in them; templates too."""

    engine = "by-name"

    async def distance(self, picture: bytes, template: bytes) -> float:
        if picture == b"nobody":
            raise Refused(ErrorCode.no_face)
        return 0.1 if picture == template else 0.9

    async def code(self, picture: bytes) -> str | None:
        return None


Thoughts = tuple[Any, ...]


@dataclass(frozen=True)
class Computer:
    """What outlives a program's life: its disk, clock, keys and lines."""

    tower_id: str
    layout: Layout
    disk: Disk
    clock: WatchedClock
    sealing: X25519PrivateKey
    retail: Retail
    make_machine: Callable[[], MemoryMachine]
    step: Callable[[str], None]
    skips: bool = True


class Session:
    """The running program."""

    def __init__(self, computer: Computer) -> None:
        self.computer = computer
        self.polls = 0
        self.pushed_s = 0.0
        self.news = asyncio.Event()
        # Something that no snapshot shows happened since the last read that was gone through.
        self.stirred = True
        # The last one changed nothing that the next would go on from.
        self.settled = False
        self._seen: tuple[object, ...] = ()
        # What the last read went on to.
        self._thought: Thoughts = ()
        self._tasks: list[asyncio.Task[None]] = []
        clock, layout = computer.clock, computer.layout
        database = SimulatedDatabase(computer.disk, computer.step)
        secret = computer.sealing.private_bytes_raw()
        self.journal = Journal(database, clock, secret)
        self.store = Store(database, secret)
        self.record = Record(self.journal)
        self.link = Link(computer.make_machine, clock)
        self.controller = Controller(self.link, self.record, layout, clock, computer.tower_id)
        self.line = Line(self.store, clock)
        self._compose_desks(database)
        self._compose_line(database)

    def start(self, ended: Callable[["asyncio.Task[None]"], None]) -> None:
        """Run; `ended` hears of each task that ends."""
        jobs = (
            self.link.run(self.controller.connected, self._read),
            self._exchange(),
            self._notice(),
            self._keep(),
        )
        self._tasks = [asyncio.create_task(job) for job in jobs]
        for task in self._tasks:
            task.add_done_callback(ended)

    def kill(self) -> None:
        """End at once."""
        for task in self._tasks:
            task.cancel()

    @property
    def desks(self) -> dict[str, Desk]:
        """The desks by bay."""
        return dict(self.yard.desks)

    def refresh(self) -> None:
        """Take what the last of the reads that were skipped would have shown."""
        machine, last = self.link.machine, self.link.snapshot
        if not isinstance(machine, MemoryMachine) or last is None:
            return
        if machine.skipping:
            self.link.snapshot = machine.skipped()
        elif machine.woken_s is not None:
            machine.read_at_s = machine.woken_s
            self.link.snapshot = replace(last, read_at_s=ReadAt(machine.woken_s))

    def thoughts(self) -> tuple[Thoughts, ...]:
        """Return what the session thinks beside its journal: who is served, how far, and what is wanted."""
        desks = tuple(
            [
                (desk.talk, desk.talk and (desk.talk.phase, desk.talk.task), desk.asking, desk.tidying)
                for desk in self.yard.desks.values()
            ]
        )
        controller = self.controller
        return (
            desks,
            tuple(controller.tasks.items()),
            tuple(controller.steps.items()),
            tuple(controller.lifts.items()),
        )

    def _compose_desks(self, database: SimulatedDatabase) -> None:
        computer, clock = self.computer, self.computer.clock
        keys, faces = (lambda: computer.retail.keys), NamedFaces()
        admission = Admission(computer.tower_id, database, self.store, computer.sealing, keys, faces, self.line, clock)
        parts = (computer.layout, self.record, self.store, self.controller, clock)
        self.side = TowerSide(*parts)
        desks = {bay.name: Desk(BaySide(*parts, bay.name), admission, self.link, clock) for bay in computer.layout.bays}
        self.safety = Safety(self.link, self.record, clock)
        self.staff = Staff(self.side, self.safety, self.link, clock)
        self.watch = Watch(desks, self.store, clock)
        self.yard = Yard(self.side, desks)

    def _compose_line(self, database: SimulatedDatabase) -> None:
        computer, clock = self.computer, self.computer.clock
        orders = Orders(
            computer.tower_id,
            database,
            self.store,
            self.record,
            lambda: computer.retail.keys,
            self.staff.obey,
            clock,
        )
        self.uplink = Uplink(
            Wire(computer.retail),  # type: ignore[arg-type] # the two verbs of RetailClient that it uses
            computer.tower_id,
            database,
            self.store,
            self.journal,
            orders,
            lambda: None,
            self.line,
            clock,
        )
        self.keeper = Keeper(
            database,
            self.journal,
            self.record,
            self.store,
            Path("no folder"),
            self.line,
            clock,
            free_bytes=lambda folder: 1 << 40,
        )

    async def _read(self, snapshot: Snapshot) -> None:
        self.polls += 1
        seen = self._what_it_shows(snapshot)
        if self.computer.skips and seen == self._seen and self._is_at_rest():
            return
        self.computer.clock.book.open()
        _, _, fresh, _ = self._seen = seen
        self.settled = False
        self.controller.settle(snapshot)
        # How commands ended, and what others did since the last read, is known to all that follows in this one.
        before = self._outlook(snapshot) if self.stirred else self._thought
        self.stirred, known = False, self._known()
        self.safety.look(self.controller.view(snapshot))
        if fresh:
            self.watch.look(snapshot)
        await self.yard.tick(snapshot)
        self._thought = self._outlook(snapshot)
        if self.yard.outlook.look_at is not None:
            self.computer.clock.note(self.yard.outlook.look_at)
        # One that is too old is read again until it is not.
        self.settled = self.link.fresh is snapshot and self._thought == before and self._known() == known

    def _what_it_shows(self, snapshot: Snapshot) -> tuple[int, int, bool, bool]:
        """Return all of a snapshot but its counters: two that are alike here differ in nothing else."""
        plc = snapshot.plc
        asked_before = snapshot.read_at_s > self.safety.asked_s
        return (plc.plc_epoch, plc.revision, self.link.fresh is snapshot, asked_before)

    def _is_at_rest(self) -> bool:
        """Whether what was last seen, seen again, would change nothing: no news, and no time has run out."""
        book = self.computer.clock.book
        return self.settled and not self.stirred and book.present() < book.due_s - RESOLUTION_S

    def _outlook(self, snapshot: Snapshot) -> Thoughts:
        """Return what the next read goes on from: of a judgement, that it is stuck, or waits where somebody is."""
        waited_for = {bay.name for bay in snapshot.bays if bay.person}
        desks, tasks, steps, lifts = self.thoughts()
        judged = [
            (key, step)
            for key, step in steps
            if isinstance(step, Stuck) or (isinstance(step, Wait) and (step.for_people or key in waited_for))
        ]
        staged = [desk.staging for desk in self.yard.desks.values()]
        return desks, tasks, judged, lifts, staged

    def _known(self) -> tuple[int, Mapping[str, str]]:
        """Return what a read may add to after it has gone on from it: orders, and where each car is believed."""
        return self.store.version, self.record.facts.places

    async def _notice(self) -> None:
        """Notice a machine that does not answer at all; while it is read, `Safety.look` sees how old its data is."""
        while True:
            machine = self.link.machine
            if isinstance(machine, MemoryMachine):
                await machine.lost.wait()
            await asyncio.sleep(WATCH_PERIOD_S)
            if self.link.fresh is None:
                self.safety.lost()

    async def _keep(self) -> None:
        while True:
            for _ in range(KEEPS_EACH):
                await asyncio.sleep(ASK_PERIOD_S)
                with suppress(RetailAway, OrderRejected):
                    await self.uplink.pull()
            self.keeper.look()

    async def _exchange(self) -> None:
        """Look where there are news: an order, an entry to send, a line that is back."""
        while True:
            await self.news.wait()
            self.news.clear()
            await asyncio.sleep(EXCHANGE_DELAY_S)
            try:
                await self._exchange_once()
            except (RetailAway, OrderRejected):
                pass

    async def _exchange_once(self) -> None:
        loop = asyncio.get_running_loop()
        if len(self.computer.retail.orders) > self.store.cursor:
            self.refresh()
            await self.uplink.pull()
        if self.journal.head()[0] == self.store.acknowledged:
            return
        if loop.time() - self.pushed_s < PUSH_PERIOD_S:
            loop.call_at(self.pushed_s + PUSH_PERIOD_S, self.news.set)
            return
        self.pushed_s = loop.time()
        await self.uplink.push()
