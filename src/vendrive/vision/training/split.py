"""Which photos are trained on, and which measure: decided by hashes of names, so that nobody chooses.

The rule: the names of the models are sorted by the SHA-256 of the name in UTF-8, in hexadecimal. The first quarter is
*unseen*: none of their photos is trained on. Of every other model the photos are sorted by the SHA-256 of the file's
name as `labels.csv` gives it; the first fifth, rounded, is *held out*, the rest is *train*.
"""

import csv
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

LABELS = "labels.csv"
# Two words long; every other make is the first word of the name.
LONG_MAKES = ("Aston Martin", "Land Rover", "AM General", "Alfa Romeo", "Great Wall")
BODIES = ("Sedan", "Coupe", "Convertible", "SUV", "Hatchback", "Wagon", "Van", "Minivan", "Cab", "SuperCab")


@dataclass(frozen=True)
class Labelled:
    """A photo of a model. `file` is relative to the folder of `labels.csv`."""

    file: str
    name: str

    @property
    def make(self) -> str:
        """The maker, read off the model's name."""
        return make_of(self.name)

    @property
    def body(self) -> str:
        """The kind of body, read off the model's name; `other` where it does not say."""
        words = self.name.split()
        return next((body for body in reversed(BODIES) if body in words), "other")


def make_of(name: str) -> str:
    """The maker of a model: `Land Rover LR2 SUV 2012` is a Land Rover."""
    return next((make for make in LONG_MAKES if name.startswith(f"{make} ")), name.split(" ")[0])


@dataclass(frozen=True)
class Split:
    """The photos by what they are for; each list is in the order of `labels.csv`."""

    train: list[Labelled]
    held_out: list[Labelled]
    unseen: list[Labelled]


def read_labels(folder: Path) -> list[Labelled]:
    """Read `labels.csv` (file, name; further columns are left alone). ValueError where it is not one."""
    with (folder / LABELS).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    if not rows or not {"file", "name"} <= rows[0].keys():
        raise ValueError(f"{folder / LABELS} needs a heading with file and name, and a row for each photo")
    return [Labelled(row["file"], row["name"]) for row in rows]


def split(photos: list[Labelled]) -> Split:
    """Split by the rule above."""
    names = sorted({photo.name for photo in photos}, key=_hash)
    unseen = set(names[: len(names) // 4])
    held_out = {photo for name in names if name not in unseen for photo in _first_fifth(photos, name)}
    return Split(
        train=[photo for photo in photos if photo.name not in unseen and photo not in held_out],
        held_out=[photo for photo in photos if photo in held_out],
        unseen=[photo for photo in photos if photo.name in unseen],
    )


def _first_fifth(photos: list[Labelled], name: str) -> list[Labelled]:
    own = sorted((photo for photo in photos if photo.name == name), key=lambda photo: _hash(photo.file))
    return own[: round(len(own) / 5)]


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
