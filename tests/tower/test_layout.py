"""Layouts: the six that come with the program, and what a wrong file says."""

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
turn_s = 18
[fits]
length_mm = 5300
width_mm = 2300
height_mm = 2000
mass_kg = 2500
[[ways]]
name = "W1"
lowest = 0
highest = 2
[[lifts]]
name = "L1"
way = "W1"
[[bays]]
name = "B1"
storey = 1
lifts = ["L1"]
[[slots]]
first = 1
last = 2
columns = "BC"
lifts = ["L1"]
[[slots]]
first = 2
last = 2
columns = "A"
behind = "B"
lifts = ["L1"]
"""
SECOND_LIFT = '[[lifts]]\nname = "L2"\nway = "W1"\n'


@pytest.mark.parametrize(
    ("name", "storeys", "slots", "lifts", "bays", "turntables", "behind"),
    [
        ("nanjing3", 3, 8, 1, 1, 0, 0),
        ("shanghai3", 3, 12, 1, 1, 0, 0),
        ("guangzhou42", 7, 42, 1, 2, 0, 0),
        ("carvana34", 9, 34, 1, 3, 3, 0),
        ("singapore60", 16, 60, 1, 1, 0, 30),
        ("autostadt400", 23, 400, 2, 2, 0, 0),
    ],
)
def test_the_layouts_of_the_program_load(
    name: str, storeys: int, slots: int, lifts: int, bays: int, turntables: int, behind: int
) -> None:
    layout = load_layout(name)
    sizes = (layout.storeys, len(layout.slots), len(layout.lifts), len(layout.bays))
    assert sizes == (storeys, slots, lifts, bays)
    assert sum(bay.turntable for bay in layout.bays) == turntables
    assert len([slot for slot in layout.slots if slot.behind]) == behind
    assert layout.storey_of("B1") == 1
    assert layout.level_mm(3) == 4400


def test_what_each_tower_is_known_for() -> None:
    tiers = {name: sorted({slot.storey for slot in load_layout(name).slots}) for name in ("carvana34", "guangzhou42")}
    assert len(tiers["carvana34"]) == 8
    assert len(tiers["guangzhou42"]) == 6
    deep, high = load_layout("singapore60"), load_layout("autostadt400")
    assert (deep.slot("4A").behind, deep.hidden_by("4B"), deep.hidden_by("4A")) == ("4B", "4A", "")
    assert [(lift.way, lift.lowest, lift.highest) for lift in high.lifts] == [("W1", 0, 22), ("W1", 1, 23)]
    assert [other.name for other in high.beside("L1")] == ["L2"]
    assert high.is_below("L1", "L2")
    assert not high.is_below("L2", "L1")
    assert [high.serving(place) for place in ("B1", "B2", "9A")] == [("L1",), ("L2",), ("L1", "L2")]
    assert [high.serving(bay, absent) for bay, absent in (("B1", ["L1"]), ("B2", ["L2"]))] == [("L2",), ("L1",)]
    assert {len([s for s in high.slots if s.storey == storey]) for storey in range(3, 23)} == {20}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("storeys = 2", "storeys = true", r"tower\.toml: storeys: must be a whole number from 2 to 99, not True"),
        ("transfer_s = 18", "transfer_s = 0", r"tower\.toml: kinematics\.transfer_s: must be a number above 0"),
        ("door_s = 6", "dor_s = 6", r"tower\.toml: kinematics\.dor_s: is not a key of a layout"),
        ("turn_s = 18\n", "", r"tower\.toml: kinematics\.turn_s: must be a number above 0, not None"),
        ("[fits]", "[fit]", r"tower\.toml: fit: is not a key of a layout"),
        ("pitch_mm = 2200", "pitch_mm = ", r"tower\.toml: \(whole file\)"),
        ("mass_kg = 2500", "mass_kg = 2500.5", r"tower\.toml: fits\.mass_kg: must be a whole number"),
        ("highest = 2", "highest = 3", r"tower\.toml: ways\[0\]\.highest: must be a whole number from 1 to 2, not 3"),
        ('way = "W1"', 'way = "W2"', r"tower\.toml: lifts\[0\]\.way: there is no way 'W2'"),
        ('name = "L1"', 'name = "lift"', r"tower\.toml: lifts\[0\]\.name: must match L"),
        (
            'lifts = ["L1"]\n[[slots]]',
            "lifts = []\n[[slots]]",
            r"tower\.toml: bays\[0\]\.lifts: must be a list of lifts",
        ),
        (
            'lifts = ["L1"]\n[[slots]]',
            'lifts = ["L2"]\n[[slots]]',
            r"tower\.toml: bays\[0\]\.lifts: there is no lift 'L2'",
        ),
        ("storey = 1\n", "storey = 0\n", r"tower\.toml: bays\[0\]\.storey: must be a whole number from 1 to 2"),
        ("storey = 1\n", "storey = 1\nturntable = 1\n", r"tower\.toml: bays\[0\]\.turntable: must be true or false"),
        ('columns = "BC"', 'columns = "bc"', r"tower\.toml: slots\[0\]\.columns: must match"),
        ('columns = "BC"', 'columns = "BB"', r"tower\.toml: slots: '1B' is there twice"),
        (
            "first = 1\nlast = 2",
            "first = 2\nlast = 1",
            r"tower\.toml: slots\[0\]\.last: must be a whole number from 2 to 2",
        ),
        ('behind = "B"', 'behind = "BC"', r"tower\.toml: slots\[1\]\.behind: must name one column for each of 'A'"),
        ('behind = "B"', 'behind = "D"', r"tower\.toml: slots: '2A' lies behind '2D', which is not there"),
        ('behind = "B"', 'behind = "A"', r"tower\.toml: slots: '2A' cannot have '2A' behind it"),
        ("[[bays]]", SECOND_LIFT * 2 + "[[bays]]", r"tower\.toml: lifts\[2\]\.way: two lifts run on 'W1' already"),
        ("[[bays]]", SECOND_LIFT + "[[bays]]", r"tower\.toml: slots\[0\]\.lifts: L1 reaches storeys 0 to 1 of its way"),
        ("height_mm = 2000", "height_mm = 2200", r"tower\.toml: fits\.height_mm: must be below pitch_mm, 2200"),
        (
            "[[bays]]",
            '[[lifts]]\nname = "L1"\nway = "W1"\n[[bays]]',
            r"tower\.toml: lifts\[1\]\.name: 'L1' is there twice",
        ),
    ],
)
def test_a_wrong_file_is_named_with_its_key(old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(LayoutError, match=message):
        parse_layout(GOOD.replace(old, new, 1), "tower.toml")


def test_a_slot_from_which_no_bay_is_reached_is_refused() -> None:
    shaft = '[[ways]]\nname = "W2"\nlowest = 1\nhighest = 2\n[[lifts]]\nname = "L2"\nway = "W2"\n'
    slots = '[[slots]]\nfirst = 2\nlast = 2\ncolumns = "Z"\nlifts = ["L2"]\n'
    with pytest.raises(LayoutError, match=r"tower\.toml: slots: '2Z' is served by L2, which serves no bay"):
        parse_layout(GOOD.replace("[[bays]]", shaft + "[[bays]]", 1) + slots, "tower.toml")


def test_a_layout_bears_the_name_of_its_file() -> None:
    assert parse_layout(GOOD, "tower.toml").name == "tiny"
    with pytest.raises(FileNotFoundError):
        load_layout("tiny")


def test_a_place_that_is_not_there_is_a_key_error() -> None:
    layout = parse_layout(GOOD, "tower.toml")
    for missing in ("9Z", "L1"):
        with pytest.raises(KeyError):
            layout.slot(missing)
        with pytest.raises(KeyError):
            layout.storey_of(missing)


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
    assert command_s(layout, Operation.turn) == 18.0
    turning = load_layout("carvana34")
    assert retrieve_s(turning, "3C", "B1") == pytest.approx(retrieve_s(layout, "3C", "B1") + 18)
