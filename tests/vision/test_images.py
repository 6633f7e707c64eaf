"""Pictures within limits, upright; QR codes from a camera frame."""

import io
import struct
import zlib

import numpy as np
import pytest
import segno
from PIL import Image, ImageOps

from vendrive.vision.images import MAX_BYTES, Picture, PictureProblem, Unreadable, read_image, read_qr
from vendrive.wire.errors import ErrorCode


def encoded(width: int, height: int, form: str = "JPEG", orientation: int = 1) -> bytes:
    """Left half red, right half blue."""
    image = Image.new("RGB", (width, height), (200, 30, 30))
    image.paste((30, 30, 200), (width // 2, 0, width, height))
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    image.save(out, form, exif=exif)
    return out.getvalue()


def declared_png(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header declares this size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def problem(data: bytes) -> PictureProblem:
    with pytest.raises(Unreadable) as refusal:
        read_image(data)
    assert refusal.value.code is ErrorCode.picture_unreadable
    return refusal.value.problem


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_reads_rgb(form: str) -> None:
    picture = read_image(encoded(320, 240, form))
    assert picture.shape == (240, 320, 3)
    assert picture.dtype == np.uint8
    red, blue = picture[120, 40], picture[120, 280]
    assert red[0] > 150 > red[2]
    assert blue[2] > 150 > blue[0]


def test_turns_a_phone_picture_upright() -> None:
    # Orientation 6: the camera was held on its side, the left of the data is the top of the scene.
    picture = read_image(encoded(320, 240, orientation=6))
    assert picture.shape == (320, 240, 3)
    assert picture[40, 120, 0] > 150
    assert picture[280, 120, 2] > 150


def test_shrinks_a_large_picture() -> None:
    assert read_image(encoded(4000, 3000)).shape == (960, 1280, 3)


def test_grey_becomes_rgb() -> None:
    out = io.BytesIO()
    Image.new("L", (100, 80), 77).save(out, "PNG")
    assert (read_image(out.getvalue()) == 77).all()


@pytest.mark.parametrize("data", [b"", b"hello", encoded(320, 240)[:400], b"<svg xmlns='x'/>"])
def test_refuses_what_is_no_picture(data: bytes) -> None:
    assert problem(data) is PictureProblem.not_a_picture


def test_refuses_other_formats() -> None:
    out = io.BytesIO()
    Image.new("RGB", (100, 100)).save(out, "TIFF")
    assert problem(out.getvalue()) is PictureProblem.not_a_picture


def test_refuses_too_many_bytes() -> None:
    assert problem(encoded(320, 240) + bytes(MAX_BYTES)) is PictureProblem.too_many_bytes


@pytest.mark.parametrize("side", [7800, 11000, 30000])
def test_refuses_a_bomb_by_its_declared_size(side: int) -> None:
    assert problem(declared_png(side, side)) is PictureProblem.too_many_pixels


@pytest.mark.parametrize("size", [(63, 200), (200, 10), (8000, 70)])
def test_refuses_too_few_pixels(size: tuple[int, int]) -> None:
    assert problem(encoded(*size)) is PictureProblem.too_few_pixels


def phone_frame(text: str, height: int, share: float) -> Picture:
    """A 4:3 camera frame in which a phone shows the code on this share of the height, slightly unsharp."""
    out = io.BytesIO()
    segno.make(text, error="l", micro=False).save(out, kind="png", scale=8, border=4)
    side = int(height * share)
    code = Image.open(io.BytesIO(out.getvalue())).convert("RGB").resize((side, side), Image.Resampling.BOX)
    frame = Image.new("RGB", (height * 4 // 3, height), (90, 95, 100))
    frame.paste(code, ((frame.width - side) // 2, (height - side) // 2))
    tilted = frame.rotate(4, Image.Resampling.BICUBIC, fillcolor=(90, 95, 100))
    noise = np.random.default_rng(1).normal(0, 4, (frame.height, frame.width, 1))
    return np.asarray(np.clip(np.asarray(tilted) + noise, 0, 255), dtype=np.uint8)


@pytest.mark.parametrize("height", [480, 720])
@pytest.mark.parametrize("share", [0.6, 0.75])
@pytest.mark.parametrize("length", [300, 360, 420])
def test_reads_a_pass_from_a_phone(height: int, share: float, length: int) -> None:
    letters = np.random.default_rng(length).choice(list("ABCabc0123456789-_."), length)
    text = "".join(letters)
    assert read_qr(phone_frame(text, height, share)) == text


def test_reads_nothing_where_there_is_no_code() -> None:
    noise = np.random.default_rng(2).integers(0, 255, (480, 640, 3), dtype=np.uint8)
    assert read_qr(noise) is None
    assert read_qr(np.full((480, 640, 3), 128, dtype=np.uint8)) is None


def with_scans(count: int) -> bytes:
    """A progressive JPEG that repeats its last pass; each pass goes over the whole picture."""
    out = io.BytesIO()
    Image.new("L", (320, 240), 90).save(out, "JPEG", progressive=True)
    data = out.getvalue()
    return data[:-2] + data[data.rindex(b"\xff\xda") : -2] * count + data[-2:]


def test_refuses_a_jpeg_of_endless_passes() -> None:
    assert problem(with_scans(100)) is PictureProblem.too_many_pixels
    assert read_image(with_scans(10)).shape == (240, 320, 3)


def test_what_follows_a_jpeg_is_no_pass_of_it() -> None:
    """Phones append a film to a photo."""
    assert read_image(encoded(320, 240) + b"\x00\x00" + b"\xff\xda\x00\x02" * 200).shape == (240, 320, 3)


def test_passes_that_a_segment_of_the_decoder_does_not_hide_are_counted() -> None:
    """FF02 has no length: a decoder that looks for the next restart goes on right behind it."""
    data = with_scans(100)
    first = data.index(b"\xff\xda", data.index(b"\xff\xda") + 2)
    hidden = data[:first] + b"\xff\x02" + (len(data) - first).to_bytes(2, "big") + data[first:]
    assert problem(hidden) is PictureProblem.too_many_pixels


def test_a_preview_within_a_photo_is_no_pass_of_it() -> None:
    data = encoded(320, 240)
    preview = b"\xff\xe5" + (2 + 4 * 200).to_bytes(2, "big") + b"\xff\xda\x00\x02" * 200
    assert read_image(data[:2] + preview + data[2:]).shape == (240, 320, 3)


def test_refuses_a_jpeg_of_endless_segments() -> None:
    data = encoded(320, 240)
    assert problem(data[:2] + b"\xff\xe5\x00\x02" * 11_000 + data[2:]) is PictureProblem.too_many_pixels


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
@pytest.mark.parametrize("exif", [b"Exif\0\0garbage!", b"Exif\0\0MM\0*\0\0"])
def test_a_picture_whose_exif_cannot_be_read_is_read(form: str, exif: bytes) -> None:
    out = io.BytesIO()
    Image.new("RGB", (120, 80)).save(out, form, exif=exif)
    assert read_image(out.getvalue()).shape == (80, 120, 3)


def test_memory_that_is_short_is_not_the_picture_s_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def short(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Image, "open", short)
    with pytest.raises(MemoryError):
        read_image(encoded(320, 240))


def test_a_photo_whose_position_is_damaged_is_read_and_turned() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825).update({1: "N", 2: (31.0, 14.0, 0.0)})
    # The letter of the hemisphere says that it is nothing that EXIF knows.
    damaged = exif.tobytes().replace(b"\x00\x01\x00\x02\x00\x00\x00\x02N", b"\x00\x02\x00\x01\x00\x00\x00\x02N")
    assert damaged != exif.tobytes()
    out = io.BytesIO()
    Image.new("RGB", (120, 80)).save(out, "JPEG", exif=damaged)
    assert read_image(out.getvalue()).shape == (120, 80, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_as_pillow_does(orientation: int) -> None:
    data = encoded(320, 240, orientation=orientation)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert np.abs(read_image(data).astype(int) - np.asarray(upright)).max() < 3


def test_transparent_parts_are_white_whatever_colour_they_hide() -> None:
    pixels = np.zeros((80, 100, 4), np.uint8)
    pixels[:, :50] = (255, 0, 255, 0)
    pixels[:, 50:] = (20, 120, 40, 255)
    for form in ("PNG", "WEBP"):
        out = io.BytesIO()
        Image.fromarray(pixels).save(out, form, lossless=True, exact=True)
        picture = read_image(out.getvalue())
        assert (picture[:, :45] > 250).all(), form
        assert np.abs(picture[:, 55:].astype(int) - (20, 120, 40)).max() < 4, form


def test_grey_of_16_bits_keeps_its_tones() -> None:
    out = io.BytesIO()
    Image.fromarray(np.tile(np.arange(0, 65536, 512).astype(np.uint16), (80, 1))).save(out, "PNG")
    row = read_image(out.getvalue())[40, :, 0]
    assert (row[0], row[64], row[-1]) == (0, 128, 254)
