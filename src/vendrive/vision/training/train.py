"""From photos to a model that the scan uses: encoders, gate, export, figures on what was held out, card, plot."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vendrive.clock import Clock
from vendrive.vision.card import CARD, EncoderFile, ModelCard, Thresholds
from vendrive.vision.looks import Looks, Told, look_at
from vendrive.vision.photos import photo_of
from vendrive.vision.recall import hits, neighbours, ranked
from vendrive.vision.training.export import car_model
from vendrive.vision.training.gate import GateRecipe, train_gate
from vendrive.vision.training.layers import Weights, read_imagenet
from vendrive.vision.training.loop import Run
from vendrive.vision.training.losses import Labels
from vendrive.vision.training.options import Asked
from vendrive.vision.training.others import GROUPS, picture
from vendrive.vision.training.photos import fingerprint, load
from vendrive.vision.training.plot import course_svg
from vendrive.vision.training.recipe import ON_CPU, ON_GPU, Recipe, side_when_used
from vendrive.vision.training.split import Labelled, Split, read_labels, split

FILE, COURSE = "cars.onnx", "course.svg"
# The measurement draws from 0 up (`vendrive bench scan`).
FIRST_SEED, DRAWN_EACH = 1_000_000, 60
CAR = 0.73
# A step of the gate looks at four times so many pictures.
BATCH_ON_CPU = 12
# So many of the photos of known models are to be called known.
KNOWN_SHARE = 0.05
# The shop keeps a name of at most 80 letters beside each vector; nine are of the file.
MOST_LETTERS = 70
WEIGHTS_OF_GATE, LEARNED_FROM = "gate.npz", "learned_from"


def train(asked: Asked, clock: Clock, told: Told) -> ModelCard:
    """Train, or go on from checkpoints; write the model's folder. ValueError or OSError says what is missing."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    parts = _split(asked)
    recipes = _recipes(asked, device)
    start = read_imagenet(asked.start)
    pixels = load(asked.photos, parts.train, recipes[0].side_px, told)
    asked.out.mkdir(parents=True, exist_ok=True)
    learned_from = fingerprint(pixels, parts.train)
    runs = []
    for number, recipe in enumerate(recipes, 1):
        run = Run(recipe, pixels, Labels(parts.train), start, device, learned_from)
        runs.append(_go_on(run, asked.out / f"encoder{number}", clock, told))
    gate_recipe = GateRecipe(steps=asked.gate_steps)
    if device == "cpu":
        gate_recipe = replace(gate_recipe, side_px=recipes[0].side_px, batch=BATCH_ON_CPU)
    gate = _gate(asked, gate_recipe, start, pixels, learned_from, device, clock, told)
    _write(asked.out / FILE, car_model([run.average.folded() for run in runs], gate))
    courses = [[(row["minutes"], row["loss"]) for row in run.course if "loss" in row] for run in runs]
    _write(asked.out / COURSE, course_svg("loss of each encoder", courses).encode())
    card = _card(asked, recipes, {"unmeasured": 0.0}, Thresholds(car=CAR, known=0.0))
    _write(asked.out / CARD, card.model_dump_json(indent=2).encode())
    card = _measured(asked, card, parts, told)
    _write(asked.out / CARD, (card.model_dump_json(indent=2) + "\n").encode())
    return card


def _split(asked: Asked) -> Split:
    parts = split(read_labels(asked.photos))
    if not asked.feedback:
        return parts
    # What customers picked is learned from, never measured by.
    more = [Labelled(str((asked.feedback / one.file).resolve()), one.name) for one in read_labels(asked.feedback)]
    kept_out = {photo.name for photo in parts.unseen}
    return replace(parts, train=[*parts.train, *(one for one in more if one.name not in kept_out)])


def _recipes(asked: Asked, device: str) -> list[Recipe]:
    own = ON_GPU if device == "cuda" else ON_CPU
    chosen = (ON_GPU if asked.members == 2 else own)[: asked.members or None]
    said = {"minutes": asked.minutes, "epochs": asked.epochs, "side_px": asked.side_px}
    changes: dict[str, Any] = {name: value for name, value in said.items() if value}
    if device == "cpu":
        changes = {"side_px": ON_CPU[0].side_px, "batch": ON_CPU[0].batch, "minutes": ON_CPU[0].minutes} | changes
    return [replace(recipe, **changes) for recipe in chosen]


def _go_on(run: Run, folder: Path, clock: Clock, told: Told) -> Run:
    run.go_on(clock, folder, lambda share, what: told(share, f"{folder.name}: {what}"), lambda net: {})
    return run


