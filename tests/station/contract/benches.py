"""The benches of our adapters: the real plant behind real OPC UA, over a network that can be cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.certificates import lay_certificate
from vendrive.clock import SystemClock
from vendrive.plant.program import Plant, PlantSettings, running_plant
from vendrive.station.adapters.bench import SLOW_S, Network, Rule
from vendrive.station.adapters.opcua.machine import Access, OpcuaMachine
from vendrive.station.machine import Machine
from vendrive.tower.layout import load_layout
from vendrive.wire.machine import Mode
from vendrive.wire.pki import trust

TOWER = "shanghai"
STATION_URI = "urn:vendrive:station:shanghai"
# A move of six seconds takes one and a half.
SPEED = 4.0
CHUNK_BYTES = 64 * 1024


@dataclass
class Proxy:
    """Bytes go through it as the network is now. A connection that has lost some of them gets no more."""

    upstream: tuple[str, int]
    state: Network = Network.whole
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Listen on a free port of loopback until the block ends."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield int(server.sockets[0].getsockname()[1])
        finally:
            server.close()
            for writer in list(self._open):
                writer.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(*self.upstream)
        self._open |= {writer, up_writer}
        async with asyncio.TaskGroup() as both:
            both.create_task(self._pump(reader, up_writer, {Network.cut}))
            both.create_task(self._pump(up_reader, writer, {Network.cut, Network.mute}))
        self._open -= {writer, up_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lossy: set[Network]) -> None:
        lossless = True
        with suppress(OSError):
            while chunk := await reader.read(CHUNK_BYTES):
                if self.state is Network.slow and Network.mute in lossy:
                    await pause(SLOW_S)
                lossless = lossless and self.state not in lossy
                if lossless:
                    writer.write(chunk)
        writer.close()


async def pause(seconds: float) -> None:
    """Let this much time pass on the network."""
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, passed.set)
    await passed.wait()


class OpcuaBench:
    """The plant with its hands."""

    def __init__(self, plant: Plant, proxy: Proxy, access: Access) -> None:
        self.layout = load_layout("shanghai3")
        self.tower_id = TOWER
        self._plant = plant
        self._proxy = proxy
        self._access = access
        self._clock = SystemClock()

    def machine(self) -> Machine:
        return OpcuaMachine(self._access, self.layout, self._clock)

    def now_s(self) -> float:
        return self._clock.monotonic()

    async def network(self, state: Network) -> None:
        self._proxy.state = state

    async def turn_key(self, mode: Mode) -> None:
        self._plant.controller.world.turn_key(mode)

    async def reset(self) -> None:
        self._plant.controller.reset()

    async def restart_plc(self) -> None:
        self._plant.controller.restart(self._plant.controller.state.plc_epoch + 1)


@asynccontextmanager
async def opcua_bench(folder: Path) -> AsyncIterator[OpcuaBench]:
    """A plant in this loop, its certificate and the station's on each other's lists."""
    machine_own = lay_certificate(folder / "plant" / "pki", f"urn:vendrive:plant:{TOWER}")
    station_own = lay_certificate(folder / "station" / "pki", STATION_URI)
    trust(folder / "plant" / "pki", station_own.der)
    trust(folder / "station" / "pki", machine_own.der)
    settings = PlantSettings(TOWER, load_layout("shanghai3"), folder / "plant", speed=SPEED, seed=7)
    async with AsyncExitStack() as stack:
        plant = await stack.enter_async_context(running_plant(settings, SystemClock()))
        host, port = plant.opcua.removeprefix("opc.tcp://").rstrip("/").split(":")
        proxy = Proxy((host, int(port)))
        ours = await stack.enter_async_context(proxy.listening())
        access = Access(f"opc.tcp://127.0.0.1:{ours}/", folder / "station" / "pki", STATION_URI)
        yield OpcuaBench(plant, proxy, access)


def run_on_opcua(rule: Rule, folder: Path) -> None:
    """Run one rule over OPC UA, in real time."""

    async def program() -> None:
        async with opcua_bench(folder) as bench:
            await rule(bench)

    asyncio.run(program())
