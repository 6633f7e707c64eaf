"""The whole tower: the desks of its bays, the cars that nobody waits for, and the count of all cars."""

import logging
from collections.abc import Callable, Mapping

from vendrive.station.bay import Storing, TowerSide
from vendrive.station.desk import Desk
from vendrive.station.handover import HandOverTalk
from vendrive.station.record import Record
from vendrive.station.returning import Phase, ReturnTalk
from vendrive.tower.control import BringToBay, Store
from vendrive.tower.inventory import places
from vendrive.wire.journal import Counted
from vendrive.wire.machine import STALE_AFTER_S, Lift, Snapshot

log = logging.getLogger(__name__)


class Yard:
    """Lets every desk go on, and tidies up what was left on a lift."""

    def __init__(self, side: TowerSide, desks: Mapping[str, Desk]) -> None:
        self.desks = desks
        self._side = side
        self._tidying: dict[str, Storing] = {}
        self.ready = False
        self.changed: Callable[[], None] = lambda: None
        for desk in desks.values():
            desk.serving, desk.promised = self._serving, self._promised

    async def tick(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot; one that is too old changes nothing, but commands that have ended are settled."""
        fresh = self._side.clock.monotonic() - snapshot.read_at_s <= STALE_AFTER_S
        if fresh and not self.ready:
            self._recover(snapshot)
        if self.ready:
            ended = [desk for desk in self.desks.values() if desk.tick(snapshot)]
            if ended:
                self.count(snapshot, "after a conversation")
            elif fresh and self._record.facts.cut_short and self._at_rest(snapshot):
                # The sensors agree which end a transfer of unknown outcome has come to.
                self.count(snapshot, "after a transfer of unknown outcome")
            if fresh:
                self._tidy(snapshot)
        await self._side.controller.tick(snapshot)
        self.changed()

    def count(self, snapshot: Snapshot, reason: str) -> None:
        """Journal where every car stands, unless the sensors contradict each other or the journal: somebody looks.

        While a transfer is out, the places at its level are compared with nothing: a count would forget a car there.
        """
        home = all(lift.transfer_home for lift in snapshot.lifts)
        if home and not self._side.controller.view(snapshot).doubts:
            read = places(snapshot)
            # A car that was in a bay and is read nowhere may have left: that is for its hand-over to say, not for a count.
            gone = {tag: at for tag, at in self._record.facts.places.items() if self._side.layout.is_bay(at)}
            self._record.write(Counted(places=gone | read, reason=reason))

    @property
    def _record(self) -> Record:
        return self._side.record

    def _recover(self, snapshot: Snapshot) -> None:
        self.ready = True
        self.count(snapshot, "start")
        for desk in self.desks.values():
            desk.recover(snapshot)

    def _at_rest(self, snapshot: Snapshot) -> bool:
        return not self._record.facts.open_commands and all(
            lift.transfer_home and not lift.busy for lift in snapshot.lifts
        )

    def _serving(self, drive_id: str) -> Desk | None:
        """Return the desk at work for a drive, or whose customer is being verified for it."""
        for desk in self.desks.values():
            talking = desk.talk is not None and desk.talk.lending.drive_id == drive_id
            if talking or (desk.asking is not None and desk.asking.lending.drive_id == drive_id):
                return desk
        return None

    def _promised(self, here: Desk, snapshot: Snapshot) -> int:
        """Return how many slots other bays count on: cars about to be returned, and cars that may have to go back."""
        count, read = 0, places(snapshot)
        for desk in self.desks.values():
            match desk.talk:
                case ReturnTalk() as talk if desk is not here and talk.phase in (Phase.drive_in, Phase.check):
                    count += 1
                case HandOverTalk() as talk if not talk.completed:
                    count += not self._side.layout.is_slot(read.get(talk.lending.vehicle.tag, ""))
                case _:
                    pass
        return count

    def _tidy(self, snapshot: Snapshot) -> None:
        """A car of ours that stands on a lift for nobody goes to a slot."""
        for lift in snapshot.lifts:
            stray = self._stray(lift)
            storing = self._tidying.get(lift.name)
            if storing is None and stray:
                storing = self._tidying[lift.name] = Storing(self._side, lift.name, stray, "tidy up")
            if storing is None:
                continue
            task = storing.task(snapshot)
            if storing.slot_reached(snapshot) or self._is_wanted(storing.tag, lift.name):
                del self._tidying[lift.name]
                task = None
            self._side.controller.want(lift.name, task)

    def _stray(self, lift: Lift) -> str:
        ours = bool(lift.tag) and self._side.store.vehicle_of(lift.tag) is not None
        return lift.tag if ours and not self._is_wanted(lift.tag, lift.name) else ""

    def _is_wanted(self, tag: str, lift: str) -> bool:
        """Whether a task of a bay moves this car."""
        goals = [task.goal for key, task in self._side.controller.tasks.items() if key != lift]
        return any(isinstance(goal, BringToBay | Store) and goal.tag == tag for goal in goals)
