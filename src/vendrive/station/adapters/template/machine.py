"""The machines of TEMPLATE behind the verbs of `vendrive.station.machine`.

What a signal means stands in signals.toml. Here stands what is called, and with which arguments.
"""

import asyncio
import logging
from pathlib import Path

from vendrive.clock import Clock
from vendrive.station.adapters.signals import Driver, in_time, load_signals
from vendrive.station.machine import Accepted, Answer, MachineLost, NotAccepted
from vendrive.tower.layout import Layout
from vendrive.wire.machine import Command, Snapshot

REQUEST_TIMEOUT_S = 2.0
CONNECT_TIMEOUT_S = 5.0
SIGNALS = Path(__file__).with_name("signals.toml")
# The vendor's names of the one signal that a station writes, and of the procedures that it calls.
STATION_BEAT = "STN.Beat"
TAKE_CONTROL, EXECUTE, STOP, CALL_HELP, END_HELP = "TakeControl", "Execute", "Stop", "CallHelp", "EndHelp"

log = logging.getLogger(__name__)


class TemplateMachine:
    """One connection to a machine of TEMPLATE, over the vendor's library."""

    def __init__(self, driver: Driver, layout: Layout, clock: Clock) -> None:
        self._driver = driver
        self._layout = layout
        self._clock = clock
        self._table = load_signals(SIGNALS)
        self._names = self._table.names(layout)
        self._open = False

    async def connect(self) -> None:
        try:
            async with in_time(CONNECT_TIMEOUT_S):
                await self._driver.open()
            self._open = True
        finally:
            if not self._open:
                await self._let_go()

    async def close(self) -> None:
        was_open, self._open = self._open, False
        if was_open:
            await self._let_go()

    async def read(self) -> Snapshot:
        self._need_connection()
        # The start of the request, not its end: data is never taken for younger than it is.
        started_s = self._clock.monotonic()
        async with in_time(REQUEST_TIMEOUT_S):
            signals = await self._driver.read_signals(self._names)
        return self._table.snapshot(signals, self._layout, started_s)

    async def wait(self, seconds: float) -> None:
        # A driver that tells of changes may end this earlier.
        await asyncio.sleep(seconds)

    async def beat(self, count: int) -> None:
        self._need_connection()
        async with in_time(REQUEST_TIMEOUT_S):
            await self._driver.write_signals({STATION_BEAT: count})

    async def take_control(self, control_epoch: int) -> Answer:
        return await self._ask(TAKE_CONTROL, epoch=control_epoch)

    async def execute(self, command: Command) -> Answer:
        return await self._ask(
            EXECUTE,
            epoch=command.control_epoch,
            number=command.seq,
            operation=command.operation.value,
            arguments=dict(command.arguments),
            valid_until_ms=command.valid_until_ms,
        )

    async def stop(self, reason: str) -> None:
        await self._call(STOP, reason=reason)

    async def call_help(self) -> None:
        await self._call(CALL_HELP)

    async def end_help(self) -> None:
        await self._call(END_HELP)

    async def _ask(self, procedure: str, **arguments: object) -> Answer:
        match await self._call(procedure, **arguments):
            case {"accepted": True}:
                return Accepted()
            case {"accepted": False, "reason": str(reason)}:
                return NotAccepted(reason)
            case answer:
                raise MachineLost(f"{procedure}: the machine answered {answer!r}")

    async def _call(self, procedure: str, **arguments: object) -> object:
        self._need_connection()
        async with in_time(REQUEST_TIMEOUT_S):
            return await self._driver.call(procedure, arguments)

    async def _let_go(self) -> None:
        """Close the vendor's library, whatever it raises: nobody can do anything about it."""
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                await self._driver.close()
        except Exception as error:
            log.info("the machine's connection ended roughly: %s", error)

    def _need_connection(self) -> None:
        if not self._open:
            raise MachineLost("not connected")
