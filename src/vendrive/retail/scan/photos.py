"""What may be kept of a photo: the car alone, nobody's face, no plate, nothing that says where or when."""

import cv2
import numpy as np

from vendrive.vision.disguise import disguise
from vendrive.vision.photos import Box, Photo

KEPT_SIDE_PX = 640
QUALITY = 88
MARGIN = 0.06
"""So much of the box is kept around it, as a share: a bumper at the edge belongs to the car."""


def keepsake(photo: Photo, box: Box) -> bytes:
    """Return the car of a photo as JPEG, without metadata, faces and plates blurred, longer side at most 640 px."""
    return to_jpeg(disguise(shrunk(crop_to_car(photo, box))))


def crop_to_car(photo: Photo, box: Box) -> Photo:
    """Return the car with a little around it."""
    x, y = round(box.width * MARGIN), round(box.height * MARGIN)
    return photo.cropped(Box(box.left - x, box.top - y, box.width + 2 * x, box.height + 2 * y))


def shrunk(photo: Photo) -> Photo:
    """Return the photo at the size that is kept: what is too small there to be read needs no hiding."""
    width, height = photo.size
    scale = KEPT_SIDE_PX / max(width, height)
    if scale >= 1:
        return photo
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return Photo(np.asarray(cv2.resize(photo.pixels, size, interpolation=cv2.INTER_AREA), np.uint8))


def to_jpeg(photo: Photo) -> bytes:
    """Return the pixels as a JPEG file and nothing else."""
    pixels = cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2BGR)
    good, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not good:
        raise ValueError(f"no JPEG of {photo.size}")
    return data.tobytes()
