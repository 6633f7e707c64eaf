"""What the planner of `vendrive.tower` is told and asked: into which slot a car goes, and which booked car is brought
to which bay before its person comes.

It chooses, and nothing else: what it chooses is a goal like any other, judged by `tower.control`, `traffic` and
`interlocks`. A car that waits in a bay waits behind a closed street door, which opens to its own verified person alone.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from math import inf
from typing import Protocol

from vendrive.clock import Clock
from vendrive.station.controller import Controller, Task
from vendrive.station.record import Record
from vendrive.station.store import Lending, Store
from vendrive.tower.control import BringToBay, Stuck, Wait
from vendrive.tower.foresight import Foresight
from vendrive.tower.inventory import places
from vendrive.tower.jobs import Ahead, Job, JobKind
from vendrive.tower.layout import Layout
from vendrive.tower.planner import BayAt, LiftAt, Move, Policy, State
from vendrive.wire.machine import NO_STOREY, Bay, Door, Lift, Snapshot

POLICY: Policy = Foresight()
# A booked car that stands in a bay is left there so long before and after its person is expected.
ADOPTED = timedelta(minutes=10)


class Known(Protocol):
    """What the station knows of its tower: `vendrive.station.bay.TowerSide`."""

    @property
    def layout(self) -> Layout: ...
    @property
    def record(self) -> Record: ...
    @property
    def store(self) -> Store: ...
    @property
    def controller(self) -> Controller: ...
    @property
    def clock(self) -> Clock: ...

    def reserved(self, key: str) -> set[str]:
        """Return the slots that are believed taken or promised."""
        ...

    def is_moved_for(self, tag: str, others_than: str) -> bool:
        """Whether another task moves this car."""
        ...


class Place(Protocol):
    """What is asked of the desk of a bay."""

    staging: Lending | None

    @property
    def is_idle(self) -> bool:
        """Whether nobody is served or asked here, and nothing is tidied up."""
        ...

    @property
    def is_serving(self) -> bool:
        """Whether somebody is served here who was verified, or who brings a car."""
        ...

    @property
    def shuts_in(self) -> bool:
        """Whether a car that nobody has taken in stands behind the closed street door, sensed or not."""
        ...

    def serves(self, drive_id: str) -> bool:
        """Whether this drive's person is served here, who was verified or brings the car."""
        ...

    def knows(self, drive_id: str) -> bool:
        """Whether this drive is served here, or its person is being verified."""
        ...


def slot_for(side: Known, tag: str, key: str, snapshot: Snapshot, usable: Collection[str]) -> str | None:
    """Return the slot that the policy gives a car that stands in a bay, if it is one of the usable ones.

    Without bookings known here and while the car stands elsewhere it says nothing: the nearest slot will do.
    """
    where = places(snapshot).get(tag, "")
    if not side.layout.is_bay(where):
        return None
    now = side.clock.now()
    job = Job(tag, JobKind.store, tag, now.timestamp(), now.timestamp())
    known = _state(side, snapshot, now, (), [job], side.reserved(key))
    # Which lift is free when it comes to that is not known yet.
    plan = POLICY.plan(replace(known, lifts=[replace(lift, free=True) for lift in known.lifts]))
    found = (order.target for order in plan.orders if isinstance(order, Move) and order.car == tag)
    return next((slot for slot in found if slot in usable), None)


