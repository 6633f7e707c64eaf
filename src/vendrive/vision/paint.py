"""The colour of a car's paint, as one of twelve names: a small net over what the middle of the car shows.

Numbers of its colours (CIE L*a*b*) and of what the gate's net sees there, which tells panels from glass and ground.
Beside it goes what a net over the car's pixels says, where the model's folder has one (`around`).
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vendrive.vision.images import Picture
from vendrive.vision.photos import Box, Photo

NET = Path(__file__).with_name("paint.npz")
SIDE_PX = 80
LIGHTS = (0.08, 0.2, 0.32, 0.44, 0.56, 0.68, 0.8, 0.92)
TINTED_LIGHTS = (0.15, 0.4, 0.65, 0.9)
HUES, HUE_LIGHTS = 12, (0.2, 0.45, 0.7)
# Chroma below which a surface looks grey, and from which it looks tinted; how sharp these borders are.
GREY, GREY_WIDTH, TINTED, TINTED_WIDTH = 14.0, 4.0, 6.0, 2.0
# Per cent of the middle's pixels below a lightness, red, yellow, and below a chroma. Middle: where weights exceed this.
BELOW, CHROMA_BELOW, MIDDLE = (5, 15, 30, 45, 60, 75, 90, 97), (25, 50, 75, 90), 0.3
# Where paint is most often seen, and how far from there, in shares of the car's box.
DOWN, ACROSS, DOWN_SPREAD, ACROSS_SPREAD = 0.55, 0.5, 0.25, 0.38
# What is shown around the box to the net over pixels, in shares of its sides.
AROUND = 0.12

Numbers = NDArray[np.float64]
Shares = NDArray[np.float64]
"""How likely each name is, in the order of `PaintName`; their sum is 1."""
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


@dataclass(frozen=True)
class PaintNet:
    """A net of one hidden layer beside a straight path; `middle` and `spread` of its D numbers (tools/fit_paint.py)."""

    middle: Numbers
    spread: Numbers
    hidden: Numbers
    """D + 1 x H; the last row is added always, here and below."""
    out: Numbers
    """H x 12."""
    straight: Numbers
    """D + 1 x 12."""

    def scores(self, numbers: Numbers) -> Numbers:
        """D or N x D numbers to a score for each name, in the order of `PaintName`."""
        known = (numbers - self.middle) / self.spread
        seen = np.maximum(known @ self.hidden[:-1] + self.hidden[-1], 0)
        return np.asarray(seen @ self.out + known @ self.straight[:-1] + self.straight[-1], dtype=np.float64)


def paint_of(*opinions: Shares) -> PaintGuess:
    """The name that is likeliest in the mean of what several nets say of a car."""
    shares = np.mean(opinions, axis=0)
    best = int(shares.argmax())
    return PaintGuess(list(PaintName)[best], float(shares[best]))


def paint_shares(photo: Photo, panels: Panels, car: Box) -> Shares:
    """What the small net says of the car in the box; `panels` are of the whole photo."""
    scores = _net().scores(describe(photo, panels, car))
    shares = np.exp(scores - scores.max())
    return np.asarray(shares / shares.sum(), dtype=np.float64)


def around(photo: Photo, car: Box, side_px: int) -> Picture:
    """The car and a little around it, squeezed to a square: what the net over pixels is shown."""
    width, height = photo.size
    across, down = AROUND * car.width, AROUND * car.height
    part = (
        max(0.0, car.left - across),
        max(0.0, car.top - down),
        min(float(width), car.left + car.width + across),
        min(float(height), car.top + car.height + down),
    )
    square = Image.fromarray(photo.pixels).resize((side_px, side_px), Image.Resampling.BILINEAR, box=part)
    return np.asarray(square, dtype=np.uint8)


def describe(photo: Photo, panels: Panels, car: Box) -> Numbers:
    """80 numbers of colours, and the mean of each channel of the panels, both where paint is most often seen."""
    small = cv2.resize(photo.pixels, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    lab, weights = cv2.cvtColor(small / 255, cv2.COLOR_RGB2LAB), _middle(photo, car, (SIDE_PX, SIDE_PX))
    seen = (panels * _middle(photo, car, panels.shape[1:])).sum((1, 2))
    return np.concatenate([np.sqrt(_colours(lab, weights)), _levels(lab, weights), np.asarray(seen, dtype=np.float64)])


def _levels(lab: NDArray[Any], weights: Numbers) -> Numbers:
    """How light, red, yellow and strong the middle's pixels are, from the least to the most."""
    pixels = lab[weights > MIDDLE * weights.max()]
    chroma = np.percentile(np.hypot(pixels[:, 1], pixels[:, 2]), CHROMA_BELOW)
    return np.concatenate([np.percentile(pixels, BELOW, axis=0).ravel(), chroma]) / 100


def _colours(lab: NDArray[Any], weights: Numbers) -> Numbers:
    """How much is grey of each lightness, grey that is a little warm or cold, and of each hue."""
    light, red_green, yellow_blue = cv2.split(lab)
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
def _net() -> PaintNet:
    with np.load(NET) as kept:
        return PaintNet(**{name: np.asarray(kept[name], dtype=np.float64) for name in kept.files})
