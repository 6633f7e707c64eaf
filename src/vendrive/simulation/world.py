"""One seed: a tower with its plant, station, retail, people and faults, in virtual time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from vendrive.plant.world import STREET
from vendrive.plant.world import World as Truth
from vendrive.simulation.crash import Crash
from vendrive.simulation.disk import Disk
from vendrive.simulation.ground import Ground
from vendrive.simulation.habits import Habits
from vendrive.simulation.invariants import Invariants
from vendrive.simulation.machine import MemoryMachine
from vendrive.simulation.messages import Messages
from vendrive.simulation.moments import WatchedClock
from vendrive.simulation.people import Visit
from vendrive.simulation.register import Register
from vendrive.simulation.retail import Retail
from vendrive.simulation.session import Computer, Session
from vendrive.simulation.staff import Technician
from vendrive.station.journal import JournalBroken
from vendrive.tower.interlocks import Permit, allowed
from vendrive.tower.layout import load_layout

START = datetime(2026, 3, 27, 6, tzinfo=UTC)
TOWER = "shanghai"
TELLING = frozenset({"person_refused", "alarm", "alarm_ended"})
# What nobody in the world waits to read.
ROUTINE = frozenset({"command_given", "command_ended", "order_stored", "pass_held", "counted"})


@dataclass(frozen=True)
class Plan:
    """What one seed does: where, how long, which faults; `skips` leaves reads out that would show nothing new, `passes`
    those of a car that passes sensors on its way (`passing`).

    `often` is how often faults of a class happen, 1.0 at most, and `walk_ups` the share of people who come unannounced.
    """

    seed: int
    layout: str = "shanghai3"
    cars: int = 3
    hours: float = 6.0
    night_hours: float = 0.0
    faults: frozenset[str] = frozenset()
    skips: bool = True
    often: float = 1.0
    walk_ups: float = 0.0
    passes: bool = False


class World:
    """Everything of one run."""

    def __init__(self, plan: Plan) -> None:
        loop = asyncio.get_running_loop()
        self.plan = plan
        self.loop = loop
        self.layout = load_layout(plan.layout)
        self.register = Register(loop.time)
        self.faulty = True
        self.awake = asyncio.Event()
        self.awake.set()
        self.session: Session | None = None
        self.crash_at: str | None = None
        self._waiters: list[tuple[Callable[[], bool], asyncio.Future[bool]]] = []
        self.clock = WatchedClock(loop.time, START)
        self.truth = Truth(self.layout)
        self.ground = Ground(self.truth, TOWER, self.random("plant"), self._ground_changed)
        self.messages = Messages(self)
        key = Ed25519PrivateKey.from_private_bytes(self.random("retail").randbytes(32))
        self.retail = Retail(TOWER, key, self.calendar, self._news)
        sealing = X25519PrivateKey.from_private_bytes(self.random("station").randbytes(32))
        self.computer = Computer(
            TOWER, self.layout, Disk(), self.clock, sealing, self.retail, self._make_machine, self.step, plan.skips
        )
        self.machine: MemoryMachine | None = None
        self.visits: dict[str, Visit] = {}
        self.invariants = Invariants(self)
        self.habits = Habits(self)
        self.technician = Technician(self)
        self.ground.ticked = self.invariants.look_at_truth
        self.ground.controller.observe = self.invariants.rules.happened

    # Time and chance

    def random(self, name: str) -> Random:
        """Return a source of chance of one's own: nobody's draws depend on what others do."""
        return Random(f"{self.plan.seed} {name}")  # noqa: S311 repeatable by its seed

    def now_s(self) -> float:
        """Return the virtual time."""
        return self.loop.time()

    def calendar(self) -> datetime:
        """Return the true calendar time, which retail has."""
        return START + timedelta(seconds=self.loop.time())

    async def until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until something is true of the tower; False where it is not in time."""
        if condition():
            return True
        future: asyncio.Future[bool] = self.loop.create_future()
        waiter = (condition, future)
        self._waiters.append(waiter)
        timer = self.loop.call_later(timeout_s, _give_up, future)
        try:
            return await future
        finally:
            timer.cancel()
            self._waiters.remove(waiter)

    # The station's program

    def start_station(self) -> None:
        """Start the program on what is on its disk."""
        try:
            self.session = Session(self.computer)
        except JournalBroken as error:
            self.invariants.broken("chain", f"the station does not start: {error}"[:120])
            return
        self.session.start(self._task_ended)
        self.session.news.set()
        self.register.note("station starts")

    def kill_station(self, why: str) -> None:
        """The program ends at once; what it had not committed is gone."""
        session, self.session = self.session, None
        if session is None:
            return
        self.register.note(f"station ends: {why}")
        session.kill()
        if self.machine is not None:
            self.machine.drop()
        self.computer.disk.lose_power()
        self.invariants.station_died()

    def restart_plc(self) -> None:
        """The PLC starts anew, and with it its end of every connection."""
        if self.machine is not None:
            self.machine.drop()
        self.ground.restart()

    def step(self, name: str) -> None:
        """The program comes by a point at which it may crash."""
        if self.crash_at == name:
            self.crash_at = None
            self.register.decided(refused=False)
            raise Crash(name)
        # What is committed beside the journal, such as what retail has, changes nothing that a read goes on from, nor
        # does a row that only tells.
        if name == "after_commit":
            kinds = self.invariants.read_journal()
            if kinds - TELLING:
                self.stir()
            if kinds - ROUTINE:
                self.look()

    def stir(self) -> None:
        """Whatever the station's reads are put off for may have happened."""
        if self.session is not None:
            self.session.stirred = True
        if self.machine is not None:
            self.machine.stir()

    def look(self) -> None:
        """See who waits for what is now true."""
        for condition, future in list(self._waiters):
            if not future.done() and condition():
                future.set_result(True)

    # What people do

    def do(self, act: Callable[[], object], told: str = "") -> None:
        """Somebody does something with their hands: the time before is the machine's, and it looks at once."""
        self.ground.tick()
        act()
        if told:
            self.register.note(told)
        self.ground.look_if_changed()
        self.look()

    # Questions

    def is_on(self, name: str) -> bool:
        """Whether faults of this class happen now."""
        return self.faulty and name in self.plan.faults

    def is_settled(self) -> bool:
        """Whether the session's last read changed nothing in what it thinks: the next would not either."""
        return self.session is None or self.session.settled

    def stands(self) -> dict[str, str]:
        """Return where each car of the tower truly stands: what two people who look can say."""
        return {car.tag: car.where for car in self.truth.cars.values() if car.where != STREET}

    @property
    def locked(self) -> frozenset[str]:
        """The parts that staff took out of service at the console."""
        return frozenset(self.invariants.locked)

    def is_broken_for_now(self, part: str) -> bool:
        """Whether a part's drive is to stay broken for a while."""
        return any(
            injection.part == part and injection.kind.startswith("drive_fails") and injection.until_s > self.now_s()
            for injection in self.register.injections
        )

    def is_ours(self, tag: str) -> bool:
        """Whether a car is one of the tower's."""
        return not tag.startswith("STRANGER")

    def verified_at(self, drive: str) -> set[str]:
        """Return the bays where the holder of a drive was verified."""
        return self.invariants.verified.get(drive, set())

    def blind_sources(self, where: str) -> frozenset[str]:
        """Return which sources of a bay have a fault, or had one until a moment ago."""
        return frozenset(self.ground.controller.sensors.faulty.get(where, ()))

    def heal(self) -> None:
        """Whatever faults left behind is put right."""
        self.ground.controller.sensors.mend_all()
        self.messages.calm()
        self.retail.cut(False)
        self.crash_at = None
        self.do(lambda: self.truth.power(True))
        self.do(lambda: self.truth.burn(False))
        self.technician.put_right()
        self.register.note("the faults are over")

    def counted(self, votes: Callable[..., tuple[Permit, ...]]) -> Callable[..., tuple[Permit, ...]]:
        """Return the station's votes with a counter: an order that is withheld counts once until it is permitted."""
        withheld: set[object] = set()

        def count(operation: object, arguments: object, *rest: object) -> tuple[Permit, ...]:
            permits, order = votes(operation, arguments, *rest), (operation, arguments)
            if allowed(permits):
                withheld.discard(order)
            elif order not in withheld:
                withheld.add(order)
                self.register.tally.by_us += 1
                self.register.decided(refused=True)
            return permits

        return count

    def count(self) -> None:
        """Take the PLC's and the votes' numbers into the tally."""
        self.register.tally.by_plc += self.ground.controller.counts.prevented

    def _make_machine(self) -> MemoryMachine:
        self.machine = MemoryMachine(self)
        return self.machine

    def _ground_changed(self) -> None:
        # The next read sees for itself what is another now.
        if self.machine is not None and not (self.plan.passes and self.ground.only_passes()):
            self.machine.stir()
        self.look()

    def _news(self) -> None:
        if self.session is not None:
            self.session.news.set()

    def _task_ended(self, task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Crash):
            self.kill_station(f"crash {error}")
        elif error is not None:
            self.invariants.broken("station_raises", f"{type(error).__name__}: {error}")
            self.kill_station("an error")


def _give_up(waiting: "asyncio.Future[bool]") -> None:
    """Whoever waits has waited long enough."""
    if not waiting.done():
        waiting.set_result(False)
