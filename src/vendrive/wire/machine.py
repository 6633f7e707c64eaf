"""The machine: what its PLC reports and what it may be asked, as OPC UA nodes and as plain values.

Address space, namespace NAMESPACE, node ids are strings: `Plc.<field>`, `Lift.<name>.<field>`,
`Slot.<name>.<field>`, `Bay.<name>.<field>`, one variable for each field of the dataclasses below. Methods of the
object `Plc`: `execute`, `take_control`, `stop`, `call_help`, `end_help`. The only writable variable is
`Plc.station_heartbeat`.

Handshake. A station first calls `take_control(control_epoch)` with an epoch above the last; the PLC refuses a lower
one, and every command of an older epoch. `execute(control_epoch, seq, operation, arguments_json, valid_until_ms)`
answers (accepted, reason). It carries a `seq` above `Plc.ack_seq`; the PLC accepts it (`ack_seq` = seq) or refuses it
with a reason and no effect, and runs a seq once. A command works on its parts (`parts_of`): a lift, a bay, or both.
Each of them is `busy` with `seq` until it sets `done_seq`, `result` and `reason`; a busy part takes no other command,
and commands of different parts run side by side. `valid_until_ms` is in the PLC's own counter `clock_ms`, as last
read: a late command is refused, so a command that was delayed on the way surprises nobody. When the station is silent
for 2 s (heartbeat unchanged) the PLC finishes the atomic moves and takes no new one (state held). A restarted PLC has
a new `plc_epoch` and no controller.

Stopping. `stop(reason)` can be called by any trusted client, with any epoch, in every state (state aborted). Nothing in
this address space ends a stop, nothing in it clears a person's detection, a fault or a lock-out, and nothing in it
changes the mode: those are switches at the tower.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from vendrive.lazy import lazy

NAMESPACE = "urn:vendrive:tower:1"
STALE_AFTER_S = 1.0
HEARTBEAT_PERIOD_S = 0.25
HOLD_AFTER_SILENCE_S = 2.0
NO_STOREY = -1
# What a scale of an empty bay may show at most; the lightest car is many times heavier.
EMPTY_KG = 100


class Operation(StrEnum):
    """What the PLC does as one atomic move. Arguments are named strings."""

    move_lift = "move_lift"  # lift, storey: to the level of the storey, level flag set at the end
    pick = "pick"  # lift, place: the car on the slot or bay comes onto the lift
    place = "place"  # lift, place: the car on the lift goes to the slot or bay
    finish_transfer = "finish_transfer"  # lift: a transfer that was cut short ends on the lift
    open_street_door = "open_street_door"  # bay
    close_street_door = "close_street_door"  # bay
    open_inner_door = "open_inner_door"  # bay
    close_inner_door = "close_inner_door"  # bay
    turn = "turn"  # bay: its turntable goes half a turn, so that the car's nose points the other way


class Mode(StrEnum):
    """The key switch at the tower: who may ask for what."""

    automatic = "automatic"
    manual = "manual"  # one step at a time, asked for by two persons
    maintenance = "maintenance"  # people work inside: nothing moves
    stopped = "stopped"


class PlcState(StrEnum):
    """PackML's required states (OPC 30050), and held."""

    stopped = "stopped"  # the key switch says so, or maintenance
    idle = "idle"
    execute = "execute"  # at least one part is busy
    held = "held"  # the station is silent, or the mains are gone
    aborted = "aborted"  # an emergency stop: only the local reset ends it


class Door(StrEnum):
    """A door is open or closed only when its own switch says so and it went there last.

    A switch that says else than where the last move ended, or after a move that was not confirmed, is not believed: the
    door is `between` until a move of it is done, or a technician has looked and reset.
    """

    open = "open"
    closed = "closed"
    between = "between"


class Table(StrEnum):
    """Where a turntable stands, believed as a door is; a bay without one says `aligned`."""

    aligned = "aligned"
    between = "between"


class Nose(StrEnum):
    """Where the nose of the car in a bay points, as its wheel plates sense it."""

    street = "street"
    tower = "tower"
    unknown = "unknown"


