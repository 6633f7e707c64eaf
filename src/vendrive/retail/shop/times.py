"""The quarter hours of a local day, as a page offers them, in parts of the day."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from vendrive.retail.drives.availability import Slot
from vendrive.retail.fleet.models import Tower
from vendrive.wire.errors import ErrorCode

PARTS: Final = (("night", 0), ("morning", 6), ("afternoon", 12), ("evening", 18))
PART_HOURS: Final = 6
UNSERVED: Final = (ErrorCode.pickup_in_past, ErrorCode.pickup_outside_hours, ErrorCode.pickup_too_far)


@dataclass(frozen=True)
class Part:
    """Part of a day: its quarter hours that can still be served, and how many are over."""

    name: str
    slots: tuple[Slot, ...]
    over: int

    @property
    def free(self) -> int:
        """Return how many quarter hours are free."""
        return sum(slot.why is None for slot in self.slots)


def list_parts(slots: Sequence[Slot], tower: Tower) -> Sequence[Part]:
    """Return the parts of a local day, whose quarter hours these are, that have some which the tower serves."""
    zone = ZoneInfo(tower.time_zone)
    local = [(slot.at.astimezone(zone), slot) for slot in slots]
    parts = []
    for name, first in PARTS:
        mine = [s for at, s in local if at.hour in range(first, first + PART_HOURS)]
        over = sum(slot.why is ErrorCode.pickup_in_past for slot in mine)
        parts.append(Part(name, tuple(slot for slot in mine if slot.why not in UNSERVED), over))
    return [part for part in parts if part.slots or part.over]
