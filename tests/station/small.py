"""A whole tower without a network: the production yard, desks, controller and journal over the ideal machine."""

from collections.abc import Coroutine, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar, cast

from tests.station.conftest import vehicle
from tests.tower.ideal import IdealMachine, snapshot_of
from vendrive.clock import ManualClock
from vendrive.passes.pins import hash_pin
from vendrive.station.admission import Admission
from vendrive.station.bay import BaySide, TowerSide
from vendrive.station.controller import Controller
from vendrive.station.database import Database
from vendrive.station.desk import Asking, Desk
from vendrive.station.journal import Journal
from vendrive.station.link import Link
from vendrive.station.machine import Accepted, Answer, Machine, MachineLost, NotAccepted
from vendrive.station.record import Record
from vendrive.station.safety import Safety
from vendrive.station.staff import Staff
from vendrive.station.store import Store
from vendrive.station.yard import Yard
from vendrive.tower.layout import load_layout
from vendrive.wire.journal import Event
from vendrive.wire.machine import STALE_AFTER_S, Bay, Command, Lift, Mode, Slot, Snapshot
from vendrive.wire.orders import HandOver, Limits

TOWER = "small"
CHECK = hash_pin("493027", bytes(16))
T = TypeVar("T")


class SmallLink:
    """The link and the machine in one; `lost` lets the next command get no answer."""

    def __init__(self, ideal: IdealMachine, clock: ManualClock) -> None:
        self.ideal = ideal
        self.clock = clock
        self.snapshot: Snapshot | None = None
        self.stop_pending = False
        self.lost = self.ended = False
        self.plc_epoch = 1
        self.control_epoch = 0

    @property
    def fresh(self) -> Snapshot | None:
        known = self.snapshot is not None and self.clock.monotonic() - self.snapshot.read_at_s <= STALE_AFTER_S
        return self.snapshot if known else None

    def start_anew(self) -> None:
        self.ended = True

    def connection(self) -> "SmallLink":
        return self

    async def read(self) -> Snapshot:
        plc = replace(
            self.ideal.snapshot.plc,
            tower_id=TOWER,
            layout=self.ideal.layout.name,
            plc_epoch=self.plc_epoch,
            control_epoch=self.control_epoch,
        )
        self.snapshot = replace(self.ideal.snapshot, plc=plc, read_at_s=self.clock.monotonic())
        return self.snapshot

    async def take_control(self, control_epoch: int) -> Answer:
        self.control_epoch = control_epoch
        return Accepted()

    async def execute(self, command: Command) -> Answer:
        if self.lost:
            raise MachineLost("no answer")
        if command.control_epoch != self.control_epoch:
            return NotAccepted(f"epoch {command.control_epoch} is not in control")
        self.ideal.start(command.operation, command.arguments, command.seq)
        return Accepted()


class _Willing:
    """Lets everybody pass who was verified."""

    def check_unchanged(self, lending: object) -> None:
        """Nothing came in between."""


