"""A planner that asks for anything at any time, people who do anything, and up to two faulty sensors: nobody is hurt.

Excused is what docs/plant.md calls undetectable: every source that could sense somebody is faulty.
"""

from dataclasses import dataclass, field
from random import Random

import pytest

from tests.plant.desk import Desk, jumping
from vendrive.plant.beings import BESIDE, INSIDE, Being
from vendrive.plant.faults import Fault, Flapping, Late, Lying, Stuck, Value, can_lie, opposite
from vendrive.plant.machine import Car
from vendrive.plant.safety import VOTES
from vendrive.plant.truth import Hazard, double_places, lost_cars
from vendrive.plant.watch import WATCHES
from vendrive.plant.world import WorldRefused
from vendrive.wire.machine import Operation

LAYOUTS = ("shanghai3", "carvana34", "singapore60", "autostadt400", "guangzhou42")
SEEDS = 25
STEPS = 120


@dataclass
class Hostile:
    """One tower and those who do what they like with it."""

    seed: int
    made: Desk = field(init=False)
    blind: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.rng = Random(self.seed)
        self.made = jumping(self.rng.choice(LAYOUTS), seed=self.seed)
        layout = self.made.world.layout
        self.slots = [slot.name for slot in layout.slots if slot.storey <= 3]
        for number, slot in enumerate(self.rng.sample(self.slots, 5)):
            self.made.world.add(Car(f"T{number}", 4500, 1800, 1500, 1500, slot))
        self.lifts = [lift.name for lift in layout.lifts]
        self.bays = [bay.name for bay in layout.bays]

    def spoil(self) -> None:
        """Give one sensor of one part a fault."""
        part = self.rng.choice([*self.lifts, *self.bays, self.rng.choice(self.slots)])
        sensors = self.made.controller.sensors
        sensor, true = self.rng.choice(sorted(sensors.truth(part).items()))
        sensors.spoil(part, sensor, self.fault(true))
        self.blind.add((part, sensor))

    def fault(self, true: Value) -> Fault:
        lies = can_lie(true)
        faults: list[Fault] = [Late(self.rng.choice([0.5, 3, 20])), Stuck(true)]
        faults += [Stuck(opposite(true)), Lying(), Flapping(self.rng.choice([0.7, 4, 15]), 0.0)] if lies else []
        return self.rng.choice(faults)

    def order(self) -> None:
        """Ask for anything."""
        operation, lift, bay = self.rng.choice(list(Operation)), self.rng.choice(self.lifts), self.rng.choice(self.bays)
        level = self.made.controller.sensors.lifts[lift].storey
        near = [slot for slot in self.slots if self.made.world.layout.storey_of(slot) == level]
        match operation:
            case Operation.move_lift:
                self.made.order(operation, lift=lift, storey=str(self.rng.randrange(5)))
            case Operation.pick | Operation.place:
                self.made.order(operation, lift=lift, place=self.rng.choice([bay, self.rng.choice(near or self.slots)]))
            case Operation.finish_transfer:
                self.made.order(operation, lift=lift)
            case _:
                self.made.order(operation, bay=bay)

    def act(self) -> None:
        """Do anything with one's hands."""
        world, bay = self.made.world, self.rng.choice(self.bays)
        beside = self.rng.choice(world.bays[bay].beside or (Being.person,))
        car = world.car_at(bay)
        acts = (
            lambda: world.enter(bay, self.rng.choice(list(BESIDE))),
            lambda: world.leave(bay, beside),
            lambda: world.drive_in(bay, f"T{self.rng.randrange(5)}", self.rng.random() < 0.2),
            lambda: world.drive_out(bay),
            lambda: world.park(bay),
            lambda: world.get_in(bay, beside),
            lambda: world.get_out(bay, self.rng.choice(car.inside if car and car.inside else (Being.person,))),
            lambda: world.exit(bay, is_open=self.rng.random() < 0.3),
            lambda: self.made.controller.stop("a test"),
        )
        self.rng.choice(acts)()

    def unexcused(self) -> list[Hazard]:
        """Return who is in danger although a source that works can sense it."""
        found = []
        for hazard in self.made.controller.hazards():
            being, body = Being(hazard.being), self.made.world.bays.get(hazard.where)
            table = BESIDE if body is not None and being in body.beside else INSIDE
            near = [hazard.where] if body is not None else self.bays  # a car on its way came through some bay
            blinded = any({(bay, source) for source in table[being].sources} <= self.blind for bay in near)
            found += [] if blinded else [hazard]
        return found

    def wrong(self) -> list[object]:
        """Return what must never be; with two faulty sensors things may break, people not."""
        world = self.made.world
        broken = [*world.crashes, *double_places(world), *lost_cars(world)] if len(self.blind) < 2 else []
        return [*self.unexcused(), *broken]

    def live(self) -> list[object]:
        """Let everybody do what they like, and return the first things that are wrong."""
        for _ in range(STEPS):
            try:
                self.rng.choice([self.order, self.order, self.act])()
            except WorldRefused:
                continue
            for _ in range(self.rng.choice([1, 1, 3, 30])):
                if self.wrong() or not self.made.controller.moving:
                    break
                self.made.jump(min(self.rng.choice([0.3, 1.9]), self.made.controller.next_due_s()))
            if self.wrong():
                return self.wrong()
            if self.made.controller.state.emergency_stop and self.rng.random() < 0.5:
                self.made.controller.reset()
        return []


@pytest.mark.parametrize("faults", [0, 1, 2])
def test_nobody_is_hurt_whatever_is_asked(faults: int) -> None:
    executed = 0
    for seed in range(SEEDS):
        hostile = Hostile(seed)
        for _ in range(faults):
            hostile.spoil()
        assert hostile.live() == [], f"seed {seed}"
        executed += sum(hostile.made.controller.counts.executed.values())
    assert executed > 10 * SEEDS


@pytest.mark.parametrize(
    ("votes", "watches"),
    [(["nobody"], ["intruder"]), (["way_clear"], ["lifts_apart"]), (["place_free"], []), (["lift_empty"], [])],
)
def test_the_hostile_world_finds_what_is_taken_out(
    votes: list[str], watches: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in votes:
        monkeypatch.delitem(VOTES, name)
    for name in watches:
        monkeypatch.delitem(WATCHES, name)
    assert any(Hostile(seed).live() for seed in range(SEEDS))
