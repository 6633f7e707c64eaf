"""Fit the net of `vendrive.vision.paint` to photos that were labelled by looking at them.

`python tools/fit_paint.py --photos ../shared/data/cars` prints how often it is right on models that it was not fitted
to, and writes paint.npz; it takes some twenty minutes on a quiet core. The 200 photos that `vendrive bench scan`
measures by are not in the labels. Each photo is learned from once more with red and blue exchanged, where its name
then is sure. People end silver and begin gold at different places: a bias for each labeller takes that up, and the
product answers as the first of them would, who also labelled the 200. The fourth named all photos once more, blind.
"""

import argparse
import csv
import sys
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vendrive.bench.progress import Bar
from vendrive.vision.cars import CLOSE_SHARE, CarEncoder
from vendrive.vision.looks import open_small
from vendrive.vision.paint import NET, Numbers, PaintName, PaintNet, describe
from vendrive.vision.photos import Box, Photo
from vendrive.vision.where import cars_in

LABELS = Path(__file__).with_name("paint_train_labels.csv")
NAMES = list(PaintName)
NEUTRAL = {PaintName.white, PaintName.silver, PaintName.grey, PaintName.black, PaintName.green}
# Where green lies between blue and red decides what a blue becomes: (green - red) / (blue - red) below these.
BECOMES = ((0.38, PaintName.red), (0.72, PaintName.orange), (1.05, PaintName.yellow))
STRONG, LEAST_STRONG = 60, 0.01
FIRST_WEIGHT, EXCHANGED_WEIGHT, FOLDS = 3.0, 0.5, 5
LABELLERS = ("first", "second", "third", "fourth")
# The mean of so many nets is kept, as one.
NETS, HIDDEN, EPOCHS, BATCH = 4, 64, 40, 128
# AdamW; the rate rises until WARM of the steps, then falls along a cosine.
RATE, WARM, DECAY, MEAN_KEPT, SQUARE_KEPT = 3e-3, 0.3, 0.1, 0.9, 0.999
NUMBERS_LEFT_OUT, HIDDEN_LEFT_OUT, NOISE = 0.1, 0.4, 0.1


@dataclass(frozen=True)
class Rows:
    """N x D numbers, N names and N labellers by their places, N weights, and the model of each."""

    numbers: Numbers
    names: NDArray[np.int64]
    labellers: NDArray[np.int64]
    weights: NDArray[np.float64]
    models: NDArray[np.str_]

    def some(self, chosen: NDArray[Any]) -> "Rows":
        """The chosen ones."""
        return Rows(*(field[chosen] for field in vars(self).values()))


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


def fit(rows: Rows) -> PaintNet:
    """The mean of several nets that differ by how they began and in which order they saw the rows."""
    middle, spread = rows.numbers.mean(0), rows.numbers.std(0) + 1e-6
    known = (rows.numbers - middle) / spread
    found = [_fit_one(known, rows, seed) for seed in range(NETS)]
    hidden, out, straight = ([net[part] for net in found] for part in ("hidden", "out", "straight"))
    return PaintNet(middle, spread, np.hstack(hidden), np.vstack(out) / NETS, np.mean(straight, axis=0))


def _fit_one(known: Numbers, rows: Rows, seed: int) -> dict[str, Numbers]:
    rng, wide = np.random.default_rng(seed), known.shape[1] + 1
    net = {
        "hidden": rng.uniform(-1, 1, (wide, HIDDEN)) / np.sqrt(wide),
        "out": rng.uniform(-1, 1, (HIDDEN, len(NAMES))) / np.sqrt(HIDDEN),
        "straight": np.zeros((wide, len(NAMES))),
        "habits": np.zeros((len(LABELLERS), len(NAMES))),
    }
    mean, square = ({name: np.zeros_like(part) for name, part in net.items()} for _ in range(2))
    each = len(known) // BATCH
    for step in range(EPOCHS * each):
        if step % each == 0:
            order = rng.permutation(len(known))
        batch = order[step % each * BATCH :][:BATCH]
        slopes, done = _slopes(net, known[batch], rows.some(batch), rng), step / (EPOCHS * each)
        rate = RATE * (0.5 - 0.5 * np.cos(np.pi * (done / WARM if done < WARM else (1 - done) / (1 - WARM))))
        for name, slope in slopes.items():
            mean[name] = MEAN_KEPT * mean[name] + (1 - MEAN_KEPT) * slope
            square[name] = SQUARE_KEPT * square[name] + (1 - SQUARE_KEPT) * slope**2
            size = np.sqrt(square[name] / (1 - SQUARE_KEPT ** (step + 1))) + 1e-8
            net[name] = net[name] * (1 - rate * DECAY) - rate * mean[name] / (1 - MEAN_KEPT ** (step + 1)) / size
    net["straight"][-1] += net["habits"][0]
    return net