class Small:
    """One tower; `start` is a station's (re)start."""

    def __init__(self, folder: Path, layout: str, cars: Mapping[str, str]) -> None:
        self.layout = load_layout(layout)
        self.clock = ManualClock(datetime(2026, 11, 21, 10, 0, tzinfo=UTC))
        self.ideal = IdealMachine(self.layout, snapshot_of(self.layout, cars))
        self.link = SmallLink(self.ideal, self.clock)
        self._database = Database(folder / "journal.sqlite")
        self.store = Store(self._database, bytes(32))
        for tag in cars:
            self.store.know_vehicle(vehicle(tag))
        self.start()

    def start(self) -> None:
        """Start the station, anew where it ran: it knows its journal, its store and what it reads."""
        self.journal = Journal(self._database, self.clock, bytes(32))
        self.record = Record(self.journal)
        link, admission = cast(Link, self.link), cast(Admission, _Willing())
        self.controller = Controller(link, self.record, self.layout, self.clock, TOWER)
        tower = (self.layout, self.record, self.store, self.controller, self.clock)
        self.desks = {
            plan.name: Desk(BaySide(*tower, plan.name), admission, link, self.clock) for plan in self.layout.bays
        }
        self.yard = Yard(TowerSide(*tower), self.desks)
        self.connect()
        self.tick()

    def connect(self) -> None:
        machine = cast(Machine, self.link)
        run(self.controller.connected(machine, run(self.link.read())))

    def tick(self) -> None:
        """One snapshot, as the program takes it."""
        snapshot = run(self.link.read())
        self.controller.settle(snapshot)
        run(self.yard.tick(snapshot))

    def settle(self, ticks: int = 200) -> None:
        """Let commands be given and end until nothing happens any more."""
        idle = 0
        for _ in range(ticks):
            self.tick()
            idle = 0 if self.ideal.running else idle + 1
            if idle > 2:
                return
            for part in list(self.ideal.running):
                if part in self.ideal.running:
                    self.ideal.finish(part)
        raise AssertionError(f"no end: {self.ideal.done[-20:]}")

    def until_running(self, operation: str, ticks: int = 100) -> str:
        """Go on until this operation runs; return one of its parts."""
        for _ in range(ticks):
            self.tick()
            for part, command in list(self.ideal.running.items()):
                if command.operation == operation:
                    return part
                if part in self.ideal.running:
                    self.ideal.finish(part)
        raise AssertionError(f"{operation} was never asked for: {self.ideal.done}")

    def lend(self, drive: str, tag: str, revision: int = 1, promised_at: datetime | None = None) -> Asking:
        """Hold a pass; return its holder as one who shows it."""
        now = self.clock.now()
        order = HandOver(
            drive_id=drive,
            revision=revision,
            pass_id=f"pass-{drive}",
            person_id=f"person-{drive}",
            greeting="",
            short_code=drive,
            vehicle=vehicle(tag),
            not_before=now - timedelta(hours=1),
            not_after=now + timedelta(hours=6),
            due_at=now + timedelta(days=3),
            check=CHECK,
            limits=Limits(),
            programme_revision=1,
            promised_at=promised_at,
        )
        self.store.hold(order)
        lending = self.store.lending(drive)
        assert lending is not None
        return Asking(lending, "pin", self.clock.monotonic() + 90)

    def verify(self, asking: Asking, bay: str = "B1") -> None:
        """The holder has shown pass and PIN."""
        desk = self.desks[bay]
        desk._check_free(asking.lending.drive_id)
        desk.asking = asking
        desk._verified(asking, "pin", None)

    def by_hand(self, mode: Mode) -> None:
        """Turn the key switch."""
        plc = replace(self.ideal.snapshot.plc, mode=mode)
        self.ideal.snapshot = replace(self.ideal.snapshot, plc=plc)

    def staff(self) -> Staff:
        """Return who obeys the console."""
        link, side = cast(Link, self.link), self.desks["B1"].side
        return Staff(side, Safety(link, self.record, self.clock), link, self.clock)

    def bay(self, name: str = "B1") -> Bay:
        return self.ideal.snapshot.bay(name)

    def where(self, tag: str) -> str:
        """Return where a car is read."""
        return next((part.name for part in self._parts() if part.tag == tag), "")

    def events(self, kind: str) -> list[Event]:
        return [entry.event for entry in self.journal.entries() if entry.event.kind == kind]

    @property
    def alarms(self) -> set[str]:
        return set(self.record.facts.alarms)

    def _parts(self) -> tuple[Lift | Slot | Bay, ...]:
        return (*self.ideal.snapshot.lifts, *self.ideal.snapshot.slots, *self.ideal.snapshot.bays)


def run(coroutine: Coroutine[None, None, T]) -> T:
    """Run what never really waits."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return cast(T, end.value)
    raise AssertionError("it waits")
