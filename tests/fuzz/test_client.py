"""The station's OPC UA client survives a rogue server: the machine becomes unknown, and no motion follows.

`make fuzz` tells more lies than these, and says how to repeat the one that did harm.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.fuzz.campaign import LAYOUT, Campaign, Memory, rogue_in
from tests.fuzz.lies import (
    FRAMES,
    HANDSHAKE,
    SLOW,
    VALUES,
    FrameLie,
    ValueLie,
    altered,
    at_reads,
    at_step,
    fault,
    other_service,
    shortened,
)
from tests.fuzz.rogue import Exchange, Lie, Rogue, honest
from tests.support.waiting import until_async
from vendrive.clock import SystemClock
from vendrive.station.adapters.opcua.machine import Access, OpcuaMachine
from vendrive.station.link import Link
from vendrive.station.machine import Machine, MachineLost
from vendrive.tower.layout import load_layout
from vendrive.wire.machine import STALE_AFTER_S, Command, Operation, Snapshot

MESSAGES = 10_000
SEED = 20_261
# Memory that a message of 73 kB may take while it is decoded, and what Python keeps for itself.
MOST_MB = 40
# Others share this computer: what is late by less is no fault of the client.
SLACK_S = 0.5
# A busy computer may stand still for some seconds: what is waited for comes, later.
BUSY_S = 5.0
MOVE = Command(1, 1, Operation.move_lift, (("lift", "L1"), ("storey", "2")), 1_000_000)


@pytest.mark.slow
async def test_ten_thousand_hostile_answers_do_no_harm(tmp_path: Path) -> None:
    async with rogue_in(tmp_path) as (rogue, access):
        with Memory() as memory:
            told = await Campaign(rogue, access, SEED).run(range(MESSAGES))
    assert told.messages == MESSAGES
    assert min(told.kinds.values()) > 100
    assert memory.grown_mb < MOST_MB


class Eager:
    """A station that asks for a move whenever it believes to know the machine: with each fresh reading."""

    def __init__(self, rogue: Rogue, access: Access) -> None:
        clock = SystemClock()
        self.rogue = rogue
        self.link = Link(lambda: OpcuaMachine(access, load_layout(LAYOUT), clock), clock)
        self._clock = clock

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the link until the block ends; what it raises is raised here."""
        running = asyncio.create_task(self.link.run(self._connected, self._read))
        try:
            yield
        finally:
            self.link.end()
            running.cancel()
            outcome = (await asyncio.gather(running, return_exceptions=True))[0]
            assert outcome is None or isinstance(outcome, asyncio.CancelledError), f"the link ended with {outcome!r}"

    async def until_moving(self) -> None:
        """Wait until the machine is known and moves are asked for."""
        before = len(self.rogue.heard.executes_s)
        await until_async(lambda: len(self.rogue.heard.executes_s) > before + 2, "the machine is known", 20)

    async def lied_to(self, lie: Lie) -> None:
        """Assert that the machine is unknown soon (a busy computer may be late), and nothing is asked from then on."""
        self.rogue.lie = lie
        started_s = self._clock.monotonic()
        await until_async(lambda: self.link.fresh is None, "the machine is unknown", STALE_AFTER_S + BUSY_S)
        attempts = self.rogue.heard.requests["CreateSession"]
        await until_async(lambda: self._clock.monotonic() > started_s + 3 * STALE_AFTER_S, "a while of lies")
        assert self.link.fresh is None
        late = [at_s for at_s in self.rogue.heard.executes_s if at_s > started_s + STALE_AFTER_S + SLACK_S]
        assert late == []
        assert self.rogue.heard.requests["CreateSession"] < attempts + 10, "the client connects without a pause"

    async def _connected(self, machine: Machine, snapshot: Snapshot) -> None:
        pass

    async def _read(self, snapshot: Snapshot) -> None:
        if self.link.fresh is not None:
            await self.link.connection().execute(MOVE)


async def frozen(exchange: Exchange) -> bool:
    """Answer honestly, but with the heartbeat of before."""
    exchange.line.rogue.frozen = True
    return False


def lies() -> dict[str, Lie]:
    """Return one lie of each kind, none of which can be taken for the truth."""
    rng = Random(SEED)
    at_read: list[ValueLie | FrameLie] = [*VALUES, *FRAMES, fault, other_service, shortened]
    told = {lie.__name__: at_reads(lie, rng) for lie in at_read}
    return told | {lie.__name__: lie for lie in (*SLOW, frozen)}


@pytest.mark.slow
async def test_each_lie_makes_the_machine_unknown_within_a_second_and_nothing_moves(tmp_path: Path) -> None:
    async def case(name: str, lie: Lie) -> None:
        async with rogue_in(tmp_path / name) as (rogue, access):
            station = Eager(rogue, access)
            async with station.running():
                await station.until_moving()
                await station.lied_to(lie)
                rogue.lie, rogue.frozen = honest, False
                await station.until_moving()

    async with asyncio.TaskGroup() as cases:
        for name, lie in lies().items():
            cases.create_task(case(name, lie), name=name)


@pytest.mark.parametrize("service", HANDSHAKE)
async def test_a_broken_promise_of_the_handshake_is_no_connection(tmp_path: Path, service: str) -> None:
    async with rogue_in(tmp_path) as (rogue, access):
        for seed in range(40):
            rogue.lie = at_step(altered, service, Random(seed))
            machine = OpcuaMachine(access, load_layout(LAYOUT), SystemClock())
            with pytest.raises(MachineLost):
                await machine.connect()
            await machine.close()
            with pytest.raises(MachineLost):
                await machine.read()
        await until_async(lambda: not rogue.lines, "each connection is closed")
        assert rogue.heard.requests["Read"] == 0


@pytest.mark.parametrize("lie", SLOW, ids=lambda lie: str(lie.__name__))
async def test_a_slow_server_costs_no_more_than_the_deadline(tmp_path: Path, lie: Any) -> None:
    async with rogue_in(tmp_path) as (rogue, access):
        machine = OpcuaMachine(access, load_layout(LAYOUT), SystemClock())
        await machine.connect()
        rogue.lie = lie
        clock = SystemClock()
        started_s = clock.monotonic()
        with Memory() as memory, pytest.raises(MachineLost):
            await machine.read()
        await machine.close()
        assert clock.monotonic() - started_s < 4 + BUSY_S  # its own deadline, and that of saying good-bye
        assert memory.grown_mb < MOST_MB
        await until_async(lambda: not rogue.lines, "the connection is closed")
