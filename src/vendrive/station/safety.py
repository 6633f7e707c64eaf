"""Emergency stop, help and alarms: beside every conversation, in every state."""

import logging
from collections.abc import Awaitable

from vendrive.clock import Clock
from vendrive.station.link import Link
from vendrive.station.machine import MachineLost
from vendrive.station.record import Record
from vendrive.tower.inventory import contradictions
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.machine import STALE_AFTER_S, Snapshot

EMERGENCY_STOP = "emergency_stop"
HELP = "help"
CONTACT = "machine_unknown"
CONTRADICTION = "machine_contradiction"

log = logging.getLogger(__name__)


class Safety:
    """Sends stops at once and keeps the journal's alarms in step with the machine."""

    def __init__(self, link: Link, record: Record, clock: Clock) -> None:
        self._link = link
        self._record = record
        self._clock = clock
        self._asked_s = 0.0

    async def stop(self, source: str) -> None:
        """Emergency stop: first the machine, then the journal. It ends only by the key switch at the tower."""
        self._asked_s = self._clock.monotonic()
        try:
            await self._link.stop(f"asked for by {source}")
        finally:
            self._record.alarm(EMERGENCY_STOP, "plc", source)

    async def call_help(self, source: str) -> None:
        """Somebody asks for help; refuses machine_unknown where the tower's lamp cannot be lit."""
        self._asked_s = self._clock.monotonic()
        self._record.alarm(HELP, "plc", source)
        await self._ask(self._link.connection().call_help())

    async def end_help(self, source: str) -> None:
        """The call was taken care of."""
        await self._ask(self._link.connection().end_help())
        self._record.end_alarm(HELP, "plc", source)

    def look(self, snapshot: Snapshot) -> None:
        """Journal what began and what is over, as a fresh snapshot shows it."""
        if self._clock.monotonic() - snapshot.read_at_s > STALE_AFTER_S:
            self._record.alarm(CONTACT, "plc", "heartbeat")
            return
        self._record.end_alarm(CONTACT, "plc", "heartbeat")
        plc = snapshot.plc
        self._follow(EMERGENCY_STOP, plc.emergency_stop, plc.stop_reason or "machine", snapshot)
        self._follow(HELP, plc.help_called, "machine", snapshot)
        doubts = contradictions(snapshot)
        self._follow(CONTRADICTION, bool(doubts), "; ".join(doubts) or "sensors", snapshot)

    def lost(self) -> None:
        """There is no connection at all."""
        self._record.alarm(CONTACT, "plc", "connection")

    def _follow(self, name: str, on: bool, source: str, snapshot: Snapshot) -> None:
        if on:
            self._record.alarm(name, "plc", source)
        elif snapshot.read_at_s > self._asked_s and not self._link.stop_pending:
            # Older snapshots know nothing yet of what was asked for in between.
            self._record.end_alarm(name, "plc", source)

    async def _ask(self, request: Awaitable[None]) -> None:
        try:
            await request
        except MachineLost as error:
            log.warning("%s", error)
            raise Refused(ErrorCode.machine_unknown) from error
