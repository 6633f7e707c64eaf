"""`vendrive bench scan`: how often a photo of a car finds its model, by the file that ships, and how fast."""

import csv
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vendrive.bench.figures import Figure, Target
from vendrive.bench.progress import Bar
from vendrive.bench.scan_speed import speeds
from vendrive.vision.cars import CarEncoder
from vendrive.vision.looks import look_at, open_small
from vendrive.vision.photos import photo_of
from vendrive.vision.recall import Hits, Names, auroc, draw_views, hits, interval, neighbours, ranked
from vendrive.vision.training.others import GROUPS, picture
from vendrive.vision.training.split import Labelled, make_of, read_labels, split
from vendrive.vision.views import Vectors

PHOTOS, FACES = Path("../shared/data/cars"), Path("../shared/data/faces")
IMAGENET = Path("../shared/models/mobilenet_v2_imagenet.npz")
PAINT_LABELS = Path(__file__).with_name("paint_labels.csv")
REFERENCES, DRAWS = 5, 20
# The gate learned from drawings of seeds from a million up, and from the other half of the people.
OTHERS_EACH, FIRST_FACE = 60, 60
QUICK_MODELS, QUICK_PHOTOS, QUICK_OTHERS, QUICK_DRAWS, QUICK_PAINT = (12, 24), 12, 8, 5, 40
QUICK = "quick: a part of the models and photos, so an easier search; "
ABSENT = "zero-shot not measured: "


@dataclass(frozen=True)
class Part:
    """Photos with what they are for, and their vectors."""

    photos: Sequence[Labelled]
    vectors: Vectors

    @property
    def names(self) -> Names:
        """The model of each."""
        return np.asarray([photo.name for photo in self.photos])

    def of(self, wanted: Sequence[Labelled]) -> "Part":
        """Only some of them."""
        chosen = set(wanted)
        rows = [row for row, photo in enumerate(self.photos) if photo in chosen]
        return Part([self.photos[row] for row in rows], self.vectors[rows])


@dataclass(frozen=True)
class Measured:
    """What one row says: which queries were right, and the model of each query."""

    right: Hits
    names: Names

    @property
    def share(self) -> float:
        """The share that was right."""
        return float(self.right.mean())


TARGETS = {
    "unseen_recall_at_1": 0.75,
    "unseen_recall_at_10": 0.96,
    "catalogue_unseen_top1": 0.45,
    "catalogue_unseen_top5": 0.75,
    "catalogue_known_top1": 0.85,
    "catalogue_known_top5": 0.97,
    "make_at_1": 0.92,
}


def measure(quick: bool, bar: Bar) -> list[Figure]:
    """Measure all figures of the table, in about five minutes on two quiet cores. OSError without the photos."""
    photos = _few(read_labels(PHOTOS)) if quick else read_labels(PHOTOS)

    def told(share: float, what: str) -> None:
        bar.show(0.55 * share, f"shipped file: {what}")

    looks = look_at([PHOTOS / photo.file for photo in photos], told)
    zero, why = _zero_shot(photos, bar)
    figures = [
        *_searches(Part(photos, looks.vectors), zero, why, QUICK_DRAWS if quick else DRAWS, quick),
        _gate(photos, looks.likelihoods, quick, bar),
        *_paint(quick),
        *speeds(quick, bar),
    ]
    bar.end()
    return figures


def _few(photos: Sequence[Labelled]) -> list[Labelled]:
    parts = split(list(photos))
    unseen, known = (list(dict.fromkeys(one.name for one in part)) for part in (parts.unseen, parts.train))
    chosen = {*unseen[: QUICK_MODELS[0]], *known[: QUICK_MODELS[1]]}
    counts: dict[str, int] = {}
    few = []
    for photo in photos:
        counts[photo.name] = counts.get(photo.name, 0) + 1
        if photo.name in chosen and counts[photo.name] <= QUICK_PHOTOS:
            few.append(photo)
    return few


