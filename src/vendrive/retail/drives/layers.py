"""The rules that hold for a pick-up: stored sets laid over each other, from wide to narrow."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from vendrive.retail.drives.rules import Rules, cover


@dataclass(frozen=True)
class Layer:
    """A stored set: at one tower or (empty) at all, from `start` to before `end`, None for always."""

    tower: str
    start: date | None
    end: date | None
    rules: Mapping[str, Any]

    @property
    def narrowness(self) -> tuple[bool, bool]:
        """Return what sorts wide before narrow: a tower's set is narrower than any period's."""
        return bool(self.tower), self.start is not None

    def holds(self, tower: str, day: date) -> bool:
        """Say whether the set speaks of a pick-up at a tower on a local day."""
        here = self.tower in ("", tower)
        return here and (self.start is None or self.start <= day) and (self.end is None or day < self.end)


class Layers:
    """All sets of a programme at one revision."""

    def __init__(self, programme: str, revision: int, layers: tuple[Layer, ...]) -> None:
        self.programme = programme
        self.revision = revision
        self.layers = tuple(sorted(layers, key=lambda layer: layer.narrowness))
        self._known: dict[tuple[str, date], Rules] = {}

    def rules(self, tower: str, day: date) -> Rules:
        """Return what holds for a pick-up at a tower on a local day."""
        key = (tower, day)
        if key not in self._known:
            self._known[key] = cover(*(layer.rules for layer in self.layers if layer.holds(tower, day)))
        return self._known[key]

    @property
    def everywhere(self) -> Rules:
        """Return what holds where no tower and no day is known yet."""
        return cover(*(layer.rules for layer in self.layers if not layer.tower and layer.start is None))


@lru_cache(maxsize=64)
def layers_from(programme: str, revision: int, text: str) -> Layers:
    """Return the layers of a programme as the database gives them: a JSON list of tower, start, end, rules."""
    return Layers(programme, revision, tuple(_layer(row) for row in json.loads(text)))


def _layer(row: Mapping[str, Any]) -> Layer:
    start, end = (date.fromisoformat(row[key]) if row[key] else None for key in ("start", "end"))
    return Layer(row["tower"] or "", start, end, row["rules"])
