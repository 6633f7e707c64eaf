"""What a client of the machine reads: the Plc part each time, everything when it must."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import pytest

from tests.support.standing_machine import StandingMachine, standing_machine
from vendrive.simulation.loop import VirtualClock, run_virtual
from vendrive.simulation.network import SimulatedNetwork
from vendrive.station.adapters.opcua.machine import DISTRUST_PERIOD_S, OpcuaMachine
from vendrive.station.machine import MachineLost
from vendrive.tower.layout import load_layout

Scene = Callable[[StandingMachine, OpcuaMachine], Awaitable[None]]


@pytest.fixture
def play(tmp_path: Path) -> Callable[[Scene], None]:
    """Play a scene with a connected client."""

    def played(scene: Scene) -> None:
        async def program(clock: VirtualClock, rng: Random) -> None:
            async with standing_machine(tmp_path, load_layout("shanghai3"), clock) as machine:
                client = machine.client()
                await client.connect()
                await scene(machine, client)
                await client.close()

        run_virtual(program, network=SimulatedNetwork(Random(1)))

    return played


def test_everything_is_read_once_and_the_plc_part_each_time(play: Callable[[Scene], None]) -> None:
    async def scene(machine: StandingMachine, client: OpcuaMachine) -> None:
        first = await client.read()
        for beat in range(1, 20):
            await machine.set("Plc.heartbeat", beat)
            started = machine.clock.monotonic()
            snapshot = await client.read()
            assert snapshot.plc.heartbeat == beat
            assert snapshot.read_at_s == started
            assert (snapshot.lifts, snapshot.slots, snapshot.bays) == (first.lifts, first.slots, first.bays)
        assert machine.whole_reads == 1

    play(scene)


@pytest.mark.parametrize("counter", ["Plc.revision", "Plc.plc_epoch"])
def test_a_change_that_the_machine_announces_is_read_at_once(play: Callable[[Scene], None], counter: str) -> None:
    async def scene(machine: StandingMachine, client: OpcuaMachine) -> None:
        before = await client.read()
        assert before.bays[0].inner_door != "open"
        await machine.set("Bay.B1.inner_door", "open")
        await machine.set(counter, 7)
        after = await client.read()
        assert after.bays[0].inner_door == "open"
        assert machine.whole_reads == 2

    play(scene)


def test_a_new_connection_reads_everything(play: Callable[[Scene], None]) -> None:
    async def scene(machine: StandingMachine, client: OpcuaMachine) -> None:
        await client.read()
        await client.close()
        await client.connect()
        await client.read()
        assert machine.whole_reads == 2

    play(scene)


def test_a_change_that_the_machine_hides_ends_the_connection(play: Callable[[Scene], None]) -> None:
    async def scene(machine: StandingMachine, client: OpcuaMachine) -> None:
        await client.read()
        await machine.set("Bay.B1.inner_door", "open")
        await client.wait(DISTRUST_PERIOD_S)
        with pytest.raises(MachineLost, match="values changed and the revision stayed 0"):
            await client.read()

    play(scene)


def test_a_snapshot_is_never_dated_younger_than_its_request(play: Callable[[Scene], None]) -> None:
    async def scene(machine: StandingMachine, client: OpcuaMachine) -> None:
        network = asyncio.get_running_loop().network  # type: ignore[attr-defined]
        for _ in range(2):  # a whole read, then a small one
            started = machine.clock.monotonic()
            network.stall(1.5)
            snapshot = await client.read()
            assert snapshot.read_at_s == started
            assert machine.clock.monotonic() >= started + 1.5

    play(scene)
