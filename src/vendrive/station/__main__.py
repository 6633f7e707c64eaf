"""`python -m vendrive.station`: the program at one tower."""

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

from vendrive.clock import SystemClock
from vendrive.station import journal_view
from vendrive.station.journal import JournalBroken
from vendrive.station.keys import KeyFileWrong
from vendrive.station.program import Station, build_station, ready_line
from vendrive.station.settings import Settings
from vendrive.tower.layout import LayoutError

EXAMPLE = (
    "example: python -m vendrive.station --tower shanghai --layout shanghai3 --data .demo/shanghai "
    "--machine opc.tcp://127.0.0.1:4840 --retail http://127.0.0.1:8000; "
    "python -m vendrive.station journal --help looks at a journal"
)


def parser(prog: str = "python -m vendrive.station") -> argparse.ArgumentParser:
    """Return the command line of the program."""
    made = argparse.ArgumentParser(prog=prog, description=__doc__, epilog=EXAMPLE)
    made.add_argument("--tower", required=True, metavar="ID", help="the tower's identifier, as retail knows it")
    made.add_argument("--layout", required=True, metavar="NAME", help="a layout in vendrive/tower/layouts")
    made.add_argument("--data", required=True, type=Path, metavar="DIR", help="of journal, keys and certificates")
    made.add_argument("--machine", required=True, metavar="URL", help="opc.tcp://… of the machine's controller")
    made.add_argument("--retail", required=True, metavar="URL", help="http(s)://… of retail")
    made.add_argument(
        "--port", type=int, default=0, metavar="PORT", help="of the first bay's kiosk; 0, the default: any free ones"
    )
    return made


def settings(arguments: argparse.Namespace) -> Settings:
    """Return the settings that the command line says."""
    return Settings(
        tower_id=arguments.tower,
        layout=arguments.layout,
        data=arguments.data,
        machine_url=arguments.machine,
        retail_url=arguments.retail,
        port=arguments.port,
    )


async def serve(station: Station) -> None:
    """Run until SIGTERM or SIGINT."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with station.running() as urls:
        print(ready_line(urls), flush=True)
        await ended.wait()


def set_up_logging() -> None:
    """Log to standard error."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # asyncua reports each request at length, httpx each poll.
    logging.getLogger("asyncua").setLevel(logging.ERROR)
    logging.getLogger("httpx").setLevel(logging.WARNING)


async def _main(arguments: argparse.Namespace) -> None:
    await serve(build_station(settings(arguments), SystemClock()))


def main() -> None:
    """Run the program; `journal …` looks at a journal instead."""
    if sys.argv[1:2] == ["journal"]:
        sys.exit(journal_view.main(sys.argv[2:]))
    set_up_logging()
    try:
        asyncio.run(_main(parser().parse_args()))
    except (JournalBroken, KeyFileWrong, LayoutError, FileNotFoundError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
