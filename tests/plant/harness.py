"""A plant in this process on free ports, and a plain OPC UA client of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from asyncua.client.client import Client
from asyncua.crypto.security_policies import SecurityPolicyAes256Sha256RsaPss

from vendrive.clock import SystemClock
from vendrive.plant.plc import Controller
from vendrive.plant.program import Plant, PlantSettings, running_plant
from vendrive.tower.layout import load_layout
from vendrive.wire.machine import NAMESPACE, Operation, parts_of
from vendrive.wire.pki import OwnCertificate, make_certificate, trust

CAR = {"length_mm": 4500, "width_mm": 1800, "height_mm": 1500, "mass_kg": 1500}
DEADLINE_S = 20


def certificate(directory: Path, uri: str = "urn:test:station") -> OwnCertificate:
    """Return a client certificate that lies in `directory`."""
    return make_certificate(directory / "pki", uri, SystemClock().now())


@asynccontextmanager
async def plant_in(directory: Path, speed: float = 200) -> AsyncIterator[Plant]:
    """Run a plant of Shanghai's layout."""
    settings = PlantSettings("test", load_layout("shanghai3"), directory, speed=speed, seed=7)
    async with running_plant(settings, SystemClock()) as plant:
        yield plant


@dataclass
class Station:
    """A hand-driven client: it beats its heart before each order, as a station does."""

    client: Client
    namespace: int
    epoch: int = 1
    seq: int = 0
    beat: int = 0
    valid_for_ms: int = 2000

    def node(self, name: str) -> Any:
        return self.client.get_node(f"ns={self.namespace};s={name}")

    async def read(self, name: str) -> Any:
        return await self.node(name).read_value()

    async def call(self, method: str, *arguments: object) -> Any:
        return await self.node("Plc").call_method(self.node(f"Plc.{method}"), *arguments)

    async def alive(self) -> None:
        self.beat += 1
        await self.node("Plc.station_heartbeat").write_value(self.beat)

    async def order(self, operation: str, **arguments: str) -> tuple[bool, str]:
        """Send one order with the next seq."""
        await self.alive()
        valid_until = await self.read("Plc.clock_ms") + self.valid_for_ms
        answer = await self.call("execute", self.epoch, self.seq + 1, operation, json.dumps(arguments), valid_until)
        self.seq += int(answer[0])
        return bool(answer[0]), str(answer[1])

    async def do(self, operation: Operation, **arguments: str) -> str:
        """Send one order that must be taken, wait for its end, return the result."""
        taken, reason = await self.order(operation, **arguments)
        assert taken, reason
        name = parts_of(operation, arguments)[0]
        part = f"Lift.{name}" if name.startswith("L") else f"Bay.{name}"
        async with asyncio.timeout(DEADLINE_S):
            while await self.read(f"{part}.done_seq") != self.seq:
                await self.alive()
        return str(await self.read(f"{part}.result"))

    async def until(self, name: str, wanted: Callable[[Any], bool]) -> Any:
        """Read one node until its value is wanted; each reading waits for a round trip."""
        async with asyncio.timeout(DEADLINE_S):
            while not wanted(value := await self.read(name)):
                pass
        return value


@asynccontextmanager
async def connected(plant: Plant, directory: Path, own: OwnCertificate) -> AsyncIterator[Station]:
    """Connect to a plant whose data lies in `directory`."""
    client = Client(plant.opcua, timeout=4)
    client.application_uri = "urn:test:station"
    client.session_timeout = 10_000
    await client.set_security(
        SecurityPolicyAes256Sha256RsaPss,
        str(own.certificate),
        str(own.private_key),
        server_certificate=str(directory / "pki" / "own.der"),
    )
    await client.load_client_certificate(str(own.certificate))
    await client.load_private_key(own.private_key)
    async with client:
        yield Station(client, await client.get_namespace_index(NAMESPACE))


@dataclass
class Bench:
    """Plant, station and street together."""

    plant: Plant
    station: Station
    street: httpx.AsyncClient
    directory: Path

    @property
    def controller(self) -> Controller:
        return self.plant.controller

    async def act(self, name: str, **body: object) -> dict[str, Any]:
        """Do something at the street that must work."""
        answer = await self.street.post(f"/world/{name}", json=body)
        assert answer.status_code == 200, answer.text
        truth: dict[str, Any] = answer.json()
        return truth

    async def refusal(self, name: str, **body: object) -> str:
        """Try something at the street that must be refused with no effect."""
        before = (await self.street.get("/world")).json()
        answer = await self.street.post(f"/world/{name}", json=body)
        assert answer.status_code == 409, answer.text
        assert (await self.street.get("/world")).json() == before
        return str(answer.json()["error"])

    async def truth(self) -> dict[str, Any]:
        answer: dict[str, Any] = (await self.street.get("/world")).json()
        return answer


@asynccontextmanager
async def bench_in(directory: Path, speed: float = 200, **cars: str) -> AsyncIterator[Bench]:
    """Run a plant with these cars (tag to slot), with a station in control of it."""
    own = certificate(directory / "station")
    trust(directory / "plant" / "pki", own.der)
    async with (
        plant_in(directory / "plant", speed) as plant,
        connected(plant, directory / "plant", own) as station,
        httpx.AsyncClient(base_url=plant.world, verify=False) as street,
    ):
        bench = Bench(plant, station, street, directory)
        await bench.act("stock", **{slot: {"tag": tag, **CAR} for tag, slot in cars.items()})
        await station.call("take_control", station.epoch)
        await station.alive()
        yield bench
