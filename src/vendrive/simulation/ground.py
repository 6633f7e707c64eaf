"""The plant in virtual time: its PLC looks when something is due and when somebody acts, and not in between."""

import asyncio
from collections.abc import Callable
from random import Random

from vendrive.plant.plc import Controller, Setting
from vendrive.plant.world import World as Truth
from vendrive.simulation.loop import VirtualClock
from vendrive.wire.machine import Snapshot


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
        self.ticked()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due_s = self.controller.next_due_s()
        if due_s < float("inf"):
            self._timer = self._loop.call_later(due_s, self._due)
        revision = self.controller.state.revision
        if revision != self._revision:
            self._revision = revision
            self._changed()

    def _due(self) -> None:
        self._timer = None
        self.tick()
