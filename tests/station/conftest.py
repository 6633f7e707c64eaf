"""A station in the test's own loop, over OPC UA to a real plant, with a small retail beside it."""

import base64
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.fake_retail import FakeRetail, serving_retail
from tests.support.plant import CAR, RunningPlant, car, pin_each_other, plant_thread
from tests.support.waiting import until_async
from vendrive.clock import SystemClock
from vendrive.ids import random_bytes
from vendrive.passes.claims import PassClaims, issue_pass
from vendrive.passes.pins import hash_pin
from vendrive.passes.sealing import seal_for
from vendrive.simulation.standard_nodes import shared_standard_nodes
from vendrive.station.keys import load_keys
from vendrive.station.kiosk.state import kiosk_state
from vendrive.station.program import Station, build_station
from vendrive.station.settings import Settings
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.journal import Entry
from vendrive.wire.orders import Check, FaceCheck, HandOver, Limits, Stock, Vehicle

TOWER = "shanghai"
PIN = "493027"
MOMENTS = 10
"""So often somebody asks whom the station told that the machine is unknown just now."""
SLOTS = ("2A", "3C", "2E")
TAGS = ("TAG-1", "TAG-2", "TAG-3")


class ShiftedClock:
    """The computer's clock with a calendar that a test may move."""

    def __init__(self) -> None:
        self._system = SystemClock()
        self.shift = timedelta()

    def now(self) -> datetime:
        return self._system.now() + self.shift

    def monotonic(self) -> float:
        return self._system.monotonic()


class NamedFaces:
    """Pictures that are the name of who is in them; templates too."""

    engine = "by-name"

    async def distance(self, picture: bytes, template: bytes) -> float:
        if picture == b"nobody":
            raise Refused(ErrorCode.no_face)
        return 0.1 if picture == template else 0.9

    async def code(self, picture: bytes) -> str | None:
        return picture.decode() if picture.startswith(b"VD1/") else None


def vehicle(tag: str) -> Vehicle:
    return Vehicle(
        vehicle_id=f"vehicle-{tag}",
        tag=tag,
        model_slug="lumen-s",
        model_name="Demo model",
        paint_name="Demo red",
        paint="#aa2211",
        plate="DEMO 1",
        **CAR,
    )


@dataclass
class World:
    """Everything of one test."""

    folder: Path
    plant: RunningPlant
    clock: ShiftedClock
    retail: FakeRetail
    retail_url: str
    settings: Settings
    _station: Station | None = None
    _kiosks: dict[str, httpx.AsyncClient] = field(default_factory=dict)
    _running: AsyncExitStack | None = None

    @property
    def station(self) -> Station:
        assert self._station is not None
        return self._station

    async def start(self) -> None:
        """Start the station (again) and open its kiosk."""
        self._running = AsyncExitStack()
        self._station = build_station(self.settings, self.clock, faces=NamedFaces())
        urls = await self._running.enter_async_context(self._station.running())
        key = load_keys(self.settings.keys, TOWER).kiosk
        for bay, url in urls.items():
            kiosk = httpx.AsyncClient(base_url=url, timeout=20, verify=False)
            self._kiosks[bay] = await self._running.enter_async_context(kiosk)
            assert (await kiosk.get("/", params={"key": key})).status_code == 303
        await self.until(lambda: self.station.link.fresh is not None and self.station.yard.ready, "the machine is read")

    async def end(self) -> None:
        """End the station as SIGTERM does."""
        if self._running is not None:
            await self._running.aclose()
            self._running = None

    async def post(self, path: str, body: Any = None, content: bytes | None = None, bay: str = "B1") -> httpx.Response:
        return await self._kiosks[bay].post(path, json=body, content=content)

    async def fine(self, path: str, body: Any = None, content: bytes | None = None, bay: str = "B1") -> None:
        """Ask for what is served. A busy computer loses sight of its machine for a moment: people then ask again."""
        for _ in range(MOMENTS):
            answer = await self.post(path, body, content, bay)
            if answer.status_code == 200 or answer.json()["code"] != ErrorCode.machine_unknown:
                break
            await self.until(lambda: self.station.link.fresh is not None, "the machine is known")
        assert answer.status_code == 200, answer.text

    async def refused(self, path: str, body: Any = None, content: bytes | None = None, bay: str = "B1") -> str:
        """Return the code of a refusal, which comes with what happened and what to do next."""
        answer = await self.post(path, body, content, bay)
        assert answer.status_code == 409, answer.text
        told = answer.json()
        assert told["what"]
        assert told["next"]
        return str(told["code"])

    async def until(self, condition: Any, what: str, timeout_s: float = 30) -> Any:
        return await until_async(condition, what, timeout_s)

    def entries(self) -> list[Entry]:
        return list(self.station.journal.entries())

    def events(self, kind: str) -> list[Any]:
        return [entry.event for entry in self.entries() if entry.event.kind == kind]

    async def until_event(self, kind: str, count: int = 1) -> Any:
        await self.until(lambda: len(self.events(kind)) >= count, f"{count} {kind}")
        return self.events(kind)[-1]

    def screen(self, bay: str = "B1") -> str:
        return str(self.state(bay)["screen"])

    def state(self, bay: str = "B1") -> Any:
        return kiosk_state(self.station.yard.desks[bay], self.station.link, "en").as_json()

    async def until_screen(self, screen: str, bay: str = "B1") -> None:
        await self.until(lambda: self.screen(bay) == screen, f"the screen {screen} at {bay}")

    def claims(self, drive: str = "drive-1", **other: Any) -> PassClaims:
        now = self.clock.now()
        window = {"not_before": now - timedelta(hours=1), "not_after": now + timedelta(hours=1)}
        return PassClaims(
            **{"pass_id": f"pass-{drive}", "drive_id": drive, "person_id": f"person-{drive}", "tower_id": TOWER}
            | window
            | other
        )

    def pass_text(self, claims: PassClaims, key: Ed25519PrivateKey | None = None) -> str:
        return issue_pass(claims, key or self.retail.key)

    def face_check(self, claims: PassClaims) -> Check:
        public = load_keys(self.settings.keys, TOWER).sealing.public_key()
        context = f"{claims.person_id}/{TOWER}"
        sealed = seal_for(public, claims.drive_id.encode(), context, random_bytes(32))
        return FaceCheck(engine="by-name", threshold=0.5, sealed_template=sealed)

    def hand_over(self, claims: PassClaims, tag: str, check: Check | None = None, **other: Any) -> HandOver:
        fields: dict[str, Any] = {
            "drive_id": claims.drive_id,
            "revision": 1,
            "pass_id": claims.pass_id,
            "person_id": claims.person_id,
            "greeting": "Demo person 1",
            "short_code": f"C0DE{claims.drive_id[-1]}",
            "vehicle": vehicle(tag),
            "not_before": claims.not_before,
            "not_after": claims.not_after,
            "due_at": claims.not_after + timedelta(days=3),
            "check": check or hash_pin(PIN, bytes(16)),
            "limits": Limits(),
            "programme_revision": 1,
        }
        return HandOver(**fields | other)

    async def lend(self, drive: str = "drive-1", tag: str = "TAG-1", face: bool = False, **other: Any) -> PassClaims:
        """Have retail send an order and wait until the station holds the pass."""
        claims = self.claims(drive, **other)
        self.retail.order(self.hand_over(claims, tag, self.face_check(claims) if face else None))
        number = len(self.retail.orders)
        await self.until(lambda: self.station.store.cursor >= number, f"order {number} is stored")
        return claims

    async def collect(self, drive: str = "drive-1", tag: str = "TAG-1") -> PassClaims:
        """A whole collection by PIN, until the car has left and the door is shut."""
        claims = await self.lend(drive, tag)
        await self.fine("/collect/pass", {"text": self.pass_text(claims)})
        await self.fine("/collect/pin", {"pin": PIN})
        await self.until_screen("presented")
        self.plant.act("drive_out", bay="B1")
        await self.until(lambda: drive in self.station.record.facts.used, "handed over")
        await self.until(lambda: self.station.desk.talk is None, "the door is shut")
        return claims

    async def drive_back(self, claims: PassClaims, tag: str, bay: str = "B1", **other: int) -> None:
        """Ask to bring a car back and drive it in; park, key in the box, out of the bay."""
        await self.fine("/return/pass", {"text": self.pass_text(claims)}, bay=bay)
        await self.until(lambda: self.plant.world()["bays"][bay]["street_door"] == "open", "the door is open")
        if other:
            self.plant.act("arrive", **car(tag, **other))
        self.plant.act("drive_in", bay=bay, tag=tag)
        self.plant.act("park", bay=bay)
        self.plant.act("key", bay=bay, in_box=True)
        self.plant.act("leave", bay=bay)


