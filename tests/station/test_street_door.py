"""To whom the street door opens: to who was verified, or brings a car, and before no car but theirs."""

from pathlib import Path
from typing import cast

import pytest

from tests.station.small import Small, declare, presented, put_by_hand, returning, run, stop
from vendrive.station.admission import Admission
from vendrive.station.returning import ReturnTalk
from vendrive.station.store import Lending
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.journal import CountAccepted, HandedOver
from vendrive.wire.machine import Door


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path, "shanghai3", {"TAG-1": "2A", "TAG-2": "3C"})


def brings_back(small: Small, drive: str) -> None:
    """The borrower shows the pass at the kiosk."""
    desk = small.desks["B1"]

    class Reader:
        def read(self, text: str) -> tuple[Lending | None, None]:
            return small.store.lending(drive), None

    desk._admission = cast(Admission, Reader())
    desk.show_return_pass("")


# Whoever collects


def test_an_inner_door_whose_closing_was_not_confirmed_closes_again_before_the_street_door_opens(small: Small) -> None:
    small.verify(small.lend("drive-1", "TAG-1"))
    small.until_running("close_inner_door")
    small.ideal.cut("B1")
    small.tick()
    small.clock.advance(1)
    closed = small.ideal.done.count("close_inner_door")
    small.until_running("open_street_door")
    assert small.ideal.done.count("close_inner_door") == closed + 1


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


@pytest.mark.parametrize("came_back_by_hand", [False, True])
def test_a_door_that_was_open_at_a_restart_does_not_stay_so_before_the_towers_car(
    small: Small, came_back_by_hand: bool
) -> None:
    presented(small)
    if came_back_by_hand:
        small.ideal.stand("B1", "")
        small.settle()
        small.ideal.stand("2A", "TAG-1")
        small.record.write(CountAccepted(places={"TAG-1": "2A", "TAG-2": "3C"}, staff="one", second="two"))
        small.clock.advance(10)
        small.settle()
        small.verify(small.lend("drive-5", "TAG-1"))
        small.settle()
        assert (small.where("TAG-1"), small.bay().street_door) == ("B1", Door.open)
    small.desks["B1"].cancel()
    small.start()
    small.settle()
    assert (small.where("TAG-1"), small.bay().street_door) != ("B1", Door.open)


def test_a_booked_car_that_stands_before_a_door_that_closes_is_left_there(small: Small) -> None:
    small.verify(small.lend("drive-1", "TAG-1", promised_at=small.clock.now()))
    small.settle()
    small.desks["B1"].cancel()
    small.start()
    small.settle()
    staging = small.desks["B1"].staging
    assert staging is not None
    assert (staging.drive_id, small.where("TAG-1"), small.bay().street_door) == ("drive-1", "B1", Door.closed)


def test_who_drives_off_while_another_is_served_is_lent_the_car(small: Small) -> None:
    presented(small)
    small.desks["B1"].cancel()
    small.start()
    small.verify(small.lend("drive-2", "TAG-2"))
    small.ideal.stand("B1", "")
    small.settle()
    assert [event.drive_id for event in small.events("handed_over")] == ["drive-1"]  # type: ignore[union-attr]
    assert small.where("TAG-2") == "B1"


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


# Whoever brings a car back


def lent(small: Small, drive: str, tag: str) -> None:
    """The car has left."""
    small.lend(drive, tag)
    small.ideal.stand(small.where(tag), "")
    small.record.write(HandedOver(drive_id=drive, vehicle_id=f"vehicle-{tag}", bay="B1", tag=tag))


@pytest.mark.parametrize("lent_too", [False, True])
def test_a_car_that_is_not_the_borrowers_stays_behind_the_closed_door(small: Small, lent_too: bool) -> None:
    lent(small, "drive-1", "TAG-1")
    if lent_too:
        lent(small, "drive-2", "TAG-2")
    else:
        small.ideal.stand("3C", "")
    lending = small.store.lending("drive-1")
    assert lending is not None
    talk = small.desks["B1"].talk = ReturnTalk(lending, small.desks["B1"].side)
    small.ideal.stand("B1", "TAG-2")
    small.settle()
    assert talk.over
    assert "open_street_door" not in small.ideal.done


def test_no_door_opens_before_a_car_that_is_being_put_there(small: Small) -> None:
    """A transfer shows its car in the bay at its end, and to whoever came meanwhile the bay looks free."""
    lent(small, "drive-2", "TAG-2")
    small.lend("drive-1", "TAG-1", promised_at=small.clock.now())
    small.until_running("place")
    small.ideal.stand("B1", "")
    small.tick()
    with pytest.raises(Refused) as refused:
        brings_back(small, "drive-2")
    assert refused.value.code == ErrorCode.bay_occupied
    assert small.desks["B1"].talk is None


def test_an_open_door_does_not_begin_a_return_anew_whose_car_is_on_the_lift(small: Small) -> None:
    returning(small)
    declare(small)
    small.until_running("close_inner_door")
    small.ideal.finish("B1")
    small.ideal.change("B1", street_door=Door.open)  # staff have opened it by hand
    small.settle()
    assert small.bay().street_door == Door.closed
    assert [event.drive_id for event in small.events("returned")] == ["drive-1"]  # type: ignore[union-attr]


def test_a_car_that_was_tidied_from_a_lift_and_stands_in_a_bay_is_its_desks(small: Small) -> None:
    returning(small)
    declare(small)
    small.ideal.finish(small.until_running("pick"))
    small.desks["B1"].talk = None
    small.ideal.finish(small.until_running("close_inner_door"))
    small.ideal.change("L1", loaded=False, tag="")  # staff bring it back, and open
    small.ideal.stand("B1", "TAG-1")
    small.ideal.change("B1", street_door=Door.open, key_in_box=True, length_mm=4000, width_mm=1800, height_mm=1500)
    small.record.write(CountAccepted(places={"TAG-1": "B1", "TAG-2": "3C"}, staff="one", second="two"))
    small.tick()
    brings_back(small, "drive-1")
    small.settle()
    assert small.bay().street_door == Door.open
    declare(small)
    small.settle()
    assert [event.drive_id for event in small.events("returned")] == ["drive-1"]  # type: ignore[union-attr]


def test_no_return_begins_at_a_bay_whose_door_says_nothing(small: Small) -> None:
    small.lend("drive-1", "TAG-1")
    small.record.write(HandedOver(drive_id="drive-1", vehicle_id="vehicle-TAG-1", bay="B1", tag="TAG-1"))
    small.ideal.change("B1", street_door=Door.between)
    small.tick()
    with pytest.raises(Refused, match=ErrorCode.machine_contradiction):
        brings_back(small, "drive-1")
    assert small.events("return_started") == []


@pytest.mark.parametrize("seen", ["car", "person"])
def test_a_car_that_drove_in_stands_behind_the_closed_door_though_its_sensors_die(small: Small, seen: str) -> None:
    returning(small)
    small.ideal.change("B1", street_door=Door.closed)  # by hand
    small.ideal.stand("B1", "")
    small.settle()
    small.clock.advance(3600)
    small.settle()
    assert small.bay().street_door == Door.closed
    with pytest.raises(Refused, match=ErrorCode.bay_occupied):
        small.desks["B1"].cancel()
    if seen == "car":
        small.ideal.stand("B1", "TAG-1")
    else:
        small.ideal.change("B1", scanner=True)
    small.settle()
    assert small.bay().street_door == Door.open
