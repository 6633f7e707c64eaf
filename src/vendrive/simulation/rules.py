"""More that must never happen: rules of the house, looked up in the plant's truth and in the raw rows of the journal.

`invariants` asks whether cars crash and people are hurt; these ask whether anything moves that must stand, whether a
door stands open to a shaft, and whether a door opens or a part moves after somebody said no.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from vendrive.plant.machine import BayBody, Car
from vendrive.plant.orders import TRANSFERS, Order
from vendrive.plant.records import Happening
from vendrive.plant.truth import _moves_in
from vendrive.wire.machine import Mode, Operation, Result, parts_of

if TYPE_CHECKING:
    from vendrive.simulation.world import World

STANDING = (Mode.maintenance, Mode.stopped)
BEHIND_EXIT = (*TRANSFERS, Operation.open_inner_door, Operation.turn)
LEVEL_MM = 100.0
BY_HAND = "manual step of "
Broken = Callable[[str, str], None]


class Rules:
    """Looks after each tick of the PLC and at each row of the journal."""

    def __init__(self, world: "World", broken: Broken) -> None:
        self._world = world
        self._broken = broken
        # By bay, the drive whose holder stands there, verified, and has not gone.
        self._live: dict[str, str] = {}
        self._locked: set[str] = set()
        self._stop_asked = False
        self._stored = 0
        self._done: set[int] = set()
        # Cars that two persons drew in by hand: they answer for the key.
        self._drawn_in: set[str] = set()

    @property
    def served(self) -> dict[str, str]:
        """The drive whose holder stands at each bay, verified."""
        return dict(self._live)

    # The plant's truth

    def look_at_truth(self) -> None:
        """Whatever moves may move; called while something does."""
        world = self._world
        orders = [running.order for running in world.ground.controller._running.values() if not running.ended]
        standing = tuple(self._must_stand()) if orders else ()
        for order in orders:
            for name, text in (*standing, *self._unfit(order), *self._behind_exit(order)):
                self._broken(name, f"{order.operation} {dict(order.arguments)} {text}")
        for bay in world.truth.bays.values():
            self._look_at_doors(bay)

    def look_at_car(self, car: Car) -> None:
        """A car that stands in the tower may stand there."""
        layout, fits = self._world.layout, self._world.layout.fits
        if not layout.is_slot(car.where):
            return
        if car.engine_running:
            self._broken("engine_in_tower", f"{car.tag} runs in {car.where}")
        if not car.key_along and car.tag not in self._drawn_in:
            self._broken("key_left", f"{car.tag} stands in {car.where} and its key is elsewhere")
        too_big = car.length_mm > fits.length_mm or car.width_mm > fits.width_mm or car.height_mm > fits.height_mm
        if too_big or car.mass_kg > fits.mass_kg:
            self._broken("too_big", f"{car.tag} stands in {car.where}, which is made for smaller cars")

    def _must_stand(self) -> Iterator[tuple[str, str]]:
        """Why nothing may move now."""
        truth, controller = self._world.truth, self._world.ground.controller
        if truth.fire:
            yield "moves_in_fire", "while it burns"
        if not truth.mains:
            yield "moves_without_mains", "while the mains are gone"
        if truth.mode in STANDING:
            yield "moves_in_standstill", f"while the key switch says {truth.mode}"
        if controller.stopped:
            yield "moves_when_stopped", f"after a stop: {controller.state.stop_reason}"
        for car in truth.cars.values():
            if not car.stirring:
                continue
            place = car.where
            if (place in truth.slots or place in truth.lifts) and "movement" not in self._world.blind_sources(place):
                yield "moves_restless_car", f"while somebody moves in {car.tag} in {place}"

    def _unfit(self, order: Order) -> Iterator[tuple[str, str]]:
        truth = self._world.truth
        for name in parts_of(order.operation, order.arguments):
            if truth.driven[name].locked_out:
                yield "moves_padlocked", f"while a padlock hangs on {name}"
            if truth.driven[name].fault:
                yield "moves_faulty", f"while {name} reports a fault"
        if order.operation == Operation.turn:
            bay = truth.bays[order.arguments["bay"]]
            if bay.crooked and truth.car_at(bay.name) is not None:
                yield "turns_crooked_car", "while a car overhangs the table"
            if not (bay.street.closed and bay.inner.closed):
                yield "turns_open", "while a door of the bay is open"

    def _behind_exit(self, order: Order) -> Iterator[tuple[str, str]]:
        for bay in self._world.truth.bays.values():
            open_exit = bay.exit_open_s > 0 and order.operation in BEHIND_EXIT
            if open_exit and _moves_in(bay, order, self._world.truth) and not self._is_blind(bay, "exit_closed"):
                yield "moves_behind_exit", f"while the emergency exit of {bay.name} is open"

    def _look_at_doors(self, bay: BayBody) -> None:
        if bay.inner.closed:
            return
        if not bay.street.closed:
            self._broken("both_doors_open", f"both doors of {bay.name} are open")
        layout, truth = self._world.layout, self._world.truth
        plan = layout.bay(bay.name)
        level_mm = layout.level_mm(plan.storey)
        if not any(abs(truth.lifts[name].position_mm - level_mm) <= LEVEL_MM for name in plan.lifts):
            self._broken("open_shaft", f"the inner door of {bay.name} is not closed and no platform is behind it")

    def _is_blind(self, bay: BayBody, sensor: str) -> bool:
        return sensor in self._world.blind_sources(bay.name)

    def happened(self, happening: Happening) -> None:
        """The machine has ended an order as done."""
        if happening.kind == Result.done:
            self._done.add(happening.seq)

    # The raw journal

    def station_died(self) -> None:
        """Whoever was verified is not known any more: the next door opens to nobody until they are verified again."""
        self._live.clear()

    def look_at_row(self, event: dict[str, Any]) -> None:
        """Look at one new row."""
        match event["kind"]:
            case "person_verified":
                self._look_at_person(event["drive_id"], event["bay"])
            case "hand_over_aborted" | "handed_over":
                self._live = {bay: drive for bay, drive in self._live.items() if drive != event["drive_id"]}
            case "command_given":
                self._look_at_command(event)
            case "command_ended" if event["result"] == "done" and event["seq"] not in self._done:
                self._broken("not_done", f"command {event['seq']} counts as done and its machine did not end it")
            case "word_given":
                self._drawn_in.discard(event["tag"])
            case "order_stored":
                if event["number"] != self._stored + 1:
                    self._broken("order_lost", f"order {event['number']} is stored after {self._stored}")
                self._stored = event["number"]
            case _:
                self._look_at_staff(event)

    def _look_at_staff(self, event: dict[str, Any]) -> None:
        match event["kind"]:
            case "part_locked":
                self._locked.add(event["part"])
            case "part_released" | "step_asked" | "count_accepted":
                self._locked.discard(event.get("part", ""))
                if event["second"] in ("", event["staff"]):
                    self._broken("one_person", f"{event['staff']} alone: {event['kind']}")
            case "alarm" if event["name"] == "emergency_stop" and event["source"].startswith("console"):
                self._stop_asked = not self._world.ground.controller.stopped

    def _look_at_person(self, drive: str, bay: str) -> None:
        """Nobody else is served here, and the same drive nowhere else."""
        elsewhere = sorted(other for other, served in self._live.items() if served == drive and other != bay)
        if elsewhere:
            self._broken("two_bays", f"{drive} is served at {elsewhere} and {bay}")
        before = self._live.get(bay, drive)
        if before != drive:
            self._broken("two_customers", f"{drive} is served at {bay}, and so is {before}")
        self._live[bay] = drive

    def at_end(self) -> None:
        """What the station notes of its line to retail is true."""
        rows = self._world.computer.disk.connection.execute("SELECT name, value FROM notes").fetchall()
        notes = dict(rows)
        if int(notes.get("orders_cursor", 0)) != self._stored:
            self._broken("order_lost", f"the cursor says {notes.get('orders_cursor')}, {self._stored} are stored")
        acknowledged, told = int(notes.get("journal_acknowledged", 0)), len(self._world.retail.entries)
        if acknowledged > told:
            self._broken("acknowledged_lost", f"{acknowledged} entries count as acknowledged, retail has {told}")

    def tick(self) -> None:
        """A stop that was asked for has arrived."""
        if self._stop_asked and self._world.ground.controller.stopped:
            self._stop_asked = False

    def _look_at_command(self, event: dict[str, Any]) -> None:
        named, purpose = event["arguments"], event["purpose"]
        if self._stop_asked:
            self._broken("given_before_stop", f"command {event['seq']} is given before the stop that was asked for")
        parts = {*parts_of(Operation(event["operation"]), named), named.get("place", "")}
        for part in sorted(parts & self._locked):
            self._broken("given_to_locked", f"command {event['seq']} is for {part}, which staff locked")
        if event["operation"] == Operation.pick and purpose.startswith(BY_HAND):
            car = self._world.truth.car_at(named["place"])
            self._drawn_in |= {car.tag} if car is not None else set()
        if event["operation"] == Operation.open_street_door:
            self._look_at_opening(named["bay"], purpose)

    def _look_at_opening(self, bay: str, purpose: str) -> None:
        """A street door opens to who was verified there, or brings a car, and on no car but theirs."""
        what, _, drive = purpose.rpartition(" ")
        told = f"the street door of {bay} opens for {purpose}"
        if what == "hand-over" and self._live.get(bay) != drive:
            self._broken("opens_to_nobody", f"{told}: nobody is there")
        car, visit = self._world.truth.car_at(bay), self._world.visits.get(drive)
        shut_in = car is not None and self._world.truth.bays[bay].street.closed and self._world.is_ours(car.tag)
        if car is None or not shut_in or what.startswith(BY_HAND):
            return
        if visit is None or visit.tag != car.tag or (what == "return" and not visit.drove_off):
            self._broken("opens_to_another", f"{told}, on {car.tag}")
