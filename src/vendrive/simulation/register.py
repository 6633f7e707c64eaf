"""What goes wrong in one run, and what came of it: faults that are on, decisions that met them, what happened last."""

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

LAST_EVENTS = 200
# A decision this long after a fault has gone may still be its work.
AFTERMATH_S = 30.0


@dataclass
class Injection:
    """One fault that is on, or was until `until_s`."""

    kind: str
    part: str
    since_s: float
    until_s: float = float("inf")
    reached: bool = False
    refused: int = 0


@dataclass
class Tally:
    """Numbers of one run, or of many: they add up."""

    hours: float = 0.0
    hand_overs: int = 0
    returns: int = 0
    refusals: int = 0
    polls: int = 0
    by_us: int = 0
    by_plc: int = 0
    excused: int = 0
    injected: Counter[str] = field(default_factory=Counter)
    reached: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Add the numbers of another run."""
        for name, value in vars(other).items():
            if isinstance(value, Counter):
                getattr(self, name).update(value)
            else:
                setattr(self, name, getattr(self, name) + value)


class Register:
    """Faults, decisions, and the trace of one run."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self.injections: list[Injection] = []
        self.over: list[Injection] = []
        self.events: deque[str] = deque(maxlen=LAST_EVENTS)
        self._trace = hashlib.sha256()
        self.tally = Tally()

    @contextmanager
    def injected(self, kind: str, part: str = "") -> Iterator[Injection]:
        """A fault is on while the block runs."""
        injection = self.begin(kind, part)
        try:
            yield injection
        finally:
            self.end(injection)

    def begin(self, kind: str, part: str = "") -> Injection:
        """A fault begins."""
        injection = Injection(kind, part, self._now_s())
        self.injections.append(injection)
        self.note(f"fault {kind} {part}")
        return injection

    def end(self, injection: Injection) -> None:
        """A fault is over; for a while decisions are still counted as met by it."""
        injection.until_s = self._now_s()
        self.note(f"over {injection.kind} {injection.part}")

    def was_on(self, kind: str, within_s: float) -> bool:
        """Whether a fault of this class is on, or was that long ago."""
        since_s = self._now_s() - within_s
        return any(one.kind == kind and one.until_s >= since_s for one in (*self.over, *self.injections))

    def decided(self, refused: bool) -> None:
        """The station or its PLC decided something: every fault that is on was there."""
        horizon_s = self._now_s() - AFTERMATH_S
        if any(injection.until_s < horizon_s for injection in self.injections):
            self.over += [injection for injection in self.injections if injection.until_s < horizon_s]
            self.injections = [injection for injection in self.injections if injection.until_s >= horizon_s]
        for injection in self.injections:
            injection.reached = True
            injection.refused += refused

    def note(self, text: str) -> None:
        """Something happened that belongs to the trace."""
        line = f"{self._now_s():.3f} {text}"
        self.events.append(line)
        self._trace.update(line.encode())

    def digest(self) -> str:
        """Return the hash of all that happened."""
        return self._trace.hexdigest()

    def count(self) -> Tally:
        """Return the numbers, with all faults counted."""
        for injection in (*self.over, *self.injections):
            self.tally.injected[injection.kind] += 1
            self.tally.reached[injection.kind] += injection.reached
            self.tally.refused[injection.kind] += bool(injection.refused)
        self.over, self.injections = [], []
        return self.tally
