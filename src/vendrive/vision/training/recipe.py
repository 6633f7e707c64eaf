"""What a training run is asked to do."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """All choices of a run; docs/decisions/0025 says which were compared and how these came out.

    A run ends after `minutes` of training or `epochs`, whichever comes first; its rates follow the share of that
    which has passed, so that a fast machine does more of the same course.
    """

    seed: int = 1
    minutes: float = 110.0
    epochs: int = 120
    side_px: int = 256
    batch: int = 128
    photos_per_model: int = 4
    dimensions: int = 256
    strength: float = 1.0
    rate: float = 6e-4
    head_rate: float = 4e-3
    decay: float = 0.02
    averaging: float = 0.997
    frozen_norm: bool = False
    softmax: float = 1.0
    margin: float = 0.1
    scale: float = 24.0
    pairs: float = 0.5
    anchor: float = 0.0
    side: float = 0.3


# What the shipped encoders were trained by, on a GPU; and what two cores do in the same two hours.
ON_GPU = (
    Recipe(seed=1, minutes=6, epochs=160, rate=2e-3, strength=0.6),
    Recipe(seed=2, minutes=6, epochs=160, rate=2e-3, strength=0.85, anchor=0.2),
)
ON_CPU = (Recipe(minutes=100, epochs=100, side_px=192, batch=64, rate=1e-3, strength=0.6),)
# A net sees more in pictures somewhat larger than it was trained with.
LARGER = 1.25


def side_when_used(recipe: Recipe) -> int:
    """The side in px that the trained net is used at."""
    return round(recipe.side_px * LARGER / 32) * 32
