"""The hand-over of one car to one verified person.

bringing -> staged -> open -> (the car leaves) -> closing -> over, and staged -> storing_back when the window ends.
`live` says that the verified person's session goes on; the street door opens to nobody else. Whether steps of the
machine come next is the controller's matter.
"""

from enum import StrEnum

from vendrive.station.bay import BaySide, Storing
from vendrive.station.controller import Task
from vendrive.station.store import Lending
from vendrive.tower.control import BringToBay, OpenStreet, Stuck, Wait
from vendrive.tower.inventory import places
from vendrive.wire.errors import ErrorCode
from vendrive.wire.journal import HandOverAborted, VehiclePresented
from vendrive.wire.machine import Door, Snapshot

NOBODY_CAME_S = 180.0
STUCK_S = 120.0
# So long a car may take to come. Who is still there then is verified again: the door opens to nobody from hours ago.
SESSION_S = 900.0
CANCELLED = "cancelled"
TIMED_OUT = "timed_out"


class Phase(StrEnum):
    """Where a hand-over stands."""

    bringing = "bringing"
    staged = "staged"
    open = "open"
    closing = "closing"
    storing_back = "storing_back"
    over = "over"


class HandOverTalk:
    """One hand-over. `tick` looks at what is sensed and says, in `task`, what is wanted."""

    def __init__(self, lending: Lending, side: BaySide, live: bool) -> None:
        self.lending = lending
        self.live = live
        self.phase = Phase.bringing
        self.task: Task | None = None
        self._side = side
        self._active_s = side.clock.monotonic()
        self._somebody = False
        self._storing: Storing | None = None
        self._stuck_since_s: float | None = None

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self.phase == Phase.over

    @property
    def completed(self) -> bool:
        """Whether the car has left with its driver."""
        return self.lending.drive_id in self._side.record.facts.used

    def admits(self, drive_id: str, snapshot: Snapshot | None) -> bool:
        """Whether this person may begin now: the same one again, or another where nobody can reach this car."""
        if self.live or self.phase in (Phase.closing, Phase.over):
            return False
        shut = snapshot is not None and self._side.sensed(snapshot).street_door == Door.closed
        return drive_id == self.lending.drive_id or shut

    def resume(self) -> None:
        """The same person was verified again."""
        self.live = True
        self._active_s = self._side.clock.monotonic()
        if self.phase == Phase.storing_back:
            self.phase = Phase.bringing

    def abort(self, code: str) -> None:
        """End the person's session; the car stays for them until the window ends."""
        if not self.live:
            return
        self.live = False
        self._side.record.write(HandOverAborted(drive_id=self.lending.drive_id, code=code))
        if self.phase == Phase.open:
            self.phase = Phase.staged

    def tick(self, snapshot: Snapshot) -> None:
        """Go on from what is sensed; `snapshot` is fresh."""
        if self.live and self.phase == Phase.bringing and self._is_cancelled():
            self.abort(CANCELLED)
        if self.live and self.phase == Phase.bringing and self._idle_s() > SESSION_S:
            self.abort(TIMED_OUT)
        match self.phase:
            case Phase.bringing:
                self._bring(snapshot)
            case Phase.staged | Phase.open:
                self._stand(snapshot)
            case Phase.storing_back:
                self._store_back(snapshot)
            case Phase.closing:
                self._close(snapshot)
            case Phase.over:
                self.task = None

    def _bring(self, snapshot: Snapshot) -> None:
        vehicle, side = self.lending.vehicle, self._side
        if self.lending.drive_id in side.record.facts.presented and side.has_left(vehicle.tag, snapshot):
            # It drove off while this program was down, through the door that was open to its person.
            self._handed_over()
            return
        other = side.in_the_way(vehicle.tag, snapshot)
        if self._storing and not other and side.is_moved_for(self._storing.tag, side.name):
            self._storing = None  # it has left this bay, and its person waits at another one
        if other or self._storing:
            self._clear(other, snapshot)
            return
        self.task = Task(BringToBay(vehicle.tag, side.name), f"hand-over {self.lending.drive_id}")
        if side.controller.is_reached(self.task, snapshot):
            self._present()
        elif self._waits_for_people() and places(snapshot).get(vehicle.tag) != side.name:
            # It is put away again: a lift with a car that waits before one bay would keep the others waiting too.
            self._give_up_in_time(ErrorCode.person_in_bay, patient=True)
        else:
            self._give_up_in_time(self._stuck())

    def _give_up_in_time(self, code: ErrorCode | None, patient: bool = False) -> None:
        """Nobody waits for ever for a car that does not come: they are told why, and the pass stays good. `patient`:
        what keeps it may be gone in a moment.
        """
        if code is None:
            self._stuck_since_s = None
            return
        now = self._side.clock.monotonic()
        self._stuck_since_s = now if self._stuck_since_s is None else self._stuck_since_s
        if now - self._stuck_since_s > STUCK_S or not (self.live or patient):
            self.abort(code)
            self.phase = Phase.over

    def _is_cancelled(self) -> bool:
        """Whether the drive was cancelled in its window; what retail ends after it does not send anybody away."""
        in_window = self._side.clock.now() < self.lending.not_after
        return in_window and self._side.store.is_cancelled(self.lending)

    def _clear(self, other: str | None, snapshot: Snapshot) -> None:
        """Store the car that is in the way; it goes on until that car stands in its slot."""
        if self._storing is None or (other and self._storing.tag != other):
            self._storing = Storing(self._side, self._side.name, other or "", "clear the bay")
            standing = places(snapshot).get(other or "", "")
            if self._side.layout.is_slot(standing):
                self._storing.away_from(standing)
        self.task = self._storing.task(snapshot)
        if self._storing.slot_reached(snapshot):
            self._storing = None
        self._give_up_in_time(ErrorCode.no_room if self.task is None else self._stuck())

    def _present(self) -> None:
        drive, vehicle, facts = self.lending.drive_id, self.lending.vehicle, self._side.record.facts
        # Once more where it was put away in between: who drives off with it then is found by this too.
        if facts.shown.get(vehicle.tag) != (drive, self._side.name):
            self._side.record.write(
                VehiclePresented(drive_id=drive, vehicle_id=vehicle.vehicle_id, bay=self._side.name, tag=vehicle.tag)
            )
        self.phase = Phase.open if self.live else Phase.staged
        self._active_s = self._side.clock.monotonic()

    def _stand(self, snapshot: Snapshot) -> None:
        """The car stands in the bay; the door is open to the live session alone."""
        side, bay = self._side, self._side.sensed(snapshot)
        if side.has_left(self.lending.vehicle.tag, snapshot):
            self._handed_over()
            return
        if bay.street_door == Door.closed and bay.tag != self.lending.vehicle.tag:
            # Work by hand has moved it since: this door opens to its own car alone.
            self.phase = Phase.bringing
            self._bring(snapshot)
            return
        somebody = not side.nobody(bay) or bay.engine_running
        if somebody or self._somebody:
            # Who has left since the last look may have left a moment ago.
            self._active_s = side.clock.monotonic()
        self._somebody = somebody
        if self.live and self._idle_s() > NOBODY_CAME_S:
            self.abort(TIMED_OUT)
        if self.live:
            self.phase, self.task = Phase.open, Task(OpenStreet(side.name), f"hand-over {self.lending.drive_id}")
            return
        self.phase, self.task = Phase.staged, side.closing()
        over = side.clock.now() >= self.lending.not_after or side.store.is_cancelled(self.lending)
        if bay.street_door == Door.closed and over:
            self.phase = Phase.storing_back

    def _idle_s(self) -> float:
        """Return for how long nobody was verified, no car was presented and nobody was sensed at it."""
        return self._side.clock.monotonic() - self._active_s

    def _handed_over(self) -> None:
        self._side.write_handed_over(self.lending)
        self.live, self.phase, self.task = False, Phase.closing, self._side.closing()
        self._side.store.forget_check(self.lending.drive_id)

    def _store_back(self, snapshot: Snapshot) -> None:
        if self._side.has_left(self.lending.vehicle.tag, snapshot):
            # A sensor that stuck had hidden that it drove off.
            self._handed_over()
            return
        self._storing = self._storing or Storing(
            self._side, self._side.name, self.lending.vehicle.tag, "the window has ended"
        )
        self.task = self._storing.task(snapshot)
        if self._storing.slot_reached(snapshot):
            self.phase, self._storing = Phase.over, None

    def _close(self, snapshot: Snapshot) -> None:
        self.task = self._side.closing()
        if self._side.controller.is_reached(self.task, snapshot):
            self.phase = Phase.over

    def problem(self) -> ErrorCode | None:
        """Return why the machine does not go on, where only somebody else can decide, or people are in its way."""
        if self.live and self.phase == Phase.bringing and self._waits_for_people():
            return ErrorCode.person_in_bay
        return self._stuck() if self.live else None

    def _waits_for_people(self) -> bool:
        step = self._side.controller.step(self._side.name)
        return isinstance(step, Wait) and step.for_people

    def _stuck(self) -> ErrorCode | None:
        step = self._side.controller.step(self._side.name)
        return step.code if isinstance(step, Stuck) else None


def restored(lending: Lending, side: BaySide) -> HandOverTalk:
    """Return the hand-over that the journal shows as open: it goes on, but the door waits for the person again."""
    return HandOverTalk(lending, side, live=False)
