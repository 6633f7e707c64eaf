"""What the journal says has happened: a fold over its events, made anew at each start."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from vendrive.wire import journal as events
from vendrive.wire.journal import Event


@dataclass
class Facts:
    """The past, as far as it decides the present."""

    control_epoch: int = 0
    last_seq: int = 0
    open_command: events.CommandGiven | None = None
    presented: set[str] = field(default_factory=set)
    out: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    handing_over: str | None = None
    returning: str | None = None
    alarms: dict[str, events.Alarm] = field(default_factory=dict)

    def apply(self, event: Event) -> None:
        """Take one more event into account."""
        match event:
            case events.Started(control_epoch=epoch):
                self.control_epoch = max(self.control_epoch, epoch)
            case events.CommandGiven(seq=seq):
                self.last_seq, self.open_command = seq, event
            case events.CommandEnded(seq=seq):
                self._command_ended(seq)
            case events.Alarm(name=name, part=part):
                self.alarms[f"{name} {part}"] = event
            case events.AlarmEnded(name=name, part=part):
                self.alarms.pop(f"{name} {part}", None)
            case _:
                self._drive_event(event)

    def _command_ended(self, seq: int) -> None:
        if self.open_command is not None and self.open_command.seq == seq:
            self.open_command = None

    def _drive_event(self, event: Event) -> None:
        match event:
            case events.PersonVerified(drive_id=drive) if drive not in self.used:
                # A bay serves one conversation at a time: a new one says that the other is over, however it ended.
                self.handing_over, self.returning = drive, None
            case events.VehiclePresented(drive_id=drive):
                self.presented.add(drive)
            case events.HandOverAborted():
                self.handing_over = None
            case events.HandedOver(drive_id=drive, vehicle_id=vehicle):
                self.used.add(drive)
                self.out[drive] = vehicle
                self.handing_over = None
            case events.ReturnStarted(drive_id=drive):
                self.returning, self.handing_over = drive, None
            case events.Returned(drive_id=drive):
                self.out.pop(drive, None)
                self.returning = None
            case _:
                pass


def fold(past: Iterable[Event]) -> Facts:
    """Return what has happened."""
    facts = Facts()
    for event in past:
        facts.apply(event)
    return facts
