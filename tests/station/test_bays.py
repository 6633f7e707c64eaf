"""Several bays, several lifts, turntables, cars behind cars: the production station on a real plant of each layout."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.station.conftest import PIN, ShiftedClock, World, stock, world_of
from tests.support.plant import plant_thread
from vendrive.passes.claims import PassClaims
from vendrive.station.handover import HandOverTalk

DECLARED = {"engine_off": True, "key_in_box": True, "nobody_inside": True}


@asynccontextmanager
async def tower(folder: Path, layout: str, slots: Sequence[str]) -> AsyncIterator[World]:
    """Run a station on a plant with this layout and three cars; nothing may have been hurt at the end."""
    with plant_thread(folder, layout) as plant:
        stock(plant, slots)
        async with world_of(folder, plant, ShiftedClock(), layout) as world:
            await world.start()
            yield world
            assert plant.world()["crashes"] == []
            # On a busy machine a command may come late, is refused for that, and is given again.
            late = [event for event in world.events("command_ended") if event.reason.startswith("late: ")]
            assert {event.result for event in world.events("command_ended") if event not in late} <= {"done"}


async def ask(world: World, drive: str, tag: str, bay: str) -> PassClaims:
    claims = await world.lend(drive, tag)
    await world.fine("/collect/pass", {"text": world.pass_text(claims)}, bay=bay)
    await world.fine("/collect/pin", {"pin": PIN}, bay=bay)
    return claims


async def drive_off(world: World, bay: str) -> None:
    await world.until_screen("presented", bay)
    world.plant.act("drive_out", bay=bay)
    await world.until(lambda: world.station.yard.desks[bay].talk is None, f"{bay} is shut")


async def bring_back(world: World, claims: PassClaims, tag: str, bay: str) -> None:
    await world.drive_back(claims, tag, bay)
    await world.until_screen("declare", bay)
    await world.fine("/return/declare", DECLARED, bay=bay)


async def test_two_bays_share_a_lift(tmp_path: Path) -> None:
    async with tower(tmp_path, "guangzhou42", ("2A", "7G", "4D")) as world:
        first, second = await ask(world, "drive-1", "TAG-1", "B1"), await ask(world, "drive-2", "TAG-2", "B2")
        await drive_off(world, "B1")
        await drive_off(world, "B2")
        assert {event.bay: event.drive_id for event in world.events("handed_over")} == {
            "B1": "drive-1",
            "B2": "drive-2",
        }
        await bring_back(world, first, "TAG-1", "B2")
        await bring_back(world, second, "TAG-2", "B1")
        await world.until_event("returned", 2)
        stored = {event.drive_id: event.slot for event in world.events("returned")}
        assert len(set(stored.values())) == 2
        assert world.plant.where("TAG-1") == stored["drive-1"]
        assert world.plant.where("TAG-2") == stored["drive-2"]


async def test_a_pass_that_is_in_use_at_one_bay_is_sent_there_from_the_other(tmp_path: Path) -> None:
    async with tower(tmp_path, "guangzhou42", ("2A", "7G", "4D")) as world:
        claims = await ask(world, "drive-1", "TAG-1", "B1")
        shown = {"text": world.pass_text(claims)}
        assert await world.refused("/collect/pass", shown, bay="B2") == "at_other_bay"
        await world.until_screen("presented")
        assert isinstance(world.station.yard.desks["B1"].talk, HandOverTalk)
        assert world.station.yard.desks["B2"].talk is None
        assert world.plant.world()["bays"]["B2"]["street_door"] == "closed"


async def test_a_car_is_presented_with_its_nose_to_the_street(tmp_path: Path) -> None:
    async with tower(tmp_path, "carvana34", ("2A", "8B", "4D")) as world:
        claims = await ask(world, "drive-1", "TAG-2", "B3")
        await world.until_screen("presented", "B3")
        assert world.plant.world()["bays"]["B3"]["nose"] == "street"
        await drive_off(world, "B3")
        await bring_back(world, claims, "TAG-2", "B3")
        await world.until_event("returned")
        turns = world.plant.world()["executed"].get("turn", 0)
        await ask(world, "drive-3", "TAG-2", "B3")
        await world.until_screen("presented", "B3")
        assert world.plant.world()["bays"]["B3"]["nose"] == "street"
        assert world.plant.world()["executed"].get("turn", 0) == turns + 1


async def test_a_car_that_stands_behind_another_comes_after_that_one_went_elsewhere(tmp_path: Path) -> None:
    async with tower(tmp_path, "singapore60", ("9A", "9B", "3C")) as world:
        await ask(world, "drive-1", "TAG-1", "B1")
        await world.until_screen("presented")
        assert world.plant.where("TAG-1") == "B1"
        assert world.plant.where("TAG-2") not in ("9A", "9B", "B1", "L1", "transfer")


async def test_two_lifts_of_one_way_serve_two_bays(tmp_path: Path) -> None:
    async with tower(tmp_path, "autostadt400", ("20A", "3B", "11C")) as world:
        await ask(world, "drive-1", "TAG-1", "B1")
        await ask(world, "drive-2", "TAG-2", "B2")
        await drive_off(world, "B2")
        await drive_off(world, "B1")
        used = {event.arguments["lift"] for event in world.events("command_given") if event.operation == "pick"}
        assert used == {"L1", "L2"}


async def test_one_lift_fails_and_the_other_goes_on(tmp_path: Path) -> None:
    async with tower(tmp_path, "autostadt400", ("20A", "3B", "11C")) as world:
        world.plant.act("padlock", part="L1", on=True)
        await ask(world, "drive-1", "TAG-1", "B1")
        # L1 is locked out at the ground, where it stands between L2 and the bays.
        await world.until(lambda: world.state()["error"] is not None, "the kiosk says why nothing comes")
        assert world.state()["error"]["code"] == "lift_failed"
        world.plant.act("padlock", part="L1", on=False)
        await world.until_screen("presented")
