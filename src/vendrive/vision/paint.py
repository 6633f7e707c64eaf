"""The colour of a car's paint, as one of twelve names: a table over what the middle of the car shows.

Numbers of its colours (CIE L*a*b*) and of what the gate's net sees there, which tells panels from glass and ground.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vendrive.vision.photos import Box, Photo

TABLE = Path(__file__).with_name("paint.json")
SIDE_PX = 80
LIGHTS = (0.08, 0.2, 0.32, 0.44, 0.56, 0.68, 0.8, 0.92)
TINTED_LIGHTS = (0.15, 0.4, 0.65, 0.9)
HUES, HUE_LIGHTS = 12, (0.2, 0.45, 0.7)
# Chroma below which a surface looks grey, and from which it looks tinted; how sharp these borders are.
GREY, GREY_WIDTH, TINTED, TINTED_WIDTH = 14.0, 4.0, 6.0, 2.0
# Where paint is most often seen, and how far from there, in shares of the car's box.
DOWN, ACROSS, DOWN_SPREAD, ACROSS_SPREAD = 0.55, 0.5, 0.25, 0.38

Numbers = NDArray[np.float64]
Panels = NDArray[np.float32]
"""Channels x down x across: what the gate's net sees at each place of the picture, about edges, parts and tones."""


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


def paint_of(photo: Photo, panels: Panels, car: Box) -> PaintGuess:
    """The colour of the car in the box; `panels` are of the whole photo."""
    scores = np.append(describe(photo, panels, car), 1.0) @ _table()
    shares = np.exp(scores - scores.max())
    best = int(shares.argmax())
    return PaintGuess(list(PaintName)[best], float(shares[best] / shares.sum()))


def describe(photo: Photo, panels: Panels, car: Box) -> Numbers:
    """52 numbers of colours, and the mean of each channel of the panels, both where paint is most often seen."""
    small = cv2.resize(photo.pixels, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    colours = np.sqrt(_colours(small, _middle(photo, car, (SIDE_PX, SIDE_PX))))
    seen = (panels * _middle(photo, car, panels.shape[1:])).sum((1, 2))
    return np.concatenate([colours, np.asarray(seen, dtype=np.float64)])


def _colours(small: NDArray[Any], weights: Numbers) -> Numbers:
    """How much is grey of each lightness, grey that is a little warm or cold, and of each hue."""
    light, red_green, yellow_blue = cv2.split(cv2.cvtColor(small / 255, cv2.COLOR_RGB2LAB))
    light, chroma, hue = light / 100, np.hypot(red_green, yellow_blue), np.arctan2(yellow_blue, red_green)
    grey = 1 / (1 + np.exp((chroma - GREY) / GREY_WIDTH))
    tinted = grey * (1 - 1 / (1 + np.exp((chroma - TINTED) / TINTED_WIDTH)))
    found = [_share(weights * grey, light, at, 0.09) for at in LIGHTS]
    for side in (yellow_blue > 0, yellow_blue <= 0):
        found += [_share(weights * tinted * side, light, at, 0.16) for at in TINTED_LIGHTS]
    for number in range(HUES):
        near = np.exp(4 * (np.cos(hue - number * 2 * np.pi / HUES) - 1)) * (1 - grey)
        found += [_share(weights * near, light, at, 0.2) for at in HUE_LIGHTS]
    return np.asarray(found, dtype=np.float64)


def _share(weights: NDArray[Any], light: NDArray[Any], at: float, spread: float) -> float:
    return float((weights * np.exp(-(((light - at) / spread) ** 2))).sum())


def _middle(photo: Photo, car: Box, shape: tuple[int, ...]) -> Numbers:
    """Weights of a grid that covers the photo: the middle of the car, a little below; their sum is 1."""
    width, height = photo.size
    down = ((np.arange(shape[0]) + 0.5) / shape[0] * height - car.top) / car.height
    across = ((np.arange(shape[1]) + 0.5) / shape[1] * width - car.left) / car.width
    weights = np.exp(-(((down[:, None] - DOWN) / DOWN_SPREAD) ** 2) - ((across[None] - ACROSS) / ACROSS_SPREAD) ** 2)
    return np.asarray(weights / max(weights.sum(), 1e-12), dtype=np.float64)


@cache
def _table() -> Numbers:
    """A weight of each number for each name, and last how common the name is (tools/fit_paint.py)."""
    return np.asarray(json.loads(TABLE.read_text(encoding="utf-8"))["weights"], dtype=np.float64)
