"""The rules of a programme as data: what they are, what may stand in them, and how narrower ones cover wider. Pure."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from vendrive.retail.customers.documents import LICENCE_CLASSES

DAY_MINUTES = 1440
PERCENT = 100


class Overdue(StrEnum):
    """What is done about a car that is late. None of them touches the car: a car that moves is never stopped."""

    remind = "remind"
    charge = "charge"
    call = "call"


@dataclass(frozen=True)
class Keep:
    """Who cancels at least `hours` before the pick-up forfeits `percent` of the fee."""

    hours: int
    percent: int


@dataclass(frozen=True)
class Rung:
    """A step of the overdue ladder, `minutes` after the car was due; `amount_minor` belongs to a charge."""

    minutes: int
    act: Overdue
    amount_minor: int = 0


@dataclass(frozen=True)
class Rules:
    """Everything that an operator may decide; the defaults are the published ones of 2018.

    Amounts are minor units. `cancellation` goes from early to late, `overdue` from soon to late. A credit threshold
    with no `fee_below_credit_minor` is a condition; with one, who is below it pays instead.
    """

    loan_days: int = 3
    drives_in_two_months: int = 5
    each_model_once: bool = True
    swaps: int = 1
    needs_super_member: bool = True
    least_credit: int = 700
    fee_minor: int = 0
    fee_below_credit_minor: int = 0
    deposit_minor: int = 0
    min_age_years: int = 18
    licence_classes: tuple[str, ...] = ("C1", "C2", "B")
    opens_minute: int = 0
    closes_minute: int = DAY_MINUTES
    turnaround_minutes: int = 360
    early_minutes: int = 15
    no_show_grace_minutes: int = 60
    horizon_days: int = 14
    hold_minutes: int = 10
    offer_minutes: int = 60
    extension_days: int = 2
    return_elsewhere: bool = False
    cancellation: tuple[Keep, ...] = (Keep(24, 0), Keep(2, 50), Keep(0, 100))
    overdue: tuple[Rung, ...] = (Rung(30, Overdue.remind), Rung(180, Overdue.charge, 9900), Rung(1440, Overdue.call))
    down_payment_percent: int = 10

    def kept_percent(self, hours_before: float) -> int:
        """Return how much of the fee somebody forfeits who cancels so many hours before the pick-up."""
        return next((step.percent for step in self.cancellation if hours_before >= step.hours), PERCENT)


# Least and most of every number. The order is that of the console's form.
NUMBERS: Final[Mapping[str, tuple[int, int]]] = {
    "loan_days": (1, 30),
    "drives_in_two_months": (1, 60),
    "swaps": (0, 5),
    "least_credit": (350, 950),
    "fee_minor": (0, 1_000_000),
    "fee_below_credit_minor": (0, 1_000_000),
    "deposit_minor": (0, 10_000_000),
    "min_age_years": (18, 99),
    "opens_minute": (0, DAY_MINUTES - 15),
    "closes_minute": (15, DAY_MINUTES),
    "turnaround_minutes": (0, 7 * DAY_MINUTES),
    "early_minutes": (0, 240),
    "no_show_grace_minutes": (15, DAY_MINUTES),
    "horizon_days": (1, 90),
    "hold_minutes": (1, 60),
    "offer_minutes": (5, 2 * DAY_MINUTES),
    "extension_days": (0, 14),
    "down_payment_percent": (0, PERCENT),
}
SWITCHES: Final = ("each_model_once", "needs_super_member", "return_elsewhere")
LISTS: Final = ("licence_classes", "cancellation", "overdue")
NAMES: Final = tuple(field.name for field in fields(Rules))
MOST_STEPS = 8


class RulesInvalid(ValueError):
    """What was typed is no rule; `faults` names each field with a key of the messages `rules.fault`."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(", ".join(f"{name}: {fault}" for name, fault in faults.items()))
        self.faults = dict(faults)


