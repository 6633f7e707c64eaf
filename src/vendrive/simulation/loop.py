"""Virtual time: an asyncio loop that jumps to the next timer, and a clock that follows it.

No threads, no sockets, no sleeping. Callbacks run in the order in which they were asked for, timers of the same
moment likewise, so a run is a function of its program and its seed.
"""

import asyncio
import heapq
from asyncio.base_events import BaseEventLoop
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any, Protocol, TypeVar, TypeVarTuple, Unpack

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
# A sleep passes at least so much time. Who sleeps for a rest that is lost in rounding would turn on the spot otherwise.
RESOLUTION_S = 1e-6
# So many callbacks without a moment passing is a program that turns on the spot.
LONGEST_MOMENT = 1_000_000

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class NothingLeft(RuntimeError):
    """Everybody waits and no timer is set, or time cannot pass: the program hangs."""


class Network(Protocol):
    """What the loop asks for streams; see `vendrive.simulation.network`."""

    async def connect(
        self, factory: Callable[[], asyncio.Protocol], host: str, port: int
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        """Open a stream, or raise OSError."""
        ...

    def listen(self, factory: Callable[[], asyncio.Protocol], host: str, port: int) -> asyncio.AbstractServer:
        """Listen at an address, or raise OSError where somebody does already."""
        ...


class _Timer(asyncio.TimerHandle):
    """asyncio's own, with the flag that says whether it lies among the timers."""

    __slots__ = ()
    _scheduled: bool


class VirtualTask(asyncio.Task[T]):
    """A task whose hash is its number: sets of tasks, as in a TaskGroup, keep one order in every process."""

    def __init__(self, coroutine: Generator[Any, None, T] | Coroutine[Any, Any, T], number: int, **named: Any) -> None:
        self.number = number
        super().__init__(coroutine, **named)

    def __hash__(self) -> int:
        return self.number


class VirtualLoop(BaseEventLoop):
    """An event loop in which a moment passes only when nothing is left to do in it."""

    # The base class keeps these two for its loops; its own timers and its selector lie idle.
    _ready: deque[asyncio.Handle]
    _stopping: bool

    def __init__(self, network: Network | None = None) -> None:
        super().__init__()
        self.network = network
        self._now_s = 0.0
        self._timers: list[tuple[float, int, _Timer]] = []
        self._timer_numbers = count()
        self._task_numbers = count(1)
        self._cancelled_timers = 0
        self._done_now = 0
        self._callback_error: BaseException | None = None

    def time(self) -> float:
        return self._now_s

    def call_soon(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon

    def call_later(
        self,
        delay: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        if 0 < delay < RESOLUTION_S:
            delay = RESOLUTION_S
        return self.call_at(self._now_s + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        timer = _Timer(when, callback, args, self, context)
        timer._scheduled = True
        heapq.heappush(self._timers, (when, next(self._timer_numbers), timer))
        return timer

    def create_task(self, coro: Any, *, name: object = None, context: Context | None = None) -> asyncio.Task[Any]:
        number = next(self._task_numbers)
        return VirtualTask(coro, number, loop=self, name=name or f"Task-{number}", context=context)

    def run_in_executor(self, executor: object, func: Callable[[Unpack[Ts]], T], *args: *Ts) -> asyncio.Future[T]:
        """Call at once; the answer comes a turn later, as it would from a thread."""
        answer: asyncio.Future[T] = self.create_future()
        try:
            self.call_soon(_give, answer, func(*args))
        except Exception as error:
            self.call_soon(_fail, answer, error)
        return answer

    async def create_connection(  # type: ignore[override] # the few arguments that stand for a network
        self, protocol_factory: Callable[[], asyncio.Protocol], host: str, port: int
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        return await self._network().connect(protocol_factory, host, port)

    async def create_server(  # type: ignore[override]
        self, protocol_factory: Callable[[], asyncio.Protocol], host: str, port: int
    ) -> asyncio.AbstractServer:
        return self._network().listen(protocol_factory, host, port)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what a callback raised, to end the run with it; what a task raised is its owner's to see."""
        if "handle" in context and self._callback_error is None:
            self._callback_error = context.get("exception")
        super().call_exception_handler(context)

    def _run_once(self) -> None:
        """Do what is due now; then let the next timer's moment come."""
        ready = self._ready
        while ready:
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()
            self._done_now += 1
            if self._done_now > LONGEST_MOMENT:
                raise NothingLeft(f"time stands still at {self._now_s} s, with {handle}")
        if self._callback_error is not None:
            error, self._callback_error = self._callback_error, None
            raise error
        if not self._stopping:
            self._pass_time()

    def _pass_time(self) -> None:
        """Queue all timers of the next moment together: what they cause comes after them."""
        ready, timers = self._ready, self._timers
        while timers and (not ready or timers[0][0] <= self._now_s):
            when, _, timer = heapq.heappop(timers)
            timer._scheduled = False
            if timer._cancelled:
                self._cancelled_timers -= 1
                continue
            if when > self._now_s:
                self._now_s = when
                self._done_now = 0
            ready.append(timer)
        if not ready:
            raise NothingLeft(f"nothing is left to happen at {self._now_s} s: {self._waiting()}")

    def _timer_handle_cancelled(self, timer: _Timer) -> None:
        """Forget cancelled timers where they are the most: time-outs that were not needed pile up otherwise."""
        if not timer._scheduled:
            return
        self._cancelled_timers += 1
        if self._cancelled_timers > len(self._timers) // 2 + 100:
            self._timers = [entry for entry in self._timers if not entry[2]._cancelled]
            heapq.heapify(self._timers)
            self._cancelled_timers = 0

    def _waiting(self) -> str:
        tasks = sorted(asyncio.all_tasks(self), key=lambda task: task.get_name())
        return ", ".join(task.get_name() for task in tasks) or "no task"

    def _network(self) -> Network:
        if self.network is None:
            raise OSError("this world has no network")
        return self.network


class VirtualClock:
    """The loop's time as a Clock; its calendar can jump, its monotonic time cannot."""

    def __init__(self, loop: asyncio.AbstractEventLoop, start: datetime = START) -> None:
        self._loop = loop
        self._start = start

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._loop.time())

    def monotonic(self) -> float:
        return self._loop.time()

    def jump(self, seconds: float) -> None:
        """Set the calendar forward, or back where `seconds` is negative."""
        self._start += timedelta(seconds=seconds)


Program = Callable[[VirtualClock, Random], Coroutine[Any, Any, T]]


def run_virtual(program: Program[T], seed: int = 0, start: datetime = START, network: Network | None = None) -> T:
    """Run `program(clock, rng)` to its end in virtual time and return its value; what it leaves running is cancelled.

    NothingLeft where it can never end. Its streams go through `network`.
    """
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(network)) as runner:
        clock = VirtualClock(runner.get_loop(), start)
        return runner.run(program(clock, Random(seed)))  # noqa: S311 a simulation, repeatable by its seed


def _give(answer: asyncio.Future[T], value: T) -> None:
    if not answer.cancelled():
        answer.set_result(value)


def _fail(answer: asyncio.Future[Any], error: Exception) -> None:
    if not answer.cancelled():
        answer.set_exception(error)
