"""The synthetic people resemble nobody, not each other, and stay themselves."""

from itertools import combinations
from pathlib import Path

import numpy as np
import phonenumbers
import pytest
from numpy.typing import NDArray
from stdnum.cn import ric

from vendrive.demo.people import VIEWS, load_people
from vendrive.vision.faces import FaceEngine
from vendrive.vision.images import read_image

SOURCES = Path(__file__).parents[3] / "shared" / "data" / "faces"
APART = 0.60
MARGIN = 0.08
LARGEST_TOTAL = 1_200_000

Views = dict[str, NDArray[np.float64]]


@pytest.fixture(scope="module")
def views(engine: FaceEngine) -> Views:
    """Four embeddings per person; `find_one` refuses a picture without exactly one face."""
    return {
        person.key: np.array([engine.find_one(read_image(person.photo(view))).embedding for view in VIEWS])
        for person in load_people()
    }


def distances(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(a[:, None] - b[None], axis=2))


def test_there_are_twelve_with_four_views_each() -> None:
    people = load_people()
    assert [person.key for person in people] == [f"p{number:02}" for number in range(1, 13)]
    sizes = [len(person.photo(view)) for person in people for view in VIEWS]
    assert len(sizes) == 48
    assert sum(sizes) < LARGEST_TOTAL


def test_every_view_shows_the_same_person(views: Views, engine: FaceEngine) -> None:
    assert max(distances(own, own).max() for own in views.values()) <= engine.threshold - MARGIN


def test_no_two_people_are_alike(views: Views) -> None:
    assert min(distances(a, b).min() for a, b in combinations(views.values(), 2)) > APART


def test_nobody_resembles_a_photo_they_were_made_from(views: Views, engine: FaceEngine) -> None:
    # All of them took a minute: tools/make_people.py checks every photo before it writes a picture, this one in 25.
    photos = sorted(SOURCES.glob("*/*.jpg"))[::25]
    if not photos:
        pytest.skip(f"the photos that the people were made from are not here ({SOURCES})")
    everyone = np.concatenate(list(views.values()))
    for photo in photos:
        for face in engine.find_all(read_image(photo.read_bytes())):
            assert distances(everyone, face.embedding[None]).min() > APART, photo.name


def test_identity_numbers_are_valid_and_belong_to_no_one() -> None:
    numbers = [person.identity_number for person in load_people()]
    assert len(set(numbers)) == 12
    for number in numbers:
        assert ric.is_valid(number)
        assert number[14:17] in {"996", "997", "998", "999"}
        assert 1965 <= ric.get_birth_date(number).year <= 2005


def test_licences_and_phones_pass_the_products_checks() -> None:
    people = load_people()
    assert len({person.phone for person in people}) == 12
    for number, person in enumerate(people, start=1):
        assert (person.name_en, person.name_zh) == (f"Demo person {number}", f"演示人员 {number}")
        assert person.licence_class == "C1"
        assert person.licence_expires.year == 2031
        assert phonenumbers.is_valid_number(phonenumbers.parse(person.phone))


def test_a_view_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="view 5"):
        load_people()[0].photo(5)
