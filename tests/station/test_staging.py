"""A booked car waits in a free bay before its person comes, behind a closed door; whoever is here comes first."""

from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from tests.station.small import Small, run
from vendrive.station.admission import Admission
from vendrive.station.handover import HandOverTalk
from vendrive.station.kiosk.state import kiosk_state
from vendrive.station.link import Link
from vendrive.station.outlook import slot_for
from vendrive.station.returning import ReturnTalk
from vendrive.station.store import Lending
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.journal import CommandGiven, HandedOver
from vendrive.wire.machine import Door

SOON = timedelta(minutes=4)
OPENED = "open_street_door"


@pytest.fixture
def tower(tmp_path: Path) -> Small:
    """Two bays, one lift; `a` is booked for in four minutes."""
    return Small(tmp_path, "guangzhou42", {"a": "5D", "b": "2A", "c": "3C"})


@pytest.fixture
def staged(tower: Small) -> Small:
    """The booked car stands in a bay, and nobody has come."""
    tower.lend("booked", "a", promised_at=tower.clock.now() + SOON)
    tower.settle()
    assert tower.where("a") == "B1"
    return tower


def operations(tower: Small) -> list[str]:
    return [event.operation for event in tower.events("command_given") if isinstance(event, CommandGiven)]


def let_pass(tower: Small, time: timedelta) -> None:
    tower.clock.advance(time.total_seconds())
    tower.settle()


def test_a_booked_car_is_brought_in_time_and_no_earlier(tower: Small) -> None:
    tower.lend("booked", "a", promised_at=tower.clock.now() + timedelta(minutes=30))
    tower.settle()
    let_pass(tower, timedelta(minutes=20))
    assert (tower.where("a"), operations(tower)) == ("5D", [])
    let_pass(tower, timedelta(minutes=4))
    assert tower.where("a") == "B1"
    assert tower.bay().street_door == tower.bay().inner_door == Door.closed
    assert OPENED not in operations(tower)


def test_its_person_finds_it_there_and_nothing_but_the_door_moves(staged: Small) -> None:
    before = operations(staged)
    staged.verify(staged.lend("booked", "a", revision=2))
    staged.settle()
    assert operations(staged)[len(before) :] == [OPENED]
    assert staged.bay().street_door == Door.open


def test_who_is_only_asked_or_refused_moves_nothing_and_opens_nothing(staged: Small) -> None:
    before, desk = operations(staged), staged.desks["B1"]
    for drive, tag in (("booked", "a"), ("other", "b")):
        desk.asking = staged.lend(drive, tag, revision=3)
        staged.settle()
        desk.refuse(drive, ErrorCode.face_mismatch)
        desk.asking = None
        staged.settle()
    assert operations(staged) == before
    assert (staged.where("a"), staged.bay().street_door) == ("B1", Door.closed)


def test_another_persons_car_takes_its_place_and_the_door_opens_to_that_one_alone(staged: Small) -> None:
    staged.verify(staged.lend("other", "b"))
    staged.settle()
    assert staged.where("b") == "B1"
    assert staged.layout.is_slot(staged.where("a"))
    assert operations(staged).count(OPENED) == 1
    assert isinstance(staged.desks["B1"].talk, HandOverTalk)


def test_at_another_bay_its_person_is_told_where_it_waits(staged: Small) -> None:
    desk = staged.desks["B2"]
    with pytest.raises(Refused) as refused:
        desk._check_here("booked")
    assert (refused.value.code, refused.value.details["bay"]) == (ErrorCode.at_other_bay, "B1")


def test_who_brings_a_car_to_where_another_waits_is_sent_to_a_free_bay_once(staged: Small) -> None:
    lent = out_on_the_road(staged)
    assert bring_back(staged, lent, "B1") == "B2"
    before = operations(staged)
    staged.settle()
    assert (staged.where("a"), operations(staged)) == ("B1", before)
    # Who cannot get there is taken here.
    assert bring_back(staged, lent, "B1") == ""
    assert isinstance(staged.desks["B1"].talk, ReturnTalk)


@pytest.mark.parametrize("why", ["occupied", "somebody", "open", "asked", "locked"])
def test_nobody_is_sent_to_a_bay_that_is_not_free(staged: Small, why: str) -> None:
    lent = out_on_the_road(staged)
    match why:
        case "occupied":
            staged.ideal.stand("B2", "c")
        case "somebody":
            staged.ideal.change("B2", scanner=True)
        case "open":
            staged.ideal.change("B2", street_door=Door.open)
        case "asked":
            staged.desks["B2"].asking = staged.lend("other", "c")
        case _:
            staged.ideal.change("B2", locked_out=True)
    staged.link.snapshot = run(staged.link.read())
    assert bring_back(staged, lent, "B1") == ""


def out_on_the_road(tower: Small) -> Lending:
    """The car `b` is lent and on the road."""
    lending = tower.lend("lent", "b").lending
    tower.ideal.stand("2A", "")
    tower.record.write(HandedOver(drive_id="lent", vehicle_id=lending.vehicle.vehicle_id, bay="B2", tag="b"))
    tower.settle()
    return lending


def bring_back(tower: Small, lending: Lending, bay: str) -> str:
    """Show the pass there; return the bay to which the person is sent instead."""
    desk = tower.desks[bay]

    class Reader:
        def read(self, text: str) -> tuple[Lending, None]:
            return lending, None

    desk._admission = cast(Admission, Reader())
    try:
        desk.show_return_pass("")
    except Refused as refused:
        return str(refused.details.get("bay", refused.code))
    return ""


