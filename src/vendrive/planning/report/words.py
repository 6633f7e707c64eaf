"""Sentences, numbers and parts of towers as people read them, in the language of a page."""

from collections.abc import Sequence
from dataclasses import dataclass

from vendrive.design.messages import say
from vendrive.tower.layout import Layout


@dataclass(frozen=True)
class Words:
    """Says sentences of one part of the catalogue in the page's language."""

    lang: str
    part: str = ""

    def __call__(self, key: str, **params: object) -> str:
        return say(self.lang, ".".join(filter(None, ("planning", self.part, key))), **params)

    def of(self, part: str) -> "Words":
        """Return the words of another part."""
        return Words(self.lang, part)

    def policy(self, name: str) -> str:
        """Return the name of a policy for people; of one that is not ours, its own."""
        return say(self.lang, f"planning.policy_{name}") if name in ("foresight", "baseline") else name


def parts_said(lang: str, lifts: int, bays: int, slots: int) -> str:
    """Return `1 lift, 2 bays, 42 slots`."""
    lift = say(lang, "planning.lifts_1") if lifts == 1 else say(lang, "planning.lifts_n", count=lifts)
    bay = say(lang, "planning.bays_1") if bays == 1 else say(lang, "planning.bays_n", count=bays)
    return joined(lang, [lift, bay, say(lang, "planning.slots_n", count=slots)])


def layout_said(lang: str, layout: Layout) -> str:
    """Return the parts of a layout in words."""
    return parts_said(lang, len(layout.lifts), len(layout.bays), len(layout.slots))


def joined(lang: str, names: Sequence[str]) -> str:
    """Return names as a list in a sentence."""
    return ("、" if lang == "zh" else ", ").join(names)


def told(value: float) -> str:
    """Return a number with one digit behind the point where that says something."""
    return f"{value:.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:.1f}"


def percent(share: float) -> str:
    """Return a share from 0 to 1 in percent, never rounded up to all."""
    value = 100 * share
    return "100" if share >= 1 else f"{min(value, 99.9):.1f}"


def signed(value: float) -> str:
    """Return a difference with its sign."""
    return f"{value:+.1f}".replace("-", "−")
