"""Fills retail with the demo's shop: `fill_shop()` can run at every start and adds only what is missing."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from django.db import transaction

from vendrive.demo.known_cars import FILE as KNOWN_CARS
from vendrive.demo.known_cars import KnownCars, NamedCar, load_known_cars
from vendrive.retail.catalogue.models import Brand, Paint, VehicleModel
from vendrive.retail.drives.models import Programme, RuleSet
from vendrive.retail.drives.rules import read_changes
from vendrive.retail.fleet.models import PAPERS, Tower, Vehicle
from vendrive.retail.fleet.queries import wire_vehicle
from vendrive.retail.scan.models import KnownCar
from vendrive.retail.scan.references import put_shipped_views
from vendrive.vision.card import read_card
from vendrive.wire import orders

_TOLD = ("label", "make", "make_zh", "name", "name_zh", "body", "year", "model")
# The demo's calendar may be moved far: its cars' papers last.
PAPERS_UNTIL = date(2099, 12, 31)
_FILE = Path(__file__).with_name("catalogue.toml")

Row = Mapping[str, Any]


@cache
def shop() -> Row:
    """Return the file `catalogue.toml`."""
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def fill_shop() -> None:
    """Write programme, catalogue, towers and their cars where they are missing."""
    with transaction.atomic():
        programme = shop()["programme"]
        found, new = Programme.objects.get_or_create(slug=programme["slug"])
        if new:
            RuleSet.objects.create(programme=found, rules=read_changes(programme["rules"]))
        for position, brand in enumerate(shop()["brands"]):
            Brand.objects.update_or_create(slug=brand["slug"], defaults={**brand, "position": position})
        for position, model in enumerate(shop()["models"]):
            _fill_model(model, position)
        for tower in shop()["towers"]:
            _fill_tower(tower)


def fill_known_cars(file: Path = KNOWN_CARS) -> None:
    """Tell the scan of the cars that it knows by vectors; raise OtherEncoder where the file is another encoder's."""
    encoder = read_card().name
    known: KnownCars = load_known_cars(encoder, file)
    with transaction.atomic():
        rows = [_known_car(car) for car in known.cars]
        KnownCar.objects.bulk_create(rows, update_conflicts=True, unique_fields=["slug"], update_fields=_TOLD)
        put_shipped_views(encoder, known.vectors, known.of)


def _known_car(car: NamedCar) -> KnownCar:
    fields = {**vars(car), "name_zh": car.name, "model_id": car.model}
    del fields["model"]
    return KnownCar(**fields)


def demo_stock(tower_id: str) -> Sequence[orders.Vehicle]:
    """Return the cars that stand in a tower when the demo begins, in the order of the file."""
    cars = Vehicle.objects.filter(tower_id=tower_id).select_related("model", "paint").order_by("tag")
    return [wire_vehicle(car) for car in cars]


def _fill_model(row: Row, position: int) -> None:
    fields = {name: value for name, value in row.items() if name not in ("brand", "paints")}
    fields |= {"brand_id": row["brand"], "position": position}
    model, _ = VehicleModel.objects.update_or_create(slug=row["slug"], defaults=fields)
    for place, paint in enumerate(row["paints"]):
        Paint.objects.update_or_create(model=model, slug=paint, defaults={**shop()["paints"][paint], "position": place})


def _fill_tower(row: Row) -> None:
    fields = {name: value for name, value in row.items() if name != "cars"}
    tower, _ = Tower.objects.update_or_create(slug=row["slug"], defaults=fields)
    for number, car in enumerate(row["cars"], start=1):
        model, paint = car.split("/")
        tag = f"{tower.slug[:2].upper()}{number:04d}"
        # A plate that no registry gives: the letters say what it is.
        vehicle, _ = Vehicle.objects.get_or_create(
            tag=tag,
            defaults={
                "plate": f"DEMO-{tag}",
                "model_id": model,
                "paint": Paint.objects.get(model_id=model, slug=paint),
                "tower": tower,
            },
        )
        for paper in PAPERS:
            if getattr(vehicle, paper) is None:
                setattr(vehicle, paper, PAPERS_UNTIL)
        vehicle.save(update_fields=PAPERS)
