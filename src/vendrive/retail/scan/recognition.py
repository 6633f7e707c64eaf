"""The encoder of this process, and photos as retail takes them: what is wrong with one is a refusal with a code."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from vendrive.retail.scan.car_model import model_folder
from vendrive.vision.card import ModelMissing
from vendrive.vision.cars import CarEncoder, CarProblem, Sighting
from vendrive.vision.images import PictureProblem, Unreadable
from vendrive.vision.photos import Photo, read_photo
from vendrive.wire.errors import ErrorCode, Refused

AT_ONCE = 2
"""Photos that one process looks at together; more would only wait for each other's processor."""
WAIT_S = 5.0
_slots = threading.BoundedSemaphore(AT_ONCE)

_UNREADABLE: Mapping[PictureProblem, ErrorCode] = {
    PictureProblem.not_a_picture: ErrorCode.photo_unreadable,
    PictureProblem.too_many_bytes: ErrorCode.photo_too_large,
    PictureProblem.too_many_pixels: ErrorCode.photo_too_large,
    PictureProblem.too_few_pixels: ErrorCode.photo_too_small,
}
PROBLEMS: Mapping[CarProblem, ErrorCode] = {
    CarProblem.not_a_car: ErrorCode.photo_no_car,
    CarProblem.several_cars: ErrorCode.photo_several_cars,
    CarProblem.too_dark: ErrorCode.photo_too_dark,
    CarProblem.too_blurred: ErrorCode.photo_blurred,
    CarProblem.too_small: ErrorCode.photo_too_small,
}


@dataclass(frozen=True)
class Seen:
    """A photo and what it shows."""

    photo: Photo
    sighting: Sighting


def encoder() -> CarEncoder:
    """Return this process's encoder, loaded on first use; raise Refused (scan_unavailable)."""
    folder = model_folder()
    if folder is None:
        raise Refused(ErrorCode.scan_unavailable)
    try:
        return _load(folder)
    except ModelMissing as error:
        raise Refused(ErrorCode.scan_unavailable, why=str(error)) from error


def look_at(data: bytes) -> Seen:
    """Decode a photo and look at it, holding a `slot`; raise Refused: what is wrong with it, scan_unavailable."""
    photo = open_photo(data)
    return Seen(photo, encoder().see(photo))


def open_photo(data: bytes) -> Photo:
    """Decode a photo without looking at it; raise Refused (photo_unreadable, photo_too_large, photo_too_small)."""
    try:
        return read_photo(data)
    except Unreadable as error:
        raise Refused(_UNREADABLE[error.problem]) from error


@contextmanager
def slot() -> Iterator[None]:
    """Wait for one of the few places in which a photo is worked on; raise Refused (busy_try_again)."""
    if not _slots.acquire(timeout=WAIT_S):
        raise Refused(ErrorCode.busy_try_again)
    try:
        yield
    finally:
        _slots.release()


@cache
def _load(folder: Path) -> CarEncoder:
    return CarEncoder(folder)
