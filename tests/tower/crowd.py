"""A crowd without an end at a tower, made to keep one customer waiting: what a bound on waits is tried against."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from vendrive.planning.world import Tower
from vendrive.tower.jobs import Job, JobKind
from vendrive.tower.layout import Layout
from vendrive.tower.planner import Policy


@dataclass(frozen=True)
class Wait:
    """One customer's wait, and how many waited when it began."""

    name: str
    wait_s: float
    queue: int


@dataclass
class Crowd:
    """One car at `far` is wanted at `wanted_s`; cars of the slots `near` are wanted again and again, every `gap_s`, and
    as many are brought back. People hold a bay for `hold_s` beside the doors.
    """

    layout: Layout
    policy: Policy
    far: str
    near: tuple[str, ...]
    gap_s: float
    hold_s: float
    wanted_s: float = 600.0
    standing: tuple[str, ...] = ()
    waits: list[Wait] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tower = Tower(self.layout, self.policy, 0, 0.0)
        places = (self.far, *self.near, *self.standing)
        self.tower.places.update({f"c{at}": slot for at, slot in enumerate(places)})
        self.tower.on_ready, self.tower.on_admitted = self._ready, self._admitted
        self._queue: dict[str, int] = {}
        self._number = 0

    def run(self, until_s: float) -> list[Wait]:
        """Let the crowd come, and return all waits: of those who wait still, until now."""
        self.tower.events.at(self.wanted_s, lambda: self._ask("c0"))
        self.tower.events.after(0.0, partial(self._come, until_s))
        self.tower.run(until_s)
        jobs = [job for job in self.tower.jobs.values() if job.person_waits or job.car not in self.tower.places]
        return self.waits + [Wait(job.name, until_s - job.since_s, self._queue[job.car]) for job in jobs]

    def wait_of_far(self) -> Wait:
        """Return the wait of the one car, until now where it has not ended."""
        waits = {wait.name: wait for wait in self.waits}
        if "c0" in waits:
            return waits["c0"]
        return Wait("c0", self.tower.now_s - self.wanted_s, self._queue["c0"])

    def _waiting(self) -> Iterator[Job]:
        return (job for job in self.tower.jobs.values() if job.person_waits or job.car not in self.tower.places)

    def _ask(self, car: str) -> None:
        now_s = self.tower.now_s
        self._queue[car] = sum(1 for _ in self._waiting())
        self.tower.add(Job(car, JobKind.retrieve, car, now_s, now_s))

    def _bring(self) -> None:
        self._number += 1
        now_s, car = self.tower.now_s, f"r{self._number}"
        self._queue[car] = sum(1 for _ in self._waiting())
        self.tower.add(Job(car, JobKind.store, car, now_s, now_s))

    def _come(self, until_s: float) -> None:
        """Somebody wants the nearest car that nobody has asked for, and somebody brings one."""
        layout, tower = self.layout, self.tower
        free = [
            (layout.storey_of(at), car)
            for car, at in tower.places.items()
            if layout.is_slot(at) and car not in tower.jobs and car not in tower.moving and car != "c0"
        ]
        if free:
            self._ask(min(free)[1])
        if tower.now_s < until_s:
            # No more than have a slot, and one is left to put a car aside: what the rule of promises sees to.
            returning = sum(job.kind == JobKind.store for job in tower.jobs.values() if job.car not in tower.places)
            if len(tower.places) + returning < len(layout.slots) - 1:
                self._bring()
            tower.events.after(self.gap_s, partial(self._come, until_s))

    def _ready(self, car: str, bay: str) -> None:
        tower = self.tower
        job = tower.jobs.get(car)
        if job is None or job.kind != JobKind.retrieve:
            return
        self.waits.append(Wait(car, tower.now_s - job.since_s, self._queue[car]))
        tower.hand_out(car, bay)
        tower.drop(car)
        tower.events.after(2 * tower.pace.door_s + self.hold_s, partial(self._taken, car, bay))

    def _taken(self, car: str, bay: str) -> None:
        self.tower.moving.discard(car)
        self.tower.take_out(car, bay)

    def _admitted(self, car: str, bay: str) -> None:
        tower = self.tower
        self.waits.append(Wait(car, tower.now_s - tower.jobs[car].since_s, self._queue[car]))
        arriving_s = 2 * tower.pace.door_s + tower.pace.checks_s + self.hold_s
        tower.events.after(arriving_s, partial(tower.bring_in, car, bay))
