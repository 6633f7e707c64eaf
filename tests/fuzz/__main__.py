"""`make fuzz`: lies to the client and attacks on the plant's server, in rounds, each with a seed that repeats it."""

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path

from tests.fuzz.campaign import Campaign, Memory, keys_read_once, rogue_in, status_mb
from tests.fuzz.honest import met
from tests.fuzz.hostile import INSIDERS, STRANGERS, attacked
from tests.support.plant import plant_process
from tests.support.waiting import until_async
from vendrive.ids import digits
from vendrive.wire.machine import STALE_AFTER_S

ROUND = 10_000


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, help="repeat this campaign (default: another one each time)")
    parser.add_argument("--messages", type=int, default=100_000, help="lies to the client")
    parser.add_argument("--rounds", type=int, default=10, help="rounds of attacks on the server")
    parser.add_argument("--only", type=int, help="this one lie of the seed, with the client's log")
    return parser.parse_args()


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def lie(folder: Path, seed: int, numbers: range) -> None:
    """Tell the client lies, a round at a time."""
    async with rogue_in(folder) as (rogue, access):
        for first in range(numbers.start, numbers.stop, ROUND):
            part = range(first, min(first + ROUND, numbers.stop))
            with Memory() as memory:
                told = await Campaign(rogue, access, seed).run(part)
            say(f"client: {part.stop} lies, longest {told.longest_s:.2f} s, at most {memory.grown_mb:.0f} MB more")


async def attack(folder: Path, seed: int, rounds: int) -> None:
    """Attack a plant that runs as a program, with an honest station beside; AssertionError where it suffers."""
    with plant_process(folder) as plant, keys_read_once():
        target, honest = met(plant, folder)
        async with honest.running():
            await until_async(lambda: honest.link.fresh is not None, "the station knows the machine")
            world = plant.world()
            for number in range(seed, seed + rounds):
                await attacked(target, STRANGERS + INSIDERS, number)
                said = f"longest without a heartbeat {honest.longest_s:.2f} s"
                said += f", at most {status_mb('VmHWM', plant.program.pid):.0f} MB"
                say(f"server: attacks with seed {number}, {said}")
                again = f"make fuzz ARGS='--messages 0 --seed {number} --rounds 1'"
                assert honest.connected == 1, f"the station lost its machine; again: {again}"
                assert honest.longest_s < STALE_AFTER_S, f"{said}; again: {again}"
                assert plant.world() == world, f"something happened; again: {again}"


async def main() -> None:
    asked = arguments()
    seed = int(digits(6)) if asked.seed is None else asked.seed
    say(f"seed {seed}")
    with tempfile.TemporaryDirectory() as folder:
        if asked.only is not None:
            logging.basicConfig(level=logging.INFO)
            return await lie(Path(folder), seed, range(asked.only, asked.only + 1))
        await lie(Path(folder) / "client", seed, range(asked.messages))
        await attack(Path(folder) / "server", seed, asked.rounds)
    return None


if __name__ == "__main__":
    logging.basicConfig(level=logging.CRITICAL)
    asyncio.run(main())
