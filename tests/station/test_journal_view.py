"""`vendrive station journal`: what a technician and a screen see of a journal, and that looking changes nothing."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from vendrive.clock import ManualClock
from vendrive.station.database import Database
from vendrive.station.journal import Journal
from vendrive.station.journal_view import main
from vendrive.station.record import Record
from vendrive.station.store import Store
from vendrive.wire.journal import (
    Alarm,
    CommandEnded,
    CommandGiven,
    Counted,
    HandedOver,
    PersonVerified,
    Started,
    VehiclePresented,
)

START = datetime(2026, 11, 21, 10, 30, 15, tzinfo=UTC)
SECRET = bytes(32)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[Database, Journal]]:
    """A station's database, open, with a hand-over: one entry each twenty seconds."""
    clock, database = ManualClock(START), Database(tmp_path / "journal.sqlite")
    journal = Journal(database, clock, SECRET)
    record = Record(journal)
    pick = CommandGiven(control_epoch=3, seq=1, operation="pick", arguments={"lift": "L1", "place": "2A"}, purpose="d1")
    for event in (
        Started(control_epoch=3),
        Counted(places={"TAG-1": "2A"}, reason="start"),
        PersonVerified(drive_id="d1", bay="B1", method="pin", distance=None),
        pick,
        CommandEnded(seq=1, result="done", reason=""),
        VehiclePresented(drive_id="d1", vehicle_id="v1", bay="B1"),
        HandedOver(drive_id="d1", vehicle_id="v1", bay="B1", tag="TAG-1"),
        Alarm(name="help", part="plc", source="somebody at the kiosk"),
    ):
        record.write(event)
        clock.advance(20)
    yield database, journal
    database.close()


@pytest.fixture
def folder(running: tuple[Database, Journal], tmp_path: Path) -> str:
    return str(tmp_path)


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Any:
    def ask(*arguments: str) -> str:
        assert main(arguments) == 0
        return capsys.readouterr().out

    return ask


def test_entries_are_listed_one_a_line(folder: str, told: Any) -> None:
    lines = told("list", folder).splitlines()
    assert len(lines) == 8
    assert lines[3].split() == [
        *("4", "2026-11-21", "10:31:15.000Z", "command_given", "control_epoch=3", "seq=1", "operation=pick"),
        *('arguments={"lift":', '"L1",', '"place":', '"2A"}', "purpose=d1"),
    ]


@pytest.mark.parametrize(
    ("arguments", "seqs"),
    [
        (["--kind", "handed_over", "--kind", "alarm"], [7, 8]),
        (["--drive", "d1"], [3, 6, 7]),
        (["--drive", "d1", "--kind", "handed_over"], [7]),
        (["--from", "2026-11-21T10:32"], [7, 8]),
        (["--from", "2026-11-21T18:32+08:00"], [7, 8]),
        (["--from", "2026-11-21", "--to", "2026-11-21T10:30:40"], [1, 2]),
        (["--from", "2027-01-01"], []),
    ],
)
def test_a_list_is_narrowed(folder: str, told: Any, arguments: list[str], seqs: list[int]) -> None:
    assert [entry["seq"] for entry in json.loads(told("list", folder, "--json", *arguments))["entries"]] == seqs


def test_a_minute_plays_back_as_states(folder: str, told: Any) -> None:
    states = json.loads(told("replay", folder, "--at", "2026-11-21T10:31", "--json"))["states"]
    assert [(state["seq"], state["places"]) for state in states] == [
        (3, {"TAG-1": "2A"}),
        (4, {"TAG-1": "2A"}),
        (5, {"TAG-1": "L1"}),
        (6, {"TAG-1": "L1"}),
    ]
    text = told("replay", folder, "--at", "2026-11-21T10:31")
    assert "after 4 command_given  epoch 3  mode unknown" in text
    assert "command 1 pick lift=L1 place=2A for d1, since 2026-11-21 10:31:15.000Z" in text
    assert "bay     B1 presented d1" in text


def test_a_range_without_ends_is_all_there_is(folder: str, told: Any) -> None:
    states = json.loads(told("replay", folder, "--json"))["states"]
    assert [state["seq"] for state in states] == list(range(9))
    assert states[-1]["alarms"][0]["name"] == "help"


def test_what_was_forgotten_stands_in_the_first_state(
    running: tuple[Database, Journal], folder: str, told: Any
) -> None:
    database, journal = running
    whole = json.loads(told("replay", folder, "--from", "2026-11-21T10:31:40", "--json"))["states"]
    with database.transaction():
        Store(database, SECRET).acknowledge(4)
    journal.forget(4)
    rest = json.loads(told("replay", folder, "--from", "2026-11-21T10:31:40", "--json"))["states"]
    assert [state["places"] for state in rest] == [state["places"] for state in whole]
    assert [state["epoch"] for state in rest] == [3] * len(whole)
    assert "rows 5 to 8 verified" in told("check", folder)
    assert "long ago" in told("replay", folder, "--at", "2026-11-21T10:30")


def test_a_copy_that_nobody_may_write_to_is_read(running: tuple[Database, Journal], tmp_path: Path, told: Any) -> None:
    running[0].forget_old_pages()
    copy = tmp_path / "evidence"
    copy.mkdir()
    shutil.copy(tmp_path / "journal.sqlite", copy / "copy.sqlite")
    (copy / "copy.sqlite").chmod(0o400)
    copy.chmod(0o500)
    try:
        assert len(told("list", str(copy / "copy.sqlite")).splitlines()) == 8
        assert told("check", str(copy / "copy.sqlite")) == "The chain holds: rows 1 to 8 verified.\n"
    finally:
        copy.chmod(0o700)


def test_looking_changes_nothing_and_stops_nobody(running: tuple[Database, Journal], folder: str, told: Any) -> None:
    _, journal = running
    before = list(journal.entries())
    for verb in ("list", "replay", "check"):
        told(verb, folder)
    assert list(journal.entries()) == before
    assert journal.append(Started(control_epoch=4)).seq == 9
    assert len(told("list", folder).splitlines()) == 9


def test_a_broken_chain_is_named(
    running: tuple[Database, Journal], folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    running[0].run("DROP TRIGGER journal_never_changes")
    running[0].run("UPDATE journal SET event = replace(event, '3', '4') WHERE seq = 1")
    assert main(["check", folder]) == 1
    assert "row 1" in capsys.readouterr().err


def test_where_there_is_no_journal_it_says_what_to_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.sqlite").write_text("not a database at all")
    for path, word in ((tmp_path, "name a station's data folder"), (tmp_path / "text.sqlite", "not a database")):
        assert main(["list", str(path)]) == 2
        assert word in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["text.sqlite"]


def test_a_time_that_is_none_is_refused_with_an_example(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["replay", folder, "--at", "yesterday"])
    assert "'yesterday' is no time: write 2026-11-21 or 2026-11-21T10:31" in capsys.readouterr().err


def test_whoever_has_seen_enough_may_go(folder: str) -> None:
    shell = f"{sys.executable} -m vendrive.station journal list {folder} | true; exit ${{PIPESTATUS[0]}}"
    told = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")


def test_the_station_has_it_as_a_command_with_an_example() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "vendrive.station", "journal", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert "--at 2026-11-21T10:31" in shown


def test_a_kind_of_event_that_is_none_is_refused_with_those_that_are(
    folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["list", folder, "--kind", "handed"])
    assert "there is no event 'handed': choose of" in capsys.readouterr().err
    assert main(["list", folder, "--kind", "handed_over"]) == 0
