"""`python -m vendrive.demo.station …`: a station with the demo's calendar, a photo file as camera, and the street."""

import asyncio

from vendrive.demo.calendar import DemoCalendar
from vendrive.demo.folder import told_folder
from vendrive.demo.kiosk import SCRIPTS, street_routes
from vendrive.station.__main__ import parser, serve, set_up_logging, settings
from vendrive.station.kiosk.app import LANGUAGE_COOKIE
from vendrive.station.program import build_station


def main() -> None:
    """Run the program until SIGTERM or SIGINT."""
    set_up_logging()
    command = parser("python -m vendrive.demo.station")
    command.add_argument("--world", required=True, metavar="URL", help="of the plant's street")
    asked = command.parse_args()
    calendar = DemoCalendar(told_folder().calendar)
    station = build_station(
        settings(asked), calendar, street_routes(asked.world, LANGUAGE_COOKIE), extra_scripts=SCRIPTS
    )
    asyncio.run(serve(station))


if __name__ == "__main__":
    main()
