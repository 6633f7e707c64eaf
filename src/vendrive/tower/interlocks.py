"""Small votes on each order, all of which must permit it. Unknown is never permission.

The safety PLC has votes of its own; these only withhold what it need not be asked for.
"""

from collections.abc import Callable
from dataclasses import dataclass

from vendrive.tower.control import Arguments, open_zone_presence, presence
from vendrive.tower.layout import Layout
from vendrive.wire.machine import STALE_AFTER_S, Bay, Door, Lift, Operation, PlcMode, Snapshot


@dataclass(frozen=True)
class Permit:
    """One vote and why."""

    allowed: bool
    reason: str


@dataclass(frozen=True)
class _Order:
    arguments: dict[str, str]
    snapshot: Snapshot
    layout: Layout

    @property
    def lift(self) -> Lift:
        """The lift that is named, or the one that serves the bay that is named."""
        name = self.arguments.get("lift") or self.layout.bay(self.arguments["bay"]).lift
        return self.snapshot.lift(name)

    @property
    def bay(self) -> Bay:
        """The bay that is named, by itself or as a place."""
        return self.snapshot.bay(self.arguments.get("bay") or self.arguments["place"])

    @property
    def at_bay(self) -> bool:
        return self.layout.is_bay(self.arguments.get("place", ""))


_Vote = Callable[[_Order], Permit]


def votes(
    operation: Operation, arguments: Arguments, snapshot: Snapshot, now_s: float, layout: Layout
) -> tuple[Permit, ...]:
    """Return every vote on this order; `now_s` is on the same monotonic clock as the snapshot."""
    general = (_fresh(snapshot, now_s), _no_stop(snapshot), _idle(snapshot), _open_zones(snapshot))
    order = _Order(dict(arguments), snapshot, layout)
    try:
        return general + tuple(vote(order) for vote in _votes_on(operation, order))
    except (KeyError, ValueError) as error:
        return (*general, Permit(False, f"the order names something that is not there: {error}"))


def allowed(permits: tuple[Permit, ...]) -> bool:
    """Whether there are votes and all of them permit."""
    return bool(permits) and all(permit.allowed for permit in permits)


def refusals(permits: tuple[Permit, ...]) -> tuple[str, ...]:
    """Return the reasons of the votes that do not permit."""
    return tuple(permit.reason for permit in permits if not permit.allowed)


def _votes_on(operation: Operation, order: _Order) -> tuple[_Vote, ...]:
    match operation:
        case Operation.move_lift:
            return (_storey_exists, _at_rest, _transfer_home, _inner_doors_closed)
        case Operation.pick:
            from_bay = (_inner_open, _street_closed, _nobody, _engine_off, _in_place) if order.at_bay else ()
            return (_at_level, _transfer_home, _lift_empty, _place_taken, *from_bay)
        case Operation.place:
            to_bay = (_inner_open, _street_closed, _nobody) if order.at_bay else ()
            return (_at_level, _transfer_home, _lift_loaded, _place_free, *to_bay)
        case Operation.finish_transfer:
            return (_transfer_out, _at_some_level, _open_bays_shut_off)
        case Operation.open_street_door:
            return (_inner_closed,)
        case Operation.close_street_door:
            return (_nobody,)
        case Operation.open_inner_door:
            return (_street_closed, _nobody, _transfer_home, _at_bay_level)
        case Operation.close_inner_door:
            return (_transfer_home, _nobody)


def _fresh(snapshot: Snapshot, now_s: float) -> Permit:
    age = now_s - snapshot.read_at_s
    return Permit(0 <= age <= STALE_AFTER_S, f"the machine was read {age:.2f} s ago")


def _no_stop(snapshot: Snapshot) -> Permit:
    stopped = snapshot.plc.emergency_stop
    return Permit(not stopped, f"stopped: {snapshot.plc.stop_reason}" if stopped else "no emergency stop")


def _idle(snapshot: Snapshot) -> Permit:
    return Permit(snapshot.plc.mode == PlcMode.idle, f"the machine is {snapshot.plc.mode}")


def _open_zones(snapshot: Snapshot) -> Permit:
    sensed = open_zone_presence(snapshot)
    return Permit(not sensed, sensed or "nobody is sensed in an open zone")


def _storey_exists(order: _Order) -> Permit:
    storey = int(order.arguments["storey"])
    return Permit(1 <= storey <= order.layout.storeys, f"storey {storey} of {order.layout.storeys}")


