"""How far a request of staff has come: what the console may say of it. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from vendrive.wire.orders import OperatorAction
from vendrive.wire.report import TowerReport

SHOWN_FOR = timedelta(minutes=10)


class Progress(StrEnum):
    """Waiting to be fetched, stored by the station, confirmed by a later report, past, or run out unconfirmed.

    `over` says that the station had the request and that the tower does not report its effect now: it may have been
    confirmed and undone at the key switch since.
    """

    sent = "sent"
    received = "received"
    confirmed = "confirmed"
    over = "over"
    expired = "expired"


@dataclass(frozen=True)
class Request:
    """What staff asked; `number` is the order's, None until it is published."""

    action: OperatorAction
    staff: str
    asked_at: datetime
    expires_at: datetime
    number: int | None


@dataclass(frozen=True)
class Asked:
    """A request and how far it has come."""

    request: Request
    progress: Progress


def progress_of(request: Request, report: TowerReport | None, now: datetime) -> Progress:
    """Return how far the request has come. A report confirms it only where the station had stored it by then."""
    received = report is not None and request.number is not None and report.order_number >= request.number
    if report is not None and received:
        stop = request.action == OperatorAction.emergency_stop
        if report.emergency_stop if stop else not report.help_called:
            return Progress.confirmed
    if now >= request.expires_at:
        return Progress.over if received else Progress.expired
    return Progress.received if received else Progress.sent
