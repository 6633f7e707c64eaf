"""The clairvoyant optimum of an instance: what one could have reached who knew every walk-up beforehand.

Dynamic programming over the lift's order, layer by layer: a label is a set of done jobs with the times at which lift
and bays are free. A label that is nowhere better than another of the same set is dropped, and so is one whose lower
bound is not below the best schedule known. Nothing else is dropped unless a layer grows wider than allowed; then the
smallest bound that was dropped is what remains proved. Times are whole tenths of a second, so equal means equal.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

import numpy as np

from vendrive.planning.evaluation import TENTHS, Outcome, Schedule, Task, Times, bays_free, evaluate, tenths
from vendrive.planning.instances import Instance, Job, Kind
from vendrive.planning.labels import Labels, Numbers, without_worse

_WIDTHS = (300, 3_000, 30_000, 300_000)
_NEVER = 10**9


class Goal(StrEnum):
    """What is to be small: the time when all is done, or the sum of all customers' waits."""

    makespan = "makespan"
    tardiness = "tardiness"


@dataclass(frozen=True)
class Optimum:
    """The best schedule that was found and what is proved: none can be below `bound_s`."""

    instance: str
    goal: Goal
    best_s: float
    bound_s: float
    schedule: tuple[Task, ...]

    @property
    def proved(self) -> bool:
        """Whether no schedule is better."""
        return self.bound_s >= self.best_s


def find_optimum(instance: Instance, goal: Goal, widest: int = _WIDTHS[-1], start: Schedule = ()) -> Optimum:
    """Return the best schedule and what is proved, with layers of at most `widest` labels.

    `start` is a schedule that is known already: with the right one the proof is quick.
    """
    best, best_s = tuple(task for task in start if isinstance(task, Task)), _NEVER / TENTHS
    if best:
        best_s = value_s(evaluate(instance, best), goal)
    bound_s = 0.0
    for width in (*(width for width in _WIDTHS if width < widest), widest):
        search = _Search(instance, goal, tenths(best_s), width)
        found = search.run()
        if found:
            best, best_s = found, value_s(evaluate(instance, found), goal)
        bound_s = max(bound_s, min(best_s, search.dropped / TENTHS))
        if bound_s >= best_s:
            break
    return Optimum(instance.name, goal, best_s, bound_s, best)


def value_s(outcome: Outcome, goal: Goal) -> float:
    """Return what a goal measures of an outcome."""
    return outcome.makespan_s if goal == Goal.makespan else outcome.tardiness_s


def chains_of(instance: Instance) -> tuple[tuple[Job, ...], ...]:
    """Return the jobs in chains, each in the order in which some best schedule serves it.

    Jobs of a chain differ only in when they are wanted: an exchange of two of them, so that the earlier goes first,
    delays nothing (their work is the same, and the later customer keeps a bay no longer than before).
    """
    chains: dict[tuple[object, ...], list[Job]] = {}
    for job in sorted(instance.jobs, key=lambda job: (job.wanted_s, job.name)):
        alike = (job.kind,) if job.kind == Kind.store else (job.kind, instance.layout.storey_of(job.slot), job.booked)
        chains.setdefault(alike, []).append(job)
    return tuple(tuple(chain) for chain in chains.values())


@dataclass(frozen=True)
class _Left:
    """What is left to do for each label: the lift's work, the sums of when jobs are wanted, and how many there are."""

    work: Numbers
    wanted_cars: Numbers
    wanted_returns: Numbers
    cars: Numbers
    returns: Numbers


