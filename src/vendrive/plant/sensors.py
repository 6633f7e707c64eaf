"""What the sensors make of the truth: the values that the PLC sees and reports."""

from random import Random

from vendrive.plant.machine import LEVEL_TOLERANCE_MM, BayBody, DoorBody, LiftBody
from vendrive.plant.world import World
from vendrive.wire.machine import Bay, Door, Lift, Slot

_LENGTH_NOISE_MM = 4.0
_MASS_NOISE_KG = 4.0

Size = tuple[int, int, int, int]


class Sensors:
    """Reads one world. Measurements of a car are made once when it comes to stand, with a little noise."""

    def __init__(self, world: World, rng: Random) -> None:
        self._world = world
        self._rng = rng
        self._measured: dict[str, tuple[str, Size]] = {}

    def lift(self, name: str) -> Lift:
        """Return what is sensed of a lift."""
        body = self._world.lifts[name]
        car = self._world.car_at(name)
        transfer = body.transfer
        read = transfer.tag if transfer is not None and transfer.read_at_lift else ""
        return Lift(
            name=name,
            position_mm=round(body.position_mm + body.encoder_error_mm, 1),
            storey=self._level(body),
            moving=body.moving,
            transfer_home=transfer is None,
            loaded=car is not None or (transfer is not None and transfer.over_lift),
            tag=car.tag if car else read,
        )

    def slot(self, name: str) -> Slot:
        """Return what is sensed of a slot."""
        occupied, tag = self._standing(name)
        return Slot(name=name, occupied=occupied, tag=tag)

    def bay(self, name: str) -> Bay:
        """Return what is sensed of a bay."""
        body = self._world.bays[name]
        car = self._world.car_at(name)
        vehicle, tag = self._standing(name)
        in_place = car is not None and not body.crooked
        if car is None:
            self._measured.pop(name, None)
        length, width, height, mass = self._measure(name) if in_place else (0, 0, 0, 0)
        return Bay(
            name=name,
            street_door=door(body.street),
            inner_door=door(body.inner),
            vehicle=vehicle,
            tag="" if body.tag_unreadable else tag,
            in_place=in_place,
            scanner=self._presence(body, "scanner"),
            curtain=self._presence(body, "curtain"),
            floor=self._presence(body, "floor"),
            cabin=body.stuck.get("cabin", car is not None and car.occupied),
            engine_running=car is not None and car.engine_running,
            key_in_box=body.key_in_box,
            length_mm=length,
            width_mm=width,
            height_mm=height,
            mass_kg=mass,
        )

    def _level(self, body: LiftBody) -> int:
        layout = self._world.layout
        if body.moving:
            return -1
        near = (
            s for s in range(1, layout.storeys + 1) if abs(body.position_mm - layout.level_mm(s)) <= LEVEL_TOLERANCE_MM
        )
        return next(near, -1)

    def _standing(self, place: str) -> tuple[bool, str]:
        """Return whether a place is occupied, and the tag that its reader sees."""
        car = self._world.car_at(place)
        if car is not None:
            return True, car.tag
        for lift in self._world.lifts.values():
            transfer = lift.transfer
            if transfer is not None and transfer.place == place:
                return transfer.over_place, "" if transfer.read_at_lift else transfer.tag
        return False, ""

    def _presence(self, body: BayBody, source: str) -> bool:
        return body.stuck.get(source, body.person)

    def _measure(self, place: str) -> Size:
        car = self._world.car_at(place)
        assert car is not None
        tag, size = self._measured.get(place, ("", (0, 0, 0, 0)))
        if tag != car.tag:
            size = (
                round(self._rng.gauss(car.length_mm, _LENGTH_NOISE_MM)),
                round(self._rng.gauss(car.width_mm, _LENGTH_NOISE_MM)),
                round(self._rng.gauss(car.height_mm, _LENGTH_NOISE_MM)),
                round(self._rng.gauss(car.mass_kg, _MASS_NOISE_KG)),
            )
            self._measured[place] = (car.tag, size)
        return size


def door(body: DoorBody) -> Door:
    """Return what a door's two switches say."""
    if body.closed:
        return Door.closed
    return Door.open if body.open else Door.between