def _at_rest(order: _Order) -> Permit:
    return Permit(not order.lift.moving, f"{order.lift.name} {'moves' if order.lift.moving else 'is at rest'}")


def _transfer_home(order: _Order) -> Permit:
    lift = order.lift
    return Permit(lift.transfer_home, f"the transfer of {lift.name} is {'home' if lift.transfer_home else 'out'}")


def _transfer_out(order: _Order) -> Permit:
    lift = order.lift
    return Permit(not lift.transfer_home, f"the transfer of {lift.name} is {'home' if lift.transfer_home else 'out'}")


def _inner_doors_closed(order: _Order) -> Permit:
    bays = [order.snapshot.bay(plan.name) for plan in order.layout.bays if plan.lift == order.lift.name]
    ajar = [bay.name for bay in bays if bay.inner_door != Door.closed]
    return Permit(not ajar, f"inner doors not closed: {', '.join(ajar) or 'none'}")


def _at_level(order: _Order) -> Permit:
    place, lift = order.layout.place(order.arguments["place"]), order.lift
    here = place.lift == lift.name and not lift.moving and lift.storey == place.storey
    return Permit(here, f"{lift.name} is at storey {lift.storey}, {place.name} at {place.storey}")


def _at_bay_level(order: _Order) -> Permit:
    storey, lift = order.layout.storey_of(order.bay.name), order.lift
    # Behind an inner door without a platform is an open shaft.
    return Permit(
        not lift.moving and lift.storey == storey, f"{lift.name} is at storey {lift.storey}, the bay at {storey}"
    )


def _at_some_level(order: _Order) -> Permit:
    lift = order.lift
    return Permit(
        not lift.moving and 1 <= lift.storey <= order.layout.storeys, f"{lift.name} is at storey {lift.storey}"
    )


def _lift_empty(order: _Order) -> Permit:
    return Permit(not order.lift.loaded, f"{order.lift.name} is {'loaded' if order.lift.loaded else 'empty'}")


def _lift_loaded(order: _Order) -> Permit:
    return Permit(order.lift.loaded, f"{order.lift.name} is {'loaded' if order.lift.loaded else 'empty'}")


def _taken(order: _Order) -> bool:
    place = order.arguments["place"]
    return order.bay.vehicle if order.at_bay else order.snapshot.slot(place).occupied


def _place_taken(order: _Order) -> Permit:
    return Permit(_taken(order), f"{order.arguments['place']} is {'occupied' if _taken(order) else 'empty'}")


def _place_free(order: _Order) -> Permit:
    return Permit(not _taken(order), f"{order.arguments['place']} is {'occupied' if _taken(order) else 'empty'}")


def _street_closed(order: _Order) -> Permit:
    bay = order.bay
    return Permit(bay.street_door == Door.closed, f"the street door of {bay.name} is {bay.street_door}")


def _inner_closed(order: _Order) -> Permit:
    bay = order.bay
    return Permit(bay.inner_door == Door.closed, f"the inner door of {bay.name} is {bay.inner_door}")


def _inner_open(order: _Order) -> Permit:
    bay = order.bay
    return Permit(bay.inner_door == Door.open, f"the inner door of {bay.name} is {bay.inner_door}")


def _nobody(order: _Order) -> Permit:
    sensed = presence(order.bay)
    return Permit(not sensed, sensed or f"nobody is sensed in {order.bay.name}")


def _engine_off(order: _Order) -> Permit:
    running = order.bay.engine_running
    return Permit(not running, f"an engine runs in {order.bay.name}" if running else "no engine runs")


def _in_place(order: _Order) -> Permit:
    bay = order.bay
    return Permit(bay.in_place, f"the car in {bay.name} stands {'in place' if bay.in_place else 'beside its plates'}")


def _open_bays_shut_off(order: _Order) -> Permit:
    """A transfer that goes through an inner door needs a closed street door and an empty bay."""
    for plan in order.layout.bays:
        bay = order.snapshot.bay(plan.name)
        if plan.lift == order.lift.name and bay.inner_door != Door.closed:
            if bay.street_door != Door.closed:
                return Permit(False, f"both doors of {bay.name} are open")
            if presence(bay):
                return Permit(False, presence(bay))
    return Permit(True, "no open bay can be reached from the street")