class _Search:
    """One search with layers of a certain width; times in tenths."""

    def __init__(self, instance: Instance, goal: Goal, below: int, width: int) -> None:
        self._instance, self._goal, self._below, self._width = instance, goal, below, width
        self._times = Times(instance.layout)
        self._bay, *others = instance.layout.bays
        if any((bay.storey, bay.turntable) != (self._bay.storey, self._bay.turntable) for bay in others):
            raise ValueError(f"{instance.layout.name}: its bays must be alike, for they are not told apart here")
        self._chains = chains_of(instance)
        storeys = [instance.layout.storey_of(slot) for slot in instance.free]
        self._free = {storey: storeys.count(storey) for storey in sorted(set(storeys))}
        self._radix = np.cumprod([1, *(len(chain) + 1 for chain in self._chains)])
        self._use_radix = np.cumprod([1, *(count + 1 for count in self._free.values())])
        self._levels = range(instance.layout.lifts[0].lowest, instance.layout.lifts[0].highest + 1)
        self._travel = np.array([[self._times.travel(a, b) for b in self._levels] for a in self._levels])
        self._works()
        self.dropped = _NEVER

    def _works(self) -> None:
        """What each job needs at the least of the lift and of a bay."""
        times, instance, bay = self._times, self._instance, self._bay
        self._bay_retrieve = times.at_bay + times.turn(bay.name) + times.leaving(instance)
        self._bay_store = times.arriving(instance) + times.at_bay
        self._nearest = min((times.travel(bay.storey, storey) for storey in self._free), default=0)
        self._lift_tables = [
            np.array([sum(map(self._lift_work, c[at:])) for at in range(len(c) + 1)]) for c in self._chains
        ]
        self._wanted_tables = [
            np.array([sum(tenths(job.wanted_s) for job in chain[at:]) for at in range(len(chain) + 1)])
            for chain in self._chains
        ]
        self._ready_tables = self._sums_of_readiness()
        self._bay_tables = self._sums_of_starts()
        self._turn_tables = self._sums_of_turns()

    def _lift_work(self, job: Job) -> int:
        """Return the lift's least work for a job. A car is wanted from above: whether the lift comes up empty or by way
        of a return's slot, it comes up. A return's own way is counted where no wanted car can go with it."""
        times = self._times
        way = 2 * times.travel(self._instance.layout.storey_of(job.slot), self._bay.storey) if job.slot else 0
        return times.transfer + way + times.at_bay

    def _sums_of_readiness(self) -> Numbers:
        """For each number of wanted cars still to come: the least sum of their times until ready, by the lift alone."""
        works = sorted(self._lift_work(job) for job in self._instance.jobs if job.kind == Kind.retrieve)
        ready = np.cumsum(np.array(works, dtype=np.int64)) + self._times.turn(self._bay.name)
        return np.concatenate([[0], np.cumsum(ready)]).astype(np.int64)

    def _sums_of_starts(self) -> Numbers:
        """For numbers of wanted cars and of returns: the least sum of the times from now at which bays take them.

        Eastman, Even and Isaacs (1964): the completions on m machines sum to no less than a m-th of those on one in
        the order of the shortest, plus (m - 1)/(2 m) of all work.
        """
        bays = len(self._instance.layout.bays)
        jobs = len(self._instance.jobs)
        table = np.zeros((jobs + 1, jobs + 1), dtype=np.int64)
        for cars in range(jobs + 1):
            for returns in range(jobs + 1 - cars):
                works = np.array(sorted([self._bay_retrieve] * cars + [self._bay_store] * returns), dtype=np.int64)
                least = np.cumsum(works).sum() / bays + (bays - 1) / (2 * bays) * works.sum() - works.sum()
                table[cars, returns] = int(np.floor(least))
        return table

    def _sums_of_turns(self) -> Numbers:
        """For numbers of wanted cars and of returns: the least sum of the times after which the lift lets bays be free.

        When one of b bays is taken for the k-th time, k - b who came before have left one, each after its stop of the
        lift; the lift need not have stored the last of them.
        """
        cars_work = sorted(self._lift_work(job) for job in self._instance.jobs if job.kind == Kind.retrieve)
        returns_work = [self._lift_work(job) for job in self._instance.jobs if job.kind == Kind.store]
        table = np.zeros((len(self._instance.jobs) + 1, len(self._instance.jobs) + 1), dtype=np.int64)
        for cars, returns in product(range(len(cars_work) + 1), range(len(returns_work) + 1)):
            works = np.cumsum(sorted(cars_work[:cars] + returns_work[:returns])) - self._times.transfer
            table[cars, returns] = int(works[: max(0, cars + returns - len(self._instance.layout.bays))].sum())
        return table

    def run(self) -> tuple[Task, ...]:
        """Return a schedule better than the one that was known, or nothing."""
        layers = [self._first()]
        for _ in self._instance.jobs:
            layer = self._trim(self._grown(layers[-1]))
            if not len(layer):
                return ()
            layers.append(layer)
        value = self._value(layers[-1])
        return self._read(layers, int(np.argmin(value)))

    def _first(self) -> Labels:
        bays = len(self._instance.layout.bays)
        return Labels.first(self._instance.lift_storey - self._levels[0], bays)

    def _value(self, labels: Labels) -> Numbers:
        return labels.late if self._goal == Goal.tardiness else np.maximum(labels.lift, labels.bays.max(axis=1))

    def _grown(self, labels: Labels) -> Labels:
        return Labels.joined([more for chain in range(len(self._chains)) for more in self._with(labels, chain)])

    def _with(self, labels: Labels, chain: int) -> Iterator[Labels]:
        """Yield the labels with the next job of a chain, for each bay and each storey where it may go."""
        jobs, radix = self._chains[chain], self._radix[chain]
        done = labels.done // radix % (len(jobs) + 1)
        rows = np.flatnonzero(done < len(jobs))
        if not len(rows):
            return
        here, done = labels.take(rows), done[rows]
        wanted = np.array([tenths(job.wanted_s) for job in jobs])[done]
        for bay in range(labels.bays.shape[1]):
            if jobs[0].kind == Kind.retrieve:
                yield self._retrieved(here, rows, chain, bay, wanted)
            else:
                for at, storey in enumerate(self._free):
                    yield self._stored(here, rows, chain, bay, wanted, at, storey)

    def _retrieved(self, here: Labels, rows: Numbers, chain: int, bay: int, wanted: Numbers) -> Labels:
        times, job = self._times, self._chains[chain][0]
        slot, level = (self._instance.layout.storey_of(job.slot) - self._levels[0], self._bay.storey - self._levels[0])
        at_slot = here.lift + self._travel[here.level, slot]
        picked = (at_slot if job.booked else np.maximum(at_slot, wanted)) + times.transfer
        lift = np.maximum(picked + self._travel[slot, level], here.bays[:, bay]) + times.at_bay
        ready = lift + times.turn(self._bay.name)
        free = np.maximum(ready, wanted) + times.leaving(self._instance)
        grown = here.after(rows, chain, bay, 0)
        return self._kept(grown.at(self._radix[chain], 0, level, lift, free, bay, np.maximum(0, ready - wanted)))

    def _stored(
        self, here: Labels, rows: Numbers, chain: int, bay: int, wanted: Numbers, at: int, storey: int
    ) -> Labels:
        used = here.used // self._use_radix[at] % (self._free[storey] + 1)
        room = np.flatnonzero(used < self._free[storey])
        here, rows, wanted, times = here.take(room), rows[room], wanted[room], self._times
        level, slot = self._bay.storey - self._levels[0], storey - self._levels[0]
        admitted = np.maximum(wanted, here.bays[:, bay])
        at_bay = here.lift + self._travel[here.level, level]
        closed = np.maximum(at_bay, admitted + times.arriving(self._instance)) + times.at_bay
        lift = closed + self._travel[level, slot] + times.transfer
        grown = here.after(rows, chain, bay, storey)
        return self._kept(grown.at(self._radix[chain], self._use_radix[at], slot, lift, closed, bay, admitted - wanted))

    def _kept(self, labels: Labels) -> Labels:
        """Return the labels that may still lead to something better, with their bounds."""
        labels.bound[:] = self._bound(labels)
        return labels.take(np.flatnonzero(labels.bound < self._below))

    def _bound(self, labels: Labels) -> Numbers:
        """Return what no schedule from here can be below."""
        left = self._left(labels)
        # As if the lift had come from a bay: it may stand above already, and saves at most that way.
        level = self._bay.storey - self._levels[0]
        from_bay: Numbers = labels.lift - self._travel[level, labels.level] * (left.cars > 0)
        if self._goal == Goal.makespan:
            return self._least_makespan(labels, left, from_bay)
        return self._least_tardiness(labels, left, from_bay)

    def _least_makespan(self, labels: Labels, left: _Left, from_bay: Numbers) -> Numbers:
        """Bays share their work; the lift has its own, and a way back between returns that no wanted car goes with.

        Where no return is left the last job is a hand-out, whose driver leaves after it.
        """
        bays = labels.bays.shape[1]
        bay_work = left.cars * self._bay_retrieve + left.returns * self._bay_store
        by_bays = -(-(labels.bays.sum(axis=1) + bay_work) // bays)
        tail = np.where((left.returns == 0) & (left.cars > 0), self._bay_retrieve - self._times.at_bay, 0)
        alone = np.maximum(0, left.returns - left.cars)
        by_lift = from_bay + left.work + self._nearest * np.maximum(0, 2 * alone - 1) + tail
        least: Numbers = np.maximum(np.maximum(by_bays, labels.bays.max(axis=1)), by_lift)
        return least

    def _least_tardiness(self, labels: Labels, left: _Left, from_bay: Numbers) -> Numbers:
        """The waits are at least the sums of when bays are taken, less the sums of when they were wanted."""
        bays, jobs = labels.bays.shape[1], left.cars + left.returns
        to_ready = self._bay_retrieve - self._times.leaving(self._instance)
        offset = to_ready * left.cars - left.wanted_cars - left.wanted_returns
        by_bays = self._bay_tables[left.cars, left.returns] + labels.bays[:, 0] * jobs + offset
        stop = (from_bay + self._times.at_bay)[:, None]
        begins = np.maximum(labels.bays[:, :1], np.minimum(labels.bays, stop))
        first = (begins * (np.arange(bays) < jobs[:, None])).sum(axis=1)
        later = np.maximum(0, jobs - bays)
        by_turns = first + later * from_bay + self._turn_tables[left.cars, left.returns] + offset
        by_lift = self._ready_tables[left.cars] + from_bay * left.cars - left.wanted_cars
        least: Numbers = labels.late + np.maximum(0, np.maximum(np.maximum(by_bays, by_turns), by_lift))
        return least

    def _left(self, labels: Labels) -> _Left:
        """Return what is left to do for each label."""
        zero = np.zeros(len(labels), dtype=np.int64)
        work, wanted, number = zero, [zero, zero], [zero, zero]
        for at, chain in enumerate(self._chains):
            done = labels.done // self._radix[at] % (len(chain) + 1)
            kind = 0 if chain[0].kind == Kind.retrieve else 1
            work = work + self._lift_tables[at][done]
            wanted[kind] = wanted[kind] + self._wanted_tables[at][done]
            number[kind] = number[kind] + len(chain) - done
        return _Left(work, wanted[0], wanted[1], number[0], number[1])

    def _trim(self, labels: Labels) -> Labels:
        """Drop what is nowhere better, and the least promising of a layer that is too wide."""
        labels = without_worse(labels, late=self._goal == Goal.tardiness)
        if len(labels) <= self._width:
            return labels
        order = np.argsort(labels.bound, kind="stable")
        self.dropped = min(self.dropped, int(labels.bound[order[self._width]]))
        return labels.take(order[: self._width])

    def _read(self, layers: list[Labels], at: int) -> tuple[Task, ...]:
        """Return the tasks that led to a label of the last layer; bays are told apart again by when they were free."""
        steps = []
        for layer in reversed(layers[1:]):
            steps.append((int(layer.chain[at]), int(layer.bay[at]), int(layer.storey[at])))
            at = int(layer.parent[at])
        return self._named(list(reversed(steps)))

    def _named(self, steps: list[tuple[int, int, int]]) -> tuple[Task, ...]:
        """Return steps as tasks; evaluated one by one, so that each column of sorted bays finds its bay again."""
        left = [list(chain) for chain in self._chains]
        slots, order = list(self._instance.free), [bay.name for bay in self._instance.layout.bays]
        tasks: list[Task] = []
        layout = self._instance.layout
        for chain, column, storey in steps:
            job, slot = left[chain].pop(0), ""
            if job.kind == Kind.store:
                slot = next(name for name in slots if layout.storey_of(name) == storey)
                slots.remove(slot)
            tasks.append(Task(job.name, order[column], slot))
            free = bays_free(self._instance, tasks)
            order.sort(key=lambda name: free[name])
        return tuple(tasks)
