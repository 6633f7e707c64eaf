"""Small votes on each order, all of which must permit it. Unknown is never permission.

The safety PLC has votes of its own; these only withhold what it need not be asked for. Each vote has a name in VOTES.
"""

from collections.abc import Callable
from dataclasses import dataclass

from vendrive.tower.control import Arguments
from vendrive.tower.traffic import clear_to
from vendrive.tower.view import View, open_zone_presence, presence
from vendrive.wire.machine import STALE_AFTER_S, Bay, Door, Lift, Mode, Operation, PlcState, Table, parts_of


@dataclass(frozen=True)
class Permit:
    """One vote and why."""

    allowed: bool
    reason: str


@dataclass(frozen=True)
class Order:
    """What is asked, with all that is known; `mode` is the mode in which it is asked."""

    operation: Operation
    arguments: dict[str, str]
    view: View
    now_s: float
    mode: Mode = Mode.automatic

    @property
    def lift(self) -> Lift:
        """The lift that is named."""
        return self.view.snapshot.lift(self.arguments["lift"])

    @property
    def bay(self) -> Bay:
        """The bay that is named, by itself or as a place."""
        return self.view.snapshot.bay(self.arguments.get("bay") or self.arguments["place"])

    @property
    def place(self) -> str:
        """The place that is named, or an empty string."""
        return self.arguments.get("place", "")

    @property
    def at_bay(self) -> bool:
        """Whether a car goes through a bay's inner door."""
        return self.view.layout.is_bay(self.place)


Vote = Callable[[Order], Permit]


def votes(
    operation: Operation, arguments: Arguments, view: View, now_s: float, mode: Mode = Mode.automatic
) -> tuple[Permit, ...]:
    """Return every vote on this order; `now_s` is on the same monotonic clock as the snapshot."""
    order = Order(operation, dict(arguments), view, now_s, mode)
    try:
        return tuple(VOTES[name](order) for name in (*_ALWAYS, *_names_on(order)))
    except (KeyError, ValueError) as error:
        return (Permit(False, f"the order names something that is not there: {error}"),)


def allowed(permits: tuple[Permit, ...]) -> bool:
    """Whether there are votes and all of them permit."""
    return bool(permits) and all(permit.allowed for permit in permits)


def refusals(permits: tuple[Permit, ...]) -> tuple[str, ...]:
    """Return the reasons of the votes that do not permit."""
    return tuple(permit.reason for permit in permits if not permit.allowed)


_ALWAYS = ("fresh", "no_fire", "no_stop", "mains", "mode", "ready", "open_zones", "in_service", "at_rest", "certain")
_THROUGH_DOOR = ("inner_open", "street_closed", "nobody", "exit_closed", "table_aligned")


def _names_on(order: Order) -> tuple[str, ...]:
    match order.operation:
        case Operation.move_lift:
            return ("storey_exists", "transfer_home", "doors_of_shaft_closed", "still_inside", "way_free")
        case Operation.pick:
            from_bay = (*_THROUGH_DOOR, "engine_off", "in_place") if order.at_bay else ("still_in_place",)
            return ("at_level", "transfer_home", "lift_empty", "place_taken", "front_clear", *from_bay)
        case Operation.place:
            to_bay = _THROUGH_DOOR if order.at_bay else ()
            return ("at_level", "transfer_home", "lift_loaded", "place_free", "not_believed", "front_clear", *to_bay)
        case Operation.finish_transfer:
            return ("transfer_out", "at_some_level", "open_bays_shut_off")
        case Operation.open_street_door:
            return ("inner_closed", "table_aligned")
        case Operation.close_street_door:
            return ("nobody",)
        case Operation.open_inner_door:
            return ("street_closed", "nobody", "exit_closed", "table_aligned", "lift_waits")
        case Operation.close_inner_door:
            return ("transfers_home", "nobody")
        case Operation.turn:
            return ("turns", "street_closed", "inner_closed", "nobody", "exit_closed", "engine_off", "stands_or_empty")


def _fresh(order: Order) -> Permit:
    age = order.now_s - order.view.snapshot.read_at_s
    return Permit(0 <= age <= STALE_AFTER_S, f"the machine was read {age:.2f} s ago")


def _no_fire(order: Order) -> Permit:
    return Permit(not order.view.snapshot.plc.fire, "fire or smoke is sensed")


def _no_stop(order: Order) -> Permit:
    plc = order.view.snapshot.plc
    return Permit(not plc.emergency_stop, f"stopped: {plc.stop_reason}")


def _mains(order: Order) -> Permit:
    return Permit(order.view.snapshot.plc.mains, "the mains are gone")


def _mode(order: Order) -> Permit:
    mode = order.view.snapshot.plc.mode
    return Permit(mode == order.mode, f"the key switch says {mode}, and this is for {order.mode}")


def _ready(order: Order) -> Permit:
    state = order.view.snapshot.plc.state
    return Permit(state in (PlcState.idle, PlcState.execute), f"the machine is {state}")


