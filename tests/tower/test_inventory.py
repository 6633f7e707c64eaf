"""Where cars stand, and what cannot be true."""

from dataclasses import replace
from random import Random

import pytest

from tests.tower.ideal import IdealMachine, ReadAt, snapshot_of
from vendrive.tower.inventory import choose_slot, differences, doubts, places, sightings, usable_slots
from vendrive.tower.layout import Layout, load_layout
from vendrive.tower.view import View
from vendrive.wire.machine import Door, Operation

LAYOUT = load_layout("shanghai3")
DEEP = load_layout("singapore60")
HIGH = load_layout("autostadt400")


def test_each_tag_has_its_place() -> None:
    snapshot = snapshot_of(LAYOUT, {"T1": "2A", "T2": "B1", "T3": "L1"})
    assert places(snapshot) == {"T1": "2A", "T2": "B1", "T3": "L1"}
    assert doubts(snapshot, LAYOUT) == ()
    assert differences(places(snapshot), {}, snapshot, LAYOUT) == ()


@pytest.mark.parametrize("read_at", ["both", "lift", "place", "nowhere"])
def test_a_car_between_two_places_contradicts_nothing(read_at: ReadAt) -> None:
    machine = IdealMachine(LAYOUT, snapshot_of(LAYOUT, {"T1": "1D"}))
    machine.cut(machine.start(Operation.pick, (("lift", "L1"), ("place", "1D"))), read_at)
    seen = {"both": ("1D", "L1"), "lift": ("L1",), "place": ("1D",), "nowhere": ()}[read_at]
    assert sightings(machine.snapshot, "T1") == seen
    assert places(machine.snapshot).get("T1") == (seen[-1] if seen else None)
    assert doubts(machine.snapshot, LAYOUT) == ()
    assert differences({"T1": "1D"}, {"L1": "1D"}, machine.snapshot, LAYOUT) == ()


def test_what_cannot_be_true_is_said_with_the_parts_that_it_is_about() -> None:
    machine = IdealMachine(LAYOUT, snapshot_of(LAYOUT, {"T1": "2A", "T2": "3A"}))
    for name, occupied, tag in (("2B", True, ""), ("3A", False, "T2"), ("3B", True, "T1")):
        machine.put(replace(machine.snapshot.slot(name), occupied=occupied, tag=tag))
    machine.change("B1", mass_kg=1400)
    found = {doubt.reason: set(doubt.about) for doubt in doubts(machine.snapshot, LAYOUT)}
    assert found == {
        "tag T1 is read in 2A and 3B": {"T1", "2A", "3B"},
        "2B is occupied and no tag is read": {"2B"},
        "3A is empty and tag T2 is read there": {"3A", "T2"},
        "B1 is empty by its light barrier, and its scale shows 1400 kg": {"B1"},
    }


def test_a_car_that_a_person_brought_without_a_readable_tag_is_no_contradiction() -> None:
    machine = IdealMachine(LAYOUT, snapshot_of(LAYOUT, {}))
    machine.change("B1", vehicle=True, in_place=True, mass_kg=1400)
    assert doubts(machine.snapshot, LAYOUT) == ()


def test_a_car_that_is_not_where_the_journal_knows_it_is_in_doubt() -> None:
    snapshot = snapshot_of(LAYOUT, {"T1": "2A"})
    gone, moved = differences({"T1": "3A", "T2": "2B", "T3": "B1"}, {}, snapshot, LAYOUT, {"B1"})
    assert (gone.about, gone.reason) == (("T1", "3A", "2A"), "tag T1 was last in 3A and is read in 2A")
    assert (moved.about, moved.reason) == (("T2", "2B"), "tag T2 was last in 2B and is read nowhere")


def test_a_car_leaves_a_bay_by_its_open_street_door_alone() -> None:
    machine = IdealMachine(LAYOUT, snapshot_of(LAYOUT, {}))
    assert differences({"T1": "B1"}, {}, machine.snapshot, LAYOUT, {"B1"}) == ()
    (shut_in,) = differences({"T1": "B1"}, {}, machine.snapshot, LAYOUT)
    assert (shut_in.about, shut_in.reason) == (("T1", "B1"), "tag T1 was last in B1 and is read nowhere")
    machine.change("B1", vehicle=True)
    assert differences({"T1": "B1"}, {}, machine.snapshot, LAYOUT) == (), "it stands there, and its tag is unread"
    machine.change("B1", vehicle=False, street_door=Door.open)
    assert differences({"T1": "B1"}, {}, machine.snapshot, LAYOUT) == (), "the door says so, whatever was commanded"


