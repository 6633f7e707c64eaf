import pytest

from vendrive.demo.data import shop
from vendrive.retail.scan.policies import (
    COLOUR_OF,
    OFFERED_BONUS,
    SHOWN,
    Kind,
    Ranked,
    guess_kind,
    nearest,
    nearest_paint,
    rank,
)
from vendrive.vision.paint import PaintName
from vendrive.vision.views import Match

PAINTS = [(slug, paint["colour"]) for slug, paint in shop()["paints"].items()]


def test_what_a_tower_has_wins_a_near_tie_and_nothing_more() -> None:
    near, far = OFFERED_BONUS * 0.9, OFFERED_BONUS * 1.1
    assert rank([Match("a", 0.8, 0), Match("b", 0.8 - near, 1)], {"b"})[0].slug == "b"
    assert rank([Match("a", 0.8, 0), Match("b", 0.8 - far, 1)], {"b"})[0].slug == "a"
    assert rank([Match("a", 0.8, 0), Match("b", 0.8 - near, 1)], set())[0].slug == "a"


def test_no_more_are_shown_than_fit() -> None:
    assert len(rank([Match(str(n), 1 - n / 100, n) for n in range(20)], set())) == SHOWN


def test_an_unknown_car_is_of_the_make_and_body_that_its_likes_agree_on() -> None:
    kinds = {"a": Kind("Audi", "sedan"), "b": Kind("BMW", "suv"), "c": Kind("BMW", "suv")}
    assert guess_kind([Ranked(slug, 0.5, False) for slug in "abc"], kinds) == Kind("BMW", "suv")


@pytest.mark.parametrize(
    ("kind", "first"),
    [
        (Kind("Volvo", "suv"), "volvo-suv"),
        (Kind("Volvo", "estate"), "volvo-suv"),
        (Kind("Ferrari", "convertible"), "ford-coupe"),
        (Kind("Audi", "sedan"), "byd-sedan"),
        (Kind("Audi", "suv-coupe"), "volvo-suv"),
    ],
)
def test_the_nearest_offer_is_of_the_body_first_then_of_the_make(kind: Kind, first: str) -> None:
    offers = {
        "byd-sedan": Kind("BYD", "sedan"),
        "volvo-suv": Kind("Volvo", "suv"),
        "ford-coupe": Kind("Ford", "coupe"),
    }
    assert nearest(kind, offers)[0] == first


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ("white", "white"),
        ("silver", "silver"),
        ("grey", "grey"),
        ("black", "black"),
        ("red", "red"),
        ("yellow", "yellow"),
        ("gold", "sand"),
        ("green", "green"),
        ("blue", "blue"),
        ("purple", "blue"),
    ],
)
def test_the_paint_is_that_which_looks_most_like_the_photo(seen: str, expected: str) -> None:
    assert nearest_paint(seen, PAINTS) == expected


def test_without_a_colour_or_a_paint_none_is_chosen() -> None:
    assert nearest_paint("", PAINTS) is None
    assert nearest_paint("red", []) is None
    assert set(COLOUR_OF) == set(PaintName)
