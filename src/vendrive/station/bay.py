"""What both conversations at a bay share: what is sensed there, and how its space is cleared."""

from dataclasses import dataclass

from vendrive.clock import Clock
from vendrive.station.controller import Controller, Task
from vendrive.station.record import Record
from vendrive.station.store import Store
from vendrive.tower.control import CloseStreet, StoreFromBay, Stuck
from vendrive.tower.inventory import choose_slot, places
from vendrive.tower.layout import Layout
from vendrive.wire.errors import ErrorCode
from vendrive.wire.machine import Bay, Door, Snapshot


@dataclass(frozen=True)
class BaySide:
    """One bay of the tower and the means of the station to serve it."""

    name: str
    layout: Layout
    record: Record
    store: Store
    controller: Controller
    clock: Clock

    def sensed(self, snapshot: Snapshot) -> Bay:
        """Return the bay as it is sensed."""
        return snapshot.bay(self.name)

    def nobody(self, bay: Bay) -> bool:
        """Whether no source senses anybody, in the bay or in the car."""
        return not (bay.person or bay.cabin)

    def has_left(self, tag: str, snapshot: Snapshot) -> bool:
        """Whether the car went out to the street: nothing in the bay, nobody there, and no reader inside sees it."""
        bay = self.sensed(snapshot)
        gone = not bay.vehicle and not bay.tag and self.nobody(bay)
        return gone and bay.street_door != Door.closed and bay.inner_door == Door.closed and tag not in places(snapshot)

    def in_the_way(self, tag: str, snapshot: Snapshot) -> str | None:
        """Return the tag of another car of ours that stands in the bay or on its lift."""
        lift = snapshot.lift(self.layout.bay(self.name).lift)
        for other in (lift.tag, self.sensed(snapshot).tag):
            if other and other != tag and self.store.vehicle_of(other):
                return other
        return None

    def closing(self) -> Task:
        return Task(CloseStreet(self.name), "close the street door")


class Storing:
    """Brings one car of the bay into a slot, and keeps to that slot as long as it is free."""

    def __init__(self, side: BaySide, tag: str, purpose: str) -> None:
        self._side = side
        self.tag = tag
        self._purpose = purpose
        self._slot: str | None = None

    def task(self, snapshot: Snapshot) -> Task | None:
        """Return the task, or None where there is no room."""
        standing = places(snapshot).get(self.tag)
        slots = {plan.name for plan in self._side.layout.slots}
        if standing in slots:
            self._slot = standing
        elif self._slot is None or self._taken(snapshot):
            self._slot = choose_slot(snapshot, self._side.layout, ())
        return Task(StoreFromBay(self.tag, self._side.name, self._slot), self._purpose) if self._slot else None

    def slot_reached(self, snapshot: Snapshot) -> str | None:
        """Return the slot where the car now stands, with everything at rest."""
        task = self.task(snapshot)
        return self._slot if task and self._side.controller.is_reached(task, snapshot) else None

    def _taken(self, snapshot: Snapshot) -> bool:
        # Only what the controller found stuck: while a transfer is out, our own car fills the slot.
        step = self._side.controller.step
        return isinstance(step, Stuck) and step.code == ErrorCode.no_room
