"""Layouts: the two that come with the program, and what a wrong file says."""

import pytest

from vendrive.tower.layout import LayoutError, load_layout, parse_layout
from vendrive.tower.motion import command_s, retrieve_s, trapezoid_m, trapezoid_s
from vendrive.wire.machine import Operation

GOOD = """
name = "tiny"
storeys = 2
pitch_mm = 2200
[kinematics]
lift_speed_m_s = 1.0
lift_acceleration_m_s2 = 0.4
settle_s = 1.5
transfer_s = 18
door_s = 6
checks_s = 4
[fits]
length_mm = 5300
width_mm = 2300
height_mm = 2000
mass_kg = 2500
[[lifts]]
name = "L1"
[[bays]]
name = "B1"
storey = 1
lift = "L1"
[[slots]]
name = "2A"
storey = 2
column = 1
lift = "L1"
"""


@pytest.mark.parametrize(("name", "slots"), [("shanghai3", 12), ("nanjing3", 8)])
def test_the_layouts_of_the_program_load(name: str, slots: int) -> None:
    layout = load_layout(name)
    assert (layout.storeys, len(layout.slots), len(layout.bays), len(layout.lifts)) == (3, slots, 1, 1)
    assert layout.storey_of("B1") == 1
    assert layout.storey_of(layout.slots[-1].name) == 3
    assert layout.level_mm(3) == 4400


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("storeys = 2", "storeys = true", r"tower\.toml: storeys: must be a whole number from 2 to 99, not True"),
        ("transfer_s = 18", "transfer_s = 0", r"tower\.toml: kinematics\.transfer_s: must be a number above 0"),
        ("door_s = 6", "dor_s = 6", r"tower\.toml: kinematics\.dor_s: is not a key of a layout"),
        ('name = "2A"', 'name = "3A"', r"tower\.toml: slots\[0\]\.name: must begin with its storey 2, not '3A'"),
        ('lift = "L1"\n[[slots]]', 'lift = "L2"\n[[slots]]', r"tower\.toml: bays\[0\]\.lift: there is no lift 'L2'"),
        ("[fits]", "[fit]", r"tower\.toml: fit: is not a key of a layout"),
        ("pitch_mm = 2200", "pitch_mm = ", r"tower\.toml: \(whole file\)"),
        ("mass_kg = 2500", "mass_kg = 2500.5", r"tower\.toml: fits\.mass_kg: must be a whole number"),
    ],
)
def test_a_wrong_file_is_named_with_its_key(old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(LayoutError, match=message):
        parse_layout(GOOD.replace(old, new, 1), "tower.toml")


def test_a_name_twice_is_refused() -> None:
    twice = GOOD + GOOD[GOOD.index("[[slots]]") :]
    with pytest.raises(LayoutError, match=r"slots\[1\]\.name: '2A' is there twice"):
        parse_layout(twice, "tower.toml")


def test_a_slot_that_is_not_there_is_a_key_error() -> None:
    layout = parse_layout(GOOD, "tower.toml")
    with pytest.raises(KeyError):
        layout.slot("9Z")
    with pytest.raises(KeyError):
        layout.storey_of("L1")


def test_a_short_trip_is_a_triangle_and_a_long_one_a_trapezoid() -> None:
    assert trapezoid_s(1.6, 1.0, 0.4) == pytest.approx(4.0)
    assert trapezoid_s(4.4, 1.0, 0.4) == pytest.approx(6.9)
    assert trapezoid_s(-4.4, 1.0, 0.4) == pytest.approx(6.9)


@pytest.mark.parametrize("distance", [0.0, 0.4, 2.5, 9.0])
def test_a_trip_begins_and_ends_where_it_should_and_never_turns_back(distance: float) -> None:
    total = trapezoid_s(distance, 1.0, 0.4)
    path = [trapezoid_m(total * step / 50, distance, 1.0, 0.4) for step in range(51)]
    assert path == sorted(path)
    assert path[0] == 0.0
    assert path[-1] == pytest.approx(distance)


def test_what_a_planner_expects_of_a_retrieval() -> None:
    layout = load_layout("shanghai3")
    assert command_s(layout, Operation.pick) == 18.0
    assert command_s(layout, Operation.open_street_door) == 6.0
    assert retrieve_s(layout, "3C", "B1") == pytest.approx(2 * (6.9 + 1.5) + 36 + 12)
