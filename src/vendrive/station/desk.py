"""The desk of one bay: who is being served, what its kiosk shows, and what is wanted of the machine for them.

It lives in one loop: HTTP handlers call its verbs, the yard calls `tick` with each snapshot. A refused person changes
nothing here but the journal.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from vendrive.clock import Clock
from vendrive.station import handover
from vendrive.station.admission import Admission
from vendrive.station.bay import BaySide, Storing
from vendrive.station.controller import Task
from vendrive.station.handover import HandOverTalk
from vendrive.station.link import Link
from vendrive.station.outlook import is_free, staging_task
from vendrive.station.returning import Phase, ReturnTalk
from vendrive.station.store import Lending
from vendrive.tower.inventory import between_places, places
from vendrive.wire.alarms import AlarmName
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.journal import (
    HandOverAborted,
    PersonRefused,
    PersonVerified,
    ReturnStarted,
    VehicleLetOut,
    VehicleShutIn,
)
from vendrive.wire.machine import STALE_AFTER_S, Bay, Door, Mode, Plc, Snapshot

ASKING_S = 90.0
FAREWELL_S = 12.0
MISMATCHES = 8

log = logging.getLogger(__name__)
Talk = HandOverTalk | ReturnTalk


@dataclass(frozen=True)
class Asking:
    """A pass was shown; its holder is to be verified."""

    lending: Lending
    method: str
    until_s: float
    mismatches: int = 0


@dataclass(frozen=True)
class Farewell:
    """What the kiosk says for a moment after a conversation."""

    screen: str
    lending: Lending
    slot: str | None
    until_s: float


class Desk:
    """One bay's desk."""

    def __init__(self, side: BaySide, admission: Admission, link: Link, clock: Clock) -> None:
        self.side = side
        self.asking: Asking | None = None
        self.talk: Talk | None = None
        self._farewell: Farewell | None = None
        self._admission = admission
        self._record = side.record
        self._link = link
        self._clock = clock
        self._tidying: Storing | None = None
        # The tag of a car here that the journal does not know of yet, an empty string where it is not read.
        self._stood: str | None = None
        # Of one that is shut in: whether it is in sight, and was since the door was closed.
        self._shown = False
        # The drive whose car waits here, or is brought here, before its person comes.
        self.staging: Lending | None = None
        self._verifying = False
        self.ready = False
        # Which desk of the tower is at work for a drive; the yard knows all of them.
        self.serving: Callable[[str], Desk | None] = lambda drive_id: None
        # Another bay to which a car could be brought now, or an empty string.
        self.free_bay: Callable[[Snapshot], str] = lambda snapshot: ""
        # Whom this desk has sent there.
        self._sent_on = ""
        # How many slots are promised to cars of the other bays.
        self.promised: Callable[[Desk, Snapshot], int] = lambda desk, snapshot: 0

    @property
    def is_idle(self) -> bool:
        """Whether nobody is served or asked here, and nothing is tidied up."""
        return self.ready and self.talk is None and self.asking is None and self._tidying is None

    @property
    def is_serving(self) -> bool:
        """Whether somebody is served here who was verified, or who brings a car."""
        return self.talk is not None

    def serves(self, drive_id: str) -> bool:
        """Whether this drive's person is served here, who was verified or brings the car."""
        return self.talk is not None and self.talk.lending.drive_id == drive_id

    def knows(self, drive_id: str) -> bool:
        """Whether this drive is served here, or its person is being verified."""
        return self.serves(drive_id) or (self.asking is not None and self.asking.lending.drive_id == drive_id)

    @property
    def tidying(self) -> Storing | None:
        """The car that is put away without anybody."""
        return self._tidying

    # What people at the kiosk do

    def show_collect_pass(self, text: str) -> Asking:
        """Take a pass for collecting; refuses with the code that the person is told."""
        with _Journaled(self) as told:
            lending, claims = self._admission.read(text)
            told.drive_id = lending.drive_id
            self._admission.check_collect(lending, claims, self._record.facts)
            self._check_free(lending.drive_id)
            self._check_here(lending.drive_id)
            snapshot = self._machine_now()
            standing = places(snapshot).get(lending.vehicle.tag)
            if standing is None and self.talk is None:
                raise Refused(ErrorCode.car_missing)
            # It would be brought in vain.
            if standing != self.side.name and self.side.hides(self.side.sensed(snapshot)):
                raise Refused(ErrorCode.machine_contradiction)
            if standing != self.side.name and self.is_blocked:
                raise Refused(ErrorCode.person_in_bay)
            method = self._admission.method(lending)
        self._farewell = None
        self.asking = Asking(lending, method, self._clock.monotonic() + ASKING_S)
        return self.asking

    async def show_face(self, picture: bytes) -> None:
        """Compare one frame with the holder's template."""
        asking = self._asked("face")
        with self._one_verification():
            try:
                distance = await self._admission.verify_face(asking.lending, picture)
            except Refused as refusal:
                self._count_mismatch(asking, refusal)
                raise
        self._verified(asking, "face", distance)

    async def type_pin(self, typed: str) -> None:
        """Compare a typed PIN."""
        asking = self._asked("pin")
        with self._one_verification(), _Journaled(self, asking.lending.drive_id) as told:
            told.on_refusal = lambda code: self._end_asking(asking) if code == ErrorCode.pin_locked else None
            await self._admission.verify_pin(asking.lending, typed)
        self._verified(asking, "pin", None)

    @property
    def is_blocked(self) -> bool:
        """Whether somebody or something stays in the bay, and staff were told."""
        alarms = self._record.facts.alarms
        return any(f"{name} {self.side.name}" in alarms for name in (AlarmName.person_stays, AlarmName.thing_left))

    @property
    def shuts_in(self) -> bool:
        """Whether a car that nobody has taken in stands behind the closed street door, sensed or not."""
        return self.side.name in self._record.facts.shut_in

    def show_return_pass(self, text: str) -> None:
        """Take a pass for bringing a car back; the street door opens where the bay is free and there is room, or to who
        took the key along of a car that is being returned.
        """
        with _Journaled(self) as told:
            lending, _ = self._admission.read(text)
            told.drive_id = lending.drive_id
            facts = self._record.facts
            if lending.drive_id not in facts.out:
                moved = lending.drive_id in facts.used and self.side.store.is_cancelled(lending)
                raise Refused(ErrorCode.return_not_here if moved else ErrorCode.nothing_lent)
            if isinstance(self.talk, ReturnTalk) and self.talk.lending.drive_id == lending.drive_id:
                self.talk.take_back(self._machine_now())
                return
            if self.talk is not None or self.asking is not None:
                raise Refused(ErrorCode.kiosk_busy)
            self._check_here(lending.drive_id)
            snapshot = self._machine_now()
            self._check_room(snapshot, lending.vehicle.tag)
            self._send_on(lending, snapshot)
        self._farewell = None
        self._record.write(ReturnStarted(drive_id=lending.drive_id, bay=self.side.name))
        self.talk = ReturnTalk(lending, self.side, self._waiting_here(snapshot))

    def declare(self, engine_off: bool, key_in_box: bool, nobody_inside: bool) -> None:
        """Take the borrower's word that the car may go in."""
        if not isinstance(self.talk, ReturnTalk):
            raise Refused(ErrorCode.nothing_lent)
        self.talk.declare(self._machine_now(), engine_off, key_in_box, nobody_inside)

    def cancel(self) -> None:
        """Give up what was begun; a return only while no car stands in the bay."""
        if isinstance(self.talk, ReturnTalk):
            self.talk.cancel(self._machine_now())
        elif self.talk is not None and self.asking is None:
            self.talk.abort(handover.CANCELLED)
        self._end_asking()
        self._farewell = None

    @property
    def farewell(self) -> Farewell | None:
        """What the last person here is told, for a while."""
        said = self._farewell
        return said if said is not None and self._clock.monotonic() < said.until_s else None

    # What the machine's snapshots bring

    def tick(self, snapshot: Snapshot) -> bool:
        """Go on from a snapshot; one that is too old changes nothing.

        Returns whether a conversation has ended, or a car was put away without one.
        """
        now = self._clock.monotonic()
        if self.asking is not None and now > self.asking.until_s and not self._verifying:
            self._end_asking()
        return now - snapshot.read_at_s <= STALE_AFTER_S and self._go_on(snapshot)

    def _go_on(self, snapshot: Snapshot) -> bool:
        ended = False
        self._note_shut_in(snapshot)
        if self.talk is not None:
            self._note_left(snapshot, self.talk.lending.drive_id)
            self.talk.tick(snapshot)
            if self.talk.over:
                self._end_talk(self.talk)
                ended = True
        tidied = self._tidying
        self.side.controller.want(self.side.name, self.talk.task if self.talk is not None else self._tidy(snapshot))
        return ended or (tidied is not None and self._tidying is None)

    def _note_shut_in(self, snapshot: Snapshot) -> None:
        """A car behind a closed street door has not left, though its sensors may die: the journal knows it first.

        Nor has one that stood before an open door, and was never sensed to be gone until that was closed. It is let out
        only where it was in sight since before the door began to open.
        """
        name, bay, record = self.side.name, self.side.sensed(snapshot), self._record
        if name in record.facts.shut_in:
            self._look_at_shut_in(bay)
        elif bay.shows_car:
            self._stood = bay.tag if self._is_news(bay, snapshot) else None
        elif bay.empty and bay.street_door == Door.open:
            self._stood = None
        if self._stood is not None and bay.street_door == Door.closed:
            record.write(VehicleShutIn(bay=name, tag=self._stood))
            self._stood = None
        if record.facts.shut_in or record.facts.alarms:
            record.follow(AlarmName.count_differs, name, self.side.hides(bay), "a car that stood there")

    def _look_at_shut_in(self, bay: Bay) -> None:
        """Journal that the car is let out, or its tag, where that was not read at first."""
        shut, known = bay.street_door == Door.closed, self._record.facts.shut_in[bay.name]
        self._shown = not self.side.hides(bay) and (shut or self._shown)
        if shut and bay.shows_car and bay.tag and not known:
            self._record.write(VehicleShutIn(bay=bay.name, tag=bay.tag))
        if self._shown and bay.street_door == Door.open:
            self._record.write(VehicleLetOut(bay=bay.name))

    def _is_news(self, bay: Bay, snapshot: Snapshot) -> bool:
        """Whether the journal does not know that this car stands here, or not that the door closed behind it."""
        facts, name = self._record.facts, self.side.name
        believed = facts.places.get(bay.tag) == name if bay.tag else name in facts.places.values()
        if believed:
            return bay.street_door == Door.closed and name in facts.opened
        return name not in between_places(snapshot, self.side.layout) and not self._reached_into()

    def _end_talk(self, talk: Talk) -> None:
        until = self._clock.monotonic() + FAREWELL_S
        if talk.lending.drive_id == self._record.facts.handing_over.get(self.side.name):
            # It ended without its person, so nothing said so yet: the next start must not bring the car again.
            self._record.write(HandOverAborted(drive_id=talk.lending.drive_id, code=handover.TIMED_OUT))
        self.talk = None
        if isinstance(talk, ReturnTalk) and talk.slot is not None:
            self._farewell = Farewell("returned", talk.lending, talk.slot, until)
        elif isinstance(talk, HandOverTalk) and talk.completed:
            self._farewell = Farewell("done", talk.lending, None, until)

    def _tidy(self, snapshot: Snapshot) -> Task | None:
        """Nobody is served: a car of ours that was left on the way goes to a slot, an empty bay is shut."""
        bay = self.side.sensed(snapshot)
        self._note_left(snapshot)
        if self._tidying is not None and bay.empty and self._tidying.tag not in places(snapshot):
            self._tidying = None  # a reader that stuck had shown a car that is gone
        left = self.side.in_the_way("", snapshot)
        if self.staging is not None and self._tidying is None and left in (None, self.staging.vehicle.tag):
            return self._stage(self.staging, snapshot)
        if self._tidying is not None and not left and self.side.is_moved_for(self._tidying.tag, self.side.name):
            self._tidying = None  # it has left this bay, and its person waits at another one
        if self._tidying is None and left and bay.street_door == Door.closed:
            self._tidying = Storing(self.side, self.side.name, left, "tidy up")
        if self._tidying is not None:
            task = self._tidying.task(snapshot)
            if self._tidying.slot_reached(snapshot):
                self._tidying = None
            return task
        if (bay.empty or self._is_the_towers(bay)) and bay.street_door != Door.closed:
            return self.side.closing()
        return None

    def _is_the_towers(self, bay: Bay) -> bool:
        """Whether the car in the bay is in the tower's keeping, and lent to nobody: its door is open to nobody then."""
        facts, vehicle = self._record.facts, self.side.store.vehicle_of(bay.tag) if bay.tag else None
        here = facts.places.get(bay.tag) == self.side.name
        lent = vehicle is None or vehicle.vehicle_id in facts.out.values()
        # A car that came back without its return, by hand, and was presented since, counts as lent still.
        return here and (not lent or bay.tag in facts.shown)

    def _stage(self, lending: Lending, snapshot: Snapshot) -> Task | None:
        """Bring the car that its person will come for, behind a closed street door."""
        bay = self.side.sensed(snapshot)
        if bay.empty and bay.street_door != Door.closed:
            return self.side.closing()
        return staging_task(lending, self.side.name)

    def _waiting_here(self, snapshot: Snapshot) -> str:
        """Return the tag of the car that waits here for its person, who has not come; or an empty string."""
        tag = self.staging.vehicle.tag if self.staging is not None else ""
        bay = self.side.sensed(snapshot)
        return tag if tag and bay.tag == tag and bay.street_door == Door.closed else ""

    def _note_left(self, snapshot: Snapshot, served: str = "") -> None:
        """A car that was presented here and is gone is lent, though a sensor hid it until its conversation was over. Of
        the drive that is `served` its conversation says so.
        """
        facts, here = self._record.facts, self.side.name
        for tag, (drive, bay) in list(facts.shown.items()):
            if bay != here or drive == served or not self.side.has_left(tag, snapshot):
                continue
            lending = self.side.store.lending(drive)
            if lending is not None:
                self.side.write_handed_over(lending)
                self.side.store.forget_check(drive)

    def recover(self, snapshot: Snapshot) -> None:
        """Find the conversation that was open when the program ended; what is sensed decides what goes on."""
        self.ready = True
        bay = self.side.sensed(snapshot)
        # Three sources at once do not flicker: it may have been in sight as long as nobody looked.
        self._shown = bay.vehicle and bay.in_place and bool(bay.tag)
        self.talk = self._open_return(snapshot) or self._open_hand_over(snapshot)
        log.info("%s: %s", self.side.name, type(self.talk).__name__ if self.talk else "nobody was being served")

    def _open_return(self, snapshot: Snapshot) -> ReturnTalk | None:
        """Return the return that goes on: its own car is here, or a wrong one stands before the open street door."""
        facts, bay = self._record.facts, self.side.sensed(snapshot)
        coming = self.side.store.lending(facts.returning.get(self.side.name, ""))
        if coming is None or coming.drive_id not in facts.out:
            return None
        talk, standing = ReturnTalk(coming, self.side), places(snapshot).get(coming.vehicle.tag)
        shut_in = bay.street_door == Door.closed and facts.places.get(coming.vehicle.tag) == bay.name
        taken_in = standing is None and (shut_in or self._reached_into())
        if taken_in or standing not in (None, bay.name) or (standing and bay.street_door == Door.closed):
            talk.resume_storing()
        if talk.phase == Phase.storing or standing == bay.name:
            return talk
        if standing is None and self.side.hides(bay) and facts.shut_in[bay.name] == coming.vehicle.tag:
            return talk
        # A talk at its beginning would open the door, and what stands behind it may be not the borrower's.
        return talk if standing is None and bay.vehicle and bay.street_door != Door.closed else None

    def _reached_into(self) -> bool:
        """Whether a transfer at this bay has no known end: what it holds may be read nowhere."""
        facts = self._record.facts
        given = (*facts.cut_short.values(), *facts.open_commands.values())
        return any(command.arguments.get("place") == self.side.name for command in given)

    def _open_hand_over(self, snapshot: Snapshot) -> HandOverTalk | None:
        """Return the hand-over that goes on; none is begun for a car that stands in its slot when its time is over."""
        handing = self.side.store.lending(self._record.facts.handing_over.get(self.side.name, ""))
        if handing is None:
            return None
        stored = self.side.layout.is_slot(places(snapshot).get(handing.vehicle.tag, ""))
        over = self._clock.now() >= handing.not_after or self.side.store.is_cancelled(handing)
        return None if stored and over else handover.restored(handing, self.side)

    # Small parts of the verbs

    def _check_free(self, drive_id: str) -> None:
        if self.asking is not None and self.asking.lending.drive_id != drive_id:
            raise Refused(ErrorCode.kiosk_busy)
        if self._tidying is not None or isinstance(self.talk, ReturnTalk):
            raise Refused(ErrorCode.kiosk_busy)
        if self.talk is not None and not self.talk.admits(drive_id, self._link.fresh):
            raise Refused(ErrorCode.kiosk_busy)

    def _check_here(self, drive_id: str) -> None:
        """Refuse where another bay of the tower is at work for this drive: there it goes on."""
        other = self.serving(drive_id)
        if other is not None and other is not self:
            raise Refused(ErrorCode.at_other_bay, bay=other.side.name)

    def _check_room(self, snapshot: Snapshot, tag: str) -> None:
        bay = self.side.sensed(snapshot)
        if self.side.controller.view(snapshot).doubt_about(self.side.name):
            raise Refused(ErrorCode.machine_contradiction)
        # A bay whose sensors are all dead says that it is empty, and of its door neither that it is open nor closed.
        if bay.street_door == Door.between and not bay.busy:
            raise Refused(ErrorCode.machine_contradiction)
        # Who gave up or came too early may have driven in all the same, through a door that was still open.
        waiting = bool(self._waiting_here(snapshot))
        # What is being put here stands here in a moment.
        empty = bay.empty and not self._reached_into()
        free = empty or waiting or (bay.tag == tag and bay.street_door != Door.closed)
        if not free or self._tidying is not None:
            raise Refused(ErrorCode.bay_occupied)
        if self.side.free_slots(snapshot) <= self.promised(self, snapshot) + waiting:
            raise Refused(ErrorCode.no_room)

    def _send_on(self, lending: Lending, snapshot: Snapshot) -> None:
        """Refuse once where the car that waits here could stay: another bay is free for the one that is brought."""
        other = self.free_bay(snapshot) if self._waiting_here(snapshot) else ""
        if other and self._sent_on != lending.drive_id:
            self._sent_on = lending.drive_id
            raise Refused(ErrorCode.other_bay_free, bay=other)

    def takes_cars(self, snapshot: Snapshot) -> bool:
        """Whether a car could be brought here at once, and no other would have to make room for it."""
        bay = self.side.sensed(snapshot)
        if self.is_blocked or bay.cabin or not is_free(self, bay):
            return False
        try:
            self._check_room(self._machine_now(), "")
        except Refused:
            return False
        return True

    def _machine_now(self) -> Snapshot:
        """Return what is known of the machine; refuses where it is unknown, or does not work for customers now."""
        snapshot = self._link.fresh
        if snapshot is None or not self.ready:
            raise Refused(ErrorCode.machine_unknown)
        closed = ErrorCode.machine_stopped if self._link.stop_pending else closed_because(snapshot.plc)
        if closed is not None:
            raise Refused(closed)
        if self.side.controller.view(snapshot).out_of_service(self.side.name):
            raise Refused(ErrorCode.part_locked, part=self.side.name)
        return snapshot

    def _asked(self, method: str) -> Asking:
        if self.asking is None or self.asking.method != method:
            raise Refused(ErrorCode.pass_unknown)
        return self.asking

    def _one_verification(self) -> "_Verification":
        if self._verifying:
            raise Refused(ErrorCode.busy_try_again)
        return _Verification(self)

    def set_verifying(self, on: bool) -> None:
        """Two answers at once would make more tries than are counted."""
        self._verifying = on

    def _count_mismatch(self, asking: Asking, refusal: Refused) -> None:
        if refusal.code not in (ErrorCode.face_mismatch, ErrorCode.face_locked):
            return  # nobody was compared: no face, too dark, and so on
        self.refuse(asking.lending.drive_id, refusal.code)
        counted = replace(asking, mismatches=asking.mismatches + 1)
        over = refusal.code == ErrorCode.face_locked or counted.mismatches >= MISMATCHES
        if self.asking is asking:  # nobody else's turn, which may have begun while it was compared
            self.asking = None if over else counted

    def _verified(self, asking: Asking, method: str, distance: float | None) -> None:
        """The holder stands here: from now on the machine works for them."""
        drive = asking.lending.drive_id
        if self.asking is None or self.asking.lending.drive_id != drive:
            raise Refused(ErrorCode.pass_unknown)  # cancelled while it was compared
        self._end_asking()
        with _Journaled(self, drive):
            self._admission.check_unchanged(asking.lending)
            self._check_free(drive)
            self._check_here(drive)
        self._record.write(
            PersonVerified(
                drive_id=drive,
                bay=self.side.name,
                method="face" if method == "face" else "pin",
                distance=distance,
            )
        )
        if isinstance(self.talk, HandOverTalk) and self.talk.lending == asking.lending:
            self.talk.resume()
        else:
            self.talk = HandOverTalk(asking.lending, self.side, live=True)

    def _end_asking(self, of: Asking | None = None) -> None:
        """End whoever's turn it is; `of`: only that one's."""
        if of is None or self.asking is of:
            self.asking = None

    def refuse(self, drive_id: str | None, code: ErrorCode) -> None:
        """Journal that somebody was refused."""
        self._record.write(PersonRefused(drive_id=drive_id, code=code))


def closed_because(plc: Plc) -> ErrorCode | None:
    """Return why the tower serves nobody now, or None."""
    if plc.fire:
        return ErrorCode.machine_fire
    if plc.emergency_stop:
        return ErrorCode.machine_stopped
    if not plc.mains:
        return ErrorCode.machine_power
    return None if plc.mode == Mode.automatic else ErrorCode.machine_not_automatic


class _Verification:
    """Marks that an answer is being compared."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def __enter__(self) -> None:
        self._desk.set_verifying(True)

    def __exit__(self, *_: object) -> None:
        self._desk.set_verifying(False)


class _Journaled:
    """Journals a refusal that passes through, with the drive where it is known by then."""

    def __init__(self, desk: Desk, drive_id: str | None = None) -> None:
        self._desk = desk
        self.drive_id = drive_id
        self.on_refusal: Callable[[ErrorCode], None] = lambda code: None

    def __enter__(self) -> "_Journaled":
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Refused):
            self._desk.refuse(self.drive_id, error.code)
            self.on_refusal(error.code)