def _slopes(net: dict[str, Numbers], known: Numbers, rows: Rows, rng: np.random.Generator) -> dict[str, Numbers]:
    """How the loss of a batch changes with each part; noise and gaps keep the net from learning photos by heart."""
    noisy = known + NOISE * rng.standard_normal(known.shape)
    gaps = (rng.random(known.shape) >= NUMBERS_LEFT_OUT) / (1 - NUMBERS_LEFT_OUT)
    one = np.ones((len(known), 1))
    seen, whole = np.hstack([noisy * gaps, one]), np.hstack([noisy, one])
    inner = seen @ net["hidden"]
    open_ = (inner > 0) * (rng.random(inner.shape) >= HIDDEN_LEFT_OUT) / (1 - HIDDEN_LEFT_OUT)
    scores = (inner * open_) @ net["out"] + whole @ net["straight"] + net["habits"][rows.labellers]
    shares = np.exp(scores - scores.max(1, keepdims=True))
    wrong = shares / shares.sum(1, keepdims=True) - np.eye(len(NAMES))[rows.names]
    wrong *= (rows.weights / rows.weights.sum())[:, None]
    return {
        "hidden": seen.T @ ((wrong @ net["out"].T) * open_),
        "out": (inner * open_).T @ wrong,
        "straight": whole.T @ wrong,
        "habits": np.eye(len(LABELLERS))[rows.labellers].T @ wrong,
    }


def cross_validate(rows: Rows) -> NDArray[np.bool_]:
    """Which rows are named as they are labelled by nets that did not see their models."""
    _, model = np.unique(rows.models, return_inverse=True)
    hits, bar = np.zeros(len(rows.names), bool), Bar(sys.stderr)
    for number in range(FOLDS):
        bar.show(number / FOLDS, "models left out in turn")
        left_out = model % FOLDS == number
        found = fit(rows.some(~left_out)).scores(rows.numbers[left_out])
        hits[left_out] = found.argmax(1) == rows.names[left_out]
    bar.end()
    return hits


def read(photos: Path) -> Rows:
    """Look at each labelled photo, as it is and exchanged."""
    with LABELS.open(encoding="utf-8", newline="") as stream:
        labels = sorted(csv.DictReader(stream), key=itemgetter("file"))
    eye, bar = CarEncoder(), Bar(sys.stderr)
    found: list[tuple[Numbers, PaintName, int, float, str]] = []
    for file, named in groupby(labels, itemgetter("file")):
        bar.show(len(found) / (2 * len(labels)), file)
        photo, model = open_small(photos / file), file.split("/")[0]
        turned = Photo(np.ascontiguousarray(photo.pixels[..., ::-1]))
        seen, seen_turned = _numbers(eye, photo), _numbers(eye, turned)
        for label in named:
            name, by = PaintName(label["paint"]), LABELLERS.index(label["by"])
            found.append((seen, name, by, FIRST_WEIGHT if by == 0 else 1.0, model))
            if other := exchanged(name, photo.pixels):
                found.append((seen_turned, other, by, EXCHANGED_WEIGHT, model))
    bar.end()
    numbers, names, by_, weights, models = zip(*found, strict=True)
    places = np.asarray([NAMES.index(name) for name in names])
    return Rows(np.stack(numbers), places, np.asarray(by_), np.asarray(weights), np.asarray(models))


def write(net: PaintNet) -> None:
    """Write the net where the product reads it."""
    kept = {name: np.asarray(part, dtype=np.float32) for name, part in vars(net).items()}
    np.savez(NET, allow_pickle=False, **kept)


def _numbers(eye: CarEncoder, photo: Photo) -> Numbers:
    """As `see` does: a small car is looked at again, alone."""
    look = eye._look(photo)
    boxes = cars_in(look.places, photo.size)
    box = boxes[0] if boxes else Box(0, 0, *photo.size)
    if box.width * box.height < CLOSE_SHARE * photo.size[0] * photo.size[1]:
        photo = photo.cropped(box)
        look, box = eye._look(photo), Box(0, 0, *photo.size)
    return describe(photo, look.panels, box)


def main() -> None:
    """Fit, tell, write."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--photos", type=Path, required=True, help="the folder of the photos, with 002/00670.jpg")
    rows = read(asked.parse_args().photos)
    hits, turned = cross_validate(rows), rows.weights == EXCHANGED_WEIGHT
    as_is, other = hits[~turned].mean(), hits[turned].mean()
    print(f"{len(hits)} pictures; right on models not seen: {as_is:.3f}, with red and blue exchanged {other:.3f}")
    for place, labeller in enumerate(LABELLERS):
        print(f"as the {labeller} labelled: {hits[~turned & (rows.labellers == place)].mean():.3f}")
    write(fit(rows))


if __name__ == "__main__":
    main()