def test_a_car_on_its_way_to_one_bay_goes_to_where_its_person_is_verified(tower: Small) -> None:
    asking = tower.lend("booked", "a", promised_at=tower.clock.now() + SOON)
    tower.until_running("pick")
    tower.verify(asking, "B2")
    tower.settle()
    assert tower.where("a") == "B2"
    assert [
        event.arguments["bay"]
        for event in tower.events("command_given")
        if isinstance(event, CommandGiven) and event.operation == OPENED
    ] == ["B2"]


def test_who_brings_a_car_is_let_in_when_the_waiting_one_is_in_its_slot(staged: Small) -> None:
    desk = staged.desks["B1"]
    lending = staged.lend("back", "x").lending
    staged.record.facts.out["back"] = "vehicle-x"
    snapshot = staged.link.snapshot
    assert snapshot is not None
    desk._check_room(snapshot, "x")
    desk.talk = ReturnTalk(lending, desk.side, desk._waiting_here(snapshot))
    staged.until_running("pick")
    assert staged.bay().street_door == Door.closed
    shown = kiosk_state(desk, cast(Link, staged.link), "en")
    assert shown.error is not None
    assert (shown.screen, shown.error.code) == ("drive_in", "bay_clearing")
    staged.settle()
    assert staged.layout.is_slot(staged.where("a"))
    assert operations(staged)[-1] == OPENED
    assert staged.bay().empty


def test_a_full_tower_lets_nobody_in_whose_slot_the_waiting_car_may_need(tmp_path: Path) -> None:
    full = {
        f"c{at}": slot for at, slot in enumerate(("1D", "1E", "2A", "2B", "2C", "2D", "2E", "3A", "3B", "3C", "3D"))
    }
    tower = Small(tmp_path, "shanghai3", full)
    tower.lend("booked", "c2", promised_at=tower.clock.now() + timedelta(seconds=90))
    tower.settle()
    assert tower.where("c2") == "B1"
    snapshot = tower.link.snapshot
    assert snapshot is not None
    tower.desks["B1"]._check_room(snapshot, "x")
    slots = [slot for slot in snapshot.slots if not slot.occupied]
    tower.record.facts.locked[slots[0].name] = "staff"
    with pytest.raises(Refused) as refused:
        tower.desks["B1"]._check_room(snapshot, "x")
    assert refused.value.code is ErrorCode.no_room


def test_a_car_for_which_nobody_came_goes_back_and_one_that_is_cancelled_too(staged: Small) -> None:
    staged.store.cancel("booked", 9)
    staged.settle()
    assert staged.layout.is_slot(staged.where("a"))
    staged.lend("again", "a", promised_at=staged.clock.now() + SOON)
    staged.settle()
    assert not staged.layout.is_slot(staged.where("a"))
    let_pass(staged, timedelta(hours=7))
    assert staged.layout.is_slot(staged.where("a"))


def test_a_station_that_starts_again_leaves_it_where_it_waits(staged: Small) -> None:
    before = operations(staged)
    staged.start()
    staged.settle()
    assert (staged.where("a"), operations(staged)) == ("B1", before)


def test_somebody_in_the_bay_keeps_every_car_out_of_it_and_the_other_bay_is_used(tower: Small) -> None:
    tower.ideal.change("B1", scanner=True)
    tower.lend("booked", "a", promised_at=tower.clock.now() + SOON)
    tower.settle()
    # The last free bay is kept for others until the car must come.
    assert tower.where("a") == "5D"
    let_pass(tower, timedelta(minutes=2, seconds=30))
    assert tower.where("a") == "B2"


def test_a_returned_car_that_is_wanted_soon_is_not_put_behind_another(tmp_path: Path) -> None:
    """The slot is the policy's choice: two deep, who is wanted soon stands before a car that nobody has booked."""
    tower = Small(tmp_path, "singapore60", {"a": "B1", "other": "2A"})
    side, snapshot = tower.desks["B1"].side, tower.link.snapshot
    assert snapshot is not None
    tower.controller.want("B1", None)
    assert tower.layout.slot(side.free_slot("a", "B1", snapshot) or "").behind
    tower.lend("booked", "a", promised_at=tower.clock.now() + timedelta(hours=1))
    assert side.free_slot("a", "B1", snapshot) == "2B"


def test_the_policys_choice_is_taken_only_where_the_slot_is_free_by_sensors_and_journal(staged: Small) -> None:
    side, snapshot = staged.desks["B1"].side, staged.link.snapshot
    assert snapshot is not None
    chosen = side.free_slot("a", "B1", snapshot)
    assert chosen is not None
    staged.record.facts.locked[chosen] = "staff"
    assert side.free_slot("a", "B1", snapshot) not in (None, chosen)
    assert slot_for(side, "a", "B1", snapshot, ()) is None


def test_a_cancellation_that_was_undone_is_not_remembered(tower: Small) -> None:
    lending, store = tower.lend("booked", "a").lending, tower.store

    def cancelled_in_vain() -> None:
        with store._database.transaction():
            store.cancel("booked", lending.revision)
            assert store.is_cancelled(lending)
            assert store.upcoming(tower.clock.now()) == []
            raise RuntimeError("undone")

    with pytest.raises(RuntimeError, match="undone"):
        cancelled_in_vain()
    assert not store.is_cancelled(lending)
    assert store.upcoming(tower.clock.now()) == [lending]


def test_who_was_handed_over_or_cancelled_is_not_upcoming(tower: Small) -> None:
    tower.lend("one", "a")
    tower.lend("two", "b")
    tower.store.forget_check("one")
    assert [one.drive_id for one in tower.store.upcoming(tower.clock.now())] == ["two"]
    tower.store.cancel("two", 1)
    assert tower.store.upcoming(tower.clock.now()) == []
