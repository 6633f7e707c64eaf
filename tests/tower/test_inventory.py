"""Where cars stand, and what cannot be true."""

from dataclasses import replace

from tests.tower.ideal import IdealMachine, snapshot_of
from vendrive.tower.inventory import choose_slot, contradictions, places, sightings
from vendrive.tower.layout import load_layout
from vendrive.wire.machine import Operation

LAYOUT = load_layout("shanghai3")


def test_each_tag_has_its_place() -> None:
    snapshot = snapshot_of(LAYOUT, {"T1": "2A", "T2": "B1", "T3": "L1"})
    assert places(snapshot) == {"T1": "2A", "T2": "B1", "T3": "L1"}
    assert contradictions(snapshot) == ()


def test_a_car_between_two_places_counts_as_on_the_lift_and_contradicts_nothing() -> None:
    machine = IdealMachine(LAYOUT, snapshot_of(LAYOUT, {"T1": "1D"}))
    machine.cut(Operation.pick, (("lift", "L1"), ("place", "1D")))
    assert sightings(machine.snapshot, "T1") == ("1D", "L1")
    assert places(machine.snapshot) == {"T1": "L1"}
    assert contradictions(machine.snapshot) == ()


def test_what_cannot_be_true_is_said() -> None:
    snapshot = snapshot_of(LAYOUT, {"T1": "2A", "T2": "3A"})
    slots = {slot.name: slot for slot in snapshot.slots}
    slots["2B"] = replace(slots["2B"], occupied=True)
    slots["3A"] = replace(slots["3A"], occupied=False)
    slots["3B"] = replace(slots["3B"], occupied=True, tag="T1")
    assert contradictions(replace(snapshot, slots=tuple(slots.values()))) == (
        "tag T1 is read in 2A and 3B",
        "2B is occupied and no tag is read",
        "tag T2 is read in 3A, which is empty",
    )


def test_a_car_that_a_person_brought_without_a_readable_tag_is_no_contradiction() -> None:
    snapshot = snapshot_of(LAYOUT, {})
    bay = replace(snapshot.bays[0], vehicle=True, in_place=True)
    assert contradictions(replace(snapshot, bays=(bay,))) == ()


def test_the_nearest_free_slot_is_chosen() -> None:
    snapshot = snapshot_of(LAYOUT, {"T1": "1D"})
    assert choose_slot(snapshot, LAYOUT, ()) == "1E"
    assert choose_slot(snapshot, LAYOUT, {"1E", "2A"}) == "2B"


def test_a_full_tower_has_no_slot() -> None:
    full = snapshot_of(LAYOUT, {f"T{at}": slot.name for at, slot in enumerate(LAYOUT.slots)})
    assert choose_slot(full, LAYOUT, ()) is None
    assert choose_slot(snapshot_of(LAYOUT, {}), LAYOUT, {slot.name for slot in LAYOUT.slots}) is None
