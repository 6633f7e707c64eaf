"""How far an adapter is: a `quality.yaml` beside it says for each rule of one scale done, to do, or exempt.

`done` names tests that show it, `to do` and `exempt` a reason. A test is a pytest node id with a path (from the
checkout, or from the folder of the adapter's own tests), or `contract::RULE` for a rule that its contract test runs.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import yaml

from vendrive.station.adapters.bench import name_of
from vendrive.station.adapters.contract import RULES

CONTRACT = "contract::"
SCALE: Mapping[str, str] = {
    "known_machine": "The machine is known by a pinned credential, and so is the station; nothing goes in the clear.",
    "identified": "Tower, layout, simulator and epoch of the controller are the machine's own words.",
    "one_moment": "A read shows everything as it was at one moment.",
    "typed": "A value that is missing, of bad quality or of another type is a MachineLost.",
    "dated": "A read is dated by its beginning.",
    "deadline": "Every request has a deadline; silence is a MachineLost, never an older value.",
    "bounded": "No answer of the machine is larger than a bound.",
    "no_reconnect": "A connection lives once: nothing connects again or sends again by itself.",
    "changed_beat": "A beat goes through as it is; only a changed one is a sign of life.",
    "fenced": "Older and unknown control epochs command nothing.",
    "number_once": "A number runs once; it is in the journal before it is sent.",
    "late_refused": "A command that comes too late is refused.",
    "busy_refused": "A busy part takes no command, and none waits for its turn.",
    "side_by_side": "Different parts work side by side, each with its own end.",
    "stop_always": "A stop works in every state; only the reset at the tower ends it.",
    "unknown_outcome": "A lost answer is a MachineLost, and the next read tells what happened.",
    "restart_seen": "A restarted controller has a new epoch and nobody in control.",
    "help": "A call for help shows until it is taken care of.",
    "close_quiet": "Closing never raises and never waits long.",
    "cancel_safe": "Each verb may be cancelled at any time.",
    "no_thread": "Nothing is sent from a thread of the adapter's own, and nothing blocks the loop.",
    "rogue_machine": "Random bytes, huge answers, wrong types and stalls end in MachineLost.",
}


class Status(StrEnum):
    """How far one rule is."""

    done = "done"
    to_do = "to do"
    exempt = "exempt"


class QualityWrong(ValueError):
    """A quality file cannot be read; the message names the file and the rule."""


@dataclass(frozen=True)
class Mark:
    """One line of a quality file."""

    rule: str
    status: Status
    tests: tuple[str, ...] = ()
    reason: str = ""


def read_quality(file: Path) -> tuple[Mark, ...]:
    """Read a quality file: a list of rules, each of the scale once, with nothing else in it."""
    try:
        told = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise QualityWrong(f"{file}: {error}") from error
    if not isinstance(told, list):
        raise QualityWrong(f"{file}: needs a list of rules")
    marks = tuple(_mark(file, item) for item in told)
    named = [mark.rule for mark in marks]
    for rule in [*SCALE, *named]:
        if named.count(rule) != 1 or rule not in SCALE:
            raise QualityWrong(f"{file}: {rule} stands there {named.count(rule)} times: each rule of the scale once")
    return marks


def check_quality(file: Path, root: Path, contract: bool = True) -> list[str]:
    """Return what a quality file claims and nobody can find. `root` is what its tests' paths begin at; `contract` says
    whether a contract test runs for this adapter.
    """
    try:
        marks = read_quality(file)
    except QualityWrong as error:
        return [str(error)]
    rules = {name_of(rule) for rule in RULES} if contract else set()
    return [
        f"{mark.rule}: there is no test {test}" for mark in marks for test in mark.tests if not _is(test, root, rules)
    ]


def _mark(file: Path, item: object) -> Mark:
    rule = item.get("rule") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(rule, str) or item.keys() - {"rule", "status", "tests", "reason"}:
        raise QualityWrong(f"{file}: {item!r} needs rule, status, and tests or a reason")
    status, tests, reason = item.get("status"), item.get("tests", []), item.get("reason", "")
    if status not in set(Status):
        raise QualityWrong(f"{file}: {rule}: status is one of {', '.join(Status)}")
    if not isinstance(tests, list) or not all(isinstance(test, str) for test in tests) or not isinstance(reason, str):
        raise QualityWrong(f"{file}: {rule}: tests is a list of texts, and reason is a text")
    if status == Status.done and (not tests or reason):
        raise QualityWrong(f"{file}: {rule}: done needs tests that show it, and no reason")
    if status != Status.done and (tests or not reason.strip()):
        raise QualityWrong(f"{file}: {rule}: {status} needs a reason, and no tests")
    return Mark(rule, Status(status), tuple(tests), reason)


def _is(test: str, root: Path, rules: set[str]) -> bool:
    """Whether a test is there: a rule of the contract, or a function in a file of tests."""
    if test.startswith(CONTRACT):
        return test.removeprefix(CONTRACT) in rules
    path, _, function = test.partition("::")
    file = root / path
    if not function or not Path(path).name.startswith("test_") or not file.is_file():
        return False
    found = {
        node.name
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    name = function.partition("[")[0]
    return name.startswith("test_") and name in found
