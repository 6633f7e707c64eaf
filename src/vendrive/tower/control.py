"""What to do next: a goal is a state that is wanted, and the next step follows from what is known now.

Nothing is remembered between steps, so a program that restarts in the middle of anything asks again and goes on. Which
lift serves a goal, and how far it may go, is said by `vendrive.tower.traffic`.
"""

from dataclasses import dataclass

from vendrive.tower.layout import BayPlan
from vendrive.tower.view import View, presence
from vendrive.wire.errors import ErrorCode
from vendrive.wire.machine import NO_STOREY, Bay, Door, Lift, Nose, Operation, Table

Arguments = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class BringToBay:
    """The car with this tag stands in the bay, its nose to the street where it can be turned, and all is closed."""

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
class Store:
    """The car with this tag stands in the slot, and the inner door of the bay that it came from is closed."""

    tag: str
    slot: str


@dataclass(frozen=True)
class GiveWay:
    """The lift stands at the storey: another one wants to pass where it stood."""

    lift: str
    storey: int


Goal = BringToBay | OpenStreet | CloseStreet | Store | GiveWay


@dataclass(frozen=True)
class Do:
    """Ask the machine for this operation; the interlocks have still to permit it."""

    operation: Operation
    arguments: Arguments
    why: str


@dataclass(frozen=True)
class Wait:
    """Nothing can be asked now; ask again when something is sensed to have changed.

    `for_people` says that it is people who keep the machine waiting: the way and an empty lift need not wait for them
    too.
    """

    reason: str
    for_people: bool = False


@dataclass(frozen=True)
class Done:
    """The goal is reached."""


@dataclass(frozen=True)
class Stuck:
    """This goal cannot be reached from here without a decision of somebody else."""

    code: ErrorCode
    reason: str


Step = Do | Wait | Done | Stuck


def next_step(goal: Goal, view: View, lift: str = "") -> Step:
    """Return the one step that leads from what is known towards the goal, by the lift that serves it.

    KeyError for a part that is not there. Whether the snapshot is fresh is for the interlocks to judge.
    """
    busy = view.not_ready()
    if busy:
        return Wait(busy)
    match goal:
        case OpenStreet(bay):
            return _unusable(view, bay) or _open_street(view.snapshot.bay(bay), view)
        case CloseStreet(bay):
            return _unusable(view, bay) or _close_street(view.snapshot.bay(bay)) or Done()
        case BringToBay(tag, bay):
            unable = _unsure(view, tag, bay, lift) or _unusable(view, bay, lift)
            return unable or _cut_short(view, lift) or _bring(goal, view, lift)
        case Store(tag, slot):
            unable = _unsure(view, tag, slot, lift) or _unusable(view, lift)
            return unable or _cut_short(view, lift) or _store(goal, view, lift)
        case GiveWay(name, storey):
            unable = _unsure(view, name) or _unusable(view, name)
            return unable or _cut_short(view, name) or _leave(view.snapshot.lift(name), storey, view)


def _unusable(view: View, *parts: str) -> Step | None:
    """Return the end or the wait that a part out of service, or a busy one, means for a goal."""
    for part in filter(None, parts):
        reason = view.out_of_service(part)
        if reason:
            return Stuck(ErrorCode.lift_failed if view.layout.is_lift(part) else ErrorCode.part_locked, reason)
    busy = [part for part in parts if part and view.snapshot.channel(part).busy]
    return Wait(f"{busy[0]} is busy") if busy else None


def _unsure(view: View, *names: str) -> Stuck | None:
    doubt = view.doubt_about(*names)
    return Stuck(ErrorCode.machine_contradiction, doubt.reason) if doubt else None


def _cut_short(view: View, lift: str) -> Step | None:
    """Return the step that ends a transfer of this lift, if it has one, before anything else is looked at: while it is
    out its car may be seen in two places, or in none.
    """
    return _prepare(view.snapshot.lift(lift), view) if lift else None


def _prepare(lift: Lift, view: View) -> Step | None:
    """Return the step that ends what was cut short, or None where nothing was."""
    if lift.transfer_home:
        return None
    if lift.storey == NO_STOREY:
        return Stuck(ErrorCode.machine_contradiction, f"the transfer of {lift.name} is out between two levels")
    for plan in view.layout.bays_of(lift.name):
        bay = view.snapshot.bay(plan.name)
        if plan.storey == lift.storey and bay.inner_door != Door.closed and bay.street_door != Door.closed:
            return _close_street(bay)
    return Do(Operation.finish_transfer, (("lift", lift.name),), "a transfer was cut short")


