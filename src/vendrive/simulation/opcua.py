"""Real OPC UA bytes in virtual time: the production client and link against the production server, while between them
the network fails and the PLC starts anew. asyncua, its encryption and its handshakes are the real ones.

One seed is one plant with cars in it, one station that carries them to the bay and back, and one series of faults.
"""

import asyncio
import gc
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from math import exp, log
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from vendrive.clock import Clock, ManualClock
from vendrive.plant.machine import Car
from vendrive.plant.plc import Controller as Plc
from vendrive.plant.records import Setting
from vendrive.plant.server import MachineServer
from vendrive.plant.world import World
from vendrive.simulation.library_time import library_reads
from vendrive.simulation.loop import START, VirtualClock, run_virtual
from vendrive.simulation.network import LATENCY_S, SimulatedNetwork
from vendrive.simulation.opcua_witness import WatchedMachine, Witness
from vendrive.simulation.standard_nodes import shared_standard_nodes
from vendrive.station.adapters.opcua.machine import Access
from vendrive.station.controller import Controller, Task
from vendrive.station.database import Database
from vendrive.station.journal import Journal
from vendrive.station.link import Link
from vendrive.station.record import Record
from vendrive.tower.control import BringToBay, CloseStreet, Goal, OpenStreet, Store, Stuck
from vendrive.tower.layout import load_layout
from vendrive.wire.machine import HEARTBEAT_PERIOD_S, Snapshot
from vendrive.wire.pki import make_certificate, trust

LAYOUT, TOWER = "shanghai3", "shanghai"
PORT = 4840
URIS = {side: f"urn:vendrive:{side}:{TOWER}" for side in ("plant", "station")}
# What `vendrive bench faults` asks for.
HOURS, PARTITIONS = 20.0, 200
FAULTS_PER_SEED = 30
KINDS = {"partition": 72, "reset": 5, "stall": 5, "slow": 10, "restart": 3, "hang": 5}
CUT_S = (0.1, 3600.0)
QUIET_S = (2.0, 40.0)
KEY_S = (1.0, 15.0)
# After the last fault a link has to work again within this: its longest pause, an attempt, and the PLC's heartbeat.
RECOVERY_S = 20.0
SLOTS = ("2A", "2C", "3B")
_TICK_S = HEARTBEAT_PERIOD_S * 0.8
_SHORTEST_TICK_S = 0.001
_UNSEEN_TICK_S = 60.0


@dataclass(frozen=True)
class OpcuaResult:
    """What a run showed; `hours` are virtual, `connected_hours` those of them in which the link was fresh."""

    seeds: int = 0
    hours: float = 0.0
    connected_hours: float = 0.0
    partitions: int = 0
    resets: int = 0
    stalls: int = 0
    restarts: int = 0
    reconnects: int = 0
    commands: int = 0
    refused: int = 0
    compared: int = 0
    stale_grant_s: float = 0.0
    recovery_s: float = 0.0
    violations: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()