def _gate(
    asked: Asked,
    recipe: GateRecipe,
    start: Weights,
    cars: Tensor,
    learned_from: str,
    device: str,
    clock: Clock,
    told: Told,
) -> Weights:
    kept = asked.out / WEIGHTS_OF_GATE
    if kept.is_file():
        with np.load(kept) as stored:
            if LEARNED_FROM in stored.files and str(stored[LEARNED_FROM]) == learned_from:
                return {name: stored[name] for name in stored.files if name != LEARNED_FROM}
    others = torch.stack(list(_others(asked, cars.shape[-1])))
    gate = train_gate(recipe, start, cars, others, device, clock, told).folded()
    with kept.with_suffix(".part").open("wb") as stream:
        np.savez(stream, **dict[str, Any](gate, **{LEARNED_FROM: np.asarray(learned_from)}))
    os.replace(kept.with_suffix(".part"), kept)
    return gate


def _others(asked: Asked, side_px: int) -> Iterator[Tensor]:
    for group in GROUPS:
        for seed in range(DRAWN_EACH):
            drawn = photo_of(picture(group, FIRST_SEED + seed, side_px)).pixels
            yield torch.from_numpy(drawn.copy()).permute(2, 0, 1)
    if asked.faces:
        files = [Labelled(str(file.relative_to(asked.faces)), "face") for file in sorted(asked.faces.rglob("*.jpg"))]
        yield from load(asked.faces, files[: len(files) // 2], side_px, lambda share, what: None)


def _card(asked: Asked, recipes: Sequence[Recipe], figures: dict[str, float], thresholds: Thresholds) -> ModelCard:
    dimensions = sum(recipe.dimensions for recipe in recipes)
    made = "-".join(str(part) for recipe in recipes for part in (recipe.seed, recipe.side_px, recipe.epochs))
    # Vectors of two trainings never share a name, even where somebody gave both the same.
    digest = sha256((asked.out / FILE).read_bytes()).hexdigest()[:8]
    return ModelCard(
        name=f"{(asked.name or f'cars-{asked.out.resolve().name}-{made}')[:MOST_LETTERS]}-{digest}",
        research_only=not asked.for_shops,
        encoder=EncoderFile(file=FILE, output="vector", side_px=side_when_used(recipes[0]), dimensions=dimensions),
        thresholds=thresholds,
        data=f"{len(read_labels(asked.photos))} photos of {asked.photos.name}"
        + (", and feedback" * bool(asked.feedback)),
        terms=asked.terms,
        figures=figures,
        limits=[
            "Measured on photos of the same collection alone.",
            "Trucks, motorbikes and streets were drawn by rule.",
        ],
    )


def _measured(asked: Asked, card: ModelCard, parts: Split, told: Told) -> ModelCard:
    """Look at every photo by the exported file, as the product does, and put the figures on the card."""
    groups = (parts.train, parts.held_out, parts.unseen)
    files = [asked.photos / photo.file for group in groups for photo in group]
    looks = look_at(files, told, jobs=1, model=asked.out)
    names = np.asarray([photo.name for group in groups for photo in group])
    first, second = len(parts.train), len(parts.train) + len(parts.held_out)
    figures = {"photos_trained_on": float(first)}
    known = 0.0
    if second > first:
        queries, asked_for = looks.vectors[first:second], names[first:second]
        found = ranked(queries, looks.vectors[:first], names[:first], 5)
        figures |= {f"catalogue_known_top{at}": float(hits(found, asked_for, at).mean()) for at in (1, 5)}
        known = _known(looks, names, first, second)
    if len(parts.unseen) > 1:
        near = neighbours(looks.vectors[second:], names[second:], 1)
        figures["unseen_recall_at_1"] = float(hits(near, names[second:], 1).mean())
    return card.model_copy(update={"figures": figures, "thresholds": Thresholds(car=CAR, known=known)})


def _known(looks: Looks, names: "np.ndarray[tuple[int], np.dtype[np.str_]]", first: int, second: int) -> float:
    scores = looks.vectors[first:second] @ looks.vectors[:first].T
    own = np.where(names[first:second, None] == names[None, :first], scores, -1).max(1)
    return round(float(np.quantile(own, KNOWN_SHARE)), 3)


def _write(path: Path, data: bytes) -> None:
    part = path.with_suffix(path.suffix + ".part")
    part.write_bytes(data)
    os.replace(part, path)