def _open_street(bay: Bay, view: View) -> Step:
    if bay.street_door == Door.open and bay.inner_door == Door.closed:
        return Done()
    if bay.inner_door != Door.closed:
        return _ended_at(bay.name, view) or _close_inner(bay)
    return _align(bay) or _do(
        Operation.open_street_door, f"the street door of {bay.name} is {bay.street_door}", bay=bay.name
    )


def _ended_at(place: str, view: View) -> Step | None:
    """Return the step that ends a transfer which is out at the level of a place, or None where none is."""
    out = next((lift for lift in view.lifts_at(place) if not lift.transfer_home), None)
    return _prepare(out, view) if out else None


def _people(bay: Bay) -> Wait | None:
    """Return the wait for people who are in the bay, or have left its emergency exit open."""
    if presence(bay):
        return Wait(presence(bay), for_people=True)
    return None if bay.exit_closed else Wait(f"the emergency exit of {bay.name} is open", for_people=True)


def _close_street(bay: Bay) -> Step | None:
    if bay.street_door == Door.closed:
        return None
    if presence(bay):
        return Wait(presence(bay), for_people=True)
    return _do(Operation.close_street_door, f"the street door of {bay.name} is {bay.street_door}", bay=bay.name)


def _close_inner(bay: Bay) -> Do:
    return _do(Operation.close_inner_door, f"the inner door of {bay.name} is {bay.inner_door}", bay=bay.name)


def _align(bay: Bay) -> Step | None:
    """Return the step towards a turntable that stands right, or None where it does."""
    if bay.table == Table.aligned:
        return None
    if bay.inner_door != Door.closed:
        return _close_inner(bay)
    return (
        _close_street(bay)
        or _people(bay)
        or _do(Operation.turn, f"the turntable of {bay.name} is {bay.table}", bay=bay.name)
    )


def _bring(goal: BringToBay, view: View, lift_name: str) -> Step:
    bay, where = view.snapshot.bay(goal.bay), view.places.get(goal.tag)
    if where == bay.name:
        return _present(bay, view)
    if where is None:
        return Stuck(ErrorCode.car_missing, f"no reader sees tag {goal.tag}")
    if not bay.empty:
        return Stuck(ErrorCode.bay_occupied, f"another car stands in {bay.name}: tag {bay.tag or 'unread'}")
    if not lift_name:
        return Wait("no lift is free")
    lift = view.snapshot.lift(lift_name)
    if where == lift.name:
        # Before it goes there: where it waits it is in nobody's way.
        step = _people(bay) or _to_level(lift, bay.name, view) or _open_to(bay)
        return step or _transfer(Operation.place, lift, bay.name)
    return _fetch(goal.tag, where, lift, view)


def _present(bay: Bay, view: View) -> Step:
    """Return the next step of a car that stands in the bay: inner door closed, street door closed, nose outwards."""
    if bay.inner_door != Door.closed:
        return _ended_at(bay.name, view) or _close_inner(bay)
    turnable = view.layout.bay(bay.name).turntable and bay.nose == Nose.tower
    closing = _close_street(bay) or _align(bay)
    if closing or not turnable:
        return closing or Done()
    return _people(bay) or _do(Operation.turn, f"the car in {bay.name} points its nose to the tower", bay=bay.name)


def _fetch(tag: str, where: str, lift: Lift, view: View) -> Step:
    """Return the next step that brings the car of a slot onto the lift."""
    if lift.loaded:
        return Stuck(ErrorCode.machine_contradiction, f"another car is on {lift.name}: tag {lift.tag or 'unread'}")
    if not view.layout.is_slot(where) or lift.name not in view.layout.slot(where).lifts:
        return Stuck(ErrorCode.machine_contradiction, f"tag {tag} is at {where}, which {lift.name} does not serve")
    unusable = view.out_of_service(where) or _hidden(where, view)
    if unusable:
        return Stuck(ErrorCode.part_locked, unusable)
    if view.snapshot.slot(where).movement:
        return Stuck(ErrorCode.person_inside, f"something moves in {where}")
    return _to_level(lift, where, view) or _transfer(Operation.pick, lift, where)


