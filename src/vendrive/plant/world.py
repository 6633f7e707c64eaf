"""The truth of one tower and of the street before it, and what people do there with their hands."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from vendrive.plant.beings import ALIVE, BESIDE, INSIDE, Being
from vendrive.plant.machine import EXIT_SHUTS_S, BayBody, Car, Driven, LiftBody, SlotBody
from vendrive.tower.layout import Layout
from vendrive.wire.machine import Mode, Nose

STREET = "street"
TRANSFER = "transfer"


class WorldRefused(Exception):
    """A person cannot do this now; the message is a sentence that says why."""


@dataclass
class World:
    """All bodies. `changed` is called after each act of a person, so that the PLC looks at once.

    `driven` are the parts with drives. `dirty` names those in which something changed since the sensors looked; `moves`
    counts how often a car came to another place.
    `storage` counts people in the storage zone, whom no sensor sees. `crashes` tells what the machine broke: it must
    stay empty.
    """

    layout: Layout
    lifts: dict[str, LiftBody] = field(default_factory=dict)
    bays: dict[str, BayBody] = field(default_factory=dict)
    slots: dict[str, SlotBody] = field(default_factory=dict)
    cars: dict[str, Car] = field(default_factory=dict)
    changed: Callable[[], None] = lambda: None
    mode: Mode = Mode.automatic
    fire: bool = False
    mains: bool = True
    storage: int = 0
    dirty: set[str] = field(default_factory=set)
    crashes: list[str] = field(default_factory=list)
    driven: dict[str, Driven] = field(default_factory=dict)
    moves: int = 0
    _standing: dict[str, list[Car]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        tell = self.dirty.add
        self.lifts = {plan.name: LiftBody(plan.name, told=tell) for plan in self.layout.lifts}
        for plan in self.layout.lifts:
            # Of two on one way, the lower waits on the ground and the upper at its top.
            if any(self.layout.is_below(other.name, plan.name) for other in self.layout.beside(plan.name)):
                self.lifts[plan.name].position_mm = self.layout.level_mm(plan.highest)
        self.slots = {plan.name: SlotBody(plan.name, told=tell) for plan in self.layout.slots}
        self.bays = {plan.name: BayBody(plan.name, told=tell) for plan in self.layout.bays}
        self.driven = {**self.lifts, **self.bays}
        for bay in self.bays.values():
            for door in (bay.street, bay.inner):
                door.name, door.told = bay.name, tell

    # What is true.

    def car_at(self, place: str) -> Car | None:
        """Return the car that stands wholly on this place or lift."""
        cars = self._standing.get(place)
        return cars[0] if cars else None

    def cars_at(self, place: str) -> tuple[Car, ...]:
        """Return all cars that stand here; more than one only after a crash."""
        return tuple(self._standing.get(place, ()))

    def bay(self, name: str) -> BayBody:
        """Return a bay, or refuse."""
        if name not in self.bays:
            raise WorldRefused(f"there is no bay {name!r}")
        return self.bays[name]

    def part(self, name: str) -> LiftBody | BayBody | SlotBody:
        """Return a lift, bay or slot, or refuse."""
        body: LiftBody | BayBody | SlotBody | None
        body = self.lifts.get(name) or self.bays.get(name) or self.slots.get(name)
        if body is None:
            raise WorldRefused(f"there is no part {name!r}")
        return body

    def taken(self, place: str) -> bool:
        """Whether a car or a part of one is on this place."""
        return self.sliding(place) or self.car_at(place) is not None

    def sliding(self, place: str) -> bool:
        """Whether a transfer reaches into this place."""
        return any(lift.transfer is not None and lift.transfer.place == place for lift in self.lifts.values())

    def add(self, car: Car) -> None:
        """Put a car into the world, in place of one with the same tag."""
        known = self.cars.get(car.tag)
        if known is not None:
            known.moved = None
            self._take_away(known, known.where)
        self.cars[car.tag] = car
        self._standing.setdefault(car.where, []).append(car)
        self.moves += 1
        self.dirty.add(car.where)
        car.moved = self._car_changed

    # Before the machine has moved, and along the street.

    def stock(self, places: dict[str, Car]) -> None:
        """Put cars into empty slots before the machine has ever moved."""
        tags = [car.tag for car in places.values()]
        if len(set(tags)) < len(tags):
            raise WorldRefused("a tag is there twice")
        for slot, car in places.items():
            if slot not in self.slots:
                raise WorldRefused(f"there is no slot {slot!r}")
            if self.taken(slot):
                raise WorldRefused(f"slot {slot} is occupied")
            if car.tag in self.cars:
                raise WorldRefused(f"there is a car with tag {car.tag} already")
        for car in places.values():
            self.add(car)
        self.changed()

    def arrive(self, car: Car) -> None:
        """A car comes along the street; one that stands there already may be described anew."""
        known = self.cars.get(car.tag)
        if known is not None and known.where != STREET:
            raise WorldRefused(f"the car with tag {car.tag} is in the tower, at {known.where}")
        self.add(car)
        self.changed()

    # Drivers.

    def drive_in(self, bay: str, tag: str, crooked: bool = False, backwards: bool = False) -> None:
        """A driver takes a car from the street into the bay, nose first, and sits in it with the engine on."""
        body = self.bay(bay)
        car = self.cars.get(tag)
        if car is None or car.where != STREET:
            raise WorldRefused(f"no car with tag {tag} stands on the street")
        self._need_street_open(body)
        if self.taken(bay):
            raise WorldRefused(f"another car stands in {bay}")
        car.nose = Nose.street if backwards else Nose.tower
        if not car.occupied:
            car.inside = (Being.driver, *car.inside)
        body.crooked = crooked
        car.where, car.engine_running, car.key_along = bay, True, False
        self.changed()

    def park(self, bay: str) -> None:
        """The driver switches the engine off, takes the key and gets out: now a person stands in the bay."""
        car = self._car_in(bay)
        if not car.occupied:
            raise WorldRefused("nobody sits in the car")
        car.engine_running = False
        car.inside = _without(car.inside, Being.driver)
        self.bays[bay].beside += (Being.person,)
        self.changed()

    def drive_out(self, bay: str) -> str:
        """A driver takes the car out to the street, and the key with it; returns the car's tag."""
        body = self.bay(bay)
        car = self._car_in(bay)
        self._need_street_open(body)
        if Being.person in body.beside:
            body.beside = _without(body.beside, Being.person)
        if not car.occupied:
            car.inside = (Being.driver, *car.inside)
        car.where, car.engine_running, body.key_in_box = STREET, True, False
        self.changed()
        return car.tag

    def key(self, bay: str, in_box: bool) -> None:
        """Somebody lays the key into the box of the bay or takes it out."""
        self.bay(bay).key_in_box = in_box
        self.changed()

    # People, animals and things.

    def enter(self, bay: str, being: Being = Being.person) -> None:
        """Somebody comes in from the street, or a thing is put down."""
        body = self.bay(bay)
        self._need_street_open(body)
        self._need(being in BESIDE, f"a {being} is not beside a car")
        body.beside += (being,)
        self.changed()

    def leave(self, bay: str, being: Being = Being.person) -> None:
        """Somebody goes out; where the street door is not open, by the emergency exit, which shuts itself later."""
        body = self.bay(bay)
        self._need(being in body.beside, f"no {being} is in {bay}" if being != Being.person else f"nobody is in {bay}")
        if not body.street.open:
            body.exit_open_s = max(body.exit_open_s, EXIT_SHUTS_S)
        body.beside = _without(body.beside, being)
        self.changed()

    def get_in(self, bay: str, being: Being = Being.person) -> None:
        """Somebody who is beside the car in the bay gets into it, or is lifted in."""
        body, car = self.bay(bay), self._car_in(bay)
        self._need(being in body.beside and being in INSIDE, f"no {being} is beside the car in {bay}")
        body.beside = _without(body.beside, being)
        car.inside += (being,)
        self.changed()

    def get_out(self, bay: str, being: Being = Being.person) -> None:
        """Somebody in the car gets out of it."""
        body, car = self.bay(bay), self._car_in(bay)
        self._need(being in car.inside and being in BESIDE, f"no {being} is in the car in {bay}")
        car.inside = _without(car.inside, being)
        body.beside += (being,)
        self.changed()

    def seat(self, tag: str, being: Being, inside: bool = True) -> None:
        """Somebody sits in a car, wherever it is, without anybody having seen it; or is there no longer."""
        car = self.cars.get(tag)
        self._need(being in INSIDE and car is not None, f"no {being} can be in a car with tag {tag}")
        assert car is not None
        self._need(inside or being in car.inside, f"no {being} is in the car with tag {tag}")
        car.inside = (*car.inside, being) if inside else _without(car.inside, being)
        self.changed()

    def wake(self, tag: str) -> None:
        """A child that slept in a car wakes and moves."""
        car = self.cars.get(tag)
        self._need(car is not None and Being.child_asleep in car.inside, f"no child sleeps in the car with tag {tag}")
        assert car is not None
        car.inside = (*_without(car.inside, Being.child_asleep), Being.small_child)
        self.changed()

    def walk_in(self, bay: str) -> None:
        """A person goes from the bay through the open inner door into the storage zone."""
        body = self.bay(bay)
        self._need(Being.person in body.beside and body.inner.open, f"nobody can walk into the tower at {bay}")
        body.beside = _without(body.beside, Being.person)
        self.storage += 1
        self.changed()

    def go_in(self) -> None:
        """A technician goes into the storage zone by their own door, whose key is that of the key switch."""
        self._need(self.mode in (Mode.maintenance, Mode.stopped), "the technician's door is locked while the key is in")
        self.storage += 1
        self.changed()

    def walk_out(self) -> None:
        """The people in the storage zone are brought out."""
        self._need(self.storage > 0, "nobody is in the storage zone")
        self.storage = 0
        self.changed()

    def exit(self, bay: str, is_open: bool) -> None:
        """Somebody holds the emergency exit open, or shuts it."""
        self.bay(bay).exit_open_s = inf if is_open else 0.0
        self.changed()

    # The technician's switches, and what fails.

    def turn_key(self, mode: Mode) -> None:
        """The key switch at the tower."""
        self.mode = mode
        self.changed()

    def lock(self, part: str, locked: bool = True) -> None:
        """A technician hangs a padlock on a lift, bay or slot, or takes it off."""
        self.part(part).locked_out = locked
        self.changed()

    def break_drive(self, part: str, broken: bool = True) -> None:
        """The drive of a lift or bay breaks, or is repaired; its fault is latched until the local reset."""
        body = self.part(part)
        if not isinstance(body, Driven):
            raise WorldRefused(f"{part} has no drive")
        body.broken = broken
        self.changed()

    def burn(self, fire: bool) -> None:
        """Fire or smoke breaks out, or is over."""
        self.fire = fire
        self.changed()

    def power(self, mains: bool) -> None:
        """The mains fail, or come back."""
        self.mains = mains
        self.changed()

    def misplace(self, tag: str, slot: str) -> None:
        """A car stands somewhere else than anybody thinks: a fault."""
        car = self.cars.get(tag)
        if car is None or car.where == TRANSFER or slot not in self.slots or self.taken(slot):
            raise WorldRefused(f"{tag} cannot be put into {slot}")
        car.where = slot
        self.changed()

    def _car_in(self, bay: str) -> Car:
        self.bay(bay)
        car = self.car_at(bay)
        if car is None:
            raise WorldRefused(f"no car stands in {bay}")
        return car

    def _need_street_open(self, bay: BayBody) -> None:
        self._need(bay.street.open, f"the street door of {bay.name} is not open")

    def _need(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise WorldRefused(otherwise)

    def _car_changed(self, car: Car, before: str) -> None:
        if car.where != before:
            self._take_away(car, before)
            self._standing.setdefault(car.where, []).append(car)
            self.moves += 1
        self.dirty.add(car.where)

    def _take_away(self, car: Car, place: str) -> None:
        self._standing[place] = [other for other in self._standing[place] if other is not car]
        self.dirty.add(place)


def _without(beings: tuple[Being, ...], one: Being) -> tuple[Being, ...]:
    """Return the beings less one of this kind."""
    at = beings.index(one)
    return beings[:at] + beings[at + 1 :]


def living(beings: tuple[Being, ...]) -> tuple[Being, ...]:
    """Return those that can be hurt."""
    return tuple(being for being in beings if being in ALIVE)
