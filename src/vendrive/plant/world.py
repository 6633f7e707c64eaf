"""The truth of one tower and of the street before it, and what people do there with their hands."""

from collections.abc import Callable
from dataclasses import dataclass, field

from vendrive.plant.machine import BayBody, Car, LiftBody
from vendrive.tower.layout import Layout

STREET = "street"
TRANSFER = "transfer"
PRESENCE_SOURCES = ("scanner", "curtain", "floor", "cabin")


class WorldRefused(Exception):
    """A person cannot do this now; the message is a sentence that says why."""


@dataclass
class World:
    """All bodies. `changed` is called after each act of a person, so that the PLC looks at once."""

    layout: Layout
    lifts: dict[str, LiftBody] = field(default_factory=dict)
    bays: dict[str, BayBody] = field(default_factory=dict)
    cars: dict[str, Car] = field(default_factory=dict)
    changed: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.lifts = {plan.name: LiftBody(plan.name) for plan in self.layout.lifts}
        self.bays = {plan.name: BayBody(plan.name) for plan in self.layout.bays}

    def car_at(self, place: str) -> Car | None:
        """Return the car that stands wholly on this place or lift."""
        return next((car for car in self.cars.values() if car.where == place), None)

    def bay(self, name: str) -> BayBody:
        """Return a bay, or refuse."""
        if name not in self.bays:
            raise WorldRefused(f"there is no bay {name!r}")
        return self.bays[name]

    def taken(self, place: str) -> bool:
        """Whether a car or a part of one is on this place."""
        sliding = any(lift.transfer is not None and lift.transfer.place == place for lift in self.lifts.values())
        return sliding or self.car_at(place) is not None

    def stock(self, places: dict[str, Car]) -> None:
        """Put cars into empty slots before the machine has ever moved."""
        tags = [car.tag for car in places.values()]
        if len(set(tags)) < len(tags):
            raise WorldRefused("a tag is there twice")
        for slot, car in places.items():
            if slot not in {plan.name for plan in self.layout.slots}:
                raise WorldRefused(f"there is no slot {slot!r}")
            if self.taken(slot):
                raise WorldRefused(f"slot {slot} is occupied")
            if car.tag in self.cars:
                raise WorldRefused(f"there is a car with tag {car.tag} already")
        self.cars |= {car.tag: car for car in places.values()}
        self.changed()

    def arrive(self, car: Car) -> None:
        """A car comes along the street; one that stands there already may be described anew."""
        known = self.cars.get(car.tag)
        if known is not None and known.where != STREET:
            raise WorldRefused(f"the car with tag {car.tag} is in the tower, at {known.where}")
        self.cars[car.tag] = car
        self.changed()

    def drive_in(self, bay: str, tag: str, crooked: bool = False) -> None:
        """A driver takes a car from the street into the bay and sits in it with the engine on."""
        body = self.bay(bay)
        car = self.cars.get(tag)
        if car is None or car.where != STREET:
            raise WorldRefused(f"no car with tag {tag} stands on the street")
        if not body.street.open:
            raise WorldRefused(f"the street door of {bay} is not open")
        if self.taken(bay):
            raise WorldRefused(f"another car stands in {bay}")
        car.where, car.engine_running, car.occupied = bay, True, True
        body.crooked = crooked
        self.changed()

    def park(self, bay: str) -> None:
        """The driver switches the engine off, takes the key and gets out: now a person stands in the bay."""
        car = self._car_in(bay)
        if not car.occupied:
            raise WorldRefused("nobody sits in the car")
        car.engine_running, car.occupied = False, False
        self.bay(bay).person = True
        self.changed()

    def key(self, bay: str, in_box: bool) -> None:
        """Somebody lays the key into the box of the bay or takes it out."""
        self.bay(bay).key_in_box = in_box
        self.changed()

    def enter(self, bay: str) -> None:
        """A person walks in from the street."""
        body = self.bay(bay)
        if not body.street.open:
            raise WorldRefused(f"the street door of {bay} is not open")
        body.person = True
        self.changed()

    def leave(self, bay: str) -> None:
        """The person walks out; where the street door is closed, by the emergency exit that every bay has."""
        body = self.bay(bay)
        if not body.person:
            raise WorldRefused(f"nobody is in {bay}")
        body.person = False
        self.changed()

    def drive_out(self, bay: str) -> str:
        """A driver takes the car out to the street, and the key with it; returns the car's tag."""
        body = self.bay(bay)
        car = self._car_in(bay)
        if not body.street.open:
            raise WorldRefused(f"the street door of {bay} is not open")
        car.where, car.engine_running, car.occupied = STREET, True, True
        body.person, body.key_in_box = False, False
        self.changed()
        return car.tag

    def misplace(self, tag: str, slot: str) -> None:
        """A car stands somewhere else than anybody thinks: a fault."""
        known = {plan.name for plan in self.layout.slots}
        if tag not in self.cars or self.cars[tag].where == TRANSFER or slot not in known or self.taken(slot):
            raise WorldRefused(f"{tag} cannot be put into {slot}")
        self.cars[tag].where = slot
        self.changed()

    def _car_in(self, bay: str) -> Car:
        self.bay(bay)
        car = self.car_at(bay)
        if car is None:
            raise WorldRefused(f"no car stands in {bay}")
        return car
