"""From every state there is a way back: after a restart in the middle, after work by hand, after patience has ended."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.station.small import Small
from tests.tower.ideal import ReadAt
from vendrive.station.machine import MachineLost
from vendrive.wire.machine import Door, Nose, Operation


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path, "shanghai3", {"TAG-1": "2A", "TAG-2": "3C"})


def presented(small: Small, drive: str = "drive-1", tag: str = "TAG-1") -> None:
    small.verify(small.lend(drive, tag))
    small.settle()
    assert (small.where(tag), small.bay().street_door) == ("B1", Door.open)


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
