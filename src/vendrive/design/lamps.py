"""Head and tail lamps: five signatures of our own, one for each temper of car.

Each is drawn around the point where the outline turns (bonnet's edge, tail's edge) and clipped to the body.
"""

from typing import Final

from vendrive.design.silhouettes import Lamp

WHITE: Final = "#f6fafc"
RED: Final = "#d8232f"
HOUSING: Final = "#1b2127"

FRONT: Final[dict[Lamp, tuple[str, str, float]]] = {
    "blade": ("M-9 11C4 5 18 4 33 5C24 11 8 17-10 17z", "M-7 11.5C6 7 16 6 29 6.5", 2.0),
    "bar": ("M-12 8C2 5 16 4 27 5L22 13C10 15 0 16-12 16z", "M-9 11.5L18 8.4", 3.2),
    "hammer": ("M-12 6C0 4 14 3 26 5L21 17H-12z", "M-9 11H13M13 6V16", 2.2),
    "triple": ("M-12 9C0 6 14 5 28 6L20 16H-12z", "M-4 15l2.4-6.4M2.6 14.4l2.4-6.4M9.2 13.6l2.4-6", 2.3),
    "split": ("M-14 32H3L-3 41H-16z", "M-7 8C4 3.6 14 3 27 3.4M-12 36.5H-3", 2.8),
}
REAR: Final[dict[Lamp, tuple[str, str, float]]] = {
    "blade": ("M-26 3H8V12H-20z", "M-22 6.5H8", 2.6),
    "bar": ("M-20 4H10V15H-24z", "M-18 9.5H10", 5.0),
    "hammer": ("M-14 3H10V22H-5V12H-14z", "M-10 7.5H-1V19", 3.0),
    "triple": ("M-22 3H10V18H-19z", "M-14 6V15M-7.5 6V15M-1 6V15", 3.4),
    "split": ("M-30 3H10V10H-28z", "M-27 6.5H10", 2.0),
}


def draw_lamps(lamp: Lamp, front: tuple[float, float], rear: tuple[float, float]) -> str:
    """Both lamps; `front` and `rear` are drawing points."""
    return _lamp(FRONT[lamp], front, WHITE) + _lamp(REAR[lamp], rear, RED)


def _lamp(art: tuple[str, str, float], at: tuple[float, float], colour: str) -> str:
    housing, light, width = art
    return (
        f'<g transform="translate({at[0]:.1f} {at[1]:.1f})"><path d="{housing}" fill="{HOUSING}"/>'
        f'<path d="{light}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linecap="round"/></g>'
    )
