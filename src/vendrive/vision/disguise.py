"""Faces and number plates made unreadable before a photo of a car is kept.

It rather blurs too much than too little: a headlamp taken for a plate costs the photo little. How many it finds is
measured in docs/scan.md; it is no promise that nobody is recognised.
"""

from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vendrive.vision.images import Picture
from vendrive.vision.photos import Box, Photo

Grey = NDArray[np.uint8]

_cv: Any = cv2  # the wheel's stubs know no `data`

STEP = 1.15
"""From one size that is looked for to the next."""
FACE_SIDE_PX = 22
FACE_NEIGHBOURS = 3
PLATE_NEIGHBOURS = 2
LOOKED_AT_PX = 1600
"""Plates are looked for in a picture of this longer side, so that small letters stand apart."""
LETTER_PX = 9
LETTER_SHARE = 0.14
LETTERS = 4
LETTER_BLOCKS_PX = (19, 37, 75)
"""Windows over which light and dark are told apart: about twice a letter's height, small to large."""
LETTER_CONTRAST = 9
GROWN = 0.2
COARSE = 6
"""A region becomes this many blocks across: no letter of a plate and no face survives that."""


def disguise(photo: Photo) -> Photo:
    """Return the photo with every face and plate that is found made coarse."""
    pixels = photo.pixels.copy()
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    for box in (*find_faces(grey), *find_plates(grey)):
        _coarsen(pixels, box)
    return Photo(pixels)


def find_faces(grey: Grey) -> list[Box]:
    """Return upright faces, from the front or the side, from 22 px."""
    even = cv2.equalizeHist(grey)
    size = (FACE_SIDE_PX, FACE_SIDE_PX)
    found: list[Box] = []
    for name in ("haarcascade_frontalface_alt2", "haarcascade_profileface"):
        found += _boxes(_cascade(name).detectMultiScale(even, STEP, FACE_NEIGHBOURS, minSize=size))
    return found


def find_plates(grey: Grey) -> list[Box]:
    """Return what may be a number plate: rows of letters, dark on light or light on dark, and what a cascade finds."""
    scale = LOOKED_AT_PX / max(grey.shape)
    large = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    # The cascade, trained on plates of another country, finds the small ones whose letters run together.
    found = _boxes(_cascade("haarcascade_russian_plate_number").detectMultiScale(large, STEP, PLATE_NEIGHBOURS))
    for block in LETTER_BLOCKS_PX:
        for way in (cv2.THRESH_BINARY_INV, cv2.THRESH_BINARY):
            mask = cv2.adaptiveThreshold(large, 255, cv2.ADAPTIVE_THRESH_MEAN_C, way, block, LETTER_CONTRAST)
            found += _rows(_letters(np.asarray(mask, np.uint8)))
    return [Box(*(round(side / scale) for side in (box.left, box.top, box.width, box.height))) for box in found]


def _letters(mask: Grey) -> list[Box]:
    """Return the blots of a mask that have a letter's size and shape, from left to right."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    left, top, width, height, area = stats[1:].T
    tallest = LETTER_SHARE * mask.shape[0]
    fits = (height >= LETTER_PX) & (height <= tallest) & (width <= 1.3 * height) & (area >= 0.15 * width * height)
    order = np.argsort(left[fits], kind="stable")
    columns = (part[fits][order].tolist() for part in (left, top, width, height))
    return [Box(*row) for row in zip(*columns, strict=True)]


def _rows(letters: list[Box]) -> list[Box]:
    """Return the boxes of rows of at least four letters of one height, side by side."""
    rows: list[list[Box]] = []
    for letter in letters:
        row = next((row for row in reversed(rows) if _follows(row[-1], letter)), None)
        if row is None:
            rows.append([letter])
        else:
            row.append(letter)
    return [_around(row) for row in rows if len(row) >= LETTERS]


def _follows(last: Box, letter: Box) -> bool:
    gap = letter.left - last.left - last.width
    even = 0.65 <= letter.height / last.height <= 1.55
    level = abs(letter.top + letter.height / 2 - last.top - last.height / 2) <= 0.4 * last.height
    return even and level and -0.5 * last.height <= gap <= 1.3 * last.height


def _around(boxes: list[Box]) -> Box:
    left, top = min(box.left for box in boxes), min(box.top for box in boxes)
    right, bottom = max(box.left + box.width for box in boxes), max(box.top + box.height for box in boxes)
    return Box(left, top, right - left, bottom - top)


def _coarsen(pixels: Picture, box: Box) -> None:
    height, width = pixels.shape[:2]
    x, y = round(box.width * GROWN), round(box.height * GROWN)
    top, bottom = max(0, box.top - y), min(height, box.top + box.height + y)
    left, right = max(0, box.left - x), min(width, box.left + box.width + x)
    part = pixels[top:bottom, left:right]
    rows = max(1, round(COARSE * part.shape[0] / part.shape[1]))
    small = cv2.resize(part, (COARSE, rows), interpolation=cv2.INTER_AREA)
    pixels[top:bottom, left:right] = cv2.resize(small, part.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def _boxes(found: Any) -> list[Box]:
    return [Box(*(int(number) for number in row)) for row in found]


@cache
def _cascade(name: str) -> Any:
    return _cv.CascadeClassifier(f"{_cv.data.haarcascades}{name}.xml")
