"""The message catalogue: every sentence that a person reads, in English and Simplified Chinese.

The sentences lie in `messages/*en.toml` and `messages/*zh.toml` as nested tables; a key is the path through them,
`error.pin_wrong.next`. Both languages have the same keys and the same placeholders.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal, cast

Language = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")
FOLDER: Final = Path(__file__).parent / "messages"


def say(lang: str, key: str, **params: object) -> str:
    """The sentence with its `{placeholders}` filled. KeyError for an unknown language, key or value."""
    return catalogue(lang)[key].format(**params)


@cache
def catalogue(lang: str) -> Mapping[str, str]:
    """All sentences of a language by their dotted key. KeyError unless it is one of LANGUAGES."""
    if lang not in LANGUAGES:
        raise KeyError(lang)
    files = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob(f"*{lang}.toml"))]
    return dict(sentence for tables in files for sentence in _flatten(tables, ""))


def pick_language(accept_language: str | None, chosen: str | None) -> Language:
    """The person's own choice, else the best of an Accept-Language header (RFC 9110, 12.5.4), else English."""
    if chosen in LANGUAGES:
        return chosen
    for tag in _by_preference(accept_language or ""):
        for lang in LANGUAGES:
            if tag == lang or tag.startswith(f"{lang}-"):
                return lang
    return "en"


def _by_preference(header: str) -> list[str]:
    ranked = [_weighed(part) for part in header.lower().split(",") if part.strip()]
    return [tag for weight, tag in sorted(ranked, key=lambda item: -item[0]) if weight > 0]


def _weighed(part: str) -> tuple[float, str]:
    tag, _, quality = part.partition(";")
    try:
        weight = float(quality.strip().removeprefix("q=") or 1)
    except ValueError:
        weight = 0.0
    return weight, tag.strip()


def _flatten(table: Mapping[str, object], prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in table.items():
        if isinstance(value, Mapping):
            found += _flatten(cast(Mapping[str, object], value), f"{prefix}{name}.")
        elif isinstance(value, str):
            found.append((f"{prefix}{name}", value))
        else:
            raise TypeError(f"{prefix}{name} is not a sentence")
    return found
