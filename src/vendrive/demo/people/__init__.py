"""Twelve people who do not exist, for demos and tests: see NOTICE.md in this folder."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

VIEWS = (1, 2, 3, 4)
"""1 is the front view; 2 to 4 are turned, scaled or lit otherwise."""


@dataclass(frozen=True)
class DemoPerson:
    """One of them. The identity number passes every check and belongs to no one."""

    key: str
    name_en: str
    name_zh: str
    identity_number: str
    licence_class: str
    licence_expires: date
    phone: str
    """E.164."""

    def photo(self, view: int = 1) -> bytes:
        """The JPEG file of this view (400x400). Raises ValueError for another view than 1 to 4."""
        if view not in VIEWS:
            raise ValueError(f"view {view} of a demo person, not one of {VIEWS}")
        return (files(__name__) / f"{self.key}-{view}.jpg").read_bytes()


@cache
def load_people() -> tuple[DemoPerson, ...]:
    """All of them, p01 first."""
    entries = tomllib.loads((files(__name__) / "people.toml").read_text(encoding="utf-8"))
    return tuple(DemoPerson(key=key, **fields) for key, fields in sorted(entries.items()))
