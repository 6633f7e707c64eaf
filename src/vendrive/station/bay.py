"""What the conversations at a bay share: what is sensed there, and how its space is cleared."""

from collections.abc import Iterable
from dataclasses import dataclass

from vendrive.clock import Clock
from vendrive.station.controller import Controller, Task
from vendrive.station.outlook import slot_for
from vendrive.station.record import Record
from vendrive.station.store import Lending, Store
from vendrive.tower import control
from vendrive.tower.control import CloseStreet, Stuck
from vendrive.tower.inventory import choose_slot, places, usable_slots
from vendrive.tower.layout import Layout
from vendrive.tower.view import hides
from vendrive.wire.errors import ErrorCode
from vendrive.wire.journal import HandedOver
from vendrive.wire.machine import NO_STOREY, Bay, Door, Snapshot


@dataclass(frozen=True)
class TowerSide:
    """The tower and the means of the station to serve it."""

    layout: Layout
    record: Record
    store: Store
    controller: Controller
    clock: Clock

    def reserved(self, key: str) -> set[str]:
        """Return the slots in which a car is believed, or into which another task brings one."""
        others = (task.goal for other, task in self.controller.tasks.items() if other != key)
        wanted = {goal.slot for goal in others if isinstance(goal, control.Store)}
        return wanted | set(self.record.facts.places.values()) | set(self.record.facts.locked)

    def free_slot(self, tag: str, key: str, snapshot: Snapshot) -> str | None:
        """Return the slot to which this car may go from where it stands, or None where there is no room."""
        where = places(snapshot).get(tag)
        if where is None:
            return None
        lifts = (where,) if self.layout.is_lift(where) else self.layout.place(where).lifts
        reserved, working = self.reserved(key), self.working(lifts, snapshot)
        usable = {slot.name for slot in usable_slots(snapshot, self.layout, reserved, working)}
        return slot_for(self, tag, key, snapshot, usable) or choose_slot(snapshot, self.layout, reserved, working)

    def is_moved_for(self, tag: str, others_than: str) -> bool:
        """Whether another task moves this car: two that want it elsewhere would never end."""
        goals = [task.goal for key, task in self.controller.tasks.items() if key != others_than]
        return any(isinstance(goal, control.BringToBay | control.Store) and goal.tag == tag for goal in goals)

    def working(self, lifts: Iterable[str], snapshot: Snapshot) -> list[str]:
        """Return which of these lifts are in service."""
        return [name for name in lifts if not self.controller.view(snapshot).out_of_service(name)]


@dataclass(frozen=True)
class BaySide(TowerSide):
    """One bay of the tower."""

    name: str

    def sensed(self, snapshot: Snapshot) -> Bay:
        """Return the bay as it is sensed."""
        return snapshot.bay(self.name)

    def free_slots(self, snapshot: Snapshot) -> int:
        """Return how many cars from this bay could be stored, one after the other."""
        lifts = self.working(self.layout.bay(self.name).lifts, snapshot)
        return len(usable_slots(snapshot, self.layout, self.reserved(self.name), lifts))

    def nobody(self, bay: Bay) -> bool:
        """Whether no source senses anybody, in the bay or in the car."""
        return not (bay.person or bay.cabin)

    def hides(self, bay: Bay) -> bool:
        """Whether a car stands in this bay that its sensors do not show."""
        return hides(bay, self.record.facts.shut_in)

    def has_left(self, tag: str, snapshot: Snapshot) -> bool:
        """Whether the car went out to the street: every source says that no car stands in the bay, no reader sees it,
        nothing of the machine reaches into the bay, and there was a way out.

        One source alone is not believed: a barrier that says "gone" has dropped a platform onto a car before. Who is
        still in the bay, and what a door says now, is another matter: a car that is gone is lent, whatever else is
        wrong.
        """
        bay, facts = self.sensed(snapshot), self.record.facts
        if (
            not bay.empty
            or bay.engine_running
            or tag in places(snapshot)
            or facts.places.get(tag, self.name) != self.name
            or self.name in facts.shut_in
            or not self._had_way_out(tag, bay)
        ):
            return False
        plan = self.layout.bay(self.name)
        near = [lift for lift in map(snapshot.lift, plan.lifts) if lift.storey in (plan.storey, NO_STOREY)]
        # Behind a closed inner door nothing reaches in: the lift may be at work at another bay of this level.
        out = [lift for lift in near if not lift.transfer_home and bay.inner_door != Door.closed]
        cut_short = [given for given in facts.cut_short.values() if given.arguments.get("place") == self.name]
        return not (out or cut_short)

    def _had_way_out(self, tag: str, bay: Bay) -> bool:
        """Whether the street door was open since the car stood behind it, or two persons saw that it is gone.

        All sensors of a bay that go dead at once look like a car that drove off. Behind a closed door it has not. A
        door whose own switch says open is a way out, whatever its command was answered.
        """
        facts = self.record.facts
        return self.name in facts.opened or bay.street_door == Door.open or tag not in facts.places

    def write_handed_over(self, lending: Lending) -> None:
        """Journal that the drive's car has left this bay with its driver."""
        vehicle = lending.vehicle
        self.record.write(
            HandedOver(drive_id=lending.drive_id, vehicle_id=vehicle.vehicle_id, tag=vehicle.tag, bay=self.name)
        )

    def in_the_way(self, tag: str, snapshot: Snapshot) -> str | None:
        """Return the tag of another car of ours that stands in the bay, or in front of the slot of this one.

        Not of one before an open street door: its driver has not given the word that it may go in.
        """
        where = places(snapshot).get(tag, "")
        front = self.layout.slot(where).behind if self.layout.is_slot(where) else ""
        before = snapshot.slot(front).tag if front else ""
        bay = self.sensed(snapshot)
        for other in (bay.tag if bay.street_door == Door.closed else "", before):
            if other and other != tag and self.store.vehicle_of(other):
                return other
        return None

    def closing(self) -> Task:
        return Task(CloseStreet(self.name), "close the street door")


class Storing:
    """Brings one car into a slot, and keeps to that slot as long as it is free."""

    def __init__(self, side: TowerSide, key: str, tag: str, purpose: str) -> None:
        self._side = side
        self._key = key
        self.tag = tag
        self._purpose = purpose
        self._slot: str | None = None
        # A car that is in front of another one goes from slot to slot.
        self._leave: str | None = None

    def away_from(self, slot: str) -> "Storing":
        """Bring the car out of this slot, where it stands, into another one."""
        self._leave = slot
        return self

    def task(self, snapshot: Snapshot) -> Task | None:
        """Return the task, or None where there is no room."""
        standing = places(snapshot).get(self.tag)
        if standing is not None and self._side.layout.is_slot(standing) and standing != self._leave:
            self._slot = standing
        elif self._slot is None or self._taken():
            self._slot = self._side.free_slot(self.tag, self._key, snapshot)
        return Task(control.Store(self.tag, self._slot), self._purpose) if self._slot else None

    def slot_reached(self, snapshot: Snapshot) -> str | None:
        """Return the slot where the car now stands, with everything at rest."""
        task = self.task(snapshot)
        return self._slot if task and self._side.controller.is_reached(task, snapshot) else None

    def _taken(self) -> bool:
        # Only what the controller found stuck: while a transfer is out, our own car fills the slot.
        step = self._side.controller.step(self._key)
        return isinstance(step, Stuck) and step.code == ErrorCode.no_room
