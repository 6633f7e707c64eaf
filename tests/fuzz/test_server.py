"""The plant's OPC UA server survives hostile clients: its honest station is served throughout, and nothing moves."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.campaign import keys_read_once, status_mb
from tests.fuzz.honest import Honest, met
from tests.fuzz.hostile import INSIDERS, STRANGERS, Attack, Target, attacked, plain_text, session_of_another
from tests.support.plant import PlantProcess, plant_process
from tests.support.waiting import until_async
from vendrive.wire.machine import STALE_AFTER_S

SEED = 20_262
# What the connections that are allowed may hold: twenty requests of 256 kB, and what Python makes of them.
MOST_MB = 40
# Others share this computer, and the attackers themselves do.
SLACK_S = 0.5
MOST_LOG_BYTES = 2_000_000


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
        await attacked(target, attacks, SEED)
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