def stock(plant: RunningPlant, slots: Sequence[str] = SLOTS) -> None:
    """Put the cars of these tests into the tower."""
    plant.act("stock", **{slot: car(tag) for slot, tag in zip(slots, TAGS, strict=True)})


@pytest.fixture(scope="session", autouse=True)
def standard_nodes() -> Iterator[None]:
    """Make the standard's nodes once for all plants in this process."""
    with shared_standard_nodes():
        yield


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[RunningPlant]:
    with plant_thread(tmp_path) as running:
        stock(running)
        yield running


@pytest.fixture(scope="session")
def still_plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlant]:
    """A plant for tests in which nothing may move: one for all of them."""
    with plant_thread(tmp_path_factory.mktemp("still")) as running:
        stock(running)
        yield running


@asynccontextmanager
async def world_of(
    folder: Path, plant: RunningPlant, clock: ShiftedClock, layout: str = "shanghai3"
) -> AsyncIterator[World]:
    """Put a retail and a station's folder beside a plant; the station is not started."""
    data = folder / "station"
    pin_each_other(plant, data)
    keys = load_keys(data / "keys", TOWER)
    retail_key = Ed25519PrivateKey.from_private_bytes(random_bytes(32))
    public = base64.b64encode(retail_key.public_key().public_bytes_raw()).decode()
    (data / "keys" / "retail.json").write_text(json.dumps({"keys": [public]}))
    retail = FakeRetail(TOWER, retail_key, keys.signing.public_key(), clock)
    retail.order(Stock(vehicles=tuple(vehicle(tag) for tag in TAGS)))
    async with serving_retail(retail) as url:
        settings = Settings(TOWER, layout, data, plant.opcua, url)
        made = World(folder, plant, clock, retail, url, settings)
        try:
            yield made
        finally:
            await made.end()


@pytest.fixture
async def world(tmp_path: Path, plant: RunningPlant, clock: ShiftedClock) -> AsyncIterator[World]:
    async with world_of(tmp_path, plant, clock) as made:
        await made.start()
        yield made


@pytest.fixture
async def still(tmp_path: Path, still_plant: RunningPlant, clock: ShiftedClock) -> AsyncIterator[World]:
    """A world in which nothing may move."""
    async with world_of(tmp_path, still_plant, clock) as made:
        await made.start()
        yield made
