"""The controller of the simulated tower: the handshake, the watch over people, one atomic move at a time.

Its states and rules are those of `vendrive.wire.machine`. It has no socket and no loop: a program calls `tick` often,
and the methods when a client calls them. Motion runs on the injected clock's monotonic time, times `speed`.
"""

import json
import logging
from collections import Counter
from dataclasses import dataclass, field, fields, replace
from random import Random

from vendrive.clock import Clock
from vendrive.plant.machine import Car, DoorMove, FailingMove, LiftMove, Move, Transfer, TransferMove
from vendrive.plant.safety import Sensed, impossible, intruder, malformed
from vendrive.plant.sensors import Sensors
from vendrive.plant.world import TRANSFER, World
from vendrive.wire.machine import (
    HEARTBEAT_PERIOD_S,
    HOLD_AFTER_SILENCE_S,
    Operation,
    Part,
    Plc,
    PlcMode,
    Result,
)

log = logging.getLogger(__name__)

# A tick that comes late lets the machine move no further than this much real time would.
_LONGEST_STEP_S = 0.25


@dataclass(frozen=True)
class Setting:
    """What is fixed for one controller's life; `speed` divides each duration of motion and nothing else."""

    tower_id: str
    plc_epoch: int
    speed: float = 1.0


@dataclass
class Counts:
    """What happened, for tests and for the demo's final check."""

    executed: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    refused: int = 0
    prevented: int = 0
    stops: int = 0


@dataclass
class _Running:
    seq: int
    operation: Operation
    arguments: dict[str, str]
    move: Move


