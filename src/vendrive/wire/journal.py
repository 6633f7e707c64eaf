"""The journal: what a station saw and did, append-only, pushed to retail by sequence number."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, SerializerFunctionWrapHandler, TypeAdapter, model_serializer, model_validator

from vendrive.wire.base import Message


class Started(Message):
    """The station's program started and took control of the machine with a new epoch (0: not yet)."""

    kind: Literal["started"] = "started"
    control_epoch: int


class OrderStored(Message):
    """An order was verified and stored; from here on it holds without retail."""

    kind: Literal["order_stored"] = "order_stored"
    number: int
    order_kind: str


class PassHeld(Message):
    """The pass of this drive can be redeemed here: the phone may say "ready at the tower"."""

    kind: Literal["pass_held"] = "pass_held"
    drive_id: str
    revision: int


class PersonRefused(Message):
    """Somebody was refused, and nothing moved; `count` times since the last entry of this drive and code."""

    kind: Literal["person_refused"] = "person_refused"
    drive_id: str | None
    code: str
    count: int = 1


class PersonVerified(Message):
    """The holder of the drive stood here; `distance` is the engine's own unit, None for a PIN."""

    kind: Literal["person_verified"] = "person_verified"
    drive_id: str
    bay: str = ""  # none in journals of stations that had one bay
    method: Literal["face", "pin"]
    distance: float | None


class CommandGiven(Message):
    """Written before the command is sent."""

    kind: Literal["command_given"] = "command_given"
    control_epoch: int
    seq: int
    operation: str
    arguments: dict[str, str]
    purpose: str


class CommandEnded(Message):
    """The machine reported the end of a command; `result` is done, failed, refused or unknown."""

    kind: Literal["command_ended"] = "command_ended"
    seq: int
    result: str
    reason: str


class VehiclePresented(Message):
    """The drive's vehicle stands in the bay."""

    kind: Literal["vehicle_presented"] = "vehicle_presented"
    drive_id: str
    vehicle_id: str
    bay: str
    tag: str = ""


class HandedOver(Message):
    """The vehicle has left the bay with its driver. The pass is used."""

    kind: Literal["handed_over"] = "handed_over"
    drive_id: str
    vehicle_id: str
    bay: str
    tag: str = ""


class HandOverAborted(Message):
    """A hand-over ended without the vehicle leaving; the pass is still good for the same person."""

    kind: Literal["hand_over_aborted"] = "hand_over_aborted"
    drive_id: str
    code: str


class ReturnStarted(Message):
    """A borrower asked to bring a vehicle back."""

    kind: Literal["return_started"] = "return_started"
    drive_id: str
    bay: str


class WordGiven(Message):
    """The borrower declared engine off, key in the box and nobody inside, and the sensors said the same: from here on
    the tower has the vehicle, which stands in the bay.
    """

    kind: Literal["word_given"] = "word_given"
    drive_id: str
    bay: str
    tag: str


class VehicleShutIn(Message):
    """A vehicle stands behind the closed street door of the bay, of which the journal did not know. Whatever is sensed
    later, it stands there until it stands before an open door, is taken in, or is counted.
    """

    kind: Literal["vehicle_shut_in"] = "vehicle_shut_in"
    bay: str
    tag: str


class VehicleLetOut(Message):
    """The vehicle that was shut in stands before the open street door: it may drive out."""

    kind: Literal["vehicle_let_out"] = "vehicle_let_out"
    bay: str


class ReturnRefused(Message):
    """What stands in the bay cannot be taken in; it may drive out again."""

    kind: Literal["return_refused"] = "return_refused"
    drive_id: str
    code: str


class Returned(Message):
    """The vehicle was identified, measured and stored: the drive is over."""

    kind: Literal["returned"] = "returned"
    drive_id: str
    vehicle_id: str
    slot: str
    length_mm: int
    mass_kg: int
    tag: str = ""


class ReturnExpected(Message):
    """From here on this tower takes back the vehicle, which another one lent."""

    kind: Literal["return_expected"] = "return_expected"
    drive_id: str
    revision: int
    vehicle_id: str


class ReturnReleased(Message):
    """From here on this tower does not take back the vehicle of this drive: its room is free for others."""

    kind: Literal["return_released"] = "return_released"
    drive_id: str
    revision: int


class FaceWiped(Message):
    """All templates of this person are gone from this station."""

    kind: Literal["face_wiped"] = "face_wiped"
    person_id: str


class Counted(Message):
    """Where each vehicle stands, by tag, as the machine senses it."""

    kind: Literal["counted"] = "counted"
    places: dict[str, str]
    reason: str


class CountAccepted(Message):
    """Two members of staff looked and said that what the sensors read is where the cars are."""

    kind: Literal["count_accepted"] = "count_accepted"
    places: dict[str, str]
    staff: str
    second: str


