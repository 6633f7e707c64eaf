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
