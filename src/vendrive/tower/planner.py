"""What each free lift does next, and who is let into a free bay: policies behind one protocol.

A policy sees what the tower knows and nothing else. It orders whole moves (a car from one place to another); how a lift
gets there past another one of its way is for `vendrive.tower.traffic`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Protocol

from vendrive.tower.jobs import SPARE, Ahead, Job, JobKind
from vendrive.tower.layout import Layout, SlotPlan
from vendrive.tower.pace import Pace, pace_of

# A booked car is to stand ready this long before it was promised, where nobody else needs the bay meanwhile.
EARLY_S = 300.0
# Where it takes the last free bay, it is to stand ready only this long before.
SPARE_S = 60.0
# A staged car gives its bay to somebody who waits when its own customer is this late, or not due for that long.
YIELD_S = 420.0
# Who comes within this time has a car that nothing is put before.
SOON_S = 3600.0
# A job that has waited for this long is done before all that began to wait later.
AGEING_S = 1800.0


@dataclass(frozen=True)
class LiftAt:
    """A lift: where it stands, or will stand when it is free again, and whether it is free now."""

    name: str
    storey: int
    free: bool


@dataclass(frozen=True)
class BayAt:
    """A bay: the car in it, whether people or a lift are at work for it, and when it is expected to be empty.

    `leaving`: its car is being taken by its customer, and nothing has been promised the bay. `coming`: the car that is
    being driven in, expected to be ready at `ready_s`.
    """

    name: str
    car: str = ""
    taken: bool = False
    free_s: float = 0.0
    leaving: bool = False
    coming: str = ""
    ready_s: float = 0.0

    @property
    def is_free(self) -> bool:
        """Whether a car can be brought now."""
        return not self.car and not self.taken


@dataclass(frozen=True)
class State:
    """What a policy knows. `held` are slots to which a lift is on its way; `moving` the cars that lifts work on."""

    now_s: float
    layout: Layout
    places: Mapping[str, str]
    lifts: Sequence[LiftAt]
    bays: Sequence[BayAt]
    jobs: Sequence[Job]
    ahead: Ahead = field(default_factory=Ahead)
    held: frozenset[str] = frozenset()
    moving: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    chargers: frozenset[str] = frozenset()
    low: frozenset[str] = frozenset()

    @property
    def pace(self) -> Pace:
        """Return the expected times."""
        return pace_of(self.layout)


@dataclass(frozen=True)
class Move:
    """A lift brings a car from one place to another."""

    lift: str
    car: str
    source: str
    target: str
    job: str


@dataclass(frozen=True)
class Go:
    """A lift with nothing to do waits at another storey."""

    lift: str
    storey: int


@dataclass(frozen=True)
class Admit:
    """Who waits in the street with this car drives into the bay."""

    car: str
    bay: str


Order = Move | Go | Admit


@dataclass(frozen=True)
class Plan:
    """Orders to be begun now; to be asked again at `look_s`, or as soon as anything has changed."""

    orders: tuple[Order, ...]
    look_s: float = inf


class Policy(Protocol):
    """Decides from what is known alone: the same state gives the same plan."""

    name: str

    def plan(self, state: State) -> Plan:
        """Return what to begin now. Each free lift, car, bay and slot is in one order at most."""
        ...


class Ground:
    """The free places of one state, and which moves are possible: what every policy stands on."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.layout = state.layout
        self.pace = state.pace
        self.at = {place: car for car, place in state.places.items()}
        self.bays = [bay for bay in state.bays if bay.name not in state.failed]
        self.free_bays = [bay.name for bay in self.bays if bay.is_free]
        self.held = set(state.held)
        self.moving = set(state.moving)
        self.busy: set[str] = set()
        # No bay is to be given to anybody; and where lifts wait for what comes next.
        self.no_bay = False
        self.go_to: dict[str, int] = {}
        soon_s = state.now_s + SOON_S
        wanted = [job for job in state.jobs if job.is_outward and job.due_s <= soon_s and job.car in state.places]
        self.wanted = {state.places[job.car]: (waits_since_s(job), job.name) for job in wanted}

    def is_usable(self, slot: SlotPlan) -> bool:
        """Whether a car can be brought into this slot now."""
        taken = slot.name in self.at or slot.name in self.held or slot.name in self.state.failed
        return not taken and self.is_open(slot) and not self._shuts_in(slot.name)

    def is_open(self, slot: SlotPlan) -> bool:
        """Whether nothing stands, or is about to stand, before a slot."""
        return not slot.behind or (slot.behind not in self.at and slot.behind not in self.held)

    def _shuts_in(self, front: str) -> bool:
        """Whether a car here would make an empty slot behind it useless."""
        rear = self.layout.hidden_by(front)
        return bool(rear) and rear not in self.at and rear not in self.held and rear not in self.state.failed

    def free_slots(self, lift: str, aside_for: Job | None = None) -> list[SlotPlan]:
        """Return the slots into which a lift can bring a car now, or put one aside that is in the way of a job."""
        usable = [slot for slot in self.layout.slots if lift in slot.lifts and self.is_usable(slot)]
        if aside_for:
            # Else two cars that are wanted would take turns to be hidden by the same third one, for ever.
            turn = (waits_since_s(aside_for), aside_for.name)
            usable = [slot for slot in usable if self.wanted.get(self.layout.hidden_by(slot.name), turn) >= turn]
        # A car put before one that is wanted would be moved again.
        return [slot for slot in usable if self.layout.hidden_by(slot.name) not in self.wanted] or usable

    def room(self, bay: str = "") -> int:
        """Return how many more cars can be let in, at this bay if one is named: free slots, less the cars that need one
        or may come to need one.
        """
        state = self.state
        taken = self.at.keys() | self.held | state.failed
        lifts = set(self.layout.bay(bay).lifts) if bay else {lift.name for lift in self.layout.lifts}
        free = sum(slot.name not in taken and not lifts.isdisjoint(slot.lifts) for slot in self.layout.slots)
        # Two deep, a car in front can be put aside only while a slot is free.
        fetching = any(job.is_outward for job in state.jobs) or bool(state.ahead.pickups)
        free -= fetching and any(slot.behind for slot in self.layout.slots)
        return free - sum(self._may_need_slot(job) for job in state.jobs)

    def _may_need_slot(self, job: Job) -> bool:
        place = self.state.places.get(job.car, "")
        if job.kind == JobKind.store:
            return job.car not in self.moving if place else job.car in self.moving
        return job.kind == JobKind.stage and bool(place) and not self.layout.is_slot(place)

    def serving(self, place: str) -> tuple[str, ...]:
        """Return the lifts in service that are to serve a place."""
        return self.layout.serving(place, self.state.failed)

    def lifts_for(self, *places: str) -> list[LiftAt]:
        """Return the free lifts that serve all these places."""
        serving = [self.serving(place) for place in places]
        return [
            lift
            for lift in self.state.lifts
            if lift.free and lift.name not in self.state.failed and all(lift.name in names for names in serving)
        ]

    def blocker(self, place: str) -> str:
        """Return the car that stands before this place, or an empty string."""
        front = self.layout.slot(place).behind if self.layout.is_slot(place) else ""
        return self.at.get(front, "")

    def keep_bay(self, job: Job) -> None:
        """Keep a bay for a job that comes next and cannot begin yet: a free one, or, where none is free, the next.

        A job that no bay would help keeps none: it waits for a slot, or for a part that is out of service.
        """
        place = self.state.places.get(job.car, "")
        if place and not self.layout.is_slot(place):
            return
        lifts = set(self.layout.slot(place).lifts if place else (lift.name for lift in self.layout.lifts))
        lifts -= self.state.failed
        fitting = [bay.name for bay in self.bays if lifts & set(self.layout.bay(bay.name).lifts)]
        if place in self.state.failed or not fitting or (not place and self.room() <= 0):
            return
        free = [bay for bay in self.free_bays if bay in fitting]
        if free:
            self.free_bays = [bay for bay in self.free_bays if bay != free[0]]
        else:
            self.no_bay = True

    def take(self, order: Order) -> None:
        """Remember what an order needs, so that the next one leaves it alone."""
        match order:
            case Move(lift, car, source, target, _):
                self.busy.add(lift)
                self.moving.add(car)
                self.held |= {target, source}
                self.free_bays = [bay for bay in self.free_bays if bay != target]
            case Admit(car, bay):
                self.moving.add(car)
                self.free_bays = [name for name in self.free_bays if name != bay]
            case Go(lift):
                self.busy.add(lift)


