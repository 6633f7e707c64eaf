"""The machine: what its PLC reports and what it may be asked, as OPC UA nodes and as plain values.

Address space, namespace NAMESPACE, node ids are strings: `Plc.<field>`, `Lift.<name>.<field>`,
`Slot.<name>.<field>`, `Bay.<name>.<field>`, one variable for each field of the dataclasses below. Methods of the
object `Plc`: `execute`, `take_control`, `stop`, `call_help`, `end_help`. The only writable variable is
`Plc.station_heartbeat`.

Handshake. A station first calls `take_control(control_epoch)` with an epoch above the last; the PLC refuses a lower
one, and every command of an older epoch. `execute(control_epoch, seq, operation, arguments_json, valid_until_ms)`
answers (accepted, reason). It carries a `seq` above `ack_seq`; the PLC accepts it (`ack_seq` = seq, mode executing) or
refuses it with a reason and no effect; it runs a seq once and then sets `done_seq`, `result` and `reason`.
`valid_until_ms` is in the PLC's own counter `clock_ms`, as last read: a late command is refused, so a command that was
delayed on the way surprises nobody. When the station is silent for 2 s (heartbeat unchanged) the PLC finishes the
atomic move and takes no new one (mode held). A restarted PLC has a new `plc_epoch` and no controller.

Stopping. `stop(reason)` can be called by any trusted client, with any epoch, in every state. Nothing in this address
space ends a stop, and nothing in it clears a person's detection: those are switches at the tower.
"""

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TypeVar

NAMESPACE = "urn:vendrive:tower:1"
STALE_AFTER_S = 1.0
HEARTBEAT_PERIOD_S = 0.25
HOLD_AFTER_SILENCE_S = 2.0


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


class PlcMode(StrEnum):
    """PackML's required states."""

    stopped = "stopped"
    idle = "idle"
    executing = "executing"
    held = "held"  # the station is silent


class Door(StrEnum):
    """A door is open or closed only when its own switch says so."""

    open = "open"
    closed = "closed"
    between = "between"


class Result(StrEnum):
    """How a command ended."""

    none = "none"
    done = "done"
    failed = "failed"


@dataclass(frozen=True)
class Plc:
    """The controller itself. `clock_ms` is its monotonic counter; `heartbeat` changes at least every 250 ms."""

    tower_id: str = ""
    layout: str = ""
    simulator: bool = False
    plc_epoch: int = 0
    control_epoch: int = 0
    clock_ms: int = 0
    heartbeat: int = 0
    station_heartbeat: int = 0
    mode: str = PlcMode.stopped
    ack_seq: int = 0
    done_seq: int = 0
    result: str = Result.none
    reason: str = ""
    emergency_stop: bool = True
    stop_reason: str = ""
    help_called: bool = False


@dataclass(frozen=True)
class Lift:
    """`position_mm` is the encoder; `storey` is the level flag, -1 where none is on; `loaded` is its own sensor."""

    name: str = ""
    position_mm: float = 0.0
    storey: int = -1
    moving: bool = True
    transfer_home: bool = False
    loaded: bool = True
    tag: str = ""


@dataclass(frozen=True)
class Slot:
    """A storage place: occupancy by its own sensor, tag by its reader (empty where none answers)."""

    name: str = ""
    occupied: bool = True
    tag: str = ""


@dataclass(frozen=True)
class Bay:
    """Where people and cars meet.

    `scanner`, `curtain` and `floor` are three diverse presence sources,
    true where one sees a person or thing beside the car. `cabin` is true where something lives in the car. `in_place`
    is true where all wheels stand on their plates. Sizes and mass are 0 where no car stands in place.
    """

    name: str = ""
    street_door: str = Door.between
    inner_door: str = Door.between
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

    @property
    def person(self) -> bool:
        """Whether any source senses a person; one is enough."""
        return self.scanner or self.curtain or self.floor


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
        return _named(self.lifts, name)

    def slot(self, name: str) -> Slot:
        """Return the slot of this name, or raise KeyError."""
        return _named(self.slots, name)

    def bay(self, name: str) -> Bay:
        """Return the bay of this name, or raise KeyError."""
        return _named(self.bays, name)


@dataclass(frozen=True)
class Command:
    """One order to the PLC."""

    control_epoch: int
    seq: int
    operation: Operation
    arguments: tuple[tuple[str, str], ...]
    valid_until_ms: int


Part = Plc | Lift | Slot | Bay
P = TypeVar("P", Lift, Slot, Bay)


def _named(parts: tuple[P, ...], name: str) -> P:
    for part in parts:
        if part.name == name:
            return part
    raise KeyError(name)


def nodes_of(part: type[Part], name: str = "") -> dict[str, str]:
    """Return the node id string of each field of a part: `{"occupied": "Slot.2A.occupied", …}`."""
    prefix = f"{part.__name__}.{name}." if name else f"{part.__name__}."
    return {field.name: prefix + field.name for field in fields(part)}
