"""What people do that they should not: they linger, leave bags, forget children, park askew. Each is a fault class."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from vendrive.plant.beings import Being
from vendrive.plant.world import WorldRefused
from vendrive.simulation.register import Injection
from vendrive.wire.errors import ErrorCode

if TYPE_CHECKING:
    from vendrive.simulation.people import Driver
    from vendrive.simulation.world import World

RATE = 0.12
MOST_OFTEN = 0.4
STAYING = ("lingering", "bag_left", "pet", "sleeper")
BEINGS = {"bag_left": Being.bag, "pet": Being.pet, "sleeper": Being.sleeper, "lingering": Being.small_child}
INSIDE = {"child_inside": Being.child_asleep, "passenger_inside": Being.person, "pet_inside": Being.pet}


class Habits:
    """Draws who does what; only classes that the seed enables happen."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._rng = world.random("habits")
        self._left: dict[str, list[tuple[Being, Injection]]] = {}
        self._inside: dict[str, tuple[Being, Injection]] = {}

    def wants(self, name: str) -> bool:
        """Whether this happens now."""
        return self._world.is_on(name) and self._rng.random() < min(RATE * self._world.plan.often, MOST_OFTEN)

    async def linger(self, driver: "Driver", bay: str) -> None:
        """Stay longer than one should, or leave something or somebody beside the car."""
        for name in STAYING:
            if self.wants(name):
                self._leave(name, bay)
        if self.wants("lingering"):
            with self._world.register.injected("lingering", bay):
                await asyncio.sleep(self._rng.uniform(60, 600))

    async def walks_away(self, bay: str) -> bool:
        """Perhaps leave after one was verified, and come again when nobody waits any more."""
        leaves = self.wants("walks_away")
        if leaves:
            with self._world.register.injected("walks_away", bay):
                await asyncio.sleep(self._rng.uniform(240, 900))
        return leaves

    def parks(self, driver: "Driver") -> tuple[bool, bool]:
        """Return whether the car misses its plates, and whether it comes in backwards."""
        crooked, backwards = self.wants("crooked"), self.wants("backwards")
        for name, does in (("crooked", crooked), ("backwards", backwards)):
            if does:
                self._world.register.end(self._world.register.begin(name))
        return crooked, backwards

    def gets_out(self, driver: "Driver", bay: str) -> None:
        """Somebody or a pet stays in the car."""
        for name, being in INSIDE.items():
            if driver.car.tag not in self._inside and self.wants(name):
                injection = self._world.register.begin(name, driver.car.tag)
                self._world.do(partial(self._world.truth.seat, driver.car.tag, being), f"{being} stays in")
                self._inside[driver.car.tag] = (being, injection)

    async def puts_right(self, driver: "Driver", bay: str, code: ErrorCode) -> bool:
        """Do what a refused borrower can do; False where the car has to drive out again."""
        truth = self._world.truth
        match code:
            case ErrorCode.person_inside:
                self.fetch_from_car(driver.car.tag)
            case ErrorCode.person_in_bay:
                self.clear_bay(bay)
            case ErrorCode.key_missing:
                self._world.do(lambda: truth.key(bay, True), "the key is put into the box")
            case ErrorCode.car_not_in_place | ErrorCode.car_other | ErrorCode.car_unreadable:
                return False
            case _:
                await asyncio.sleep(self._rng.uniform(10, 60))
        return True

    def fetch_from_car(self, tag: str) -> None:
        """Whoever is in a car is taken out of it, for good."""
        truth = self._world.truth
        _, injection = self._inside.pop(tag, (None, None))
        car = truth.cars[tag]
        for inside in car.inside:
            if inside != Being.driver:
                self._world.do(partial(truth.seat, tag, inside, False), f"{inside} leaves {tag}")
        if injection is not None:
            self._world.register.end(injection)

    def clear_bay(self, bay: str) -> None:
        """Whatever was left beside the car is taken away."""
        for being, injection in self._left.pop(bay, []):
            try:
                self._world.do(partial(self._world.truth.leave, bay, being), f"{being} leaves {bay}")
            except WorldRefused:
                pass
            self._world.register.end(injection)

    def _leave(self, name: str, bay: str) -> None:
        being = BEINGS[name]
        try:
            self._world.do(lambda: self._world.truth.enter(bay, being), f"{being} stays in {bay}")
        except WorldRefused:
            return
        self._left.setdefault(bay, []).append((being, self._world.register.begin(name, bay)))
