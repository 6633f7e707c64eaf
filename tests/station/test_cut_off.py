"""Cut off from retail for a week: what the design promises, and what happens where disk and certificates end."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.station.conftest import PIN, TOWER, ShiftedClock, World, stock, world_of
from tests.support.plant import plant_thread
from vendrive.clock import SystemClock
from vendrive.passes.claims import PassClaims
from vendrive.station.database import NotWritten
from vendrive.station.journal import JournalBroken
from vendrive.station.line import CUT_OFF_S
from vendrive.station.program import build_station
from vendrive.wire.journal import HandedOver
from vendrive.wire.pki import VALID_DAYS, make_certificate

HOUR = timedelta(hours=1)


async def told_all(world: World) -> None:
    await world.until(lambda: len(world.retail.entries) == len(world.entries()), "retail has it all")


async def lend_for_a_week(world: World, drive: str, tag: str) -> PassClaims:
    now = world.clock.now()
    return await world.lend(drive, tag, not_before=now - HOUR, not_after=now + 200 * HOUR)


async def collect_by_pin(world: World, claims: PassClaims) -> None:
    await world.fine("/collect/pass", {"text": world.pass_text(claims)})
    await world.fine("/collect/pin", {"pin": PIN})
    await world.until_screen("presented")
    world.plant.act("drive_out", bay="B1")
    await world.until(lambda: claims.drive_id in world.station.record.facts.used, "handed over")
    await world.until(lambda: world.station.desk.talk is None, "the door is shut")


async def give_back(world: World, claims: PassClaims, tag: str) -> None:
    await world.drive_back(claims, tag)
    await world.until(lambda: world.state()["screen"] == "declare", "all checks are right")
    await world.fine("/return/declare", {"engine_off": True, "key_in_box": True, "nobody_inside": True})
    await world.until_event("returned")


async def test_for_a_week_without_retail_a_station_serves_and_retail_learns_of_all_of_it_once(world: World) -> None:
    early, late = [await lend_for_a_week(world, f"drive-{n}", f"TAG-{n}") for n in (1, 2)]
    await told_all(world)
    world.retail.away = True
    world.clock.shift = 40 * HOUR
    await collect_by_pin(world, early)
    world.clock.shift = 100 * HOUR
    await world.end()
    await world.start()
    world.clock.shift = 167 * HOUR
    await collect_by_pin(world, late)
    await give_back(world, early, "TAG-1")
    kinds = [entry.event.kind for entry in world.entries()]
    assert [kinds.count(kind) for kind in ("handed_over", "returned")] == [2, 1]
    assert "handed_over" not in world.retail.kinds()
    world.retail.away = False
    await told_all(world)
    assert world.retail.entries == world.entries()
    assert [entry.seq for entry in world.retail.entries] == list(range(1, len(kinds) + 1))


async def test_after_a_week_no_other_car_is_handed_over_but_returns_are_taken(world: World) -> None:
    out, waiting = [await lend_for_a_week(world, f"drive-{n}", f"TAG-{n}") for n in (1, 2)]
    await collect_by_pin(world, out)
    await told_all(world)
    world.retail.away = True
    await world.end()
    world.clock.shift = timedelta(seconds=CUT_OFF_S)
    await world.start()
    commands = world.plant.commands()
    assert await world.refused("/collect/pass", {"text": world.pass_text(waiting)}) == "cut_off_too_long"
    assert (world.plant.commands(), world.station.desk.asking) == (commands, None)
    await world.until(lambda: "retail_away station" in world.station.record.facts.alarms, "the alarm is on")
    await give_back(world, out, "TAG-1")
    world.retail.away = False
    await told_all(world)
    assert world.retail.kinds().count("returned") == 1
    await world.until(lambda: not world.station.line.is_cut_off, "the orders came through")
    await world.fine("/collect/pass", {"text": world.pass_text(waiting)})


async def test_orders_that_cannot_be_trusted_are_an_alarm_until_right_ones_come(still: World) -> None:
    wrong = still.retail.order(still.hand_over(still.claims(), "TAG-1"), tower_id="nanjing")
    await still.until(lambda: "orders_rejected station" in still.station.record.facts.alarms, "the alarm is on")
    assert still.station.store.lending("drive-1") is None
    still.retail.orders.remove(wrong)
    await still.until(lambda: "orders_rejected station" not in still.station.record.facts.alarms, "the alarm is over")


async def test_a_station_does_not_start_on_a_forged_journal(still: World) -> None:
    await still.end()
    with sqlite3.connect(still.settings.data / "journal.sqlite") as forger:
        forger.execute("DROP TRIGGER journal_never_changes")
        forger.execute("DELETE FROM checkpoints")
        forger.execute("UPDATE journal SET event = replace(event, '1', '9') WHERE seq = 1")
    forger.close()
    with pytest.raises(JournalBroken, match="row 1"):
        build_station(still.settings, still.clock)


async def test_a_clean_end_leaves_little_to_read_at_the_next_start(still: World) -> None:
    await still.end()
    await still.start()
    assert still.station.journal.since_checkpoint < 10


class FullDisk:
    """Takes no entry that has `word` in it; counts how often it was tried."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch, word: str = "kind") -> None:
        self.tries = 0
        self.full = True
        self.word = word
        database = world.station.database
        self._write = database.run
        monkeypatch.setattr(database, "run", self._run)

    def _run(self, statement: str, *values: Any) -> None:
        if self.full and statement.startswith("INSERT INTO journal") and self.word in str(values):
            self.tries += 1
            raise NotWritten("database or disk is full")
        self._write(statement, *values)


