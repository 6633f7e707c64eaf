"""A vendor that does not exist: the plant's controller behind signals and procedures of another's own, in memory.

Its signals are those that the template's table gives as examples, written down here a second time: codes for doors,
heights in centimetres. Time is virtual.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from math import inf
from random import Random
from typing import TypeVar

from vendrive.clock import Clock
from vendrive.plant.plc import Controller
from vendrive.plant.records import Setting
from vendrive.plant.world import World
from vendrive.simulation.loop import VirtualClock, run_virtual
from vendrive.station.adapters.bench import SLOW_S, Network, Rule
from vendrive.station.adapters.signals import Driver
from vendrive.station.machine import Machine
from vendrive.tower.layout import Layout, load_layout
from vendrive.wire.machine import Bay, Lift, Mode, Plc, Slot

TOWER = "acme-1"
LATENCY_S = 0.005
NEVER_S = 3600.0

MODES = {"stopped": 0, "automatic": 1, "manual": 2, "maintenance": 3}
STATES = {"stopped": 2, "idle": 4, "execute": 6, "aborted": 9, "held": 11}
DOORS = {"between": 0, "open": 1, "closed": 2}
RESULTS = {"none": 0, "done": 1, "failed": 2}

T = TypeVar("T")
MakeMachine = Callable[[Driver, Layout, Clock], Machine]


def plc_signals(plc: Plc) -> dict[str, object]:
    return {
        "SYS.TowerName": plc.tower_id,
        "SYS.LayoutName": plc.layout,
        "SYS.IsSimulator": plc.simulator,
        "SYS.BootNumber": plc.plc_epoch,
        "CTL.Epoch": plc.control_epoch,
        "SYS.UptimeMs": plc.clock_ms,
        "SYS.Beat": plc.heartbeat,
        "STN.Beat": plc.station_heartbeat,
        "SYS.Revision": plc.revision,
        "KEY.Position": MODES[plc.mode],
        "SYS.PackML": STATES[plc.state],
        "CTL.LastNumber": plc.ack_seq,
        "SAF.StopActive": plc.emergency_stop,
        "SAF.StopReason": plc.stop_reason,
        "HLP.Called": plc.help_called,
        "SAF.Fire": plc.fire,
        "PWR.MainsOk": plc.mains,
    }


def channel_signals(part: Lift | Bay) -> dict[str, object]:
    return {
        "Tag": part.tag,
        "Fault": part.fault,
        "Padlock": part.locked_out,
        "Busy": part.busy,
        "Job": str(part.operation),
        "JobNumber": part.seq,
        "DoneNumber": part.done_seq,
        "Result": RESULTS[part.result],
        "Reason": part.reason,
    }


def lift_signals(lift: Lift) -> dict[str, object]:
    return channel_signals(lift) | {
        "HeightCm": lift.position_mm / 10,
        "LevelFlag": lift.storey,
        "Target": lift.target,
        "Moving": lift.moving,
        "ForkHome": lift.transfer_home,
        "Loaded": lift.loaded,
        "Motion": lift.movement,
    }


def slot_signals(slot: Slot) -> dict[str, object]:
    return {"Occupied": slot.occupied, "Tag": slot.tag, "Motion": slot.movement, "Padlock": slot.locked_out}


def bay_signals(bay: Bay) -> dict[str, object]:
    return channel_signals(bay) | {
        "OuterDoor": DOORS[bay.street_door],
        "InnerDoor": DOORS[bay.inner_door],
        "ExitClosed": bay.exit_closed,
        "Barrier": bay.vehicle,
        "WheelsOk": bay.in_place,
        "Scanner": bay.scanner,
        "Curtain": bay.curtain,
        "Mat": bay.floor,
        "Cabin": bay.cabin,
        "Engine": bay.engine_running,
        "KeyBox": bay.key_in_box,
        "LengthCm": bay.length_mm / 10,
        "WidthCm": bay.width_mm / 10,
        "HeightCm": bay.height_mm / 10,
        "Weight": bay.mass_kg,
    }


class VendorBench:
    """The vendor's controller with its hands. `lenient` is one of its rules that it does not keep."""

    def __init__(self, make_machine: MakeMachine, clock: Clock, rng: Random, lenient: str = "") -> None:
        self.layout = load_layout("shanghai3")
        self.tower_id = TOWER
        setting = Setting(TOWER, plc_epoch=1, longest_step_s=inf)
        self.controller = Controller(World(self.layout), setting, clock, rng)
        self.state = Network.whole
        self.lenient = lenient
        self._make_machine = make_machine
        self._clock = clock

    def machine(self) -> Machine:
        return self._make_machine(VendorDriver(self), self.layout, self._clock)

    def now_s(self) -> float:
        return self._clock.monotonic()

    async def network(self, state: Network) -> None:
        self.state = state

    async def turn_key(self, mode: Mode) -> None:
        self.controller.world.turn_key(mode)

    async def reset(self) -> None:
        self.controller.reset()

    async def restart_plc(self) -> None:
        self.controller.restart(self.controller.state.plc_epoch + 1)


