"""The best order of a few errands for one lift: a beam search over whole sequences, in the planner's own time.

It knows that people hold bays while the lift works: a car can be fetched while another is taken out of the bay, and who
brings a car back drives in while the lift is away. Each beginning of a sequence is ranked by what it costs when the
rest follows in the best of a few simple orders. Many beginnings are reckoned at once: a row for each, a column for each
step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from vendrive.tower.pace import Pace

Reals = NDArray[np.float64]
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]
Path = tuple[tuple[int, int], ...]

WIDTH = 40
# So many beginnings that differ only in their times are kept beside each other.
ALIKE = 2
# A second until all is done counts so much against a second that somebody waits.
END_WEIGHT = 0.3
# The simple orders: by when a job is due, returns so much later. A return holds a bay for longer than a hand-out.
LATER_S = (0.0, 200.0, 1e6)


class Way(IntEnum):
    """From where to where a car goes."""

    fetch = 0  # From a slot to a bay.
    store = 1  # From a bay to a slot.
    street = 2  # From the street, by a bay, to a slot.
    shift = 3  # From a slot to another slot.


@dataclass(frozen=True)
class Errand:
    """A move as the search sees it.

    `source` is the storey of the slot of a fetch or a shift; `bay` the number of the bay of a store; `ready_s` when its
    car can be taken, or when somebody comes to the street; `after` the number of the errand that must be done first.
    """

    way: Way
    source: int
    due_s: float
    bay: int = -1
    ready_s: float = 0.0
    weight: float = 1.0
    after: int = -1


@dataclass(frozen=True)
class BayAhead:
    """A bay as the search sees it: `free_s` is when it is free as far as no errand frees it (infinite where only one
    does)."""

    storey: int
    free_s: float
    turn_s: float = 0.0


@dataclass(frozen=True)
class Sight:
    """What is to be put in order: the errands of a lift, its bays, where it is, and where cars can be stored."""

    errands: Sequence[Errand]
    bays: Sequence[BayAhead]
    storey: int
    now_s: float
    pace: Pace
    targets: Sequence[int]


def best_path(sight: Sight) -> Path:
    """Return the cheapest sequence, as numbers of errands and bays."""
    bays = _bays_of(sight.errands[0], sight) if len(sight.errands) == 1 else ()
    return _only_path(sight, bays[0]) if len(bays) == 1 else _Beam(sight).run()


def _only_path(sight: Sight, bay: int) -> Path:
    """Return the sequence of the one errand that there is, by the one bay: nothing is to be compared."""
    errand, free_s = sight.errands[0], sight.bays[bay].free_s
    waits_for = {Way.fetch: free_s, Way.street: max(free_s, errand.ready_s), Way.store: errand.ready_s}
    possible = errand.after < 0 and isfinite(waits_for.get(errand.way, 0.0))
    return ((0, bay),) if possible else ()


def _bays_of(errand: Errand, sight: Sight) -> Sequence[int]:
    """Return the bays by which an errand can be done; a shift goes by none, and counts as done by the first."""
    if errand.bay >= 0:
        return (errand.bay,)
    return (0,) if errand.way == Way.shift else range(len(sight.bays))


@dataclass
class _Rows:
    """Beginnings of sequences: when and where the lift is, the cost so far, what is done (bits), when bays are free.

    A level beyond the storeys is that of a lift that carries a car from the storey less their number into a slot.
    """

    time: Reals
    level: Whole
    cost: Reals
    done: Whole
    free: Reals

    def take(self, rows: Whole) -> "_Rows":
        return _Rows(self.time[rows], self.level[rows], self.cost[rows], self.done[rows], self.free[rows])


class _Beam:
    def __init__(self, sight: Sight) -> None:
        self._sight, self._pace = sight, sight.pace
        self._levels = len(sight.pace.travels) + 1
        errands = sight.errands
        self._due = np.array([errand.due_s for errand in errands])
        self._weight = np.array([errand.weight for errand in errands])
        self._ready = np.array([errand.ready_s for errand in errands])
        self._turn = np.array([bay.turn_s for bay in sight.bays])
        self._reach_of(sight)
        self._steps_of(sight)
        served = [number for number, errand in enumerate(errands) if errand.way in (Way.fetch, Way.street)]
        self._orders = {tuple(sorted(served, key=lambda number: self._turn_of(number, later_s))) for later_s in LATER_S}

    def _turn_of(self, number: int, later_s: float) -> tuple[float, int]:
        errand = self._sight.errands[number]
        return (errand.due_s + later_s * (errand.way == Way.street), number)

    def _steps_of(self, sight: Sight) -> None:
        """A column for each step that there can be: an errand by a bay; the same way side by side."""
        errands = sight.errands
        steps = [(number, bay) for number, errand in enumerate(errands) for bay in _bays_of(errand, sight)]
        steps.sort(key=lambda step: (errands[step[0]].way, step))
        self._errand = np.array([number for number, _ in steps], dtype=np.int64)
        self._bay = np.array([bay for _, bay in steps], dtype=np.int64)
        ways = [errands[number].way for number, _ in steps]
        fetches, shifts = ways.count(Way.fetch), ways.count(Way.shift)
        self._fetch, self._in = slice(0, fetches), slice(fetches, len(steps) - shifts)
        self._shift = slice(len(steps) - shifts, len(steps))
        self._at_bay = np.array([bay.storey for bay in sight.bays], dtype=np.int64)[self._bay]
        self._source = np.array([errand.source for errand in errands], dtype=np.int64)[self._errand]
        from_slot = np.isin(ways, (Way.fetch, Way.shift))
        self._first = np.where(from_slot, self._source, self._at_bay)
        self._street = np.array(ways) == Way.street
        self._bit = np.left_shift(1, self._errand)
        afters = np.array([errand.after for errand in errands])[self._errand]
        self._needs = np.where(afters >= 0, np.left_shift(1, np.maximum(afters, 0)), 0)

    def _reach_of(self, sight: Sight) -> None:
        """Tables of the times between levels, and until a car on the lift is in a slot."""
        storeys = np.arange(self._levels)
        travels = np.array(sight.pace.travels)
        travel = travels[np.minimum(np.abs(storeys[:, None] - storeys), len(travels) - 1)]
        targets = np.array(sorted(set(sight.targets)) or storeys, dtype=np.int64)
        into = travel[:, targets] + sight.pace.transfer_s
        by_slot = (into[:, :, None] + travel[targets][None, :, :]).min(axis=1)
        self._travel = travel
        self._reach = np.concatenate([travel, by_slot])
        self._ends = np.concatenate([np.zeros(self._levels), into.min(axis=1)])

    def run(self) -> Path:
        """Return the best sequence that was found."""
        sight = self._sight
        free = np.array([[bay.free_s for bay in sight.bays]])
        rows = _Rows(np.array([sight.now_s]), np.array([sight.storey]), np.zeros(1), np.zeros(1, np.int64), free)
        trail: list[tuple[Whole, Whole]] = []
        for _ in sight.errands:
            rows, parents, steps = self._grown(rows)
            if not len(steps):
                break
            trail.append((parents, steps))
        return self._read(trail)

    def _read(self, trail: Sequence[tuple[Whole, Whole]]) -> Path:
        at, path = 0, []
        for parents, steps in reversed(trail):
            path.append((int(self._errand[steps[at]]), int(self._bay[steps[at]])))
            at = int(parents[at])
        return tuple(reversed(path))

    def _grown(self, rows: _Rows) -> tuple[_Rows, Whole, Whole]:
        """Return the best rows with one step more, and of each its row before and its step."""
        time, free, late = self._stepped(rows)
        done = rows.done[:, None]
        possible = np.isfinite(time) & (done & self._bit == 0) & (done & self._needs == self._needs)
        parents, steps = np.nonzero(possible)
        time, bay = time[parents, steps], self._bay[steps]
        after = rows.free[parents]
        kept = np.arange(len(steps))
        after[kept, bay] = free[parents, steps]
        shift = steps >= self._shift.start
        level = np.where(
            steps < self._fetch.stop,
            self._at_bay[steps],
            self._levels + np.where(shift, self._source[steps], self._at_bay[steps]),
        )
        number = self._errand[steps]
        cost = rows.cost[parents] + late[parents, steps] * self._weight[number]
        grown = _Rows(time, level, cost, rows.done[parents] | self._bit[steps], after)
        best = self._best(grown)
        return grown.take(best), parents[best], steps[best]

    def _stepped(self, rows: _Rows) -> tuple[Reals, Reals, Reals]:
        """Return, for each row and step, when the lift is free, when the bay is, and what the customer waited."""
        pace, free = self._pace, rows.free[:, self._bay]
        there = rows.time[:, None] + self._reach[rows.level][:, self._first]
        time, until, late = there + pace.transfer_s, free.copy(), np.zeros_like(there)
        due, ready = self._due[self._errand], self._ready[self._errand]
        out = self._fetch
        if out.stop:
            way = self._travel[self._source[out], self._at_bay[out]] + pace.transfer_s
            time[:, out] = np.maximum(there[:, out] + way, free[:, out]) + pace.at_bay_s
            done = time[:, out] + self._turn[self._bay[out]]
            late[:, out] = np.maximum(0.0, done - due[out])
            until[:, out] = np.maximum(done, due[out]) + pace.taking_s
        into = self._in
        if into.stop > into.start:
            street = self._street[into]
            entered = np.maximum(free[:, into], ready[into])
            taken = np.where(street, entered + pace.bringing_s, ready[into])
            time[:, into] = np.maximum(there[:, into], taken) + pace.at_bay_s
            until[:, into] = time[:, into]
            late[:, into] = np.where(street, np.maximum(0.0, entered - due[into]), 0.0)
        end = self._shift
        late[:, end] = np.maximum(0.0, time[:, end] - due[end])
        return time, until, late

    def _best(self, rows: _Rows) -> Whole:
        """Return the rows to go on with, the best first."""
        rank = self._rank(rows)
        order = np.argsort(rank, kind="stable")[: WIDTH * 6]
        key = rows.done[order] * (4 * self._levels) + rows.level[order]
        kept = np.zeros(len(order), dtype=bool)
        for _ in range(ALIKE):
            left = np.flatnonzero(~kept)
            _, first = np.unique(key[left], return_index=True)
            kept[left[first]] = True
        return order[kept][:WIDTH]

    def _rank(self, rows: _Rows) -> Reals:
        """Return what each beginning costs at the best that is known of its rest."""
        rank: Reals = np.min([self._rank_by(rows, order) for order in self._orders], axis=0)
        return rank

    def _rank_by(self, rows: _Rows, order: Sequence[int]) -> Reals:
        """Return the cost of all when the rest is served in this order, and the time when all is over, weighed."""
        lift, free = self._stored(rows)
        cost = rows.cost.copy()
        for number in order:
            open_ = rows.done >> number & 1 == 0
            lift = self._served(number, open_, cost, lift, free)
        end = np.maximum(np.where(np.isfinite(free), free, 0.0).max(axis=1), lift)
        total: Reals = cost + END_WEIGHT * end
        return total

    def _stored(self, rows: _Rows) -> tuple[Reals, Reals]:
        """Return when lift and bays are free after all cars that stand in bays, or before others, are put away."""
        pace = self._pace
        lift, free = rows.time + self._ends[rows.level], rows.free.copy()
        for number, errand in enumerate(self._sight.errands):
            open_ = rows.done >> number & 1 == 0
            if errand.way == Way.store:
                there = rows.time + self._reach[rows.level, self._sight.bays[errand.bay].storey]
                closed = np.maximum(there, errand.ready_s) + pace.at_bay_s
                free[:, errand.bay] = np.where(open_, closed, free[:, errand.bay])
                lift = np.where(open_, np.maximum(lift, closed + pace.transfer_s), lift)
            elif errand.way == Way.shift:
                lift = lift + open_ * 2 * pace.transfer_s
        return lift, free

    def _served(self, number: int, open_: Flags, cost: Reals, lift: Reals, free: Reals) -> Reals:
        """Serve one more at the bay that is free first, where that is still open, and return when the lift is free."""
        pace, errand = self._pace, self._sight.errands[number]
        kept, bay = np.arange(len(cost)), free.argmin(axis=1)
        begin = free[kept, bay]
        if errand.way == Way.fetch:
            reach_s = 2 * self._travel[errand.source, self._sight.bays[0].storey] + pace.transfer_s
            closed = np.maximum(begin, lift + reach_s) + pace.at_bay_s
            ready = closed + self._turn[0]
            wait, until = ready - errand.due_s, np.maximum(ready, errand.due_s) + pace.taking_s
        else:
            entered = np.maximum(begin, errand.ready_s)
            wait, until = entered - errand.due_s, np.maximum(entered + pace.bringing_s, lift) + pace.at_bay_s
            closed = lift + pace.at_bay_s + pace.transfer_s
        cost += np.where(open_, np.maximum(0.0, wait) * errand.weight, 0.0)
        free[kept, bay] = np.where(open_, until, begin)
        after: Reals = np.where(open_, closed, lift)
        return after