class Outlook:
    """Tells each idle desk which drive's car it prepares for; looks anew where something has changed, or in time."""

    def __init__(self, side: Known, desks: Mapping[str, Place]) -> None:
        self._side = side
        self._desks = desks
        self._seen: tuple[object, ...] = ()
        self._look_at: datetime | None = None
        self._given_up: set[str] = set()

    @property
    def look_at(self) -> datetime | None:
        """When to look anew though nothing has changed."""
        return self._look_at

    def look(self, snapshot: Snapshot) -> None:
        """Go on from a fresh snapshot."""
        now = self._side.clock.now()
        for name, desk in self._desks.items():
            if desk.staging is not None and self._is_over(name, desk, desk.staging, snapshot, now):
                desk.staging = None
        facts = self._side.record.facts
        kept = self._kept_bays(snapshot)
        idle = tuple(desk.is_idle for desk in self._desks.values())
        doors = tuple(bay.street_door for bay in snapshot.bays)
        seen = (self._side.store.version, facts.places, idle, kept, doors)
        if seen == self._seen and not (self._look_at is not None and now >= self._look_at):
            return
        self._seen, self._look_at = seen, None
        if any(idle):
            self._plan(snapshot, now)

    def _is_over(self, name: str, desk: Place, lending: Lending, snapshot: Snapshot, now: datetime) -> bool:
        """Whether a bay is not kept for this drive any more."""
        side, step = self._side, self._side.controller.step(name)
        standing = places(snapshot).get(lending.vehicle.tag, "")
        hindered = isinstance(step, Stuck) or (isinstance(step, Wait) and step.for_people)
        if hindered and standing != name:
            self._given_up.add(lending.drive_id)
            return True
        gone = lending.drive_id in side.record.facts.used or side.store.is_cancelled(lending)
        elsewhere = standing != name and side.layout.is_bay(standing)
        # Who is only asked changes nothing: the machine works for nobody who was not verified.
        served = desk.is_serving or any(other.serves(lending.drive_id) for other in self._desks.values())
        return served or gone or elsewhere or now >= lending.not_after

    def _plan(self, snapshot: Snapshot, now: datetime) -> None:
        side = self._side
        bookings = {one.drive_id: one for one in side.store.upcoming(now) if self._may_wait(one)}
        self._given_up &= bookings.keys()
        for name, desk in self._desks.items():
            # Where a car stood ready when the program ended, it still does.
            bay = snapshot.bay(name)
            here = [one for one in bookings.values() if bay.tag == one.vehicle.tag and abs(now - _due(one)) <= ADOPTED]
            if desk.staging is None and desk.is_idle and here and bay.street_door == Door.closed:
                desk.staging = here[0]
        kept_bays = self._kept_bays(snapshot)
        if len(kept_bays) == len(self._desks):
            return
        kept = {desk.staging.drive_id for desk in self._desks.values() if desk.staging is not None}
        waiting = [one for drive, one in bookings.items() if drive not in kept | self._given_up]
        jobs = [_staging(one) for one in waiting if side.layout.is_slot(places(snapshot).get(one.vehicle.tag, ""))]
        if not jobs or self._room(snapshot) <= 0:
            return
        plan = POLICY.plan(_state(side, snapshot, now, kept_bays, jobs, side.reserved("")))
        if plan.look_s < inf:
            self._look_at = now + timedelta(seconds=max(plan.look_s - now.timestamp(), 1.0))
        for order in plan.orders:
            if isinstance(order, Move) and order.target in self._desks and order.job in bookings:
                lending = bookings[order.job]
                if order.car == lending.vehicle.tag:
                    self._desks[order.target].staging = lending

    def _may_wait(self, lending: Lending) -> bool:
        """Whether the drive's car may wait in a bay: nobody has it, nobody gave it up, nobody is at work for it."""
        facts, tag = self._side.record.facts, lending.vehicle.tag
        over = lending.drive_id in facts.used or self._side.store.is_cancelled(lending)
        known = any(desk.knows(lending.drive_id) for desk in self._desks.values())
        staged = any(desk.staging == lending for desk in self._desks.values())
        return not over and not known and (staged or not self._side.is_moved_for(tag, ""))

    def _kept_bays(self, snapshot: Snapshot) -> set[str]:
        """Return the bays that are not free for a car: somebody or something is there, or it is kept for another."""
        return {name for name, desk in self._desks.items() if not is_free(desk, snapshot.bay(name))}

    def _room(self, snapshot: Snapshot) -> int:
        """Return how many slots are free beside those that cars which wait in bays may have to go back to."""
        taken = {slot.name for slot in snapshot.slots if slot.occupied or slot.tag or slot.locked_out}
        free = len(self._side.layout.slots) - len(taken | self._side.reserved(""))
        return free - sum(desk.staging is not None or not desk.is_idle for desk in self._desks.values())


def is_free(desk: Place, bay: Bay) -> bool:
    """Whether a car may be brought to a bay: nobody is served there, nothing is kept or left there, and it is shut."""
    idle = desk.is_idle and desk.staging is None
    return idle and bay.empty and not desk.shuts_in and not bay.person and bay.street_door == Door.closed


def _staging(lending: Lending) -> Job:
    due_s = _due(lending).timestamp()
    return Job(lending.drive_id, JobKind.stage, lending.vehicle.tag, due_s, due_s)


def _due(lending: Lending) -> datetime:
    """Return when the person of a drive is expected."""
    return lending.promised_at or lending.not_before


def _state(
    side: Known, snapshot: Snapshot, now: datetime, kept: Iterable[str], jobs: list[Job], reserved: Collection[str]
) -> State:
    """Return what is known, for a policy; what is not known to be free counts as taken."""
    view, layout, kept = side.controller.view(snapshot), side.layout, set(kept)
    standing = {tag: place for tag, place in places(snapshot).items() if not layout.is_lift(place)}
    parts = (*layout.lifts, *layout.places)
    occupied = {slot.name for slot in snapshot.slots if slot.occupied or slot.tag}
    at_work = set(side.controller.lifts.values())
    return State(
        now_s=now.timestamp(),
        layout=layout,
        places=standing,
        lifts=[_lift(lift, layout, lift.name in at_work) for lift in snapshot.lifts],
        bays=[BayAt(bay.name, bay.tag, taken=bay.name in kept) for bay in snapshot.bays],
        jobs=jobs,
        ahead=Ahead({one.vehicle.tag: _due(one).timestamp() for one in reversed(side.store.upcoming(now))}),
        held=frozenset((occupied | set(reserved)) - set(standing.values())),
        failed=frozenset(part.name for part in parts if view.out_of_service(part.name)),
    )


def _lift(lift: Lift, layout: Layout, at_work: bool) -> LiftAt:
    """Return a lift as a policy sees it; one between two levels is soon at some level."""
    storey = layout.lift(lift.name).lowest if lift.storey == NO_STOREY else lift.storey
    return LiftAt(lift.name, storey, not at_work and not lift.loaded and lift.storey != NO_STOREY)


def staging_task(lending: Lending, bay: str) -> Task:
    """Return what is wanted for a drive whose car is to wait in a bay."""
    return Task(BringToBay(lending.vehicle.tag, bay), f"stage {lending.drive_id}")
