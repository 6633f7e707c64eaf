"""The controller of the simulated tower: the handshake, the watch over people, one atomic move at a time on each part.

Its states and rules are those of `vendrive.wire.machine`. It has no socket and no loop: a program calls `tick` often,
or where time is virtual after `next_due_s`, and the methods when a client calls them. Motion runs on the injected
clock's monotonic time, times `speed`.
"""

import logging
from collections.abc import Callable, Iterable
from math import inf
from random import Random

from vendrive.clock import Clock
from vendrive.lazy import changed
from vendrive.plant.confirm import true_ends, unconfirmed
from vendrive.plant.drives import Drives, Running
from vendrive.plant.moves import FailingMove, LiftMove
from vendrive.plant.orders import Order, Sensed, malformed, read_arguments
from vendrive.plant.records import Counts, Happening, Setting
from vendrive.plant.safety import impossible, occupied
from vendrive.plant.sensors import BETWEEN, Channel, Sensors
from vendrive.plant.truth import Hazard, breakage, hazards
from vendrive.plant.watch import danger
from vendrive.plant.world import World
from vendrive.wire.machine import (
    ENDS,
    HEARTBEAT_PERIOD_S,
    HOLD_AFTER_SILENCE_S,
    NO_STOREY,
    Mode,
    Operation,
    Part,
    Plc,
    PlcState,
    Result,
    parts_of,
)

log = logging.getLogger(__name__)

_BEAT_S = HEARTBEAT_PERIOD_S * 0.8
# A move that has ended waits this long for the sensors to say so.
_CONFIRMED_WITHIN_S = 1.0
# An encoder that is this far from where the drive has gone is broken.
_FOLLOWING_MM = 200.0
# A clock's sums are a little off.
_NOTHING_S = 1e-6
_LONGEST_REASON = 200
_STANDING = (Mode.maintenance, Mode.stopped)


