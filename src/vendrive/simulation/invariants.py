"""What must never happen, looked up in the plant's truth and the journal's raw rows, never in the controller."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from vendrive.audit import GENESIS, BrokenChain, Link, verify_chain
from vendrive.plant import truth as truths
from vendrive.plant.beings import BESIDE, Being
from vendrive.plant.world import TRANSFER
from vendrive.simulation.rules import Rules
from vendrive.station.desk import ASKING_S
from vendrive.wire.machine import STALE_AFTER_S, Command
from vendrive.wire.orders import Cancel, HandOver

if TYPE_CHECKING:
    from vendrive.simulation.world import World

# What a tower may write down at most, or its journal would fill the disk: a little by itself, more for each visit and
# each fault, since these are what a person must be able to read up.
ROWS_AN_HOUR = 40
ROWS_A_VISIT = 250
ROWS_A_FAULT = 250


# A pass is looked at when it is shown; its holder has so long to be verified.
GRACE = timedelta(seconds=ASKING_S)


@dataclass(frozen=True)
class Violation:
    """One thing that must never happen, and has."""

    name: str
    text: str
    at_s: float


class Invariants:
    """Checks after each tick of the PLC and each commit of the station."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.violations: list[Violation] = []
        self.rows = 0
        self.head = GENESIS
        self.open_alarms: dict[tuple[str, str], float] = {}
        self.verified: dict[str, set[str]] = {}
        self.handed_over: dict[str, int] = {}
        self.returned: set[str] = set()
        self.refusals: Counter[str] = Counter()
        self._given: dict[int, tuple[str, dict[str, str]]] = {}
        self._ended: set[int] = set()
        self._executed: set[int] = set()
        self._crashes = self._moves = 0
        self._cancelled: set[str] = set()
        self.locked: set[str] = set()
        # Cars into which a bay with a blind cabin sensor let somebody go, as long as anybody is in them.
        self.hidden: set[str] = set()
        self.rules = Rules(world, self.broken)

    def broken(self, name: str, text: str) -> None:
        """Note a violation, once for each text."""
        if not any(known.name == name and known.text == text for known in self.violations):
            self.violations.append(Violation(name, text, self._world.now_s()))
            self._world.register.note(f"VIOLATION {name}: {text}")

    # The plant's truth

    def look_at_truth(self) -> None:
        """Cars, places and lifts, after each tick."""
        truth = self._world.truth
        if self.hidden:
            self.hidden = {tag for tag in self.hidden if truth.cars[tag].inside}
        if len(truth.crashes) > self._crashes:
            self._look_at_crashes(truth.crashes)
        if self._world.ground.travelling:
            for text in truths.collisions(truth):
                self.broken("lifts_collide", text)
        if truth.moves != self._moves:
            self._moves = truth.moves
            for place in truths.double_places(truth):
                self.broken("two_cars", f"two cars stand on {place}")
        if truth.cars_at(TRANSFER):
            for tag in truths.lost_cars(truth):
                self.broken("lost_car", f"the car {tag} is nowhere")
        self.rules.tick()
        if self._world.ground.running():
            self.rules.look_at_truth()
            self._look_at_people()

    def _look_at_crashes(self, crashes: list[str]) -> None:
        for text in crashes[self._crashes :]:
            self.broken("crash", text)
        self._crashes = len(crashes)

    def _look_at_people(self) -> None:
        for hazard in self._world.ground.controller.hazards():
            if self._is_hidden(Being(hazard.being), hazard.where):
                self._world.register.tally.excused += 1
            else:
                self.broken("moves_at_person", f"{hazard.order.operation} at {hazard.being} in {hazard.where}")

    def _is_hidden(self, being: Being, where: str) -> bool:
        """Whether every source that can sense this being is faulty: docs lists these as undetectable."""
        truth = self._world.truth
        if where in truth.bays and being in truth.bays[where].beside:
            return BESIDE[being].sources <= self._world.blind_sources(where)
        riding = [car.tag for car in truth.cars_at(where) if being in car.inside]
        if "cabin" in self._world.blind_sources(where):
            self.hidden.update(riding)
        for lift in truth.lifts.values():
            blind = lift.transfer is not None and "cabin" in self._world.blind_sources(lift.transfer.place)
            if blind and lift.transfer is not None and lift.transfer.tag in riding:
                self.hidden.add(lift.transfer.tag)
        return bool(riding) and set(riding) <= self.hidden

    # What the station does

    def granted(self, age_s: float, command: Command) -> None:
        """The station sends a command, `age_s` after its last read began."""
        if age_s > STALE_AFTER_S + 1e-6:
            self.broken("stale_grant", f"command {command.seq} {age_s:.2f} s after the last read")

    def executed(self, command: Command) -> None:
        """The PLC takes a command: once for each number, through its restarts too, and the journal has it already."""
        if command.seq in self._executed:
            self.broken("executed_twice", f"command {command.seq}")
        self._executed.add(command.seq)
        if command.seq in self._ended:
            self.broken("executed_after_end", f"command {command.seq} is taken, and its end is in the journal")
        given = self._given.get(command.seq)
        if given != (command.operation.value, dict(command.arguments)):
            self.broken("not_journaled", f"command {command.seq} {command.operation} is not in the journal")

    def station_died(self) -> None:
        """After a crash the journal holds what was committed, no less."""
        rows = self._world.computer.disk.journal(self.rows - 1) if self.rows else []
        if self.rows and (not rows or rows[0][3] != self.head):
            self.broken("journal_lost", f"row {self.rows} was committed and is not there")
        self.read_journal()
        self.rules.station_died()

    # The raw journal

    def read_journal(self) -> set[str]:
        """Look at the rows that are new, and return which kinds there are among them."""
        kinds = set()
        for seq, at, text, digest in self._world.computer.disk.journal(self.rows):
            self.rows, self.head = seq, digest
            self._world.register.note(f"journal {seq} {at} {text}")
            event = from_json(text)
            kinds.add(event["kind"])
            self.rules.look_at_row(event)
            look = getattr(self, f"_see_{event['kind']}", None)
            if look is not None:
                look(event)
        return kinds

    def _see_command_given(self, event: dict[str, Any]) -> None:
        if event["seq"] in self._given:
            self.broken("number_twice", f"command {event['seq']} is in the journal twice")
        self._given[event["seq"]] = (event["operation"], event["arguments"])

    def _see_command_ended(self, event: dict[str, Any]) -> None:
        self._ended.add(event["seq"])
        self._world.register.decided(refused=event["result"] != "done")

    def _see_order_stored(self, event: dict[str, Any]) -> None:
        body = self._world.retail.bodies[event["number"] - 1]
        if isinstance(body, Cancel):
            self._cancelled.add(body.drive_id)
        elif isinstance(body, HandOver):
            self._cancelled.discard(body.drive_id)

    def _see_person_verified(self, event: dict[str, Any]) -> None:
        visit = self._world.visits[event["drive_id"]]
        if visit.drive in self.handed_over:
            self.broken("pass_twice", f"the holder of {visit.drive} was verified after the hand-over")
        if visit.drive in self._cancelled:
            self.broken("cancelled_served", f"the holder of {visit.drive} was verified after its cancellation")
        at = self._world.calendar()
        jumped = self._world.register.was_on("clock_jump", ASKING_S)
        if not jumped and not visit.opens <= at < visit.not_after + GRACE:
            self.broken("outside_window", f"the holder of {visit.drive} was verified at {at:%H:%M:%S}")
        self.verified.setdefault(event["drive_id"], set()).add(event["bay"])
        self._world.register.decided(refused=False)

    def _see_person_refused(self, event: dict[str, Any]) -> None:
        self.refusals[event["code"]] += 1
        self._world.register.tally.refusals += 1
        self._world.register.decided(refused=True)

    def _see_hand_over_aborted(self, event: dict[str, Any]) -> None:
        self._world.register.decided(refused=True)

    def _see_return_refused(self, event: dict[str, Any]) -> None:
        self._world.register.decided(refused=True)

    def _see_request_refused(self, event: dict[str, Any]) -> None:
        self._world.register.decided(refused=True)

    def _see_handed_over(self, event: dict[str, Any]) -> None:
        drive, tag = event["drive_id"], event["vehicle_id"].removeprefix("vehicle-")
        self.handed_over[drive] = self.handed_over.get(drive, 0) + 1
        self._world.register.decided(refused=False)
        if self.handed_over[drive] > 1:
            self.broken("pass_twice", f"{drive} was handed over twice")
        if drive not in self.verified:
            self.broken("unverified", f"{drive} was handed over and nobody was verified")
        visit = self._world.visits.get(drive)
        if visit is None or not visit.drove_off:
            self.broken("not_gone", f"{drive} is handed over and its car {tag} was not driven out")

    def _see_returned(self, event: dict[str, Any]) -> None:
        tag, slot = event["vehicle_id"].removeprefix("vehicle-"), event["slot"]
        self.returned.add(event["drive_id"])
        self._world.register.decided(refused=False)
        car = self._world.truth.cars.get(tag)
        if car is not None:
            self.rules.look_at_car(car)
        if car is None or car.where != slot:
            self.broken("not_there", f"{tag} is journaled in {slot} and is at {car.where if car else 'no place'}")

    def _see_alarm(self, event: dict[str, Any]) -> None:
        self.open_alarms[event["name"], event["part"]] = self._world.now_s()
        self._world.register.decided(refused=True)

    def _see_alarm_ended(self, event: dict[str, Any]) -> None:
        self.open_alarms.pop((event["name"], event["part"]), None)

    def _see_part_locked(self, event: dict[str, Any]) -> None:
        self.locked.add(event["part"])
        self._world.register.decided(refused=False)

    def _see_part_released(self, event: dict[str, Any]) -> None:
        self.locked.discard(event["part"])

    # People and cars

    def drove_out(self, driver: str, drive: str, tag: str, bay: str) -> None:
        """Somebody drives a car out for the first time: the holder of its drive, verified at this bay, once."""
        visit = self._world.visits[drive]
        if driver != visit.person:
            self.broken("wrong_driver", f"{driver} drives off with {tag}, which is for {visit.person}")
        if visit.tag != tag:
            self.broken("wrong_car", f"{driver} drives off with {tag} instead of {visit.tag}")
        if bay not in self.verified.get(drive, set()):
            self.broken("unverified", f"{driver} drives off at {bay} and was not verified there")
        if visit.drove_off:
            self.broken("pass_twice", f"{driver} drives off twice with {drive}")

    # At the end

    def at_end(self) -> None:
        """The chain verifies, what retail acknowledged is there, and nothing has grown without bound."""
        self.read_journal()
        rows = self._world.computer.disk.journal()
        links = [Link(seq, f"{at}\n{event}".encode(), digest) for seq, at, event, digest in rows]
        try:
            verify_chain(links)
        except BrokenChain as error:
            self.broken("chain", str(error))
        self._compare_with_retail(rows)
        self.rules.at_end()
        self._look_at_bounds(len(rows))

    def _compare_with_retail(self, rows: list[tuple[int, str, str, bytes]]) -> None:
        told = self._world.retail.entries
        if len(told) > len(rows):
            self.broken("acknowledged_lost", f"retail has {len(told)} entries, the journal {len(rows)}")
        for entry, row in zip(told, rows, strict=False):
            if entry.digest != row[3].hex():
                self.broken("acknowledged_lost", f"retail's entry {entry.seq} is another one")
                return

    def _look_at_bounds(self, rows: int) -> None:
        world = self._world
        tally = world.register.tally
        faults = len(world.register.injections) + len(world.register.over)
        bound = 200 + ROWS_AN_HOUR * world.now_s() / 3600
        bound += ROWS_A_VISIT * len(world.visits) + ROWS_A_FAULT * faults
        if rows > bound:
            self.broken("unbounded", f"{rows} rows, {len(world.visits)} visits, {faults} faults, {tally.polls} reads")