ENDS: Mapping[Operation, tuple[str, str]] = {
    Operation.open_street_door: ("street_door", Door.open),
    Operation.close_street_door: ("street_door", Door.closed),
    Operation.open_inner_door: ("inner_door", Door.open),
    Operation.close_inner_door: ("inner_door", Door.closed),
    Operation.turn: ("table", Table.aligned),
}
"""Which door or table of its bay an operation moves, and to which end."""


class Result(StrEnum):
    """How a command ended."""

    none = "none"
    done = "done"
    failed = "failed"


@dataclass(frozen=True)
class Plc:
    """The controller itself. `clock_ms` is its monotonic counter; `heartbeat` changes at least every 250 ms.

    `revision` grows with each change of any value but these counters: who has read everything at a revision needs to
    read this part alone, as long as the revision stands and the `plc_epoch` is the same.
    `ack_seq` is the highest number that was ever accepted. `fire` is the fire and smoke detection of the whole tower;
    `mains` is false while the tower runs on its battery: then nothing moves, and brakes hold.
    """

    tower_id: str = ""
    layout: str = ""
    simulator: bool = False
    plc_epoch: int = 0
    control_epoch: int = 0
    clock_ms: int = 0
    heartbeat: int = 0
    station_heartbeat: int = 0
    revision: int = 0
    mode: str = Mode.stopped
    state: str = PlcState.stopped
    ack_seq: int = 0
    emergency_stop: bool = True
    stop_reason: str = ""
    help_called: bool = False
    fire: bool = True
    mains: bool = False


@dataclass(frozen=True)
class Lift:
    """`position_mm` is the encoder; `storey` is the level flag, NO_STOREY where none is on; `loaded` is its own sensor.

    `target` is the storey to which it is on its way, NO_STOREY at rest. `fault` names what its drive reports, until it
    is reset at the tower. `locked_out` is the padlock of a technician. `movement` is true where something moves in the
    car on the platform. `busy` to `reason` are its channel of commands; `operation` is what runs while it is busy.
    """

    name: str = ""
    position_mm: float = 0.0
    storey: int = -1
    target: int = -1
    moving: bool = True
    transfer_home: bool = False
    loaded: bool = True
    tag: str = ""
    movement: bool = True
    fault: str = ""
    locked_out: bool = True
    busy: bool = True
    operation: str = ""
    seq: int = 0
    done_seq: int = 0
    result: str = Result.none
    reason: str = ""


@dataclass(frozen=True)
class Slot:
    """A storage place: occupancy by its own sensor, tag by its reader (empty where none answers).

    `movement` is true where something moves in the slot while no transfer reaches into it: nobody is to be in there.
    """

    name: str = ""
    occupied: bool = True
    tag: str = ""
    movement: bool = True
    locked_out: bool = True


@dataclass(frozen=True)
class Bay:
    """Where people and cars meet.

    `scanner`, `curtain` and `floor` are three diverse presence sources, true where one sees a person or thing beside
    the car. `cabin` is true where something lives in the car. `exit_closed` is the emergency exit, through which people
    can leave at any time. `vehicle` is the light barrier; `in_place` is true where all wheels stand on their plates.
    Sizes are 0 where no car stands in place; `mass_kg` is what the plates weigh, wherever a car stands. `busy` to
    `reason` are its channel of commands.
    """

    name: str = ""
    street_door: str = Door.between
    inner_door: str = Door.between
    exit_closed: bool = False
    table: str = Table.between
    nose: str = Nose.unknown
    vehicle: bool = True
    tag: str = ""
    in_place: bool = False
    scanner: bool = True
    curtain: bool = True
    floor: bool = True
    cabin: bool = True
    engine_running: bool = True
    key_in_box: bool = False
    length_mm: int = 0
    width_mm: int = 0
    height_mm: int = 0
    mass_kg: int = 0
    fault: str = ""
    locked_out: bool = True
    busy: bool = True
    operation: str = ""
    seq: int = 0
    done_seq: int = 0
    result: str = Result.none
    reason: str = ""

    @property
    def person(self) -> bool:
        """Whether any source senses a person; one is enough."""
        return self.scanner or self.curtain or self.floor

    @property
    def empty(self) -> bool:
        """Whether no source senses a car: light barrier, reader, plates and scale."""
        return not (self.vehicle or self.tag or self.in_place or self.mass_kg > EMPTY_KG)

    @property
    def shows_car(self) -> bool:
        """Whether two of these sources sense a car at least: a single one may flicker, or stick."""
        return self.vehicle + bool(self.tag) + self.in_place + (self.mass_kg > EMPTY_KG) > 1


