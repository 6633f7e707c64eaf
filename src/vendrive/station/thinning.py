"""What people and flapping sensors can repeat without limit, counted instead of written each time.

Nothing here is needed to act, and none of it is lost but by a crash: refusals are written with their count, a count of
the cars that says nothing new is not, and an alarm that comes and goes stays on until it is quiet.
"""

from collections import defaultdict, deque
from dataclasses import dataclass

from vendrive.clock import Clock
from vendrive.wire.journal import PersonRefused

REFUSALS_PERIOD_S = 60.0
MOST_ENDS = 5
ENDS_PERIOD_S = 600.0

_Kind = tuple[str | None, str]


@dataclass
class _Refusals:
    since_s: float
    unwritten: int = 0


class Refusals:
    """Refusals of one drive and code: the first is written at once, those of each minute after it in one entry."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kinds: dict[_Kind, _Refusals] = {}

    def is_counted(self, event: PersonRefused, room: bool) -> bool:
        """Count it where the same was refused a moment ago, or there is no room; False: it is to be written now."""
        kind = event.drive_id, event.code
        written = kind not in self._kinds and room
        known = self._kinds.setdefault(kind, _Refusals(self._clock.monotonic()))
        known.unwritten += 0 if written else event.count
        return not written

    def due(self, all_of_them: bool = False) -> list[PersonRefused]:
        """Return what was counted in minutes that are over, or until now; it counts as written."""
        now, due = self._clock.monotonic(), []
        for (drive, code), known in list(self._kinds.items()):
            if not all_of_them and now - known.since_s < REFUSALS_PERIOD_S:
                continue
            if known.unwritten:
                due.append(PersonRefused(drive_id=drive, code=code, count=known.unwritten))
                self._kinds[drive, code] = _Refusals(now)
            else:
                del self._kinds[drive, code]
        return due


class Ends:
    """How often each alarm has ended of late: one that flaps stays on, since it is not over."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ended_s: defaultdict[str, deque[float]] = defaultdict(deque)

    def is_flapping(self, alarm: str) -> bool:
        """Whether this alarm has ended so often that its end says nothing."""
        ended, now = self._ended_s[alarm], self._clock.monotonic()
        while ended and now - ended[0] >= ENDS_PERIOD_S:
            ended.popleft()
        return len(ended) >= MOST_ENDS

    def note(self, alarm: str) -> None:
        """It has ended."""
        self._ended_s[alarm].append(self._clock.monotonic())
