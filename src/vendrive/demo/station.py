"""`python -m vendrive.demo.station …`: a station with the demo's calendar, a photo file as camera, and the street."""

import asyncio
import os
from pathlib import Path

from vendrive.demo.calendar import DemoCalendar
from vendrive.demo.folder import DemoFolder
from vendrive.station.__main__ import parser, serve, set_up_logging, settings
from vendrive.station.program import build_station


def main() -> None:
    """Run the program until SIGTERM or SIGINT."""
    set_up_logging()
    arguments = parser("python -m vendrive.demo.station").parse_args()
    folder = DemoFolder(Path(os.environ["VENDRIVE_DEMO"]))
    asyncio.run(serve(build_station(settings(arguments), DemoCalendar(folder.calendar))))


if __name__ == "__main__":
    main()
