"""The demo's programs: database, retail, two towers, started together and stopped together."""

import base64
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import sample

import httpx

from vendrive.clock import SystemClock
from vendrive.demo.calendar import DemoCalendar
from vendrive.demo.folder import FOLDER_VARIABLE, TOWERS, DemoFolder, DemoTower
from vendrive.demo.processes import Program
from vendrive.ids import short_code
from vendrive.retail.keys import make_keys, read_keys
from vendrive.retail.postgres import EmbeddedPostgres
from vendrive.station.keys import load_keys
from vendrive.tower.layout import load_layout
from vendrive.wire.pki import make_certificate, trust

HOST = "127.0.0.1"
USUAL_PORTS: Mapping[str, int] = {"web": 8000, "live": 8001, "shanghai": 8010, "nanjing": 8011}
# Linux gives ports from 32768 on to whoever connects: below, one is free still when its program starts.
OWN_PORTS = range(12_000, 32_000)

Cars = Mapping[str, list[dict[str, object]]]


@dataclass(frozen=True)
class TowerAddresses:
    """Where one tower is reached; `kiosk_key` is the kiosk device's credential."""

    kiosk: str
    kiosk_key: str
    world: str
    opcua: str

    @property
    def kiosk_link(self) -> str:
        """The address that makes a browser this tower's kiosk."""
        return f"{self.kiosk}/?key={self.kiosk_key}"


@dataclass(frozen=True)
class Demo:
    """A running demo. Its `programs` can be killed and started again by name."""

    folder: DemoFolder
    calendar: DemoCalendar
    database: str
    web: str
    towers: Mapping[str, TowerAddresses]
    programs: Mapping[str, Program]

    @property
    def staff_password(self) -> str:
        """The password of the demo's staff account."""
        return self.folder.staff_password.read_text()


@contextmanager
def running_demo(root: Path, machine_speed: float = 1.0, usual_ports: bool = False) -> Iterator[Demo]:
    """Start everything, yield when all of it answers, and stop it; raises ProgramFailed, PostgresFailed."""
    folder = DemoFolder(root.absolute())
    prepare(folder)
    ports = choose_ports(usual_ports)
    with ExitStack() as stack:
        database = stack.enter_context(EmbeddedPostgres(folder.postgres))
        starter = _Starter(folder, database.dsn, ports)
        stack.callback(starter.stop)
        setup = starter.start("setup", ["vendrive.demo.setup", str(folder.root)])
        plants = {tower.slug: starter.plant(tower, machine_speed) for tower in TOWERS}
        cars = setup.ready()
        setup.finish()
        served = [starter.retail("web"), starter.retail("live"), starter.retail("worker")]
        machines = {slug: plant.ready() for slug, plant in plants.items()}
        for tower in TOWERS:
            stock_plant(machines[tower.slug]["world"], tower, cars[tower.slug])
        stations = {tower.slug: starter.station(tower, machines[tower.slug]) for tower in TOWERS}
        for program in served:
            program.ready()
        towers = {
            slug: TowerAddresses(station.ready()["kiosk"], kiosk_key(folder, slug), **machines[slug])
            for slug, station in stations.items()
        }
        told = {slug: {"kiosk": at.kiosk_link, "world": at.world} for slug, at in towers.items()}
        folder.addresses.touch(mode=0o600)
        folder.addresses.write_text(json.dumps(told))
        yield Demo(folder, DemoCalendar(folder.calendar), database.dsn, starter.url("web"), towers, starter.programs)


def prepare(folder: DemoFolder) -> None:
    """Make keys, certificates and the staff's password where they are missing, and let each side trust the other."""
    folder.root.mkdir(parents=True, exist_ok=True)
    if not folder.staff_password.exists():
        folder.staff_password.touch(mode=0o600)
        folder.staff_password.write_text(short_code(12))
    make_keys(folder.retail)
    public = read_keys(folder.retail).signing.public_key().public_bytes_raw()
    pinned = json.dumps({"keys": [base64.b64encode(public).decode()]})
    now = SystemClock().now()
    for tower in TOWERS:
        station, plant = folder.station(tower.slug), folder.plant(tower.slug)
        load_keys(station / "keys", tower.slug)
        (station / "keys" / "retail.json").write_text(pinned)
        ours = make_certificate(station / "pki", f"urn:vendrive:station:{tower.slug}", now)
        theirs = make_certificate(plant / "pki", f"urn:vendrive:plant:{tower.slug}", now)
        trust(station / "pki", theirs.der)
        trust(plant / "pki", ours.der)


def choose_ports(usual: bool) -> dict[str, int]:
    """Return a port for each address that a person types: the usual one where it is wanted and free, else any."""
    free = filter(_is_free, sample(OWN_PORTS, len(OWN_PORTS)))
    return {name: port if usual and _is_free(port) else next(free) for name, port in USUAL_PORTS.items()}


def kiosk_key(folder: DemoFolder, tower: str) -> str:
    """Return the credential of a tower's kiosk device."""
    return load_keys(folder.station(tower) / "keys", tower).kiosk


def stock_plant(world: str, tower: DemoTower, cars: Cars) -> None:
    """Put the cars where they are when the demo begins: in the slots, in order, or on the street."""
    slots = [slot.name for slot in load_layout(tower.layout).slots]
    with httpx.Client(base_url=world, timeout=10) as street:
        street.post("/world/stock", json=dict(zip(slots, cars["stored"], strict=False))).raise_for_status()
        for car in cars["lent"]:
            street.post("/world/arrive", json=car).raise_for_status()


class _Starter:
    """Starts programs with the demo's environment, and stops them all at once."""

    def __init__(self, folder: DemoFolder, database: str, ports: Mapping[str, int]) -> None:
        self._folder = folder
        self._ports = ports
        self._environment = {
            "DATABASE_URL": database,
            "VENDRIVE_DATA": str(folder.retail),
            FOLDER_VARIABLE: str(folder.root),
            "VENDRIVE_LIVE_URL": f"{self.url('live')}/live",
            "VENDRIVE_WEB_ORIGIN": self.url("web"),
        }
        self.programs: dict[str, Program] = {}

    def url(self, name: str) -> str:
        return f"http://{HOST}:{self._ports[name]}"

    def start(self, name: str, arguments: list[str]) -> Program:
        program = Program(name, arguments, self._environment, self._folder.log(name))
        self.programs[name] = program
        program.start()
        return program

    def stop(self) -> None:
        for program in self.programs.values():
            program.ask_to_end()
        for program in self.programs.values():
            program.stop()

    def retail(self, name: str) -> Program:
        port = ["--port", str(self._ports[name])] if name in self._ports else []
        return self.start(name, ["vendrive.demo.retail", name, *port])

    def plant(self, tower: DemoTower, speed: float) -> Program:
        data = self._folder.plant(tower.slug)
        return self.start(
            f"plant-{tower.slug}",
            ["vendrive.plant", *_place(tower, data), "--machine-speed", str(speed)],
        )

    def station(self, tower: DemoTower, machine: Mapping[str, str]) -> Program:
        reach = ["--machine", machine["opcua"], "--world", machine["world"], "--retail", self.url("web")]
        reach += ["--port", str(self._ports[tower.slug])]
        data = self._folder.station(tower.slug)
        return self.start(f"station-{tower.slug}", ["vendrive.demo.station", *_place(tower, data), *reach])


def _place(tower: DemoTower, data: Path) -> list[str]:
    return ["--tower", tower.slug, "--layout", tower.layout, "--data", str(data)]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