def waits_in_street(job: Job, state: State) -> bool:
    """Whether the car of this job has yet to be driven into a bay."""
    return job.kind == JobKind.store and job.car not in state.places


def stage_at_s(job: Job, ground: Ground) -> float:
    """Return when a booked car is to be fetched: it stands ready some minutes early, less where bays are scarce."""
    place = ground.state.places.get(job.car, "")
    if not ground.layout.is_slot(place) or not ground.bays:
        return inf
    storeys = abs(ground.layout.storey_of(place) - ground.layout.storey_of(ground.bays[0].name))
    fetch_s = 2 * ground.pace.travels[storeys] + ground.pace.handling_s(False, True) + ground.pace.turn_s
    return job.due_s - fetch_s - (EARLY_S if len(ground.free_bays) > 1 else SPARE_S)


def ripe(jobs: Iterable[Job], ground: Ground) -> tuple[list[Job], float]:
    """Return the jobs to be done now, and when the next one of the others is to be looked at."""
    now_s, found, look_s = ground.state.now_s, [], inf
    for job in jobs:
        if job.kind in SPARE and not ground.layout.is_slot(ground.state.places.get(job.car, "")):
            continue
        at_s = stage_at_s(job, ground) if job.kind == JobKind.stage else job.since_s
        if at_s <= now_s:
            # Who is that late finds the car in its slot, where nobody else is kept waiting for its bay.
            if job.kind != JobKind.stage or now_s < job.due_s + YIELD_S:
                found.append(job)
        else:
            look_s = min(look_s, at_s)
    return found, look_s


