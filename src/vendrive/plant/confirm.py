"""When a move has ended: the sensors say so, not the drive alone."""

from vendrive.plant.orders import Order, Sensed
from vendrive.plant.sensors import door
from vendrive.plant.world import World
from vendrive.wire.machine import ENDS, Lift, Operation, Table


def unconfirmed(order: Order, sensed: Sensed) -> str:
    """Return which sensor does not say that an order is done, or an empty string."""
    if "lift" in order.arguments:
        return _lift_unconfirmed(order, sensed.lifts[order.arguments["lift"]])
    bay, (end, wanted) = order.arguments["bay"], ENDS[order.operation]
    says = sensed.switches[bay, end]
    return "" if says == wanted else f"the {end.replace('_', ' ')} of {bay} does not say {wanted}"


def _lift_unconfirmed(order: Order, lift: Lift) -> str:
    if order.operation == Operation.move_lift:
        storey = int(order.arguments["storey"])
        return "" if lift.storey == storey else f"the level flag of {lift.name} does not say {storey}"
    if not lift.transfer_home:
        return f"the transfer of {lift.name} is out"
    if order.operation == Operation.finish_transfer or lift.loaded == (order.operation == Operation.pick):
        return ""
    return f"{lift.name} is {'loaded' if lift.loaded else 'empty'}"


def true_ends(world: World) -> dict[tuple[str, str], str]:
    """Return where all doors and tables are, as a technician sees who looks at them before the local reset."""
    ends: dict[tuple[str, str], str] = {}
    for name, bay in world.bays.items():
        ends[name, "street_door"] = door(bay.street)
        ends[name, "inner_door"] = door(bay.inner)
        ends[name, "table"] = Table.between if bay.turning else Table.aligned
    return ends
