"""The colour of a car's paint, as one of twelve names."""

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vendrive.vision.photos import Photo

TABLE = Path(__file__).with_name("paint.json")
SIDE_PX = 48
LIGHTS = (0.08, 0.22, 0.36, 0.5, 0.64, 0.78, 0.92)
WARM_LIGHTS = (0.15, 0.4, 0.65, 0.9)
HUES, HUE_LIGHTS = 8, (0.25, 0.65)
# Chroma in CIE L*a*b* below which a surface looks grey, and from which it looks warm; how sharp these borders are.
GREY, GREY_WIDTH, WARM, WARM_WIDTH = 14.0, 4.0, 6.0, 2.0

Numbers = NDArray[np.float64]


class PaintName(StrEnum):
    """The twelve names; what they mean to a person is in the message catalogue."""

    white = "white"
    silver = "silver"
    grey = "grey"
    black = "black"
    red = "red"
    orange = "orange"
    yellow = "yellow"
    gold = "gold"  # also beige, sand, champagne
    brown = "brown"  # also bronze
    green = "green"
    blue = "blue"
    purple = "purple"  # also burgundy tending to violet


@dataclass(frozen=True)
class PaintGuess:
    """The likeliest name; `confidence` from 0 to 1."""

    name: PaintName
    confidence: float


def paint_of(car: Photo) -> PaintGuess:
    """The colour of the car that fills the picture."""
    scores = np.append(describe(car), 1.0) @ _table()
    shares = np.exp(scores - scores.max())
    best = int(shares.argmax())
    return PaintGuess(list(PaintName)[best], float(shares[best] / shares.sum()))


def describe(car: Photo) -> Numbers:
    """27 numbers: how much of the middle of the picture is grey of each lightness, warm grey, and of each hue."""
    small = cv2.resize(car.pixels, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    light, red_green, yellow_blue = cv2.split(cv2.cvtColor(small, cv2.COLOR_RGB2LAB))
    light, chroma, hue = light / 100, np.hypot(red_green, yellow_blue), np.arctan2(yellow_blue, red_green)
    weights = _middle()
    grey = 1 / (1 + np.exp((chroma - GREY) / GREY_WIDTH))
    warm = (1 - 1 / (1 + np.exp((chroma - WARM) / WARM_WIDTH))) * (yellow_blue > 0)
    sums = [(weights * grey * np.exp(-(((light - at) / 0.09) ** 2))).sum() for at in LIGHTS]
    sums += [(weights * grey * warm * np.exp(-(((light - at) / 0.16) ** 2))).sum() for at in WARM_LIGHTS]
    for number in range(HUES):
        near = np.exp(2.5 * (np.cos(hue - number * 2 * np.pi / HUES) - 1)) * (1 - grey)
        sums += [(weights * near * np.exp(-(((light - at) / 0.25) ** 2))).sum() for at in HUE_LIGHTS]
    return np.sqrt(np.asarray(sums, dtype=np.float64))


@cache
def _middle() -> Numbers:
    """Where paint is most often seen: the middle, a little below; the weights' sum is 1."""
    down, across = np.mgrid[0:SIDE_PX, 0:SIDE_PX] / (SIDE_PX - 1)
    weights = np.exp(-(((down - 0.55) / 0.25) ** 2) - ((across - 0.5) / 0.38) ** 2)
    return np.asarray(weights / weights.sum(), dtype=np.float64)


@cache
def _table() -> Numbers:
    """28 x 12: a weight of each number for each name, and last how common the name is."""
    return np.asarray(json.loads(TABLE.read_text(encoding="utf-8"))["weights"], dtype=np.float64)