def read_changes(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return some rules in the form in which they are stored (JSON); raise RulesInvalid with every fault."""
    faults, found = {}, {}
    for name, value in data.items():
        try:
            found[name] = _READERS[name](name, value)
        except KeyError:
            faults[name] = "unknown" if name not in NAMES else "shape"
        except (TypeError, ValueError) as error:
            faults[name] = str(error) if str(error) in FAULTS else "shape"
    if faults:
        raise RulesInvalid(faults)
    return found


def cover(*layers: Mapping[str, Any]) -> Rules:
    """Return the rules that follow from stored layers, later ones first; raise RulesInvalid where they do not fit."""
    merged: dict[str, Any] = {}
    for layer in layers:
        merged |= layer
    return rules_from(json.dumps(merged, sort_keys=True))


@lru_cache(maxsize=256)
def rules_from(text: str) -> Rules:
    """Return the rules of stored JSON; what is not said has its default. Raise RulesInvalid."""
    data = read_changes(json.loads(text))
    if "licence_classes" in data:
        data["licence_classes"] = tuple(data["licence_classes"])
    if "cancellation" in data:
        data["cancellation"] = tuple(Keep(**step) for step in data["cancellation"])
    if "overdue" in data:
        data["overdue"] = tuple(Rung(**{**step, "act": Overdue(step["act"])}) for step in data["overdue"])
    rules = Rules(**data)
    if rules.opens_minute >= rules.closes_minute:
        raise RulesInvalid({"closes_minute": "closes_before"})
    return rules


def text_of(rules: Rules) -> str:
    """Return rules as stored JSON; the same rules have the same text."""
    return json.dumps(asdict(rules), sort_keys=True)


FAULTS: Final = ("shape", "least", "most", "classes", "steps", "order", "unknown", "closes_before")


def _number(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("shape")
    least, most = NUMBERS[name]
    if value < least:
        raise ValueError("least")
    if value > most:
        raise ValueError("most")
    return value


def _switch(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("shape")
    return value


def _classes(name: str, value: Any) -> list[str]:
    found = list(dict.fromkeys(value)) if isinstance(value, list | tuple) else []
    if not found or not set(found) <= set(LICENCE_CLASSES):
        raise ValueError("classes")
    return found


def _cancellation(name: str, value: Any) -> list[dict[str, int]]:
    steps = [_fields(step, "hours", "percent") for step in _steps(value)]
    hours, percents = ([step[key] for step in steps] for key in ("hours", "percent"))
    if not all(0 <= percent <= PERCENT for percent in percents) or any(one < 0 for one in hours):
        raise ValueError("most")
    # Later is never cheaper, and the last step reaches the pick-up itself.
    falling = sorted(set(hours), reverse=True) == hours
    if not falling or sorted(percents) != percents or (hours and hours[-1] != 0):
        raise ValueError("order")
    return steps


def _overdue(name: str, value: Any) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    for step in _steps(value):
        known = _fields({"amount_minor": 0, **step}, "minutes", "amount_minor", also="act")
        charges = Overdue(step["act"]) is Overdue.charge
        if not 0 < known["minutes"] <= 60 * DAY_MINUTES or charges != (0 < known["amount_minor"] <= 1_000_000):
            raise ValueError("most")
        steps.append({**known, "act": str(step["act"])})
    minutes: list[int] = [step["minutes"] for step in steps]
    if sorted(set(minutes)) != minutes:
        raise ValueError("order")
    return steps


def _steps(value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, list | tuple) or len(value) > MOST_STEPS:
        raise ValueError("steps")
    if not all(isinstance(step, Mapping) for step in value):
        raise ValueError("steps")
    return list(value)


def _fields(step: Mapping[str, Any], *names: str, also: str = "") -> dict[str, int]:
    if set(step) != {*names, *([also] if also else [])}:
        raise ValueError("steps")
    if any(isinstance(step[name], bool) or not isinstance(step[name], int) for name in names):
        raise ValueError("steps")
    return {name: step[name] for name in names}


_READERS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    **dict.fromkeys(NUMBERS, _number),
    **dict.fromkeys(SWITCHES, _switch),
    "licence_classes": _classes,
    "cancellation": _cancellation,
    "overdue": _overdue,
}
