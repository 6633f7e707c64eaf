"""What a scan makes of what it saw: order, unknown or not, the nearest that can be had, the paint. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from vendrive.design.colour import lab
from vendrive.vision.paint import PaintName
from vendrive.vision.views import Match

SHOWN = 6
LOOKED_AT = 24
"""So many of the best matches are ordered anew; of them the first `SHOWN` are shown."""
OFFERED_BONUS = 0.02
"""What it is worth, in cosine, that a tower has the car: it breaks near ties and nothing more (docs/scan.md)."""
MOST_OFFERS = 3

COLOUR_OF: Mapping[PaintName, str] = {
    PaintName.white: "#eef1f3",
    PaintName.silver: "#c4c9ce",
    PaintName.grey: "#7b8188",
    PaintName.black: "#1b1d21",
    PaintName.red: "#b3202c",
    PaintName.orange: "#d9691e",
    PaintName.yellow: "#e0b21b",
    PaintName.gold: "#c9b38c",
    PaintName.brown: "#6b4a34",
    PaintName.green: "#2f5d50",
    PaintName.blue: "#1f4f96",
    PaintName.purple: "#5b2a5e",
}
"""How a colour that was seen is drawn."""

_LIGHTNESS_WEIGHT = 0.5  # light and shade change a photo's lightness more than its hue


@dataclass(frozen=True)
class Ranked:
    """A known car's slug, its cosine to the photo, and whether a tower has it."""

    slug: str
    score: float
    offered: bool


@dataclass(frozen=True)
class Kind:
    """What two cars are compared by where the very model cannot be had."""

    make: str
    body: str


def rank(matches: Sequence[Match], offered: Collection[str]) -> list[Ranked]:
    """Order matches by cosine, where a car that a tower has wins a near tie; at most `SHOWN`."""
    found = [Ranked(match.model_id, match.score, match.model_id in offered) for match in matches]
    return sorted(found, key=lambda one: -(one.score + OFFERED_BONUS * one.offered))[:SHOWN]


def guess_kind(ranked: Sequence[Ranked], kinds: Mapping[str, Kind]) -> Kind:
    """Say what an unknown car seems to be: the make and the body that the most similar cars agree on, most."""
    makes, bodies = Counter[str](), Counter[str]()
    for place, one in enumerate(ranked):
        makes[kinds[one.slug].make] += SHOWN - place
        bodies[kinds[one.slug].body] += SHOWN - place
    return Kind(makes.most_common(1)[0][0], bodies.most_common(1)[0][0])


def nearest(kind: Kind, offers: Mapping[str, Kind]) -> list[str]:
    """Return the offers that are most like `kind`: make and body, then body, then make, then any; at most three."""
    return sorted(offers, key=lambda slug: _distance(kind, offers[slug]))[:MOST_OFFERS]


def nearest_paint(seen: str, paints: Iterable[tuple[str, str]]) -> str | None:
    """Return the slug of the paint (slug, `#rrggbb`) most like the colour name `seen`; None without either."""
    if seen not in set(PaintName):
        return None
    wanted = lab(COLOUR_OF[PaintName(seen)])
    ranked = sorted(paints, key=lambda paint: _difference(wanted, lab(paint[1])))
    return ranked[0][0] if ranked else None


def _distance(kind: Kind, other: Kind) -> int:
    return 2 * (_family(kind.body) != _family(other.body)) + (kind.body != other.body) + (kind.make != other.make)


def _family(body: str) -> str:
    """Return bodies that stand in for each other under one word."""
    return {"suv-coupe": "suv", "fastback": "sedan", "convertible": "coupe", "van": "minivan"}.get(body, body)


def _difference(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    light = _LIGHTNESS_WEIGHT * (one[0] - other[0])
    return light**2 + (one[1] - other[1]) ** 2 + (one[2] - other[2]) ** 2
