"""A clock whose readings notice what they are compared with.

A session that reads the same values again and again does nothing new until time itself turns a comparison over: a
waiting time runs out, a pass expires. Each reading is a plain number or date that also writes into a Book when a
comparison with it will turn over; the simulated machine skips the reads until then. A comparison that is not made now
cannot matter before one that is made turns over, so nothing is missed.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

FAR_S = float("inf")


class Book:
    """The next moment at which a comparison that was made since `open` turns over."""

    def __init__(self, present: Callable[[], float]) -> None:
        self.present = present
        self.due_s = FAR_S

    def open(self) -> None:
        """Forget what was noted."""
        self.due_s = FAR_S

    def note(self, at_s: float) -> None:
        """Note that a comparison turns over at `at_s`, unless it has already."""
        if self.present() <= at_s < self.due_s:
            self.due_s = at_s


class ReadAt(float):
    """When a snapshot was read: each skipped read would have made it younger, so its age turns nothing over."""

    __slots__ = ()

    def __sub__(self, other: float) -> float:
        return float.__sub__(self, other) if other else self


class Instant(float):
    """A reading of the monotonic clock, or one less a constant; `ahead_s` is its value less the present then."""

    __slots__ = ("ahead_s", "book", "read_s")

    book: Book
    read_s: float
    ahead_s: float

    def __sub__(self, other: float) -> float:
        value = float.__sub__(self, other)
        if type(other) is ReadAt or self.read_s != self.book.present():
            return value
        return _instant(value, self.book, self.read_s)

    def __add__(self, other: float) -> float:
        value = float.__add__(self, other)
        return _instant(value, self.book, self.read_s) if self.live else value

    __radd__ = __add__

    def __gt__(self, other: float) -> bool:
        self._note(other)
        return float.__gt__(self, other)

    def __ge__(self, other: float) -> bool:
        self._note(other)
        return float.__ge__(self, other)

    def __lt__(self, other: float) -> bool:
        self._note(other)
        return float.__lt__(self, other)

    def __le__(self, other: float) -> bool:
        self._note(other)
        return float.__le__(self, other)

    @property
    def live(self) -> bool:
        """Whether this was read in this very moment; one that was kept is a constant."""
        return self.read_s == self.book.present()

    def _note(self, other: float) -> None:
        if self.live:
            self.book.note(float.__sub__(float(other), self.ahead_s))
        elif isinstance(other, Instant) and other.live:
            other.book.note(float.__sub__(float(self), other.ahead_s))


class Moment(datetime):
    """A reading of the calendar."""

    book: Book
    read_s: float

    def __gt__(self, other: datetime) -> bool:  # type: ignore[override] # as datetime does
        self._note(other)
        return datetime.__gt__(self, other)

    def __ge__(self, other: datetime) -> bool:  # type: ignore[override] # as datetime does
        self._note(other)
        return datetime.__ge__(self, other)

    def __lt__(self, other: datetime) -> bool:  # type: ignore[override] # as datetime does
        self._note(other)
        return datetime.__lt__(self, other)

    def __le__(self, other: datetime) -> bool:  # type: ignore[override] # as datetime does
        self._note(other)
        return datetime.__le__(self, other)

    def __reduce__(self) -> Any:
        return datetime, (*self.timetuple()[:6], self.microsecond, UTC)

    def _note(self, other: datetime) -> None:
        book = getattr(self, "book", None)
        if book is not None and self.read_s == book.present():
            book.note(self.read_s + datetime.__sub__(other, self).total_seconds())


class WatchedClock:
    """The clock of a simulated station: its own calendar, which can jump, and its readings in a book."""

    def __init__(self, present: Callable[[], float], start: datetime) -> None:
        self.book = Book(present)
        self._present = present
        self._start = Moment.fromtimestamp(start.timestamp(), UTC)
        # Readings of one moment are alike: they are made once.
        self._instant: Instant = _instant(-1.0, self.book, -1.0)
        self._moment: Moment | None = None

    def now(self) -> Moment:
        read_s = self._present()
        if self._moment is not None and self._moment.read_s == read_s:
            return self._moment
        moment = self._start + timedelta(seconds=read_s)
        moment.book, moment.read_s = self.book, read_s
        self._moment = moment
        return moment

    def monotonic(self) -> float:
        read_s = self._present()
        if self._instant.read_s != read_s:
            self._instant = _instant(read_s, self.book, read_s)
        return self._instant

    def note(self, at: datetime) -> None:
        """Something is due then, though nobody has compared it with the present since it was set."""
        self.now()._note(at)

    def jump(self, seconds: float) -> None:
        """Set the calendar forward, or back where `seconds` is negative."""
        self._start += timedelta(seconds=seconds)
        self._moment = None


def _instant(value: float, book: Book, read_s: float) -> Instant:
    instant = Instant(value)
    instant.book, instant.read_s, instant.ahead_s = book, read_s, value - read_s
    return instant
