"""Many photos looked at by several processes: their vectors, and how surely each shows a car."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vendrive.vision.card import SHIPPED
from vendrive.vision.cars import CarEncoder
from vendrive.vision.photos import PHOTO_SIDE_PX, Photo, photo_of
from vendrive.vision.views import Vectors

Told = Callable[[float, str], None]
TOLD_EVERY = 20


@dataclass(frozen=True)
class Looks:
    """N x D vectors, and N likelihoods of a car."""

    vectors: Vectors
    likelihoods: NDArray[np.float32]


@dataclass(frozen=True)
class _One:
    file: Path
    model: Path


def open_small(file: Path) -> Photo:
    """Open a photo of a data set; unlike a customer's it may have sides under 64 px. Raises OSError."""
    with Image.open(file) as image:
        image.draft("RGB", (PHOTO_SIDE_PX, PHOTO_SIDE_PX))
        small = image.convert("RGB")
    small.thumbnail((PHOTO_SIDE_PX, PHOTO_SIDE_PX), Image.Resampling.LANCZOS)
    return photo_of(small)


def look_at(files: Sequence[Path], told: Told, jobs: int = 2, model: Path = SHIPPED) -> Looks:
    """Look at photos in their order. Raises OSError for one that cannot be read, `ModelMissing`."""
    vectors, likelihoods = [], []
    for number, (vector, likelihood) in enumerate(_all([_One(file, model) for file in files], jobs)):
        vectors.append(vector)
        likelihoods.append(likelihood)
        if number % TOLD_EVERY == 0:
            told(number / len(files), f"photo {number} of {len(files)}")
    return Looks(np.stack(vectors), np.asarray(likelihoods, dtype=np.float32))


def _all(asked: Sequence[_One], jobs: int) -> Iterator[tuple[Vectors, float]]:
    if jobs == 1:
        yield from map(_look, asked)
        return
    with get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(_look, asked, chunksize=8)


def _look(asked: _One) -> tuple[Vectors, float]:
    sighting = _encoder(asked.model).see(open_small(asked.file))
    return sighting.vector, sighting.likelihood


@cache
def _encoder(model: Path) -> CarEncoder:
    cv2.setNumThreads(1)
    return CarEncoder(model)
