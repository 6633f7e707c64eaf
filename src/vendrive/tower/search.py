"""What one lift does next: the errands that it could do now or soon, the best order of them, and how that begins."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

from vendrive.tower.baseline import first_order
from vendrive.tower.jobs import Job, JobKind
from vendrive.tower.lookahead import BayAhead, Errand, Path, Sight, Way, best_path
from vendrive.tower.placing import well_placed
from vendrive.tower.planner import Admit, BayAt, Ground, LiftAt, Move, Order, waits_in_street, waits_since_s

# So many jobs are put in order at once; those behind wait for their turn.
SEEN = 12
# What is due within this time is put in order too.
AHEAD_S = 1200.0
# What may happen at any moment is not expected sooner than this.
SOON_S = 10.0
# Who has waited for LONG_S counts more: twice as much GROW_S later. Where that grows more slowly some crowds fall into
# a pattern of short batches, and each change from returns to hand-outs costs a bay more than a minute.
LONG_S, GROW_S = 1200.0, 150.0


def later_than(expected_s: float, now_s: float) -> float:
    """Return when something is expected that was expected earlier: the longer it is late, the longer it will be."""
    return max(expected_s, now_s + max(SOON_S, now_s - expected_s))


def weight_of(job: Job, now_s: float) -> float:
    """Return how much a second of this job's customer counts: more where they have waited for long."""
    return 1.0 + max(0.0, now_s - waits_since_s(job) - LONG_S) / GROW_S


@dataclass(frozen=True)
class Found:
    """A job as an errand; `order` is how it begins where that is known. What is not `ripe` is only expected."""

    job: Job
    errand: Errand
    order: Move | None = None
    ripe: bool = True