class _PlantSide:
    """The plant: its physics live on, its controller and its server start anew when told to."""

    def __init__(
        self, pki: Path, network: SimulatedNetwork, clock: VirtualClock, rng: Random, witness: Witness
    ) -> None:
        self._pki, self._network, self._clock, self._rng, self._witness = pki, network, clock, rng, witness
        self._changed = asyncio.Event()
        network.reached = self._changed.set
        world = World(load_layout(LAYOUT), changed=self._changed.set)
        self.plc = Plc(world, Setting(TOWER, self._epoch(), longest_step_s=float("inf")), clock, rng)
        self._server = MachineServer(self.plc, self._changed.set)
        self._served = False

    async def start(self) -> None:
        """Stock the tower, serve, and let time pass for it."""
        self.plc.world.stock({slot: Car(f"T{slot}", 4700, 1900, 1500, 1800, where=slot) for slot in SLOTS})
        self.plc.tick()
        await self._serve()
        self._running = [
            asyncio.create_task(self._run(), name="plant"),
            asyncio.create_task(self._somebody(), name="somebody"),
        ]

    async def restart(self) -> None:
        """Power off and on: who was connected is not told, and the new controller knows nobody."""
        self._network.lose_servers()
        self._served = False
        await self._server.stop()
        self.plc.restart(self._epoch())
        self._server = MachineServer(self.plc, self._changed.set)
        await self._serve()

    def hang(self, seconds: float) -> None:
        """Let the PLC's program stand still while its server goes on answering."""
        self.plc.silent_until_s = self._clock.monotonic() + seconds

    async def stop(self) -> None:
        """End it."""
        for task in self._running:
            task.cancel()
        await self._server.stop()

    async def _serve(self) -> None:
        own = make_certificate(self._pki, URIS["plant"], self._clock.now())
        await self._server.start(own, URIS["plant"], PORT)
        self._witness.plc_started(self.plc)
        self._witness.published(self.plc)
        self._served = True

    async def _run(self) -> None:
        while True:
            self._changed.clear()
            self.plc.tick()
            if self._served and not self.plc.silent:
                await self._server.publish()
                self._witness.published(self.plc)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause_s()):
                    await self._changed.wait()

    def _pause_s(self) -> float:
        """Return how long nothing happens, and the heartbeat's pause at the most while anybody could read it."""
        longest_s = _TICK_S if self._network.in_use else _UNSEEN_TICK_S
        return max(_SHORTEST_TICK_S, min(longest_s, self.plc.next_due_s()))

    async def _somebody(self) -> None:
        """Change something again and again that the station has not asked for: the key lies in its box, or does not."""
        while True:
            await asyncio.sleep(self._rng.uniform(*KEY_S))
            self.plc.world.key("B1", in_box=not self.plc.world.bays["B1"].key_in_box)

    def _epoch(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


class _StationSide:
    """The station: link, controller and journal, and cars that are carried to the bay and back for ever."""

    def __init__(self, folder: Path, clock: VirtualClock, rng: Random, witness: Witness, number: int) -> None:
        layout = load_layout(LAYOUT)
        self._clock, self._witness = clock, witness
        self._database = Database(folder / f"journal-{number}.sqlite")
        access = Access(f"opc.tcp://127.0.0.1:{PORT}/", folder / "station", URIS["station"])
        self.link = Link(lambda: WatchedMachine(access, layout, clock, witness, rng), clock)
        record = Record(Journal(self._database, clock, secret=b"a simulation's"))
        self.controller = Controller(self.link, record, layout, clock, TOWER)
        self._wanted = _for_ever()
        self._task = next(self._wanted)
        self.fresh_s = 0.0
        self._seen_s = 0.0

    def start(self) -> None:
        """Begin; the link keeps on until `stop`."""
        self._running = asyncio.create_task(self.link.run(self.controller.connected, self._read), name="station")

    async def stop(self) -> None:
        """End it."""
        self.link.end()
        self._running.cancel()
        with suppress(asyncio.CancelledError):
            await self._running
        self._database.close()

    async def _read(self, snapshot: Snapshot) -> None:
        now = self._clock.monotonic()
        self.fresh_s += min(now - self._seen_s, 1.0) if self.link.fresh else 0.0
        self._seen_s = now
        self._witness.reads(snapshot)
        self.controller.settle(snapshot)
        if self.controller.is_reached(self._task, snapshot):
            self._witness.note("reached", self._task)
            self.controller.want("B1", None)
            self._task = next(self._wanted)
        self.controller.want("B1", self._task)
        if isinstance(self.controller.step("B1"), Stuck):
            # A technician looks and lets it try again.
            self._witness.note("stuck", self.controller.step("B1"))
            self.controller.retry()
        await self.controller.tick(snapshot)


def _for_ever() -> Iterator[Task]:
    while True:
        for slot in SLOTS:
            goals: tuple[Goal, ...] = (
                BringToBay(f"T{slot}", "B1"),
                OpenStreet("B1"),
                CloseStreet("B1"),
                Store(f"T{slot}", slot),
            )
            yield from (Task(goal, "simulation") for goal in goals)


class _Faults:
    """What goes wrong, one thing after another, each followed by a time in which the link has to work again."""

    def __init__(self, network: SimulatedNetwork, plant: _PlantSide, station: _StationSide, witness: Witness) -> None:
        self._network, self._plant, self._station, self._witness = network, plant, station, witness
        self.count: dict[str, int] = {}
        self.recovery_s = 0.0

    async def happen(self, clock: Clock, rng: Random, number: int, kinds: Mapping[str, int]) -> None:
        """Let `number` faults happen, of these kinds with these weights."""
        for _ in range(number):
            await self._recovered(clock)
            await asyncio.sleep(rng.uniform(*QUIET_S))
            kind = rng.choices(tuple(kinds), tuple(kinds.values()))[0]
            self.count[kind] = self.count.get(kind, 0) + 1
            self._witness.note("fault", kind)
            match kind:
                case "partition":
                    await self._partition(rng)
                case "reset":
                    self._network.reset()
                case "stall":
                    await self._stall(rng)
                case "slow":
                    await self._slow(rng)
                case "restart":
                    await self._plant.restart()
                case _:
                    seconds = rng.uniform(0.3, 6.0)
                    self._plant.hang(seconds)
                    await asyncio.sleep(seconds)
        await self._recovered(clock)

    async def _partition(self, rng: Random) -> None:
        shortest, longest = CUT_S
        cut_s = exp(rng.uniform(log(shortest), log(longest)))
        there, back = rng.choice(((True, True), (True, True), (True, False), (False, True)))
        self._network.cut(there, back)
        if rng.random() < 0.1:
            # The PLC loses its power too, while nobody can see it.
            await asyncio.sleep(cut_s / 2)
            await self._plant.restart()
            await asyncio.sleep(cut_s / 2)
        else:
            await asyncio.sleep(cut_s)
        self._network.heal()

    async def _stall(self, rng: Random) -> None:
        seconds = rng.uniform(0.1, 5.0)
        self._network.stall(seconds)
        await asyncio.sleep(seconds)

    async def _slow(self, rng: Random) -> None:
        """Everything takes about as long as data may be old."""
        self._network.latency_s = (0.1, rng.uniform(0.3, 1.0))
        await asyncio.sleep(rng.uniform(10, 40))
        self._network.latency_s = LATENCY_S

    async def _recovered(self, clock: Clock) -> None:
        """Wait until the link knows what is true after now; one that does not within its time is a violation."""
        healed_s = clock.monotonic()
        while (fresh := self._station.link.fresh) is None or fresh.read_at_s < healed_s:
            if clock.monotonic() - healed_s > RECOVERY_S:
                self._witness.violated(f"{RECOVERY_S:.0f} s after the last fault the link does not work")
                return
            await asyncio.sleep(0.1)
        self.recovery_s = max(self.recovery_s, clock.monotonic() - healed_s)


def run_seed(seed: int, folder: Path, faults: int = FAULTS_PER_SEED, kinds: Mapping[str, int] = KINDS) -> OpcuaResult:
    """Run one seed; `folder` holds the certificates of both sides (`lay_certificates`) and takes the journal."""
    network = SimulatedNetwork(Random(seed + 1_000_000))  # noqa: S311 a simulation, repeatable by its seed

    async def program(clock: VirtualClock, rng: Random) -> OpcuaResult:
        witness = Witness(clock)
        plant = _PlantSide(folder / "plant", network, clock, rng, witness)
        station = _StationSide(folder, clock, rng, witness, seed)
        await plant.start()
        station.start()
        happened = _Faults(network, plant, station, witness)
        await happened.happen(clock, rng, faults, kinds)
        await station.stop()
        await plant.stop()
        count = happened.count
        return OpcuaResult(
            seeds=1,
            hours=clock.monotonic() / 3600,
            connected_hours=station.fresh_s / 3600,
            partitions=count.get("partition", 0),
            resets=count.get("reset", 0),
            stalls=sum(count.get(kind, 0) for kind in ("stall", "slow", "hang")),
            restarts=count.get("restart", 0),
            reconnects=witness.connections - 1,
            commands=witness.executed,
            refused=plant.plc.counts.refused,
            compared=witness.compared,
            stale_grant_s=witness.stale_grant_s,
            recovery_s=happened.recovery_s,
            violations=tuple(f"seed {seed}: {what}" for what in (*witness.violations, *plant.plc.world.crashes)),
            traces=(witness.trace,),
        )

    async def in_its_time(clock: VirtualClock, rng: Random) -> OpcuaResult:
        with library_reads(clock):
            return await program(clock, rng)

    with _undisturbed(), shared_standard_nodes():
        return run_virtual(in_its_time, seed, network=network)


def lay_certificates(folder: Path, clock: Clock) -> None:
    """Draw both sides' certificates in `folder` and let each trust the other's."""
    own = {side: make_certificate(folder / side, uri, clock.now()) for side, uri in URIS.items()}
    trust(folder / "plant", own["station"].der)
    trust(folder / "station", own["plant"].der)


def run_opcua(
    quick: bool = False, progress: Callable[[float], None] = lambda share: None, first_seed: int = 0
) -> OpcuaResult:
    """Run seeds until there are HOURS and PARTITIONS, or one seed where it is to be `quick`."""
    total = OpcuaResult()
    with TemporaryDirectory() as name:
        folder = Path(name)
        lay_certificates(folder, ManualClock(START))
        while not _enough(total) and not (quick and total.seeds):
            total = _sum(total, run_seed(first_seed + total.seeds, folder))
            progress(min(1.0, total.hours / HOURS, total.partitions / PARTITIONS))
    return total


def _enough(result: OpcuaResult) -> bool:
    return result.hours >= HOURS and result.partitions >= PARTITIONS


def _sum(one: OpcuaResult, other: OpcuaResult) -> OpcuaResult:
    """Return both together: sums, and the worst of what is a worst."""
    worst = ("stale_grant_s", "recovery_s")
    pairs = {item.name: (getattr(one, item.name), getattr(other, item.name)) for item in fields(OpcuaResult)}
    return OpcuaResult(**{name: max(pair) if name in worst else pair[0] + pair[1] for name, pair in pairs.items()})


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Say nothing of the failures that are made on purpose, and do not look for garbage among what stays."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        logging.disable(before)
