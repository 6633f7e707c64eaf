"""The plant in virtual time: its PLC looks when something is due and when somebody acts, and not in between."""

import asyncio
from collections.abc import Callable
from random import Random

from vendrive.plant.moves import DoorMove, FailingMove, Move, TransferMove, TurnMove
from vendrive.plant.plc import Controller, Setting
from vendrive.plant.world import World as Truth
from vendrive.simulation.loop import VirtualClock
from vendrive.wire.machine import Snapshot


INFINITY = float("inf")
LEAST_S = 0.001
# Where the sensors of a place, of the tag and of the platform change their minds about a car that slides past them.
EDGES = (0.15, 0.5, 0.85)


class Ground:
    """Owns the PLC, which may restart; the bodies stay what they are."""

    def __init__(self, truth: Truth, tower_id: str, rng: Random, changed: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed = changed
        self._timer: asyncio.TimerHandle | None = None
        self._revision = -1
        self._ticking = False
        self.ticked: Callable[[], None] = lambda: None
        setting = Setting(tower_id, 1, longest_step_s=float("inf"))
        self.controller = Controller(truth, setting, VirtualClock(self._loop), rng)
        truth.changed = self.tick
        self._truth = truth
        self._shared = any(truth.layout.beside(lift.name) for lift in truth.layout.lifts)

    @property
    def epoch(self) -> int:
        """The PLC's own epoch: it grows with each of its restarts."""
        return self.controller.state.plc_epoch

    def restart(self) -> None:
        """The PLC starts anew: whatever moved stands, and it knows nothing."""
        self.controller.restart(self.epoch + 1)
        self.tick()

    def running(self) -> bool:
        """Whether anything moves."""
        return self.controller.moving

    def snapshot(self, read_at_s: float) -> Snapshot:
        """Return what the PLC reports now."""
        sensors = self.controller.sensors
        return Snapshot(
            read_at_s,
            self.controller.state,
            tuple(sensors.lifts.values()),
            tuple(sensors.slots.values()),
            tuple(sensors.bays.values()),
        )

    def tick(self) -> None:
        """Let the time that has passed pass for the machine; set the next look."""
        if self._ticking:
            return
        self._ticking = True
        self.controller.tick()
        self._ticking = False
        self.after()

    def after(self) -> None:
        """The controller has looked: tell who waits, and set the next look."""
        self.ticked()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due_s = min(self.controller.next_due_s(), self._next_edge_s())
        if due_s < INFINITY:
            self._timer = self._loop.call_later(due_s, self._due)
        if self.controller._state.revision != self._revision:
            self._revision = self.controller._state.revision
            self._changed()

    @property
    def travelling(self) -> bool:
        """Whether a lift moves that shares its way: where it is matters to the other one all the time."""
        return self._shared and any(lift.moving for lift in self._truth.lifts.values())

    def _next_edge_s(self) -> float:
        """Return when a running move next changes what a sensor says, before it ends."""
        going = (running.move for running in self.controller._running.values() if not running.ended)
        return min((_edge_s(move) for move in going), default=INFINITY)

    def _due(self) -> None:
        self._timer = None
        self.tick()


def _edge_s(move: Move) -> float:
    match move:
        case TransferMove():
            progress, pace = move._transfer.progress, move._pace
            ahead = [(edge - progress) / pace for edge in EDGES]
            return min((left for left in ahead if left > LEAST_S), default=INFINITY) + LEAST_S
        case DoorMove():
            return LEAST_S if move._body.opening in (0.0, 1.0) else INFINITY
        case TurnMove():
            return LEAST_S if move._body.table == 0.0 else INFINITY
        case FailingMove():
            return _edge_s(move._move)
        case _:
            return INFINITY
