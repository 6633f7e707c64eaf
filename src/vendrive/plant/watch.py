"""What the PLC watches at every look: each watch has a name in `WATCHES` and says why the machine must stop."""

from collections.abc import Callable

from vendrive.plant.orders import Sensed
from vendrive.plant.safety import clearance_mm, occupied
from vendrive.tower.layout import Layout
from vendrive.wire.machine import NO_STOREY, Bay, Door, Lift, Operation

# A lift swings this much around the level where it lands.
_LANDS_MM = 30.0

Watch = Callable[[Sensed, Layout], str]


def fire(sensed: Sensed, layout: Layout) -> str:
    """Fire or smoke stops everything."""
    return "fire" if sensed.fire else ""


def intruder(sensed: Sensed, layout: Layout) -> str:
    """Nobody is in a bay that is open to the machine."""
    for bay in sensed.bays.values():
        if occupied(bay) and _open_to_machine(bay, sensed):
            return f"{occupied(bay)} while the inner door is open"
    return ""


def on_the_table(sensed: Sensed, layout: Layout) -> str:
    """Nobody is in a bay whose table turns."""
    for bay in sensed.bays.values():
        if occupied(bay) and _turns(bay, sensed):
            return f"{occupied(bay)} while the table turns"
    return ""


def emergency_exit(sensed: Sensed, layout: Layout) -> str:
    """An emergency exit that opens stops the machine behind it."""
    for bay in sensed.bays.values():
        if not bay.exit_closed and (_open_to_machine(bay, sensed) or _turns(bay, sensed)):
            return f"the emergency exit of {bay.name} is open"
    return ""


def movement(sensed: Sensed, layout: Layout) -> str:
    """Nothing moves in a stored car."""
    if not sensed.restless:
        return ""
    name = min(sensed.restless)
    return f"movement {'in slot' if name in sensed.slots else 'on'} {name}"


def lifts_apart(sensed: Sensed, layout: Layout) -> str:
    """Two lifts of one way keep their distance."""
    for plan in layout.lifts:
        for beside in layout.beside(plan.name):
            if layout.is_below(plan.name, beside.name):
                lower, upper = sensed.lifts[plan.name], sensed.lifts[beside.name]
                near = upper.position_mm - lower.position_mm < clearance_mm(layout)
                if near and (_approaches(lower, upper, layout) or _approaches(upper, lower, layout)):
                    return f"{plan.name} and {beside.name} come too close"
    return ""


def _approaches(lift: Lift, other: Lift, layout: Layout) -> bool:
    """Whether a lift goes towards another one; two that stand too near may go apart."""
    if lift.target == NO_STOREY:
        return False
    way_mm = layout.level_mm(lift.target) - lift.position_mm
    return way_mm > _LANDS_MM if layout.is_below(lift.name, other.name) else way_mm < -_LANDS_MM


WATCHES: dict[str, Watch] = {
    watch.__name__: watch for watch in (fire, intruder, on_the_table, emergency_exit, movement, lifts_apart)
}


def danger(sensed: Sensed, layout: Layout) -> tuple[str, str]:
    """Return the first watch that stops the machine and its reason, or two empty strings."""
    for name, watch in WATCHES.items():
        reason = watch(sensed, layout)
        if reason:
            return name, reason
    return "", ""


def _open_to_machine(bay: Bay, sensed: Sensed) -> bool:
    return bay.inner_door != Door.closed or bay.name in sensed.reaching.values()


def _turns(bay: Bay, sensed: Sensed) -> bool:
    order = sensed.running.get(bay.name)
    return order is not None and order.operation == Operation.turn
