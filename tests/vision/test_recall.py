"""The figures of a search, on vectors whose answers are known."""

import numpy as np
import pytest

from vendrive.bench.scan import TARGETS, Part, searches
from vendrive.vision.recall import auroc, draw_views, hits, interval, neighbours, ranked
from vendrive.vision.training.split import Labelled, split

NAMES = np.asarray(["a", "a", "b", "b"])
VECTORS = np.asarray([[1, 0], [0.9, 0.436], [0, 1], [0.436, 0.9]], np.float32)


def test_a_photo_is_not_its_own_neighbour() -> None:
    assert neighbours(VECTORS, NAMES, 1)[:, 0].tolist() == ["a", "a", "b", "b"]
    alone = neighbours(VECTORS[[0, 2, 3]], NAMES[[0, 2, 3]], 1)
    assert not hits(alone, NAMES[[0, 2, 3]], 1)[0]


def test_a_model_ranks_by_its_nearest_view() -> None:
    assert ranked(np.asarray([[0.1, 0.99]], np.float32), VECTORS, NAMES, 5).tolist() == [["b", "a"]]


def test_auroc_counts_ties_by_half() -> None:
    assert auroc([3, 4], [1, 2]) == 1
    assert auroc([1, 2], [3, 4]) == 0
    assert auroc([1, 1], [1, 1]) == 0.5


def test_views_are_drawn_from_each_model_and_anew() -> None:
    names = np.repeat(["a", "b"], 20)
    assert [int((names[draw_views(names, 5, 1)] == name).sum()) for name in "ab"] == [5, 5]
    assert draw_views(names, 5, 1).tolist() != draw_views(names, 5, 2).tolist()


def test_an_interval_holds_the_share() -> None:
    low, high = interval([True] * 80 + [False] * 20, np.tile(np.asarray(list("abcde")), 20))
    assert low <= 0.8 <= high


def collection() -> Part:
    """Twelve models of eight photos around a direction each; two models lie so near each other that they are mixed."""
    photos = [Labelled(f"{model}/{seed}", f"Make{model // 2} M{model}") for model in range(12) for seed in range(8)]
    draw = np.random.default_rng(1)
    centres = draw.standard_normal((12, 64))
    vectors = np.repeat(centres, 8, 0) + 0.1 * draw.standard_normal((96, 64))
    return Part(photos, (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32))


def test_every_row_that_searches_is_measured() -> None:
    rows = searches(collection(), 2)
    assert rows.keys() == TARGETS.keys()
    assert all(row.share == 1 for row in rows.values())


def test_vectors_without_sense_find_nothing() -> None:
    part = collection()
    mixed = np.random.default_rng(2).standard_normal(part.vectors.shape).astype(np.float32)
    rows = searches(Part(part.photos, mixed / np.linalg.norm(mixed, axis=1, keepdims=True)), 2)
    assert rows["unseen_recall_at_1"].share < 0.7
    assert rows["catalogue_known_top1"].share < 0.5


@pytest.mark.parametrize("count", [4, 12])
def test_a_quarter_of_the_models_is_never_trained_on(count: int) -> None:
    photos = [Labelled(f"{model}/{seed}", f"M {model}") for model in range(count) for seed in range(10)]
    parts = split(photos)
    assert len({photo.name for photo in parts.unseen}) == count // 4
    assert not {photo.name for photo in parts.unseen} & {photo.name for photo in parts.train}
    assert len(parts.held_out) == (count - count // 4) * 2
