"""What the journal and requests say, in the page's language: codes become words, identifiers stay."""

import re
from collections.abc import Mapping
from typing import Final

from vendrive.design.messages import catalogue, say
from vendrive.retail.fleet.policies import Wish

# Which part of the catalogue explains the values of a field; `{}` is the value.
VALUES: Final[Mapping[str, str]] = {
    "name": "operations.{}.title",
    "code": "error.{}.what",
    "operation": "console.operation.{}",
    "result": "console.result.{}",
    "method": "console.method.{}",
    "order_kind": "console.order_kind.{}",
    "mode": "console.key.{}",
    "action": "console.action.{}",
    "source": "console.source.{}",
    "part": "console.part.{}",
}
# Sentences of a station that end in an identifier: a task's purpose, a reason for counting.
SAID: Final[Mapping[str, str]] = {
    "hand-over ": "console.said.hand_over",
    "return ": "console.said.return",
    "after drive ": "console.said.after_drive",
    "close the street door": "console.said.close_street_door",
    "start": "console.said.start",
    "tidy up": "console.said.tidy_up",
    "clear the bay": "console.said.clear_bay",
    "give way": "console.said.give_way",
    "after a conversation": "console.said.after_conversation",
    "after a transfer of unknown outcome": "console.said.after_unknown",
    "manual step of ": "console.said.manual_step",
    "console: ": "console.said.console",
    "no answer for ": "console.said.away",
}
SHORT_ID = 8
UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def value_text(lang: str, field: str, value: object) -> str:
    """Return a value of the journal in words; what has none, such as the machine's own reason, stays as it is."""
    text = str(value)
    key = VALUES[field].format(text) if field in VALUES else ""
    if key in catalogue(lang):
        return say(lang, key)
    if field in ("purpose", "reason", "source"):
        return said_text(lang, text)
    return text


def said_text(lang: str, text: str) -> str:
    """Return a station's sentences, parted by semicolons, in words; one that is not known stays as it is."""
    return "; ".join(_sentence(lang, sentence) for sentence in text.split("; "))


def _sentence(lang: str, text: str) -> str:
    for start, key in SAID.items():
        if text == start or (start.endswith(" ") and text.startswith(start)):
            rest = text.removeprefix(start)
            return say(lang, key, id=rest[:SHORT_ID] if UUID.fullmatch(rest) else rest)
    return text


def part_text(lang: str, part: str) -> str:
    """Return what a part is called: the machine and the station have words, other parts their names."""
    return value_text(lang, "part", part)


def wish_text(lang: str, wish: Wish) -> str:
    """Return what was asked for, with its part or step: `Take out of service: L1`."""
    action = say(lang, f"console.action.{wish.action}")
    named = [wish.part] if wish.part else []
    if wish.operation:
        named = [say(lang, f"console.operation.{wish.operation}"), *_arguments(lang, wish.arguments)]
    return say(lang, "console.wish", action=action, what=", ".join(named)) if named else action


def _arguments(lang: str, arguments: Mapping[str, str]) -> list[str]:
    return [
        say(lang, "console.storey", storey=value) if name == "storey" else value
        for name, value in sorted(arguments.items())
    ]
