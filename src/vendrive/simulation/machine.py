"""The machine in memory: the plant's controller behind the verbs of `station.machine.Machine`, without a network.

`wait` is where a session spends its time between two reads. It ends at the next tick of a grid of 0.2 s after
something happened that a read could show, or that the session waits for, and skips the reads in between: they would
answer what the last one answered. Without `skips` each of them is made, and the run is the same but for what is left
to chance with each message, and a fifth of a second. Where the plan `passes`, a few decisions fall otherwise too.
"""

import asyncio
import json
from collections.abc import Callable
from math import ceil, floor
from typing import TYPE_CHECKING, NoReturn, TypeVar

from vendrive.simulation.crash import Crash
from vendrive.simulation.messages import FINE
from vendrive.simulation.moments import ReadAt
from vendrive.station.machine import Accepted, Answer, MachineLost, NotAccepted
from vendrive.wire.machine import Command, Snapshot

if TYPE_CHECKING:
    from vendrive.simulation.world import World

GRID_S = 0.2
REQUEST_TIMEOUT_S = 2.0
FAR_S = float("inf")

T = TypeVar("T")


def next_grid_s(at_s: float) -> float:
    """Return the first moment of the grid after `at_s`."""
    return (floor(at_s / GRID_S + 1e-6) + 1) * GRID_S


def grid_s(at_s: float) -> float:
    """Return the first moment of the grid that is not before `at_s`."""
    return ceil(at_s / GRID_S - 1e-6) * GRID_S


