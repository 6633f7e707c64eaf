"""Photos for `vendrive scan train`: reference pictures, and what customers let us keep with what they picked.

Two folders, each with a `labels.csv` (file, name) as training reads it. The export is a copy of personal data outside
the database: run it again after somebody took their consent back, and their photos go from it too.
"""

import csv
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vendrive.retail.events.actions import record
from vendrive.retail.scan.models import KeptPhoto, ReferenceView

LABELS = "labels.csv"
OURS = ".exported"
"""Marks a folder that an export wrote and may write anew; one's own photos have a `labels.csv` as well."""
REFERENCES, FEEDBACK = "references", "feedback"


class NotOurs(Exception):
    """The folder holds something that is no earlier export; nothing was written."""


@dataclass(frozen=True)
class Labelled:
    """A photo and what it shows."""

    file: str
    label: str
    jpeg: bytes


def export_photos(folder: Path, actor: str) -> dict[str, int]:
    """Write both folders anew and return how many photos each has; raise NotOurs."""
    for name in (REFERENCES, FEEDBACK):
        part = folder / name
        if not _is_ours(part):
            raise NotOurs(
                f"{part} holds files that no export wrote, or one of an older version: "
                "name another folder, or delete it yourself"
            )
    counts = {REFERENCES: _write(folder / REFERENCES, _references()), FEEDBACK: _write(folder / FEEDBACK, _pairs())}
    record(actor, "photos_exported", folder.name, **counts)
    return counts


def _is_ours(part: Path) -> bool:
    """Return whether it may be written anew: nothing is there yet, an empty folder, or an earlier export."""
    if part.is_symlink() or (part.exists() and not part.is_dir()):
        return False
    return not part.exists() or (part / OURS).is_file() or not any(part.iterdir())


def _references() -> Iterator[Labelled]:
    views = ReferenceView.objects.exclude(photo_box=None).select_related("car").order_by("car_id", "id")
    for view in views.iterator():
        yield Labelled(f"{view.car_id}/{view.id}.jpg", view.car.label, view.photo)


def _pairs() -> Iterator[Labelled]:
    kept = KeptPhoto.objects.filter(scan__picked__isnull=False).select_related("scan__picked").order_by("at", "id")
    for photo in kept.iterator():
        car = photo.scan.picked
        if car is not None:
            yield Labelled(f"{car.slug}/{photo.id}.jpg", car.label, photo.photo)


def _write(folder: Path, photos: Iterable[Labelled]) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    # The mark stays all the while: an export that was cut off can be written anew.
    (folder / OURS).touch()
    for held in folder.iterdir():
        if held.is_dir() and not held.is_symlink():
            shutil.rmtree(held)
        elif held.name != OURS:
            held.unlink()
    count = 0
    with (folder / LABELS).open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["file", "name"])
        for photo in photos:
            path = folder / photo.file
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(photo.jpeg)
            table.writerow([photo.file, photo.label])
            count += 1
    return count
