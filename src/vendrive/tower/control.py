"""What to do next: a goal is a state that is wanted, and the next step follows from what is sensed now.

Nothing is remembered between steps, so a program that restarts in the middle of anything asks again and goes on.
"""

from dataclasses import dataclass

from vendrive.tower.inventory import places, sightings
from vendrive.tower.layout import Layout
from vendrive.wire.errors import ErrorCode
from vendrive.wire.machine import Bay, Door, Lift, Operation, PlcMode, Snapshot

Arguments = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class BringToBay:
    """The car with this tag stands in the bay and both doors are closed."""

    tag: str
    bay: str


@dataclass(frozen=True)
class OpenStreet:
    """The street door of the bay is open."""

    bay: str


@dataclass(frozen=True)
class CloseStreet:
    """The street door of the bay is closed."""

    bay: str


@dataclass(frozen=True)
class StoreFromBay:
    """The car with this tag, now in the bay, stands in the slot and the inner door is closed."""

    tag: str
    bay: str
    slot: str


Goal = BringToBay | OpenStreet | CloseStreet | StoreFromBay


@dataclass(frozen=True)
class Do:
    """Ask the machine for this operation; the interlocks have still to permit it."""

    operation: Operation
    arguments: Arguments
    why: str


@dataclass(frozen=True)
class Wait:
    """Nothing can be asked now; ask again when something is sensed to have changed."""

    reason: str


@dataclass(frozen=True)
class Done:
    """The goal is reached."""


@dataclass(frozen=True)
class Stuck:
    """This goal cannot be reached from here without a decision of somebody else."""

    code: ErrorCode
    reason: str


Step = Do | Wait | Done | Stuck


def next_step(goal: Goal, snapshot: Snapshot, layout: Layout) -> Step:
    """Return the one step that leads from what is sensed towards the goal.

    KeyError for a bay or slot that is not there. Whether the snapshot is fresh is for the interlocks to judge.
    """
    busy = _not_ready(snapshot)
    if busy:
        return Wait(busy)
    match goal:
        case OpenStreet(bay):
            return _open_street(snapshot.bay(bay), snapshot, layout)
        case CloseStreet(bay):
            return _close_street(snapshot.bay(bay)) or Done()
        case BringToBay(tag, bay):
            ready = _prepare(bay, snapshot, layout) or _doubt(tag, snapshot)
            return ready or _bring(tag, bay, snapshot, layout)
        case StoreFromBay(tag, bay, slot):
            ready = _prepare(bay, snapshot, layout) or _doubt(tag, snapshot)
            return ready or _store(tag, bay, slot, snapshot, layout)


def presence(bay: Bay) -> str:
    """Return who or what is sensed in a bay, as a sentence, or an empty string where all sources are clear."""
    sources = [name for name in ("scanner", "curtain", "floor", "cabin") if getattr(bay, name)]
    return f"a person is sensed in {bay.name} by {' and '.join(sources)}" if sources else ""


def open_zone_presence(snapshot: Snapshot) -> str:
    """Return where somebody is sensed behind an inner door that is not closed, or an empty string."""
    for bay in snapshot.bays:
        if bay.inner_door != Door.closed and presence(bay):
            return f"{presence(bay)} and its inner door is not closed"
    return ""


def _not_ready(snapshot: Snapshot) -> str:
    plc = snapshot.plc
    if plc.emergency_stop or plc.mode == PlcMode.stopped:
        return f"stopped: {plc.stop_reason}"
    if plc.mode != PlcMode.idle:
        return f"the machine is {plc.mode}"
    moving = [lift.name for lift in snapshot.lifts if lift.moving]
    return f"{moving[0]} moves" if moving else open_zone_presence(snapshot)


def _prepare(bay_name: str, snapshot: Snapshot, layout: Layout) -> Step | None:
    """Return the step that ends what was cut short, or None where nothing was."""
    lift = snapshot.lift(layout.bay(bay_name).lift)
    if lift.transfer_home:
        return None
    if lift.storey == -1:
        return Stuck(ErrorCode.machine_contradiction, f"the transfer of {lift.name} is out between two levels")
    for plan in layout.bays:
        bay = snapshot.bay(plan.name)
        if plan.lift == lift.name and bay.inner_door != Door.closed and bay.street_door != Door.closed:
            return _close_street(bay)
    return Do(Operation.finish_transfer, (("lift", lift.name),), "a transfer was cut short")


def _doubt(tag: str, snapshot: Snapshot) -> Stuck | None:
    seen = sightings(snapshot, tag)
    if len(seen) < 2:
        return None
    return Stuck(ErrorCode.machine_contradiction, f"tag {tag} is read in {' and '.join(seen)}")


def _open_street(bay: Bay, snapshot: Snapshot, layout: Layout) -> Step:
    if bay.street_door == Door.open and bay.inner_door == Door.closed:
        return Done()
    if bay.inner_door != Door.closed:
        return _prepare(bay.name, snapshot, layout) or _close_inner(bay)
    return Do(Operation.open_street_door, (("bay", bay.name),), f"the street door of {bay.name} is {bay.street_door}")


