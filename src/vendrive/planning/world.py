"""A tower in simulated time: its machine, its people, and the policy that decides."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from math import inf

from vendrive.planning.machine import Carry, Events, Machine, Noise
from vendrive.planning.record import Record
from vendrive.tower.charging import ENOUGH
from vendrive.tower.jobs import Ahead, Job
from vendrive.tower.layout import Layout
from vendrive.tower.pace import pace_of
from vendrive.tower.planner import Admit, BayAt, Go, LiftAt, Move, Order, Policy, State

# A booking is held so long after its promised time.
WINDOW_S = 1800.0
# A policy that is asked again without an order that could be begun would be asked for ever.
LEAST_LOOK_S = 1.0


@dataclass
class Bay:
    """A bay: its car, whether somebody or a lift is at work, and when it is expected to be empty."""

    car: str = ""
    taken: bool = False
    ready: bool = False
    free_s: float = 0.0
    leaving: bool = False
    coming: str = ""
    ready_s: float = 0.0
    promised: bool = False


@dataclass
class Tower:
    """One tower with its cars, jobs and bays."""

    layout: Layout
    policy: Policy
    seed: int
    noise_share: float = 1.0
    failed: frozenset[str] = frozenset()
    places: dict[str, str] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    chargers: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.events = Events()
        self.pace = pace_of(self.layout)
        self.noise = Noise(self.seed, self.noise_share)
        self.machine = Machine(self.layout, self.events, self.noise, self.touch)
        for lift in self.failed & self.machine.bodies.keys():
            self.machine.fail(lift)
        self.bays = {plan.name: Bay() for plan in self.layout.bays}
        self.pickups: dict[str, float] = {}
        self.returns: dict[str, float] = {}
        self.charge: dict[str, float] = {}
        self.moving: set[str] = set()
        self.held: set[str] = set()
        self.record = Record()
        self.on_ready: Callable[[str, str], None] = lambda car, bay: None
        self.on_admitted: Callable[[str, str], None] = lambda car, bay: None
        self.on_stored: Callable[[str, str], None] = lambda car, slot: None
        self.on_order: Callable[[Order], None] = lambda order: None
        self._dirty = True
        self._looks: set[float] = set()

    @property
    def now_s(self) -> float:
        """Return the instant that it is."""
        return self.events.now_s

    def touch(self) -> None:
        """Something has changed: ask the policy."""
        self._dirty = True

    def run(self, until_s: float) -> None:
        """Let time pass."""
        self._decide()
        while self._step(until_s):
            self._decide()
        self.events.now_s = until_s

    def _step(self, until_s: float) -> bool:
        since_s, used = self.now_s, sum(bool(bay.car or bay.taken) for bay in self.bays.values())
        stepped = self.events.step(until_s)
        if used:
            self.record.bays_used(since_s, self.now_s, used)
        return stepped

    def add(self, job: Job) -> None:
        """Take on a job, or change one of the same name."""
        self.jobs[job.name] = job
        self.touch()

    def drop(self, name: str) -> None:
        """Forget a job."""
        if self.jobs.pop(name, None):
            self.touch()

    def state(self) -> State:
        """Return what a policy may know."""
        return State(
            now_s=self.now_s,
            layout=self.layout,
            places=self.places,
            lifts=[LiftAt(name, body.target, self.machine.is_free(name)) for name, body in self.machine.bodies.items()],
            bays=[self._bay_at(name, bay) for name, bay in self.bays.items()],
            jobs=list(self.jobs.values()),
            ahead=Ahead(self.pickups, self.returns),
            held=frozenset(self.held),
            moving=frozenset(self.moving),
            failed=self.failed,
            chargers=self.chargers,
            low=frozenset(car for car, share in self.charge.items() if share < ENOUGH),
        )

    def _bay_at(self, name: str, bay: Bay) -> BayAt:
        leaving = bay.leaving and not bay.promised
        return BayAt(name, bay.car, bay.taken, bay.free_s, leaving, bay.coming, bay.ready_s)

    def _decide(self) -> None:
        while self._dirty:
            self._dirty = False
            state = self.state()
            plan = self.policy.plan(state)
            begun = [self._begin(order) for order in plan.orders]
            if any(begun):
                self.touch()
            self._look(plan.look_s)

    def _look(self, look_s: float) -> None:
        if look_s == inf:
            return
        at_s = max(look_s, self.now_s + LEAST_LOOK_S)
        if any(self.now_s < other <= at_s for other in self._looks):
            return
        self._looks = {other for other in self._looks if other > self.now_s} | {at_s}
        self.events.at(at_s, self.touch)

    def _begin(self, order: Order) -> bool:
        match order:
            case Move(lift) if not self.machine.is_free(lift):
                # It has just been sent out of the way of another one.
                return False
            case Go(lift, storey) if not self.machine.may_go(lift, storey):
                return False
            case Move():
                self.on_order(order)
                self._carry(order)
            case Go(lift, storey):
                self.on_order(order)
                self.machine.go(lift, storey, self.touch)
            case Admit(car, bay):
                body = self.bays[bay]
                body.taken, body.coming, body.ready_s = True, car, self.now_s + self.pace.bringing_s
                body.free_s = body.ready_s + self.pace.at_bay_s
                self.moving.add(car)
                self.on_admitted(car, bay)
        return True

    def _carry(self, move: Move) -> None:
        began_s, expected_s = self.now_s, self._expected_s(move)
        self._check(move)
        self.moving.add(move.car)
        self.held.add(move.target)
        if move.target in self.bays:
            bay = self.bays[move.target]
            # A car may be fetched while another one is being taken: the lift then waits before the door.
            ready_s = max(began_s + expected_s, bay.free_s if bay.leaving else 0.0) + self.pace.turn_s
            bay.taken, bay.promised, bay.free_s = True, True, ready_s + self.pace.taking_s
        if move.source in self.bays:
            self.bays[move.source].taken = True

        def left() -> None:
            if move.source in self.bays:
                self.bays[move.source].taken = False
            self.touch()

        def ended() -> None:
            self.record.moved(self.now_s, expected_s, self.now_s - began_s)
            self._ended(move)

        is_open, picked, placed = partial(self._is_open, move), partial(self._picked, move), partial(self._placed, move)
        self.machine.carry(move.lift, Carry(move.source, move.target, is_open, picked, left, placed, ended))

    def _picked(self, move: Move) -> None:
        self.places[move.car] = move.lift
        if move.source in self.bays:
            self.bays[move.source].car = ""
            self.bays[move.source].ready = False
        else:
            self.record.left(self.now_s, move.source)

    def _placed(self, move: Move) -> None:
        self.places[move.car] = move.target
        if move.target in self.bays:
            self.bays[move.target].car = move.car
            self.bays[move.target].promised = False
        else:
            self.record.stood(self.now_s, move.target)

    def _is_open(self, move: Move) -> bool:
        bay = self.bays.get(move.target)
        return bay is None or not (bay.car or bay.leaving)

    def _check(self, move: Move) -> None:
        """What no policy may order; a simulation in which it happened would measure nothing."""
        assert self.machine.is_free(move.lift), f"{move.lift} is not free"
        assert move.car not in self.moving, f"{move.car} moves already"
        assert self.places[move.car] == move.source, f"{move.car} is not at {move.source}"
        leaving = move.target in self.bays and self.bays[move.target].leaving
        assert leaving or move.target not in self.places.values(), f"{move.target} is not free"
        assert move.target not in self.held, f"{move.target} is promised already"
        for place in (move.source, move.target):
            front = self.layout.slot(place).behind if self.layout.is_slot(place) else ""
            assert not front or front not in self.places.values(), f"a car stands before {place}"
            assert move.lift in self.layout.place(place).lifts, f"{move.lift} does not serve {place}"

    def _expected_s(self, move: Move) -> float:
        body = self.machine.bodies[move.lift]
        source, target = (self.layout.storey_of(place) for place in (move.source, move.target))
        travel_s = self.pace.travel_s(body.storey, source) + self.pace.travel_s(source, target)
        return travel_s + self.pace.handling_s(move.source in self.bays, move.target in self.bays)

    def _ended(self, move: Move) -> None:
        self.held.discard(move.target)
        if move.target in self.bays:
            turn_s = self.pace.turn_s if self.layout.bay(move.target).turntable else 0.0
            self.events.after(self.noise.of(turn_s) if turn_s else 0.0, lambda: self._ready(move.car, move.target))
        else:
            self.moving.discard(move.car)
            self._settle(move)
        self.touch()

    def _settle(self, move: Move) -> None:
        job = self.jobs.get(move.job)
        if job and job.car == move.car and not job.is_outward:
            self.drop(move.job)
        self.on_stored(move.car, move.target)

    def _ready(self, car: str, bay: str) -> None:
        self.bays[bay].ready, self.bays[bay].taken = True, False
        self.moving.discard(car)
        self.touch()
        self.on_ready(car, bay)

    def take_out(self, car: str, bay: str) -> None:
        """A car has been driven away."""
        self.places.pop(car, None)
        promised = self.bays[bay].promised
        self.bays[bay] = Bay(taken=promised, promised=promised, free_s=self.bays[bay].free_s if promised else 0.0)
        self.machine.wake()
        self.touch()

    def hand_out(self, car: str, bay: str) -> None:
        """The street door opens to the customer of a car."""
        body = self.bays[bay]
        body.taken = body.leaving = True
        body.free_s = self.now_s + self.pace.taking_s
        self.moving.add(car)
        self.touch()

    def bring_in(self, car: str, bay: str) -> None:
        """A car has been driven in, and its driver has left."""
        self.places[car] = bay
        self.moving.discard(car)
        self.bays[bay] = Bay(car=car, free_s=self.now_s + self.pace.longest_s)
        self.touch()
