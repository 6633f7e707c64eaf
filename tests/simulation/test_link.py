"""The tie to a machine that comes and goes, over an hour of virtual time."""

import asyncio
from dataclasses import dataclass, field
from random import Random

from tests.tower.ideal import snapshot_of
from vendrive.clock import Clock
from vendrive.simulation.loop import run_virtual
from vendrive.station.link import FIRST_PAUSE_S, LONGEST_PAUSE_S, WORKED_S, Link
from vendrive.station.machine import Machine, MachineLost
from vendrive.tower.layout import load_layout
from vendrive.wire.machine import Command, Snapshot

HOUR_S = 3600.0


@dataclass
class Flaky:
    """A machine of which every connection ends after `lasts_s`."""

    clock: Clock
    lasts_s: float
    connected_at_s: list[float] = field(default_factory=list)

    async def connect(self) -> None:
        self.connected_at_s.append(self.clock.monotonic())

    async def close(self) -> None:
        """Nothing is left open."""

    async def read(self) -> Snapshot:
        if self.clock.monotonic() - self.connected_at_s[-1] > self.lasts_s:
            raise MachineLost("gone again")
        return snapshot_of(load_layout("nanjing3"), {})

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def beat(self, count: int) -> None:
        """It hears nothing."""

    async def take_control(self, control_epoch: int) -> None:
        raise AssertionError("nobody asked for it")

    async def execute(self, command: Command) -> None:
        raise AssertionError("nobody asked for it")

    async def stop(self, reason: str) -> None:
        raise AssertionError("nobody asked for it")

    async def call_help(self) -> None:
        raise AssertionError("nobody asked for it")

    async def end_help(self) -> None:
        raise AssertionError("nobody asked for it")


def connections_in_an_hour(lasts_s: float) -> list[float]:
    """Return when a link connected to a machine of which each connection lasts so long."""

    async def program(clock: Clock, rng: Random) -> list[float]:
        machine = Flaky(clock, lasts_s)
        link = Link(lambda: machine, clock)  # type: ignore[arg-type,return-value]

        async def connected(machine: Machine, snapshot: Snapshot) -> None:
            """Control is taken elsewhere."""

        async def read(snapshot: Snapshot) -> None:
            """Nothing is done with it."""

        running = asyncio.create_task(link.run(connected, read))
        await asyncio.sleep(HOUR_S)
        running.cancel()
        return machine.connected_at_s

    return run_virtual(program)


def test_a_connection_that_comes_and_goes_is_asked_for_less_and_less() -> None:
    assert len(connections_in_an_hour(1.0)) <= HOUR_S / LONGEST_PAUSE_S


def test_a_connection_that_had_worked_is_asked_for_again_at_once() -> None:
    lasts_s = 2 * WORKED_S
    assert len(connections_in_an_hour(lasts_s)) > 0.9 * HOUR_S / (lasts_s + 2 * FIRST_PAUSE_S)
