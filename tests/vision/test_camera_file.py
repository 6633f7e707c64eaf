"""What Chromium's fake camera will show is what was put in."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
import segno
from PIL import Image

from vendrive.demo.camera_file import make_camera
from vendrive.demo.people import load_people
from vendrive.vision.faces import FaceEngine
from vendrive.vision.images import Picture, read_image, read_qr

FRAME_BYTES = 640 * 480 * 3 // 2


def read_back(path: Path) -> tuple[bytes, list[Picture]]:
    """The header, and every frame as RGB, by the format's own rules."""
    header, _, rest = path.read_bytes().partition(b"\n")
    step = len(b"FRAME\n") + FRAME_BYTES
    assert len(rest) % step == 0
    frames = []
    for start in range(0, len(rest), step):
        assert rest[start : start + 6] == b"FRAME\n"
        planes = np.frombuffer(rest[start + 6 : start + step], dtype=np.uint8)
        luma = planes[: 640 * 480].reshape(480, 640)
        blue, red = planes[640 * 480 :].reshape(2, 240, 320)
        full = [cv2.resize(plane, (640, 480)) for plane in (red, blue)]
        frames.append(np.asarray(cv2.cvtColor(np.dstack([luma, *full]), cv2.COLOR_YCrCb2RGB), dtype=np.uint8))
    return header, frames


def test_header_and_length(tmp_path: Path) -> None:
    path = tmp_path / "camera.y4m"
    wall = np.full((480, 640, 3), (200, 60, 20), dtype=np.uint8)
    make_camera(path, [(wall, 0.5), (wall, 0.01)], fps=10)
    header, frames = read_back(path)
    assert header == b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg"
    assert len(frames) == 6
    assert np.abs(frames[0].astype(int) - wall).max() <= 3


def test_shows_a_code_and_then_a_face(tmp_path: Path, engine: FaceEngine) -> None:
    text = "VD1." + "A1b2C3d4" * 45
    out = io.BytesIO()
    segno.make(text, error="l", micro=False).save(out, kind="png", scale=5, border=4)
    code = np.asarray(Image.open(io.BytesIO(out.getvalue())).convert("RGB"))
    person = load_people()[0]
    path = tmp_path / "camera.y4m"
    make_camera(path, [(code, 0.2), (read_image(person.photo(2)), 0.2)], fps=5)
    _, (first, second) = read_back(path)
    assert read_qr(first) == text
    enrolled = engine.find_one(read_image(person.photo(1)))
    assert engine.same_person(enrolled.embedding, engine.find_one(second).embedding)


def test_no_picture_is_refused_and_no_file_is_left(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs a picture"):
        make_camera(tmp_path / "camera.y4m", [])
    assert not (tmp_path / "camera.y4m").exists()
