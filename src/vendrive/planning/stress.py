"""A tower at its limits: as many customers as it can take, filled, emptied, and one car asked for while nothing else is
done. People take their mean times, so that a result can be held against a bound.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from vendrive.planning.world import Tower
from vendrive.tower.jobs import Job, JobKind
from vendrive.tower.layout import Layout
from vendrive.tower.pace import TAKE_S
from vendrive.tower.planner import Policy

# So many customers of each kind always wait.
CROWD = 6
WARM_UP_S, MEASURED_S = 3600.0, 6 * 3600.0
LONGEST_S = 200_000.0
CALM_S = 600.0


@dataclass(frozen=True)
class Rush:
    """What to put on: a layout, a policy, a seed for what is drawn, and how much of the machine's noise."""

    layout: Layout
    policy: Policy
    seed: int = 0
    noise_share: float = 1.0


class _Street:
    """Drivers who take and bring cars in their mean times."""

    def __init__(self, rush: Rush, stored: Sequence[str]) -> None:
        self.tower = Tower(rush.layout, rush.policy, rush.seed, rush.noise_share)
        self.tower.places.update({f"c{number}": slot for number, slot in enumerate(stored)})
        self.tower.on_ready, self.tower.on_admitted, self.tower.on_stored = self._ready, self._admitted, self._stored
        self.done: list[float] = []
        self.given: list[float] = []
        self._brought: set[str] = set()
        self.after: Callable[[str], None] = lambda car: None

    def ask(self, car: str) -> None:
        """Somebody is here for a car."""
        now_s = self.tower.now_s
        self.tower.add(Job(car, JobKind.retrieve, car, now_s, now_s))

    def bring(self, car: str) -> None:
        """Somebody waits in the street with a car."""
        now_s = self.tower.now_s
        self._brought.add(car)
        self.tower.add(Job(car, JobKind.store, car, now_s, now_s))

    def _ready(self, car: str, bay: str) -> None:
        self.tower.hand_out(car, bay)
        self.tower.drop(car)
        self.tower.events.after(TAKE_S + 2 * self.tower.pace.door_s, lambda: self._gone(car, bay))

    def _gone(self, car: str, bay: str) -> None:
        self.tower.moving.discard(car)
        self.tower.take_out(car, bay)
        self.given.append(self.tower.now_s)
        self._end(car)

    def _admitted(self, car: str, bay: str) -> None:
        self.tower.events.after(self.tower.pace.bringing_s, lambda: self.tower.bring_in(car, bay))

    def _stored(self, car: str, slot: str) -> None:
        if car in self._brought:
            self._brought.discard(car)
            self._end(car)

    def _end(self, car: str) -> None:
        self.done.append(self.tower.now_s)
        self.after(car)


@dataclass(frozen=True)
class Served:
    """How many hand-outs and returns an hour a tower served."""

    hand_outs_per_hour: float
    returns_per_hour: float

    @property
    def per_hour(self) -> float:
        """Return both together."""
        return self.hand_outs_per_hour + self.returns_per_hour

    @property
    def share(self) -> float:
        """Return which share of them were hand-outs."""
        return self.hand_outs_per_hour / self.per_hour


def crowded(layout: Layout) -> int:
    """Return how many cars a tower has in its slots while customers of both kinds come without an end."""
    return max(1, len(layout.slots) * 3 // 4)


def saturated(rush: Rush) -> Served:
    """Return the hand-outs and returns an hour while customers of both kinds always wait."""
    slots = [slot.name for slot in rush.layout.slots]
    draw = random.Random(rush.seed)  # noqa: S311 a simulation, repeatable by its seed
    stored = sorted(slots, key=lambda slot: (rush.layout.storey_of(slot), not rush.layout.slot(slot).behind))
    street = _Street(rush, stored[: crowded(rush.layout)])
    tower = street.tower

    def fill_up() -> None:
        wanted = [job for job in tower.jobs.values() if job.kind == JobKind.retrieve]
        free = sorted(car for car, at in tower.places.items() if tower.layout.is_slot(at) and car not in tower.jobs)
        for _ in range(min(CROWD - len(wanted), len(free))):
            street.ask(free.pop(draw.randrange(len(free))))
        waiting = [job for job in tower.jobs.values() if job.kind == JobKind.store]
        for number in range(CROWD - len(waiting)):
            street.bring(f"r{tower.now_s:.3f}.{number}")

    street.after = lambda car: fill_up()
    fill_up()
    tower.run(WARM_UP_S + MEASURED_S)
    given = sum(at_s > WARM_UP_S for at_s in street.given)
    taken = sum(at_s > WARM_UP_S for at_s in street.done) - given
    return Served(given * 3600 / MEASURED_S, taken * 3600 / MEASURED_S)


def fill_s(rush: Rush) -> float:
    """Return the seconds until an empty tower is full, drivers waiting in the street."""
    street = _Street(rush, [])
    for number in range(len(rush.layout.slots)):
        street.bring(f"r{number:04d}")
    street.tower.run(LONGEST_S)
    return _last_s(street, len(rush.layout.slots))


def empty_s(rush: Rush, order: Sequence[str]) -> float:
    """Return the seconds until a full tower is empty; cars are asked for in this order of slots.

    CROWD customers stand at the kiosk, and the next one comes when one has left: the order is theirs but for those.
    """
    street = _Street(rush, order)
    cars = [f"c{number}" for number in range(len(order))]

    def next_one() -> None:
        if cars:
            street.ask(cars.pop(0))

    street.after = lambda car: next_one()
    for _ in range(CROWD):
        next_one()
    street.tower.run(LONGEST_S)
    return _last_s(street, len(order))


def _last_s(street: _Street, expected: int) -> float:
    """Return when the last one was done; infinite where some never were."""
    return max(street.done) if len(street.done) >= expected else float("inf")


def retrievals_s(rush: Rush, stored: Sequence[str]) -> list[float]:
    """Return, for each of the slots that are taken, the seconds from a request to the end of the transfer into the bay,
    while nothing else is done.
    """
    times = []
    for number, slot in enumerate(stored):
        street = _Street(replace(rush, seed=rush.seed + number), [slot, *(other for other in stored if other != slot)])
        tower, placed = street.tower, street.tower.on_ready
        tower.run(CALM_S)
        street.ask("c0")
        ready: list[float] = []
        tower.on_ready = lambda car, bay, ready=ready, tower=tower: ready.append(tower.now_s)  # type: ignore[misc]
        tower.run(CALM_S * 2)
        tower.on_ready = placed
        turned_s = tower.pace.turn_s
        times.append(ready[0] - CALM_S - turned_s - tower.pace.door_s)
    return times
