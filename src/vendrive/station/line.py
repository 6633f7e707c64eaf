"""How long this station has been cut off from retail, restarts and a moved calendar included."""

from vendrive.clock import Clock
from vendrive.station.store import Store

CUT_OFF_S = 168 * 3600.0
"""So long a station goes on alone: then it knows too little of cancellations to hand over another car."""
NOTE_PERIOD_S = 60.0


class Line:
    """Retail was heard when its orders were taken: no cancellation was missed then.

    It answers only where both calendars agree, since it looks at the time in our signature.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._started_s = clock.monotonic()
        self._noted_s = float("-inf")
        self.heard_s: float | None = None

    @property
    def away_s(self) -> float:
        """For how long retail has not answered: since it was heard, by this program or by the one before."""
        now_s = self._clock.monotonic()
        if self.heard_s is not None:
            return now_s - self.heard_s
        noted = self._store.heard_at
        before_s = (self._clock.now() - noted).total_seconds() if noted else 0.0
        return max(now_s - self._started_s, before_s)

    @property
    def is_cut_off(self) -> bool:
        """Whether retail has been away for longer than a station goes on alone."""
        return self.away_s >= CUT_OFF_S

    def heard(self) -> None:
        """The orders were taken; write it down now and then."""
        self.heard_s = self._clock.monotonic()
        if self.heard_s - self._noted_s >= NOTE_PERIOD_S:
            self._noted_s = self.heard_s
            self._store.note_heard(self._clock.now())