class Search:
    """The errands of one lift, and the orders with which the best sequence of them begins."""

    def __init__(self, jobs: Sequence[Job], soon: Sequence[Job], ground: Ground, body: LiftAt) -> None:
        self._jobs, self._ground, self._body = jobs, ground, body
        self._bays = [bay for bay in ground.bays if body.name in ground.serving(bay.name)]
        self._names = [bay.name for bay in self._bays]
        self._found: list[Found] = []
        room = ground.room()
        for job in jobs:
            if len(self._found) < SEEN and (room > 0 or not waits_in_street(job, ground.state)):
                self._see(job)
        for job in soon:
            if len(self._found) < SEEN and (room > 0 or not waits_in_street(job, ground.state)):
                self._see(job, ripe=False)

    def orders(self) -> tuple[list[Order], float]:
        """Return what to begin now, and when to look again where it is too early to begin."""
        ground = self._ground
        if not self._found or not self._bays or not self._may_act():
            return [], inf
        layout, pace = ground.layout, ground.pace
        bays = [
            BayAhead(
                layout.storey_of(bay.name), self._free_s(bay), pace.turn_s if layout.bay(bay.name).turntable else 0.0
            )
            for bay in self._bays
        ]
        targets = [slot.storey for slot in ground.free_slots(self._body.name)]
        errands = [found.errand for found in self._found]
        path = best_path(Sight(errands, bays, self._body.storey, ground.state.now_s, pace, targets))
        orders: list[Order] = []
        self._admit(path, orders)
        later_s = self._move(path, orders) if path and self._body.free else inf
        return orders, later_s

    def _may_act(self) -> bool:
        """Whether anything can be begun: the lift is free, or somebody can be let in."""
        street = any(found.errand.way == Way.street and found.ripe for found in self._found)
        return self._body.free or (street and any(name in self._ground.free_bays for name in self._names))

    def _see(self, job: Job, ripe: bool = True) -> None:
        """Take a job as an errand if this lift could do it now or soon."""
        ground, layout = self._ground, self._ground.layout
        coming = next((at for at, bay in enumerate(self._bays) if bay.coming == job.car and not bay.car), -1)
        if coming >= 0 and job.kind == JobKind.store:
            ready_s = later_than(self._bays[coming].ready_s, ground.state.now_s)
            self._found.append(Found(job, self._storing(coming, ready_s)))
            return
        if job.car in ground.moving or any(other.job.car == job.car for other in self._found):
            return
        place = ground.state.places.get(job.car, "")
        if not place:
            if not ground.no_bay:
                from_s = max(job.since_s, ground.state.now_s)
                self._found.append(
                    Found(
                        job,
                        Errand(Way.street, 0, job.since_s, ready_s=from_s, weight=weight_of(job, ground.state.now_s)),
                        ripe=ripe,
                    )
                )
        elif job.is_outward and layout.is_slot(place):
            self._see_fetching(job, place, ripe)
        elif ripe:
            self._see_storing(job, place)

    def _see_fetching(self, job: Job, place: str, ripe: bool) -> None:
        ground = self._ground
        if place in ground.state.failed or self._body.name not in ground.layout.slot(place).lifts or ground.no_bay:
            return
        after = self._cleared(job, place, ripe)
        if after is None:
            return
        due_s, weight = max(job.due_s, job.since_s), weight_of(job, ground.state.now_s)
        errand = Errand(Way.fetch, ground.layout.storey_of(place), due_s, weight=weight, after=after)
        self._found.append(Found(job, errand, ripe=ripe))

    def _cleared(self, job: Job, place: str, ripe: bool) -> int | None:
        """Return the number of the errand after which nothing stands before a place, -1 if nothing does now; None where
        it cannot be cleared yet."""
        blocker = self._ground.blocker(place)
        if not blocker:
            return -1
        for number, found in enumerate(self._found):
            if blocker in (found.job.car, found.order.car if found.order else ""):
                return number
        if ripe:
            self._see_storing(job, place)
        shifted = self._found[-1].order if self._found else None
        return len(self._found) - 1 if shifted and shifted.car == blocker else None

    def _see_storing(self, job: Job, place: str) -> None:
        ground, layout = self._ground, self._ground.layout
        order = first_order(job, ground) if self._body.free else None
        if not isinstance(order, Move) or layout.is_bay(order.target):
            return
        if any(self._body.name not in ground.serving(at) for at in (order.source, order.target)):
            return
        if layout.is_bay(place):
            errand = self._storing(self._names.index(place), ground.state.now_s)
        else:
            errand = Errand(Way.shift, layout.storey_of(order.source), ground.state.now_s, weight=0.0)
        self._found.append(Found(job, errand, replace(order, lift=self._body.name)))

    def _storing(self, bay: int, ready_s: float) -> Errand:
        return Errand(Way.store, 0, ready_s, bay, ready_s)

    def _free_s(self, bay: BayAt) -> float:
        """Return when a bay is expected to be empty without a move of ours."""
        ground, now_s = self._ground, self._ground.state.now_s
        if bay.name in ground.free_bays:
            return now_s
        stored = any(job.kind == JobKind.store and job.car == bay.car for job in self._jobs)
        if (bay.coming and not bay.car) or (bay.car and not bay.taken and stored):
            return inf
        if bay.taken:
            return later_than(bay.free_s, now_s)
        return later_than(ground.state.ahead.pickups.get(bay.car, now_s), now_s) + ground.pace.taking_s

    def _admit(self, path: Path, orders: list[Order]) -> None:
        """Let in who comes first in the sequence at a bay that is free now."""
        used: set[int] = set()
        for number, at in path:
            found = self._found[number]
            free = at not in used and self._names[at] in self._ground.free_bays
            if found.errand.way == Way.street and found.ripe and free and self._ground.room(self._names[at]) > 0:
                order = Admit(found.job.car, self._names[at])
                self._ground.take(order)
                orders.append(order)
            if found.errand.way != Way.shift:
                used.add(at)

    def _move(self, path: Path, orders: list[Order]) -> float:
        """Begin the first errand of the sequence if it can be begun; else return when to look again."""
        ground, (number, at) = self._ground, path[0]
        found = self._found[number]
        job, errand, order = found.job, found.errand, found.order
        if errand.way == Way.fetch:
            later_s = self._too_early_s(errand, self._bays[at])
            if not found.ripe and not self._is_pressed(path):
                return inf
            if not found.ripe and len(ground.free_bays) < 2:
                # What is only expected leaves the last free bay to those who come before it is time to fetch it.
                return self._move(path[1:], orders)
            if later_s:
                return later_s if later_s < inf or len(path) == 1 else self._move(path[1:], orders)
            order = Move(self._body.name, job.car, ground.state.places[job.car], self._names[at], job.name)
        if order:
            placed = well_placed(job, order, self._after(path), ground)
            ground.take(placed)
            orders.append(placed)
        elif errand.way in (Way.store, Way.street):
            ground.go_to[self._body.name] = ground.layout.storey_of(self._names[at])
        return inf

    def _is_pressed(self, path: Path) -> bool:
        """Whether somebody waits behind the first errand of a sequence."""
        return any(self._found[number].ripe for number, _ in path)

    def _after(self, path: Path) -> list[int]:
        """Return the storey to which the lift goes after its first errand, if it has another one."""
        if len(path) < 2:
            return []
        number, at = path[1]
        errand = self._found[number].errand
        return [
            errand.source if errand.way in (Way.fetch, Way.shift) else self._ground.layout.storey_of(self._names[at])
        ]

    def _too_early_s(self, errand: Errand, bay: BayAt) -> float:
        """Return when to begin to fetch a car for this bay; 0 for now, infinite where it is not known.

        While a car is being taken out of a bay the next one may come as far as its door, no earlier than it must.
        """
        ground, pace = self._ground, self._ground.pace
        if bay.name in ground.free_bays:
            return 0.0
        if not bay.leaving or bay.name in ground.held:
            return inf
        if ground.layout.beside(self._body.name):
            # Nobody knows for how long the other lift will be in the way: what is loaded waits near the door.
            return 0.0
        storey = ground.layout.storey_of(bay.name)
        travel_s = pace.travel_s(self._body.storey, errand.source) + pace.travel_s(errand.source, storey)
        begin_s = bay.free_s - travel_s - pace.transfer_s
        return begin_s if begin_s > ground.state.now_s else 0.0
