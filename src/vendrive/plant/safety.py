"""The safety votes of the PLC: it trusts no planner, and refuses what its own sensors do not allow.

These are written apart from `vendrive.tower.interlocks` on purpose: two independent readings of the same rules.
"""

from dataclasses import dataclass

from vendrive.tower.layout import Layout
from vendrive.wire.machine import Bay, Door, Lift, Operation, Slot

_NEEDED = {
    Operation.move_lift: {"lift", "storey"},
    Operation.pick: {"lift", "place"},
    Operation.place: {"lift", "place"},
    Operation.finish_transfer: {"lift"},
    Operation.open_street_door: {"bay"},
    Operation.close_street_door: {"bay"},
    Operation.open_inner_door: {"bay"},
    Operation.close_inner_door: {"bay"},
}


@dataclass(frozen=True)
class Sensed:
    """All parts as the PLC's sensors see them now; `reaching` is the place into which each lift's transfer is out."""

    lifts: dict[str, Lift]
    slots: dict[str, Slot]
    bays: dict[str, Bay]
    reaching: dict[str, str]


def malformed(operation: str, arguments: object, layout: Layout) -> str:
    """Return why an order cannot be read, or an empty string."""
    if operation not in set(Operation):
        return f"unknown operation {operation!r}"
    if not isinstance(arguments, dict) or set(arguments) != _NEEDED[Operation(operation)]:
        return f"{operation} needs the arguments {sorted(_NEEDED[Operation(operation)])}"
    known = {
        "lift": {lift.name for lift in layout.lifts},
        "bay": {bay.name for bay in layout.bays},
        "place": {place.name for place in layout.places},
        "storey": {str(storey) for storey in range(1, layout.storeys + 1)},
    }
    for name, value in arguments.items():
        if value not in known[name]:
            return f"there is no {name} {value!r}"
    if "place" in arguments and layout.place(arguments["place"]).lift != arguments["lift"]:
        return f"lift {arguments['lift']} does not serve {arguments['place']}"
    return ""


def impossible(operation: Operation, arguments: dict[str, str], sensed: Sensed, layout: Layout) -> str:
    """Return why the machine cannot do this now without harm, or an empty string."""
    match operation:
        case Operation.move_lift:
            return _move(sensed.lifts[arguments["lift"]], sensed, layout)
        case Operation.pick | Operation.place:
            return _transfer(operation, arguments["lift"], arguments["place"], sensed, layout)
        case Operation.finish_transfer:
            return _finish(arguments["lift"], sensed, layout)
        case Operation.open_street_door:
            bay = sensed.bays[arguments["bay"]]
            return "" if bay.inner_door == Door.closed else f"the inner door of {bay.name} is not closed"
        case Operation.close_street_door:
            return _occupied(sensed.bays[arguments["bay"]])
        case Operation.open_inner_door:
            return _open_inner(sensed.bays[arguments["bay"]], sensed, layout)
        case Operation.close_inner_door:
            return _close_inner(sensed.bays[arguments["bay"]], sensed, layout)


def intruder(sensed: Sensed) -> str:
    """Return where a person is sensed in a zone that is open to the machine, or an empty string."""
    for bay in sensed.bays.values():
        open_zone = bay.inner_door != Door.closed or bay.name in sensed.reaching.values()
        if open_zone and _occupied(bay):
            return f"{_occupied(bay)} while the inner door is open"
    return ""


def _occupied(bay: Bay) -> str:
    sources = [name for name in ("scanner", "curtain", "floor", "cabin") if getattr(bay, name)]
    return f"a person is sensed in {bay.name} ({', '.join(sources)})" if sources else ""


def _move(lift: Lift, sensed: Sensed, layout: Layout) -> str:
    if not lift.transfer_home:
        return f"the transfer of {lift.name} is out"
    for plan in layout.bays:
        if plan.lift == lift.name and sensed.bays[plan.name].inner_door != Door.closed:
            return f"the inner door of {plan.name} is not closed"
    return ""


def _transfer(operation: Operation, lift_name: str, place: str, sensed: Sensed, layout: Layout) -> str:
    lift = sensed.lifts[lift_name]
    standing = sensed.bays[place].vehicle if layout.is_bay(place) else sensed.slots[place].occupied
    picking = operation == Operation.pick
    if not lift.transfer_home:
        return f"the transfer of {lift_name} is out"
    if lift.moving or lift.storey != layout.storey_of(place):
        return f"{lift_name} is not at the level of {place}"
    if lift.loaded == picking:
        return f"{lift_name} is {'loaded' if picking else 'empty'}"
    if standing != picking:
        return f"{place} is {'empty' if picking else 'occupied'}"
    return _through_door(sensed.bays[place], picking) if layout.is_bay(place) else ""


def _through_door(bay: Bay, picking: bool) -> str:
    if bay.inner_door != Door.open:
        return f"the inner door of {bay.name} is not open"
    if bay.street_door != Door.closed:
        return f"the street door of {bay.name} is not closed"
    if picking and bay.engine_running:
        return f"an engine runs in {bay.name}"
    if picking and not bay.in_place:
        return f"the car in {bay.name} does not stand in place"
    return _occupied(bay)


def _finish(lift_name: str, sensed: Sensed, layout: Layout) -> str:
    lift = sensed.lifts[lift_name]
    place = sensed.reaching.get(lift_name, "")
    if lift.transfer_home or not place:
        return f"the transfer of {lift_name} is home"
    if lift.moving or lift.storey != layout.storey_of(place):
        return f"{lift_name} is not at the level of {place}"
    return _through_door(sensed.bays[place], picking=False) if layout.is_bay(place) else ""


def _open_inner(bay: Bay, sensed: Sensed, layout: Layout) -> str:
    plan = layout.bay(bay.name)
    lift = sensed.lifts[plan.lift]
    if bay.street_door != Door.closed:
        return f"the street door of {bay.name} is not closed"
    if not lift.transfer_home:
        return f"the transfer of {lift.name} is out"
    if lift.moving or lift.storey != plan.storey:
        return f"{lift.name} is not at the level of {bay.name}, the shaft is open"
    return _occupied(bay)


def _close_inner(bay: Bay, sensed: Sensed, layout: Layout) -> str:
    lift = sensed.lifts[layout.bay(bay.name).lift]
    if not lift.transfer_home:
        return f"the transfer of {lift.name} is out"
    return _occupied(bay)
