"""Station killed (-9) while the lift moves: the car is neither lost nor moved twice."""

import asyncio
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
from pydantic import TypeAdapter

from tests.station.conftest import PIN, TOWER, ShiftedClock, World, stock, world_of
from tests.support.plant import plant_process
from tests.support.waiting import until_async
from vendrive.demo.processes import Program
from vendrive.station.keys import load_keys
from vendrive.wire.journal import CommandEnded, CommandGiven, Event

SPEED = 12
_EVENT: TypeAdapter[Event] = TypeAdapter(Event)


def station_program(world: World) -> Program:
    settings = world.settings
    arguments = ["vendrive.station", "--tower", TOWER, "--layout", settings.layout, "--data", str(settings.data)]
    arguments += ["--machine", settings.machine_url, "--retail", world.retail_url]
    return Program("station", arguments, {}, world.folder / "station.log")


async def ready(program: Program) -> str:
    """Start the program and return its kiosk's address, while retail in this loop goes on."""
    program.start()
    return str((await asyncio.to_thread(program.ready))["kiosk"])


def events(world: World) -> list[Any]:
    """Read the journal as another program does."""
    with sqlite3.connect(f"file:{world.settings.data}/journal.sqlite?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT event FROM journal ORDER BY seq").fetchall()
    connection.close()
    return [_EVENT.validate_json(row[0]) for row in rows]


async def test_killed_while_the_lift_moves(tmp_path: Path) -> None:
    with plant_process(tmp_path, speed=SPEED) as plant:
        stock(plant)
        async with world_of(tmp_path, plant, ShiftedClock()) as world:
            claims = world.claims()
            world.retail.order(world.hand_over(claims, "TAG-2"))
            program = station_program(world)
            key = load_keys(world.settings.keys, TOWER).kiosk
            try:
                async with httpx.AsyncClient(base_url=await ready(program), timeout=20) as kiosk:
                    await kiosk.get("/", params={"key": key})
                    await until_async(lambda: "pass_held" in world.retail.kinds(), "the pass is held")
                    await until_async(lambda: "counted" in world.retail.kinds(), "the machine is read")
                    shown = await kiosk.post("/collect/pass", json={"text": world.pass_text(claims)})
                    assert shown.status_code == 200, shown.text
                    assert (await kiosk.post("/collect/pin", json={"pin": PIN})).status_code == 200
                await until_async(lambda: plant.where("TAG-2") == "L1", "the car is on the lift")
                await until_async(lambda: bool(plant.world()["lifts"]["L1"]["moving"]), "the lift moves")
                program.kill()
                program.stop()
                program = station_program(world)
                await ready(program)
                await until_async(lambda: plant.where("TAG-2") == "B1", "the car is in the bay")
                await until_async(lambda: "vehicle_presented" in world.retail.kinds(), "it is presented", 40)
            finally:
                program.stop()
            told = events(world)
            check_commands(told, plant.world())


def check_commands(told: list[Any], truth: dict[str, Any]) -> None:
    """Each number was given once and executed at most once; the car took the shortest way; no door opened."""
    given = [event for event in told if isinstance(event, CommandGiven)]
    ended = {event.seq: event.result for event in told if isinstance(event, CommandEnded)}
    numbers = [event.seq for event in given]
    assert numbers == sorted(set(numbers))
    assert len({event.control_epoch for event in given}) == 2
    executed = Counter(event.operation for event in given if ended.get(event.seq) in ("done", "unknown"))
    assert truth["executed"] == dict(executed)
    assert (executed["pick"], executed["place"]) == (1, 1)
    assert "open_street_door" not in executed
    assert [car["where"] for tag, car in sorted(truth["cars"].items())] == ["2A", "B1", "2E"]
