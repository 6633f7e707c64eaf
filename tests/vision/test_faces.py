"""One face, or a reason; same person or not; templates."""

from collections.abc import Callable

import numpy as np
import pytest

from vendrive.vision.faces import (
    DIMENSIONS,
    ENGINE_NAME,
    FaceEngine,
    FaceProblem,
    FaceRefused,
    decode_template,
    encode_template,
)
from vendrive.vision.images import Picture
from vendrive.wire.errors import ErrorCode

Photo = Callable[[int, int], Picture]
Resized = Callable[[Picture, int], Picture]

WALL = np.full((480, 640, 3), 150, dtype=np.uint8)


def on_wall(picture: Picture) -> Picture:
    frame = WALL.copy()
    frame[40 : 40 + picture.shape[0], 100 : 100 + picture.shape[1]] = picture
    return frame


def problem(engine: FaceEngine, picture: Picture) -> FaceProblem:
    with pytest.raises(FaceRefused) as refusal:
        engine.find_one(picture)
    return refusal.value.problem


def test_finds_the_face_where_it_is(engine: FaceEngine, photo: Photo) -> None:
    face = engine.find_one(on_wall(photo(1, 1)))
    left, top, width, height = face.box
    assert 100 < left < 400
    assert 40 < top < 300
    assert 120 < width < 260
    assert 120 < height < 260
    assert face.embedding.shape == (DIMENSIONS,)
    assert face.embedding.dtype == np.float64


def test_a_wall_is_no_face(engine: FaceEngine) -> None:
    assert problem(engine, WALL) is FaceProblem.no_face


def test_two_people_side_by_side_are_two_faces(engine: FaceEngine, photo: Photo) -> None:
    both = np.hstack([photo(1, 1), photo(2, 1)])
    assert problem(engine, both) is FaceProblem.two_faces


def test_a_person_far_away_is_too_small(engine: FaceEngine, photo: Photo, resized: Resized) -> None:
    assert problem(engine, on_wall(resized(photo(1, 1), 105))) is FaceProblem.face_too_small


@pytest.mark.parametrize("share", [0.15, 0.0])
def test_a_dark_picture_is_too_dark(engine: FaceEngine, photo: Photo, share: float) -> None:
    dark = (photo(1, 1) * share).astype(np.uint8)
    assert problem(engine, dark) is FaceProblem.too_dark


def test_dim_light_still_finds_the_same_person(engine: FaceEngine, photo: Photo) -> None:
    dim = engine.find_one((photo(1, 1) * 0.4).astype(np.uint8))
    assert engine.same_person(dim.embedding, engine.find_one(photo(1, 2)).embedding)


def test_every_problem_is_an_error_code() -> None:
    assert [FaceRefused(problem).code for problem in FaceProblem] == [
        ErrorCode.no_face,
        ErrorCode.two_faces,
        ErrorCode.face_too_small,
        ErrorCode.too_dark,
    ]


def test_same_person_in_another_view_is_accepted(engine: FaceEngine, photo: Photo) -> None:
    enrolled = engine.find_one(photo(3, 1)).embedding
    assert all(engine.same_person(enrolled, engine.find_one(photo(3, view)).embedding) for view in (2, 3, 4))


def test_another_person_is_refused(engine: FaceEngine, photo: Photo) -> None:
    enrolled = engine.find_one(photo(3, 1)).embedding
    others = [engine.find_one(photo(person, 1)).embedding for person in (1, 2, 4, 5)]
    assert not any(engine.same_person(enrolled, other) for other in others)


def test_the_threshold_itself_still_passes_and_nothing_beyond(engine: FaceEngine) -> None:
    origin = np.zeros(DIMENSIONS)
    apart = np.zeros(DIMENSIONS)
    apart[0] = engine.threshold
    assert engine.same_person(origin, apart)
    assert not engine.same_person(origin, apart * 1.0001)


def test_the_threshold_is_stricter_than_both_measurements(engine: FaceEngine) -> None:
    assert engine.threshold <= 0.526


def test_a_template_comes_back(engine: FaceEngine, photo: Photo) -> None:
    embedding = engine.find_one(photo(1, 1)).embedding
    data = encode_template(embedding, engine.name)
    name, back = decode_template(data)
    assert name == ENGINE_NAME
    assert len(data) == 530
    assert engine.distance(embedding, back) < 1e-6


def test_a_template_of_another_engine_is_refused() -> None:
    data = encode_template(np.ones(DIMENSIONS), "other-net-1")
    assert decode_template(data, "other-net-1")[0] == "other-net-1"
    with pytest.raises(ValueError, match="not a face template of dlib-resnet-1"):
        decode_template(data)


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + b"\0", lambda data: b""])
def test_a_template_of_wrong_length_is_refused(change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(ValueError, match="face template"):
        decode_template(change(encode_template(np.ones(DIMENSIONS))))


def test_numbers_that_are_not_finite_are_refused_both_ways() -> None:
    broken = np.ones(DIMENSIONS)
    broken[5] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        encode_template(broken)
    data = encode_template(np.ones(DIMENSIONS))
    with pytest.raises(ValueError, match="not finite"):
        decode_template(data[:-4] + np.array([np.nan], dtype="<f4").tobytes())


def test_an_embedding_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        encode_template(np.ones(64))
