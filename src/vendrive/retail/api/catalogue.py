"""What anybody may see: cars, towers, and when a car can be picked up."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from vendrive.retail.api import schemas as s
from vendrive.retail.api.app import GUEST
from vendrive.retail.catalogue.models import VehicleModel
from vendrive.retail.catalogue.queries import get_model, get_paint, list_brands, list_models
from vendrive.retail.drives.queries import get_calendar, list_pickup_times
from vendrive.retail.fleet.queries import get_tower, list_towers, list_towers_from_city

router = Router(tags=["catalogue"])


@router.get("/catalogue", auth=GUEST, response=s.CatalogueOut)
def get_catalogue(request: HttpRequest) -> dict[str, object]:
    """Return all brands, models and paints."""
    brands = [{"slug": b.slug, "name": b.name, "name_zh": b.name_zh} for b in list_brands()]
    return {"brands": brands, "models": [_model(model) for model in list_models()]}


@router.get("/towers", auth=GUEST, response=list[s.TowerOut])
def get_towers(
    request: HttpRequest,
    latitude: s.Latitude | None = None,
    longitude: s.Longitude | None = None,
    city: s.City = "",
) -> list[dict[str, object]]:
    """Return all towers, nearest first where a position or a city is given."""
    near = list_towers_from_city(city) if city else list_towers(latitude, longitude)
    names = [name for name in s.TowerOut.model_fields if name != "distance_km"]
    return [{**{n: getattr(item.tower, n) for n in names}, "distance_km": item.distance_km} for item in near]


@router.get("/pickup-times", auth=GUEST, response=list[s.PickupTimeOut])
def get_pickup_times(request: HttpRequest, model: s.Slug, tower: s.Slug, day: s.Day, paint: s.Slug = "") -> list[Any]:
    """Return the quarter hours of a day, in the tower's time zone, in which such a car can be picked up."""
    chosen = get_paint(model, paint) if paint else None
    times = list_pickup_times(get_model(model), chosen, get_tower(tower), day)
    return [{"at": time.at, "left": time.left} for time in times]


@router.get("/calendar", auth=GUEST, response=list[s.CalendarDayOut])
def get_free_days(request: HttpRequest, model: s.Slug, tower: s.Slug, paint: s.Slug = "") -> list[dict[str, object]]:
    """Return the days on which such a car can be booked, how much of each is free and, where nothing is, why."""
    chosen = get_paint(model, paint) if paint else None
    days = get_calendar(get_model(model), chosen, get_tower(tower)).days()
    return [{"day": day.day, "free": day.free, "why": day.why or ""} for day in days]


def _model(model: VehicleModel) -> dict[str, object]:
    names = [name for name in s.ModelOut.model_fields if name not in ("brand", "paints", "demo_price_minor")]
    paints = [{n: getattr(paint, n) for n in s.PaintOut.model_fields} for paint in model.paints.all()]
    fields = {name: getattr(model, name) for name in names}
    return {**fields, "brand": model.brand_id, "demo_price_minor": model.price_minor, "paints": paints}
