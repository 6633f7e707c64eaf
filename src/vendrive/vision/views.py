"""Exact search over reference views: which models look most like a query."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
"""A unit vector of `CarEncoder.dimensions` numbers; two of one encoder compare by their inner product."""

Vectors = NDArray[np.float32]
"""N x D, a unit vector in each row."""


@dataclass(frozen=True)
class Match:
    """A model of the catalogue; `score` is the cosine to its nearest view, `view` that view's row."""

    model_id: str
    score: float
    view: int


class ViewIndex:
    """All views of a catalogue, ready to be searched: build it once, when the catalogue changes."""

    def __init__(self, vectors: Vectors, model_ids: Sequence[str]) -> None:
        """Take N x D unit vectors and the model that each row shows. ValueError where they do not fit together."""
        if vectors.ndim != 2 or len(vectors) != len(model_ids):
            raise ValueError(f"{len(model_ids)} models for views of shape {vectors.shape}")
        names, numbers = np.unique(np.asarray(model_ids, dtype=str), return_inverse=True)
        self._names = [str(name) for name in names]
        # Rows of one model side by side: the best of each is then one pass over the scores.
        self._rows = np.argsort(numbers, kind="stable")
        self._vectors = np.ascontiguousarray(vectors[self._rows], dtype=np.float32)
        self._starts = np.searchsorted(numbers[self._rows], np.arange(len(names)))

    def __len__(self) -> int:
        return len(self._rows)

    def search(self, query: Vector, top: int) -> list[Match]:
        """The `top` models by their nearest view, best first. ValueError for a query of other dimensions."""
        if not len(self):
            return []
        if query.shape != self._vectors.shape[1:]:
            raise ValueError(f"a query of shape {query.shape} for views of {self._vectors.shape[1]} numbers")
        scores = self._vectors @ query
        best = np.maximum.reduceat(scores, self._starts)
        return [self._match(scores, best, number) for number in np.argsort(-best, kind="stable")[:top]]

    def _match(self, scores: Vector, best: Vector, number: int) -> Match:
        start = int(self._starts[number])
        end = int(self._starts[number + 1]) if number + 1 < len(self._starts) else len(scores)
        view = start + int(np.argmax(scores[start:end]))
        return Match(self._names[number], float(best[number]), int(self._rows[view]))
