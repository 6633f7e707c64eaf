"""Measure the face engine on a folder of photos: `python -m vendrive.vision.calibrate --faces DIR`.

DIR has one folder per person with two or more photos each. Every photo is compared with every other,
by the product's own path. Prints the error rates by threshold; with `--json`, one list of figures.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vendrive.vision.faces import Embedding, FaceEngine, FaceRefused
from vendrive.vision.images import read_image

TARGETS = (1e-2, 1e-3, 1e-4)
SUFFIXES = (".jpg", ".jpeg", ".png")

EXAMPLE = """example:
  python -m vendrive.vision.calibrate --faces photos/
  where photos/ holds person-1/1.jpg, person-1/2.jpg, person-2/1.jpg, ...
"""


@dataclass(frozen=True)
class Gallery:
    """The photos that were enrolled: a row of `embeddings` and an entry of `people` each."""

    embeddings: NDArray[np.float64]
    people: NDArray[np.str_]
    refused: dict[str, int]


@dataclass(frozen=True)
class Scores:
    """Distances of all pairs: of one person (genuine), of two people (impostor)."""

    genuine: NDArray[np.float64]
    impostor: NDArray[np.float64]

    def threshold_at(self, rate: float) -> float:
        """The largest observed threshold whose false match rate is at most `rate`."""
        allowed = int(rate * len(self.impostor))
        # The distance after the allowed ones is the first that must not pass: just below it.
        return float(np.nextafter(np.partition(self.impostor, allowed)[allowed], 0.0))

    def false_matches(self, threshold: float) -> int:
        """Pairs of two people at or under the threshold."""
        return int(np.count_nonzero(self.impostor <= threshold))

    def false_non_matches(self, threshold: float) -> int:
        """Pairs of one person over the threshold."""
        return int(np.count_nonzero(self.genuine > threshold))


@dataclass(frozen=True)
class Figure:
    """One measured number; `n` is the count of comparisons or photos behind it."""

    figure: str
    value: float
    n: int


def enrol(engine: FaceEngine, folder: Path) -> Gallery:
    """Embed every photo under `folder`/PERSON/, showing progress on standard error.

    A photo that the engine refuses is counted and left out. Raises ValueError where nothing is left.
    """
    photos = sorted(path for path in folder.glob("*/*") if path.suffix.lower() in SUFFIXES)
    embeddings: list[Embedding] = []
    people: list[str] = []
    refused: dict[str, int] = {}
    for number, photo in enumerate(photos, start=1):
        _show_progress(number, len(photos))
        try:
            embeddings.append(engine.find_one(read_image(photo.read_bytes())).embedding)
        except FaceRefused as refusal:
            refused[refusal.problem.value] = refused.get(refusal.problem.value, 0) + 1
            continue
        people.append(photo.parent.name)
    if not embeddings:
        raise ValueError(f"no usable photo in {folder}/PERSON/")
    return Gallery(np.array(embeddings), np.array(people), refused)


def score(gallery: Gallery) -> Scores:
    """Every photo against every other, each pair once. Raises ValueError without pairs of both kinds."""
    first, second = np.triu_indices(len(gallery.people), k=1)
    distances = np.linalg.norm(gallery.embeddings[first] - gallery.embeddings[second], axis=1)
    same = gallery.people[first] == gallery.people[second]
    if not same.any() or same.all():
        raise ValueError("needs two people or more, and two photos or more of one of them")
    return Scores(distances[same], distances[~same])


def figures(gallery: Gallery, scores: Scores, threshold: float) -> list[Figure]:
    """What there is to print: photos, distribution, rates at `threshold` and at the usual targets."""
    genuine, impostor = len(scores.genuine), len(scores.impostor)
    rows = [Figure("photos", len(gallery.people), len(gallery.people) + sum(gallery.refused.values()))]
    rows += [Figure(f"refused_{name}", count, count) for name, count in sorted(gallery.refused.items())]
    for name, distances in (("genuine", scores.genuine), ("impostor", scores.impostor)):
        for percent in (0.1, 1, 5, 50, 95, 99):
            value = float(np.percentile(distances, percent))
            rows.append(Figure(f"{name}_distance_p{percent}", value, len(distances)))
    rows.append(Figure("threshold", threshold, genuine + impostor))
    rows.append(Figure("fmr", scores.false_matches(threshold) / impostor, impostor))
    rows.append(Figure("fnmr", scores.false_non_matches(threshold) / genuine, genuine))
    for rate in TARGETS:
        at = scores.threshold_at(rate)
        rows.append(Figure(f"threshold_at_fmr_{rate:g}", at, impostor))
        rows.append(Figure(f"fnmr_at_fmr_{rate:g}", scores.false_non_matches(at) / genuine, genuine))
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 2 where the folder holds nothing to measure."""
    parser = argparse.ArgumentParser(
        prog="python -m vendrive.vision.calibrate",
        description="Measure false match and false non-match rates of the face engine on your photos.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--faces", type=Path, required=True, help="folder with one folder per person")
    parser.add_argument("--threshold", type=float, help="distance to judge (default: the engine's)")
    parser.add_argument("--json", action="store_true", help="print one list of figures, and nothing else")
    options = parser.parse_args(arguments)
    engine = FaceEngine()
    try:
        gallery = enrol(engine, options.faces)
        rows = figures(gallery, score(gallery), options.threshold or engine.threshold)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(_as_json(rows) if options.json else _as_table(rows))
    return 0


def _as_json(rows: list[Figure]) -> str:
    return json.dumps([asdict(row) for row in rows]) + "\n"


def _as_table(rows: list[Figure]) -> str:
    return "".join(f"{row.figure:26} {row.value:10.5g}   n={row.n}\n" for row in rows)


def _show_progress(number: int, total: int) -> None:
    end = "\n" if number == total else ""
    sys.stderr.write(f"\r{number}/{total} photos{end}")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