class Controller:
    """One PLC with its sensors and its world."""

    def __init__(self, world: World, setting: Setting, clock: Clock, rng: Random) -> None:
        self.world = world
        self.counts = Counts()
        self.fail_next: dict[str, float] = {}
        self.silent_until_s = float("-inf")
        self._setting = setting
        self._clock = clock
        self._rng = rng
        self._sensors = Sensors(world, rng)
        self._running: _Running | None = None
        self._started_s = self._last_tick_s = self._last_beat_s = clock.monotonic()
        self._heard_s = float("-inf")
        self._state = Plc(
            tower_id=setting.tower_id,
            layout=world.layout.name,
            simulator=True,
            plc_epoch=setting.plc_epoch,
            mode=PlcMode.held,
            emergency_stop=False,
        )

    @property
    def state(self) -> Plc:
        """The controller's own part, with its mode as it is now."""
        return replace(self._state, mode=self._mode(), clock_ms=self.clock_ms())

    @property
    def moving(self) -> bool:
        """Whether a move is running."""
        return self._running is not None

    @property
    def silent(self) -> bool:
        """Whether a planted fault keeps the controller from reporting."""
        return self._clock.monotonic() < self.silent_until_s

    def clock_ms(self) -> int:
        """Return the controller's own counter of milliseconds."""
        return round((self._clock.monotonic() - self._started_s) * 1000)

    def parts(self) -> list[Part]:
        """Return everything that is reported: the controller, lifts, slots and bays."""
        sensed = self.sensed()
        return [self.state, *sensed.lifts.values(), *sensed.slots.values(), *sensed.bays.values()]

    def sensed(self) -> Sensed:
        """Return what the sensors see now."""
        layout = self.world.layout
        lifts = {plan.name: self._sensors.lift(plan.name) for plan in layout.lifts}
        slots = {plan.name: self._sensors.slot(plan.name) for plan in layout.slots}
        bays = {plan.name: self._sensors.bay(plan.name) for plan in layout.bays}
        reaching = {lift.name: lift.transfer.place for lift in self.world.lifts.values() if lift.transfer}
        return Sensed(lifts, slots, bays, reaching)

    def heard(self, heartbeat: int) -> None:
        """Take note of the station's heartbeat; only a change counts as a sign of life."""
        if heartbeat != self._state.station_heartbeat:
            self._heard_s = self._clock.monotonic()
            self._state = replace(self._state, station_heartbeat=heartbeat)

    def take_control(self, epoch: int) -> tuple[bool, str]:
        """A station takes control with an epoch above the last."""
        if epoch <= self._state.control_epoch:
            return self._refuse(f"epoch {epoch} is not above {self._state.control_epoch}")
        self._state = replace(self._state, control_epoch=epoch)
        log.info("control taken with epoch %d", epoch)
        return True, ""

    def execute(
        self, epoch: int, seq: int, operation: str, arguments_json: str, valid_until_ms: int
    ) -> tuple[bool, str]:
        """Take one order or refuse it with a reason and no effect."""
        refusal = self._out_of_turn(epoch, seq, valid_until_ms)
        if refusal:
            return self._refuse(refusal)
        arguments = _read_arguments(arguments_json)
        refusal = malformed(operation, arguments, self.world.layout)
        if refusal or arguments is None:
            return self._refuse(refusal)
        danger = impossible(Operation(operation), arguments, self.sensed(), self.world.layout)
        if danger:
            self.counts.prevented += 1
            return self._refuse(danger)
        self._start(seq, Operation(operation), arguments)
        return True, ""

    def stop(self, reason: str) -> None:
        """Stop everything at once and stay so until the key switch is turned."""
        if self._state.emergency_stop:
            return
        self.counts.stops += 1
        log.warning("stopped: %s", reason)
        self._state = replace(self._state, emergency_stop=True, stop_reason=reason)
        if self._running is not None:
            self._end(Result.failed, "stopped")

    def reset(self) -> None:
        """The key switch at the tower: the only way out of a stop."""
        self._state = replace(self._state, emergency_stop=False, stop_reason="")

    def help(self, called: bool) -> None:
        """Somebody asks for help, or it has come."""
        self._state = replace(self._state, help_called=called)

    def tick(self) -> None:
        """Let time pass: watch over people, move, beat."""
        now = self._clock.monotonic()
        passed = min(now - self._last_tick_s, _LONGEST_STEP_S) * self._setting.speed
        self._last_tick_s = now
        self._watch()
        self._advance(passed)
        if now - self._last_beat_s >= HEARTBEAT_PERIOD_S * 0.8:
            self._last_beat_s = now
            self._state = replace(self._state, heartbeat=self._state.heartbeat + 1)

    def _mode(self) -> PlcMode:
        if self._state.emergency_stop:
            return PlcMode.stopped
        if self._running is not None:
            return PlcMode.executing
        if self._clock.monotonic() - self._heard_s > HOLD_AFTER_SILENCE_S:
            return PlcMode.held
        return PlcMode.idle

    def _out_of_turn(self, epoch: int, seq: int, valid_until_ms: int) -> str:
        state, mode = self._state, self._mode()
        if state.control_epoch == 0 or epoch != state.control_epoch:
            return f"epoch {epoch} is not in control, {state.control_epoch} is"
        if seq <= state.ack_seq:
            return f"seq {seq} was taken already, the last was {state.ack_seq}"
        if self.clock_ms() > valid_until_ms:
            return f"late: valid until {valid_until_ms}, now {self.clock_ms()}"
        return "" if mode == PlcMode.idle else f"the machine is {mode}"

    def _refuse(self, reason: str) -> tuple[bool, str]:
        self.counts.refused += 1
        log.info("refused: %s", reason)
        return False, reason

    def _start(self, seq: int, operation: Operation, arguments: dict[str, str]) -> None:
        move = self._move(operation, arguments)
        if operation in self.fail_next:
            move = FailingMove(move, self.fail_next.pop(operation))
        self.counts.executed[operation] += 1
        self._running = _Running(seq, operation, arguments, move)
        self._state = replace(self._state, ack_seq=seq, result=Result.none, reason="")

    def _move(self, operation: Operation, arguments: dict[str, str]) -> Move:
        plan, layout = self.world.layout.kinematics, self.world.layout
        match operation:
            case Operation.move_lift:
                target = layout.level_mm(int(arguments["storey"]))
                return LiftMove(self.world.lifts[arguments["lift"]], target, plan, self._rng)
            case Operation.open_street_door | Operation.close_street_door:
                street = self.world.bays[arguments["bay"]].street
                return DoorMove(street, operation == Operation.open_street_door, plan, self._rng)
            case Operation.open_inner_door | Operation.close_inner_door:
                inner = self.world.bays[arguments["bay"]].inner
                return DoorMove(inner, operation == Operation.open_inner_door, plan, self._rng)
            case _:
                return self._transfer(operation, arguments)

    def _transfer(self, operation: Operation, arguments: dict[str, str]) -> Move:
        lift = self.world.lifts[arguments["lift"]]
        transfer = lift.transfer
        if transfer is None:
            picking = operation == Operation.pick
            car = self.world.car_at(arguments["place"] if picking else lift.name)
            assert car is not None, "the safety votes saw one"
            transfer = Transfer(car.tag, arguments["place"], 0.0 if picking else 1.0)
            car.where = TRANSFER
        car = self.world.cars[transfer.tag]
        place, target = transfer.place, 0.0 if operation == Operation.place else 1.0

        def arrived() -> None:
            self._arrived(car, lift.name if target else place, place)

        return TransferMove(lift, transfer, target, self.world.layout.kinematics, self._rng, arrived)

    def _arrived(self, car: Car, where: str, place: str) -> None:
        """The car stands; its key goes with it, from the box of the bay into the tower and back."""
        car.where = where
        if place in self.world.bays:
            self.world.bays[place].key_in_box = where == place
            self.world.bays[place].crooked = False

    def _advance(self, seconds: float) -> None:
        running = self._running
        if running is None:
            return
        if running.move.advance(seconds):
            self._end(Result.done, "")
        elif isinstance(running.move, FailingMove) and running.move.broken:
            self._end(Result.failed, "drive fault")

    def _end(self, result: Result, reason: str) -> None:
        running = self._running
        assert running is not None
        if result == Result.failed:
            running.move.halt()
            self.counts.failed += 1
        self._running = None
        self._state = replace(self._state, done_seq=running.seq, result=result, reason=reason)

    def _watch(self) -> None:
        """Stop for a person in a zone that is open to the machine; give way before a person in a closing door."""
        sensed = self.sensed()
        danger = intruder(sensed)
        if danger:
            self.stop(danger)
        running = self._running
        if running is not None and running.operation == Operation.close_street_door:
            bay = sensed.bays[running.arguments["bay"]]
            if bay.person or bay.cabin:
                self._end(Result.failed, "a person is in the way of the door")


def _read_arguments(text: str) -> dict[str, str] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        return None
    return value


def values_of(part: Part) -> dict[str, object]:
    """Return the fields of a part as plain values, fit for a node."""
    return {item.name: getattr(part, item.name) for item in fields(part)}
