"""A controller in virtual time with a hand-driven station."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from vendrive.clock import ManualClock
from vendrive.plant.machine import Car
from vendrive.plant.plc import Controller, Setting
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


def desk(cars: dict[str, str] | None = None, seed: int = 1, speed: float = 1.0, layout: Layout = LAYOUT) -> Desk:
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    world = World(layout)
    world.stock({slot: Car(tag, 4500, 1800, 1500, 1500, slot) for tag, slot in (cars or {}).items()})
    controller = Controller(world, Setting("test", 1, speed), clock, Random(seed))
    made = Desk(world, controller, clock)
    controller.take_control(1)
    made.pass_time(1)
    return made
