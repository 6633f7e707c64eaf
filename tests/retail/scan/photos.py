"""Pictures that the tests draw themselves."""

import io
import zlib

import numpy as np
from PIL import Image, ImageDraw

SIZE = (320, 240)
SHANGHAI = {1: "N", 2: (31.0, 14.0, 0.0), 3: "E", 4: (121.0, 28.0, 0.0)}
GPS = 0x8825
ORIENTATION = 0x0112


def drawing(number: int, size: tuple[int, int] = SIZE) -> Image.Image:
    """Return picture `number`: blocks of colour, unlike those of any other number."""
    colours = np.random.default_rng(number).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(colours).resize(size, Image.Resampling.BILINEAR)


def picture(number: int, size: tuple[int, int] = SIZE, **save: object) -> bytes:
    """Return picture `number` as a JPEG file."""
    return jpeg(drawing(number, size), **save)


def jpeg(image: Image.Image, **save: object) -> bytes:
    """Return the file of an image."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=92, **save)
    return out.getvalue()


def picture_with_position(number: int) -> bytes:
    """Return a picture whose EXIF says where and with what it was taken."""
    exif = Image.Exif()
    exif[0x0110] = "Demo phone"
    exif.get_ifd(GPS).update(SHANGHAI)
    return picture(number, exif=exif)


def turned(number: int) -> bytes:
    """Return a picture that lies on its side and says so (orientation 6), as phones write them."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    return jpeg(drawing(number).rotate(90, expand=True), exif=exif)


def bomb() -> bytes:
    """Return a small PNG that declares a billion pixels."""
    out = io.BytesIO()
    Image.new("1", (64, 64)).save(out, "PNG")
    data = bytearray(out.getvalue())
    data[16:24] = (32_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


def plate_on(image: Image.Image, text: str, box: tuple[int, int, int, int]) -> Image.Image:
    """Draw a number plate on a copy of the image."""
    copy = image.copy()
    pen = ImageDraw.Draw(copy)
    pen.rectangle(box, fill="#f4f4f0", outline="#101010", width=2)
    pen.text((box[0] + 8, box[1] + 4), text, fill="#101014", font_size=box[3] - box[1] - 10)
    return copy
