"""Trust a station's public keys."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from vendrive.retail.fleet.actions import enrol_station
from vendrive.wire.errors import Refused


class Command(BaseCommand):
    """Trust a station's public keys."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: object, **options: Any) -> None:
        given = json.loads(Path(options["file"]).read_text())
        try:
            enrol_station(given["tower_id"], given["signing"], given["sealing"])
        except (KeyError, Refused) as error:
            raise CommandError(f"not enrolled: {error}") from error