def yielding(ground: Ground) -> tuple[Job | None, float]:
    """Return the storing of a staged car whose bay somebody needs who is here while its own customer is not, and when
    to look again for one.
    """
    state, look_s = ground.state, inf
    if ground.free_bays or not any(needs_bay(job, state) for job in state.jobs):
        return None, look_s
    staged = {job.car: job for job in state.jobs if job.kind == JobKind.stage}
    for bay in ground.bays:
        job = staged.get(bay.car)
        if job is None or bay.taken or bay.car in ground.moving:
            continue
        if abs(state.now_s - job.due_s) >= YIELD_S:
            return Job(f"yield {job.name}", JobKind.store, job.car, state.now_s, state.now_s), look_s
        look_s = min(look_s, job.due_s + YIELD_S)
    return None, look_s


def needs_bay(job: Job, state: State) -> bool:
    """Whether somebody is here for whom a bay must be free first."""
    in_slot = state.layout.is_slot(state.places.get(job.car, ""))
    return waits_in_street(job, state) or (job.person_waits and in_slot)


def waits_since_s(job: Job) -> float:
    """Return when a job's wait began; a booking's begins at the time that was promised."""
    return job.due_s if job.kind == JobKind.stage else job.since_s


def by_turn(jobs: Iterable[Job], now_s: float) -> list[Job]:
    """Return jobs first come, first served; what nobody waits for comes last, unless it has waited for long."""

    def turn(job: Job) -> tuple[bool, float, str]:
        patient = job.kind in SPARE and now_s - job.since_s < AGEING_S
        return (patient, waits_since_s(job), job.name)

    return sorted(jobs, key=turn)