def _close_street(bay: Bay) -> Step | None:
    if bay.street_door == Door.closed:
        return None
    if presence(bay):
        return Wait(presence(bay))
    return Do(Operation.close_street_door, (("bay", bay.name),), f"the street door of {bay.name} is {bay.street_door}")


def _close_inner(bay: Bay) -> Do:
    return Do(Operation.close_inner_door, (("bay", bay.name),), f"the inner door of {bay.name} is {bay.inner_door}")


def _bring(tag: str, bay_name: str, snapshot: Snapshot, layout: Layout) -> Step:
    bay, lift = snapshot.bay(bay_name), snapshot.lift(layout.bay(bay_name).lift)
    where = places(snapshot).get(tag)
    if where == bay.name:
        return _close_inner(bay) if bay.inner_door != Door.closed else _close_street(bay) or Done()
    if bay.vehicle:
        return Stuck(ErrorCode.bay_occupied, f"another car stands in {bay.name}: tag {bay.tag or 'unread'}")
    if where == lift.name:
        return (
            _to_level(lift, bay.name, snapshot, layout) or _open_to(bay) or _transfer(Operation.place, lift, bay.name)
        )
    if where is None:
        return Stuck(ErrorCode.car_missing, f"no reader sees tag {tag}")
    if lift.loaded:
        return Stuck(ErrorCode.machine_contradiction, f"another car is on {lift.name}: tag {lift.tag or 'unread'}")
    if not _stored_for(where, lift, layout):
        return Stuck(ErrorCode.machine_contradiction, f"tag {tag} is at {where}, which {lift.name} does not serve")
    return _to_level(lift, where, snapshot, layout) or _transfer(Operation.pick, lift, where)


def _store(tag: str, bay_name: str, slot_name: str, snapshot: Snapshot, layout: Layout) -> Step:
    bay, lift, slot = snapshot.bay(bay_name), snapshot.lift(layout.bay(bay_name).lift), snapshot.slot(slot_name)
    where = places(snapshot).get(tag)
    if where == slot.name:
        return _close_inner(bay) if bay.inner_door != Door.closed else Done()
    if slot.occupied:
        return Stuck(ErrorCode.no_room, f"slot {slot.name} is occupied: tag {slot.tag or 'unread'}")
    if where == lift.name:
        return _to_level(lift, slot.name, snapshot, layout) or _transfer(Operation.place, lift, slot.name)
    if where == bay.name:
        return _take_in(bay, lift, snapshot, layout)
    if where is None and bay.vehicle and not bay.tag:
        return Stuck(ErrorCode.car_unreadable, f"no tag is read in {bay.name}")
    if where is None:
        return Stuck(ErrorCode.car_missing, f"no reader sees tag {tag}")
    return Stuck(ErrorCode.machine_contradiction, f"tag {tag} is at {where}, not in {bay.name}")


def _take_in(bay: Bay, lift: Lift, snapshot: Snapshot, layout: Layout) -> Step:
    """Return the next step that brings the car of a bay onto the lift."""
    if lift.loaded:
        return Stuck(ErrorCode.machine_contradiction, f"another car is on {lift.name}: tag {lift.tag or 'unread'}")
    if presence(bay):
        return Wait(presence(bay))
    if bay.engine_running:
        return Wait(f"an engine runs in {bay.name}")
    if not bay.in_place:
        return Stuck(ErrorCode.car_not_in_place, f"the car in {bay.name} does not stand on its plates")
    step = _close_street(bay) or _to_level(lift, bay.name, snapshot, layout) or _open_to(bay)
    return step or _transfer(Operation.pick, lift, bay.name)


def _stored_for(where: str, lift: Lift, layout: Layout) -> bool:
    return any(slot.name == where and slot.lift == lift.name for slot in layout.slots)


def _to_level(lift: Lift, place: str, snapshot: Snapshot, layout: Layout) -> Step | None:
    """Return the step that brings the lift to the level of a place, or None where it is there."""
    storey = layout.storey_of(place)
    ajar = _ajar(lift, place, snapshot, layout)
    if ajar is not None:
        return Wait(presence(ajar)) if presence(ajar) else _close_inner(ajar)
    if lift.storey == storey:
        return None
    return Do(Operation.move_lift, (("lift", lift.name), ("storey", str(storey))), f"to {place}")


def _ajar(lift: Lift, place: str, snapshot: Snapshot, layout: Layout) -> Bay | None:
    """Return a bay of this lift whose inner door must close first: any, but the one where the lift is to serve now."""
    for plan in layout.bays:
        bay = snapshot.bay(plan.name)
        serving = plan.name == place and lift.storey == plan.storey
        if plan.lift == lift.name and bay.inner_door != Door.closed and not serving:
            return bay
    return None


def _open_to(bay: Bay) -> Step | None:
    """Return the step towards an open inner door: street door closed, nobody inside; None where it is open."""
    closing = _close_street(bay)
    if closing is not None:
        return closing
    if presence(bay):
        return Wait(presence(bay))
    if bay.inner_door == Door.open:
        return None
    return Do(Operation.open_inner_door, (("bay", bay.name),), f"the inner door of {bay.name} is {bay.inner_door}")


def _transfer(operation: Operation, lift: Lift, place: str) -> Do:
    return Do(operation, (("lift", lift.name), ("place", place)), f"{lift.name} is at the level of {place}")
