"""The plant's OPC UA server survives hostile clients: its honest station is served throughout, and nothing moves."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from asyncua import ua
from asyncua.common.connection import SecureConnection, TransportLimits
from asyncua.crypto.security_policies import SecurityPolicyNone
from asyncua.ua import ua_binary
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.uaerrors import UaError

from tests.fuzz.campaign import keys_read_once, status_mb
from tests.fuzz.honest import Honest, met
from tests.fuzz.hostile import (
    INSIDERS,
    STRANGERS,
    Attack,
    Target,
    attacked,
    hello,
    inside,
    plain_text,
    session_of_another,
    wire,
)
from tests.support.plant import PlantProcess, plant_process
from tests.support.waiting import until_async
from vendrive.wire.machine import STALE_AFTER_S

SEED = 20_262
# What the connections that are allowed may hold: twenty requests of 256 kB, and what Python makes of them.
MOST_MB = 40
# Others share this computer, and the attackers themselves do.
SLACK_S = 0.5
MOST_LOG_BYTES = 2_000_000
# What ends where the server hangs up, as it should.
CUT_SHORT = {"parked", "session_of_another", "endless_chunks"}


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlantProcess]:
    with plant_process(tmp_path_factory.mktemp("plant")) as plant, keys_read_once():
        yield plant


@pytest.fixture
def sides(plant: PlantProcess, tmp_path: Path) -> tuple[Target, Honest]:
    return met(plant, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("attacks", [STRANGERS, INSIDERS], ids=["strangers", "insiders"])
async def test_an_honest_station_is_served_while_others_attack(
    plant: PlantProcess, sides: tuple[Target, Honest], attacks: tuple[Attack, ...]
) -> None:
    target, honest = sides
    async with honest.running():
        await until_async(lambda: honest.link.fresh is not None, "the station knows the machine")
        before, world = status_mb("VmRSS", plant.program.pid), plant.world()
        assert await attacked(target, attacks, SEED) >= {attack.__name__ for attack in attacks} - CUT_SHORT
        assert honest.connected == 1
        assert honest.longest_s < STALE_AFTER_S + SLACK_S
        another = honest.machine()
        await another.connect()
        assert not (await another.read()).plc.emergency_stop
        await another.close()
    assert plant.program.running
    assert plant.world() == world
    assert status_mb("VmHWM", plant.program.pid) - before < MOST_MB
    assert plant.program.log.stat().st_size < MOST_LOG_BYTES


async def test_nobody_takes_over_the_session_of_another_in_plain_text(
    plant: PlantProcess, sides: tuple[Target, Honest]
) -> None:
    target, honest = sides
    async with honest.running():
        await until_async(lambda: honest.link.fresh is not None, "the station knows the machine")
        world = plant.world()
        for seed in range(4):
            await plain_text(target, Random(seed))
        assert plant.world() == world
        assert honest.link.fresh is not None


async def test_a_pinned_client_cannot_end_the_session_of_another(
    plant: PlantProcess, sides: tuple[Target, Honest]
) -> None:
    target, honest = sides
    async with honest.running():
        await until_async(lambda: honest.link.fresh is not None, "the station knows the machine")
        await session_of_another(target, Random(SEED))
        assert honest.connected == 1
        assert honest.link.fresh is not None


async def test_nothing_is_answered_outside_a_secure_channel(plant: PlantProcess, sides: tuple[Target, Honest]) -> None:
    line = SecureConnection(SecurityPolicyNone(), TransportLimits())  # type: ignore[no-untyped-call]
    asked = line.message_to_binary(ua_binary.struct_to_binary(ua.CreateSessionRequest()), request_id=1)
    async with wire(sides[0]) as (reader, writer):
        writer.write(hello())
        assert (await reader.read(1_000)).startswith(b"ACK")
        writer.write(asked)
        assert await _closed(reader)


async def _closed(reader: asyncio.StreamReader) -> bool:
    try:
        async with asyncio.timeout(2):
            return await reader.read() == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("buffers", [(8_191, 65_535), (65_535, 0)])
async def test_buffers_below_the_standard_are_refused(
    plant: PlantProcess, sides: tuple[Target, Honest], buffers: tuple[int, int]
) -> None:
    async with wire(sides[0]) as (reader, writer):
        writer.write(hello(*buffers))
        assert await _closed(reader)


async def test_services_that_a_machine_does_not_offer_are_refused(
    plant: PlantProcess, sides: tuple[Target, Honest]
) -> None:
    async with inside(sides[0]) as (client, _):
        with pytest.raises(UaError, match="BadServiceUnsupported"):
            await client.create_subscription(100, None)
        with pytest.raises(UaError, match="BadServiceUnsupported"):
            await client.find_servers()
        with pytest.raises(UaError, match="BadTooManyOperations"):
            await client.uaclient.read_attributes([ua.NodeId(ua.Int32(2255))] * 7_000, AttributeIds.Value)
        with pytest.raises(UaError, match="BadTooManySessions"):
            await client.create_session()


async def test_parked_connections_lock_nobody_out(plant: PlantProcess, sides: tuple[Target, Honest]) -> None:
    target, honest = sides
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(40):
            await stack.enter_async_context(wire(target))
        machine = honest.machine()
        await machine.connect()
        assert (await machine.read()).plc.simulator
        await machine.close()
