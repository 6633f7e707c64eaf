"""How long the steps of a tower take, as a planner expects it: tables of seconds made once for a layout."""

from dataclasses import dataclass
from functools import lru_cache

from vendrive.tower.layout import Layout
from vendrive.tower.motion import command_s
from vendrive.wire.machine import Operation

# What people need, on average: `drivers' times`, base column, of docs/planning.md.
TAKE_S = 75.0
DRIVE_IN_S = 110.0


@dataclass(frozen=True)
class Pace:
    """Seconds by number of storeys, and the fixed times around them."""

    travels: tuple[float, ...]
    transfer_s: float
    door_s: float
    checks_s: float
    turn_s: float

    def travel_s(self, storey: int, other: int) -> float:
        """Return the seconds from rest at one storey to rest at another."""
        return self.travels[abs(storey - other)]

    @property
    def at_bay_s(self) -> float:
        """Return the seconds that a lift stands at a bay: inner door open, transfer, inner door closed."""
        return self.transfer_s + 2 * self.door_s

    @property
    def taking_s(self) -> float:
        """Return the mean seconds from a car that is ready in a bay, its customer verified, to a bay that is free."""
        return TAKE_S + 2 * self.door_s

    @property
    def bringing_s(self) -> float:
        """Return the mean seconds from a customer who is let in to a car that can be stored."""
        return DRIVE_IN_S + 2 * self.door_s + self.checks_s

    def handling_s(self, from_bay: bool, to_bay: bool) -> float:
        """Return the seconds that a lift spends at both ends of a move."""
        return (self.at_bay_s if from_bay else self.transfer_s) + (self.at_bay_s if to_bay else self.transfer_s)

    @property
    def longest_s(self) -> float:
        """Return the seconds of the longest move there can be: from end to end for the car, and back with it."""
        return 2 * self.travels[-1] + 2 * self.at_bay_s


@lru_cache(maxsize=64)
def pace_of(layout: Layout) -> Pace:
    """Return the pace of a layout."""
    k = layout.kinematics
    low = min(way.lowest for way in layout.ways)
    high = max(way.highest for way in layout.ways)
    moves = (command_s(layout, Operation.move_lift, n * layout.pitch_mm) for n in range(1, high - low + 1))
    turn_s = k.turn_s if any(bay.turntable for bay in layout.bays) else 0.0
    return Pace((0.0, *moves), k.transfer_s, k.door_s, k.checks_s, turn_s)
