"""Faces and plates are unreadable in what is kept."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from vendrive.demo.people import load_people
from vendrive.vision.disguise import disguise, find_faces, find_plates
from vendrive.vision.faces import FaceEngine, FaceRefused
from vendrive.vision.images import Picture, read_image
from vendrive.vision.photos import Photo, photo_of

SIZE = (900, 600)
PLATE = (330, 420, 570, 480)


def street() -> Image.Image:
    """A smooth ground with a car-like blot: nothing on it is a letter or a face."""
    rows = np.linspace(90, 170, SIZE[1])[:, None, None]
    ground = np.broadcast_to(rows, (SIZE[1], SIZE[0], 3)).astype(np.uint8)
    image = Image.fromarray(ground.copy())
    ImageDraw.Draw(image).rounded_rectangle((120, 200, 780, 520), 80, fill="#7a2026")
    return image


def with_plate(text: str, letters: str, ground: str, turn: float = 0) -> Picture:
    plate = Image.new("RGB", (240, 60), ground)
    ImageDraw.Draw(plate).text((120, 30), text, fill=letters, font_size=44, anchor="mm")
    image = street()
    turned = plate.convert("RGBA").rotate(turn, expand=True, resample=Image.Resampling.BICUBIC)
    image.paste(turned, PLATE[:2], turned)
    return np.asarray(image, np.uint8)


def detail(picture: Picture) -> float:
    """How much there is to read where the plate is."""
    part = cv2.cvtColor(picture[PLATE[1] : PLATE[3], PLATE[0] : PLATE[2]], cv2.COLOR_RGB2GRAY)
    return float(np.abs(cv2.Laplacian(part, cv2.CV_32F)).mean())


@pytest.mark.parametrize("turn", [0, 4])
@pytest.mark.parametrize(
    ("letters", "ground"),
    [("#101018", "#f4f4f0"), ("#ffffff", "#1d4fb0"), ("#101010", "#7fd0a0"), ("#141414", "#e8c020")],
)
def test_a_plate_cannot_be_read(letters: str, ground: str, turn: float) -> None:
    before = with_plate("A 12345", letters, ground, turn)
    after = disguise(Photo(before)).pixels
    assert detail(after) < detail(before) / 5
    assert np.array_equal(after[:150], before[:150])


def test_a_street_without_plate_or_face_stays_as_it_is() -> None:
    photo = photo_of(street())
    assert np.array_equal(disguise(photo).pixels, photo.pixels)


@pytest.mark.parametrize("person", range(0, 12, 3))
def test_a_face_is_no_face_any_more(person: int, engine: FaceEngine) -> None:
    face = read_image(load_people()[person].photo(1))
    image = street()
    image.paste(Image.fromarray(face).resize((220, 220)), (40, 30))
    picture = np.asarray(image, np.uint8)
    assert engine.find_all(picture)
    assert engine.find_all(disguise(Photo(picture)).pixels) == []
    with pytest.raises(FaceRefused):
        engine.find_one(disguise(Photo(picture)).pixels)


def test_what_is_found_lies_where_it_is() -> None:
    grey = cv2.cvtColor(with_plate("A 12345", "#101018", "#f4f4f0"), cv2.COLOR_RGB2GRAY)
    boxes = find_plates(np.asarray(grey, np.uint8))
    assert boxes
    assert all(PLATE[0] - 60 <= box.left and box.left + box.width <= PLATE[2] + 60 for box in boxes)
    assert find_faces(np.asarray(grey, np.uint8)) == []
