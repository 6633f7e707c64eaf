"""The shipped encoder and the demo's cars, with real photos that are not in the repository."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from django.test import Client
from PIL import Image, ImageFilter
from pytest_django import Settings

from tests.retail.scan.photos import jpeg
from tests.retail.scan.test_scan import result_of, send
from tests.retail.shop.browser import shows
from vendrive.demo.data import fill_known_cars
from vendrive.vision.card import SHIPPED
from vendrive.vision.training.others import picture
from vendrive.wire.errors import ErrorCode


@pytest.fixture
def shop_with_cars(shop: None, settings: Settings) -> None:
    settings.VENDRIVE_CAR_MODEL = SHIPPED
    fill_known_cars()


def photos_of(folder: Path, name: str) -> Sequence[bytes]:
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        return [(folder / row["file"]).read_bytes() for row in csv.DictReader(file) if row["name"] == name]


def test_a_photo_of_a_ford_edge_finds_the_ford_edge(shop_with_cars: None, guest: Client, shared: Path) -> None:
    found = [
        'data-best="ford-edge-suv-2012"' in result_of(guest, photo)
        for photo in photos_of(shared, "Ford Edge SUV 2012")[:8]
    ]
    # These photos are among those that the vectors were made from: whether others are found, the bench says.
    assert sum(found) >= 6


def test_a_photo_as_phones_make_them_takes_all_formats(shop_with_cars: None, guest: Client, shared: Path) -> None:
    image = Image.open(io.BytesIO(photos_of(shared, "Ford Edge SUV 2012")[0])).convert("RGB").resize((4032, 3024))
    for file_format in ("JPEG", "HEIF", "WEBP", "PNG"):
        out = io.BytesIO()
        image.resize((1600, 1200) if file_format == "PNG" else image.size).save(out, file_format)
        assert send(guest, out.getvalue()).status_code == 302, file_format


def test_a_photo_too_dark_or_blurred_to_show_a_car_is_said_to_be_that(
    shop_with_cars: None, guest: Client, shared: Path
) -> None:
    image = Image.open(io.BytesIO(photos_of(shared, "Ford Edge SUV 2012")[2])).convert("RGB").resize((1008, 640))
    assert shows(send(guest, jpeg(image.point(lambda tone: tone * 0.01))), ErrorCode.photo_too_dark)
    assert shows(send(guest, jpeg(image.filter(ImageFilter.GaussianBlur(40)))), ErrorCode.photo_blurred)


def test_what_is_no_car_is_said_to_be_none(shop_with_cars: None, guest: Client) -> None:
    assert shows(send(guest, jpeg(picture("document", 3))), ErrorCode.photo_no_car)
    assert shows(send(guest, jpeg(Image.new("RGB", (800, 600), "#ffffff"))), ErrorCode.photo_no_car)
