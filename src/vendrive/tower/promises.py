"""What a tower may promise: a slot for each car that comes back, and minutes in a bay for each visit.

Slots are not the fleet. A promise counts every car that is due back, and never a pick-up that has yet to happen: a
no-show frees no slot. So a promise that was given holds whoever comes or stays away.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

QUARTER_S = 900.0
# Minutes for which a visit is expected to hold a bay: the car waits some minutes for its customer; a return does not.
PICKUP_MINUTES = 10.0
RETURN_MINUTES = 4.0
# The share of the bays' minutes that can be promised; the rest is for walk-ups and for who comes late.
PROMISED_SHARE = 0.75
DAY_S = 86_400.0


@dataclass(frozen=True)
class Storage:
    """The room of a tower and the cars that will need it, at one instant `now_s`.

    `stored` are the cars in slots and bays now, booked or not; `due_back` the times of all cars that are out, late ones
    too. `changes` are planned changes of the number of usable slots, each with its time.
    """

    now_s: float
    stored: int
    slots: int
    overflow: int = 0
    reserve: int = 0
    due_back: tuple[float, ...] = ()
    changes: tuple[tuple[float, int], ...] = ()

    @property
    def capacity(self) -> int:
        """Return how many cars there may be now."""
        return self.slots + self.overflow - self.reserve


def breach_s(storage: Storage) -> float | None:
    """Return the first instant at which stored cars and cars due back are more than there may be, or None.

    This is the one rule of what may be promised: at every instant from now on, stored + due back by then <= slots +
    overflow - reserve.
    """
    steps: Counter[float] = Counter()
    for due_s in storage.due_back:
        steps[max(due_s, storage.now_s)] += 1
    for at_s, slots in storage.changes:
        steps[max(at_s, storage.now_s)] -= slots
    load = storage.stored - storage.capacity
    if load > 0:
        return storage.now_s
    for at_s in sorted(steps):
        load += steps[at_s]
        if load > 0:
            return at_s
    return None


def may_return(storage: Storage, at_s: float) -> bool:
    """Whether one more car may be promised to come back at this time."""
    return breach_s(replace(storage, due_back=(*storage.due_back, at_s))) is None


@dataclass(frozen=True)
class BayMinutes:
    """How many minutes of each quarter hour are promised, over all bays; quarters count from second 0."""

    bays: int
    promised: Mapping[int, float] = field(default_factory=dict)

    @property
    def limit(self) -> float:
        """Return the minutes of one quarter hour that may be promised: always one visit, however few the bays."""
        return max(self.bays * QUARTER_S / 60 * PROMISED_SHARE, PICKUP_MINUTES)

    def has_room(self, at_s: float, minutes: float) -> bool:
        """Whether a visit of so many minutes may be promised in the quarter hour of this time."""
        return self.promised.get(quarter_of(at_s), 0.0) + minutes <= self.limit

    def book(self, at_s: float, minutes: float) -> "BayMinutes":
        """Return the minutes with this visit."""
        quarter = quarter_of(at_s)
        return replace(self, promised={**self.promised, quarter: self.promised.get(quarter, 0.0) + minutes})


def quarter_of(at_s: float) -> int:
    """Return the number of the quarter hour of a time."""
    return int(at_s // QUARTER_S)


def offer_return(storage: Storage, minutes: BayMinutes, asked_s: float, until_s: float | None = None) -> float | None:
    """Return the earliest time from `asked_s` at which one more car may come back, or None where there is none.

    Beyond the time that was asked for, whole quarter hours are offered, for a day or up to `until_s`.
    """
    last_s = asked_s + DAY_S if until_s is None else until_s
    for at_s in _times(asked_s, last_s):
        if minutes.has_room(at_s, RETURN_MINUTES) and may_return(storage, at_s):
            return at_s
    return None


def offer_early(storage: Storage, minutes: BayMinutes, due_s: float, asked_s: float) -> float | None:
    """Return the earliest time from `asked_s` for a car that is due at `due_s` and wants to come back before.

    None means that it keeps its time, which was promised and stays so.
    """
    others = list(storage.due_back)
    others.remove(due_s)
    return offer_return(replace(storage, due_back=tuple(others)), minutes, asked_s, until_s=due_s)


def offer_pickup(minutes: BayMinutes, asked_s: float) -> float | None:
    """Return the earliest time from `asked_s`, within a day, at which a bay can be promised for a pick-up, or None."""
    return next((at for at in _times(asked_s, asked_s + DAY_S) if minutes.has_room(at, PICKUP_MINUTES)), None)


def _times(asked_s: float, last_s: float) -> Iterable[float]:
    yield asked_s
    at_s = (quarter_of(asked_s) + 1) * QUARTER_S
    while at_s <= last_s:
        yield at_s
        at_s += QUARTER_S
