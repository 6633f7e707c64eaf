"""Orders as the PLC reads them, and all that it knows when it judges one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from vendrive.tower.layout import Layout
from vendrive.wire.machine import Bay, Lift, Operation, Slot

TRANSFERS = (Operation.pick, Operation.place, Operation.finish_transfer)

_OPERATIONS = frozenset(Operation)
_NEEDED = {
    Operation.move_lift: {"lift", "storey"},
    Operation.pick: {"lift", "place"},
    Operation.place: {"lift", "place"},
    Operation.finish_transfer: {"lift"},
    Operation.open_street_door: {"bay"},
    Operation.close_street_door: {"bay"},
    Operation.open_inner_door: {"bay"},
    Operation.close_inner_door: {"bay"},
    Operation.turn: {"bay"},
}


@dataclass(frozen=True)
class Order:
    """An operation with its arguments."""

    operation: Operation
    arguments: Mapping[str, str]


@dataclass(frozen=True)
class Sensed:
    """All parts as the PLC's sensors see them now, with what its own drives know.

    `reaching` is the place into which each lift's transfer is out, `running` the order of each busy part, `restless`
    the slots and lifts where something moves, `switches` what those of each door and table say, whatever moved it last.
    """

    lifts: Mapping[str, Lift]
    slots: Mapping[str, Slot]
    bays: Mapping[str, Bay]
    reaching: Mapping[str, str]
    running: Mapping[str, Order] = field(default_factory=dict)
    restless: frozenset[str] = frozenset()
    fire: bool = False
    switches: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def part(self, name: str) -> Lift | Slot | Bay | None:
        """Return the part of this name."""
        return self.lifts.get(name) or self.bays.get(name) or self.slots.get(name)

    def travels(self, lift: str) -> bool:
        """Whether a lift is on its way, or has been told to go."""
        order = self.running.get(lift)
        return self.lifts[lift].moving or (order is not None and order.operation == Operation.move_lift)


def malformed(operation: str, arguments: object, layout: Layout) -> str:
    """Return why an order cannot be read, or an empty string."""
    if operation not in _OPERATIONS:
        return f"unknown operation {operation!r}"
    if not isinstance(arguments, dict) or set(arguments) != _NEEDED[Operation(operation)]:
        return f"{operation} needs the arguments {sorted(_NEEDED[Operation(operation)])}"
    for name, value in arguments.items():
        if not _is_known(name, value, layout):
            return f"there is no {name} {value!r}"
    return _out_of_reach(Operation(operation), arguments, layout)


def _is_known(name: str, value: str, layout: Layout) -> bool:
    if name == "place":
        return layout.is_slot(value) or layout.is_bay(value)
    if name == "storey":
        return value in map(str, range(layout.storeys + 1))
    return value in {part.name for part in (layout.lifts if name == "lift" else layout.bays)}


def _out_of_reach(operation: Operation, arguments: dict[str, str], layout: Layout) -> str:
    if "place" in arguments and arguments["lift"] not in layout.place(arguments["place"]).lifts:
        return f"lift {arguments['lift']} does not serve {arguments['place']}"
    if "storey" in arguments:
        plan = layout.lift(arguments["lift"])
        if not plan.lowest <= int(arguments["storey"]) <= plan.highest:
            return f"{plan.name} goes to storeys {plan.lowest} to {plan.highest}"
    if operation == Operation.turn and not layout.bay(arguments["bay"]).turntable:
        return f"{arguments['bay']} has no turntable"
    return ""


def read_arguments(text: str) -> dict[str, str] | None:
    """Return the arguments of an order, or none where they are no object of strings."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        return None
    return value
