"""The return of one car: door open, drive in, checks, word given, stored.

drive_in -> check -> storing -> over. A car that is not to be taken in drives out again: the door stays open.
"""

import json
from dataclasses import dataclass
from enum import StrEnum

from vendrive.station.bay import BaySide, Storing
from vendrive.station.controller import Task
from vendrive.station.store import Lending
from vendrive.tower.control import OpenStreet, Stuck
from vendrive.tower.inventory import places
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.journal import Returned, ReturnRefused, WordGiven
from vendrive.wire.machine import Bay, Door, Snapshot
from vendrive.wire.orders import Limits

NOBODY_CAME_S = 180.0
# After so often there is the emergency exit.
MOST_LET_OUT = 5


class Phase(StrEnum):
    """Where a return stands."""

    drive_in = "drive_in"
    check = "check"
    storing = "storing"
    over = "over"


@dataclass(frozen=True)
class Check:
    """One line of the list that the borrower sees; `code` says what is wrong, None that it is right."""

    name: str
    code: ErrorCode | None


@dataclass(frozen=True)
class Measured:
    """What the bay measured of the car before it went in."""

    length_mm: int
    mass_kg: int


class ReturnTalk:
    """One return. `tick` looks at what is sensed and says, in `task`, what is wanted."""

    def __init__(self, lending: Lending, side: BaySide, waiting: str = "") -> None:
        """`waiting` is the tag of a car that stands in the bay for somebody who has not come: it goes back first."""
        self.lending = lending
        self.phase = Phase.drive_in
        self.task: Task | None = None
        self.checks: tuple[Check, ...] = ()
        self.slot: str | None = None
        self._side = side
        self._refused: set[ErrorCode] = set()
        self._storing = Storing(side, side.name, lending.vehicle.tag, f"return {lending.drive_id}")
        self._active_s = side.clock.monotonic()
        self._busy = False
        self._measured: Measured | None = None
        self._clearing = Storing(side, side.name, waiting, "clear the bay") if waiting else None
        self.key_gone = False
        # A car stands in the bay, and no source senses it any more.
        self._hidden = False
        # How often who was sensed beside it was let out.
        self._let_out = 0

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self.phase == Phase.over

    @property
    def refusal(self) -> ErrorCode | None:
        """Return why this car is not taken in, where standing better or waiting does not help."""
        return next((check.code for check in self.checks if check.code in HARD), None)

    @property
    def ready(self) -> bool:
        """Whether every check is right and only the borrower's word is missing."""
        return bool(self.checks) and all(check.code is None for check in self.checks)

    def tick(self, snapshot: Snapshot) -> None:
        """Go on from what is sensed; `snapshot` is fresh."""
        self._hidden = self._side.hides(self._side.sensed(snapshot))
        match self.phase:
            case Phase.drive_in | Phase.check:
                self._receive(snapshot)
            case Phase.storing:
                self._store(snapshot)
            case Phase.over:
                self.task = None

    def declare(self, snapshot: Snapshot, engine_off: bool, key_in_box: bool, nobody_inside: bool) -> None:
        """Take the borrower's word and store the car; refuses what is declared or sensed otherwise."""
        if self.phase != Phase.check:
            raise Refused(ErrorCode.car_missing)
        self.checks = judge(self._side.sensed(snapshot), self.lending, self._limits())
        wrong = next((check.code for check in self.checks if check.code), None)
        if wrong:
            raise Refused(wrong)
        if not (engine_off and key_in_box and nobody_inside):
            raise Refused(ErrorCode.not_declared)
        bay = self._side.sensed(snapshot)
        self._side.record.write(WordGiven(drive_id=self.lending.drive_id, bay=bay.name, tag=bay.tag))
        self._measured = Measured(bay.length_mm, bay.mass_kg)
        self._side.store.write_note(_note(self.lending), json.dumps([bay.length_mm, bay.mass_kg]))
        self.phase = Phase.storing

    def take_back(self, snapshot: Snapshot) -> None:
        """The borrower takes the word back: the street door opens again. Refuses kiosk_busy where the key is there, and
        while the machine is at work in the bay.
        """
        if not self.key_gone or self._side.sensed(snapshot).busy:
            raise Refused(ErrorCode.kiosk_busy)
        self._take_back()

    def _take_back(self) -> None:
        self.phase, self.task, self._measured, self.key_gone = Phase.check, None, None, False

    def cancel(self, snapshot: Snapshot) -> None:
        """Give up; refuses bay_occupied while a car stands there."""
        bay = self._side.sensed(snapshot)
        empty = bay.empty and not self._side.hides(bay)
        if self.phase == Phase.storing or not (self._clearing or empty):
            raise Refused(ErrorCode.bay_occupied)
        self.phase, self.task = Phase.over, None

    def resume_storing(self) -> None:
        """After a restart: the word was given, or the street door would not have closed on the car."""
        noted = self._side.store.note(_note(self.lending))
        if noted is not None:
            length, mass = json.loads(noted)
            self._measured = Measured(length, mass)
            self.phase = Phase.storing

    @property
    def clearing(self) -> bool:
        """Whether a car that waited here for somebody else goes back first."""
        return self._clearing is not None

    def _receive(self, snapshot: Snapshot) -> None:
        side, bay = self._side, self._side.sensed(snapshot)
        now = side.clock.monotonic()
        if self._clearing is not None:
            self._clear(self._clearing, snapshot)
            return
        if bay.street_door == Door.closed and self._is_anothers(bay):
            # Staff brought it here by hand: behind an open door it would be anybody's.
            self.phase, self.task = Phase.over, None
            return
        if self._hidden and not self._lets_out(bay):
            # Open, the door would be a way out for a car that nobody could see leave.
            self.phase, self.checks, self.task, self._busy = Phase.drive_in, (), side.closing(), True
            return
        self.task = Task(OpenStreet(side.name), f"return {self.lending.drive_id}")
        if not bay.empty:
            self.phase, self.checks = Phase.check, judge(bay, self.lending, self._limits())
            self._note_refusal()
        else:
            self.phase, self.checks = Phase.drive_in, ()
        busy = not bay.empty or not side.nobody(bay) or bay.street_door != Door.open
        if busy or self._busy:
            # What has changed since the last look may have changed a moment ago.
            self._active_s = now
        self._busy = busy
        if now - self._active_s > NOBODY_CAME_S:
            self.phase, self.task = Phase.over, None

    def _lets_out(self, bay: Bay) -> bool:
        """Whether the street door opens to who is sensed beside a hidden car: a sensor that flaps opens it so often."""
        if self._side.nobody(bay):
            return False
        self._let_out += self.task is None or not isinstance(self.task.goal, OpenStreet)
        return self._let_out <= MOST_LET_OUT

    def _clear(self, storing: Storing, snapshot: Snapshot) -> None:
        """Bring the car that waits here back; the street door stays closed until it stands in its slot."""
        self.task = storing.task(snapshot)
        if self.task is None:
            self.phase = Phase.over
        elif storing.slot_reached(snapshot):
            self._clearing, self.task, self._active_s = None, None, self._side.clock.monotonic()

    def _is_anothers(self, bay: Bay) -> bool:
        """Whether the car in the bay is one of ours that is not this borrower's, or is lent to nobody."""
        vehicle = self._side.store.vehicle_of(bay.tag) if bay.tag else None
        lent_to = self._side.record.facts.out.get(self.lending.drive_id)
        return vehicle is not None and vehicle.vehicle_id != lent_to

    def _note_refusal(self) -> None:
        code = self.refusal
        if code and code not in self._refused:
            self._refused.add(code)
            self._side.record.write(ReturnRefused(drive_id=self.lending.drive_id, code=code))

    def _store(self, snapshot: Snapshot) -> None:
        bay, tag = self._side.sensed(snapshot), self.lending.vehicle.tag
        if bay.empty and tag not in places(snapshot) and tag not in self._side.record.facts.places:
            # It was driven out again before a restart, and two persons have seen that it is gone.
            self.phase, self.task = Phase.over, None
            return
        if bay.street_door != Door.closed and tag not in places(snapshot):
            # Between the word and the closed door another car took its place: begin again.
            self.phase, self._measured = Phase.check, None
            return
        self.key_gone = self._has_lost_key(bay)
        if self.key_gone and bay.street_door != Door.closed:
            self._take_back()
            return
        # Behind the closed door it stays, and staff are told: who has the key shows the pass again.
        self.task = self._side.closing() if self.key_gone else self._storing.task(snapshot)
        slot = self._storing.slot_reached(snapshot)
        if slot and self._measured:
            self._side.record.write(self._returned(slot, self._measured))
            self.phase, self.slot, self.task = Phase.over, slot, None

    def _has_lost_key(self, bay: Bay) -> bool:
        """Whether the key that was in the box is not there any more, with the car still on its plates."""
        if not bay.in_place or bay.tag != self.lending.vehicle.tag:
            return False
        return any(check.code == ErrorCode.key_missing for check in judge(bay, self.lending, self._limits()))

    def _returned(self, slot: str, measured: Measured) -> Returned:
        return Returned(
            drive_id=self.lending.drive_id,
            vehicle_id=self.lending.vehicle.vehicle_id,
            slot=slot,
            length_mm=measured.length_mm,
            mass_kg=measured.mass_kg,
            tag=self.lending.vehicle.tag,
        )

    def _limits(self) -> Limits:
        """Return the tighter of what the order allows and what this tower takes."""
        order, fits = self.lending.limits, self._side.layout.fits
        return Limits(
            length_mm=min(order.length_mm, fits.length_mm),
            width_mm=min(order.width_mm, fits.width_mm),
            height_mm=min(order.height_mm, fits.height_mm),
            mass_kg=min(order.mass_kg, fits.mass_kg),
        )

    def problem(self) -> ErrorCode | None:
        """Return why the machine does not go on while it stores."""
        if self.key_gone:
            return ErrorCode.key_gone
        if self._hidden:
            return ErrorCode.machine_contradiction
        step, stores = self._side.controller.step(self._side.name), self.phase == Phase.storing or self.clearing
        return step.code if isinstance(step, Stuck) and stores else None


