"""Money, time and length of time as people read them, in English and Simplified Chinese."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from vendrive.design.messages import say

SYMBOLS: Final = {"CNY": "¥", "EUR": "€", "GBP": "£", "USD": "$", "JPY": "JP¥"}
WHOLE_UNITS: Final = frozenset({"JPY", "KRW"})
"""Currencies whose minor unit is the unit itself (ISO 4217)."""


def money(minor: int, currency: str) -> str:
    """`¥129,800` or `¥129,800.50`: minor units in, decimals only where there are any."""
    per_unit = 1 if currency in WHOLE_UNITS else 100
    whole, rest = divmod(abs(minor), per_unit)
    digits = f"{whole:,}" + (f".{rest:02d}" if rest else "")
    return ("−" if minor < 0 else "") + SYMBOLS.get(currency, f"{currency} ") + digits


def clock_time(moment: datetime, tz: str) -> str:
    """`14:30` in that time zone. ValueError for a moment without a zone: guessing would tell people a wrong time."""
    return f"{_local(moment, tz):%H:%M}"


def day(lang: str, moment: datetime, tz: str) -> str:
    """`Mon 2 March`, `3月2日 周一`."""
    local = _local(moment, tz)
    return say(
        lang,
        "date.day",
        weekday=say(lang, f"date.weekday_{local.weekday()}"),
        day=local.day,
        month=say(lang, f"date.month_{local.month}"),
    )


def duration(lang: str, seconds: float) -> str:
    """The two largest units that are not nothing: `2 d 4 h`, `3 min 20 s`. Less than nothing counts as nothing."""
    left = max(0, round(seconds))
    found: list[str] = []
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1)):
        count, left = divmod(left, length)
        if count:
            found.append(say(lang, f"unit.{unit}", count=count))
    return say(lang, "unit.join").join(found[:2]) or say(lang, "unit.seconds", count=0)


def _local(moment: datetime, tz: str) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return moment.astimezone(ZoneInfo(tz))
