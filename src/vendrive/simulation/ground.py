"""The plant in virtual time: its PLC looks when something is due and when somebody acts, and not in between."""

import asyncio
from collections.abc import Callable
from random import Random

from vendrive.plant.plc import Controller
from vendrive.plant.records import Setting
from vendrive.plant.world import World as Truth
from vendrive.simulation.loop import VirtualClock
from vendrive.simulation.passing import Passing
from vendrive.wire.machine import Snapshot

INFINITY = float("inf")


class Ground:
    """Owns the PLC, which may restart; the bodies stay what they are."""

    def __init__(self, truth: Truth, tower_id: str, rng: Random, changed: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed = changed
        self._timer: asyncio.TimerHandle | None = None
        self._revision = -1
        self._looks = -1
        self._ticking = False
        self.ticked: Callable[[], None] = lambda: None
        setting = Setting(tower_id, 1, longest_step_s=float("inf"))
        self.controller = Controller(truth, setting, VirtualClock(self._loop), rng)
        truth.changed = self.tick
        self._truth = truth
        self._passing = Passing(truth)
        self._shared = any(truth.layout.beside(lift.name) for lift in truth.layout.lifts)

    @property
    def epoch(self) -> int:
        """The PLC's own epoch: it grows with each of its restarts."""
        return self.controller.plc_epoch

    @property
    def is_stopped(self) -> bool:
        """Whether an emergency stop is on."""
        return self.controller.stopped

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
            sensors.all_slots,
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
        self._looks = self.controller.looks
        self.ticked()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due_s = self.controller.next_due_s()
        if due_s < INFINITY:
            self._timer = self._loop.call_later(due_s, self._due)
        if self.controller.revision != self._revision:
            self._revision = self.controller.revision
            self._changed()

    def look_if_changed(self) -> None:
        """Let the controller look where a body has changed since it did, and follow it where it has looked since."""
        if self._truth.dirty:
            self.tick()
        elif self.controller.looks != self._looks:
            self.after()

    def only_passes(self) -> bool:
        """Whether since the last call cars passed sensors on their way, and nothing else has changed."""
        return self._passing.is_all(self.controller)

    @property
    def travelling(self) -> bool:
        """Whether a lift moves that shares its way: where it is matters to the other one all the time."""
        return self._shared and any(lift.moving for lift in self._truth.lifts.values())

    def _due(self) -> None:
        self._timer = None
        self.tick()
