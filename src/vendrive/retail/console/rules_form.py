"""Rules as they are typed into the console's form, and back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

from vendrive.retail.drives.programmes import Scope
from vendrive.retail.drives.rules import NUMBERS, SWITCHES, Rules, RulesInvalid, read_changes

YES, NO = "yes", "no"
TEXTS: Final = ("licence_classes", "cancellation", "overdue")
FIELDS: Final = (*NUMBERS, *SWITCHES, *TEXTS)


@dataclass(frozen=True)
class RulesForm:
    """What somebody typed. A field that is empty says nothing: a wider set of rules decides."""

    scope: Scope
    typed: Mapping[str, str]

    @classmethod
    def sent(cls, data: Mapping[str, str]) -> "RulesForm":
        """Return what was sent; raise RulesInvalid where a day is none."""
        start, end = (_day(name, data.get(name, "")) for name in ("start", "end"))
        typed = {name: data.get(name, "").strip() for name in FIELDS}
        return cls(Scope(data.get("tower", ""), start, end), typed)

    @classmethod
    def stored(cls, scope: Scope, rules: Mapping[str, Any]) -> "RulesForm":
        """Return a stored set as it would be typed."""
        return cls(scope, {name: text_of(name, rules[name]) if name in rules else "" for name in FIELDS})

    def read(self) -> dict[str, Any]:
        """Return the rules that are typed; raise RulesInvalid with every fault."""
        found, faults = {}, {}
        for name, text in self.typed.items():
            if text:
                try:
                    found[name] = _read(name, text)
                except ValueError:
                    faults[name] = "shape"
        try:
            found = read_changes(found)
        except RulesInvalid as invalid:
            faults = invalid.faults | faults
        if faults:
            raise RulesInvalid(faults)
        return found


def text_of(name: str, value: Any) -> str:
    """Return a rule as it is typed: `24:0, 2:50, 0:100`, `30 remind, 180 charge 9900`, `C1, C2`, `yes`."""
    if name in SWITCHES:
        return YES if value else NO
    if name == "cancellation":
        return ", ".join(f"{step['hours']}:{step['percent']}" for step in value)
    if name == "overdue":
        return ", ".join(_rung_text(step) for step in value)
    return ", ".join(value) if name == "licence_classes" else str(value)


def texts_of(rules: Rules) -> dict[str, str]:
    """Return all rules as they are typed."""
    return {name: text_of(name, value) for name, value in asdict(rules).items()}


def _rung_text(step: Mapping[str, Any]) -> str:
    amount = f" {step['amount_minor']}" if step["amount_minor"] else ""
    return f"{step['minutes']} {step['act']}{amount}"


def _read(name: str, text: str) -> Any:
    if name in NUMBERS:
        return int(text)
    if name in SWITCHES:
        return {YES: True, NO: False}[text] if text in (YES, NO) else text
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if name == "cancellation":
        pairs = [part.split(":") for part in parts]
        return [{"hours": int(hours), "percent": int(percent)} for hours, percent in pairs]
    if name == "overdue":
        return [_rung(part.split()) for part in parts]
    return [part.upper() for part in parts]


def _rung(words: list[str]) -> dict[str, Any]:
    minutes, act, amount = [*words, "0"][:3]
    return {"minutes": int(minutes), "act": act, "amount_minor": int(amount)}


def _day(name: str, text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise RulesInvalid({name: "shape"}) from error
