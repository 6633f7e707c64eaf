"""What a schedule of an instance costs: an optimum and an online policy are measured here alike, on planned times.

One lift runs one command after the other, as the station does: open the inner door, transfer, close it, leave. The
other parts work beside it. Times are those of `vendrive.tower.motion`, rounded to tenths of a second, so that an
optimum can be exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from vendrive.planning.instances import Instance, Job, Kind
from vendrive.tower.layout import Layout
from vendrive.tower.motion import command_s
from vendrive.wire.machine import Operation

TENTHS = 10


class ScheduleError(ValueError):
    """A schedule does what cannot be done; the message names the instance and the task."""


@dataclass(frozen=True)
class Task:
    """A job as the lift's next work: by which bay, and for a return into which slot.

    `not_before_s`: the lift does not set out earlier. `admit_s`: the street door does not open to a return earlier.
    """

    job: str
    bay: str
    slot: str = ""
    not_before_s: float = 0.0
    admit_s: float = 0.0


@dataclass(frozen=True)
class Trip:
    """The empty lift goes to a storey, to wait there."""

    storey: int
    not_before_s: float = 0.0


Schedule = Sequence[Task | Trip]


@dataclass(frozen=True)
class Served:
    """How a job went: `wait_s` is what its customer waited, `end_s` when nothing was left to do for it."""

    job: str
    wait_s: float
    end_s: float


@dataclass(frozen=True)
class Outcome:
    """A whole schedule: when all was done, and the sum of all customers' waits."""

    makespan_s: float
    tardiness_s: float
    served: tuple[Served, ...]


@dataclass(frozen=True)
class Times:
    """The planner's times of one tower, in tenths of a second."""

    layout: Layout

    def travel(self, storey: int, other: int) -> int:
        """Return the time of a trip between two storeys; none where the lift is there already."""
        if storey == other:
            return 0
        distance_mm = self.layout.level_mm(other) - self.layout.level_mm(storey)
        return tenths(command_s(self.layout, Operation.move_lift, distance_mm))

    @property
    def transfer(self) -> int:
        """One transfer between the lift and a place."""
        return tenths(self.layout.kinematics.transfer_s)

    @property
    def door(self) -> int:
        """One door, one way."""
        return tenths(self.layout.kinematics.door_s)

    @property
    def at_bay(self) -> int:
        """What the lift spends at a bay: the door opens, the car goes through, the door closes."""
        return 2 * self.door + self.transfer

    def turn(self, bay: str) -> int:
        """Half a turn of the bay's table, nothing where it has none."""
        return tenths(self.layout.kinematics.turn_s) if self.layout.bay(bay).turntable else 0

    def leaving(self, instance: Instance) -> int:
        """From the moment that a car may be taken until the street door is closed behind it."""
        return 2 * self.door + tenths(instance.take_s)

    def arriving(self, instance: Instance) -> int:
        """From the moment that the street door opens to a return until the car may be taken in."""
        return 2 * self.door + tenths(instance.drive_in_s) + tenths(self.layout.kinematics.checks_s)


def tenths(seconds: float) -> int:
    """Return seconds as whole tenths."""
    return round(seconds * TENTHS)


def evaluate(instance: Instance, schedule: Schedule, online: bool = False) -> Outcome:
    """Return what a schedule costs when each task begins as early as it can; ScheduleError where it is impossible.

    Tasks run in the order given: that is the lift's order, and at each bay the order in which it is used. `online`: the
    lift sets out for a walk-up no earlier than it is known.
    """
    run = _Run(instance, online)
    jobs = {job.name: job for job in instance.jobs}
    for step in schedule:
        if isinstance(step, Trip):
            run.trip(step)
        elif step.job in jobs:
            run.task(jobs.pop(step.job), step)
        else:
            raise ScheduleError(f"{instance.name}: {step.job}: is no job, or is done twice")
    if jobs:
        raise ScheduleError(f"{instance.name}: {', '.join(jobs)}: never done; add a task for each")
    waits = sum(tenths(served.wait_s) for served in run.served)
    return Outcome(max(served.end_s for served in run.served), waits / TENTHS, tuple(run.served))


def bays_free(instance: Instance, tasks: Sequence[Task]) -> dict[str, int]:
    """Return when each bay is free after these tasks, in tenths."""
    run = _Run(instance, online=False)
    for task in tasks:
        run.task(instance.job(task.job), task)
    return run.bay_free


class _Run:
    """The tower while a schedule runs; times in tenths."""

    def __init__(self, instance: Instance, online: bool) -> None:
        self._instance, self._online = instance, online
        self._times = Times(instance.layout)
        self._storey, self._lift_free = instance.lift_storey, 0
        self.bay_free = dict.fromkeys((bay.name for bay in instance.layout.bays), 0)
        self._free = set(instance.free)
        self.served: list[Served] = []

    def trip(self, trip: Trip) -> None:
        """Move the empty lift."""
        lift = self._instance.layout.lifts[0]
        if not lift.lowest <= trip.storey <= lift.highest:
            raise ScheduleError(f"{self._instance.name}: {lift.name} does not reach storey {trip.storey}")
        self._lift_free = self._go(max(self._lift_free, tenths(trip.not_before_s)), trip.storey)

    def task(self, job: Job, task: Task) -> None:
        """Run one job."""
        if task.bay not in self.bay_free:
            raise ScheduleError(f"{self._instance.name}: {job.name}: there is no bay {task.bay!r}")
        known = tenths(job.known_s) if self._online else 0
        set_out = max(self._lift_free, tenths(task.not_before_s), known)
        if job.kind == Kind.retrieve:
            wait, end = self._retrieve(job, task, set_out)
        else:
            wait, end = self._store(job, task, set_out)
        self.served.append(Served(job.name, wait / TENTHS, end / TENTHS))

    def _retrieve(self, job: Job, task: Task, set_out: int) -> tuple[int, int]:
        times, layout, wanted = self._times, self._instance.layout, tenths(job.wanted_s)
        at_slot = max(self._go(set_out, layout.storey_of(job.slot)), tenths(job.known_s))
        at_bay = self._go(at_slot + times.transfer, layout.storey_of(task.bay))
        self._lift_free = max(at_bay, self.bay_free[task.bay]) + times.at_bay
        ready = self._lift_free + times.turn(task.bay)
        self.bay_free[task.bay] = max(ready, wanted) + times.leaving(self._instance)
        return max(0, ready - wanted), self.bay_free[task.bay]

    def _store(self, job: Job, task: Task, set_out: int) -> tuple[int, int]:
        if task.slot not in self._free:
            raise ScheduleError(f"{self._instance.name}: {job.name}: {task.slot!r} is not a free slot")
        self._free.remove(task.slot)
        times, layout, wanted = self._times, self._instance.layout, tenths(job.wanted_s)
        admitted = max(wanted, self.bay_free[task.bay], tenths(task.admit_s))
        at_bay = self._go(set_out, layout.storey_of(task.bay))
        closed = max(at_bay, admitted + times.arriving(self._instance)) + times.at_bay
        self.bay_free[task.bay] = closed
        self._lift_free = self._go(closed, layout.storey_of(task.slot)) + times.transfer
        return admitted - wanted, self._lift_free

    def _go(self, at: int, storey: int) -> int:
        at += self._times.travel(self._storey, storey)
        self._storey = storey
        return at
