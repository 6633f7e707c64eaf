"""An eye of the tests' own, cars that it knows, and browsers. The real encoder has tests in test_real_photos.py."""

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.test import Client
from pytest_django import Settings

from tests.retail.scan.photos import picture
from tests.retail.shop.browser import browser_of
from vendrive.retail.catalogue.models import VehicleModel
from vendrive.retail.customers.models import Customer
from vendrive.retail.scan import recognition
from vendrive.retail.scan.models import KnownCar
from vendrive.retail.scan.references import add_views, know_model
from vendrive.vision.card import CARD, EncoderFile, ModelCard, Thresholds
from vendrive.vision.cars import CarProblem, Sighting
from vendrive.vision.paint import PaintGuess, PaintName
from vendrive.vision.photos import Box, Photo
from vendrive.vision.views import Vector

SIDE = 4


@dataclass
class Eye:
    """Sees colours in a coarse grid: deterministic, quick, and as unable to tell cars as it needs to be."""

    name: str = "eye-1"
    problem: CarProblem | None = None
    likelihood: float = 1.0
    paint: PaintName = PaintName.red
    box: Box | None = None
    card: ModelCard = field(
        default_factory=lambda: ModelCard(
            name="eye-1",
            research_only=False,
            encoder=EncoderFile(file="none", output="none", side_px=SIDE, dimensions=SIDE * SIDE * 3),
            thresholds=Thresholds(car=0.5, known=0.9),
            data="none",
            terms="none",
            figures={},
            limits=[],
        )
    )

    def see(self, photo: Photo) -> Sighting:
        box = self.box or Box(0, 0, *photo.size)
        return Sighting(self.encode(photo), self.likelihood, box, PaintGuess(self.paint, 1.0), self.problem)

    def encode(self, photo: Photo) -> Vector:
        small = cv2.resize(photo.pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
        centred = small.ravel() - small.mean()
        return np.asarray(centred / max(float(np.linalg.norm(centred)), 1e-9), np.float32)


@pytest.fixture
def eye(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> Eye:
    made = Eye()
    (tmp_path / CARD).write_text(made.card.model_dump_json())
    settings.VENDRIVE_CAR_MODEL = tmp_path
    monkeypatch.setattr(recognition, "_load", lambda folder: made)
    return made


@pytest.fixture
def edge(shop: None, eye: Eye) -> KnownCar:
    """The Ford Edge, with one view: picture 1. The tower in Shanghai lends it."""
    car = know_model(VehicleModel.objects.get(pk="ford-edge"))
    assert [added.problem for added in add_views("tests", car, [("1.jpg", picture(1))])] == [None]
    return car


@pytest.fixture
def karma(shop: None, eye: Eye) -> KnownCar:
    """The Fisker Karma, with one view: picture 2. No tower has it."""
    car = KnownCar.objects.create(
        slug="fisker-karma", make="Fisker", make_zh="菲斯克", name="Karma", name_zh="Karma", body="sedan", year=2012
    )
    add_views("tests", car, [("2.jpg", picture(2))])
    return car


@pytest.fixture
def guest(shop: None) -> Client:
    return Client()


@pytest.fixture
def phone(driver: Customer) -> Client:
    return browser_of(driver)


@pytest.fixture
def shared() -> Path:
    folder = Path(__file__).parents[4] / "shared" / "data" / "cars"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here: the scan is untested with photos of cars")
    return folder
