"""How far a technician has come in a procedure: which steps are done, by the live report or by a person. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from vendrive.retail.console.procedures import Procedure, Step, is_seen
from vendrive.wire.report import TowerReport


@dataclass(frozen=True)
class Tick:
    """Who said that a step is done, and when."""

    staff: str
    at: datetime


@dataclass(frozen=True)
class StepView:
    """A step as the page shows it. `by_hand` is true where a person has to tick it, since no sensor shows it."""

    step: Step
    state: Literal["done", "now", "next"]
    by_hand: bool
    tick: Tick | None


def walk(
    procedure: Procedure, report: TowerReport | None, part: str, ticks: Mapping[str, Tick]
) -> tuple[StepView, ...]:
    """Return the steps in order; `report` is None where it is old: then nothing is seen.

    Steps are done in order. What the report showed once need not be shown for ever (a stop that was sent is ended
    later), so a step counts as done where a person has ticked a later one.
    """
    last_ticked = max((at for at, step in enumerate(procedure.steps) if step.id in ticks), default=-1)
    views: list[StepView] = []
    reached = True
    for at, step in enumerate(procedure.steps):
        seen = is_seen(step.sight, report, part) if step.sight and report else None
        done = at <= last_ticked or (reached and seen is True)
        by_hand = step.sight is None or (report is not None and seen is None)
        views.append(StepView(step, "done" if done else "now" if reached else "next", by_hand, ticks.get(step.id)))
        reached = reached and done
    return tuple(views)


def current(views: tuple[StepView, ...]) -> StepView | None:
    """Return the step that is to be done now; None where all are done."""
    return next((view for view in views if view.state == "now"), None)