class VendorDriver:
    """The vendor's library."""

    def __init__(self, bench: VendorBench) -> None:
        self._bench = bench

    async def open(self) -> None:
        await self._sent(lambda: None)

    async def close(self) -> None:
        await self._sent(lambda: None)

    async def read_signals(self, names: tuple[str, ...]) -> Mapping[str, object]:
        signals = await self._sent(self._signals)
        return {name: signals[name] for name in names if name in signals}

    async def write_signals(self, values: Mapping[str, object]) -> None:
        assert list(values) == ["STN.Beat"]
        beat = values["STN.Beat"]
        assert isinstance(beat, int)
        await self._sent(lambda: self._bench.controller.heard(beat))

    async def call(self, name: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        procedures: dict[str, Callable[..., object]] = {
            "TakeControl": self._bench.controller.take_control,
            "Execute": self._execute,
            "Stop": self._bench.controller.stop,
            "CallHelp": lambda: self._bench.controller.help(called=True),
            "EndHelp": lambda: self._bench.controller.help(called=False),
        }
        match await self._sent(lambda: procedures[name](**arguments)):
            case (bool(accepted), str(reason)):
                return {"accepted": accepted, "reason": reason}
        return {}

    def _execute(
        self, epoch: int, number: int, operation: str, arguments: Mapping[str, str], valid_until_ms: int
    ) -> tuple[bool, str]:
        controller = self._bench.controller
        match self._bench.lenient:
            case "late":
                valid_until_ms = controller.clock_ms() + 1000
            case "epochs":
                epoch = controller.state.control_epoch
            case "numbers":
                number = controller.state.ack_seq + 1
        return controller.execute(epoch, number, operation, json.dumps(arguments), valid_until_ms)

    def _signals(self) -> dict[str, object]:
        signals: dict[str, object] = {}
        for part in self._bench.controller.parts():
            match part:
                case Plc():
                    signals |= plc_signals(part)
                case Lift():
                    signals |= {f"LIFT.{part.name}.{name}": value for name, value in lift_signals(part).items()}
                case Slot():
                    signals |= {f"SLOT.{part.name}.{name}": value for name, value in slot_signals(part).items()}
                case Bay():
                    signals |= {f"BAY.{part.name}.{name}": value for name, value in bay_signals(part).items()}
        return signals

    async def _sent(self, act: Callable[[], T]) -> T:
        """Let a request and its answer go through the network as it is."""
        state = self._bench.state
        if state is Network.cut:
            await _pass(NEVER_S)
        await _pass(LATENCY_S)
        self._bench.controller.tick()
        answer = act()
        if state is Network.mute:
            await _pass(NEVER_S)
        if state is Network.slow:
            await _pass(SLOW_S)
        return answer


async def _pass(seconds: float) -> None:
    """Let virtual time pass."""
    passed = asyncio.Event()
    timer = asyncio.get_running_loop().call_later(seconds, passed.set)
    try:
        await passed.wait()
    finally:
        timer.cancel()


def run_on_vendor(rule: Rule, make_machine: MakeMachine, lenient: str = "") -> None:
    """Run one rule on a machine of this vendor, through an adapter of its own."""

    async def program(clock: VirtualClock, rng: Random) -> None:
        await rule(VendorBench(make_machine, clock, rng, lenient))

    run_virtual(program)
