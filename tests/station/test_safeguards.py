"""What must not happen whatever comes in between: a restart, a cancellation, a calendar set back, patience."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.station.conftest import PIN, World
from tests.station.test_refusals import machine, nothing_moves
from vendrive.ids import random_bytes
from vendrive.passes.claims import PassClaims
from vendrive.station.admission import FACE_TRIES
from vendrive.station.database import Database
from vendrive.station.store import Store
from vendrive.wire.errors import Refused
from vendrive.wire.orders import Cancel, OperatorAction, OperatorRequest


async def show(world: World, claims: PassClaims) -> None:
    await world.fine("/collect/pass", {"text": world.pass_text(claims)})


async def street_is(world: World, state: str) -> None:
    await world.until(lambda: world.plant.world()["bays"]["B1"]["street_door"] == state, f"the street door is {state}")


async def wrong_faces(world: World, claims: PassClaims, most: int) -> list[str]:
    """Show a stranger's face `most` times, the pass again whenever it is asked for; return what was answered."""
    answers: list[str] = []
    while len(answers) < most:
        answer = await world.refused("/collect/face", content=b"somebody else")
        if answer == "pass_unknown":
            await show(world, claims)
        else:
            answers.append(answer)
    return answers


async def test_a_stolen_pass_does_not_buy_endless_faces_even_with_restarts(still: World) -> None:
    claims = await still.lend(face=True)
    async with nothing_moves(still):
        assert set(await wrong_faces(still, claims, FACE_TRIES - 1)) == {"face_mismatch"}
        await still.end()
        await still.start()
        assert await wrong_faces(still, claims, 1) == ["face_locked"]
        assert await still.refused("/collect/pass", {"text": still.pass_text(claims)}) == "face_locked"
        assert await still.refused("/collect/face", content=b"drive-1") == "pass_unknown"
    still.retail.order(still.hand_over(claims, "TAG-1", revision=2))
    await still.until(lambda: still.station.store.cursor == len(still.retail.orders), "the person chose a PIN")
    await show(still, claims)
    assert still.state()["method"] == "pin"


async def test_the_name_is_shown_to_its_person_alone(world: World) -> None:
    claims = await world.lend()
    await show(world, claims)
    assert (world.screen(), world.state()["greeting"]) == ("verify", "")
    await world.fine("/collect/pin", {"pin": PIN})
    assert (world.screen(), world.state()["greeting"]) == ("bringing", "Demo person 1")


async def test_a_right_face_begins_the_count_anew(world: World) -> None:
    claims = await world.lend(face=True)
    await wrong_faces(world, claims, 3)
    await world.fine("/collect/face", content=b"drive-1")
    assert world.station.store.tries("drive-1") == 0


async def test_a_cancellation_that_comes_while_a_person_is_verified_counts(still: World) -> None:
    claims = await still.lend()
    await show(still, claims)
    asking = still.station.desk.asking
    assert asking is not None
    with still.station.database.transaction():
        still.station.store.cancel("drive-1", 1)
    async with nothing_moves(still):
        with pytest.raises(Refused, match="pass_cancelled"):
            still.station.desk._verified(asking, "pin", None)
    assert still.events("person_verified") == []


async def test_a_cancellation_on_the_way_keeps_the_door_shut(world: World) -> None:
    claims = await world.lend()
    await show(world, claims)
    await world.fine("/collect/pin", {"pin": PIN})
    world.retail.order(Cancel(drive_id="drive-1", revision=1))
    assert (await world.until_event("hand_over_aborted")).code == "cancelled"
    await world.until_event("vehicle_presented")
    assert "open_street_door" not in world.plant.world()["executed"]


async def test_a_calendar_that_is_set_back_wakes_no_expired_pass(still: World) -> None:
    claims = await still.lend(not_before=still.clock.now() - timedelta(hours=1))
    still.clock.shift = timedelta(hours=2)
    await still.lend("drive-2", "TAG-2")
    still.clock.shift = timedelta()
    async with nothing_moves(still):
        assert await still.refused("/collect/pass", {"text": still.pass_text(claims)}) == "pass_expired"


async def test_a_return_that_was_given_up_opens_no_door_after_a_restart(world: World) -> None:
    first = await world.collect()
    await world.fine("/return/pass", {"text": world.pass_text(first)})
    await street_is(world, "open")
    await world.fine("/cancel", {})
    await street_is(world, "closed")
    await world.until(lambda: world.station.desk.talk is None, "the return is over")
    second = await world.lend("drive-2", "TAG-2")
    await show(world, second)
    await world.fine("/collect/pin", {"pin": PIN})
    await world.until_screen("presented")
    await world.fine("/cancel", {})
    await street_is(world, "closed")
    await world.until(lambda: not world.station.record.facts.open_commands, "the door's command has ended")
    opened = world.plant.world()["executed"]["open_street_door"]
    await world.end()
    await world.start()
    await world.until(lambda: world.plant.where("TAG-2") not in ("B1", "L1", "transfer"), "the car is tidied away")
    assert world.plant.world()["executed"]["open_street_door"] == opened


async def test_who_drives_off_while_the_station_is_down_has_the_car(world: World) -> None:
    claims = await world.lend()
    await show(world, claims)
    await world.fine("/collect/pin", {"pin": PIN})
    await world.until_screen("presented")
    await world.end()
    world.plant.act("drive_out", bay="B1")
    await world.start()
    assert (await world.until_event("handed_over")).vehicle_id == "vehicle-TAG-1"
    await street_is(world, "closed")
    assert await world.refused("/collect/pass", {"text": world.pass_text(claims)}) == "pass_used"


async def test_a_hand_over_whose_window_ended_is_not_begun_by_a_restart(world: World) -> None:
    claims = await world.lend()
    await show(world, claims)
    await world.fine("/collect/pin", {"pin": PIN})
    await world.until_event("command_given")
    await world.end()
    await world.start()
    await world.until_event("vehicle_presented")
    world.clock.shift = claims.not_after - claims.not_before
    await world.until(lambda: world.station.desk.talk is None, "the car is stored back")
    before = machine(world)
    await world.end()
    await world.start()
    assert world.station.desk.talk is None
    assert machine(world) == before


async def test_a_stop_is_obeyed_while_clocks_differ_as_far_as_retail_lets_them(world: World) -> None:
    just_over = world.clock.now() - timedelta(seconds=100)
    world.retail.order(OperatorRequest(action=OperatorAction.emergency_stop, staff="demo staff", expires_at=just_over))
    await world.until(lambda: world.plant.world()["emergency_stop"], "the machine is stopped")


async def test_the_check_of_a_drive_is_gone_once_the_car_is(world: World) -> None:
    await world.collect()
    assert world.station.store.check("drive-1") is None


async def test_no_name_lies_in_the_stations_files_and_nobody_else_reads_them(still: World) -> None:
    await still.lend()
    lending = still.station.store.lending("drive-1")
    assert lending is not None
    assert lending.greeting == "Demo person 1"
    files = list(still.settings.data.glob("journal.sqlite*"))
    assert len(files) == 3
    assert not [file.name for file in files if b"Demo person" in file.read_bytes()]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


async def test_with_other_keys_nobody_is_greeted(still: World, tmp_path: Path) -> None:
    await still.lend()
    await still.end()
    database = Database(still.settings.data / "journal.sqlite")
    lending = Store(database, random_bytes(32)).lending("drive-1")
    database.close()
    assert lending is not None
    assert lending.greeting == ""
