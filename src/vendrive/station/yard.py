"""The whole tower: the desks of its bays, the cars that nobody waits for, and the count of all cars."""

import logging
from collections.abc import Mapping

from vendrive.station.bay import Storing, TowerSide
from vendrive.station.controller import Task
from vendrive.station.desk import Desk
from vendrive.station.handover import HandOverTalk
from vendrive.station.outlook import Outlook
from vendrive.station.record import Record
from vendrive.station.returning import Phase, ReturnTalk
from vendrive.tower.control import GiveWay
from vendrive.tower.inventory import Doubt, places
from vendrive.wire.journal import Counted
from vendrive.wire.machine import NO_STOREY, STALE_AFTER_S, Lift, Operation, Snapshot

_TRANSFERS = {Operation.pick, Operation.place, Operation.finish_transfer}

log = logging.getLogger(__name__)


class Yard:
    """Lets every desk go on, and tidies up what was left on a lift."""

    def __init__(self, side: TowerSide, desks: Mapping[str, Desk]) -> None:
        self.desks = desks
        self._side = side
        self._tidying: dict[str, Storing] = {}
        self._to_count = ""
        self.outlook = Outlook(side, desks)
        self.ready = False
        for desk in desks.values():
            desk.serving, desk.promised, desk.free_bay = self._serving, self._promised, self._free_bay

    async def tick(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot; one that is too old changes nothing, but commands that have ended are settled."""
        fresh = self._side.clock.monotonic() - snapshot.read_at_s <= STALE_AFTER_S
        if fresh and not self.ready:
            self._recover(snapshot)
        if self.ready:
            if fresh:
                self.outlook.look(snapshot)
            if [desk for desk in self.desks.values() if desk.tick(snapshot)]:
                self._to_count = "after a conversation"
            if fresh:
                self._count(snapshot)
                self._tidy(snapshot)
        await self._side.controller.tick(snapshot)

    def _count(self, snapshot: Snapshot) -> None:
        """Journal where every car stands, as soon as none is between two places.

        Not while the sensors contradict each other or the journal: somebody looks. A car that is hidden in a bay stays
        where it is believed, if it is, and keeps no other bay waiting.
        """
        # Of a transfer of unknown outcome the sensors say which end it has come to.
        unknown = "after a transfer of unknown outcome" if self._record.facts.cut_short else ""
        reason = self._to_count or unknown
        if not reason or not self._stand_still(snapshot):
            return
        view = self._side.controller.view(snapshot)
        if not (view.sensed_doubts or any(not self._is_of_a_bay(doubt) for doubt in view.differences)):
            self._record.write(Counted(places=self._in_bays() | places(snapshot), reason=reason))
            self._to_count = ""

    def _is_of_a_bay(self, doubt: Doubt) -> bool:
        """Whether it is about a car that was last in a bay and is read nowhere: its place is kept."""
        tag, *at = doubt.about
        return tag in self._record.facts.places and len(at) == 1 and self._side.layout.is_bay(at[0])

    def _in_bays(self) -> dict[str, str]:
        """Return the places of the cars that were last in a bay. One that is read nowhere may have left: its hand-over
        says so, not a count. One that was to be returned, and whose street door did not close behind it, was driven
        out again.
        """
        facts, side = self._record.facts, self._side
        in_bays = {tag: at for tag, at in facts.places.items() if side.layout.is_bay(at)}
        vehicles = {tag: side.store.vehicle_of(tag) for tag in in_bays}
        lent = {tag for tag, vehicle in vehicles.items() if vehicle and vehicle.vehicle_id in facts.out.values()}
        return {tag: at for tag, at in in_bays.items() if tag not in lent or at not in facts.opened}

    @property
    def _record(self) -> Record:
        return self._side.record

    def _recover(self, snapshot: Snapshot) -> None:
        self.ready = True
        self._to_count = "start"
        self._side.controller.retry()
        self._count(snapshot)
        for desk in self.desks.values():
            desk.recover(snapshot)

    def _stand_still(self, snapshot: Snapshot) -> bool:
        """Whether every car stands in one place: no transfer is out, and none was asked for and has not ended."""
        asked = {given.operation for given in self._record.facts.open_commands.values()}
        return not asked & _TRANSFERS and all(lift.transfer_home for lift in snapshot.lifts)

    def _serving(self, drive_id: str) -> Desk | None:
        """Return the desk at work for a drive, whose customer is being verified for it, or where its car waits."""
        for desk in self.desks.values():
            if desk.knows(drive_id):
                return desk
        for name, desk in self.desks.items():
            # One that is on its way goes to wherever its person is verified.
            staging, places = desk.staging, self._record.facts.places
            if staging and staging.drive_id == drive_id and places.get(staging.vehicle.tag) == name:
                return desk
        return None

    def _free_bay(self, snapshot: Snapshot) -> str:
        """Return a bay to which a car could be brought now, or an empty string."""
        return next((name for name, desk in self.desks.items() if desk.takes_cars(snapshot)), "")

    def is_served(self, drive_id: str) -> bool:
        """Whether somebody is at a bay for this drive."""
        return any(desk.serves(drive_id) for desk in self.desks.values())

    def _promised(self, here: Desk, snapshot: Snapshot) -> int:
        """Return how many slots other bays count on: cars about to be returned, and cars that may have to go back."""
        count, read = 0, places(snapshot)
        for desk in self.desks.values():
            count += desk.staging is not None and desk is not here
            match desk.talk:
                case ReturnTalk() as talk if desk is not here and talk.phase in (Phase.drive_in, Phase.check):
                    count += 1 + talk.clearing
                case HandOverTalk() as talk if not talk.completed:
                    count += not self._side.layout.is_slot(read.get(talk.lending.vehicle.tag, ""))
                case _:
                    pass
        return count

    def _tidy(self, snapshot: Snapshot) -> None:
        """A car of ours that stands on a lift for nobody goes to a slot, and a transfer that is out for nobody ends."""
        for lift in snapshot.lifts:
            storing = self._tidying.get(lift.name)
            # While it still comes, the slot that it leaves is not free yet.
            stray = "" if lift.busy else self._stray(lift)
            if storing is None and stray:
                storing = self._tidying[lift.name] = Storing(self._side, lift.name, stray, "tidy up")
            if storing is None:
                self._side.controller.want(lift.name, _unfinished(lift))
                continue
            task = storing.task(snapshot)
            # In a bay it is the desk's, which alone knows what its doors are to do.
            in_bay = lift.transfer_home and self._side.layout.is_bay(places(snapshot).get(storing.tag, ""))
            if in_bay or storing.slot_reached(snapshot) or self._side.is_moved_for(storing.tag, lift.name):
                del self._tidying[lift.name]
                task = None
            self._side.controller.want(lift.name, task)

    def _stray(self, lift: Lift) -> str:
        ours = bool(lift.tag) and self._side.store.vehicle_of(lift.tag) is not None
        return lift.tag if ours and not self._side.is_moved_for(lift.tag, lift.name) else ""


def _unfinished(lift: Lift) -> Task | None:
    """Return the task that ends a transfer which was cut short: as long as it is out, its lift serves nobody else."""
    if lift.transfer_home or lift.busy or lift.storey == NO_STOREY:
        return None
    return Task(GiveWay(lift.name, lift.storey), "end a transfer")
