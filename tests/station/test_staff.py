"""What staff may ask of a station: parts out of service, the count, single steps; and what needs two of them."""

from datetime import timedelta
from typing import Any

import pytest

from tests.station.conftest import PIN, World
from vendrive.wire.machine import Mode
from vendrive.wire.orders import TWO_PERSONS, OperatorAction, OperatorRequest

FIRST, SECOND = "demo staff 1", "demo staff 2"


async def ask(world: World, action: OperatorAction, **fields: Any) -> None:
    """Have retail send a request, and wait until the station has dealt with it."""
    expires_at = world.clock.now() + timedelta(minutes=5)
    world.retail.order(OperatorRequest(action=action, staff=FIRST, expires_at=expires_at, **fields))
    await world.until(lambda: world.station.store.cursor == len(world.retail.orders), f"{action} came")


async def refused_code(world: World) -> str:
    return str((await world.until_event("request_refused")).code)


async def present(world: World, drive: str = "drive-1", tag: str = "TAG-1") -> None:
    claims = await world.lend(drive, tag)
    await world.fine("/collect/pass", {"text": world.pass_text(claims)})
    await world.fine("/collect/pin", {"pin": PIN})


@pytest.mark.parametrize("action", sorted(TWO_PERSONS))
@pytest.mark.parametrize("second", ["", FIRST])
async def test_one_person_is_not_two(still: World, action: OperatorAction, second: str) -> None:
    still.plant.act("mode", mode=Mode.manual)
    before = still.plant.commands()
    try:
        await ask(still, action, second=second, part="B1", operation="open_street_door", arguments={"bay": "B1"})
        assert await refused_code(still) == "two_persons_needed"
        assert still.plant.commands() == before
        assert still.events("count_accepted") == still.events("part_released") == still.events("step_asked") == []
    finally:
        still.plant.act("mode", mode=Mode.automatic)


async def test_a_bay_out_of_service_serves_nobody_until_two_release_it(world: World) -> None:
    await ask(world, OperatorAction.lock_part, part="B1")
    claims = await world.lend()
    assert await world.refused("/collect/pass", {"text": world.pass_text(claims)}) == "part_locked"
    assert world.plant.commands() == 0
    await world.end()
    await world.start()
    assert await world.refused("/collect/pass", {"text": world.pass_text(claims)}) == "part_locked"
    await ask(world, OperatorAction.release_part, part="B1", second=SECOND)
    await world.fine("/collect/pass", {"text": world.pass_text(claims)})


async def test_a_locked_lift_moves_no_more_and_the_person_is_told(world: World) -> None:
    await ask(world, OperatorAction.lock_part, part="L1")
    await present(world)
    await world.until(lambda: world.state()["error"] is not None, "the kiosk says why nothing comes")
    assert world.state()["error"]["code"] == "lift_failed"
    assert world.plant.commands() == 0
    await ask(world, OperatorAction.release_part, part="L1", second=SECOND)
    await world.until_screen("presented")


async def test_a_part_that_is_not_there_is_refused(still: World) -> None:
    await ask(still, OperatorAction.lock_part, part="B9")
    assert await refused_code(still) == "part_unknown"
    assert still.station.record.facts.locked == {}


async def test_a_car_that_is_not_where_it_was_waits_until_two_have_looked(world: World) -> None:
    world.plant.act("fault", kind="misplace", tag="TAG-1", slot="3A")
    await world.until(lambda: "count_differs" in world.state()["alarms"], "an alarm says so")
    await present(world)
    await world.until(lambda: world.state()["error"] is not None, "the kiosk says why nothing comes")
    assert world.state()["error"]["code"] == "machine_contradiction"
    assert world.plant.commands() == 0
    await ask(world, OperatorAction.accept_count, second=SECOND, arguments={"TAG-1": "2A"})
    assert await refused_code(world) == "count_differs"
    read = {"TAG-1": "3A", "TAG-2": "3C", "TAG-3": "2E"}
    await ask(world, OperatorAction.accept_count, second=SECOND, arguments=read)
    accepted = await world.until_event("count_accepted")
    assert (accepted.places["TAG-1"], accepted.staff, accepted.second) == ("3A", FIRST, SECOND)
    await world.until_screen("presented")
    await world.until(lambda: "count_differs" not in world.state()["alarms"], "the alarm is over")


async def test_another_car_is_served_while_one_is_in_doubt(world: World) -> None:
    world.plant.act("fault", kind="misplace", tag="TAG-1", slot="3A")
    await world.until(lambda: "count_differs" in world.state()["alarms"], "an alarm says so")
    await present(world, "drive-2", "TAG-2")
    await world.until_screen("presented")
    assert world.plant.where("TAG-2") == "B1"


async def test_a_step_by_hand_needs_the_key_switch_and_every_interlock(world: World) -> None:
    up = {"operation": "move_lift", "arguments": {"lift": "L1", "storey": "2"}, "second": SECOND}
    await ask(world, OperatorAction.manual_step, **up)
    assert await refused_code(world) == "machine_not_automatic"
    world.plant.act("mode", mode=Mode.manual)
    await world.until(lambda: "not_automatic" in world.state()["alarms"], "the station knows")
    await ask(world, OperatorAction.manual_step, **up)
    await world.until(lambda: world.plant.world()["lifts"]["L1"]["position_mm"] > 2000, "the lift is up")
    await world.until(lambda: not world.station.record.facts.open_commands, "the step has ended")
    door = {"operation": "open_inner_door", "arguments": {"bay": "B1"}, "second": SECOND}
    await ask(world, OperatorAction.manual_step, **door)
    await world.until(lambda: len(world.events("request_refused")) == 2, "the open shaft is refused")
    assert world.events("request_refused")[-1].code == "machine_refused"
    assert world.plant.commands() == 1
    claims = await world.lend()
    assert await world.refused("/collect/pass", {"text": world.pass_text(claims)}) == "machine_not_automatic"
    world.plant.act("mode", mode=Mode.automatic)
    await world.until_screen("idle")
    assert [event.mode for event in world.events("mode_changed")] == ["manual", "automatic"]
