"""The station's tie to its machine: connects, reads five times a second, beats, and starts anew after a failure.

What it hands out is dated by the PLC's own heartbeat: a snapshot whose heartbeat stands still grows old, whatever
the network answers, and old means unknown.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from vendrive.clock import Clock
from vendrive.station.machine import Machine, MachineLost
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.machine import HEARTBEAT_PERIOD_S, STALE_AFTER_S, Snapshot

READ_PERIOD_S = 0.2
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
WORKED_S = 10.0

log = logging.getLogger(__name__)

OnSnapshot = Callable[[Snapshot], Awaitable[None]]
OnConnected = Callable[[Machine, Snapshot], Awaitable[None]]


class Link:
    """Owns the one connection. `machine` and `snapshot` are None while there is none."""

    def __init__(self, make_machine: Callable[[], Machine], clock: Clock) -> None:
        self._make_machine = make_machine
        self._clock = clock
        self._beats = 0
        self._heartbeat: tuple[int, int] | None = None
        self._heartbeat_seen_s = 0.0
        self._stop_wanted: str | None = None
        self._unanswered = False
        self._ended = False
        self.machine: Machine | None = None
        self.snapshot: Snapshot | None = None
        self.trouble = ""

    @property
    def fresh(self) -> Snapshot | None:
        """The newest snapshot, or None where it is too old to be known."""
        now = self._clock.monotonic()
        known = self.snapshot is not None and now - self.snapshot.read_at_s <= STALE_AFTER_S
        return self.snapshot if known else None

    @property
    def stop_pending(self) -> bool:
        """Whether an emergency stop has not reached the machine yet."""
        return self._stop_wanted is not None

    async def run(self, connected: OnConnected, read: OnSnapshot) -> None:
        """Keep the tie until cancelled. `connected` comes after the first whole read and before any other."""
        pause = FIRST_PAUSE_S
        while not self._ended:
            machine, since_s = self._make_machine(), self._clock.monotonic()
            try:
                await self._serve(machine, connected, read)
            except MachineLost as error:
                # A connection that had worked starts the back-off anew; one that comes and goes fills no journal.
                worked = self.machine is not None and self._clock.monotonic() - since_s >= WORKED_S
                pause = FIRST_PAUSE_S if worked else min(pause * 2, LONGEST_PAUSE_S)
                self._report(str(error))
            finally:
                self.machine = None
                await machine.close()
            await asyncio.sleep(pause)

    def end(self) -> None:
        """Let `run` return at its next turn: the OPC UA library may swallow a cancellation while it connects."""
        self._ended = True

    async def stop(self, reason: str) -> None:
        """Send an emergency stop now, and again until the machine has it; nothing else is sent before."""
        self.want_stop(reason)
        if self.machine is not None:
            try:
                await self._send_stop(self.machine)
            except MachineLost as error:
                log.error("the stop has not reached the machine yet: %s", error)

    def want_stop(self, reason: str) -> None:
        """Send an emergency stop before anything else, as soon as there is a connection."""
        self._stop_wanted = reason

    def start_anew(self) -> None:
        """A command had no answer: end the connection, so that control is taken anew and it can come no more."""
        self._unanswered = True

    def connection(self) -> Machine:
        """Return the machine, or raise Refused (machine_unknown)."""
        if self.machine is None:
            raise Refused(ErrorCode.machine_unknown)
        return self.machine

    async def _serve(self, machine: Machine, connected: OnConnected, read: OnSnapshot) -> None:
        self._unanswered = False
        await machine.connect()
        if self._stop_wanted is not None:
            await self._send_stop(machine)
        snapshot = self._dated(await machine.read())
        await connected(machine, snapshot)
        self.machine, self.snapshot, self.trouble = machine, snapshot, ""
        beating = asyncio.create_task(self._beat(machine))
        try:
            while not self._ended:
                if beating.done():
                    beating.result()
                if self._unanswered:
                    raise MachineLost("a command had no answer")
                if self._stop_wanted is not None:
                    await self._send_stop(machine)
                self.snapshot = self._dated(await machine.read())
                await read(self.snapshot)
                await machine.wait(READ_PERIOD_S)
        finally:
            beating.cancel()

    async def _send_stop(self, machine: Machine) -> None:
        wanted = self._stop_wanted
        await machine.stop(wanted or "")
        if self._stop_wanted == wanted:
            self._stop_wanted = None

    async def _beat(self, machine: Machine) -> None:
        while True:
            self._beats += 1
            await machine.beat(self._beats)
            await asyncio.sleep(HEARTBEAT_PERIOD_S)

    def _dated(self, snapshot: Snapshot) -> Snapshot:
        """Return the snapshot dated by when its heartbeat was first seen."""
        beat = (snapshot.plc.plc_epoch, snapshot.plc.heartbeat)
        if beat != self._heartbeat:
            # The very first heartbeat may have stood for long: it counts as old until another one comes.
            first = self._heartbeat is None or self._heartbeat[0] != beat[0]
            self._heartbeat_seen_s = snapshot.read_at_s - (2 * STALE_AFTER_S if first else 0)
            self._heartbeat = beat
        return Snapshot(self._heartbeat_seen_s, snapshot.plc, snapshot.lifts, snapshot.slots, snapshot.bays)

    def _report(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.warning("machine: %s", trouble)
        self.trouble = trouble