def _open_zones(order: Order) -> Permit:
    sensed = open_zone_presence(order.view.snapshot)
    return Permit(not sensed, sensed or "nobody is sensed in an open zone")


def _in_service(order: Order) -> Permit:
    parts = (*parts_of(order.operation, order.arguments), *((order.place,) if order.place else ()))
    reasons = [reason for part in parts if (reason := order.view.out_of_service(part))]
    return Permit(not reasons, reasons[0] if reasons else "all parts are in service")


def _at_rest(order: Order) -> Permit:
    channels = [order.view.snapshot.channel(part) for part in parts_of(order.operation, order.arguments)]
    busy = [part.name for part in channels if part.busy or (isinstance(part, Lift) and part.moving)]
    return Permit(not busy, f"{busy[0]} is busy" if busy else "all parts are at rest")


def _certain(order: Order) -> Permit:
    """What a doubt is about is left alone; a door may move, for people must get out. Not the street door before a car
    that has vanished behind it: open, it would be the car's way out.
    """
    if order.operation == Operation.open_street_door and order.view.vanished(order.bay.name):
        return Permit(False, order.view.vanished(order.bay.name))
    if order.operation in (Operation.open_street_door, Operation.close_street_door, Operation.close_inner_door):
        return Permit(True, "doors move in doubt too")
    tag = order.lift.tag if "lift" in order.arguments else ""
    doubt = order.view.doubt_about(*filter(None, (*order.arguments.values(), tag)))
    return Permit(doubt is None, doubt.reason if doubt else "nothing contradicts this")


def _storey_exists(order: Order) -> Permit:
    plan, storey = order.view.layout.lift(order.lift.name), int(order.arguments["storey"])
    return Permit(plan.lowest <= storey <= plan.highest, f"storey {storey} of {plan.lowest} to {plan.highest}")


def _way_free(order: Order) -> Permit:
    storey = int(order.arguments["storey"])
    reached = clear_to(order.lift.name, storey, order.view, ())
    return Permit(reached == storey, f"the way of {order.lift.name} is free to storey {reached}")


def _still_inside(order: Order) -> Permit:
    return Permit(not order.lift.movement, f"something moves in the car on {order.lift.name}")


def _still_in_place(order: Order) -> Permit:
    moves = order.view.snapshot.slot(order.place).movement
    return Permit(not moves, f"something moves in {order.place}")


def _transfer_home(order: Order) -> Permit:
    return _out(order, wanted=False)


def _transfer_out(order: Order) -> Permit:
    return _out(order, wanted=True)


def _out(order: Order, wanted: bool) -> Permit:
    lift = order.lift
    return Permit(lift.transfer_home != wanted, f"the transfer of {lift.name} is {'home' if wanted else 'out'}")


def _transfers_home(order: Order) -> Permit:
    out = [lift.name for lift in order.view.lifts_at(order.bay.name) if not lift.transfer_home]
    return Permit(not out, f"the transfer of {out[0]} is out" if out else "no transfer is out")


def _doors_of_shaft_closed(order: Order) -> Permit:
    """The inner door behind which this lift stands is closed and not opening, and so is each that no lift guards."""
    lift, view = order.lift, order.view
    for plan in view.layout.bays_of(lift.name):
        bay = view.snapshot.bay(plan.name)
        guarded = any(other.name != lift.name for other in view.lifts_at(plan.name)) and lift.storey != plan.storey
        if not guarded and (bay.inner_door != Door.closed or (bay.busy and bay.operation == Operation.open_inner_door)):
            return Permit(False, f"the inner door of {bay.name} is {bay.inner_door}")
    return Permit(True, "the inner doors are closed")


def _at_level(order: Order) -> Permit:
    place, lift = order.view.layout.place(order.place), order.lift
    here = lift.name in place.lifts and not lift.moving and lift.storey == place.storey
    return Permit(here, f"{lift.name} is at storey {lift.storey}, {place.name} at {place.storey}")


def _lift_waits(order: Order) -> Permit:
    """Behind an inner door without a platform at rest is an open shaft."""
    waiting = [lift for lift in order.view.lifts_at(order.bay.name) if lift.transfer_home and not lift.busy]
    return Permit(bool(waiting), f"no lift waits at the level of {order.bay.name}")


def _at_some_level(order: Order) -> Permit:
    lift = order.lift
    here = not lift.moving and any(plan.storey == lift.storey for plan in order.view.layout.places)
    return Permit(here, f"{lift.name} is at storey {lift.storey}")


def _lift_empty(order: Order) -> Permit:
    empty = not order.lift.loaded and not order.lift.tag
    return Permit(empty, f"{order.lift.name} is {'empty' if empty else 'loaded'}")


def _lift_loaded(order: Order) -> Permit:
    return Permit(order.lift.loaded, f"{order.lift.name} is {'loaded' if order.lift.loaded else 'empty'}")


