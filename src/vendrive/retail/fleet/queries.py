"""Reads of towers and vehicles."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from vendrive.retail.catalogue.models import Paint, VehicleModel
from vendrive.retail.fleet.models import Tower, Vehicle, VehicleState
from vendrive.wire import orders
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.machine import PlcState
from vendrive.wire.report import TowerReport

_EARTH_RADIUS_KM = 6371.0088
STALE_AFTER = timedelta(seconds=5)
"""A station reports at least every second; after five without one nothing is said to be as it was."""


@dataclass(frozen=True)
class TowerNear:
    """A tower and how far it is; None where nobody said from where."""

    tower: Tower
    distance_km: float | None


def list_towers(latitude: float | None = None, longitude: float | None = None) -> list[TowerNear]:
    """Return all towers, nearest first where a position is given."""
    towers = list(Tower.objects.order_by("slug"))
    if latitude is None or longitude is None:
        return [TowerNear(tower, None) for tower in towers]
    near = [TowerNear(t, distance_km(latitude, longitude, t.latitude, t.longitude)) for t in towers]
    return sorted(near, key=lambda item: item.distance_km or 0.0)


def list_towers_from_city(city: str) -> list[TowerNear]:
    """Return all towers, nearest to the named city (either language) first; an unknown city sorts nothing."""
    wanted = city.strip().casefold()
    for tower in Tower.objects.all():
        if wanted in (tower.city.casefold(), tower.city_zh, tower.slug):
            return list_towers(tower.latitude, tower.longitude)
    return list_towers()


def get_tower(slug: str) -> Tower:
    """Return the tower; raise Refused (request_invalid)."""
    found = Tower.objects.filter(slug=slug).first()
    if found is None:
        raise Refused(ErrorCode.request_invalid, tower=slug)
    return found


def read_places(tower: Tower, now: datetime) -> dict[str, str]:
    """Return where the tower reads each tag now: `{"SH0001": "2A"}`; raise Refused (machine_unknown)."""
    if not tower.report or tower.report_at is None or now - tower.report_at > STALE_AFTER:
        raise Refused(ErrorCode.machine_unknown)
    report = TowerReport.model_validate(tower.report)
    if report.machine not in set(PlcState):
        raise Refused(ErrorCode.machine_unknown)
    return dict(standing(report))


def standing(report: TowerReport) -> list[tuple[str, str]]:
    """Return each tag that is read, with its place; a tag that is read in two places is there twice."""
    found = [(lift.tag, lift.name) for lift in report.lifts]
    found += [(slot.tag, slot.name) for slot in report.slots] + [(bay.tag, bay.name) for bay in report.bays]
    return [(tag, place) for tag, place in found if tag]


def vehicles_in_pool(model: VehicleModel, paint: Paint | None, tower: Tower) -> list[Vehicle]:
    """Return the vehicles of a model (and paint) that this tower lends, whether lent at the moment or not."""
    found = Vehicle.objects.filter(model=model, tower=tower, state__in=(VehicleState.pool, VehicleState.out))
    return list((found if paint is None else found.filter(paint=paint)).order_by("tag"))


def distance_km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Return the great-circle distance by the haversine formula."""
    a, b = math.radians(latitude), math.radians(other_latitude)
    half = math.sin((b - a) / 2) ** 2
    half += math.cos(a) * math.cos(b) * math.sin(math.radians(other_longitude - longitude) / 2) ** 2
    return 2 * _EARTH_RADIUS_KM * math.asin(math.sqrt(half))


def wire_vehicle(vehicle: Vehicle) -> orders.Vehicle:
    """Return the vehicle as stations know it."""
    model, paint = vehicle.model, vehicle.paint
    return orders.Vehicle(
        vehicle_id=str(vehicle.id),
        tag=vehicle.tag,
        model_slug=model.slug,
        model_name=model.name,
        model_name_zh=model.name_zh,
        paint_name=paint.name,
        paint_name_zh=paint.name_zh,
        paint=paint.colour,
        plate=vehicle.plate,
        length_mm=model.length_mm,
        width_mm=model.width_mm,
        height_mm=model.height_mm,
        mass_kg=model.mass_kg,
    )
