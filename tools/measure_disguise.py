"""Measure how many plates and faces `vendrive.vision.disguise` hides: plates of our own and faces of the demo's people
(who do not exist), set into photos of cars.

`python tools/measure_disguise.py --photos ../shared/data/cars --count 60`; the same seed gives the same plates.
"""

import argparse
import io
import random
import string
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from vendrive.demo.people import load_people
from vendrive.retail.scan.photos import shrunk
from vendrive.vision.disguise import GROWN, find_faces, find_plates
from vendrive.vision.images import Picture, Unreadable
from vendrive.vision.photos import Box, read_photo

HIDDEN = 0.85
STEPS_PX = (6, 9, 14)
KINDS = (("#101018", "#f4f4f0"), ("#ffffff", "#1d4fb0"), ("#141414", "#e8c020"), ("#101010", "#7fd0a0"))
LETTERS = string.ascii_uppercase + string.digits


def draw_plate(draw: random.Random, width: int, height: int) -> tuple[Image.Image, int]:
    """Return a plate and the height of its letters in px."""
    letters, ground = draw.choice(KINDS)
    text = "".join(draw.choice(LETTERS) for _ in range(7))
    tall = max(4, min(round(height * 0.7), round(width * 0.19)))
    large = Image.new("RGB", (width * 4, height * 4), ground)
    ImageDraw.Draw(large).text((width * 2, height * 2), text, fill=letters, font_size=tall * 5.4, anchor="mm")
    return large.resize((width, height), Image.Resampling.LANCZOS), tall


def covered(boxes: list[Box], place: Box, shape: tuple[int, ...]) -> float:
    """Return the share of `place` that lies under the boxes as they are blurred."""
    mask: NDArray[np.bool_] = np.zeros(shape[:2], bool)
    for box in boxes:
        x, y = round(box.width * GROWN), round(box.height * GROWN)
        mask[max(0, box.top - y) : box.top + box.height + y, max(0, box.left - x) : box.left + box.width + x] = True
    return float(mask[place.top : place.top + place.height, place.left : place.left + place.width].mean())


def try_one(draw: random.Random, pixels: Picture) -> tuple[int, bool]:
    """Return the height of the letters and whether the plate was hidden."""
    height, width = pixels.shape[:2]
    wide = round(width * draw.uniform(0.08, 0.3))
    tall = max(8, round(wide / draw.uniform(2.0, 4.7)))
    left, top = (
        draw.randint(0, width - wide),
        draw.randint(round(height * 0.4), max(round(height * 0.4), height - tall)),
    )
    plate, letters = draw_plate(draw, wide, tall)
    image = Image.fromarray(pixels)
    image.paste(plate, (left, top))
    grey = np.asarray(image.convert("L"), np.uint8)
    inner = Box(left + round(wide * 0.1), top + round(tall * 0.25), round(wide * 0.8), round(tall * 0.5))
    return letters, covered(find_plates(grey), inner, grey.shape) >= HIDDEN


def try_face(draw: random.Random, pixels: Picture) -> tuple[int, bool]:
    """Return the side of a face's picture and whether its middle was hidden."""
    height, width = pixels.shape[:2]
    side = draw.randint(30, 140)
    person = draw.choice(load_people())
    image = Image.fromarray(pixels)
    left, top = draw.randint(0, max(0, width - side)), draw.randint(0, max(0, height // 2 - side))
    image.paste(Image.open(io.BytesIO(person.photo(1))).convert("RGB").resize((side, side)), (left, top))
    grey = np.asarray(image.convert("L"), np.uint8)
    inner = Box(left + side // 4, top + side // 4, side // 2, side // 2)
    return side, covered(find_faces(grey), inner, grey.shape) >= HIDDEN


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, metavar="DIR")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=5)
    asked = parser.parse_args()
    draw = random.Random(asked.seed)
    files = sorted(asked.photos.glob("*/*.jpg"))
    draw.shuffle(files)
    cv2.setNumThreads(1)
    tried: list[tuple[int, bool]] = []
    faces: list[tuple[int, bool]] = []
    while len(tried) < asked.count and files:
        try:
            pixels = shrunk(read_photo(files.pop().read_bytes())).pixels
        except Unreadable:
            continue
        tried.append(try_one(draw, pixels))
        faces.append(try_face(draw, pixels))
    for low, high in zip((0, *STEPS_PX), (*STEPS_PX, 10_000), strict=True):
        hidden = [found for letters, found in tried if low <= letters < high]
        print(f"letters of {low} to {high} px: {sum(hidden)} of {len(hidden)} hidden")
    print(f"faces in squares of 30 to 140 px: {sum(found for _, found in faces)} of {len(faces)} hidden")


if __name__ == "__main__":
    main()
