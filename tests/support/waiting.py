"""Wait for a condition with a deadline; the only place in the tests that pauses."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PAUSE_S = 0.02


def until(condition: Callable[[], T | None], what: str, timeout_s: float = 90) -> T:
    """Return the first true value of `condition`, or fail saying `what` did not happen."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s:.0f} s: {what}")
        time.sleep(PAUSE_S)


async def until_async(condition: Callable[[], T | None], what: str, timeout_s: float = 90) -> T:
    """Like `until`, while other tasks of the loop go on."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s:.0f} s: {what}")
        await asyncio.sleep(PAUSE_S)


async def pause(seconds: float) -> None:
    """Be slow on purpose, as a peer that a test plays."""
    await asyncio.sleep(seconds)


class Lag:
    """How long the loop has at most computed while others waited: `async with Lag() as lag: …`.

    Counted in the thread's own computing time, which a busy computer does not stretch.
    """

    def __init__(self) -> None:
        self.longest_s = 0.0

    async def __aenter__(self) -> "Lag":
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()

    async def _watch(self) -> None:
        seen = time.thread_time()
        while True:
            await asyncio.sleep(PAUSE_S)
            now = time.thread_time()
            self.longest_s, seen = max(self.longest_s, now - seen - PAUSE_S), now
