"""What stands behind a closed street door has not left; a key that is gone, and people in the way, end in a way on."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from tests.station.small import Small, run
from vendrive.station.admission import Admission
from vendrive.station.handover import NOBODY_CAME_S, STUCK_S
from vendrive.station.kiosk.state import kiosk_state
from vendrive.station.link import Link
from vendrive.station.returning import Phase, ReturnTalk
from vendrive.station.store import Lending
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.journal import CommandGiven, CountAccepted, HandOverAborted, ReturnStarted
from vendrive.wire.machine import Door, Mode, Operation
from vendrive.wire.orders import OperatorAction, OperatorRequest


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path, "shanghai3", {"TAG-1": "2A", "TAG-2": "3C"})


def presented(small: Small, drive: str = "drive-1", tag: str = "TAG-1", bay: str = "B1") -> None:
    small.verify(small.lend(drive, tag), bay)
    small.settle()
    assert (small.where(tag), small.bay(bay).street_door) == (bay, Door.open)


def staged(small: Small) -> None:
    """The car stands in the bay behind its closed street door, and nobody is there."""
    presented(small)
    small.desks["B1"].cancel()
    small.settle()
    assert (small.where("TAG-1"), small.bay().street_door) == ("B1", Door.closed)


def on_its_way_in(small: Small) -> None:
    """The car has come into the bay and was never presented."""
    small.verify(small.lend("drive-1", "TAG-1"))
    small.until_running("close_inner_door")


def all_sensors_die(small: Small) -> None:
    """The bay says what an empty bay says; its car is where it was."""
    small.ideal.stand("B1", "")
    small.settle()


class Willing:
    """Reads this pass, and lets it pass."""

    def __init__(self, lending: Lending) -> None:
        self.lending = lending

    def read(self, text: str) -> tuple[Lending, None]:
        return self.lending, None

    def check_collect(self, *known: object) -> None:
        """It counts."""


def doubts(small: Small) -> str:
    snapshot = run(small.link.read())
    return "; ".join(doubt.reason for doubt in small.controller.view(snapshot).believed_doubts)


@pytest.mark.parametrize("case", [staged, on_its_way_in])
@pytest.mark.parametrize("restarted", [False, True])
def test_a_bay_whose_sensors_are_dead_has_not_lost_its_car(
    small: Small, case: Callable[[Small], None], restarted: bool
) -> None:
    case(small)
    all_sensors_die(small)
    if restarted:
        small.start()
        small.settle()
    assert small.events("handed_over") == []
    assert "TAG-1 was last in B1" in doubts(small)

    desk = small.desks["B1"]
    desk.talk = None
    given = len(small.events("command_given"))
    small.verify(small.lend("drive-2", "TAG-2"))
    small.settle()
    assert small.where("TAG-2") == "3C"
    assert len(small.events("command_given")) == given


def test_the_street_does_not_open_before_a_car_that_nobody_sees(small: Small) -> None:
    staged(small)
    all_sensors_die(small)
    plc = replace(small.ideal.snapshot.plc, mode=Mode.manual)
    small.ideal.snapshot = replace(small.ideal.snapshot, plc=plc)
    small.tick()
    ask = OperatorRequest(
        action=OperatorAction.manual_step,
        staff="one",
        second="two",
        operation=Operation.open_street_door,
        arguments={"bay": "B1"},
        expires_at=small.clock.now(),
    )
    with pytest.raises(Refused, match="machine_refused"):
        run(small.staff().obey(ask))
    with pytest.raises(Refused, match="machine_contradiction"):
        small.desks["B1"]._check_room(run(small.link.read()), "TAG-9")


def test_a_car_that_drove_off_is_lent_though_the_answer_was_that_its_door_did_not_open(small: Small) -> None:
    presented(small)
    # A command that arrived twice was answered once more: refused, for it was taken already.
    small.record.facts.opened.discard("B1")
    all_sensors_die(small)
    assert len(small.events("handed_over")) == 1
    assert doubts(small) == ""


def test_a_car_that_was_put_away_in_between_is_lent_though_a_sensor_hid_that_it_drove_off(small: Small) -> None:
    presented(small)
    small.desks["B1"].cancel()
    small.settle()
    small.verify(small.lend("drive-2", "TAG-2"))
    small.settle()
    small.ideal.stand("B1", "")
    small.settle()
    presented(small)
    small.ideal.stand("B1", "")
    small.ideal.change("B1", vehicle=True)  # its barrier says the opposite of what is
    small.settle()
    small.desks["B1"].cancel()
    small.settle()
    assert small.bay().street_door == Door.closed
    small.ideal.change("B1", vehicle=False)
    small.record.write(CountAccepted(places={}, staff="one", second="two"))
    small.settle()
    assert [event.drive_id for event in cast(list[Any], small.events("handed_over"))] == ["drive-2", "drive-1"]


def test_a_car_that_drives_off_while_the_lift_is_at_work_at_another_bay_is_lent(tmp_path: Path) -> None:
    small = Small(tmp_path, "guangzhou42", {"TAG-1": "2A", "TAG-2": "3C"})
    presented(small)
    small.verify(small.lend("drive-2", "TAG-2"), "B2")
    small.until_running("place")
    small.ideal.stand("B1", "")
    small.tick()
    assert not small.ideal.snapshot.lift("L1").transfer_home
    assert len(small.events("handed_over")) == 1


def test_once_two_persons_saw_that_it_is_gone_it_is_lent(small: Small) -> None:
    staged(small)
    all_sensors_die(small)
    small.record.write(CountAccepted(places={"TAG-2": "3C"}, staff="one", second="two"))
    small.settle()
    assert [event.drive_id for event in cast(list[Any], small.events("handed_over"))] == ["drive-1"]
    assert doubts(small) == ""


def test_when_the_sensors_are_back_all_goes_on(small: Small) -> None:
    staged(small)
    all_sensors_die(small)
    small.ideal.stand("B1", "TAG-1")
    small.settle()
    assert doubts(small) == ""
    presented(small)
    small.ideal.stand("B1", "")
    small.settle()
    assert len(small.events("handed_over")) == 1


def test_a_door_that_may_have_opened_is_a_way_out_until_it_is_known_to_be_shut(small: Small) -> None:
    presented(small)
    assert small.record.facts.opened == {"B1"}
    small.start()
    assert small.record.facts.opened == {"B1"}
    small.settle()
    assert (small.bay().street_door, small.record.facts.opened) == (Door.closed, set())


# Returns


def returning(small: Small, word: bool = True) -> ReturnTalk:
    """The car of drive-1 was handed over, stands in the bay again, and the word was given."""
    presented(small)
    small.ideal.stand("B1", "")
    small.settle()
    lending = small.store.lending("drive-1")
    assert lending is not None
    small.record.write(ReturnStarted(drive_id="drive-1", bay="B1"))
    desk = small.desks["B1"]
    talk = desk.talk = ReturnTalk(lending, desk.side)
    small.settle()
    small.ideal.stand("B1", "TAG-1")
    small.ideal.change("B1", key_in_box=True, length_mm=4000, width_mm=1800, height_mm=1500)
    small.tick()
    if word:
        desk.declare(engine_off=True, key_in_box=True, nobody_inside=True)
    return talk


def shows_pass(small: Small) -> None:
    desk, lending = small.desks["B1"], small.store.lending("drive-1")
    assert lending is not None
    desk._admission = cast(Admission, Willing(lending))
    desk.show_return_pass("drive-1")


def test_a_returned_car_is_the_towers_from_the_word_on(small: Small) -> None:
    returning(small)
    assert small.record.facts.places["TAG-1"] == "B1"
    small.until_running("close_street_door")
    small.ideal.finish("B1")
    small.tick()
    all_sensors_die(small)
    small.start()
    small.settle()
    assert isinstance(small.desks["B1"].talk, ReturnTalk), "nobody else is served here"
    small.ideal.stand("B1", "TAG-1")
    small.ideal.change("B1", key_in_box=True, length_mm=4000)
    small.settle()
    assert len(small.events("returned")) == 1


def test_a_borrower_who_drives_out_again_leaves_no_doubt(small: Small) -> None:
    talk = returning(small)
    small.until_running("close_street_door")
    small.ideal.cut("B1")
    small.ideal.stand("B1", "")
    small.tick()
    assert talk.phase == Phase.check
    small.settle()
    small.desks["B1"].cancel()
    small.settle()
    assert (small.bay().street_door, doubts(small)) == (Door.closed, "")


def test_a_key_that_is_taken_before_the_door_is_shut_takes_the_word_back(small: Small) -> None:
    talk = returning(small)
    small.until_running("close_street_door")
    small.ideal.change("B1", key_in_box=False)
    small.tick()
    assert talk.phase == Phase.check
    small.settle()
    assert (small.bay().street_door, small.where("TAG-1")) == (Door.open, "B1")


@pytest.mark.parametrize("restarted", [False, True])
def test_a_key_that_is_gone_behind_the_door_holds_the_car_until_its_borrower_is_back(
    small: Small, restarted: bool
) -> None:
    talk = returning(small)
    small.until_running("open_inner_door")
    small.ideal.change("B1", key_in_box=False)
    small.settle()
    if restarted:
        small.start()
        small.settle()
        found = small.desks["B1"].talk
        assert isinstance(found, ReturnTalk)
        talk = found
    assert talk.problem() == ErrorCode.key_gone
    assert (small.where("TAG-1"), small.bay().street_door) == ("B1", Door.closed)
    assert kiosk_state(small.desks["B1"], cast(Link, small.link), "en").screen == "bring"

    small.desks["B1"].ready = True
    shows_pass(small)
    small.settle()
    assert (small.bay().inner_door, small.bay().street_door) == (Door.closed, Door.open)
    small.ideal.change("B1", key_in_box=True)
    small.tick()
    small.desks["B1"].declare(engine_off=True, key_in_box=True, nobody_inside=True)
    small.settle()
    assert small.where("TAG-1") in small.layout._slots_by_name
    assert len(small.events("returned")) == 1


def test_with_its_key_in_the_box_no_pass_opens_the_door_again(small: Small) -> None:
    returning(small)
    small.until_running("open_inner_door")
    small.desks["B1"].ready = True
    with pytest.raises(Refused, match="kiosk_busy"):
        shows_pass(small)
    small.settle()
    assert len(small.events("returned")) == 1


def test_a_word_is_not_taken_back_while_the_lift_takes_the_car(small: Small) -> None:
    talk = returning(small)
    small.until_running("pick")
    small.ideal.change("B1", key_in_box=False)
    small.tick()
    assert talk.key_gone
    small.desks["B1"].ready = True
    with pytest.raises(Refused, match="kiosk_busy"):
        shows_pass(small)
    small.settle()
    assert len(small.events("returned")) == 1


def test_who_leaves_after_a_long_while_has_the_time_of_one_who_has_just_come(small: Small) -> None:
    """However seldom the bay was looked at meanwhile."""
    presented(small)
    small.ideal.change("B1", scanner=True)
    small.tick()
    small.clock.advance(NOBODY_CAME_S + 60)
    small.ideal.change("B1", scanner=False)
    small.tick()
    small.clock.advance(NOBODY_CAME_S - 1)
    small.settle()
    assert small.bay().street_door == Door.open
    small.clock.advance(2)
    small.settle()
    assert small.bay().street_door == Door.closed


def test_a_car_on_its_way_out_of_its_slot_for_nobody_goes_back_to_it(tmp_path: Path) -> None:
    small = Small(tmp_path, "shanghai3", {"TAG-1": "1D", "TAG-2": "3C"})
    small.verify(small.lend("drive-1", "TAG-1"))
    small.until_running("pick")
    small.ideal.stand("1D", "TAG-1", read=False)
    small.ideal.change("L1", tag="TAG-1", loaded=True)
    small.desks["B1"].talk = None
    small.tick()
    small.ideal.finish("L1")
    small.settle()
    assert small.where("TAG-1") == "1D"


# A loaded lift, and somebody or something in the bay


def loaded_before_a_bag(small: Small) -> None:
    small.verify(small.lend("drive-1", "TAG-1"))
    small.until_running("pick")
    small.ideal.change("B1", floor=True)
    small.settle()
    assert small.where("TAG-1").startswith("L")


def test_a_lift_that_waits_for_a_bag_is_free_again_and_the_car_comes_to_another_bay(tmp_path: Path) -> None:
    small = Small(tmp_path, "guangzhou42", {"TAG-1": "2A", "TAG-2": "3B"})
    loaded_before_a_bag(small)
    told = kiosk_state(small.desks["B1"], cast(Link, small.link), "en").error
    assert told is not None
    assert told.code == ErrorCode.person_in_bay

    small.clock.advance(STUCK_S + 1)
    small.settle()
    aborted = [event.code for event in small.events("hand_over_aborted") if isinstance(event, HandOverAborted)]
    assert aborted == [ErrorCode.person_in_bay]
    assert small.layout.is_slot(small.where("TAG-1"))

    small.verify(small.lend("drive-1", "TAG-1", revision=2), "B2")
    small.settle()
    assert (small.where("TAG-1"), small.bay("B2").street_door) == ("B2", Door.open)


def test_somebody_who_is_gone_in_time_keeps_nobody_from_their_car(small: Small) -> None:
    loaded_before_a_bag(small)
    small.clock.advance(STUCK_S - 1)
    small.tick()
    small.ideal.change("B1", floor=False)
    small.settle()
    assert (small.where("TAG-1"), small.bay().street_door) == ("B1", Door.open)
    assert small.events("hand_over_aborted") == []


def test_while_staff_look_for_what_lies_in_the_bay_no_car_is_fetched_in_vain(small: Small) -> None:
    lending = small.lend("drive-1", "TAG-1").lending

    desk = small.desks["B1"]
    desk._admission, desk.ready = cast(Admission, Willing(lending)), True
    small.record.alarm("thing_left", "B1", "floor")
    with pytest.raises(Refused, match="person_in_bay"):
        desk.show_collect_pass("drive-1")
    assert [event for event in small.events("command_given") if isinstance(event, CommandGiven)] == []
