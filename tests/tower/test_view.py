"""What is known at one moment, from sensors, journal and staff."""

from dataclasses import replace

import pytest

from tests.tower.ideal import IdealMachine, seen, snapshot_of
from vendrive.tower.layout import load_layout
from vendrive.tower.view import View, open_zone_presence, presence
from vendrive.wire.machine import Door, Mode

LAYOUT = load_layout("guangzhou42")


def view(**lift: object) -> View:
    machine = IdealMachine(LAYOUT, snapshot_of(LAYOUT, {"T1": "2A"}))
    machine.change("L1", **lift)
    return seen(machine.snapshot, LAYOUT)


def test_a_part_is_out_of_service_for_its_fault_its_padlock_or_a_lock_of_staff() -> None:
    assert view().out_of_service("L1") == view().out_of_service("2A") == view().out_of_service("B1") == ""
    assert view(fault="drive").out_of_service("L1") == "L1: drive"
    assert view(locked_out=True).out_of_service("L1") == "L1 is locked out"
    locked = replace(view(), locked=frozenset({"2A", "B2"}))
    assert locked.out_of_service("2A") == "2A is locked by staff"
    assert locked.out_of_service("B2") == "B2 is locked by staff"
    assert locked.out_of_service("B1") == ""
    with pytest.raises(KeyError):
        locked.out_of_service("B9")


def test_a_lift_is_unfit_while_anything_about_it_is_unknown_or_alive() -> None:
    assert view().unfit("L1") == ""
    assert view(fault="drive").unfit("L1") == "L1: drive"
    assert view(loaded=True).unfit("L1") == "L1 is occupied and no tag is read"
    assert view(movement=True).unfit("L1") == "something moves in the car on L1"


def test_a_doubt_is_found_by_any_of_its_names() -> None:
    doubted = replace(view(), belief={"T1": "3A"})
    assert doubted.believed == {"3A": "T1"}
    for name in ("T1", "2A", "3A"):
        doubt = doubted.doubt_about("other", name)
        assert doubt is not None
        assert doubt.reason == "tag T1 was last in 3A and is read in 2A"
    assert doubted.doubt_about("2B", "L1") is None
    assert replace(doubted, unsettled={"2A": "3A"}).doubts == ()


def test_the_machine_is_ready_in_the_mode_that_is_asked_for() -> None:
    assert view().not_ready() == ""
    assert view().not_ready(Mode.manual) == "the key switch says automatic"


def test_lifts_at_a_place_stand_still_there() -> None:
    assert [lift.name for lift in view().lifts_at("B1")] == ["L1"]
    assert view().lifts_at("2A") == ()
    assert view(moving=True).lifts_at("B1") == ()
    assert [lift.name for lift in view(storey=2).lifts_at("2A")] == ["L1"]


def test_somebody_behind_an_open_inner_door_is_named_with_all_that_sees_them() -> None:
    machine = IdealMachine(LAYOUT, snapshot_of(LAYOUT, {}))
    machine.change("B2", scanner=True, cabin=True)
    told = "a person is sensed in B2 by scanner and cabin"
    assert presence(machine.snapshot.bay("B2")) == told
    assert open_zone_presence(machine.snapshot) == ""
    machine.change("B2", inner_door=Door.between)
    assert open_zone_presence(machine.snapshot) == f"{told} and its inner door is not closed"
    assert seen(machine.snapshot, LAYOUT).not_ready() == f"{told} and its inner door is not closed"
