"""The journal played back: what was known at each moment, from the entries alone.

Pure, and in a place that station and retail both may import: it needs the wire's messages and nothing else.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from vendrive.tower.belief import Belief, believe
from vendrive.wire import journal as events
from vendrive.wire.base import Message
from vendrive.wire.journal import Entry, Event

UNKNOWN = "unknown"


class AlarmOn(Message):
    """An alarm that is on."""

    name: str
    part: str
    source: str
    since: datetime


class Conversation(Message):
    """Whom a bay serves. `stage`: bringing, presented, returning, return_refused."""

    bay: str
    drive_id: str
    stage: str
    since: datetime


class Running(Message):
    """A command in progress; its lift or bay is in `parts`."""

    parts: tuple[str, ...]
    seq: int
    operation: str
    arguments: dict[str, str]
    purpose: str
    since: datetime


class State(Message):
    """What the station knew and believed after entry `seq`, from `at` on; `kind` is what that entry told.

    `mode` is unknown until the key switch is turned for the first time. `places` is by tag, `locked` by part.
    """

    at: datetime
    seq: int
    kind: str
    epoch: int = 0
    mode: str = UNKNOWN
    alarms: tuple[AlarmOn, ...] = ()
    conversations: tuple[Conversation, ...] = ()
    commands: tuple[Running, ...] = ()
    places: dict[str, str] = {}
    locked: dict[str, str] = {}


def replay(entries: Iterable[Entry], start: datetime, end: datetime, before: State | None = None) -> Iterator[State]:
    """Yield what was known at `start`, then after each entry until `end`, that moment included.

    `entries` are in their order, from the first one, or from the one after `before`. A calendar that jumps changes
    nothing of the order: each entry that says a time of this range is shown.
    """
    past = _Past.after(before) if before is not None else _Past()
    opening, begun = past.state(start), False
    for entry in entries:
        inside = start < entry.at <= end
        if inside and not begun:
            begun = True
            yield opening
        past.apply(entry)
        if inside:
            yield past.state(entry.at)
        elif not begun and entry.at <= start:
            opening = past.state(start)
    if not begun:
        yield opening


def state_after(entries: Iterable[Entry]) -> State | None:
    """Return what was known after the last of these entries, in their order; None where there is none."""
    past, last = _Past(), None
    for last in entries:
        past.apply(last)
    return None if last is None else past.state(last.at)


@dataclass
class _Past:
    """The fold."""

    seq: int = 0
    kind: str = ""
    epoch: int = 0
    mode: str = UNKNOWN
    alarms: dict[tuple[str, str], AlarmOn] = field(default_factory=dict)
    talks: dict[str, Conversation] = field(default_factory=dict)
    belief: Belief = field(default_factory=lambda: Belief({}, {}, {}))
    given_at: dict[int, datetime] = field(default_factory=dict)
    locked: dict[str, str] = field(default_factory=dict)

    @classmethod
    def after(cls, state: State) -> "_Past":
        given = {part: _given(command, state.epoch) for command in state.commands for part in command.parts}
        return cls(
            seq=state.seq,
            kind=state.kind,
            epoch=state.epoch,
            mode=state.mode,
            alarms={(alarm.name, alarm.part): alarm for alarm in state.alarms},
            talks={talk.bay: talk for talk in state.conversations},
            belief=Belief(dict(state.places), given, {}),
            given_at={command.seq: command.since for command in state.commands},
            locked=dict(state.locked),
        )

    def state(self, at: datetime) -> State:
        return State(
            at=at,
            seq=self.seq,
            kind=self.kind,
            epoch=self.epoch,
            mode=self.mode,
            alarms=tuple(self.alarms.values()),
            conversations=tuple(self.talks[bay] for bay in sorted(self.talks)),
            commands=running(self.belief.open_commands, self.given_at),
            places=dict(sorted(self.belief.places.items())),
            locked=dict(sorted(self.locked.items())),
        )

    def apply(self, entry: Entry) -> None:
        self.seq, self.kind = entry.seq, entry.event.kind
        self.belief = believe(self.belief, entry.event)
        match entry.event:
            case events.Started(control_epoch=epoch):
                self.epoch = max(self.epoch, epoch)
            case events.ModeChanged(mode=mode):
                self.mode = mode
            case events.CommandGiven(seq=seq):
                self.given_at[seq] = entry.at
            case events.CommandEnded(seq=seq):
                self.given_at.pop(seq, None)
            case events.Alarm(name=name, part=part, source=source):
                self.alarms[name, part] = AlarmOn(name=name, part=part, source=source, since=entry.at)
            case events.AlarmEnded(name=name, part=part):
                self.alarms.pop((name, part), None)
            case events.PartLocked(part=part, staff=staff):
                self.locked[part] = staff
            case events.PartReleased(part=part):
                self.locked.pop(part, None)
            case _:
                self._talk(entry.event, entry.at)

    def _talk(self, event: Event, at: datetime) -> None:
        match event:
            case events.PersonVerified(drive_id=drive, bay=bay):
                self._serve(bay, drive, "bringing", at)
            case events.VehiclePresented(drive_id=drive, bay=bay) if self._is_served(drive):
                # Without its person the car is only made ready for them once more.
                self._serve(bay, drive, "presented", at)
            case events.ReturnStarted(drive_id=drive, bay=bay):
                self._serve(bay, drive, "returning", at)
            case events.ReturnRefused(drive_id=drive):
                for bay in [bay for bay, talk in self.talks.items() if talk.drive_id == drive]:
                    self._serve(bay, drive, "return_refused", at)
            case events.HandedOver() | events.HandOverAborted() | events.Returned():
                self._leave(event.drive_id)
            case _:
                pass

    def _serve(self, bay: str, drive: str, stage: str, at: datetime) -> None:
        self._leave(drive)
        self.talks[bay] = Conversation(bay=bay, drive_id=drive, stage=stage, since=at)

    def _is_served(self, drive: str) -> bool:
        return any(talk.drive_id == drive for talk in self.talks.values())

    def _leave(self, drive: str) -> None:
        self.talks = {bay: talk for bay, talk in self.talks.items() if talk.drive_id != drive}


def running(open_commands: Mapping[str, events.CommandGiven], since: Mapping[int, datetime]) -> tuple[Running, ...]:
    """Return the commands in progress, in the order in which they were given; `since` is by their number."""
    parts: dict[int, list[str]] = {}
    for part, command in open_commands.items():
        parts.setdefault(command.seq, []).append(part)
    given = {command.seq: command for command in open_commands.values()}
    return tuple(
        Running(
            parts=tuple(parts[seq]),
            seq=seq,
            operation=given[seq].operation,
            arguments=given[seq].arguments,
            purpose=given[seq].purpose,
            since=since[seq],
        )
        for seq in sorted(given)
    )


def _given(command: Running, epoch: int) -> events.CommandGiven:
    return events.CommandGiven(
        control_epoch=epoch,
        seq=command.seq,
        operation=command.operation,
        arguments=command.arguments,
        purpose=command.purpose,
    )
