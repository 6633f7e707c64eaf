"""Fit the two nets of `vendrive.vision.paint` to photos that were labelled by looking at them.

`python tools/fit_paint.py --photos ../shared/data/cars --start ../shared/models/mobilenet_v2_imagenet.npz` (with the
extra `train`) prints how often they are right on models that they were not fitted to, and writes paint.npz and the
car model's paint.onnx; it takes some 23 minutes on one core. The 200 photos that `vendrive bench scan`
measures by are not in the labels. Each photo is learned from once more with red and blue exchanged, where its name
then is sure. People end silver and begin gold at different places: a bias for each labeller takes that up, and the
product answers as the first of them would, who also labelled the 200. The fourth named all photos once more, blind,
and others as the first would, whose names they had studied: these stand where the first named nothing.
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
import torch
from numpy.typing import NDArray

from vendrive.bench.progress import Bar
from vendrive.vision.card import SHIPPED
from vendrive.vision.cars import CLOSE_SHARE, CarEncoder
from vendrive.vision.looks import open_small
from vendrive.vision.paint import NET, Numbers, PaintName, PaintNet, around, describe
from vendrive.vision.photos import Box, Photo
from vendrive.vision.training.export import paint_model
from vendrive.vision.training.layers import Weights, read_imagenet
from vendrive.vision.training.paint import PaintRecipe, Pictures, train_paint
from vendrive.vision.where import cars_in

LABELS = Path(__file__).with_name("paint_train_labels.csv")
NAMES = list(PaintName)
NEUTRAL = {PaintName.white, PaintName.silver, PaintName.grey, PaintName.black, PaintName.green}
# Where green lies between blue and red decides what a blue becomes: (green - red) / (blue - red) below these.
BECOMES = ((0.38, PaintName.red), (0.72, PaintName.orange), (1.05, PaintName.yellow))
STRONG, LEAST_STRONG = 60, 0.01
EXCHANGED_WEIGHT, FOLDS = 0.5, 5
LABELLERS = ("first", "second", "third", "fourth")
# Who had learned the first's habits by what the first named: stands for the first where the first named nothing.
AS_FIRST = "as first"
PIXELS_NET, CROP_PX, NOT_NAMED = SHIPPED / "paint.onnx", 160, -1
# The mean of so many nets is kept, as one.
NETS, HIDDEN, EPOCHS, BATCH = 4, 64, 40, 128
# AdamW; the rate rises until WARM of the steps, then falls along a cosine.
RATE, WARM, DECAY, MEAN_KEPT, SQUARE_KEPT = 3e-3, 0.3, 0.1, 0.9, 0.999
# Chosen on models left out, as was all else. ALIKE: how strongly the labellers' habits are held to be none.
NUMBERS_LEFT_OUT, HIDDEN_LEFT_OUT, NOISE, ALIKE = 0.2, 0.4, 0.25, 0.01


@dataclass(frozen=True)
class Rows:
    """N x D numbers, N names and N labellers by their places, N weights, and the photo and the model of each."""

    numbers: Numbers
    names: NDArray[np.int64]
    labellers: NDArray[np.int64]
    weights: NDArray[np.float64]
    photos: NDArray[np.int64]
    models: NDArray[np.int64]

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
    seen = np.hstack([noisy * gaps, np.ones((len(known), 1))])
    inner = seen @ net["hidden"]
    open_ = (inner > 0) * (rng.random(inner.shape) >= HIDDEN_LEFT_OUT) / (1 - HIDDEN_LEFT_OUT)
    scores = (inner * open_) @ net["out"] + seen @ net["straight"] + net["habits"][rows.labellers]
    shares = np.exp(scores - scores.max(1, keepdims=True))
    wrong = shares / shares.sum(1, keepdims=True) - np.eye(len(NAMES))[rows.names]
    wrong *= (rows.weights / rows.weights.sum())[:, None]
    return {
        "hidden": seen.T @ ((wrong @ net["out"].T) * open_),
        "out": (inner * open_).T @ wrong,
        "straight": seen.T @ wrong,
        "habits": np.eye(len(LABELLERS))[rows.labellers].T @ wrong + 2 * ALIKE * net["habits"],
    }


def cross_validate(rows: Rows) -> Numbers:
    """What nets that did not see a row's model score its names, N x 12 shares."""
    shares, bar = np.zeros((len(rows.names), len(NAMES))), Bar(sys.stderr)
    for number in range(FOLDS):
        bar.show(number / FOLDS, "models left out in turn")
        left_out = rows.models % FOLDS == number
        scores = fit(rows.some(~left_out)).scores(rows.numbers[left_out])
        shares[left_out] = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    bar.end()
    return shares


