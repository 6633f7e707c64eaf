"""From an order to a move of bodies, and what a move does to cars and keys at its end."""

from dataclasses import dataclass
from math import inf
from random import Random

from vendrive.plant.machine import Car, LiftBody, Transfer
from vendrive.plant.moves import DoorMove, LiftMove, Move, TransferMove, TurnMove
from vendrive.plant.orders import Order
from vendrive.plant.safety import clearance_mm
from vendrive.plant.truth import collisions
from vendrive.plant.world import TRANSFER, World
from vendrive.wire.machine import Nose, Operation

_OTHER_WAY = {Nose.street: Nose.tower, Nose.tower: Nose.street, Nose.unknown: Nose.unknown}


# Two lifts on one way are looked at again before they could come nearer than they may, and no more often than this.
_SHORTEST_STEP_S = 0.02
# A clock's sums are a little off.
_NOTHING_S = 1e-6


@dataclass
class Running:
    """An order under way; once its move has ended the sensors have until `confirm_by_s` to say so."""

    seq: int
    order: Order
    parts: tuple[str, ...]
    move: Move
    confirm_by_s: float = inf

    @property
    def ended(self) -> bool:
        """Whether the move has ended."""
        return self.confirm_by_s < inf


class Drives:
    """Moves the bodies of one world."""

    def __init__(self, world: World, rng: Random) -> None:
        self._world = world
        self._rng = rng
        self._touching: tuple[str, ...] = ()
        self._exits_shut_s: dict[str, float] = {}
        # The pairs of lifts that share a way.
        layout = world.layout
        self._beside = [(lift.name, other.name) for lift in layout.lifts for other in layout.beside(lift.name)]

    def begin(self, order: Order) -> Move:
        """Return the move of an order, begun."""
        plan, named = self._world.layout.kinematics, order.arguments
        match order.operation:
            case Operation.move_lift:
                target_mm = self._world.layout.level_mm(int(named["storey"]))
                return LiftMove(self._world.lifts[named["lift"]], target_mm, plan, self._rng)
            case Operation.open_street_door | Operation.close_street_door:
                opening = order.operation == Operation.open_street_door
                return DoorMove(self._world.bays[named["bay"]].street, opening, plan, self._rng)
            case Operation.open_inner_door | Operation.close_inner_door:
                opening = order.operation == Operation.open_inner_door
                return DoorMove(self._world.bays[named["bay"]].inner, opening, plan, self._rng)
            case Operation.turn:
                bay = named["bay"]
                return TurnMove(self._world.bays[bay], plan, self._rng, lambda: self._turned(bay))
            case _:
                return self._transfer(order)

    def longest_step_s(self) -> float:
        """Return how long two lifts on one way may go on unwatched."""
        layout, travelling, nearest_mm = self._world.layout, False, inf
        for name, beside in self._beside:
            lift, other = self._world.lifts[name], self._world.lifts[beside]
            travelling |= lift.moving
            nearest_mm = min(nearest_mm, abs(lift.position_mm - other.position_mm))
        if not travelling:
            return inf
        free_m = (nearest_mm - clearance_mm(layout)) / 1000
        return max(_SHORTEST_STEP_S, free_m / (2.2 * layout.kinematics.lift_speed_m_s))

    def note_collisions(self) -> None:
        """Write down each pair of lifts that begin to touch."""
        touching = collisions(self._world) if self._beside else ()
        self._world.crashes += [pair for pair in touching if pair not in self._touching]
        self._touching = touching

    def shut_exits(self, now_s: float) -> None:
        """An emergency exit that nobody holds shuts itself a while after it was opened."""
        for name, bay in self._world.bays.items():
            if bay.exit_open_s <= 0:
                self._exits_shut_s.pop(name, None)
            elif bay.exit_open_s == inf:
                self._exits_shut_s[name] = inf
            elif now_s >= self._exits_shut_s.setdefault(name, now_s + bay.exit_open_s) - _NOTHING_S:
                bay.exit_open_s = 0.0
                del self._exits_shut_s[name]

    def exits_due_s(self) -> float:
        """Return when the next emergency exit shuts itself, infinity for never."""
        return min(self._exits_shut_s.values()) if self._exits_shut_s else inf

    def _transfer(self, order: Order) -> Move:
        lift = self._world.lifts[order.arguments["lift"]]
        transfer = lift.transfer or self._grip(order, lift)
        car = self._world.cars.get(transfer.tag)
        place, target = transfer.place, 0.0 if order.operation == Operation.place else 1.0

        def arrived() -> None:
            if car is not None:
                self._arrived(car, lift.name if target else place, place)

        return TransferMove(lift, transfer, target, self._world.layout.kinematics, self._rng, arrived)

    def _grip(self, order: Order, lift: LiftBody) -> Transfer:
        """Take hold of the car, or of nothing where a sensor lied."""
        picking, place = order.operation == Operation.pick, order.arguments.get("place", "")
        car = self._world.car_at(place if picking else lift.name) if place else None
        if car is not None:
            car.where = TRANSFER
        self._world.dirty.add(place)
        return Transfer(car.tag if car else "", place, 0.0 if picking else 1.0)

    def _arrived(self, car: Car, where: str, place: str) -> None:
        """The car stands; its key goes with it, from the box of the bay into the tower and back."""
        if place in self._world.bays:
            bay = self._world.bays[place]
            if where == place:
                bay.key_in_box, car.key_along = car.key_along, False
            else:
                car.key_along, bay.key_in_box = car.key_along or bay.key_in_box, False
            bay.crooked = False
        car.where = where

    def _turned(self, bay: str) -> None:
        for car in self._world.cars_at(bay):
            car.nose = _OTHER_WAY[car.nose]
