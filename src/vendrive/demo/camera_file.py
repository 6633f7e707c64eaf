"""A video file in place of a camera, for Chromium's `--use-file-for-fake-video-capture`: demo and tests only."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vendrive.vision.images import Picture

WIDTH = 640
HEIGHT = 480
SURROUND = 128
"""Grey level of what the pictures leave free."""


def make_camera(path: Path, frames: Sequence[tuple[Picture, float]], fps: int = 10) -> None:
    """Write a y4m file (YUV4MPEG2, C420jpeg, 640x480) that shows each RGB picture for its seconds.

    Pictures are fitted into the frame on grey. Chromium plays the file in a loop. A frame takes 450 KiB, so
    seconds are few: each picture is shown for at least one frame. Raises ValueError for no pictures.
    Format: https://wiki.multimedia.cx/index.php/YUV4MPEG2
    """
    if not frames:
        raise ValueError("a camera file needs a picture")
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{fps}:1 Ip A1:1 C420jpeg\n".encode())
        for picture, seconds in frames:
            planes = _planes(fit(picture))
            for _ in range(max(1, round(seconds * fps))):
                file.write(b"FRAME\n" + planes)


def fit(picture: Picture) -> Picture:
    """The whole picture as large as it goes in the middle of a grey 640x480 frame."""
    height, width = picture.shape[:2]
    scale = min(WIDTH / width, HEIGHT / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    frame = np.full((HEIGHT, WIDTH, 3), SURROUND, dtype=np.uint8)
    left, top = (WIDTH - size[0]) // 2, (HEIGHT - size[1]) // 2
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    frame[top : top + size[1], left : left + size[0]] = cv2.resize(picture, size, interpolation=way)
    return frame


def _planes(frame: Picture) -> bytes:
    """Luma, then both chroma planes at half size, full range (JPEG, ITU-T T.871)."""
    full = cv2.cvtColor(frame, cv2.COLOR_RGB2YCrCb)
    red, blue = (_halved(full[:, :, channel]) for channel in (1, 2))
    return full[:, :, 0].tobytes() + blue.tobytes() + red.tobytes()


def _halved(plane: NDArray[np.generic]) -> NDArray[np.uint8]:
    small = cv2.resize(np.asarray(plane, dtype=np.uint8), (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)
