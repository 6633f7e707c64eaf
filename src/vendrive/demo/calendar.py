"""The demo's calendar: three days pass in a minute, while machines keep real time.

The offset is a file that retail and the stations of one demo read; only the demo's own entry points build this clock,
so no setting of a program can move its calendar.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vendrive.clock import SystemClock


class DemoCalendar:
    """A clock whose calendar runs ahead of the computer's by an offset that the demo can grow."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._system = SystemClock()

    def now(self) -> datetime:
        return self._system.now() + self.offset()

    def monotonic(self) -> float:
        return self._system.monotonic()

    def offset(self) -> timedelta:
        """Return how far ahead the calendar is; zero where nobody has moved it."""
        try:
            return timedelta(seconds=float(self._path.read_text()))
        except FileNotFoundError:
            return timedelta()

    def advance(self, step: timedelta) -> datetime:
        """Move the calendar forward by `step` for every program of the demo and return the new time; never back."""
        if step < timedelta():
            raise ValueError("the demo's calendar only goes forward")
        moved = self._path.with_suffix(".new")
        moved.write_text(str((self.offset() + step).total_seconds()))
        os.replace(moved, self._path)
        return self.now()

    def advance_to(self, moment: datetime) -> datetime:
        """Move the calendar forward to `moment`, or leave it where that has passed."""
        return self.advance(max(moment.astimezone(UTC) - self.now(), timedelta()))