def test_a_transfer_at_one_bay_explains_no_car_that_vanished_behind_the_inner_door_of_another() -> None:
    layout = load_layout("guangzhou42")
    machine = IdealMachine(layout, snapshot_of(layout, {"T2": "B2"}))
    machine.change("L1", transfer_home=False, loaded=True)
    machine.change("B2", inner_door=Door.open, tag="")
    belief = {"T1": "B1", "T2": "B2"}
    (shut_in,) = differences(belief, {}, machine.snapshot, layout)
    assert shut_in.about == ("T1", "B1")
    assert View(machine.snapshot, layout, belief).vanished("B1")
    machine.change("B1", inner_door=Door.open)
    assert differences(belief, {}, machine.snapshot, layout) == (), "it may be on the transfer"


def test_a_transfer_of_unknown_end_may_have_come_to_either() -> None:
    snapshot = snapshot_of(LAYOUT, {"T1": "2A"})
    assert differences({"T1": "L1"}, {"L1": "2A"}, snapshot, LAYOUT) == ()
    assert differences({"T1": "L1"}, {"L1": "2B"}, snapshot, LAYOUT) != ()


@pytest.mark.parametrize("place", ["2A", "B1"])
@pytest.mark.parametrize("known", [True, False])
def test_a_car_that_is_read_at_neither_end_of_its_transfer_leaves_both_in_doubt(place: str, known: bool) -> None:
    """The platform's switch and reader fail together: what looks like an empty lift may carry a car."""
    belief = {"T1": place} if known else {}
    (doubt,) = differences(belief, {"L1": place}, snapshot_of(LAYOUT, {}), LAYOUT)
    assert {"L1", place} <= set(doubt.about)


def test_the_nearest_free_slot_is_chosen() -> None:
    snapshot = snapshot_of(LAYOUT, {"T1": "1D"})
    assert choose_slot(snapshot, LAYOUT, (), ("L1",)) == "1E"
    assert choose_slot(snapshot, LAYOUT, {"1E", "2A"}, ("L1",)) == "2B"
    machine = IdealMachine(LAYOUT, snapshot)
    machine.put(replace(snapshot.slot("1E"), locked_out=True))
    assert choose_slot(machine.snapshot, LAYOUT, (), ("L1",)) == "2A"


def test_a_slot_is_chosen_for_a_lift_that_serves_it() -> None:
    snapshot = snapshot_of(HIGH, {})
    assert choose_slot(snapshot, HIGH, (), ("L1", "L2")) == "3A"
    assert choose_slot(snapshot, HIGH, (), ()) is None


def test_of_a_double_deep_pair_the_one_behind_is_filled_first_and_none_is_shut_in() -> None:
    assert choose_slot(snapshot_of(DEEP, {}), DEEP, (), ("L1",)) == "2A"
    assert choose_slot(snapshot_of(DEEP, {"T1": "2A"}), DEEP, (), ("L1",)) == "2D"
    assert choose_slot(snapshot_of(DEEP, {"T1": "2A"}), DEEP, {"2D"}, ("L1",)) == "3A"
    behind = {f"T{at}": slot.name for at, slot in enumerate(DEEP.slots) if slot.behind and slot.name != "2D"}
    assert choose_slot(snapshot_of(DEEP, behind), DEEP, {"2D"}, ("L1",)) == "2B", "2D is on its way to be filled"
    hidden = {slot.name for slot in DEEP.slots} - {"2A"}
    assert choose_slot(snapshot_of(DEEP, {}), DEEP, hidden, ("L1",)) is None, "2A lies behind a slot that is taken"
    filled: dict[str, str] = {}
    while slot := choose_slot(snapshot_of(DEEP, filled), DEEP, (), ("L1",)):
        filled[f"T{len(filled)}"] = slot
    assert len(filled) == 60


def test_a_full_tower_has_no_slot() -> None:
    full = snapshot_of(LAYOUT, {f"T{at}": slot.name for at, slot in enumerate(LAYOUT.slots)})
    assert choose_slot(full, LAYOUT, (), ("L1",)) is None
    assert choose_slot(snapshot_of(LAYOUT, {}), LAYOUT, {slot.name for slot in LAYOUT.slots}, ("L1",)) is None


@pytest.mark.parametrize("layout", [LAYOUT, DEEP, HIGH], ids=lambda layout: layout.name)
@pytest.mark.parametrize("seed", range(3))
def test_as_many_slots_are_usable_as_cars_can_be_stored_one_after_the_other(layout: Layout, seed: int) -> None:
    rng = Random(seed)
    taken = rng.sample([slot.name for slot in layout.slots], len(layout.slots) * 3 // 5)
    snapshot = snapshot_of(layout, {f"T{at}": name for at, name in enumerate(taken)})
    lifts = layout.bays[0].lifts
    usable, reserved = {slot.name for slot in usable_slots(snapshot, layout, (), lifts)}, set[str]()
    while slot := choose_slot(snapshot, layout, reserved, lifts):
        reserved.add(slot)
    assert usable == reserved
    assert usable
