"""Bytes from a phone's camera to a photo in which a car may be seen."""

from dataclasses import dataclass

import numpy as np
from PIL import Image
from pillow_heif import register_heif_opener

from vendrive.vision.images import FORMATS, Picture, read_image

# Enough for the encoder with a car that fills a third of the picture; a phone's 4032 px decode to a quarter at once.
PHOTO_SIDE_PX = 1008
PHOTO_FORMATS = (*FORMATS, "HEIF")

register_heif_opener(thumbnails=False)


@dataclass(frozen=True)
class Photo:
    """A picture turned upright, without its file's metadata: position, time and camera are gone.

    `pixels` is height x width x 3, RGB, 0 to 255; the longer side at most 1008 px, the shorter at least 64.
    """

    pixels: Picture

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in px."""
        return self.pixels.shape[1], self.pixels.shape[0]

    def cropped(self, box: "Box") -> "Photo":
        """Only what lies in the box, which is first cut to the picture."""
        width, height = self.size
        rows = slice(max(0, box.top), min(height, box.top + box.height))
        columns = slice(max(0, box.left), min(width, box.left + box.width))
        return Photo(np.ascontiguousarray(self.pixels[rows, columns]))


@dataclass(frozen=True)
class Box:
    """A rectangle in px of a photo's `pixels`."""

    left: int
    top: int
    width: int
    height: int


def read_photo(data: bytes) -> Photo:
    """Decode JPEG, PNG, WebP or HEIC, turned upright by its EXIF orientation.

    Raises `vendrive.vision.images.Unreadable`, whose `problem` says why: too many bytes (15 MiB) or pixels (60 Mpx,
    refused before decoding), a side under 64 px, or no such picture.
    """
    return Photo(read_image(data, PHOTO_SIDE_PX, PHOTO_FORMATS))


def photo_of(image: Image.Image) -> Photo:
    """A photo of a picture that this program drew or opened itself."""
    return Photo(np.asarray(image.convert("RGB"), dtype=np.uint8))
