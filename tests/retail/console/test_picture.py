from datetime import UTC, datetime, timedelta

import pytest

from tests.retail.console.world import make_report
from vendrive.retail.console.picture import BayCell, Car, Cell, Picture, draw_tower
from vendrive.retail.console.requests import Progress, Request, progress_of
from vendrive.tower.layout import load_layout
from vendrive.wire.orders import OperatorAction

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
    moving = draw_tower(LAYOUT, make_report(AT, {"2A": "T1"}, lift_tag="T1", machine="executing"), {})
    assert moving.contradictions == ()


def test_a_slot_between_car_and_no_car_is_moving_only_beside_the_working_lift() -> None:
    beside = draw_tower(LAYOUT, make_report(AT, {}, untagged=("1D",), machine="executing"), {})
    assert cell(beside, "1D").state == "moving"
    assert beside.contradictions == ()
    elsewhere = draw_tower(LAYOUT, make_report(AT, {}, untagged=("3D",), machine="executing"), {})
    assert cell(elsewhere, "3D").state == "fault"


@pytest.mark.parametrize(("position_mm", "top"), [(0, 66.67), (2200, 33.33), (4400, 0), (1100, 50), (-40, 66.67)])
def test_the_lift_stands_where_its_encoder_says(position_mm: float, top: float) -> None:
    picture = draw_tower(LAYOUT, make_report(AT, {}, position_mm=position_mm), {})
    assert picture.platforms[0].top_percent == pytest.approx(top, abs=0.01)


ASKED = Request(OperatorAction.emergency_stop, "demo-staff", AT, AT + timedelta(seconds=60), 7)


def test_a_stop_is_confirmed_only_by_a_report_that_knows_of_it() -> None:
    soon, late = AT + timedelta(seconds=2), AT + timedelta(seconds=61)
    before = make_report(AT, {}, stopped=True, order_number=6)
    received = make_report(AT, {}, order_number=7)
    stopped = make_report(AT, {}, stopped=True, order_number=7)
    assert progress_of(ASKED, None, soon) == Progress.sent
    assert progress_of(ASKED, before, soon) == Progress.sent
    assert progress_of(ASKED, received, soon) == Progress.received
    assert progress_of(ASKED, stopped, late) == Progress.confirmed
    assert progress_of(ASKED, received, late) == Progress.over
    assert progress_of(ASKED, before, late) == Progress.expired