class SlotIndex:
    """What is looked for in all slots again and again: a large tower has hundreds, and few change between two reads."""

    def __init__(self, slots: tuple[Slot, ...]) -> None:
        self.slots = slots

    @lazy
    def by_name(self) -> Mapping[str, Slot]:
        """Each slot by its name."""
        return {slot.name: slot for slot in self.slots}

    @lazy
    def filled(self) -> tuple[Slot, ...]:
        """The slots that are occupied, or where a tag is read."""
        return tuple(slot for slot in self.slots if slot.occupied or slot.tag)

    @lazy
    def restless(self) -> tuple[Slot, ...]:
        """The slots where something moves."""
        return tuple(slot for slot in self.slots if slot.movement)


_newest_index = SlotIndex(())


def _index_of(slots: tuple[Slot, ...]) -> SlotIndex:
    """Return the index of these slots: the last one, where a reader hands out the tuple of before."""
    global _newest_index
    index = _newest_index
    if index.slots is not slots:
        index = _newest_index = SlotIndex(slots)
    return index


@dataclass(frozen=True)
class Snapshot:
    """Everything the PLC reports, read in one request at `read_at_s` of the reader's monotonic clock."""

    read_at_s: float
    plc: Plc
    lifts: tuple[Lift, ...]
    slots: tuple[Slot, ...]
    bays: tuple[Bay, ...]

    def lift(self, name: str) -> Lift:
        """Return the lift of this name, or raise KeyError."""
        return self._lifts_by_name[name]

    def slot(self, name: str) -> Slot:
        """Return the slot of this name, or raise KeyError."""
        return self.slot_index.by_name[name]

    def bay(self, name: str) -> Bay:
        """Return the bay of this name, or raise KeyError."""
        return self._bays_by_name[name]

    def channel(self, part: str) -> Lift | Bay:
        """Return the lift or bay of this name, or raise KeyError."""
        return self._lifts_by_name.get(part) or self._bays_by_name[part]

    @lazy
    def places(self) -> dict[str, str]:
        """The place (slot, bay or lift) of each tag that is read; a car between two places counts as on the lift."""
        found = {slot.tag: slot.name for slot in self.slot_index.filled if slot.tag}
        found |= {bay.tag: bay.name for bay in self.bays if bay.tag}
        found |= {lift.tag: lift.name for lift in self.lifts if lift.tag}
        return found

    @lazy
    def _lifts_by_name(self) -> Mapping[str, Lift]:
        return {lift.name: lift for lift in self.lifts}

    @lazy
    def slot_index(self) -> SlotIndex:
        """The slots, found quickly."""
        return _index_of(self.slots)

    @lazy
    def _bays_by_name(self) -> Mapping[str, Bay]:
        return {bay.name: bay for bay in self.bays}


@dataclass(frozen=True)
class Command:
    """One order to the PLC."""

    control_epoch: int
    seq: int
    operation: Operation
    arguments: tuple[tuple[str, str], ...]
    valid_until_ms: int


Part = Plc | Lift | Slot | Bay


def parts_of(operation: Operation, arguments: Mapping[str, str]) -> tuple[str, ...]:
    """Return the parts that a command keeps busy: its lift, its bay, or both where a car goes through a bay's door."""
    lift, bay = arguments.get("lift"), arguments.get("bay")
    if operation in (Operation.pick, Operation.place) and arguments.get("place", "").startswith("B"):
        bay = arguments["place"]
    return ((lift,) if lift else ()) + ((bay,) if bay else ())


def nodes_of(part: type[Part], name: str = "") -> dict[str, str]:
    """Return the node id string of each field of a part: `{"occupied": "Slot.2A.occupied", …}`."""
    prefix = f"{part.__name__}.{name}." if name else f"{part.__name__}."
    return {field.name: prefix + field.name for field in fields(part)}