class Controller:
    """One PLC with its sensors and its world. `observe` hears of each happening."""

    def __init__(self, world: World, setting: Setting, clock: Clock, rng: Random) -> None:
        self.world = world
        self.counts = Counts()
        self.sensors = Sensors(world, rng)
        self.fail_next: dict[str, float] = {}
        self.silent_until_s = -inf
        self.observe: Callable[[Happening], None] = lambda happening: None
        self._setting = setting
        self._clock = clock
        self._drives = Drives(world, rng)
        self._running: dict[int, Running] = {}
        self._started_s = self._last_tick_s = clock.monotonic()
        self._heard_s = -inf
        self.sensors.moved(true_ends(world))
        self._state = Plc(
            tower_id=setting.tower_id,
            layout=world.layout.name,
            simulator=True,
            plc_epoch=setting.plc_epoch,
            emergency_stop=False,
        )
        self._shown: dict[str, object] = {}
        # What `_shown` was made of.
        self._shown_of: tuple[object, ...] = ()
        self._changed = False
        # How often it has looked at its sensors.
        self.looks = 0
        self._look(self._last_tick_s)

    @property
    def state(self) -> Plc:
        """The controller's own part, with its counters as they are now."""
        passed_s = self._clock.monotonic() - self._started_s
        counters = {"clock_ms": round(passed_s * 1000), "heartbeat": int(passed_s / _BEAT_S)}
        return changed(self._state, state=self._packml(), **counters)

    @property
    def plc_epoch(self) -> int:
        """The number of this start of the controller's program."""
        return self._state.plc_epoch

    @property
    def stopped(self) -> bool:
        """Whether an emergency stop is on."""
        return self._state.emergency_stop

    @property
    def revision(self) -> int:
        """The number of changes up to the last tick."""
        return self._state.revision

    @property
    def moving(self) -> bool:
        """Whether a move is running."""
        return bool(self._running)

    @property
    def running(self) -> tuple[Order, ...]:
        """The orders under way."""
        return tuple(running.order for running in self._running.values())

    @property
    def silent(self) -> bool:
        """Whether a planted fault keeps the controller from reporting."""
        return self._clock.monotonic() < self.silent_until_s - _NOTHING_S

    def clock_ms(self) -> int:
        """Return the controller's own counter of milliseconds."""
        return round((self._clock.monotonic() - self._started_s) * 1000)

    def parts(self) -> list[Part]:
        """Return everything that is reported as of the last tick: the controller, lifts, slots and bays.

        A part that has not changed is the same object as before.
        """
        sensors = self.sensors
        return [self.state, *sensors.lifts.values(), *sensors.slots.values(), *sensors.bays.values()]

    def sensed(self) -> Sensed:
        """Return what the sensors saw at the last tick; it goes on with the sensors."""
        sensors = self.sensors
        return Sensed(
            lifts=sensors.lifts,
            slots=sensors.slots,
            bays=sensors.bays,
            reaching={lift.name: lift.transfer.place for lift in self.world.lifts.values() if lift.transfer},
            running={part: running.order for running in self._running.values() for part in running.parts},
            restless=frozenset(sensors.restless),
            fire=sensors.fire,
            switches=sensors.switches,
        )

    def hazards(self) -> tuple[Hazard, ...]:
        """Return the truth about everybody who is where something moves now."""
        return hazards(self.world, (running.order for running in self._running.values() if not running.ended))

    def heard(self, heartbeat: int) -> None:
        """Take note of the station's heartbeat; only a change counts as a sign of life."""
        if heartbeat != self._state.station_heartbeat:
            self._heard_s = self._clock.monotonic()
            self._state = changed(self._state, station_heartbeat=heartbeat)

    def hears_steadily(self, heard: bool) -> None:
        """Take the station's heartbeat as heard all the time, until it is not any more."""
        self._heard_s = inf if heard else self._clock.monotonic()

    def take_control(self, epoch: int) -> tuple[bool, str]:
        """A station takes control with an epoch above the last."""
        self.tick()
        if epoch <= self._state.control_epoch:
            return self._refuse(f"epoch {epoch} is not above {self._state.control_epoch}")
        self._state = changed(self._state, control_epoch=epoch)
        log.info("control taken with epoch %d", epoch)
        self._look(self._last_tick_s)
        return True, ""

    def execute(
        self, epoch: int, seq: int, operation: str, arguments_json: str, valid_until_ms: int
    ) -> tuple[bool, str]:
        """Take one order or refuse it with a reason and no effect."""
        self.tick()
        arguments = read_arguments(arguments_json)
        refusal = self._out_of_turn(epoch, seq, valid_until_ms) or malformed(operation, arguments, self.world.layout)
        if refusal or arguments is None:
            return self._refuse(refusal, seq)
        order = Order(Operation(operation), arguments)
        refusal = self._busy(order)
        if refusal:
            return self._refuse(refusal, seq, order)
        vote, refusal = impossible(order, self.sensed(), self.world.layout)
        if refusal:
            self.counts.prevented += 1
            self.counts.prevented_by[vote] += 1
            return self._refuse(refusal, seq, order)
        self._start(seq, order)
        self._look(self._last_tick_s)
        return True, ""

    def stop(self, reason: str) -> None:
        """Stop everything at once and stay so until the local reset."""
        self.tick()
        self._stop(reason, "called")

    def reset(self) -> None:
        """The local reset by a technician who has looked: the only way out of a stop or a latched fault. What still is,
        comes again.
        """
        self._state = changed(self._state, emergency_stop=False, stop_reason="")
        self.sensors.moved(true_ends(self.world))
        for body in self.world.driven.values():
            body.fault = ""
        self._tell("reset")
        self.tick()

    def help(self, called: bool) -> None:
        """Somebody asks for help, or it has come."""
        self._state = changed(self._state, help_called=called)
        self.tick()

    def restart(self, plc_epoch: int) -> None:
        """The controller's program starts anew: moves halt, channels and control are forgotten, latches are not."""
        if plc_epoch <= self._state.plc_epoch:
            raise ValueError(f"epoch {plc_epoch} is not above {self._state.plc_epoch}")
        self.tick()
        for running in self._running.values():
            running.move.halt()
        self._running.clear()
        self.sensors.forget()
        self._started_s, self._heard_s = self._clock.monotonic(), -inf
        self._state = changed(
            self._state, plc_epoch=plc_epoch, control_epoch=0, station_heartbeat=0, revision=0, ack_seq=0
        )
        self._tell("restarted")
        self._look(self._last_tick_s)

    def tick(self) -> None:
        """Let time pass up to now: move, look, watch over people."""
        now = self._clock.monotonic()
        passed = min(now - self._last_tick_s, self._setting.longest_step_s)
        self._last_tick_s = now
        self._advance(passed * self._setting.speed, now)
        self._look(now)

    def next_due_s(self) -> float:
        """Return the seconds from now until something happens by itself, infinity for never."""
        now = self._clock.monotonic()
        since = now - self._last_tick_s
        due = [
            running.confirm_by_s - now if running.ended else running.move.due_s / self._setting.speed - since
            for running in self._running.values()
        ]
        due.append(self._drives.exits_due_s() - now)
        if not self._is_alone(now):
            due.append(self._heard_s + HOLD_AFTER_SILENCE_S - now)
        if self.silent:
            due.append(self.silent_until_s - now)
        due.append(self.sensors.due_s(now) - now)
        return max(0.0, min(due))

    def _is_alone(self, now: float) -> bool:
        """Whether the station has been silent for too long."""
        return now - self._heard_s >= HOLD_AFTER_SILENCE_S - _NOTHING_S

    def _packml(self) -> PlcState:
        if self._state.emergency_stop:
            return PlcState.aborted
        if self.world.mode in _STANDING:
            return PlcState.stopped
        if not self.sensors.mains or self._is_alone(self._clock.monotonic()):
            return PlcState.held
        return PlcState.execute if self._running else PlcState.idle

    def _out_of_turn(self, epoch: int, seq: int, valid_until_ms: int) -> str:
        state, packml = self._state, self._packml()
        if state.control_epoch == 0 or epoch != state.control_epoch:
            return f"epoch {epoch} is not in control, {state.control_epoch} is"
        if seq <= state.ack_seq:
            return f"seq {seq} was taken already, the last was {state.ack_seq}"
        if self.clock_ms() > valid_until_ms:
            return f"late: valid until {valid_until_ms}, now {self.clock_ms()}"
        return "" if packml in (PlcState.idle, PlcState.execute) else f"the machine is {packml}"

    def _busy(self, order: Order) -> str:
        for part in parts_of(order.operation, order.arguments):
            channel = self.sensors.channels[part]
            if channel.busy:
                return f"{part} is busy with {channel.operation}"
        return ""

    def _refuse(self, reason: str, seq: int = 0, order: Order | None = None) -> tuple[bool, str]:
        self.counts.refused += 1
        reason = reason[:_LONGEST_REASON]
        log.info("refused: %s", reason)
        self._tell("refused", seq, order, reason)
        return False, reason

    def _start(self, seq: int, order: Order) -> None:
        broken = breakage(self.world, order)
        if broken:
            self.world.crashes.append(broken)
        move = self._drives.begin(order)
        if order.operation in self.fail_next:
            move = FailingMove(move, self.fail_next.pop(order.operation))
        self.counts.executed[order.operation] += 1
        parts = parts_of(order.operation, order.arguments)
        self._running[seq] = Running(seq, order, parts, move)
        self._state = changed(self._state, ack_seq=seq)
        target = int(order.arguments.get("storey", NO_STOREY))
        if order.operation in ENDS:
            self.sensors.moved({(parts[0], ENDS[order.operation][0]): BETWEEN})
        for part in parts:
            done = self.sensors.channels[part].done_seq
            self.sensors.say(part, Channel(True, order.operation, seq, done, Result.none, "", target))
        self._tell("started", seq, order)

    def _advance(self, seconds: float, now: float) -> None:
        """Let machine time pass; two lifts on one way in steps short enough to stop them before they meet."""
        while True:
            step = min(seconds, self._drives.longest_step_s())
            for running in list(self._running.values()):
                if not running.ended and running.move.advance(step):
                    running.confirm_by_s = now + _CONFIRMED_WITHIN_S
                elif isinstance(running.move, FailingMove) and running.move.broken:
                    self._fail([running], "drive fault")
            seconds -= step
            self._drives.note_collisions()
            if seconds <= 0:
                return
            self._changed |= self.sensors.look(now)
            self._watch()

    def _look(self, now: float) -> None:
        """Look through the sensors and draw the consequences."""
        self.looks += 1
        self._drives.shut_exits(now)
        for body in self.world.driven.values():
            if body.broken and not body.fault:
                body.fault = "drive"
        self._changed |= self.sensors.look(now)
        self._halt()
        self._confirm(now)
        self._watch()
        self._changed |= self.sensors.look(now)
        self._show()

    def _show(self) -> None:
        """Count a revision where a part, or anything of the controller's own but its counters, has changed."""
        mode, state, fire, mains = self.world.mode, self._packml(), self.sensors.fire, self.sensors.mains
        if not self._changed and self._shown_of == (self._state, mode, state, fire, mains):
            return
        own = {"mode": mode, "state": state, "fire": fire, "mains": mains}
        shown = {**vars(self._state), **own, "station_heartbeat": 0, "revision": 0}
        if self._changed or shown != self._shown:
            self._state = changed(self._state, **own, revision=self._state.revision + 1)
            self._shown, self._changed = shown, False
        self._shown_of = (self._state, mode, state, fire, mains)

    def _halt(self) -> None:
        """Stop what may not go on: the mains are gone, the key was turned, a padlock hung, a drive broken."""
        if not self._running:
            return
        if not self.sensors.mains:
            self._fail(self._running.values(), "mains lost")
        if self.world.mode in _STANDING:
            self._fail(self._running.values(), f"the key switch says {self.world.mode}")
        for running in list(self._running.values()):
            bodies = [self.world.driven[part] for part in running.parts]
            if any(body.fault for body in bodies):
                self._fail([running], "drive fault")
            elif any(body.locked_out for body in bodies):
                self._fail([running], "locked out")
            elif isinstance(running.move, LiftMove) and not self._follows(running.parts[0]):
                self.world.lifts[running.parts[0]].fault = "encoder"
                self._fail([running], "the encoder does not follow the drive")

    def _follows(self, lift: str) -> bool:
        return abs(self.sensors.lifts[lift].position_mm - self.world.lifts[lift].position_mm) < _FOLLOWING_MM

    def _confirm(self, now: float) -> None:
        """End each move whose end the sensors confirm, or do not confirm in time."""
        for running in list(self._running.values()):
            missing = unconfirmed(running.order, self.sensed()) if running.ended else ""
            if running.ended and not missing:
                if running.order.operation in ENDS:
                    end, reached = ENDS[running.order.operation]
                    self.sensors.moved({(running.parts[0], end): reached})
                self._end(running, Result.done, "")
            elif missing and now >= running.confirm_by_s - _NOTHING_S:
                self._fail([running], missing)

    def _fail(self, several: Iterable[Running], reason: str) -> None:
        for running in list(several):
            running.move.halt()
            self.counts.failed += 1
            self._end(running, Result.failed, reason)

    def _end(self, running: Running, result: Result, reason: str) -> None:
        del self._running[running.seq]
        for part in running.parts:
            self.sensors.say(part, Channel(False, "", running.seq, running.seq, result, reason))
        self._tell(result, running.seq, running.order, reason)

    def _watch(self) -> None:
        """Stop where somebody is in danger; give way before a person in a closing door."""
        # In maintenance people are in there, and nothing moves.
        if not self._state.emergency_stop and (self.sensors.fire or self.world.mode not in _STANDING):
            watch, reason = danger(self.sensed(), self.world.layout)
            if reason:
                self._stop(reason, watch)
        for running in list(self._running.values()):
            if running.order.operation == Operation.close_street_door and not running.ended:
                bay = self.sensors.bays[running.order.arguments["bay"]]
                if occupied(bay):
                    self._fail([running], "a person is in the way of the door")

    def _stop(self, reason: str, watch: str) -> None:
        if self._state.emergency_stop:
            return
        self.counts.stops += 1
        self.counts.stopped_by[watch] += 1
        log.warning("stopped: %s", reason)
        self._state = changed(self._state, emergency_stop=True, stop_reason=reason)
        self._tell("stopped", reason=reason)
        self._fail(self._running.values(), "stopped")
        self._look(self._last_tick_s)

    def _tell(self, kind: str, seq: int = 0, order: Order | None = None, reason: str = "") -> None:
        self.observe(Happening(kind, self._state.plc_epoch, self._state.control_epoch, seq, order, reason))
