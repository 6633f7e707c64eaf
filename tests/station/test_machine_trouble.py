"""Kills, stops, silence and doors: what a machine and its station do when something goes wrong."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.station.conftest import PIN, ShiftedClock, World, stock, world_of
from tests.support.plant import car, pin_each_other, plant_process, plant_thread
from vendrive.station.handover import HandOverTalk
from vendrive.wire.orders import OperatorAction, OperatorRequest

DECLARED = {"engine_off": True, "key_in_box": True, "nobody_inside": True}


async def begin(world: World, drive: str = "drive-1", tag: str = "TAG-1") -> Any:
    claims = await world.lend(drive, tag)
    await world.fine("/collect/pass", {"text": world.pass_text(claims)})
    await world.fine("/collect/pin", {"pin": PIN})
    return claims


async def until_door_shut(world: World) -> None:
    """Wait until the station has seen the door shut behind the car: the kiosk is busy until then."""

    def admits_others() -> bool:
        talk = world.station.desk.talk
        return isinstance(talk, HandOverTalk) and talk.admits("another drive", world.station.link.fresh)

    await world.until(admits_others, "the door is shut")


async def press_and_release_stop(world: World) -> None:
    """Emergency stop by the kiosk; all stands; then the key switch."""
    before = len(world.events("alarm"))
    await world.fine("/stop", {})
    await world.until(lambda: world.plant.world()["emergency_stop"], "the machine is stopped")
    await world.until_screen("stopped")
    assert world.events("alarm")[before].name == "emergency_stop"
    executed = world.plant.world()["commands"]
    await world.until(lambda: not world.station.record.facts.open_commands, "the command has ended")
    assert world.plant.world()["commands"] == executed
    world.plant.act("reset")
    await world.until_event("alarm_ended")
    await world.until(lambda: world.screen() != "stopped", "the kiosk goes on")


async def test_emergency_stop_while_a_car_comes_and_at_the_open_door(world: World) -> None:
    await begin(world)
    await world.until(lambda: world.plant.commands() >= 1, "the machine moves")
    await press_and_release_stop(world)
    await world.until_screen("presented")
    await press_and_release_stop(world)
    assert world.plant.where("TAG-1") == "B1"
    world.plant.act("drive_out", bay="B1")
    await world.until_event("handed_over")


async def test_emergency_stop_at_rest_while_verifying_and_while_storing(world: World) -> None:
    await press_and_release_stop(world)
    claims = await world.lend()
    await world.fine("/collect/pass", {"text": world.pass_text(claims)})
    await press_and_release_stop(world)
    await world.fine("/collect/pin", {"pin": PIN})
    await world.until_screen("presented")
    world.plant.act("drive_out", bay="B1")
    await world.until_event("handed_over")
    await world.until(lambda: world.station.desk.talk is None, "the door is shut")
    await world.drive_back(claims, "TAG-1")
    await world.until_screen("declare")
    await press_and_release_stop(world)
    await world.until_screen("declare")
    await world.fine("/return/declare", DECLARED)
    await press_and_release_stop(world)
    await world.until_event("returned")


async def test_nobody_is_served_while_stopped(world: World) -> None:
    claims = await world.lend()
    await world.fine("/stop", {})
    await world.until_screen("stopped")
    assert await world.refused("/collect/pass", {"text": world.pass_text(claims)}) == "machine_stopped"
    assert world.plant.commands() == 0


async def test_the_console_stops_and_acknowledges_but_late_orders_do_nothing(world: World) -> None:
    later, earlier = world.claims().not_after, world.claims().not_before
    world.retail.order(OperatorRequest(action=OperatorAction.emergency_stop, staff="demo staff", expires_at=earlier))
    await world.until(lambda: world.station.store.cursor == len(world.retail.orders), "the late order came")
    assert not world.plant.world()["emergency_stop"]
    await world.fine("/help", {})
    await world.until(lambda: world.plant.world()["help_called"], "help is called")
    world.retail.order(OperatorRequest(action=OperatorAction.acknowledge_help, staff="demo staff", expires_at=later))
    await world.until(lambda: not world.plant.world()["help_called"], "help is acknowledged")
    world.retail.order(OperatorRequest(action=OperatorAction.emergency_stop, staff="demo staff", expires_at=later))
    await world.until(lambda: world.plant.world()["emergency_stop"], "the machine is stopped")
    await world.until(lambda: "console: demo staff" in str(world.events("alarm")), "the alarm names who stopped")


async def test_no_command_on_stale_data(world: World) -> None:
    claims = await world.lend()
    world.plant.act("fault", kind="silent", seconds=5.0)
    await world.until_screen("unknown")
    assert await world.refused("/collect/pass", {"text": world.pass_text(claims)}) == "machine_unknown"
    assert world.plant.commands() == 0
    assert world.events("command_given") == []
    await world.until_screen("idle")
    await world.fine("/collect/pass", {"text": world.pass_text(claims)})
    world.plant.act("fault", kind="silent", seconds=4.0)
    await world.until_screen("unknown")
    await world.fine("/collect/pin", {"pin": PIN})
    assert world.plant.commands() == 0
    assert world.events("command_given") == []
    await world.until_screen("presented")


async def test_after_a_restart_the_door_waits_for_the_same_person(world: World) -> None:
    claims = await begin(world)
    await world.until(lambda: world.plant.commands() >= 1, "the machine moves")
    await world.end()
    await world.start()
    await world.until_event("vehicle_presented")
    doors = world.plant.world()["executed"].get("open_street_door", 0)
    assert doors == 0
    other = await world.lend("drive-2", "TAG-2")
    assert await world.refused("/collect/pass", {"text": world.pass_text(other) + "x"}) == "pass_not_genuine"
    await world.fine("/collect/pass", {"text": world.pass_text(claims)})
    await world.fine("/collect/pin", {"pin": PIN})
    await world.until_screen("presented")
    assert len(world.events("vehicle_presented")) == 1
    assert world.plant.where("TAG-1") == "B1"


async def test_a_hand_over_that_aborts_resumes_for_the_same_person(world: World) -> None:
    claims = await begin(world)
    await world.until_screen("presented")
    await world.fine("/cancel", {})
    assert (await world.until_event("hand_over_aborted")).code == "cancelled"
    await until_door_shut(world)
    assert world.plant.where("TAG-1") == "B1"
    assert world.screen() == "idle"
    await world.fine("/collect/pass", {"text": world.pass_text(claims)})
    await world.fine("/collect/pin", {"pin": PIN})
    await world.until_screen("presented")
    world.plant.act("drive_out", bay="B1")
    await world.until_event("handed_over")


async def test_a_car_nobody_came_for_gives_way_to_the_next_person(world: World) -> None:
    await begin(world)
    await world.until_screen("presented")
    await world.fine("/cancel", {})
    await until_door_shut(world)
    await begin(world, "drive-2", "TAG-2")
    await world.until_screen("presented")
    assert world.plant.where("TAG-2") == "B1"
    assert world.plant.where("TAG-1") != "B1"
    assert world.station.record.facts.used == set()


async def test_when_the_window_ends_the_car_is_stored_back(world: World) -> None:
    claims = await begin(world)
    await world.until_screen("presented")
    await world.fine("/cancel", {})
    world.clock.shift = claims.not_after - claims.not_before
    await world.until(lambda: world.station.desk.talk is None, "the car is stored")
    assert world.plant.where("TAG-1") not in ("B1", "L1", "transfer")
    assert await world.refused("/collect/pass", {"text": world.pass_text(claims)}) == "pass_expired"


async def test_a_machine_that_breaks_down_is_asked_again(world: World) -> None:
    world.plant.act("fault", kind="fail_next", operation="place", after_s=3.0)
    await begin(world)
    await world.until_screen("presented")
    assert world.plant.where("TAG-1") == "B1"
    assert "failed" in [event.result for event in world.events("command_ended")]


async def test_a_restarted_plc_leaves_an_unknown_result_and_the_sensors_decide(tmp_path: Path) -> None:
    with plant_process(tmp_path / "once") as once:
        stock(once)
        async with world_of(tmp_path, once, ShiftedClock()) as world:
            await world.start()
            await begin(world)
            await world.until(lambda: world.station.record.facts.open_commands, "a command is under way")
            once.program.kill()
            await world.until_screen("unknown")
            await world.until(lambda: "machine_unknown" in world.state()["alarms"], "an alarm says so")
            lost = next(iter(world.station.record.facts.open_commands.values()), None)
            assert lost is not None
            await world.end()
            await on_another_plant(world, lost.seq)


async def on_another_plant(world: World, lost: int) -> None:
    """Start the station on a restarted PLC: it does not take the command `lost` for done, nor does it twice."""
    with plant_thread(world.folder / "again") as again:
        again.act("stock", **{"2A": car("TAG-1")})
        pin_each_other(again, world.settings.data)
        world.settings = replace(world.settings, machine_url=again.opcua)
        await world.start()
        await world.until(lambda: again.where("TAG-1") == "B1", "the car stands in the bay")
        assert {event.seq: event.result for event in world.events("command_ended")}[lost] == "unknown"
        await world.end()
        assert again.world()["executed"]["pick"] == 1


@pytest.mark.parametrize("when", [1, 2, 4])
async def test_a_lost_connection_in_the_middle_moves_nothing_twice(world: World, when: int) -> None:
    await begin(world)
    await world.until(lambda: world.plant.commands() >= when, "the machine moves")
    machine = world.station.link.machine
    assert machine is not None
    await machine.close()
    await world.until_screen("presented")
    given = [event.seq for event in world.events("command_given")]
    assert given == sorted(set(given))
    ended = {event.seq for event in world.events("command_ended")}
    assert ended == set(given)
    assert world.plant.world()["executed"]["pick"] == 1
    assert len({event.control_epoch for event in world.events("started")}) == len(world.events("started"))
