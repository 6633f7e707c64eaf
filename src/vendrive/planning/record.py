"""What a simulated tower has done: waits, moves, and how full it was."""

from dataclasses import dataclass, field


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
    no_shows: int = 0
    unserved: int = 0
    hours: float = 0.0
    lift_share: float = 0.0

    @property
    def moves(self) -> int:
        """Return how many moves have ended."""
        return len(self.errors_s)

    def moved(self, ended_s: float, expected_s: float, took_s: float) -> None:
        """A move ended: how much longer than planned it took is what no policy knows."""
        self.errors_s.append(took_s - expected_s)
        self.busy.append((ended_s, took_s))

    def use_by_hour(self, lifts: int) -> list[float]:
        """Return the share of each hour of the day in which a lift worked; a move counts for the hour of its end."""
        spent_s = [0.0] * 24
        for ended_s, took_s in self.busy:
            spent_s[int(ended_s // 3600) % 24] += took_s
        return [seconds / (self.hours / 24 * 3600 * lifts) for seconds in spent_s]

    def stored(self, now_s: float, cars: int) -> None:
        """A car was stored or fetched."""
        self.occupancy.append((now_s, cars))
