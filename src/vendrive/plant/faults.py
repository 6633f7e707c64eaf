"""How a sensor goes wrong: it sticks, comes late, flaps or lies. What a sensor says is a plain value of one field."""

from collections import deque
from dataclasses import dataclass, field
from math import inf
from typing import Protocol

from vendrive.wire.machine import Door, Nose, Table

Value = bool | int | float | str

# A clock's sums are a little off.
_NOTHING_S = 1e-6

_OPPOSITES: dict[Value, Value] = {
    Door.open: Door.closed,
    Door.closed: Door.open,
    Door.between: Door.between,
    Table.aligned: Table.between,
    Nose.street: Nose.tower,
    Nose.tower: Nose.street,
    Nose.unknown: Nose.unknown,
}


class Fault(Protocol):
    """What is wrong with one field of one part."""

    def read(self, true: Value, now_s: float) -> Value:
        """Return what the sensor says at `now_s` where `true` is true."""
        ...

    def due_s(self, now_s: float) -> float:
        """Return the time after `now_s` at which the sensor will change by itself, infinity for never."""
        ...


@dataclass
class Stuck:
    """Always says the same."""

    value: Value

    def read(self, true: Value, now_s: float) -> Value:
        return self.value

    def due_s(self, now_s: float) -> float:
        return inf


@dataclass
class Lying:
    """Says the opposite."""

    def read(self, true: Value, now_s: float) -> Value:
        return opposite(true)

    def due_s(self, now_s: float) -> float:
        return inf


@dataclass
class Late:
    """Says what was true some seconds ago."""

    seconds: float
    _said: Value | None = None
    _last: Value | None = None
    _coming: deque[tuple[float, Value]] = field(default_factory=deque)

    def read(self, true: Value, now_s: float) -> Value:
        if self._said is None:
            self._said = self._last = true
        if true != self._last:
            self._last = true
            self._coming.append((now_s + self.seconds, true))
        while self._coming and self._coming[0][0] <= now_s + _NOTHING_S:
            self._said = self._coming.popleft()[1]
        assert self._said is not None
        return self._said

    def due_s(self, now_s: float) -> float:
        return self._coming[0][0] if self._coming else inf


@dataclass
class Flapping:
    """Says the truth for half a period and something else for the other half; `value` is the opposite where none is
    given.
    """

    period_s: float
    since_s: float
    value: Value | None = None

    def read(self, true: Value, now_s: float) -> Value:
        if self._half(now_s) % 2:
            return true
        return opposite(true) if self.value is None else self.value

    def due_s(self, now_s: float) -> float:
        return self.since_s + (self._half(now_s) + 1) * self.period_s / 2

    def _half(self, now_s: float) -> int:
        return int((now_s - self.since_s + _NOTHING_S) / (self.period_s / 2))


def opposite(value: Value) -> Value:
    """Return what a lying sensor says."""
    return not value if isinstance(value, bool) else _OPPOSITES[value]


def can_lie(value: Value) -> bool:
    """Whether a field with values like this one has an opposite."""
    return isinstance(value, bool) or value in _OPPOSITES