def _zero_shot(photos: Sequence[Labelled], bar: Bar) -> tuple[Part | None, str]:
    """The same by ImageNet's weights, in a process of its own; None and why where that cannot be."""
    if not IMAGENET.is_file():
        return None, f"{ABSENT}{IMAGENET} is absent"
    with tempfile.TemporaryDirectory() as folder:
        files, out = Path(folder) / "files", Path(folder) / "vectors.npy"
        files.write_text("\n".join(str(PHOTOS / photo.file) for photo in photos), encoding="utf-8")
        command = [sys.executable, "-m", "vendrive.vision.training.zero_shot", str(files), str(out)]
        command += ["--weights", str(IMAGENET)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            for line in running.stdout or ():
                bar.show(0.55 + 0.25 * int(line) / len(photos), f"zero-shot: photo {line.strip()}")
            failed = (running.stderr.read() if running.stderr else "").strip()
        if running.returncode:
            return None, f"{ABSENT}{failed.splitlines()[-1] if failed else running.returncode}"
        return Part(photos, np.load(out)), ""


def _searches(part: Part, zero: Part | None, why: str, draws: int, quick: bool) -> Iterator[Figure]:
    shipped, untrained = searches(part, draws), searches(zero, draws) if zero else {}
    for name, target in TARGETS.items():
        one = shipped[name]
        low, high = interval(one.right, one.names)
        compared = f"zero-shot {untrained[name].share:.3f}" if name in untrained else why
        note = f"95 % interval {low:.3f} to {high:.3f}; {compared}"
        yield Figure(name, round(one.share, 4), Target(">=", target), len(one.right), QUICK * quick + note)


def searches(part: Part, draws: int) -> dict[str, Measured]:
    """All rows that search. `part` holds all photos; its split is worked out anew."""
    parts = split(list(part.photos))
    unseen, known = part.of(parts.unseen), part.of(parts.held_out)
    found = neighbours(unseen.vectors, unseen.names, 10)
    rows = {f"unseen_recall_at_{at}": Measured(hits(found, unseen.names, at), unseen.names) for at in (1, 10)}
    rows |= _catalogue(part, unseen, draws)
    references = part.of(parts.train)
    ranks = ranked(known.vectors, references.vectors, references.names, 5)
    rows |= {f"catalogue_known_top{at}": Measured(hits(ranks, known.names, at), known.names) for at in (1, 5)}
    makes = np.asarray([make_of(str(name)) for name in ranks[:, 0]])
    rows["make_at_1"] = Measured(makes == [photo.make for photo in known.photos], known.names)
    return rows


def _catalogue(part: Part, unseen: Part, draws: int) -> dict[str, Measured]:
    """Five photos of every model are the catalogue; all others of the unseen models are queries."""
    right: dict[int, list[Hits]] = {1: [], 5: []}
    asked = []
    is_unseen = np.isin(part.names, np.unique(unseen.names))
    for seed in range(draws):
        views = draw_views(part.names, REFERENCES, seed)
        queries = is_unseen.copy()
        queries[views] = False
        ranks = ranked(part.vectors[queries], part.vectors[views], part.names[views], 5)
        asked.append(part.names[queries])
        for at, rows in right.items():
            rows.append(hits(ranks, part.names[queries], at))
    names = np.concatenate(asked)
    return {f"catalogue_unseen_top{at}": Measured(np.concatenate(rows), names) for at, rows in right.items()}


def _gate(photos: Sequence[Labelled], likelihoods: NDArray[np.float32], quick: bool, bar: Bar) -> Figure:
    parts = split(list(photos))
    untrained = {*parts.unseen, *parts.held_out}
    cars = likelihoods[[photo in untrained for photo in photos]]
    eye, values = CarEncoder(), {}
    each = QUICK_OTHERS if quick else OTHERS_EACH
    for number, group in enumerate(GROUPS):
        bar.show(0.8 + 0.06 * number / len(GROUPS), f"not cars: {group}")
        values[group] = auroc(cars, [eye.car_likelihood(photo_of(picture(group, seed))) for seed in range(each)])
    faces = [file for folder in sorted(FACES.glob("p*"))[FIRST_FACE:] for file in sorted(folder.glob("*.jpg"))]
    faces = faces[: QUICK_OTHERS * 3] if quick else faces
    if faces:
        values["face"] = auroc(cars, [eye.car_likelihood(open_small(face)) for face in faces])
    told = ", ".join(f"{group} {value:.4f}" for group, value in values.items())
    count = len(cars) + each * len(GROUPS) + len(faces)
    note = f"{QUICK * quick}{told}; trucks, buses, motorbikes, streets are drawn: no photo of one was at hand"
    return Figure("car_auroc_worst", round(min(values.values()), 4), Target(">=", 0.98), count, note)


def _paint(quick: bool) -> Iterator[Figure]:
    """The first labelling is compared with; the note says how it goes where both agree, and how two other people do."""
    with PAINT_LABELS.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))[: QUICK_PAINT if quick else None]
    eye = CarEncoder()
    guesses = [eye.see(open_small(PHOTOS / row["file"])).paint.name.value for row in rows]
    right = np.asarray([guess == row["first"] for guess, row in zip(guesses, rows, strict=True)])
    agreed = np.asarray([row["first"] == row["second"] for row in rows])
    others = [np.mean([row[who] == row["first"] for row in rows]) for who in ("other", "another")]
    low, high = interval(right, np.arange(len(rows)).astype(str))
    note = (
        f"{QUICK * quick}95 % interval {low:.3f} to {high:.3f}; the two labellings agree on {agreed.mean():.3f}; "
        f"where they do, {right[agreed].mean():.3f} is right; "
        f"two others who named them blind agree with the first on {others[0]:.3f} and {others[1]:.3f}"
    )
    yield Figure("paint_accuracy", round(float(right.mean()), 4), Target(">=", 0.80), len(rows), note)
