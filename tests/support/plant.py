"""A real plant, in a thread of the test's process or as a child process, and the people before it."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.certificates import lay_certificate
from vendrive.clock import SystemClock
from vendrive.demo.processes import Program
from vendrive.plant.program import Plant, PlantSettings, running_plant
from vendrive.tower.layout import load_layout
from vendrive.wire.pki import trust

CAR = {"length_mm": 4700, "width_mm": 1900, "height_mm": 1500, "mass_kg": 1800}
TOWER = "shanghai"
LAYOUT = "shanghai3"
SPEED = 50.0


def car(tag: str, **other: int) -> dict[str, Any]:
    """Return a car that fits, with what is `other` about it."""
    return {"tag": tag, **CAR, **other}


@dataclass
class RunningPlant:
    """A plant and its street."""

    data: Path
    opcua: str
    street: httpx.Client

    def world(self) -> dict[str, Any]:
        """Return the truth."""
        truth: dict[str, Any] = self.street.get("/world").raise_for_status().json()
        return truth

    def act(self, verb: str, **body: Any) -> None:
        """Do something with one's hands; AssertionError with the world's sentence where that is impossible."""
        answer = self.street.post(f"/world/{verb}", json=body)
        assert answer.is_success, f"{verb} {body}: {answer.text}"

    def where(self, tag: str) -> str:
        """Return where a car truly is."""
        return str(self.world()["cars"][tag]["where"])

    def commands(self) -> int:
        """Return how many commands the machine has executed."""
        return int(self.world()["commands"])


@dataclass
class PlantProcess(RunningPlant):
    """A plant that can be killed."""

    program: Program


@dataclass(frozen=True)
class _Up:
    plant: Plant
    loop: asyncio.AbstractEventLoop
    ended: asyncio.Event


def _run(settings: PlantSettings, up: "Future[_Up]") -> None:
    async def serve() -> None:
        ended = asyncio.Event()
        async with running_plant(settings, SystemClock()) as plant:
            up.set_result(_Up(plant, asyncio.get_running_loop(), ended))
            await ended.wait()

    asyncio.run(serve())


@contextmanager
def plant_thread(folder: Path, layout: str = LAYOUT) -> Iterator[RunningPlant]:
    """Run a plant in a loop and a thread of its own until the block ends: the program's parts without its process."""
    data = folder / "plant"
    lay_certificate(data / "pki", f"urn:vendrive:plant:{TOWER}")
    settings = PlantSettings(TOWER, load_layout(layout), data, speed=SPEED, seed=1)
    waiting: Future[_Up] = Future()
    with ThreadPoolExecutor(1, "plant") as pool:
        running = pool.submit(_run, settings, waiting)
        either: tuple[Future[Any], ...] = (waiting, running)
        wait(either, return_when=FIRST_COMPLETED)
        if running.done():
            running.result()  # raises what kept it from starting
        up = waiting.result()
        try:
            with httpx.Client(base_url=up.plant.world, timeout=10, verify=False) as street:
                yield RunningPlant(data, up.plant.opcua, street)
        finally:
            if not running.done():
                up.loop.call_soon_threadsafe(up.ended.set)
            running.result()


@contextmanager
def plant_process(folder: Path, speed: float = SPEED) -> Iterator[PlantProcess]:
    """Run a plant as a program until the block ends."""
    data = folder / "plant"
    arguments = ["vendrive.plant", "--tower", TOWER, "--layout", LAYOUT, "--data", str(data)]
    arguments += ["--machine-speed", str(speed), "--seed", "1"]
    program = Program("plant", arguments, {}, folder / "plant.log")
    program.start()
    try:
        told = program.ready()
        with httpx.Client(base_url=told["world"], timeout=10, verify=False) as client:
            yield PlantProcess(data, told["opcua"], client, program)
    finally:
        program.stop()


def pin_each_other(plant: RunningPlant, station_data: Path) -> None:
    """Put each side's certificate on the other's list, as an installer does."""
    own = lay_certificate(station_data / "pki", f"urn:vendrive:station:{TOWER}")
    trust(plant.data / "pki", own.der)
    trust(station_data / "pki", (plant.data / "pki" / "own.der").read_bytes())