HARD = frozenset(
    {
        ErrorCode.car_other,
        ErrorCode.car_unreadable,
        ErrorCode.car_too_long,
        ErrorCode.car_too_wide,
        ErrorCode.car_too_high,
        ErrorCode.car_too_heavy,
    }
)


def judge(bay: Bay, lending: Lending, limits: Limits) -> tuple[Check, ...]:
    """Return the checks of a car that stands in the bay: its identity comes from its tag, never from its size."""
    if not bay.in_place:
        return (Check("in_place", ErrorCode.car_not_in_place),)
    return (
        Check("in_place", None),
        Check("car", _identity(bay, lending)),
        Check("size", _size(bay, limits)),
        Check("mass", ErrorCode.car_too_heavy if bay.mass_kg > limits.mass_kg else None),
        Check("engine", ErrorCode.engine_running if bay.engine_running else None),
        Check("key", None if bay.key_in_box else ErrorCode.key_missing),
        Check("cabin", ErrorCode.person_inside if bay.cabin else None),
        Check("bay", ErrorCode.person_in_bay if bay.person else None),
    )


def _identity(bay: Bay, lending: Lending) -> ErrorCode | None:
    if not bay.tag:
        return ErrorCode.car_unreadable
    return None if bay.tag == lending.vehicle.tag else ErrorCode.car_other


def _size(bay: Bay, limits: Limits) -> ErrorCode | None:
    if bay.length_mm > limits.length_mm:
        return ErrorCode.car_too_long
    if bay.width_mm > limits.width_mm:
        return ErrorCode.car_too_wide
    return ErrorCode.car_too_high if bay.height_mm > limits.height_mm else None


def _note(lending: Lending) -> str:
    return f"measured {lending.drive_id}"
