"""Where cars stand in a photo, read off the gate's answer for each place of it."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vendrive.vision.photos import Box

Places = NDArray[np.float32]
"""Down x across: the logarithm of the odds that a car is seen there."""

FINER = 8
# A car covers at least so much of the places.
TOLD_SHARE = 0.05
# A second car is told when it is apart from the first, beside it, and at least half as large.
SECOND_SHARE = 0.5
OVERLAP = 0.15
LEAST_SHARE = 0.01
LEAST_PX = 8
MARGIN = 0.06


def likelihood_of(places: Places) -> float:
    """From 0 to 1, by the places that show a car most: a car that fills a twentieth of the picture is one."""
    count = max(1, round(places.size * TOLD_SHARE))
    best = float(np.sort(places, axis=None)[-count:].mean())
    return float(1 / (1 + np.exp(-best)))


def cars_in(places: Places, size: tuple[int, int]) -> list[Box]:
    """Boxes of the cars in a photo of `size` (width, height), the largest first, with a margin; often none or one."""
    fine = cv2.resize(places, None, fx=FINER, fy=FINER, interpolation=cv2.INTER_LINEAR)
    spots = [spot for spot in _spots(fine, 0.0) if spot[4] >= LEAST_SHARE * fine.size]
    return [
        _box(spot, fine.shape, size) for spot in spots[:1] + [spot for spot in spots[1:] if _beside(spots[0], spot)]
    ]


def _beside(first: NDArray[Any], other: NDArray[Any]) -> bool:
    """Whether another spot is a car of its own, not a wheel or a reflection of the first."""
    shared = min(first[0] + first[2], other[0] + other[2]) - max(first[0], other[0])
    return bool(other[4] >= SECOND_SHARE * first[4] and shared <= OVERLAP * min(first[2], other[2]))


def _spots(fine: NDArray[Any], level: float) -> list[NDArray[Any]]:
    """Left, top, width, height and area of what lies above the level in one piece, the largest first."""
    _, _, found, _ = cv2.connectedComponentsWithStats((fine > level).astype(np.uint8))
    return sorted(found[1:], key=lambda spot: -int(spot[4]))


def _box(spot: NDArray[Any], shape: tuple[int, ...], size: tuple[int, int]) -> Box:
    across, down = size[0] / shape[1], size[1] / shape[0]
    margin = MARGIN * max(spot[2] * across, spot[3] * down)
    left, top = max(0, round(spot[0] * across - margin)), max(0, round(spot[1] * down - margin))
    right = min(size[0], round((spot[0] + spot[2]) * across + margin))
    bottom = min(size[1], round((spot[1] + spot[3]) * down + margin))
    return Box(
        left, top, max(min(LEAST_PX, size[0] - left), right - left), max(min(LEAST_PX, size[1] - top), bottom - top)
    )
