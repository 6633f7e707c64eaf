"""A machine on a test bench, as the rules of the contract see it, and a hand that drives it as a station does."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from vendrive.station.machine import Accepted, Answer, Machine, MachineLost, NotAccepted
from vendrive.tower.layout import Layout
from vendrive.wire.machine import Bay, Command, Lift, Mode, Operation, PlcState, Snapshot

# A network that is slow answers this late; every adapter waits longer for an answer.
SLOW_S = 0.6
VALID_MS = 1500
PATIENCE_S = 60.0
# Everything that says that a machine cannot be reached says so within this time.
LOST_WITHIN_S = 15.0
LOOK_AGAIN_S = 0.05


class Network(StrEnum):
    """What is between station and machine."""

    whole = "whole"
    slow = "slow"  # answers come SLOW_S late
    mute = "mute"  # requests arrive, answers are lost
    cut = "cut"  # nothing arrives


class Bench(Protocol):
    """A machine on a test bench and the hands at it.

    Its first lift can reach its way's lowest two levels, its first bay is empty, and nothing else drives it. A move
    takes about a second or longer, so that it can be seen.
    """

    @property
    def layout(self) -> Layout:
        """What the machine is."""
        ...

    @property
    def tower_id(self) -> str:
        """The name that the machine was given."""
        ...

    def machine(self) -> Machine:
        """Return a new connection, not connected yet."""
        ...

    def now_s(self) -> float:
        """Return the monotonic time by which the adapter dates its reads."""
        ...

    async def network(self, state: Network) -> None:
        """Let the network of all connections, and of later ones, be so from now on."""
        ...

    async def turn_key(self, mode: Mode) -> None:
        """Turn the key switch at the tower."""
        ...

    async def reset(self) -> None:
        """Press the reset at the tower."""
        ...

    async def restart_plc(self) -> None:
        """Switch the machine's controller off and on."""
        ...


Rule = Callable[[Bench], Awaitable[None]]


@dataclass
class Driving:
    """A connection that is in control, as a station drives it."""

    bench: Bench
    machine: Machine
    epoch: int
    seq: int
    count: int

    @property
    def lift(self) -> str:
        return self.bench.layout.lifts[0].name

    @property
    def bay(self) -> str:
        return self.bench.layout.bays[0].name

    async def beat(self) -> None:
        """Show a sign of life."""
        self.count += 1
        await self.machine.beat(self.count)

    async def until(self, wanted: Callable[[Snapshot], bool], what: str, beats: bool = True) -> Snapshot:
        """Return the first snapshot that is wanted; fail where none comes."""
        give_up_s = self.bench.now_s() + PATIENCE_S
        while True:
            if beats:
                await self.beat()
            snapshot = await self.machine.read()
            if wanted(snapshot):
                return snapshot
            assert self.bench.now_s() < give_up_s, f"not within {PATIENCE_S:.0f} s: {what}"
            await self.machine.wait(LOOK_AGAIN_S)

    def command(self, snapshot: Snapshot, operation: Operation, **named: str) -> Command:
        """Return a command with the next number."""
        valid_until_ms = snapshot.plc.clock_ms + VALID_MS
        return Command(self.epoch, self.seq + 1, operation, tuple(named.items()), valid_until_ms)

    async def order(self, operation: Operation, **named: str) -> Answer:
        """Give a command with the next number, on a fresh read."""
        await self.beat()
        answer = await self.machine.execute(self.command(await self.machine.read(), operation, **named))
        self.seq += isinstance(answer, Accepted)
        return answer

    async def move(self, storey: int) -> None:
        """Set the lift going; it must be taken."""
        answer = await self.order(Operation.move_lift, lift=self.lift, storey=str(storey))
        assert answer == Accepted(), f"a harmless move was refused: {answer}"

    async def away(self) -> int:
        """Return one of the two lowest levels at which the lift does not stand."""
        low = self._low()
        return low + 1 if (await self.machine.read()).lift(self.lift).storey == low else low

    async def finished(self) -> Snapshot:
        """Wait until no part is busy."""
        return await self.until(lambda seen: not any(part.busy for part in channels(seen)), "every part is free")

    def _low(self) -> int:
        plan = self.bench.layout.lifts[0]
        return next(storey for storey in range(plan.lowest, plan.highest + 1) if storey > 0)

    async def refuses(self, command: Command) -> None:
        """The command must be refused, with a reason, and nothing may come of it."""
        before = effects(await self.machine.read())
        answer = await self.machine.execute(command)
        assert isinstance(answer, NotAccepted), f"{command} was taken"
        assert answer.reason, "a refusal without a reason"
        await self.machine.wait(2 * LOOK_AGAIN_S)
        assert effects(await self.machine.read()) == before, "a refused command had an effect"


@asynccontextmanager
async def connected(bench: Bench) -> AsyncIterator[Machine]:
    """A new connection."""
    machine = bench.machine()
    try:
        await machine.connect()
        yield machine
    finally:
        await machine.close()


@asynccontextmanager
async def in_control(bench: Bench) -> AsyncIterator[Driving]:
    """A new connection to a machine that is ready, in control with a new epoch."""
    async with connected(bench) as machine:
        await bench.turn_key(Mode.automatic)
        await bench.reset()
        plc = (await machine.read()).plc
        driving = Driving(bench, machine, plc.control_epoch + 1, plc.ack_seq, plc.station_heartbeat)
        assert await machine.take_control(driving.epoch) == Accepted()
        await driving.until(lambda seen: seen.plc.state == PlcState.idle, "the machine is idle")
        yield driving


@asynccontextmanager
async def lost(bench: Bench, state: Network) -> AsyncIterator[None]:
    """The network is broken in the block; what is asked there must raise MachineLost, and soon."""
    await bench.network(state)
    started_s = bench.now_s()
    try:
        yield
    except MachineLost:
        assert bench.now_s() - started_s < LOST_WITHIN_S, "a lost machine was waited for too long"
        return
    finally:
        await bench.network(Network.whole)
    raise AssertionError(f"no MachineLost, though the network was {state}")


def channels(snapshot: Snapshot) -> tuple[Lift | Bay, ...]:
    return (*snapshot.lifts, *snapshot.bays)


def effects(snapshot: Snapshot) -> tuple[object, ...]:
    """What a command changes, but for how far a move has come: who is in control, which numbers ran, what is busy."""
    ran = [(part.name, part.busy, part.operation, part.seq, part.done_seq) for part in channels(snapshot)]
    return (snapshot.plc.control_epoch, snapshot.plc.ack_seq, [lift.target for lift in snapshot.lifts], ran)


def name_of(rule: Rule) -> str:
    """Return the name of a rule, as quality files write it."""
    return str(getattr(rule, "__name__"))  # noqa: B009 a callable need not have one
