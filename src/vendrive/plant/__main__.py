"""`python -m vendrive.plant`: the simulated machine of one tower."""

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

from vendrive.clock import SystemClock
from vendrive.ids import random_bytes
from vendrive.plant.program import PlantSettings, running_plant
from vendrive.tower.layout import LayoutError, load_layout

EXAMPLE = "example: python -m vendrive.plant --tower shanghai --layout shanghai3 --data .demo/shanghai-plant"


def parser() -> argparse.ArgumentParser:
    """Return the command line of the program."""
    made = argparse.ArgumentParser(prog="python -m vendrive.plant", description=__doc__, epilog=EXAMPLE)
    made.add_argument("--tower", required=True, metavar="ID", help="the tower's identifier, as retail knows it")
    made.add_argument("--layout", required=True, metavar="NAME", help="a layout in vendrive/tower/layouts")
    made.add_argument("--data", required=True, type=Path, metavar="DIR", help="of its certificate and trust list")
    made.add_argument("--opcua-port", type=int, default=0, metavar="PORT", help="0, the default, is any free one")
    made.add_argument("--world-port", type=int, default=0, metavar="PORT", help="0, the default, is any free one")
    made.add_argument("--machine-speed", type=_speed, default=1.0, metavar="N", help="divides each duration of motion")
    made.add_argument("--seed", type=int, default=None, help="of noise and drift; drawn anew where none is given")
    return made


def settings(arguments: argparse.Namespace) -> PlantSettings:
    """Return the settings, or raise LayoutError or FileNotFoundError."""
    seed = int.from_bytes(random_bytes(4)) if arguments.seed is None else arguments.seed
    return PlantSettings(
        tower_id=arguments.tower,
        layout=load_layout(arguments.layout),
        data=arguments.data,
        opcua_port=arguments.opcua_port,
        world_port=arguments.world_port,
        speed=arguments.machine_speed,
        seed=seed,
    )


async def run(plant_settings: PlantSettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with running_plant(plant_settings, SystemClock()) as plant:
        print(plant.ready(), flush=True)
        await ended.wait()


def main() -> None:
    """Run the program."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # asyncua reports each request and each refused connection at length.
    logging.getLogger("asyncua").setLevel(logging.ERROR)
    try:
        chosen = settings(parser().parse_args())
    except (LayoutError, FileNotFoundError) as error:
        sys.exit(f"layout: {error}")
    asyncio.run(run(chosen))


def _speed(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1000:
        raise argparse.ArgumentTypeError("must be above 0 and at most 1000")
    return value


if __name__ == "__main__":
    main()
