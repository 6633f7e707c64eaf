"""Write reference pictures and pairs from customers where `vendrive scan train` reads them."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from vendrive.retail.scan.export import FEEDBACK, REFERENCES, NotOurs, export_photos


class Command(BaseCommand):
    """Write reference pictures and pairs from customers where `vendrive scan train` reads them."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: object, **options: Any) -> None:
        folder: Path = options["folder"]
        try:
            counts = export_photos(folder, "operator")
        except NotOurs as error:
            raise CommandError(str(error)) from error
        for name in (REFERENCES, FEEDBACK):
            self.stdout.write(f"{folder / name}: {counts[name]} photos")
        self.stdout.write("Delete the folder after the training: it holds pictures that people can take back.")
