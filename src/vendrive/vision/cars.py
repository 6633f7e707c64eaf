"""A photo to a vector that finds the same model of car, and whether and where it shows a car at all.

One file of the model's folder does it, by ONNX Runtime; docs/scan-model.md says how well.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from vendrive.vision.card import SHIPPED, ModelMissing, read_card
from vendrive.vision.paint import PaintGuess, Panels, Shares, around, paint_of, paint_shares
from vendrive.vision.photos import Box, Photo
from vendrive.vision.views import Vector
from vendrive.vision.where import Places, cars_in, likelihood_of

_runtime: Any = onnxruntime  # its types are not exported

# A car that fills less of the photo than this is looked at again, alone; that second look counts where it shows a car
# more clearly than the first, in the logarithm of the odds (docs/scan-model.md).
CLOSE_SHARE = 0.55
CLEARER = 0.25
# Measured on held-out photos made worse (docs/scan-model.md): below these the right model is seldom found.
DARK = 14.0
BLURRED = 12.0
SMALL_PX = 48
# The tones of a wall or a clear sky differ less, however sharp it is.
PLAIN = 20.0


class CarProblem(StrEnum):
    """Why a photo cannot be searched by. Each has its sentence."""

    not_a_car = "not_a_car"
    several_cars = "several_cars"
    too_dark = "too_dark"
    too_blurred = "too_blurred"
    too_small = "too_small"


@dataclass(frozen=True)
class Sighting:
    """What one photo shows. `box` is where the car stands in it. With a `problem` the rest is still the best guess:
    several cars are no reason not to answer, a likelihood below `card.thresholds.car` is: then the problem is not_a_car
    or why none could be seen."""

    vector: Vector
    likelihood: float
    box: Box
    paint: PaintGuess
    problem: CarProblem | None


@dataclass(frozen=True)
class _Look:
    """What the net says of one picture; `odds` is the logarithm of the odds that it is of a car."""

    vector: Vector
    odds: float
    places: Places
    panels: Panels


class CarEncoder:
    """Loads once, in about a fifth of a second; safe to use from several threads."""

    def __init__(self, folder: Path = SHIPPED) -> None:
        """Load the model of `folder`. Raises `ModelMissing`."""
        self.card = read_card(folder)
        self._net = _session(folder / self.card.encoder.file)
        self._paint_net = _session(folder / self.card.paint.file) if self.card.paint else None

    @property
    def name(self) -> str:
        """Vectors of encoders of two names do not compare: an index is made anew when it changes."""
        return self.card.name

    @property
    def dimensions(self) -> int:
        """How many numbers a vector has."""
        return self.card.encoder.dimensions

    def see(self, photo: Photo) -> Sighting:
        """All that a search by a photo needs: where the car is, then its vector, its paint and what is wrong."""
        look = self._look(photo)
        found = cars_in(look.places, photo.size)
        box = found[0] if found else Box(0, 0, *photo.size)
        car, vector, colours = photo.cropped(box), look.vector, paint_shares(photo, look.panels, box)
        if _share(box, photo) < CLOSE_SHARE:
            second = self._look(car)
            vector = second.vector if second.odds > look.odds + CLEARER else vector
            colours = paint_shares(car, second.panels, Box(0, 0, *car.size))
        likelihood = likelihood_of(look.places)
        problem = _no_car(photo) if likelihood < self.card.thresholds.car else _problem(car, len(found))
        return Sighting(vector, likelihood, box, paint_of(colours, *self._by_pixels(photo, box)), problem)

    def encode(self, photo: Photo) -> Vector:
        """The unit vector of the car in the photo; of the whole photo where no car stands out."""
        return self.see(photo).vector

    def car_likelihood(self, photo: Photo) -> float:
        """From 0 to 1: how surely the photo shows a car. `card.thresholds.car` is where the product says yes."""
        return likelihood_of(self._look(photo).places)

    def _by_pixels(self, photo: Photo, car: Box) -> list[Shares]:
        """What the net over pixels says of the paint, of the car and its mirror image; nothing where there is none."""
        if self._paint_net is None or self.card.paint is None:
            return []
        seen = around(photo, car, self.card.paint.side_px)
        (shares,) = self._paint_net.run(["shares"], {"pixels": np.stack([seen, seen[:, ::-1]])})
        return [shares.astype(np.float64).mean(0)]

    def _look(self, photo: Photo) -> _Look:
        pixels = _squeezed(photo, self.card.encoder.side_px)
        outputs = [self.card.encoder.output, "car", "places", "panels"]
        vector, odds, places, panels = (found[0] for found in self._net.run(outputs, {"pixels": pixels}))
        unit = np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), dtype=np.float32)
        return _Look(unit, float(odds), np.asarray(places, np.float32), np.asarray(panels, np.float32))


def _problem(car: Photo, cars: int) -> CarProblem | None:
    """What makes the car hard to know; the first that holds."""
    if min(car.size) < SMALL_PX:
        return CarProblem.too_small
    return _unclear(_grey(car)) or (CarProblem.several_cars if cars > 1 else None)


def _no_car(photo: Photo) -> CarProblem:
    """Why no car is seen: in the dark, or where all edges are soft though tones differ, there may well be one."""
    grey = _grey(photo)
    unclear = _unclear(grey)
    plain = unclear is CarProblem.too_blurred and float(grey.std()) <= PLAIN
    return CarProblem.not_a_car if unclear is None or plain else unclear


def _unclear(grey: NDArray[Any]) -> CarProblem | None:
    if float(np.percentile(grey, 90)) < DARK:
        return CarProblem.too_dark
    return CarProblem.too_blurred if _sharpness(grey) < BLURRED else None


def _grey(photo: Photo) -> NDArray[Any]:
    return cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2GRAY)


def _sharpness(grey: NDArray[Any]) -> float:
    """The strength of the finest edges, against the picture's own contrast; at 256 px, as the net sees no more."""
    small = cv2.resize(grey, (256, 256), interpolation=cv2.INTER_AREA).astype(np.float32)
    return float(np.percentile(np.abs(cv2.Laplacian(small, cv2.CV_32F)), 98) * 100 / (small.std() + 8))


def _share(box: Box, photo: Photo) -> float:
    return box.width * box.height / (photo.size[0] * photo.size[1])


def _session(path: Path) -> Any:
    if not path.is_file():
        raise ModelMissing(f"{path} is missing: train a model with `vendrive scan train --out {path.parent}`")
    options = _runtime.SessionOptions()
    # One photo at a time and several processes: a pool of threads for each would only wait for the others.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return _runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _squeezed(photo: Photo, side_px: int) -> NDArray[np.uint8]:
    """The whole photo in a square, 1 x side x side x 3: squeezing finds more than padding does (docs/scan-model.md).

    By the filter that training used; OpenCV's for shrinking leaves blocks where a side has to grow.
    """
    square = Image.fromarray(photo.pixels).resize((side_px, side_px), Image.Resampling.LANCZOS)
    return np.asarray(square, dtype=np.uint8)[None]