def _store(goal: Store, view: View, lift_name: str) -> Step:
    slot, where = view.snapshot.slot(goal.slot), view.places.get(goal.tag)
    if where == slot.name:
        if slot.name in view.unsettled.values():
            return Wait(f"a transfer into {slot.name} had no known end, and no count has said where it came to")
        return _ended_at(slot.name, view) or _leave_closed(view, lift_name) or Done()
    if where is None:
        return Stuck(ErrorCode.car_missing, f"no reader sees tag {goal.tag}")
    taken = view.out_of_service(slot.name) or _taken(goal, view) or _hidden(slot.name, view)
    if taken:
        return Stuck(ErrorCode.no_room, taken)
    if not lift_name:
        return Wait("no lift is free")
    lift = view.snapshot.lift(lift_name)
    if where == lift.name:
        return _to_level(lift, slot.name, view) or _transfer(Operation.place, lift, slot.name)
    if view.layout.is_bay(where):
        return _take_in(view.snapshot.bay(where), lift, view)
    return _fetch(goal.tag, where, lift, view)


def _taken(goal: Store, view: View) -> str:
    """Return why the slot is not free, as it is sensed or as the journal believes, or an empty string."""
    if view.snapshot.slot(goal.slot).occupied:
        return f"{goal.slot} is occupied"
    last = view.believed.get(goal.slot, goal.tag)
    return "" if last == goal.tag else f"{goal.slot} was last taken by tag {last}"


def _hidden(slot: str, view: View) -> str:
    """Return which car stands in front of a slot, as it is sensed or as the journal believes, or an empty string."""
    front = view.layout.slot(slot).behind
    stands = front and (view.snapshot.slot(front).occupied or front in view.believed)
    return f"the car in {front} stands before {slot}" if stands else ""


def _leave_closed(view: View, lift_name: str) -> Step | None:
    """Return the step that closes the inner door by which the stored car came in, or None."""
    if not lift_name:
        return None
    ajar = _ajar(view.snapshot.lift(lift_name), "", view)
    return _close_inner(ajar) if ajar else None


def _take_in(bay: Bay, lift: Lift, view: View) -> Step:
    """Return the next step that brings the car of a bay onto the lift."""
    unusable = _unusable(view, bay.name)
    if unusable:
        return unusable
    if lift.loaded:
        return Stuck(ErrorCode.machine_contradiction, f"another car is on {lift.name}: tag {lift.tag or 'unread'}")
    people = _people(bay)
    if people or bay.engine_running:
        return people or Wait(f"an engine runs in {bay.name}", for_people=True)
    if not bay.in_place:
        return Stuck(ErrorCode.car_not_in_place, f"the car in {bay.name} does not stand on its plates")
    step = _close_street(bay) or _to_level(lift, bay.name, view) or _open_to(bay)
    return step or _transfer(Operation.pick, lift, bay.name)


def _to_level(lift: Lift, place: str, view: View) -> Step | None:
    """Return the step that brings the lift to the level of a place, or None where it is there."""
    return _to_storey(lift, view.layout.storey_of(place), place, view)


def _leave(lift: Lift, storey: int, view: View) -> Step:
    """Return the next step of a lift that gives way."""
    return _to_storey(lift, storey, "", view) or Done()


def _to_storey(lift: Lift, storey: int, place: str, view: View) -> Step | None:
    ajar = _ajar(lift, place, view)
    if ajar is not None:
        return Wait(presence(ajar), for_people=True) if presence(ajar) else _close_inner(ajar)
    if lift.storey == storey:
        return None
    return _do(Operation.move_lift, f"to {place or storey}", lift=lift.name, storey=str(storey))


def _ajar(lift: Lift, place: str, view: View) -> Bay | None:
    """Return a bay whose inner door must close before this lift moves on: any but the one that it is to serve now,
    and those at which another lift stands.
    """
    for plan in view.layout.bays_of(lift.name):
        bay = view.snapshot.bay(plan.name)
        serving = plan.name == place and lift.storey == plan.storey
        if bay.inner_door != Door.closed and not serving and not _held_by_another(plan, lift, view):
            return bay
    return None


def _held_by_another(plan: BayPlan, lift: Lift, view: View) -> bool:
    return lift.storey != plan.storey and any(other.name != lift.name for other in view.lifts_at(plan.name))


def _open_to(bay: Bay) -> Step | None:
    """Return the step towards an open inner door: street door closed, nobody inside; None where it is open."""
    closing = _close_street(bay)
    if closing is not None:
        return closing
    waiting = _people(bay) or _align(bay)
    if waiting or bay.inner_door == Door.open:
        return waiting
    return _do(Operation.open_inner_door, f"the inner door of {bay.name} is {bay.inner_door}", bay=bay.name)


def _transfer(operation: Operation, lift: Lift, place: str) -> Do:
    return _do(operation, f"{lift.name} is at the level of {place}", lift=lift.name, place=place)


def _do(operation: Operation, why: str, **arguments: str) -> Do:
    return Do(operation, tuple(arguments.items()), why)
