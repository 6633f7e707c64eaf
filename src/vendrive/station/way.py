"""The car's way through the tower, as a person at the kiosk follows it."""

from typing import Literal, NamedTuple

from vendrive.tower.inventory import places
from vendrive.tower.layout import BayPlan, Layout
from vendrive.wire.machine import NO_STOREY, Door, Lift, Snapshot

State = Literal["pending", "active", "done"]


class WayStep(NamedTuple):
    """One step; `name` is a key of the message catalogue, `kiosk.step.<name>`."""

    name: str
    state: State


BRINGING = ("fetch", "load", "ride", "unload", "door")
STORING = ("shut", "load", "ride", "unload")


def bringing(snapshot: Snapshot, tag: str, bay_name: str, layout: Layout) -> tuple[WayStep, ...]:
    """Return the way from the slot to an open street door, as sensed."""
    bay, lift = snapshot.bay(bay_name), _lift_of(snapshot, tag, layout.bay(bay_name))
    where = places(snapshot).get(tag)
    if where == bay.name:
        at = 5 if bay.street_door == Door.open else 4
    elif lift.loaded and lift.transfer_home and where == lift.name:
        at = 3 if lift.storey == layout.storey_of(bay.name) else 2
    elif not lift.transfer_home:
        at = 3 if lift.storey == layout.storey_of(bay.name) and bay.inner_door == Door.open else 1
    else:
        at = 1 if where is not None and _level_with(lift.storey, where, layout) else 0
    return _steps(BRINGING, at)


def storing(snapshot: Snapshot, tag: str, bay_name: str, layout: Layout) -> tuple[WayStep, ...]:
    """Return the way from the bay to a slot, as sensed."""
    bay, lift = snapshot.bay(bay_name), _lift_of(snapshot, tag, layout.bay(bay_name))
    where = places(snapshot).get(tag)
    if layout.is_slot(where or ""):
        at = 4
    elif where == lift.name or not lift.transfer_home:
        at = 3 if lift.storey != layout.storey_of(bay.name) and lift.storey != NO_STOREY else 2
        at = at if lift.transfer_home or bay.inner_door == Door.closed else 1
    else:
        at = 1 if bay.street_door == Door.closed else 0
    return _steps(STORING, at)


def _lift_of(snapshot: Snapshot, tag: str, plan: BayPlan) -> Lift:
    """Return the lift that carries this car, or else the one of the bay that is at work."""
    lifts = [snapshot.lift(name) for name in plan.lifts]
    return max(lifts, key=lambda lift: (lift.tag == tag, not lift.transfer_home, lift.busy))


def _level_with(storey: int, place: str, layout: Layout) -> bool:
    try:
        return layout.storey_of(place) == storey
    except KeyError:
        return False


def _steps(names: tuple[str, ...], at: int) -> tuple[WayStep, ...]:
    states: list[State] = ["done" if i < at else "active" if i == at else "pending" for i in range(len(names))]
    return tuple(WayStep(name, state) for name, state in zip(names, states, strict=True))
