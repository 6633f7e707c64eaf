"""What a simulated tower has done: waits, moves, and how full it was."""

from collections.abc import Iterable
from dataclasses import dataclass, field

HOUR_S = 3600.0


@dataclass
class Record:
    """Plain lists of seconds; `occupancy` are pairs of an instant and the number of cars in slots."""

    pickup_waits_s: list[float] = field(default_factory=list)
    walkup_waits_s: list[float] = field(default_factory=list)
    return_waits_s: list[float] = field(default_factory=list)
    errors_s: list[float] = field(default_factory=list)
    occupancy: list[tuple[float, int]] = field(default_factory=list)
    busy: list[tuple[float, float]] = field(default_factory=list)
    charges: list[float] = field(default_factory=list)
    # Seconds that each slot held a car, and that bays were in use, by the hour of the day.
    slot_s: dict[str, float] = field(default_factory=dict)
    bay_s: list[float] = field(default_factory=lambda: [0.0] * 24)
    # How many took a car, and brought one back, in each hour of the day.
    hours_of: dict[str, list[int]] = field(default_factory=lambda: {"out": [0] * 24, "back": [0] * 24})
    no_shows: int = 0
    unserved: int = 0
    forgotten: int = 0
    serviced: int = 0
    hours: float = 0.0
    lift_share: float = 0.0
    since_s: dict[str, float] = field(default_factory=dict)

    @property
    def moves(self) -> int:
        """Return how many moves have ended."""
        return len(self.errors_s)

    @property
    def hand_out_waits_s(self) -> list[float]:
        """Return the waits of all who took a car, booked or not."""
        return [*self.pickup_waits_s, *self.walkup_waits_s]

    def came(self, kind: str, now_s: float) -> None:
        """Somebody took a car (`out`) or brought one (`back`)."""
        self.hours_of[kind][int(now_s // HOUR_S) % 24] += 1

    def moved(self, ended_s: float, expected_s: float, took_s: float) -> None:
        """A move ended: how much longer than planned it took is what no policy knows."""
        self.errors_s.append(took_s - expected_s)
        self.busy.append((ended_s, took_s))

    def use_by_hour(self, lifts: int) -> list[float]:
        """Return the share of each hour of the day in which a lift worked; a move counts for the hour of its end."""
        spent_s = [0.0] * 24
        for ended_s, took_s in self.busy:
            spent_s[int(ended_s // HOUR_S) % 24] += took_s
        return self._shares(spent_s, lifts)

    def bay_use_by_hour(self, bays: int) -> list[float]:
        """Return the share of each hour of the day in which a bay held a car or was promised to one."""
        return self._shares(self.bay_s, bays)

    def _shares(self, spent_s: Iterable[float], parts: int) -> list[float]:
        return [seconds / (self.hours / 24 * HOUR_S * parts) for seconds in spent_s]

    def bays_used(self, since_s: float, until_s: float, bays: int) -> None:
        """So many bays were in use for this time."""
        while since_s < until_s:
            end_s = min(until_s, (since_s // HOUR_S + 1) * HOUR_S)
            self.bay_s[int(since_s // HOUR_S) % 24] += bays * (end_s - since_s)
            since_s = end_s

    def stood(self, now_s: float, slot: str) -> None:
        """A car was put into a slot."""
        self.since_s[slot] = now_s
        self.occupancy.append((now_s, len(self.since_s)))

    def left(self, now_s: float, slot: str) -> None:
        """A car was taken out of a slot."""
        self.slot_s[slot] = self.slot_s.get(slot, 0.0) + now_s - self.since_s.pop(slot, 0.0)
        self.occupancy.append((now_s, len(self.since_s)))

    def end(self, now_s: float) -> None:
        """The simulation ends: cars that stand in slots have stood there until now."""
        self.hours = now_s / HOUR_S
        for slot in list(self.since_s):
            self.left(now_s, slot)
        self.occupancy = [one for one in self.occupancy if one[0] < now_s]
