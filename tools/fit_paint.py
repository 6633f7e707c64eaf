"""Fit the table of `vendrive.vision.paint` to photos that were labelled by looking at them.

`python tools/fit_paint.py --photos ../shared/data/cars` prints how often the table is right on models that it was not
fitted to, and writes paint.json; it takes some ten minutes on a quiet core. The 200 photos that `vendrive bench scan`
measures by are not in the labels. Each photo is learned from once more with red and blue exchanged, where its name
then is sure.
"""

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vendrive.bench.progress import Bar
from vendrive.vision.cars import CarEncoder
from vendrive.vision.looks import open_small
from vendrive.vision.paint import TABLE, Numbers, PaintName, describe
from vendrive.vision.photos import Box, Photo
from vendrive.vision.where import cars_in

LABELS = Path(__file__).with_name("paint_train_labels.csv")
NAMES = list(PaintName)
NEUTRAL = {PaintName.white, PaintName.silver, PaintName.grey, PaintName.black, PaintName.green}
# Where green lies between blue and red decides what a blue becomes: (green - red) / (blue - red) below these.
BECOMES = ((0.38, PaintName.red), (0.72, PaintName.orange), (1.05, PaintName.yellow))
STRONG, LEAST_STRONG = 60, 0.01
EXCHANGED_WEIGHT, RIDGE, STEPS, RATE, MOMENTUM, FOLDS = 0.5, 0.01, 3000, 0.05, 0.95, 5


@dataclass(frozen=True)
class Rows:
    """N x 148 numbers, N names by their place, N weights, and the model of each."""

    numbers: Numbers
    names: NDArray[np.int64]
    weights: NDArray[np.float64]
    models: Sequence[str]


def exchanged(name: PaintName, pixels: NDArray[np.uint8]) -> PaintName | None:
    """What the paint is called once red and blue are exchanged; None where that is not sure."""
    if name in NEUTRAL:
        return name
    if name is PaintName.orange:
        return PaintName.blue
    if name is not PaintName.blue:
        return None
    height, width = pixels.shape[:2]
    middle = pixels[height // 4 : height * 4 // 5, width // 8 : width * 7 // 8].reshape(-1, 3).astype(float)
    strong = middle[middle[:, 2] - middle[:, 0] > STRONG]
    if len(strong) < LEAST_STRONG * len(middle):
        return None
    place = float(np.median((strong[:, 1] - strong[:, 0]) / (strong[:, 2] - strong[:, 0])))
    return next((becomes for below, becomes in BECOMES if place < below), None)


def fit(rows: Rows) -> Numbers:
    """149 x 12 weights of a logistic regression, in the numbers' own units."""
    middle, spread = rows.numbers.mean(0), rows.numbers.std(0) + 1e-6
    known = np.column_stack([(rows.numbers - middle) / spread, np.ones(len(rows.names))])
    wanted, share = np.eye(len(NAMES))[rows.names], rows.weights[:, None] / rows.weights.sum()
    table, speed = np.zeros((known.shape[1], len(NAMES))), 0.0
    for _ in range(STEPS):
        scores = np.exp(known @ table - (known @ table).max(1, keepdims=True))
        slope = known.T @ ((scores / scores.sum(1, keepdims=True) - wanted) * share)
        slope[:-1] += 2 * RIDGE * table[:-1]
        speed = MOMENTUM * speed - RATE * slope
        table = table + speed
    own = table[:-1] / spread[:, None]
    return np.vstack([own, table[-1] - middle @ own])


def right(table: Numbers, rows: Rows) -> NDArray[np.bool_]:
    """Which rows the table names as they are labelled."""
    found = np.column_stack([rows.numbers, np.ones(len(rows.names))]) @ table
    return np.asarray(found.argmax(1) == rows.names)


def cross_validate(rows: Rows) -> tuple[float, float]:
    """How often the table is right on models that it did not see: as the files are, and exchanged."""
    order = {model: number % FOLDS for number, model in enumerate(sorted(set(rows.models)))}
    fold, hits = np.asarray([order[model] for model in rows.models]), np.zeros(len(rows.names), bool)
    for number in range(FOLDS):
        hits[fold == number] = right(fit(_some(rows, fold != number)), _some(rows, fold == number))
    return float(hits[rows.weights == 1].mean()), float(hits[rows.weights < 1].mean())


def read(photos: Path) -> Rows:
    """Look at each labelled photo, as it is and exchanged."""
    with LABELS.open(encoding="utf-8", newline="") as stream:
        labels = [(row["file"], PaintName(row["paint"])) for row in csv.DictReader(stream)]
    eye, bar, found = CarEncoder(), Bar(sys.stderr), []
    for number, (file, name) in enumerate(labels):
        bar.show(number / len(labels), file)
        photo = open_small(photos / file)
        found.append((_numbers(eye, photo), name, 1.0, file.split("/")[0]))
        if other := exchanged(name, photo.pixels):
            turned = Photo(np.ascontiguousarray(photo.pixels[..., ::-1]))
            found.append((_numbers(eye, turned), other, EXCHANGED_WEIGHT, file.split("/")[0]))
    bar.end()
    numbers, names, weights, models = zip(*found, strict=True)
    return Rows(np.stack(numbers), np.asarray([NAMES.index(name) for name in names]), np.asarray(weights), models)


def write(table: Numbers) -> None:
    """Write the table where the product reads it."""
    told = "fitted by tools/fit_paint.py; the last row is how common a name is"
    rows = ",\n".join(json.dumps([round(float(weight), 4) for weight in row]) for row in table)
    TABLE.write_text(f'{{"told": "{told}", "names": {json.dumps(NAMES)}, "weights": [\n{rows}\n]}}\n', encoding="utf-8")


def _numbers(eye: CarEncoder, photo: Photo) -> Numbers:
    look = eye._look(photo)  # what `see` looks at, before it is named
    boxes = cars_in(look.places, photo.size)
    return describe(photo, look.panels, boxes[0] if boxes else Box(0, 0, *photo.size))


def _some(rows: Rows, chosen: NDArray[np.bool_]) -> Rows:
    models = [model for model, one in zip(rows.models, chosen, strict=True) if one]
    return Rows(rows.numbers[chosen], rows.names[chosen], rows.weights[chosen], models)


def main() -> None:
    """Fit, tell, write."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--photos", type=Path, required=True, help="the folder of the photos, with 002/00670.jpg")
    rows = read(asked.parse_args().photos)
    as_is, other = cross_validate(rows)
    print(f"{len(rows.names)} pictures; right on models not seen: {as_is:.3f}, with red and blue exchanged {other:.3f}")
    write(fit(rows))


if __name__ == "__main__":
    main()