async def test_a_command_that_cannot_be_journaled_is_not_sent(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    claims = await world.lend()
    await world.fine("/collect/pass", {"text": world.pass_text(claims)})
    disk, commands = FullDisk(world, monkeypatch, "command_given"), world.plant.commands()
    await world.fine("/collect/pin", {"pin": PIN})
    await world.until(lambda: disk.tries > 5, "the station has tried again and again")
    assert world.plant.commands() == commands
    assert world.events("command_given") == []
    disk.full = False
    await world.until_screen("presented")
    assert world.plant.commands() == len(world.events("command_given"))


async def test_with_a_full_disk_nobody_is_verified_and_the_stop_still_stops(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = await world.lend()
    await world.fine("/collect/pass", {"text": world.pass_text(claims)})
    disk, commands = FullDisk(world, monkeypatch), world.plant.commands()
    assert await world.refused("/collect/pin", {"pin": PIN}) == "machine_unknown"
    await world.post("/stop")
    await world.until(lambda: world.plant.world()["emergency_stop"], "the machine is stopped")
    await world.until(lambda: disk.tries > 5, "the station goes on trying")
    assert (world.plant.commands(), world.station.yard.desks["B1"].talk) == (commands, None)
    disk.full = False
    await world.until(lambda: "emergency_stop plc" in world.station.record.facts.alarms, "the stop is journaled")


async def test_a_car_that_leaves_while_the_disk_is_full_is_journaled_when_there_is_room(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = await world.lend()
    await world.fine("/collect/pass", {"text": world.pass_text(claims)})
    await world.fine("/collect/pin", {"pin": PIN})
    await world.until_screen("presented")
    disk = FullDisk(world, monkeypatch)
    world.plant.act("drive_out", bay="B1")
    await world.until(lambda: disk.tries > 3, "it cannot be written")
    assert world.events("handed_over") == []
    disk.full = False
    left = await world.until_event("handed_over")
    assert isinstance(left, HandedOver)
    await told_all(world)
    assert world.retail.kinds().count("handed_over") == 1


@pytest.fixture
async def expired(tmp_path: Path) -> AsyncIterator[World]:
    """A world in which the certificates of both sides ran out yesterday, on a Saturday night."""
    long_ago = SystemClock().now() - timedelta(days=VALID_DAYS + 1)
    await asyncio.to_thread(make_certificate, tmp_path / "plant" / "pki", f"urn:vendrive:plant:{TOWER}", long_ago)
    await asyncio.to_thread(make_certificate, tmp_path / "station" / "pki", f"urn:vendrive:station:{TOWER}", long_ago)
    with plant_thread(tmp_path) as plant:
        stock(plant)
        async with world_of(tmp_path, plant, ShiftedClock()) as made:
            await made.start()
            yield made


async def test_certificates_that_ran_out_trap_no_car(expired: World) -> None:
    # Trust is by pinning: a date in a certificate says when to replace it, not that it is another machine.
    assert "certificate_ends station" in expired.station.record.facts.alarms
    await expired.collect()
