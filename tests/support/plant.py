"""A real plant as a child process, and the people before it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from vendrive.clock import SystemClock
from vendrive.demo.processes import Program
from vendrive.wire.pki import make_certificate, trust

CAR = {"length_mm": 4700, "width_mm": 1900, "height_mm": 1500, "mass_kg": 1800}


def car(tag: str, **other: int) -> dict[str, Any]:
    """Return a car that fits, with what is `other` about it."""
    return {"tag": tag, **CAR, **other}


@dataclass
class PlantProcess:
    """A plant and its street."""

    program: Program
    data: Path
    opcua: str
    world_url: str

    def world(self) -> dict[str, Any]:
        """Return the truth."""
        truth: dict[str, Any] = httpx.get(f"{self.world_url}/world", timeout=10).raise_for_status().json()
        return truth

    def act(self, verb: str, **body: Any) -> None:
        """Do something with one's hands; AssertionError with the world's sentence where that is impossible."""
        answer = httpx.post(f"{self.world_url}/world/{verb}", json=body, timeout=10)
        assert answer.is_success, f"{verb} {body}: {answer.text}"

    def where(self, tag: str) -> str:
        """Return where a car truly is."""
        return str(self.world()["cars"][tag]["where"])

    def commands(self) -> int:
        """Return how many commands the machine has executed."""
        return int(self.world()["commands"])


@contextmanager
def plant_process(
    folder: Path, tower: str = "shanghai", layout: str = "shanghai3", speed: float = 50
) -> Iterator[PlantProcess]:
    """Run a plant until the block ends."""
    data = folder / "plant"
    arguments = ["vendrive.plant", "--tower", tower, "--layout", layout, "--data", str(data)]
    arguments += ["--machine-speed", str(speed), "--seed", "1"]
    program = Program("plant", arguments, {}, folder / "plant.log")
    program.start()
    try:
        told = program.ready()
        yield PlantProcess(program, data, told["opcua"], told["world"])
    finally:
        program.stop()


def pin_each_other(plant: PlantProcess, station_data: Path, tower: str = "shanghai") -> None:
    """Put each side's certificate on the other's list, as an installer does."""
    own = make_certificate(station_data / "pki", f"urn:vendrive:station:{tower}", SystemClock().now())
    trust(plant.data / "pki", own.der)
    trust(station_data / "pki", (plant.data / "pki" / "own.der").read_bytes())
