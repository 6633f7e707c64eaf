"""From every state there is a way back: after a restart in the middle, after work by hand, after patience has ended."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from tests.station.small import Small, run
from tests.tower.ideal import ReadAt
from vendrive.station.admission import Admission
from vendrive.station.controller import BY_HAND, MOST_COMMANDS, WAITS_S
from vendrive.station.database import NotWritten
from vendrive.station.handover import HandOverTalk, Phase
from vendrive.station.link import Link
from vendrive.station.machine import Machine, MachineLost
from vendrive.station.returning import ReturnTalk
from vendrive.station.safety import Safety
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.journal import CommandGiven, CountAccepted, HandedOver, ReturnStarted
from vendrive.wire.machine import Door, Mode, Nose, Operation
from vendrive.wire.orders import OperatorAction, OperatorRequest


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path, "shanghai3", {"TAG-1": "2A", "TAG-2": "3C"})


def presented(small: Small, drive: str = "drive-1", tag: str = "TAG-1") -> None:
    small.verify(small.lend(drive, tag))
    small.settle()
    assert (small.where(tag), small.bay().street_door) == ("B1", Door.open)


def returning(small: Small) -> None:
    """The car of drive-1 was handed over and stands in the bay again, its door open."""
    presented(small)
    small.ideal.stand("B1", "")
    small.settle()
    assert "drive-1" in small.record.facts.out
    lending = small.store.lending("drive-1")
    assert lending is not None
    small.record.write(ReturnStarted(drive_id="drive-1", bay="B1"))
    small.desks["B1"].talk = ReturnTalk(lending, small.desks["B1"].side)
    small.settle()
    assert small.bay().street_door == Door.open
    small.ideal.stand("B1", "TAG-1")
    small.ideal.change("B1", key_in_box=True, length_mm=4000, width_mm=1800, height_mm=1500)
    small.tick()


def declare(small: Small) -> None:
    small.desks["B1"].declare(engine_off=True, key_in_box=True, nobody_inside=True)


def stop(small: Small, on: bool) -> None:
    plc = replace(small.ideal.snapshot.plc, emergency_stop=on)
    small.ideal.snapshot = replace(small.ideal.snapshot, plc=plc)
    small.tick()


def request(action: OperatorAction, **fields: Any) -> OperatorRequest:
    expires_at = datetime(2030, 1, 1, tzinfo=UTC)
    return OperatorRequest(action=action, staff="one", second="two", expires_at=expires_at, **fields)


def put_by_hand(small: Small, tag: str, place: str) -> None:
    small.ideal.stand(small.where(tag), "")
    small.ideal.stand(place, tag)


# The controller of the machine


def test_a_controller_that_restarted_behind_a_standing_connection_is_taken_control_of_again(small: Small) -> None:
    small.link.plc_epoch, small.link.control_epoch = 2, 0
    with pytest.raises(MachineLost, match="anew"):
        small.tick()  # the link connects anew
    small.connect()
    presented(small)


# A count while a transfer is out


@pytest.mark.parametrize("read_at", ["place", "nowhere", "lift"])
def test_a_car_between_two_places_is_counted_when_it_has_arrived(small: Small, read_at: ReadAt) -> None:
    small.verify(small.lend("drive-1", "TAG-1"))
    small.ideal.cut(small.until_running("pick"), read_at)
    small.start()
    small.settle()
    assert small.alarms == set()
    assert small.where("TAG-1") == "B1"
    assert small.record.facts.places["TAG-1"] == "B1"


@pytest.mark.parametrize("read_at", ["place", "nowhere", "lift"])
def test_a_transfer_that_is_out_for_nobody_is_ended_and_others_are_served(small: Small, read_at: ReadAt) -> None:
    small.verify(small.lend("drive-1", "TAG-1"))
    small.ideal.cut(small.until_running("pick"), read_at)
    small.desks["B1"].talk = None
    presented(small, "drive-2", "TAG-2")
    assert small.where("TAG-1") in {slot.name for slot in small.layout.slots}


# What a restart must not lose


@pytest.mark.parametrize("read_at", ["place", "nowhere", "lift"])
def test_a_return_that_a_restart_finds_between_bay_and_lift_is_over_when_the_car_is_stored(
    small: Small, read_at: ReadAt
) -> None:
    returning(small)
    declare(small)
    small.ideal.cut(small.until_running("pick"), read_at)
    small.start()
    small.settle()
    assert [event.drive_id for event in small.events("returned")] == ["drive-1"]  # type: ignore[union-attr]


def test_an_alarm_about_refused_commands_ends_with_the_program_that_counted_them(small: Small) -> None:
    small.record.alarm("machine_refused", "B1", "encoder")
    small.start()
    assert small.alarms == set()


async def test_a_stop_that_did_not_reach_the_machine_outlives_a_restart(small: Small) -> None:
    def nowhere() -> Machine:
        raise AssertionError("not connected")

    await Safety(Link(nowhere, small.clock), small.record, small.clock).stop("kiosk")
    small.start()
    link = Link(nowhere, small.clock)
    safety = Safety(link, small.record, small.clock)
    assert link.stop_pending
    link._stop_wanted = None  # it was delivered
    safety.look(small.controller.view(run(small.link.read())))
    assert not [alarm for alarm in small.alarms if "station" in alarm]
    again = Link(nowhere, small.clock)
    Safety(again, small.record, small.clock)
    assert not again.stop_pending


# To whom the street door opens


def test_who_waited_for_hours_while_the_machine_stood_still_is_verified_again(small: Small) -> None:
    small.verify(small.lend("drive-1", "TAG-1"))
    small.until_running("place")
    small.ideal.finish("L1")
    stop(small, True)
    small.clock.advance(4 * 3600)
    small.tick()
    stop(small, False)
    small.settle()
    assert (small.where("TAG-1"), small.bay().street_door) == ("B1", Door.closed)
    assert "open_street_door" not in small.ideal.done
    presented(small)


def test_a_door_that_did_not_open_in_time_opens_to_nobody_later(small: Small) -> None:
    small.verify(small.lend("drive-1", "TAG-1"))
    small.until_running("open_street_door")
    small.ideal.cut("B1")
    stop(small, True)
    small.clock.advance(4 * 3600)
    small.tick()
    stop(small, False)
    small.settle()
    assert small.bay().street_door == Door.closed
    presented(small)


def test_a_staged_car_that_was_moved_by_hand_is_brought_again_and_no_other_is_shown(small: Small) -> None:
    presented(small)
    small.desks["B1"].cancel()
    small.settle()
    assert small.bay().street_door == Door.closed
    put_by_hand(small, "TAG-1", "2A")
    put_by_hand(small, "TAG-2", "B1")
    small.record.write(CountAccepted(places={"TAG-1": "2A", "TAG-2": "B1"}, staff="one", second="two"))
    opened = small.ideal.done.count("open_street_door")
    small.verify(small.lend("drive-1", "TAG-1"))
    small.until_running("open_street_door")
    assert small.where("TAG-1") == "B1"
    assert small.ideal.done.count("open_street_door") == opened


def test_a_newer_order_of_a_drive_brings_its_new_car(small: Small) -> None:
    presented(small)
    small.desks["B1"].cancel()
    small.settle()
    small.verify(small.lend("drive-1", "TAG-2", revision=2))
    small.until_running("open_street_door")
    assert small.where("TAG-2") == "B1"


def test_a_car_of_a_cancelled_drive_does_not_keep_the_bay(small: Small) -> None:
    presented(small)
    small.store.cancel("drive-1", 1)
    small.desks["B1"].cancel()
    small.settle()
    assert small.desks["B1"].talk is None
    assert small.where("TAG-1") in {slot.name for slot in small.layout.slots}


def test_a_car_on_the_only_lift_is_put_aside_until_its_bay_is_clear(tmp_path: Path) -> None:
    small = Small(tmp_path, "shanghai3", {"TAG-1": "2A", "TAG-2": "L1"})
    put_by_hand(small, "TAG-1", "B1")
    small.record.write(CountAccepted(places={"TAG-1": "B1", "TAG-2": "L1"}, staff="one", second="two"))
    small.verify(small.lend("drive-2", "TAG-2"))
    small.settle()
    assert (small.where("TAG-2"), small.bay().street_door) == ("B1", Door.open)
    assert small.where("TAG-1") in {slot.name for slot in small.layout.slots}
    assert small.alarms == set()


def test_a_car_that_drove_in_unasked_is_not_stored_to_make_room(small: Small) -> None:
    small.ideal.stand("3C", "")
    small.record.write(HandedOver(drive_id="drive-2", vehicle_id="vehicle-TAG-2", bay="B1", tag="TAG-2"))
    presented(small)
    small.ideal.stand("B1", "TAG-2")
    small.start()
    small.settle()
    assert small.where("TAG-2") == "B1"
    assert small.bay().street_door == Door.open
    doubts = small.controller.view(run(small.link.read())).believed_doubts
    assert [doubt.about for doubt in doubts] == [("TAG-1", "B1")]


# What staff ask for


async def test_a_step_by_hand_without_an_answer_ends_nothing_but_itself(small: Small) -> None:
    small.by_hand(Mode.manual)
    small.tick()
    step = {"operation": "move_lift", "arguments": {"lift": "L1", "storey": "2"}}
    small.link.lost = True
    await small.staff().obey(request(OperatorAction.manual_step, **step))
    assert [given.operation for given in small.record.facts.open_commands.values()] == ["move_lift"]
    assert small.events("request_refused") == []  # whether it had an effect is not known
    # Nothing else works with an open command: the link connects anew, and behind the new epoch it can come no more.
    assert small.link.ended
    small.link.lost = False
    small.connect()
    assert small.record.facts.open_commands == {}


def test_steps_by_hand_that_fail_are_nobodys_alarm(small: Small) -> None:
    for seq in range(5):
        given = CommandGiven(control_epoch=1, seq=seq, operation="turn", arguments={"bay": "B1"}, purpose="")
        small.record.write(given)
        small.controller._given_for[seq] = BY_HAND
        small.controller._end(seq, "failed", "drive")
    assert small.alarms == set()


# Who shows what to whom


async def test_a_wrong_face_of_who_has_left_does_not_end_the_turn_of_the_next(small: Small) -> None:
    desk, first, second = small.desks["B1"], small.lend("drive-1", "TAG-1"), small.lend("drive-2", "TAG-2")
    first = replace(first, method="face")

    class Slow:
        async def verify_face(self, lending: object, picture: bytes) -> float:
            desk.cancel()
            desk.asking = second
            raise Refused(ErrorCode.face_mismatch)

    desk._admission = cast(Admission, Slow())
    desk.asking = first
    with pytest.raises(Refused):
        await desk.show_face(b"")
    assert desk.asking is second


async def test_a_locked_pin_of_who_has_left_does_not_end_the_turn_of_the_next(small: Small) -> None:
    desk, first, second = small.desks["B1"], small.lend("drive-1", "TAG-1"), small.lend("drive-2", "TAG-2")

    class Slow:
        async def verify_pin(self, lending: object, typed: str) -> None:
            desk.cancel()
            desk.asking = second
            raise Refused(ErrorCode.pin_locked)

    desk._admission = cast(Admission, Slow())
    desk.asking = first
    with pytest.raises(Refused):
        await desk.type_pin("1")
    assert desk.asking is second


def test_who_gave_a_return_up_and_drove_in_all_the_same_may_go_on(small: Small) -> None:
    returning(small)
    small.desks["B1"].talk = None
    desk, lending = small.desks["B1"], small.store.lending("drive-1")

    class Reader:
        def read(self, text: str) -> tuple[object, None]:
            return lending, None

    desk._admission = cast(Admission, Reader())
    desk.show_return_pass("")
    small.tick()
    declare(small)
    small.settle()
    assert len(small.events("returned")) == 1


# Circles


@pytest.mark.parametrize("tidied", [False, True])
def test_a_car_that_is_cleared_from_one_bay_and_asked_for_at_another_goes_there_at_once(
    tmp_path: Path, tidied: bool
) -> None:
    small = Small(tmp_path, "guangzhou42", {"TAG-1": "2A", "TAG-2": "3B", "TAG-3": "4C"})
    asking = small.lend("drive-1", "TAG-1")
    for shown, bay in ((small.lend("drive-3", "TAG-3"), "B2"), (asking, "B1")):
        small.verify(shown, bay)
        small.settle()
        small.desks[bay].cancel()
        small.settle()
    if tidied:
        small.desks["B1"].talk = None
    else:
        small.verify(small.lend("drive-2", "TAG-2"), "B1")
    small.until_running("open_inner_door")
    small.verify(asking, "B2")
    small.settle()
    assert (small.where("TAG-1"), small.bay("B2").street_door) == ("B2", Door.open)
    assert small.where("TAG-2") == ("3B" if tidied else "B1")
    assert small.ideal.done.count("close_street_door") == 2  # for who cancelled; never before who is served
    assert small.alarms == set()


def test_a_sensor_that_never_sees_the_turn_ends_the_turning(tmp_path: Path) -> None:
    small = Small(tmp_path, "carvana34", {"TAG-1": "2A"})
    small.verify(small.lend("drive-1", "TAG-1"))
    for _ in range(400):
        small.tick()
        for part in list(small.ideal.running):
            if part in small.ideal.running:
                small.ideal.finish(part)
        if small.bay().vehicle:
            small.ideal.change("B1", nose=Nose.tower)
    assert small.ideal.done.count(Operation.turn) < MOST_COMMANDS
    assert small.alarms == {"machine_refused B1"}


def test_a_journal_of_a_tower_that_was_rebuilt_is_no_obstacle(small: Small) -> None:
    arguments = {"lift": "L9", "storey": "2"}
    small.record.write(CommandGiven(control_epoch=1, seq=7, operation="move_lift", arguments=arguments, purpose=""))
    small.tick()
    assert small.record.facts.open_commands == {}


def test_a_task_that_waits_and_waits_is_told(small: Small) -> None:
    put_by_hand(small, "TAG-1", "B1")
    small.record.write(CountAccepted(places={"TAG-1": "B1", "TAG-2": "3C"}, staff="one", second="two"))
    small.ideal.change("B1", engine_running=True)
    small.settle()
    small.clock.advance(WAITS_S)
    small.tick()
    assert small.alarms == {"machine_refused B1"}
    small.ideal.change("B1", engine_running=False)
    small.settle()
    assert small.alarms == set()


# A disk that takes nothing for a moment


def refuse_once(monkeypatch: pytest.MonkeyPatch, part: object, verb: str) -> None:
    """Let the next call of this verb find no room on the disk."""
    real = getattr(part, verb)

    def full(*arguments: Any) -> None:
        monkeypatch.setattr(part, verb, real)
        raise NotWritten("disk is full")

    monkeypatch.setattr(part, verb, full)


def test_a_hand_over_is_journaled_once_though_its_check_could_not_be_forgotten(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    presented(small)
    refuse_once(monkeypatch, small.store, "forget_check")
    small.ideal.stand("B1", "")
    with pytest.raises(NotWritten):
        small.tick()
    small.settle()
    assert len(small.events("handed_over")) == 1


def test_the_end_of_a_hand_over_that_could_not_be_written_is_written_later(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    presented(small)
    talk = small.desks["B1"].talk
    assert isinstance(talk, HandOverTalk)
    talk.live, talk.phase = False, Phase.over
    refuse_once(monkeypatch, small.journal, "write")
    with pytest.raises(NotWritten):
        small.tick()
    small.settle()
    assert small.record.facts.handing_over == {}
