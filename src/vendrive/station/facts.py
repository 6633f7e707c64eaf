"""What the journal says has happened: a fold over its events, from the newest checkpoint on or from the first entry.

A field that is new has a default: the facts of an older program and an older journal are read as they are.
"""

from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ConfigDict

from vendrive.tower.belief import Belief, believe
from vendrive.wire import journal as events
from vendrive.wire.journal import Event
from vendrive.wire.machine import Operation, Result

FOLD = 8
"""Raise it with each change of what `apply` does: facts that were folded otherwise are folded anew."""

_SHUT = (Operation.close_street_door, Operation.open_inner_door)
_TAKING = (Operation.pick, Operation.finish_transfer)

NO_BAY = ""
"""Journals of stations that had one bay do not name it where a person is verified."""


class Facts(BaseModel):
    """The past, as far as it decides the present.

    By part: `open_commands` (a command that works on two parts stands under both), `locked` (who locked it). By bay:
    `handing_over` and `returning`, the drive that is served there, `opened`: its street door was opened and is not
    known to have been closed since, and `shut_in`, the tag of a car behind its closed street door. By tag: `places`,
    where the journal believes each car, and `shown`, the drive to which it was last presented with the bay, until it is
    counted elsewhere. By drive: `out`, the vehicle that is lent and may come back here. By name and part: `alarms`.
    """

    model_config = ConfigDict(extra="ignore")

    control_epoch: int = 0
    last_seq: int = 0
    open_commands: dict[str, events.CommandGiven] = {}
    cut_short: dict[str, events.CommandGiven] = {}
    places: dict[str, str] = {}
    presented: set[str] = set()
    shown: dict[str, tuple[str, str]] = {}
    out: dict[str, str] = {}
    used: set[str] = set()
    handing_over: dict[str, str] = {}
    returning: dict[str, str] = {}
    opened: set[str] = set()
    shut_in: dict[str, str] = {}
    locked: dict[str, str] = {}
    alarms: dict[str, events.Alarm] = {}

    def apply(self, event: Event) -> None:
        """Take one more event into account."""
        if isinstance(event, events.CommandEnded):
            self._bay_command(event)
        self._believe(event)
        if isinstance(event, events.Counted | events.CountAccepted):
            places = event.places
            self.shut_in = {bay: tag for bay, tag in self.shut_in.items() if places.get(tag, bay) == bay}
            self.shown = {tag: shown for tag, shown in self.shown.items() if places.get(tag, shown[1]) == shown[1]}
        match event:
            case events.Started(control_epoch=epoch):
                self.control_epoch = max(self.control_epoch, epoch)
            case events.CommandGiven(seq=seq):
                self.last_seq = max(self.last_seq, seq)
            case events.PartLocked(part=part, staff=staff):
                self.locked[part] = staff
            case events.PartReleased(part=part):
                self.locked.pop(part, None)
            case events.Alarm(name=name, part=part):
                self.alarms[f"{name} {part}"] = event
            case events.AlarmEnded(name=name, part=part):
                self.alarms.pop(f"{name} {part}", None)
            case events.VehicleShutIn() | events.VehicleLetOut() | events.WordGiven() | events.CountAccepted():
                self._shut_in(event)
            case _:
                self._drive_event(event)

    def _shut_in(
        self, event: events.VehicleShutIn | events.VehicleLetOut | events.WordGiven | events.CountAccepted
    ) -> None:
        match event:
            case events.VehicleShutIn(bay=bay, tag=tag):
                # A door that closed behind a car was closed, however its command ended.
                self.opened.discard(bay)
                self.shut_in[bay] = tag
            case events.VehicleLetOut(bay=bay) | events.WordGiven(bay=bay):
                self.shut_in.pop(bay, None)
            case _:
                self.shut_in.clear()  # two persons have looked into every bay

    def _bay_command(self, ended: events.CommandEnded) -> None:
        """A door that was not known to stay shut may have been open. It is shut where its closing was done, or the
        inner door was opened, which the machine does behind a closed street door alone. A car that was picked is gone.
        """
        given = next((command for command in self.open_commands.values() if command.seq == ended.seq), None)
        if given is None or ended.result == "refused":
            return
        bay = given.arguments.get("bay", "")
        if given.operation == Operation.open_street_door:
            self.opened.add(bay)
        elif given.operation in _SHUT and ended.result == Result.done:
            self.opened.discard(bay)
        elif given.operation in _TAKING and ended.result == Result.done:
            # What was cut short ends on the lift too.
            begun = self.cut_short.get(given.arguments.get("lift", ""), given)
            self.shut_in.pop(begun.arguments.get("place", ""), None)

    def _believe(self, event: Event) -> None:
        before = Belief(self.places, self.open_commands, self.cut_short)
        belief = believe(before, event)
        if belief.places is not before.places:
            self.places = belief.places
        if belief.open_commands is not before.open_commands:
            self.open_commands = belief.open_commands
        if belief.cut_short is not before.cut_short:
            self.cut_short = belief.cut_short

    def _lend(self, drive: str, vehicle: str) -> None:
        # Nobody has it any more who did before, whatever came of their return.
        self.out = {other: lent for other, lent in self.out.items() if lent != vehicle} | {drive: vehicle}

    def _drive_event(self, event: Event) -> None:
        match event:
            case events.PersonVerified(drive_id=drive, bay=bay) if drive not in self.used:
                # A bay serves one conversation at a time: a new one says that the other is over, however it ended.
                self.handing_over = {**_without(self.handing_over, drive), bay: drive}
                self.returning.pop(bay, None)
            case events.VehiclePresented(drive_id=drive, bay=bay, tag=tag):
                self.presented.add(drive)
                self.shown |= {tag: (drive, bay)} if tag else {}
                if self.handing_over.pop(NO_BAY, None) == drive:
                    self.handing_over[bay] = drive
            case events.HandOverAborted(drive_id=drive):
                self.handing_over = _without(self.handing_over, drive)
            case events.HandedOver(drive_id=drive, vehicle_id=vehicle):
                self.used.add(drive)
                self.presented.discard(drive)
                self.shown = {tag: shown for tag, shown in self.shown.items() if shown[0] != drive}
                self._lend(drive, vehicle)
                self.handing_over = _without(self.handing_over, drive)
            case events.ReturnStarted(drive_id=drive, bay=bay):
                self.returning = {**_without(self.returning, drive), bay: drive}
                for over in (bay, NO_BAY):
                    self.handing_over.pop(over, None)
            case events.Returned(drive_id=drive) | events.ReturnReleased(drive_id=drive):
                self.out.pop(drive, None)
                self.returning = _without(self.returning, drive)
            case events.ReturnExpected(drive_id=drive, vehicle_id=vehicle):
                self.used.add(drive)
                self._lend(drive, vehicle)
            case _:
                pass


def fold(past: Iterable[Event], facts: Facts | None = None) -> Facts:
    """Return what has happened, from `facts` on (None: from the beginning); `facts` itself is changed."""
    facts = facts or Facts()
    for event in past:
        facts.apply(event)
    return facts


def _without(bays: Mapping[str, str], drive: str) -> dict[str, str]:
    return {bay: served for bay, served in bays.items() if served != drive}