def _place_taken(order: Order) -> Permit:
    taken = order.bay.vehicle if order.at_bay else order.view.snapshot.slot(order.place).occupied
    return Permit(taken, f"{order.place} is {'occupied' if taken else 'empty'}")


def _place_free(order: Order) -> Permit:
    slot = None if order.at_bay else order.view.snapshot.slot(order.place)
    free = order.bay.empty if slot is None else not (slot.occupied or slot.tag)
    return Permit(free, f"{order.place} is {'empty' if free else 'occupied'}")


def _not_believed(order: Order) -> Permit:
    """A slot that is sensed empty is not taken for empty where the journal knows a car in it."""
    tag = None if order.at_bay else order.view.believed.get(order.place)
    free = tag is None or tag == order.lift.tag
    return Permit(free, f"{order.place} was last taken by tag {tag}" if tag else f"nothing was last in {order.place}")


def _front_clear(order: Order) -> Permit:
    front = "" if order.at_bay else order.view.layout.slot(order.place).behind
    if not front:
        return Permit(True, "nothing can stand in front")
    clear = not order.view.snapshot.slot(front).occupied and front not in order.view.believed
    return Permit(clear, f"{front}, in front of {order.place}, is {'empty' if clear else 'occupied'}")


def _street_closed(order: Order) -> Permit:
    bay = order.bay
    return Permit(bay.street_door == Door.closed, f"the street door of {bay.name} is {bay.street_door}")


def _inner_closed(order: Order) -> Permit:
    bay = order.bay
    return Permit(bay.inner_door == Door.closed, f"the inner door of {bay.name} is {bay.inner_door}")


def _inner_open(order: Order) -> Permit:
    bay = order.bay
    return Permit(bay.inner_door == Door.open, f"the inner door of {bay.name} is {bay.inner_door}")


def _exit_closed(order: Order) -> Permit:
    return Permit(order.bay.exit_closed, f"the emergency exit of {order.bay.name} is open")


def _nobody(order: Order) -> Permit:
    sensed = presence(order.bay)
    return Permit(not sensed, sensed or f"nobody is sensed in {order.bay.name}")


def _table_aligned(order: Order) -> Permit:
    return Permit(order.bay.table == Table.aligned, f"the turntable of {order.bay.name} is {order.bay.table}")


def _engine_off(order: Order) -> Permit:
    running = order.bay.engine_running
    return Permit(not running, f"an engine runs in {order.bay.name}" if running else "no engine runs")


def _in_place(order: Order) -> Permit:
    bay = order.bay
    return Permit(bay.in_place, f"the car in {bay.name} stands {'in place' if bay.in_place else 'beside its plates'}")


def _turns(order: Order) -> Permit:
    turns = order.view.layout.bay(order.bay.name).turntable
    return Permit(turns, f"{order.bay.name} has {'a' if turns else 'no'} turntable")


def _stands_or_empty(order: Order) -> Permit:
    bay = order.bay
    return Permit(bay.in_place or bay.empty, f"the car in {bay.name} stands beside its plates")


def _open_bays_shut_off(order: Order) -> Permit:
    """A transfer that goes through an inner door needs a closed street door and an empty bay."""
    for plan in order.view.layout.bays_of(order.lift.name):
        bay = order.view.snapshot.bay(plan.name)
        if plan.storey == order.lift.storey and bay.inner_door != Door.closed:
            if bay.street_door != Door.closed:
                return Permit(False, f"both doors of {bay.name} are open")
            if presence(bay) or not bay.exit_closed:
                return Permit(False, presence(bay) or f"the emergency exit of {bay.name} is open")
    return Permit(True, "no open bay can be reached from the street")


VOTES: dict[str, Vote] = {
    "fresh": _fresh,
    "no_fire": _no_fire,
    "no_stop": _no_stop,
    "mains": _mains,
    "mode": _mode,
    "ready": _ready,
    "open_zones": _open_zones,
    "in_service": _in_service,
    "at_rest": _at_rest,
    "certain": _certain,
    "storey_exists": _storey_exists,
    "way_free": _way_free,
    "still_inside": _still_inside,
    "still_in_place": _still_in_place,
    "transfer_home": _transfer_home,
    "transfer_out": _transfer_out,
    "transfers_home": _transfers_home,
    "doors_of_shaft_closed": _doors_of_shaft_closed,
    "at_level": _at_level,
    "lift_waits": _lift_waits,
    "at_some_level": _at_some_level,
    "lift_empty": _lift_empty,
    "lift_loaded": _lift_loaded,
    "place_taken": _place_taken,
    "place_free": _place_free,
    "not_believed": _not_believed,
    "front_clear": _front_clear,
    "street_closed": _street_closed,
    "inner_closed": _inner_closed,
    "inner_open": _inner_open,
    "exit_closed": _exit_closed,
    "nobody": _nobody,
    "table_aligned": _table_aligned,
    "engine_off": _engine_off,
    "in_place": _in_place,
    "turns": _turns,
    "stands_or_empty": _stands_or_empty,
    "open_bays_shut_off": _open_bays_shut_off,
}
