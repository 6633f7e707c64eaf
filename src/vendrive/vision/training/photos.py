"""Photos of a training run: squeezed to a square once, then held in memory as bytes."""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from vendrive.vision.training.split import Labelled


def load(folder: Path, photos: Sequence[Labelled], side_px: int, told: Callable[[float, str], None]) -> Tensor:
    """N x 3 x side x side, uint8. OSError names the photo that cannot be read."""
    held = torch.empty((len(photos), 3, side_px, side_px), dtype=torch.uint8)
    for number, photo in enumerate(photos):
        with Image.open(folder / photo.file) as image:
            square = image.convert("RGB").resize((side_px, side_px), Image.Resampling.LANCZOS)
        held[number] = torch.from_numpy(np.asarray(square).copy()).permute(2, 0, 1)
        if number % 50 == 0:
            told(number / len(photos), "reading photos")
    return held


def fingerprint(pixels: Tensor, photos: Sequence[Labelled]) -> str:
    """What a run learns from, in a few letters: its photos and what each is said to show."""
    said = blake2b(memoryview(pixels.numpy()).cast("B"), digest_size=16)
    said.update("\0".join(photo.name for photo in photos).encode())
    return said.hexdigest()


class Batches:
    """Batches of some models, with the same number of photos of each, drawn anew each time."""

    def __init__(self, models: Tensor, batch: int, each: int, seed: int) -> None:
        """`models` is the number of each photo's model."""
        self._places = [torch.nonzero(models == number)[:, 0] for number in range(int(models.max()) + 1)]
        self._models = max(1, batch // each)
        self._each = each
        self.draw = torch.Generator().manual_seed(seed)

    def next(self) -> Tensor:
        """The positions of a batch's photos."""
        order = torch.randperm(len(self._places), generator=self.draw)
        return torch.cat([self._some(int(order[at % len(order)])) for at in range(self._models)])

    def _some(self, model: int) -> Tensor:
        places = self._places[model]
        return places[torch.randperm(len(places), generator=self.draw)[: self._each]]
