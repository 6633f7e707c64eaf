"""Virtual time: nothing waits, nothing hangs, and the same program runs the same way in every process."""

import asyncio
import os
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from random import Random

import pytest

from vendrive.simulation.loop import START, NothingLeft, VirtualClock, run_virtual


def test_a_day_passes_in_no_time() -> None:
    async def program(clock: VirtualClock, rng: Random) -> float:
        await asyncio.sleep(86_400)
        return clock.monotonic()

    assert run_virtual(program) == 86_400


def test_timers_of_one_moment_run_in_the_order_in_which_they_were_set() -> None:
    async def program(clock: VirtualClock, rng: Random) -> list[str]:
        loop, seen = asyncio.get_running_loop(), list[str]()

        def first() -> None:
            seen.append("first")
            loop.call_soon(seen.append, "caused by first")

        loop.call_later(2, seen.append, "later")
        loop.call_later(1, first)
        loop.call_later(1, seen.append, "second")
        await asyncio.sleep(3)
        return seen

    assert run_virtual(program) == ["first", "second", "caused by first", "later"]


def test_a_cancelled_timer_does_not_move_time() -> None:
    async def program(clock: VirtualClock, rng: Random) -> float:
        for _ in range(1000):
            async with asyncio.timeout(3600):
                await asyncio.sleep(0)
        await asyncio.sleep(1)
        return clock.monotonic()

    assert run_virtual(program) == 1


def test_timers_that_were_not_needed_are_forgotten() -> None:
    async def program(clock: VirtualClock, rng: Random) -> int:
        loop = asyncio.get_running_loop()
        for _ in range(10_000):
            loop.call_later(3600, print).cancel()
        return len(loop._timers)  # type: ignore[attr-defined]

    assert run_virtual(program) < 1000


def test_a_program_that_waits_for_nothing_is_named_instead_of_hanging() -> None:
    async def program(clock: VirtualClock, rng: Random) -> None:
        await asyncio.sleep(5)
        await asyncio.create_task(asyncio.Event().wait(), name="the one who waits")

    with pytest.raises(NothingLeft, match=r"nothing is left to happen at 5\.0 s: .*the one who waits"):
        run_virtual(program)


@pytest.mark.parametrize("pause_s", [0, -1])
def test_a_program_that_turns_on_the_spot_is_stopped(monkeypatch: pytest.MonkeyPatch, pause_s: float) -> None:
    monkeypatch.setattr("vendrive.simulation.loop.LONGEST_MOMENT", 1000)

    async def program(clock: VirtualClock, rng: Random) -> None:
        await asyncio.sleep(5)
        while True:
            await asyncio.sleep(pause_s)

    with pytest.raises(NothingLeft, match=r"time stands still at 5\.0 s"):
        run_virtual(program)


def test_a_rest_that_is_lost_in_rounding_still_passes_time() -> None:
    async def program(clock: VirtualClock, rng: Random) -> float:
        await asyncio.sleep(1e9)
        for _ in range(1000):
            await asyncio.sleep(1e-300)
        return clock.monotonic() - 1e9

    assert run_virtual(program) == pytest.approx(0.001, rel=0.1)


def test_an_error_in_a_callback_ends_the_run() -> None:
    async def program(clock: VirtualClock, rng: Random) -> None:
        asyncio.get_running_loop().call_later(1, divmod, 1, 0)
        await asyncio.sleep(2)

    with pytest.raises(ZeroDivisionError):
        run_virtual(program)


def test_a_thread_is_a_call_that_answers_a_turn_later() -> None:
    async def program(clock: VirtualClock, rng: Random) -> list[str]:
        seen = list[str]()
        asyncio.get_running_loop().call_soon(seen.append, "others go on")
        seen.append(await asyncio.to_thread(str.upper, "answer"))
        with suppress(ZeroDivisionError):
            await asyncio.to_thread(divmod, 1, 0)
            seen.append("no error")
        return seen

    assert run_virtual(program) == ["others go on", "ANSWER"]


def test_what_the_program_leaves_running_is_cancelled() -> None:
    ended, left = list[bool](), list[asyncio.Task[None]]()

    async def for_ever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def program(clock: VirtualClock, rng: Random) -> None:
        left.append(asyncio.create_task(for_ever()))
        await asyncio.sleep(0)

    run_virtual(program)
    assert ended == [True]


def test_the_calendar_jumps_and_monotonic_time_does_not() -> None:
    async def program(clock: VirtualClock, rng: Random) -> None:
        await asyncio.sleep(60)
        clock.jump(-3600)
        assert clock.now() == START + timedelta(seconds=60 - 3600)
        assert clock.monotonic() == 60
        clock.jump(7200)
        await asyncio.sleep(1)
        assert clock.now() == START + timedelta(seconds=61 + 3600)
        assert clock.monotonic() == 61

    run_virtual(program)


def test_the_same_seed_draws_the_same_numbers_and_another_one_others() -> None:
    async def program(clock: VirtualClock, rng: Random) -> float:
        return rng.random()

    assert run_virtual(program, seed=1) == run_virtual(program, seed=1) != run_virtual(program, seed=2)


def test_there_is_no_way_to_the_real_network() -> None:
    async def program(clock: VirtualClock, rng: Random) -> None:
        await asyncio.open_connection("127.0.0.1", 80)

    with pytest.raises(OSError, match="no network"):
        run_virtual(program)


# Tasks of a group are cancelled in the order of a set: by address, in asyncio's own loop.
CANCELLED_GROUP = """
import asyncio
from vendrive.simulation.loop import run_virtual
order = []
async def member(name):
    try:
        await asyncio.Event().wait()
    finally:
        order.append(name)
async def program(clock, rng):
    ballast = [bytearray(rng.randrange(1, 5000)) for _ in range(1000)]
    try:
        async with asyncio.TaskGroup() as group:
            for name in range(40):
                group.create_task(member(name))
                ballast.append(object())
            await asyncio.sleep(1)
            raise ValueError
    except* ValueError:
        pass
run_virtual(program, SEED)
print(order)
"""


def test_a_group_ends_its_members_in_one_order_in_every_process() -> None:
    def order(seed: int) -> str:
        program = CANCELLED_GROUP.replace("SEED", str(seed))
        environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    assert order(1) == order(2) == f"{list(range(40))}\n"