class MemoryMachine:
    """One connection of a station to the plant."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._stirred = False
        # When reads were skipped no more, until the next one: up to then all showed what the last one did.
        self.woken_s: float | None = None
        # A session waits for this while reads are skipped.
        self._turn: asyncio.Future[None] | None = None
        self._connected = False
        self._troubled = asyncio.Event()
        self.lost = asyncio.Event()
        self.skipping = self.steady = False
        self.read_at_s = -FAR_S

    async def connect(self) -> None:
        await self._sent(lambda: None)
        self._connected = True

    async def close(self) -> None:
        self.drop()

    def drop(self) -> None:
        """The connection ends."""
        self._connected = False
        self.lost.set()
        self.trouble()

    def trouble(self) -> None:
        """Messages may be lost from now on: each is sent by itself again."""
        self._troubled.set()
        self.stir()

    async def read(self) -> Snapshot:
        self._need_connection()
        # The start of the request, not its end: data is never taken for younger than it is.
        started_s = self._world.now_s()
        return await self._sent(lambda: self._read(started_s))

    async def beat(self, count: int) -> None:
        self._need_connection()
        try:
            await self._sent(lambda: self._heard(count))
        except MachineLost:
            # The session learns of it at its next read.
            self.stir()
            raise
        if self._world.plan.skips and not self._world.messages.troubled:
            # From here on the connection beats by itself, as the session would four times a second.
            await self._beat_steadily()

    async def take_control(self, control_epoch: int) -> Answer:
        self._need_connection()
        return _answer(await self._sent(lambda: self._world.ground.controller.take_control(control_epoch)))

    async def execute(self, command: Command) -> Answer:
        self._need_connection()
        self._world.invariants.granted(self._world.now_s() - self.read_at_s, command)
        try:
            answer = await self._sent(lambda: self._execute(command))
        except MachineLost:
            # The link ends the connection at its next read.
            self.stir()
            raise
        self._world.step("after_answer")
        return _answer(answer)

    async def stop(self, reason: str) -> None:
        self._need_connection()
        await self._sent(lambda: self._world.ground.controller.stop(reason))

    async def call_help(self) -> None:
        self._need_connection()
        await self._sent(lambda: self._world.ground.controller.help(True))

    async def end_help(self) -> None:
        self._need_connection()
        await self._sent(lambda: self._world.ground.controller.help(False))

    async def wait(self, seconds: float) -> None:
        """Return when something may have changed; where nothing has, reads are skipped."""
        world, now_s = self._world, self._world.now_s()
        skips = world.plan.skips and not world.messages.troubled and not world.ground.travelling
        self._turn = world.loop.create_future()
        if skips and not self._stirred and world.is_settled():
            await self._until_stirred(self._turn)
        else:
            world.loop.call_at(next_grid_s(now_s), _end, self._turn)
            await self._turn

    def skipped(self) -> Snapshot:
        """Return what a read that was skipped would have answered now."""
        self.read_at_s = self._world.now_s()
        return self._world.ground.snapshot(ReadAt(self.read_at_s))

    def stir(self) -> None:
        """Something happened that the next read may show, or that the session waits for: it comes at its time."""
        self._stirred = True
        if self.skipping and self._turn is not None:
            self.skipping, self.woken_s = False, self._world.now_s()
            self._world.loop.call_at(next_grid_s(self._world.now_s()), _end, self._turn)

    async def _until_stirred(self, turn: "asyncio.Future[None]") -> None:
        loop, due_s = self._world.loop, self._world.clock.book.due_s
        # What turns over at a moment of the grid is read then; what has not, since a clock's sums are a little off, at
        # the next one.
        at_s = max(next_grid_s(loop.time()), grid_s(due_s)) if due_s < FAR_S else FAR_S
        timer = loop.call_at(at_s, _end, turn) if at_s < FAR_S else None
        self.skipping = True
        try:
            await turn
        finally:
            self.skipping = False
            if timer is not None:
                timer.cancel()

    def _heard(self, beats: int) -> None:
        """A beat arrives, perhaps an old one while another connection beats steadily."""
        controller, newest = self._world.ground.controller, self._world.machine
        before = controller.state.state
        controller.heard(beats)
        if newest is not None and newest.steady:
            controller.hears_steadily(True)
        if controller.state.state != before:
            # It was held, and is not any more: a change that counts, so that nobody skips the read that shows it.
            self._world.ground.tick()

    async def _beat_steadily(self) -> None:
        controller = self._world.ground.controller
        controller.hears_steadily(True)
        self.steady = True
        self._troubled.clear()
        try:
            await self._troubled.wait()
        finally:
            self.steady = False
            if self._world.machine is self:
                controller.hears_steadily(False)
                self._world.ground.tick()
        self._need_connection()

    def _read(self, started_s: float) -> Snapshot:
        ground = self._world.ground
        if ground.travelling:
            ground.tick()
        self._stirred, self.woken_s = False, None
        self.read_at_s = started_s
        return ground.snapshot(ReadAt(started_s))

    def _execute(self, command: Command) -> tuple[bool, str]:
        ground = self._world.ground
        arguments = json.dumps(dict(command.arguments))
        answer = ground.controller.execute(
            command.control_epoch, command.seq, command.operation.value, arguments, command.valid_until_ms
        )
        if answer[0]:
            self._world.invariants.executed(command)
        self._world.register.note(f"plc {command.seq} {command.operation} {arguments} {answer[0]} {answer[1]}")
        ground.after()
        self._world.register.decided(refused=not answer[0])
        self._world.step("after_send")
        return answer

    async def _sent(self, act: Callable[[], T]) -> T:
        """Let a request happen as its fate has it."""
        fate = self._world.messages.fate()
        if fate is FINE:
            return act()
        if fate.late_s >= REQUEST_TIMEOUT_S:
            # It happens all the same, later than anybody waits for it.
            self._world.loop.call_later(fate.late_s, self._after_all, act)
            await self._in_vain()
        if fate.late_s:
            return await _late(act, fate.late_s)
        if fate.request_lost:
            await self._in_vain()
        answer = act()
        if fate.twice:
            answer = act()
        if fate.answer_lost:
            await self._in_vain()
        return answer

    def _after_all(self, act: Callable[[], object]) -> None:
        try:
            act()
        except Crash as crash:
            self._world.kill_station(f"crash {crash}")

    async def _in_vain(self) -> NoReturn:
        await asyncio.sleep(REQUEST_TIMEOUT_S)
        raise MachineLost("the machine does not answer")

    def _need_connection(self) -> None:
        if not self._connected:
            raise MachineLost("not connected")


async def _late(act: Callable[[], T], late_s: float) -> T:
    """Either the request is late, or its answer: then what it tells is old."""
    answer = act() if late_s > 1.0 else None
    await asyncio.sleep(late_s)
    return act() if answer is None else answer


def _end(turn: "asyncio.Future[None]") -> None:
    """The session's turn to read comes, unless it has gone."""
    if not turn.done():
        turn.set_result(None)


def _answer(answer: tuple[bool, str]) -> Answer:
    accepted, reason = answer
    return Accepted() if accepted else NotAccepted(reason)
