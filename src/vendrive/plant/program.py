"""The plant as one program: physics, controller, OPC UA server and street in one loop."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import uvicorn

from vendrive.clock import Clock
from vendrive.plant.plc import Controller
from vendrive.plant.records import Setting
from vendrive.plant.server import MachineServer
from vendrive.plant.street import Street
from vendrive.plant.world import World
from vendrive.tower.layout import Layout
from vendrive.wire.machine import HEARTBEAT_PERIOD_S
from vendrive.wire.pki import make_certificate

_TICK_S = 0.02
_IDLE_TICK_S = HEARTBEAT_PERIOD_S * 0.8


@dataclass(frozen=True)
class PlantSettings:
    """What the program is told; port 0 is any free one, `speed` divides each duration of motion."""

    tower_id: str
    layout: Layout
    data: Path
    opcua_port: int = 0
    world_port: int = 0
    speed: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Plant:
    """A running plant: its addresses, and the controller for tests in the same process."""

    opcua: str
    world: str
    controller: Controller

    def ready(self) -> str:
        """Return the line that a parent program waits for."""
        return "ready " + json.dumps({"opcua": self.opcua, "world": self.world})


@asynccontextmanager
async def running_plant(settings: PlantSettings, clock: Clock) -> AsyncIterator[Plant]:
    """Run a plant until the block ends."""
    rng = Random(settings.seed)  # noqa: S311 noise of a simulation, repeatable by its seed
    wake = asyncio.Event()
    world = World(settings.layout, changed=wake.set)
    # The calendar's milliseconds: a restarted controller is never taken for the one before.
    epoch = int(clock.now().timestamp() * 1000)
    controller = Controller(world, Setting(settings.tower_id, epoch, settings.speed), clock, rng)
    machine = MachineServer(controller, wake.set)
    uri = f"urn:vendrive:plant:{settings.tower_id}"
    own = make_certificate(settings.data / "pki", uri, clock.now())
    address = await machine.start(own, uri, settings.opcua_port)
    try:
        async with _serving(Street(controller, clock), settings.world_port) as street, asyncio.TaskGroup() as tasks:
            loop = tasks.create_task(_run(controller, machine, wake))
            yield Plant(address, street, controller)
            loop.cancel()
    finally:
        await machine.stop()


async def _run(controller: Controller, machine: MachineServer, wake: asyncio.Event) -> None:
    """Tick fast while something moves, else at the heartbeat's pace or when somebody acts."""
    while True:
        controller.tick()
        if not controller.silent:
            await machine.publish()
        if controller.moving:
            await asyncio.sleep(_TICK_S)
        else:
            await _at_most(wake, _IDLE_TICK_S)


async def _at_most(wake: asyncio.Event, seconds: float) -> None:
    """Wait until somebody acts, but no longer than `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        pass
    wake.clear()


@asynccontextmanager
async def _serving(street: Street, port: int) -> AsyncIterator[str]:
    config = uvicorn.Config(
        street.application(), host="127.0.0.1", port=port, log_level="warning", access_log=False, lifespan="off"
    )
    server = _QuietServer(config)
    task = asyncio.create_task(server.serve())
    try:
        yield f"http://127.0.0.1:{await server.port()}"
    finally:
        server.should_exit = True
        await task


class _QuietServer(uvicorn.Server):
    """uvicorn inside another program's loop: that program handles the signals and learns the port."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._up = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._up.set()

    async def port(self) -> int:
        """Return the port once the server listens."""
        await self._up.wait()
        return int(self.servers[0].sockets[0].getsockname()[1])
