"""What must never be, looked up in the truth alone: people where something moves, cars in one another, lifts that meet.

Simulations check these; no program of the tower sees them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from vendrive.plant.machine import BayBody
from vendrive.plant.orders import TRANSFERS, Order
from vendrive.plant.world import TRANSFER, World, living
from vendrive.wire.machine import Operation

# The grip finds a place only this near its level.
_REACH_MM = 100.0


@dataclass(frozen=True)
class Hazard:
    """Somebody is where something moves."""

    being: str
    where: str
    order: Order


def hazards(world: World, running: Iterable[Order]) -> tuple[Hazard, ...]:
    """Return everybody who is where one of the running orders moves something."""
    if not _anybody(world):
        return ()
    return tuple(hazard for order in running for hazard in _hazards(world, order))


def _anybody(world: World) -> bool:
    """Whether there is anybody, or anything, in the tower at all, in a car or beside one."""
    inside = any(car.inside for car in world.cars.values())
    return world.storage > 0 or inside or any(bay.beside for bay in world.bays.values())


def _hazards(world: World, order: Order) -> list[Hazard]:
    lift = world.lifts.get(order.arguments.get("lift", ""))
    found: list[Hazard] = []
    if lift is not None:
        found += [Hazard("person", "storage", order)] * world.storage
        found += _riding(world, order)
    for bay in world.bays.values():
        if _moves_in(bay, order, world):
            found += [Hazard(being, bay.name, order) for being in living(bay.beside)]
    named = order.arguments.get("bay", "")
    if named and order.operation in (Operation.close_street_door, Operation.turn):
        found += [Hazard(being, named, order) for car in world.cars_at(named) for being in living(car.inside)]
    return found


def _riding(world: World, order: Order) -> list[Hazard]:
    """Return who is in a car that a lift or its transfer moves."""
    lift = world.lifts[order.arguments["lift"]]
    cars = list(world.cars_at(lift.name)) if order.operation == Operation.move_lift else []
    if order.operation in TRANSFERS and lift.transfer is not None and lift.transfer.tag:
        cars.append(world.cars[lift.transfer.tag])
    return [Hazard(being, car.where, order) for car in cars for being in living(car.inside)]


def _moves_in(bay: BayBody, order: Order, world: World) -> bool:
    """Whether an order moves something that somebody beside the car in a bay can touch or fall into."""
    if order.arguments.get("bay") == bay.name:
        return order.operation != Operation.open_street_door
    if bay.inner.closed or "lift" not in order.arguments:
        return False
    lift = world.lifts[order.arguments["lift"]]
    if order.operation == Operation.move_lift:
        return lift.name in world.layout.bay(bay.name).lifts
    return lift.transfer is not None and lift.transfer.place == bay.name


def breakage(world: World, order: Order) -> str:
    """Return what this order breaks, begun now, or an empty string."""
    match order.operation:
        case Operation.move_lift:
            lift = world.lifts[order.arguments["lift"]]
            return f"{lift.name} leaves with its transfer out" if lift.transfer is not None else ""
        case Operation.pick | Operation.place | Operation.finish_transfer:
            return _transfer_breaks(world, order)
        case Operation.open_street_door | Operation.close_street_door:
            return ""
        case _:
            bay = order.arguments["bay"]
            return f"{order.operation} into the transfer in {bay}" if world.sliding(bay) else ""


def _transfer_breaks(world: World, order: Order) -> str:
    lift = world.lifts[order.arguments["lift"]]
    place = order.arguments.get("place") or (lift.transfer.place if lift.transfer is not None else "")
    if not place:
        return ""
    if lift.moving or abs(lift.position_mm - world.layout.level_mm(world.layout.storey_of(place))) > _REACH_MM:
        return f"the transfer of {lift.name} misses {place}"
    if place in world.bays and _bay_breaks(world.bays[place], order):
        return _bay_breaks(world.bays[place], order)
    if order.operation == Operation.pick and world.car_at(lift.name) is not None:
        return f"a second car is drawn onto {lift.name}"
    if order.operation == Operation.place and world.taken(place):
        return f"a second car is pushed into {place}"
    front = world.layout.slot(place).behind if world.layout.is_slot(place) else ""
    return f"a car is pushed through {front}" if front and world.taken(front) else ""


def _bay_breaks(bay: BayBody, order: Order) -> str:
    if not bay.inner.open:
        return f"a car goes through the inner door of {bay.name}"
    if bay.turning:
        return f"a car goes across the turntable of {bay.name}"
    return f"a crooked car is drawn out of {bay.name}" if bay.crooked and order.operation == Operation.pick else ""


def collisions(world: World) -> tuple[str, ...]:
    """Return the pairs of lifts that touch."""
    found = []
    for lift in world.layout.lifts:
        for other in world.layout.beside(lift.name):
            gap_mm = world.lifts[other.name].position_mm - world.lifts[lift.name].position_mm
            if world.layout.is_below(lift.name, other.name) and gap_mm < world.layout.fits.height_mm:
                found.append(f"{lift.name} and {other.name} collide")
    return tuple(found)


def double_places(world: World) -> tuple[str, ...]:
    """Return the places of the tower on which two cars stand."""
    places = (*world.lifts, *world.bays, *world.slots)
    return tuple(place for place in places if len(world.cars_at(place)) > 1)


def lost_cars(world: World) -> tuple[str, ...]:
    """Return the cars that are on their way but in no lift's transfer."""
    held = {lift.transfer.tag for lift in world.lifts.values() if lift.transfer is not None}
    return tuple(car.tag for car in world.cars_at(TRANSFER) if car.tag not in held)
