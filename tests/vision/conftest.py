"""The engine, loaded once; pictures of the synthetic people."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from vendrive.demo.people import load_people
from vendrive.vision.faces import FaceEngine
from vendrive.vision.images import Picture, read_image


@pytest.fixture(scope="session")
def engine() -> FaceEngine:
    return FaceEngine()


@pytest.fixture(scope="session")
def photo() -> Callable[[int, int], Picture]:
    """The picture of person 1..12 in view 1..4."""

    def read(person: int, view: int) -> Picture:
        return read_image(load_people()[person - 1].photo(view))

    return read


@pytest.fixture(scope="session")
def resized() -> Callable[[Picture, int], Picture]:
    """The picture with another side in px."""

    def resize(picture: Picture, side: int) -> Picture:
        return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)

    return resize
