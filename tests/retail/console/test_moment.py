"""A moment of a station's journal, played back from the entries that retail holds, as a page and as data."""

import json

import pytest
from django.test import Client

from tests.retail.console.world import html, shanghai, write_journal
from tests.retail.helpers import Outside
from vendrive.retail.console import queries
from vendrive.retail.console.queries import play_back
from vendrive.wire.journal import (
    Alarm,
    AlarmEnded,
    CommandEnded,
    CommandGiven,
    Counted,
    ModeChanged,
    PartLocked,
    PersonVerified,
    Started,
)

PICK = CommandGiven(
    control_epoch=1, seq=4, operation="pick", arguments={"lift": "L1", "place": "2A"}, purpose="hand-over drive-12345"
)
STORY = (
    Started(control_epoch=1),
    Counted(places={"TAG-1": "2A", "TAG-2": "3C"}, reason="start"),
    PartLocked(part="3E", staff="eva"),
    Alarm(name="thing_left", part="B1", source="floor"),
    PersonVerified(drive_id="drive-12345", bay="B2", method="pin", distance=None),
    PICK,
    CommandEnded(seq=4, result="done", reason=""),
    AlarmEnded(name="thing_left", part="B1", source="floor"),
    ModeChanged(mode="manual"),
)


@pytest.fixture
def told(shop: None, outside: Outside) -> None:
    write_journal(outside.clock.now(), *STORY)


@pytest.mark.usefixtures("told")
def test_a_moment_shows_what_was_known_then_and_not_what_came_later(staff: Client) -> None:
    then = html(staff, "/console/journal/moment/", tower="shanghai", seq="6")
    for shown in ("After entry 6 of 9", "Something left in the bay", "car is brought for", "drive-12", "3E", "TAG-1"):
        assert shown in then
    assert "hand-over drive" not in then
    later = html(staff, "/console/journal/moment/", tower="shanghai")
    assert "After entry 9 of 9" in later
    assert "Something left in the bay" not in later


@pytest.mark.usefixtures("told")
def test_a_moment_is_data_too(staff: Client) -> None:
    answer = staff.get("/console/journal/moment/", {"tower": "shanghai", "seq": "7", "format": "json"})
    (state,) = json.loads(answer.content)["states"]
    assert (state["seq"], state["commands"], state["places"]) == (7, [], {"TAG-1": "L1", "TAG-2": "3C"})
    assert [(alarm["name"], alarm["part"]) for alarm in state["alarms"]] == [("thing_left", "B1")]


@pytest.mark.parametrize("seq", ["0", "10", "x", "9" * 40, "-1"])
@pytest.mark.usefixtures("told")
def test_an_entry_that_is_not_there_shows_nothing_or_the_newest(staff: Client, seq: str) -> None:
    shown = html(staff, "/console/journal/moment/", tower="shanghai", seq=seq)
    assert ("After entry 9 of 9" in shown) == (not seq.isdecimal() or len(seq) > 15)


@pytest.mark.usefixtures("told")
def test_a_long_journal_is_played_back_from_its_newer_part_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = play_back(shanghai(), 9)
    assert whole is not None
    assert not whole.partly
    monkeypatch.setattr(queries, "REPLAY_ROWS", 3)
    part = play_back(shanghai(), 9)
    assert part is not None
    assert (part.partly, part.state.mode, part.state.locked) == (True, "manual", {})


@pytest.mark.usefixtures("told")
def test_who_is_not_staff_sees_no_moment() -> None:
    assert Client().get("/console/journal/moment/").status_code == 302
