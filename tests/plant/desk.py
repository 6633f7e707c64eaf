"""A controller in virtual time with a hand-driven station."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from random import Random

from vendrive.clock import ManualClock
from vendrive.plant.machine import Car
from vendrive.plant.plc import Controller
from vendrive.plant.records import Setting
from vendrive.plant.sensors import Channel
from vendrive.plant.world import World
from vendrive.tower.layout import Layout, load_layout
from vendrive.wire.machine import Operation, parts_of

LAYOUT = load_layout("shanghai3")
TICK_S = 0.02


@dataclass
class Desk:
    """A controller with a station that never sleeps, unless `alive` is false."""

    world: World
    controller: Controller
    clock: ManualClock
    seq: int = 0
    alive: bool = True
    valid_for_ms: int = 2000
    beat: int = 0
    heights: list[float] = field(default_factory=list)

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds / TICK_S)):
            if self.alive:
                self.beat += 1
                self.controller.heard(self.beat)
            self.controller.tick()
            self.heights.append(self.world.lifts["L1"].position_mm)
            self.clock.advance(TICK_S)

    def order(self, operation: str, **arguments: str) -> tuple[bool, str]:
        until = self.controller.clock_ms() + self.valid_for_ms
        answer = self.controller.execute(1, self.seq + 1, operation, json.dumps(arguments), until)
        self.seq += int(answer[0])
        return answer

    def do(self, operation: Operation, **arguments: str) -> str:
        taken, reason = self.order(operation, **arguments)
        assert taken, reason
        self.pass_time(30)
        channels = [self.channel(part) for part in parts_of(operation, arguments)]
        assert {channel.done_seq for channel in channels} == {self.seq}
        return channels[0].result

    def channel(self, part: str) -> Channel:
        """Return what the channel of a part says."""
        return self.controller.sensors.channels[part]

    def end(self, *ended: str) -> None:
        """Let virtual time jump from event to event until these parts, or all, are busy no longer."""
        while any(self.channel(part).busy for part in ended or (*self.world.lifts, *self.world.bays)):
            self.jump(self.controller.next_due_s())

    def jump(self, seconds: float) -> None:
        """Let virtual time jump, with a sign of life of the station."""
        self.clock.advance(seconds)
        if self.alive:
            self.beat += 1
            self.controller.heard(self.beat)
        self.controller.tick()

    def done(self, operation: str, **arguments: str) -> None:
        """Send an order that must be taken and must end well, in jumps of time."""
        taken, reason = self.order(operation, **arguments)
        assert taken, reason
        parts = parts_of(Operation(operation), arguments)
        self.end(*parts)
        for part in parts:
            assert (self.channel(part).result, self.channel(part).done_seq) == ("done", self.seq)

    def cut_short(self, operation: str, seconds: float, **arguments: str) -> None:
        """Begin an order, stop in its middle, and reset."""
        assert self.order(operation, **arguments) == (True, "")
        self.jump(seconds)
        self.controller.stop("a test")
        self.controller.reset()


def desk(
    cars: dict[str, str] | None = None,
    seed: int = 1,
    speed: float = 1.0,
    layout: Layout = LAYOUT,
    longest_step_s: float = 0.25,
) -> Desk:
    """Return a controller with these cars (tag to slot) and a station in control of it."""
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    world = World(layout)
    world.stock({slot: Car(tag, 4500, 1800, 1500, 1500, slot) for tag, slot in (cars or {}).items()})
    controller = Controller(world, Setting("test", 1, speed, longest_step_s), clock, Random(seed))
    world.changed = controller.tick
    made = Desk(world, controller, clock)
    controller.take_control(1)
    made.pass_time(1)
    return made


def jumping(layout: str = "shanghai3", seed: int = 1, **cars: str) -> Desk:
    """Return a desk whose time jumps, with these cars (tag to slot)."""
    return desk(cars, seed, layout=load_layout(layout), longest_step_s=inf)


def with_car_in_bay(layout: str = "shanghai3", crooked: bool = False) -> Desk:
    """Return a desk with the car T1 in the bay B1, driven in from the street, and all doors closed."""
    made = jumping(layout)
    made.world.arrive(Car("T1", 4500, 1800, 1500, 1500, "street"))
    made.done("open_street_door", bay="B1")
    made.world.drive_in("B1", "T1", crooked)
    made.world.park("B1")
    made.world.leave("B1")
    made.done("close_street_door", bay="B1")
    return made
