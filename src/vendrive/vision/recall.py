"""How often the right model is found: recall at k, and the first ranks in a catalogue. Numbers only, no photo."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vendrive.vision.views import Vectors

Names = NDArray[np.str_]
Hits = NDArray[np.bool_]
Scores = Sequence[float] | NDArray[np.float32]


def neighbours(vectors: Vectors, names: Names, top: int) -> Names:
    """Leave-one-out: the names of the `top` photos nearest to each, itself left out. N x top."""
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    return np.asarray(names[_best(scores, top)])


def ranked(queries: Vectors, views: Vectors, models: Names, top: int) -> Names:
    """The `top` models of a catalogue for each query, by the nearest view of each. Q x top."""
    order = np.argsort(models, kind="stable")
    known, starts = np.unique(models[order], return_index=True)
    best = np.maximum.reduceat(queries @ views[order].T, starts, axis=1)
    return np.asarray(known[_best(best, min(top, len(known)))])


def hits(found: NDArray[np.str_], names: Names, at: int) -> Hits:
    """Whether the right name is among the first `at` of each row."""
    return np.asarray((found[:, :at] == names[:, None]).any(axis=1))


def draw_views(names: Names, each: int, seed: int) -> NDArray[np.intp]:
    """`each` photos of every name, drawn; their positions."""
    draw = np.random.default_rng(seed)
    return np.concatenate([draw.permutation(np.flatnonzero(names == name))[:each] for name in np.unique(names)])


def interval(right: Sequence[bool] | Hits, groups: Names, seed: int = 1, draws: int = 1000) -> tuple[float, float]:
    """95 % interval of a share. Whole models are drawn anew, since photos of one model fail together."""
    values = np.asarray(right, dtype=float)
    _, numbers = np.unique(groups, return_inverse=True)
    totals, counts = np.bincount(numbers, values), np.bincount(numbers)
    drawn = np.random.default_rng(seed).integers(0, len(counts), (draws, len(counts)))
    shares = totals[drawn].sum(1) / counts[drawn].sum(1)
    return float(np.quantile(shares, 0.025)), float(np.quantile(shares, 0.975))


def auroc(cars: Scores, others: Scores) -> float:
    """How often a car scores above another picture; ties count half."""
    order = np.sort(np.asarray(others, dtype=float))
    below, above = (np.searchsorted(order, np.asarray(cars, dtype=float), side) for side in ("left", "right"))
    return float((below + above).mean() / (2 * len(order)))


def _best(scores: NDArray[np.float32], top: int) -> NDArray[np.intp]:
    return np.argsort(-scores, axis=1, kind="stable")[:, :top]