def read(photos: Path) -> tuple[Rows, Pictures]:
    """Look at each labelled photo, as it is and exchanged: rows of both for the small net, pictures for the other."""
    with LABELS.open(encoding="utf-8", newline="") as stream:
        labels = sorted(csv.DictReader(stream), key=itemgetter("file"))
    eye, bar, models = CarEncoder(), Bar(sys.stderr), sorted({label["file"].split("/")[0] for label in labels})
    found: list[tuple[Numbers, int, int, float, int, int]] = []
    crops, called, called_turned = [], [], []
    for number, (file, named) in enumerate(groupby(labels, itemgetter("file"))):
        bar.show(len(found) / (2 * len(labels)), file)
        photo, model = open_small(photos / file), models.index(file.split("/")[0])
        turned = Photo(np.ascontiguousarray(photo.pixels[..., ::-1]))
        (seen, box), (seen_turned, _) = _numbers(eye, photo), _numbers(eye, turned)
        crops.append(around(photo, box, CROP_PX).transpose(2, 0, 1))
        names, others = ([NOT_NAMED] * len(LABELLERS) for _ in range(2))
        for label in named:
            name, by = PaintName(label["paint"]), _person(label["by"])
            names[by] = NAMES.index(name)
            found.append((seen, names[by], by, PaintRecipe.first if by == 0 else 1.0, number, model))
            if other := exchanged(name, photo.pixels):
                others[by] = NAMES.index(other)
                found.append((seen_turned, others[by], by, EXCHANGED_WEIGHT, number, model))
        called.append(names)
        called_turned.append(others)
    bar.end()
    rows = Rows(*(np.asarray(column) for column in zip(*found, strict=True)))
    return rows, Pictures(torch.from_numpy(np.stack(crops)), torch.tensor(called), torch.tensor(called_turned))


def _person(by: str) -> int:
    return 0 if by == AS_FIRST else LABELLERS.index(by)


def cross_validate_pixels(rows: Rows, pictures: Pictures, small: Numbers, start: Weights) -> None:
    """Print how both nets and their mean do on the first fold of models, by the net over pixels that did not see it."""
    recipe, bar = PaintRecipe(), Bar(sys.stderr)
    chosen, turned = rows.models % FOLDS == 0, rows.weights == EXCHANGED_WEIGHT
    left_out = np.isin(np.arange(len(pictures.names)), rows.photos[chosen])
    net = train_paint(recipe, start, pictures.some(~left_out), bar.show)
    bar.end()
    crops, shares = pictures.pixels[torch.from_numpy(left_out)], np.zeros((2, len(left_out), len(NAMES)))
    shares[0, left_out], shares[1, left_out] = (net.shares(side, recipe.side_px) for side in (crops, crops.flip(1)))
    pixels = shares[turned.astype(int), rows.photos]
    for what, said in (("small net", small), ("net over pixels", pixels), ("both", small + pixels)):
        told = [f"{name} {share:.3f}" for name, share in _agreement(said.argmax(1), rows, chosen).items()]
        print(f"one fold, {left_out.sum()} photos, {what}: {', '.join(told)}")


def _agreement(said: NDArray[np.int64], rows: Rows, chosen: NDArray[np.bool_]) -> dict[str, float]:
    """How often what is said is what the first named (or others as the first), what all but the fourth, the fourth, and
    both of these named; and what anybody's name becomes with red and blue exchanged."""
    turned, fourth = rows.weights == EXCHANGED_WEIGHT, rows.labellers == LABELLERS.index("fourth")
    again = dict(zip(rows.photos[fourth & ~turned], rows.names[fourth & ~turned], strict=True))
    agreed = np.asarray([again.get(photo) == name for photo, name in zip(rows.photos, rows.names, strict=True)])
    first = rows.labellers == 0
    groups = {"first": first, "all but the fourth": ~fourth, "fourth": fourth, "where both agree": ~fourth & agreed}
    groups = {name: group & ~turned for name, group in groups.items()} | {"exchanged": turned}
    return {name: float((said == rows.names)[chosen & group].mean()) for name, group in groups.items()}


def write(net: PaintNet) -> None:
    """Write the net where the product reads it."""
    kept = {name: np.asarray(part, dtype=np.float32) for name, part in vars(net).items()}
    np.savez(NET, allow_pickle=False, **kept)


def _numbers(eye: CarEncoder, photo: Photo) -> tuple[Numbers, Box]:
    """As `see` does: a small car is looked at again, alone. The box is in the whole photo."""
    look = eye._look(photo)
    boxes = cars_in(look.places, photo.size)
    box = boxes[0] if boxes else Box(0, 0, *photo.size)
    if box.width * box.height >= CLOSE_SHARE * photo.size[0] * photo.size[1]:
        return describe(photo, look.panels, box), box
    car = photo.cropped(box)
    return describe(car, eye._look(car).panels, Box(0, 0, *car.size)), box


def main() -> None:
    """Fit, tell, write."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--photos", type=Path, required=True, help="the folder of the photos, with 002/00670.jpg")
    asked.add_argument("--start", type=Path, required=True, help="ImageNet's weights, mobilenet_v2_imagenet.npz")
    options = asked.parse_args()
    start = read_imagenet(options.start)
    rows, pictures = read(options.photos)
    shares, turned = cross_validate(rows), rows.weights == EXCHANGED_WEIGHT
    hits = shares.argmax(1) == rows.names
    as_is, other = hits[~turned].mean(), hits[turned].mean()
    print(f"{len(hits)} pictures; right on models not seen: {as_is:.3f}, with red and blue exchanged {other:.3f}")
    for place, labeller in enumerate(LABELLERS):
        print(f"as the {labeller} labelled: {hits[~turned & (rows.labellers == place)].mean():.3f}")
    cross_validate_pixels(rows, pictures, shares, start)
    write(fit(rows))
    recipe, bar = PaintRecipe(), Bar(sys.stderr)
    PIXELS_NET.write_bytes(paint_model(train_paint(recipe, start, pictures, bar.show).head(recipe.side_px)))
    bar.end()


if __name__ == "__main__":
    main()
