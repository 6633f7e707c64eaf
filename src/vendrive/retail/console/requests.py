"""How far a request of staff has come: what the console may say of it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from vendrive.retail.fleet.policies import Wish
from vendrive.wire.orders import OperatorAction
from vendrive.wire.report import TowerReport

SHOWN_FOR = timedelta(minutes=10)
WRITTEN: Final[Mapping[OperatorAction, str]] = {
    OperatorAction.lock_part: "part_locked",
    OperatorAction.release_part: "part_released",
    OperatorAction.manual_step: "step_asked",
    OperatorAction.accept_count: "count_accepted",
}
"""The kind of journal entry with which a station says that it did what was asked."""


class Progress(StrEnum):
    """Waiting to be fetched, stored by the station, confirmed by it, refused by it, past, or run out unconfirmed.

    `over` says that the station had the request and that nothing tells its effect now: a stop may have been confirmed
    and undone at the key switch since.
    """

    sent = "sent"
    received = "received"
    confirmed = "confirmed"
    refused = "refused"
    over = "over"
    expired = "expired"


@dataclass(frozen=True)
class Request:
    """What staff asked; `number` is the order's, None until it is published."""

    wish: Wish
    staff: str
    asked_at: datetime
    expires_at: datetime
    number: int | None
    second: str = ""


@dataclass(frozen=True)
class Told:
    """One entry of a station's journal."""

    kind: str
    event: Mapping[str, object]


@dataclass(frozen=True)
class Asked:
    """A request and how far it has come; `code` is why it was refused."""

    request: Request
    progress: Progress
    code: str = ""


def progress_of(request: Request, report: TowerReport | None, told: Sequence[Told], now: datetime) -> Asked:
    """Return how far the request has come, from the tower's report and the journal entries since it was asked."""
    refusal = _refusal(request, told)
    if any(_is_outcome(request, entry) for entry in told):
        return Asked(request, Progress.confirmed)
    if refusal is not None:
        return Asked(request, Progress.refused, refusal)
    received = report is not None and request.number is not None and report.order_number >= request.number
    if received and _is_confirmed(request.wish.action, report):
        return Asked(request, Progress.confirmed)
    if now >= request.expires_at:
        return Asked(request, Progress.over if received else Progress.expired)
    return Asked(request, Progress.received if received else Progress.sent)


def entries_since(request: Request, entries: Iterable[Told]) -> list[Told]:
    """Return the entries, oldest first, between the orders before and after this request's, as they were stored."""
    found: list[Told] = []
    for entry in entries:
        stored = entry.event.get("number") if entry.kind == "order_stored" else None
        if isinstance(stored, int) and request.number is not None and stored > request.number:
            break
        found.append(entry)
        if isinstance(stored, int) and stored != request.number:
            found.clear()
    return found


def _refusal(request: Request, told: Iterable[Told]) -> str | None:
    mine = (request.wish.action, request.staff)
    for entry in told:
        if entry.kind == "request_refused" and (entry.event["action"], entry.event["staff"]) == mine:
            return str(entry.event["code"])
    return None


def _is_outcome(request: Request, entry: Told) -> bool:
    wish, event = request.wish, entry.event
    if entry.kind != WRITTEN.get(wish.action) or event["staff"] != request.staff:
        return False
    named = {"part": wish.part, "operation": wish.operation, "arguments": wish.arguments}
    return all(event.get(name, value) == value for name, value in named.items())


def _is_confirmed(action: OperatorAction, report: TowerReport | None) -> bool:
    match action:
        case OperatorAction.emergency_stop:
            return report is not None and report.emergency_stop
        case OperatorAction.acknowledge_help:
            return report is not None and not report.help_called
        case OperatorAction.retry:
            return True  # the station has it and tries again; what comes of it is the task's own story
        case _:
            return False  # only the journal says so
