import re
from xml.etree import ElementTree

import pytest

from vendrive.design.icons import SHAPES, draw_icon
from vendrive.design.illustrations import draw_any_car, draw_car
from vendrive.design.outline import Frame, body_path
from vendrive.design.silhouettes import BODIES, CARS

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("slug", list(CARS))
def test_a_car_is_well_formed_and_names_itself(slug: str) -> None:
    root = ElementTree.fromstring(draw_car(slug, "#1f4675"))
    assert root.tag == f"{SVG}svg"
    assert root.findtext(f"{SVG}title") == CARS[slug].name
    assert not [element for element in root.iter() if "style" in element.attrib]


def test_every_model_has_an_outline_of_its_own() -> None:
    assert len({body_path(Frame(car)) for car in CARS.values()}) == len(CARS)


@pytest.mark.parametrize("slug", list(CARS))
def test_a_car_stays_on_its_drawing(slug: str) -> None:
    frame = Frame(CARS[slug])
    assert frame.left > 10
    assert frame.right < 550
    assert frame.y(1.0) > 5
    assert frame.left < frame.axles[0] - frame.radius < frame.axles[1] + frame.radius < frame.right


def test_an_suv_stands_higher_than_a_coupe() -> None:
    assert Frame(CARS["volvo-xc60"]).y(1.0) < Frame(CARS["ford-mustang"]).y(1.0) - 20


def test_the_paint_is_in_the_drawing_and_the_identifiers_do_not_clash() -> None:
    red, blue = draw_car("byd-seal", "#a81f2b"), draw_car("byd-seal", "#1f4675")
    assert "#a81f2b" in red
    assert not identifiers(red) & identifiers(blue)
    assert not identifiers(red) & identifiers(draw_car("byd-han", "#a81f2b"))


def test_every_reference_inside_a_drawing_has_its_target() -> None:
    drawing = draw_car("lynkco-01", "#1f4675")
    assert set(re.findall(r"url\(#([^)]+)\)", drawing)) <= identifiers(drawing)


@pytest.mark.parametrize("paint", ["red", "#fff", '#a81f2b"/><script>', "", "#a81f2b\n"])
def test_paint_that_is_not_a_colour_is_refused(paint: str) -> None:
    with pytest.raises(ValueError, match="not a #rrggbb"):
        draw_car("byd-seal", paint)


def test_a_car_without_silhouette_is_refused() -> None:
    with pytest.raises(KeyError):
        draw_car("no-such-car", "#a81f2b")


@pytest.mark.parametrize("body", [*BODIES, "no-such-body"])
def test_any_car_has_a_drawing_of_its_body_and_its_own_name(body: str) -> None:
    root = ElementTree.fromstring(draw_any_car("no-such-car", body, "Make & Model <1>", "#a81f2b"))
    assert root.findtext(f"{SVG}title") == "Make & Model <1>"
    frame = Frame(BODIES.get(body, BODIES["sedan"]))
    assert frame.left > 8
    assert frame.y(1.0) > 5


def test_a_car_with_a_silhouette_keeps_it() -> None:
    assert draw_any_car("byd-han", "sedan", "BYD Han", "#a81f2b") == draw_car("byd-han", "#a81f2b")


@pytest.mark.parametrize("name", list(SHAPES))
def test_an_icon_is_well_formed_and_hidden_from_screen_readers(name: str) -> None:
    assert ElementTree.fromstring(draw_icon(name)).get("aria-hidden") == "true"


def identifiers(drawing: str) -> set[str]:
    return set(re.findall(r' id="([^"]+)"', drawing))
