"""What a person has chosen so far, kept in the session while they are led through what is missing."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime

from django.http import HttpRequest

from vendrive.ids import new_uuid

_KEY = "choice"
_YEARS = range(2000, 2200)


@dataclass(frozen=True)
class Choice:
    """Slugs, and the pick-up in ISO format; empty is not chosen yet. `key` makes the booking happen once."""

    model: str = ""
    paint: str = ""
    tower: str = ""
    pickup: str = ""
    key: str = ""

    @property
    def pickup_at(self) -> datetime | None:
        """Return the chosen quarter hour, or None."""
        return read_moment(self.pickup)

    @property
    def complete(self) -> bool:
        """Whether a car, a tower and a time are chosen."""
        return bool(self.model and self.paint and self.tower and self.pickup_at)

    def at(self, pickup_at: datetime) -> "Choice":
        """Return the choice with a time; a new choice is a new booking."""
        return replace(self, pickup=pickup_at.isoformat(), key=str(new_uuid()))


def get_choice(request: HttpRequest) -> Choice:
    """Return the choice of this session."""
    held = request.session.get(_KEY, {})
    return Choice(**held)


def keep_choice(request: HttpRequest, choice: Choice) -> None:
    """Keep the choice in the session."""
    request.session[_KEY] = asdict(choice)


def forget_choice(request: HttpRequest) -> None:
    """Begin anew."""
    request.session.pop(_KEY, None)


def read_moment(text: str) -> datetime | None:
    """Return an ISO moment with its zone, or None; far from every calendar is none, nothing can be computed from it."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo and found.year in _YEARS else None
