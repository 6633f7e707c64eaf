"""Bytes from a stranger to pixels, within limits that are checked before anything is decoded."""

from enum import StrEnum
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from vendrive.wire.errors import ErrorCode

Picture = NDArray[np.uint8]
"""Height x width x 3, RGB, 0 to 255."""

MAX_BYTES = 15 * 1024 * 1024
MAX_PIXELS = 60_000_000
MIN_SIDE_PX = 64
LONGER_SIDE_PX = 1280
FORMATS = ("JPEG", "PNG", "WEBP")


class PictureProblem(StrEnum):
    """Why bytes were not taken as a picture."""

    not_a_picture = "not_a_picture"
    too_many_bytes = "too_many_bytes"
    too_many_pixels = "too_many_pixels"
    too_few_pixels = "too_few_pixels"


class Unreadable(Exception):
    """These bytes are no picture that we take; `code` is what a person is told, `problem` is why."""

    code = ErrorCode.picture_unreadable

    def __init__(self, problem: PictureProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


def read_image(data: bytes, longer_side_px: int = LONGER_SIDE_PX, formats: tuple[str, ...] = FORMATS) -> Picture:
    """Decode one of the formats, turned upright by its EXIF orientation, longer side at most `longer_side_px`.

    Raises `Unreadable`: more than 15 MiB, more than 60 Mpx declared (refused before decoding, as a
    small file can declare a picture that fills the memory), a side under 64 px, or no such picture.
    """
    if len(data) > MAX_BYTES:
        raise Unreadable(PictureProblem.too_many_bytes)
    try:
        with Image.open(BytesIO(data), formats=formats) as image:
            _check_size(image.size)
            return _decode(image, longer_side_px)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Unreadable(PictureProblem.too_many_pixels) from error
    except (OSError, SyntaxError, ValueError, EOFError, OverflowError) as error:
        # Pillow's decoders raise any of these for damaged data.
        raise Unreadable(PictureProblem.not_a_picture) from error


def _check_size(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise Unreadable(PictureProblem.too_many_pixels)
    if min(size) < MIN_SIDE_PX:
        raise Unreadable(PictureProblem.too_few_pixels)


def _decode(image: Image.Image, longer_side_px: int) -> Picture:
    # JPEG decodes straight to a smaller size, so a 60 Mpx photo costs no 180 MB.
    share = longer_side_px / max(image.size)
    image.draft("RGB", (int(image.width * share), int(image.height * share)))
    upright = ImageOps.exif_transpose(image).convert("RGB")
    upright.thumbnail((longer_side_px, longer_side_px), Image.Resampling.LANCZOS)
    if min(upright.size) < MIN_SIDE_PX:
        raise Unreadable(PictureProblem.too_few_pixels)
    return np.asarray(upright, dtype=np.uint8)


def read_qr(image: Picture) -> str | None:
    """The text of a QR code in the picture, or None. Which sizes are read: docs/vision.md."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    doubled = cv2.resize(grey, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    # Measured, cheapest first: the marker-based detector misses least; doubling reads small modules;
    # the older detector now and then reads what both miss.
    aruco = cv2.QRCodeDetectorAruco()
    return _decode_qr(aruco, grey) or _decode_qr(aruco, doubled) or _decode_qr(cv2.QRCodeDetector(), grey)


def _decode_qr(detector: cv2.GraphicalCodeDetector, grey: NDArray[Any]) -> str | None:
    try:
        return detector.detectAndDecode(grey)[0] or None
    except (cv2.error, UnicodeDecodeError):
        # OpenCV raises on some half-seen codes instead of answering that it read nothing.
        return None
