"""The simulated tower as a test bench of the machine's contract, in virtual time."""

import asyncio

from vendrive.simulation.loop import VirtualLoop
from vendrive.simulation.machine import MemoryMachine
from vendrive.simulation.messages import Fate
from vendrive.simulation.world import TOWER, Plan, World
from vendrive.station.adapters.bench import SLOW_S, Network, Rule
from vendrive.station.machine import Machine
from vendrive.wire.machine import Mode

FATES = {
    Network.whole: None,
    Network.slow: Fate(late_s=SLOW_S),
    Network.mute: Fate(answer_lost=True),
    Network.cut: Fate(request_lost=True),
}


class MemoryBench:
    """A world without a station: the rule is the station."""

    def __init__(self) -> None:
        self.world = World(Plan(1, skips=False))
        self.layout = self.world.layout
        self.tower_id = TOWER

    def machine(self) -> Machine:
        self.world.machine = MemoryMachine(self.world)
        return self.world.machine

    def now_s(self) -> float:
        return self.world.now_s()

    async def network(self, state: Network) -> None:
        self.world.messages.fixed = FATES[state]

    async def turn_key(self, mode: Mode) -> None:
        self.world.do(lambda: self.world.truth.turn_key(mode))

    async def reset(self) -> None:
        self.world.do(self.world.ground.controller.reset)

    async def restart_plc(self) -> None:
        self.world.ground.restart()


def run_in_memory(rule: Rule) -> None:
    """Run one rule in virtual time."""

    async def program() -> None:
        await rule(MemoryBench())

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(program())
