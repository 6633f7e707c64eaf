"""Bytes from a stranger to pixels, within limits that are checked before anything is decoded."""

import re
from enum import StrEnum
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from vendrive.wire.errors import ErrorCode

Picture = NDArray[np.uint8]
"""Height x width x 3, RGB, 0 to 255."""

MAX_BYTES = 15 * 1024 * 1024
MAX_PIXELS = 60_000_000
MIN_SIDE_PX = 64
LONGER_SIDE_PX = 1280
FORMATS = ("JPEG", "PNG", "WEBP")
MAX_SCANS, MAX_SEGMENTS = 64, 10_000
"""Cameras write a JPEG in one pass, editors in about ten; each costs the decoder a pass over all pixels. Its segments
are some dozens; reading millions of empty ones takes seconds."""

# A JPEG's markers that a length follows. A decoder skips FF02 to FFBF alone: what a length there hid, it would see.
_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")
_JPEG = b"\xff\xd8"
_END_OF_IMAGE, _START_OF_SCAN = 0xD9, 0xDA
_TURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""By the orientation of EXIF."""


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
    small file can declare a picture that fills the memory), a JPEG of more than 64 passes (each may take
    few bytes) or 10,000 segments, a side under 64 px, or no such picture.
    """
    if len(data) > MAX_BYTES:
        raise Unreadable(PictureProblem.too_many_bytes)
    if data.startswith(_JPEG):
        _check_segments(data)
    try:
        with Image.open(BytesIO(data), formats=formats) as image:
            _check_size(image.size)
            return _decode(image, longer_side_px)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Unreadable(PictureProblem.too_many_pixels) from error
    except (Unreadable, MemoryError):
        raise
    except Exception as error:
        # Pillow's decoders raise many kinds for damaged data.
        raise Unreadable(PictureProblem.not_a_picture) from error


def _check_size(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise Unreadable(PictureProblem.too_many_pixels)
    if min(size) < MIN_SIDE_PX:
        raise Unreadable(PictureProblem.too_few_pixels)


def _check_segments(data: bytes) -> None:
    scans, segments, at = 0, 0, len(_JPEG)
    while found := _MARKER.search(data, at):
        kind = data[found.start() + 1]
        if kind == _END_OF_IMAGE:
            return
        segments += 1
        scans += kind == _START_OF_SCAN
        if scans > MAX_SCANS or segments > MAX_SEGMENTS:
            raise Unreadable(PictureProblem.too_many_pixels)
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")


def _decode(image: Image.Image, longer_side_px: int) -> Picture:
    # JPEG decodes straight to a smaller size, so a 60 Mpx photo costs no 180 MB. Others are held once, not copied.
    share = longer_side_px / max(image.size)
    image.draft("RGB", (max(1, int(image.width * share)), max(1, int(image.height * share))))
    small = _in_8_bits(image)
    small.thumbnail((longer_side_px, longer_side_px), Image.Resampling.LANCZOS)
    upright = _upright(small)
    if min(upright.size) < MIN_SIDE_PX:
        raise Unreadable(PictureProblem.too_few_pixels)
    return np.asarray(_on_white(upright).convert("RGB"), dtype=np.uint8)


def _upright(image: Image.Image) -> Image.Image:
    # The orientation alone is read: phones write other tags that Pillow cannot write again.
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # Pillow's reader raises many kinds for damaged EXIF, which is no reason to refuse the picture.
        return image
    return image.transpose(_TURN[orientation]) if orientation in _TURN else image


def _in_8_bits(image: Image.Image) -> Image.Image:
    """Return the picture in a mode that can be made smaller: grey of 16 bits is scaled, palettes are looked up."""
    if image.mode.startswith("I"):
        return image.point(lambda tone: tone / 256).convert("L")
    if image.mode in ("L", "LA", "RGB", "RGBA", "CMYK"):
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _on_white(image: Image.Image) -> Image.Image:
    """Return what is seen of a picture with transparent parts: whatever colour these have in the file is nobody's."""
    if not image.has_transparency_data:
        return image
    paper = Image.new("RGBA", image.size, "white")
    paper.alpha_composite(image.convert("RGBA"))
    return paper


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
