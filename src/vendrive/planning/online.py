"""A policy on one published instance: booked jobs are known from the beginning, walk-ups when they come."""

from functools import partial

from vendrive.planning.evaluation import Outcome, Schedule, Task, Trip, evaluate
from vendrive.planning.instances import Instance, Kind
from vendrive.planning.instances import Job as Wanted
from vendrive.planning.world import Tower
from vendrive.tower.jobs import Job, JobKind
from vendrive.tower.planner import Admit, Go, Move, Order, Policy

LONGEST_S = 100_000.0


def run_online(instance: Instance, policy: Policy) -> Outcome:
    """Return what a policy's schedule costs, in the same evaluation as the optimum; ScheduleError if it cannot be."""
    return evaluate(instance, schedule_of(instance, policy), online=True)


def schedule_of(instance: Instance, policy: Policy) -> Schedule:
    """Return what a policy orders when it learns of the jobs as they come."""
    return _Driver(instance, policy).run()


class _Driver:
    """The customers of an instance, who take as long as it says, at a machine without noise."""

    def __init__(self, instance: Instance, policy: Policy) -> None:
        self._instance = instance
        wanted = {job.slot for job in instance.jobs if job.kind == Kind.retrieve}
        part = wanted | set(instance.free)
        failed = frozenset(slot.name for slot in instance.layout.slots if slot.name not in part)
        self._tower = Tower(instance.layout, policy, 0, 0.0, failed)
        lift = self._tower.machine.bodies[instance.layout.lifts[0].name]
        lift.storey = lift.target = instance.lift_storey
        self._tower.on_ready, self._tower.on_admitted = self._ready, self._admitted
        self._tower.on_order = self._ordered
        self._steps: list[Task | Trip] = []
        self._admitted_at: dict[str, tuple[str, float]] = {}

    def run(self) -> Schedule:
        """Let the jobs come, and return the orders as a schedule."""
        tower = self._tower
        for job in self._instance.jobs:
            if job.kind == Kind.retrieve:
                tower.places[job.name] = job.slot
                if job.booked:
                    tower.pickups[job.name] = job.wanted_s
                    tower.jobs[job.name] = Job(job.name, JobKind.stage, job.name, job.wanted_s, job.wanted_s)
            elif job.booked:
                tower.returns[job.name] = job.wanted_s
            tower.events.at(job.wanted_s, partial(self._comes, job))
        tower.run(LONGEST_S)
        return self._steps

    def _comes(self, job: Wanted) -> None:
        tower, kind = self._tower, JobKind.store if job.kind == Kind.store else JobKind.retrieve
        tower.returns.pop(job.name, None)
        tower.add(Job(job.name, kind, job.name, job.wanted_s, job.wanted_s))
        place = tower.places.get(job.name, "")
        if kind == JobKind.retrieve and place in tower.bays and tower.bays[place].ready:
            self._ready(job.name, place)

    def _ready(self, car: str, bay: str) -> None:
        tower = self._tower
        if tower.jobs[car].kind == JobKind.retrieve:
            tower.hand_out(car, bay)
            tower.drop(car)
            leaving_s = 2 * tower.pace.door_s + self._instance.take_s
            tower.events.after(leaving_s, lambda: self._taken(car, bay))

    def _taken(self, car: str, bay: str) -> None:
        self._tower.moving.discard(car)
        self._tower.take_out(car, bay)

    def _admitted(self, car: str, bay: str) -> None:
        tower = self._tower
        self._admitted_at[car] = (bay, tower.now_s)
        arriving_s = 2 * tower.pace.door_s + tower.pace.checks_s + self._instance.drive_in_s
        tower.events.after(arriving_s, lambda: tower.bring_in(car, bay))

    def _ordered(self, order: Order) -> None:
        now_s = self._tower.now_s
        match order:
            case Move(_, car, source, target, _) if source in self._tower.bays:
                bay, admit_s = self._admitted_at[car]
                self._steps.append(Task(car, bay, target, now_s, admit_s))
            case Move(_, car, source, target, _):
                # A slot that a wanted car leaves takes no part.
                self._tower.failed |= {source}
                self._steps.append(Task(car, target, "", now_s))
            case Go(_, storey):
                self._steps.append(Trip(storey, now_s))
            case Admit():
                pass
