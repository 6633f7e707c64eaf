"""What anybody may see: the cars."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from vendrive.retail.catalogue.models import VehicleModel
from vendrive.retail.catalogue.queries import get_model, list_brands, list_models
from vendrive.retail.drives.queries import get_rules
from vendrive.retail.fleet.models import Tower
from vendrive.retail.scan.car_model import model_folder
from vendrive.retail.shop.pages import page, show


@require_safe
@page
def home(request: HttpRequest) -> HttpResponse:
    """Show all cars, or those of a brand or a body."""
    brand, body = request.GET.get("brand", ""), request.GET.get("body", "")
    every = list(list_models())
    return show(
        request,
        "home",
        brands=list_brands(),
        bodies=sorted({model.body for model in every}),
        models=[model for model in every if _is_wanted(model, brand, body)],
        brand=brand,
        body=body,
        hero=next((model for model in every if model.slug == "polestar-4"), every[0] if every else None),
        programme=get_rules(),
        scans=model_folder() is not None,
    )


@require_safe
@page
def model(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one car, its colours and its facts."""
    car = get_model(slug)
    paints = list(car.paints.order_by("position"))
    wanted = request.GET.get("paint", "")
    paint = next((p for p in paints if p.slug == wanted), paints[0])
    tower = Tower.objects.filter(slug=request.GET.get("tower", "")).first()
    return show(request, "model", model=car, paints=paints, paint=paint, tower=tower, programme=get_rules())


def _is_wanted(model: VehicleModel, brand: str, body: str) -> bool:
    return brand in ("", model.brand_id) and body in ("", model.body)
