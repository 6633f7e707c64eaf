from datetime import UTC, datetime

import pytest

from tests.retail.console.world import change, make_report, report_of
from vendrive.design.templating import STATIC
from vendrive.retail.console.picture import BayCell, Car, Cell, Picture, draw_tower
from vendrive.tower.layout import load_layout

AT = datetime(2026, 3, 2, 1, 5, tzinfo=UTC)
LAYOUT = load_layout("shanghai3")


def car(tag: str, pickup_at: datetime | None = None) -> Car:
    return Car(tag, "volvo-ex30", "#e0b21b", "Volvo EX30", "Sun yellow", "DEMO-1", pickup_at)


def cell(picture: Picture, name: str) -> Cell | BayCell:
    every = [one for row in picture.rows for one in (*row.left, *row.right)]
    return next(one for one in every if one.name == name)


def test_the_bay_lies_before_the_shaft_and_the_slots_around_it() -> None:
    picture = draw_tower(LAYOUT, make_report(AT, {}), {})
    assert [row.storey for row in picture.rows] == [3, 2, 1]
    assert [one.name for one in picture.rows[0].left] == ["3A", "3B", "3C"]
    assert [one.name for one in picture.rows[0].right] == ["3D", "3E"]
    bay = cell(picture, "B1")
    assert isinstance(bay, BayCell)
    assert bay.span == 3
    assert picture.columns == 5


def test_each_slot_shows_what_is_sensed() -> None:
    known = {"T1": car("T1"), "T2": car("T2", AT)}
    report = make_report(AT, {"2A": "T1", "2B": "T2", "2C": "XX"}, untagged=("3E",))
    picture = draw_tower(LAYOUT, report, known)
    states = {name: cell(picture, name).state for name in ("2A", "2B", "2C", "3E", "1D")}
    assert states == {"2A": "car", "2B": "reserved", "2C": "car", "3E": "fault", "1D": "empty"}
    assert cell(picture, "2C").stranger == "XX"
    assert [(c.kind, c.places) for c in picture.contradictions] == [("no_tag", "3E")]
    assert (picture.cars_inside, picture.free) == (4, 8)


def test_without_a_report_nothing_is_known() -> None:
    picture = draw_tower(LAYOUT, None, {})
    assert {one.state for row in picture.rows for one in (*row.left, *row.right)} == {"unknown"}
    assert picture.platforms[0].top_percent is None


def test_a_tag_in_two_places_is_a_contradiction_unless_the_machine_moves_it() -> None:
    twice = draw_tower(LAYOUT, make_report(AT, {"2A": "T1", "3A": "T1"}), {})
    assert [(c.kind, c.tag, c.places) for c in twice.contradictions] == [("twice", "T1", "2A, 3A")]
    idle = draw_tower(LAYOUT, make_report(AT, {"2A": "T1"}, lift_tag="T1"), {})
    assert [c.kind for c in idle.contradictions] == ["twice"]
    moving = draw_tower(LAYOUT, make_report(AT, {"2A": "T1"}, lift_tag="T1", machine="execute"), {})
    assert moving.contradictions == ()


def test_a_slot_between_car_and_no_car_is_moving_only_beside_the_working_lift() -> None:
    beside = draw_tower(LAYOUT, make_report(AT, {}, untagged=("1D",), machine="execute"), {})
    assert cell(beside, "1D").state == "moving"
    assert beside.contradictions == ()
    elsewhere = draw_tower(LAYOUT, make_report(AT, {}, untagged=("3D",), machine="execute"), {})
    assert cell(elsewhere, "3D").state == "fault"


@pytest.mark.parametrize(("position_mm", "top"), [(0, 66.67), (2200, 33.33), (4400, 0), (1100, 50), (-40, 66.67)])
def test_the_lift_stands_where_its_encoder_says(position_mm: float, top: float) -> None:
    picture = draw_tower(LAYOUT, make_report(AT, {}, position_mm=position_mm), {})
    assert picture.platforms[0].top_percent == pytest.approx(top, abs=0.01)


def test_bays_with_a_storey_of_their_own_stand_on_both_sides_of_the_shaft() -> None:
    seen = {}
    for name in ("guangzhou42", "carvana34", "singapore60", "autostadt400"):
        picture = draw_tower(load_layout(name), report_of(name, AT, {}), {})
        ground = next(row for row in picture.rows if row.storey == 1)
        sides = (ground.left, ground.right)
        seen[name] = [[(one.name, one.span) for one in side if isinstance(one, BayCell)] for side in sides]
    assert seen == {
        "guangzhou42": [[("B1", 4)], [("B2", 3)]],
        "carvana34": [[("B1", 1), ("B2", 2)], [("B3", 2)]],
        "singapore60": [[("B1", 2)], []],
        "autostadt400": [[("B1", 10)], []],
    }


@pytest.mark.parametrize("name", ["shanghai3", "nanjing3", "guangzhou42", "carvana34", "singapore60", "autostadt400"])
def test_every_slot_and_bay_of_a_layout_is_drawn_once_and_fits_the_style_sheet(name: str) -> None:
    layout = load_layout(name)
    picture = draw_tower(layout, report_of(name, AT, {}), {})
    drawn = [one.name for row in picture.rows for one in (*row.left, *row.right) if one.name]
    assert sorted(drawn) == sorted(place.name for place in layout.places)
    widths = {sum(getattr(one, "span", 1) for one in (*row.left, *row.right)) for row in picture.rows}
    assert max(widths) <= picture.columns
    sheet = (STATIC / "vendrive/css/console.css").read_text()
    assert picture.columns == 8 or f'data-columns="{picture.columns}"' in sheet  # 8 is the sheet's own default
    assert all(f'data-span="{bay.span}"' in sheet for bay in picture.bays)


def test_two_lifts_share_a_shaft_that_reaches_into_the_pit() -> None:
    layout = load_layout("autostadt400")
    report = report_of("autostadt400", AT, {})
    report = report.model_copy(
        update={"lifts": change(report.lifts, "L2", position_mm=layout.level_mm(23), storey=23, tag="T1", loaded=True)}
    )
    picture = draw_tower(layout, report, {"T1": car("T1")})
    assert [row.storey for row in picture.rows] == list(range(23, -1, -1))
    (shaft,) = picture.shafts
    assert [(lift.name, lift.top_percent) for lift in shaft.platforms] == [("L1", 95.83), ("L2", 0.0)]
    assert shaft.platforms[1].car == car("T1")
    assert picture.size == "small"


def test_what_is_locked_moves_or_lies_behind_is_shown() -> None:
    report = report_of("singapore60", AT, {"2A": "T1"})
    report = report.model_copy(
        update={"slots": change(change(report.slots, "2A", movement=True), "3B", locked_out=True)}
    )
    picture = draw_tower(load_layout("singapore60"), report, {})
    deep, locked = cell(picture, "2A"), cell(picture, "3B")
    assert isinstance(deep, Cell)
    assert isinstance(locked, Cell)
    assert (deep.behind, deep.movement) == ("2B", True)
    assert locked.locked
    assert picture.free == 58  # neither the one with a car nor the locked one
