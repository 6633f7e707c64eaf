"""A sheet of photos whose model was not found, each beside the photo that was taken for it."""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from vendrive.vision.looks import look_at, open_small
from vendrive.vision.training.split import Labelled, read_labels, split

CELL = (300, 190)
EACH_ROW = 3


def draw_failures(photos: Path, out: Path, count: int) -> int:
    """Search held-out photos among those trained on; draw at most `count` failures, the surest first; say how many.

    ValueError where `out` lies in a repository, which must hold no photo.
    """
    if any((folder / ".git").exists() for folder in out.resolve().parents):
        raise ValueError(f"{out} lies in a repository, and photos must not: name a path outside, as /tmp/failures.jpg")
    parts = split(read_labels(photos))
    asked, known = parts.held_out, parts.train
    looks = look_at([photos / photo.file for photo in (*asked, *known)], _show)
    scores = looks.vectors[: len(asked)] @ looks.vectors[len(asked) :].T
    best = scores.argmax(1)
    wrong = [row for row, photo in enumerate(asked) if known[best[row]].name != photo.name]
    wrong = sorted(wrong, key=lambda row: -float(scores[row, best[row]]))[:count]
    rows = -(-max(1, len(wrong)) // EACH_ROW)
    sheet = Image.new("RGB", (CELL[0] * 2 * EACH_ROW, CELL[1] * rows), "white")
    for place, row in enumerate(wrong):
        corner = (place % EACH_ROW * 2 * CELL[0], place // EACH_ROW * CELL[1])
        pair = (asked[row], known[best[row]])
        for side, photo in enumerate(pair):
            _put(sheet, photos, photo, (corner[0] + side * CELL[0], corner[1]), float(scores[row, best[row]]))
    sheet.save(out, "JPEG", quality=85)
    return len(wrong)


def _put(sheet: Image.Image, photos: Path, photo: Labelled, corner: tuple[int, int], score: float) -> None:
    small = Image.fromarray(np.asarray(open_small(photos / photo.file).pixels))
    small.thumbnail((CELL[0] - 6, CELL[1] - 24))
    sheet.paste(small, (corner[0] + 3, corner[1] + 18))
    ImageDraw.Draw(sheet).text((corner[0] + 3, corner[1] + 3), f"{photo.name} {score:.2f}", fill="black")


def _show(share: float, what: str) -> None:
    sys.stderr.write(f"\r{share:4.0%} {what:<40}")
