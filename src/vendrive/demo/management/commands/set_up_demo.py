"""Fill the demo's shop, trust its stations, make its staff accounts, and say which cars stand where."""

import json
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from vendrive.demo.data import fill_known_cars, fill_shop
from vendrive.demo.folder import SECOND, STAFF, TOWERS, DemoFolder
from vendrive.demo.known_cars import OtherEncoder
from vendrive.retail.drives.models import Drive, DriveState
from vendrive.retail.fleet.models import Vehicle, VehicleState
from vendrive.retail.fleet.queries import wire_vehicle


class Command(BaseCommand):
    """Fill the demo's shop, trust its stations, make its staff accounts, and say which cars stand where."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("root", type=Path)

    def handle(self, *args: object, **options: Any) -> None:
        folder = DemoFolder(options["root"])
        call_command("migrate", interactive=False, verbosity=0)
        fill_shop()
        try:
            fill_known_cars()
        except OtherEncoder as error:
            self.stderr.write(f"the scan stays off: {error}")
        for tower in TOWERS:
            call_command("enrol_station", str(folder.station(tower.slug) / "keys" / "public.json"))
        for name in (STAFF, SECOND):
            if not User.objects.filter(username=name).exists():
                call_command("create_staff", name, folder.staff_password.read_text())
        cars = {tower.slug: _cars(tower.slug) for tower in TOWERS}
        self.stdout.write(f"ready {json.dumps(cars)}")


def _cars(tower: str) -> dict[str, list[dict[str, object]]]:
    """Return the cars that stand in the tower, and those that are lent and so on the street."""
    cars: dict[str, list[dict[str, object]]] = {"stored": [], "lent": []}
    lent = set(Drive.objects.filter(state=DriveState.out).values_list("vehicle_id", flat=True))
    for vehicle in Vehicle.objects.filter(tower_id=tower).select_related("model", "paint").order_by("tag"):
        wired = wire_vehicle(vehicle)
        car = {name: getattr(wired, name) for name in ("tag", "length_mm", "width_mm", "height_mm", "mass_kg")}
        away = vehicle.id in lent or vehicle.state == VehicleState.out
        cars["lent" if away else "stored"].append(car)
    return cars