class PartLocked(Message):
    """Staff took a lift, bay or slot out of service."""

    kind: Literal["part_locked"] = "part_locked"
    part: str
    staff: str


class PartReleased(Message):
    """Two members of staff took a part into service again."""

    kind: Literal["part_released"] = "part_released"
    part: str
    staff: str
    second: str


class StepAsked(Message):
    """Two members of staff asked for one step in manual mode; the command itself follows."""

    kind: Literal["step_asked"] = "step_asked"
    operation: str
    arguments: dict[str, str]
    staff: str
    second: str


class RequestRefused(Message):
    """A request of staff had no effect."""

    kind: Literal["request_refused"] = "request_refused"
    action: str
    staff: str
    code: str


class ModeChanged(Message):
    """The key switch at the tower was turned."""

    kind: Literal["mode_changed"] = "mode_changed"
    mode: str


class Alarm(Message):
    """Emergency stop, help call, contradiction, lost contact: what a person must know."""

    kind: Literal["alarm"] = "alarm"
    name: str
    part: str
    source: str


class AlarmEnded(Message):
    """An alarm is over."""

    kind: Literal["alarm_ended"] = "alarm_ended"
    name: str
    part: str
    source: str


Event = Annotated[
    Started
    | OrderStored
    | PassHeld
    | PersonRefused
    | PersonVerified
    | CommandGiven
    | CommandEnded
    | VehiclePresented
    | HandedOver
    | HandOverAborted
    | ReturnStarted
    | WordGiven
    | VehicleShutIn
    | VehicleLetOut
    | ReturnRefused
    | Returned
    | ReturnExpected
    | ReturnReleased
    | FaceWiped
    | Counted
    | CountAccepted
    | PartLocked
    | PartReleased
    | StepAsked
    | RequestRefused
    | ModeChanged
    | Alarm
    | AlarmEnded,
    Field(discriminator="kind"),
]


EVENT: TypeAdapter[Event] = TypeAdapter(Event)
KINDS = frozenset(str(event.model_fields["kind"].default) for event in get_args(get_args(Event)[0]))
"""The names of all events."""


class Entry(Message):
    """One row of the journal. `digest` chains it to the row before (vendrive.audit), hex.

    `text` is the event letter by letter as the station sealed it: it stands for the event on the wire and in the chain,
    so that both sides verify a row that was written before the messages got new fields. Each new field has a default.
    """

    seq: int
    at: datetime
    event: Event
    digest: str
    text: str = ""

    @staticmethod
    def stored(seq: int, at: datetime, text: str, digest: str) -> "Entry":
        """Return the entry with this sealed text; raise ValueError where it is no event that is known here."""
        return Entry.model_construct(seq=seq, at=at, event=EVENT.validate_json(text), digest=digest, text=text)

    @model_validator(mode="before")
    @classmethod
    def _event_of_text(cls, told: Any) -> Any:
        if isinstance(told, dict) and isinstance(told.get("text"), str) and told["text"]:
            return {**told, "event": json.loads(told["text"])}
        return told

    @model_serializer(mode="wrap")
    def _once(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        if self.text:
            return {"v": self.v, "seq": self.seq, "at": self.at, "digest": self.digest, "text": self.text}
        written: dict[str, object] = write(self)
        return written

    @property
    def sealed(self) -> str:
        """The event's text that the digest covers."""
        return self.text or self.event.model_dump_json()

    def payload(self) -> bytes:
        """Return the bytes that the digest covers, besides the number and the digest before."""
        return sealed_text(self.at, self.sealed)


def sealed_payload(at: datetime, event: Event) -> bytes:
    """Return what of a new entry goes into the chain."""
    return sealed_text(at, event.model_dump_json())


def sealed_text(at: datetime, text: str) -> bytes:
    """Return what of an entry goes into the chain, whose event was stored as `text`: the same on both sides."""
    return sealed_letters(at.isoformat(), text)


def sealed_letters(at: str, text: str) -> bytes:
    """Return the same where the time is at hand as it is stored."""
    return f"{at}\n{text}".encode()


class JournalBatch(Message):
    """Entries in order without a gap; sending one twice has no second effect."""

    tower_id: str
    entries: tuple[Entry, ...]


class SealedEntry(Message):
    """An entry as a station sends it, with the letters that it sealed alone: retail reads it as an Entry."""

    seq: int
    at: datetime
    digest: str
    text: str


class SealedBatch(Message):
    """A JournalBatch as a station sends it."""

    tower_id: str
    entries: tuple[SealedEntry, ...]


class JournalAck(Message):
    """Everything up to and including `up_to` is stored in retail."""

    up_to: int
