"""docs/operations.md and its Chinese twin, made of the procedures and the message catalogue. Pure.

`python -m vendrive.retail.console.handbook FOLDER` writes both; a test compares them with what it would write.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vendrive.design.messages import LANGUAGES, say
from vendrive.retail.console.procedures import PROCEDURES, Fault, Procedure, Step
from vendrive.wire.alarms import AlarmName

PAGES: Final = {"en": "operations.md", "zh": "operations.zh.md"}
RULES: Final = ("persons", "unknown", "guess", "restart", "two")


def write_handbook(lang: str) -> str:
    """Return the whole page in a language."""
    return "\n".join(_lines(lang)) + "\n"


def _lines(lang: str) -> Iterator[str]:
    yield f"# {say(lang, 'operations.heading')}"
    yield from ("", say(lang, "operations.intro"), "", f"**{say(lang, 'operations.rules')}**", "")
    for rule in RULES:
        yield f"- {say(lang, f'operations.rule_{rule}')}"
    for title, names in (("alarms", AlarmName), ("faults", Fault)):
        yield from ("", f"## {say(lang, f'operations.{title}')}")
        for name in names:
            yield from _procedure(lang, PROCEDURES[name])


def _procedure(lang: str, procedure: Procedure) -> Iterator[str]:
    name = procedure.name
    yield from ("", f"### {say(lang, f'operations.{name}.title')}", "")
    yield f'<a id="{name}"></a>`{name}`'
    for field in ("means", "machine", "before"):
        yield from ("", f"**{say(lang, f'operations.{field}')}.** {say(lang, f'operations.{name}.{field}')}")
    yield from ("", f"**{say(lang, 'operations.steps')}**", "")
    for number, step in enumerate(procedure.steps, start=1):
        yield f"{number}. {say(lang, f'operations.step.{step.id}')} *({'; '.join(_notes(lang, step))})*"
    yield from ("", f"**{say(lang, 'operations.over')}.** {say(lang, f'operations.{name}.over')}")
    if procedure.see:
        links = (f"[{say(lang, f'operations.{other}.title')}](#{other})" for other in procedure.see)
        yield from ("", f"{say(lang, 'operations.see')}: {', '.join(links)}")


def _notes(lang: str, step: Step) -> Iterator[str]:
    yield say(lang, f"operations.who.{step.who}")
    if step.sight:
        yield say(lang, "operations.sensed", sight=say(lang, f"operations.sight.{step.sight}"))
    if step.action:
        yield say(lang, "operations.actions", action=say(lang, f"console.action.{step.action}"))


if __name__ == "__main__":
    for language in LANGUAGES:
        Path(sys.argv[1], PAGES[language]).write_text(write_handbook(language), encoding="utf-8")
