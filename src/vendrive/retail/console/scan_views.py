"""The console's pages of the scan: how well it does, reference pictures, window codes."""

from collections.abc import Sequence
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from vendrive.design.messages import say
from vendrive.retail.catalogue.models import VehicleModel
from vendrive.retail.catalogue.queries import list_models
from vendrive.retail.console.access import language_of, page, staff_only
from vendrive.retail.console.plots import Line, Stack, draw_shares, draw_stacks
from vendrive.retail.console.sign_in import staff_name
from vendrive.retail.scan.car_model import model_card
from vendrive.retail.scan.models import Outcome, ReferenceView
from vendrive.retail.scan.references import MOST_VIEWS, Added, add_views, know_model, remove_view
from vendrive.retail.scan.statistics import (
    ENOUGH_VIEWS,
    Day,
    Week,
    get_figures,
    list_confusions,
    list_days,
    list_model_views,
    list_refusals,
    list_views,
    list_weeks,
)
from vendrive.retail.scan.window import draw_window_code, find_vehicle
from vendrive.wire.errors import ErrorCode

MOST_FILES = 10
SECTION = "scan"


@require_GET
@staff_only
def show_scan(request: HttpRequest) -> HttpResponse:
    """Show how well pictures find cars."""
    lang, weeks, days = language_of(request), list_weeks(), list_days()
    context: dict[str, object] = {
        "here": SECTION,
        "card": model_card(),
        "figures": get_figures(weeks, days),
        "weeks": weeks,
        "recall": _draw_recall(lang, weeks),
        "outcomes": _draw_outcomes(lang, days),
        "outcome_names": list(Outcome.values),
        "confusions": list_confusions(),
        "refusals": list_refusals(),
        "models": list_model_views(),
        "enough": ENOUGH_VIEWS,
    }
    return page(request, "console/scan.html", context)


@require_http_methods(["GET", "POST"])
@staff_only
def show_references(request: HttpRequest, model: str) -> HttpResponse:
    """Show a model's reference pictures, and take more."""
    found = _model(model)
    added = _add(request, found) if request.method == "POST" else None
    views, vectors = list_views(found)
    context: dict[str, object] = {
        "here": SECTION,
        "model": found,
        "views": views,
        "vectors": vectors,
        "enough": ENOUGH_VIEWS,
        "most": MOST_VIEWS,
        "added": added,
        "good": sum(one.problem is None for one in added or []),
        "ready": model_card() is not None,
    }
    return page(request, "console/references.html", context)


@require_POST
@staff_only
def remove_reference(request: HttpRequest, model: str, view_id: UUID) -> HttpResponse:
    """Remove a view from the index."""
    remove_view(staff_name(request), know_model(_model(model)), view_id)
    return redirect("console:references", model)


@require_GET
@staff_only
def show_reference(request: HttpRequest, view_id: UUID) -> HttpResponse:
    """Return the picture of a view."""
    view = ReferenceView.objects.filter(pk=view_id).exclude(photo_box=None).first()
    if view is None:
        raise Http404(view_id)
    return HttpResponse(view.photo, "image/jpeg")


@require_GET
@staff_only
def show_window(request: HttpRequest, tag: str) -> HttpResponse:
    """Show the code for a car's window, to be printed."""
    vehicle = find_vehicle(tag)
    if vehicle is None:
        raise Http404(tag)
    address = request.build_absolute_uri(reverse("shop:window", args=[vehicle.tag]))
    context = {"here": "vehicles", "vehicle": vehicle, "address": address, "code": draw_window_code(address)}
    return page(request, "console/window.html", context)


def _add(request: HttpRequest, model: VehicleModel) -> list[Added]:
    files = request.FILES.getlist("pictures")
    pictures = ((file.name or "?", file.read()) for file in files[:MOST_FILES])
    added = add_views(staff_name(request), know_model(model), pictures)
    left = [Added(file.name or "?", ErrorCode.photos_at_once) for file in files[MOST_FILES:]]
    return [*added, *left]


def _draw_recall(lang: str, weeks: Sequence[Week]) -> str:
    lines = [
        Line("top5", say(lang, "console.scan.top5"), [_share(week.five, week.picks) for week in weeks]),
        Line("top1", say(lang, "console.scan.top1"), [_share(week.first, week.picks) for week in weeks]),
    ]
    said = "; ".join(
        f"{week.start.isoformat()}: {week.first}/{week.picks}, {week.five}/{week.picks}" for week in weeks if week.picks
    )
    return draw_shares([f"{week.start:%m-%d}" for week in weeks], lines, f"{say(lang, 'console.scan.recall')}. {said}")


def _draw_outcomes(lang: str, days: Sequence[Day]) -> str:
    names = {name: say(lang, f"console.scan.outcome.{name}") for name in Outcome.values}
    stacks = [Stack(_told(day, names), list(day.counts.items())) for day in days]
    sums = ", ".join(f"{names[name]}: {sum(day.counts[name] for day in days)}" for name in names)
    said = f"{say(lang, 'console.scan.outcomes')}. {sums}"
    return draw_stacks([f"{day.day:%m-%d}" for day in days], stacks, said)


def _told(day: Day, names: dict[str, str]) -> str:
    counts = ", ".join(f"{names[name]}: {count}" for name, count in day.counts.items() if count)
    return f"{day.day.isoformat()} {counts}"


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _model(slug: str) -> VehicleModel:
    found = list_models().filter(pk=slug).first()
    if found is None:
        raise Http404(slug)
    return found
