"""Emergency stop, help and alarms: beside every conversation, in every state."""

import logging
from collections.abc import Awaitable

from vendrive.clock import Clock
from vendrive.station.link import Link
from vendrive.station.machine import MachineLost
from vendrive.station.record import Record
from vendrive.tower.view import View
from vendrive.wire.alarms import AlarmName
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.journal import ModeChanged
from vendrive.wire.machine import STALE_AFTER_S, Mode, Snapshot

TELL_AFTER_S = 2.0
# The part of a stop that has not reached the machine yet: a restart of this program must not lose it.
NOT_DELIVERED = "station"

log = logging.getLogger(__name__)


class Safety:
    """Sends stops at once and keeps the journal's alarms in step with the machine."""

    def __init__(self, link: Link, record: Record, clock: Clock) -> None:
        self._link = link
        self._record = record
        self._clock = clock
        self._asked_s = 0.0
        self._mode = ""
        self._unknown_since_s: float | None = None
        waiting = record.facts.alarms.get(f"{AlarmName.emergency_stop} {NOT_DELIVERED}")
        if waiting is not None:
            link.want_stop(f"asked for by {waiting.source}")

    @property
    def asked_s(self) -> float:
        """When somebody here last asked for a stop or for help: what was read before does not show it."""
        return self._asked_s

    async def stop(self, source: str) -> None:
        """Emergency stop: first the machine, then the journal. It ends only by the key switch at the tower."""
        self._asked_s = self._clock.monotonic()
        try:
            await self._link.stop(f"asked for by {source}")
        finally:
            self._record.alarm(AlarmName.emergency_stop, "plc", source)
            if self._link.stop_pending:
                self._record.alarm(AlarmName.emergency_stop, NOT_DELIVERED, source)

    async def call_help(self, source: str) -> None:
        """Somebody asks for help; refuses machine_unknown where the tower's lamp cannot be lit."""
        self._asked_s = self._clock.monotonic()
        self._record.alarm(AlarmName.help, "plc", source)
        await self._ask(self._link.connection().call_help())

    async def end_help(self, source: str) -> None:
        """The call was taken care of."""
        await self._ask(self._link.connection().end_help())
        self._record.end_alarm(AlarmName.help, "plc", source)

    def look(self, view: View) -> None:
        """Journal what began and what is over, as a fresh view shows it."""
        snapshot = view.snapshot
        if self._clock.monotonic() - snapshot.read_at_s > STALE_AFTER_S:
            self._unknown("heartbeat")
            return
        self._unknown_since_s = None
        self._record.end_alarm(AlarmName.machine_unknown, "plc", "heartbeat")
        if not self._link.stop_pending:
            self._record.end_alarm(AlarmName.emergency_stop, NOT_DELIVERED, "station")
        plc = snapshot.plc
        self._asked_for(AlarmName.emergency_stop, plc.emergency_stop, plc.stop_reason or "machine", snapshot)
        self._asked_for(AlarmName.help, plc.help_called, "machine", snapshot)
        self._record.follow(AlarmName.fire, "plc", plc.fire, "smoke detection")
        self._record.follow(AlarmName.power_lost, "plc", not plc.mains, "mains")
        self._record.follow(AlarmName.not_automatic, "plc", plc.mode != Mode.automatic, plc.mode)
        self._note_mode(plc.mode)
        self._look_at_parts(snapshot)
        self._look_for_doubts(view)

    def lost(self) -> None:
        """There is no connection at all."""
        self._unknown("connection")

    def _unknown(self, source: str) -> None:
        """A moment without data stops every motion by itself; somebody is told only of what lasts."""
        now = self._clock.monotonic()
        self._unknown_since_s = now if self._unknown_since_s is None else self._unknown_since_s
        if now - self._unknown_since_s >= TELL_AFTER_S:
            self._record.alarm(AlarmName.machine_unknown, "plc", source)

    def _look_at_parts(self, snapshot: Snapshot) -> None:
        for lift in snapshot.lifts:
            self._record.follow(AlarmName.lift_failed, lift.name, bool(lift.fault), lift.fault or "drive")
            self._record.follow(AlarmName.movement, lift.name, lift.movement, "movement sensor")
        noted = {alarm.part for alarm in self._record.facts.alarms.values() if alarm.name == AlarmName.movement}
        for slot in snapshot.slots if noted else snapshot.slot_index.restless:
            if slot.movement or slot.name in noted:
                self._record.follow(AlarmName.movement, slot.name, slot.movement, "movement sensor")
        for bay in snapshot.bays:
            self._record.follow(AlarmName.bay_failed, bay.name, bool(bay.fault), bay.fault or "bay")

    def _look_for_doubts(self, view: View) -> None:
        sensed = [doubt.reason for doubt in view.sensed_doubts]
        # Of a bay that hides a car its desk tells.
        believed = [doubt.reason for doubt in view.differences]
        if not (sensed or believed or self._record.facts.alarms):
            return
        contradiction, differs = AlarmName.machine_contradiction, AlarmName.count_differs
        self._record.follow(contradiction, "plc", bool(sensed), "; ".join(sensed) or "sensors")
        self._record.follow(differs, "plc", bool(believed), "; ".join(believed) or "sensors")

    def _note_mode(self, mode: str) -> None:
        if mode != self._mode and self._mode:
            self._record.write(ModeChanged(mode=mode))
        self._mode = mode

    def _asked_for(self, name: AlarmName, on: bool, source: str, snapshot: Snapshot) -> None:
        # Older snapshots know nothing yet of what was asked for in between.
        if on or (snapshot.read_at_s > self._asked_s and not self._link.stop_pending):
            self._record.follow(name, "plc", on, source)

    async def _ask(self, request: Awaitable[None]) -> None:
        try:
            await request
        except MachineLost as error:
            log.warning("%s", error)
            raise Refused(ErrorCode.machine_unknown) from error
