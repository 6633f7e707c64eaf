"""The console's pages. Each reads through queries and writes through actions; nothing is decided here."""

from datetime import date, timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from vendrive.design.illustrations import draw_car
from vendrive.retail.config import ports
from vendrive.retail.console.access import KINDS, language_of, next_page, page, staff_only
from vendrive.retail.console.panels import STALE_AFTER_S, get_panel, list_panels
from vendrive.retail.console.queries import (
    check_chain,
    list_drive_rows,
    list_journal,
    list_vehicle_rows,
    local_day,
    play_back,
)
from vendrive.retail.console.sign_in import is_staff, sign_in_staff, sign_out_staff, staff_name
from vendrive.retail.fleet.actions import ask_operator
from vendrive.retail.fleet.models import Tower
from vendrive.retail.fleet.policies import Wish
from vendrive.retail.fleet.queries import list_towers
from vendrive.wire.errors import Refused
from vendrive.wire.orders import OperatorAction

CAR_AGE_S = 24 * 3600
# The longest number of an entry that is read.
SEQ_DIGITS = 15


@require_GET
def show_start(request: HttpRequest) -> HttpResponse:
    """Go to the first page."""
    return redirect("console:towers")


@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for name and password, and open a staff session."""
    if request.method == "GET" and is_staff(request.user):
        return redirect(next_page(request))
    context: dict[str, object] = {"next": next_page(request), "name": "", "wrong": False, "error": None}
    if request.method == "GET":
        return page(request, "console/sign_in.html", context)
    context["name"] = request.POST.get("name", "")
    try:
        if sign_in_staff(request, request.POST.get("name", ""), request.POST.get("password", "")):
            return redirect(next_page(request))
        return page(request, "console/sign_in.html", context | {"wrong": True}, status=403)
    except Refused as refused:
        return page(request, "console/sign_in.html", context | {"error": refused.code}, status=429)


@require_POST
@staff_only
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the staff session."""
    sign_out_staff(request)
    return redirect("console:sign_in")


@require_GET
@staff_only
def show_towers(request: HttpRequest) -> HttpResponse:
    """Show every tower, live."""
    return _towers_page(request, None)


@require_GET
@staff_only
def show_tower(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one tower, live, with the end of its journal."""
    return _towers_page(request, _tower(slug))


@require_GET
@staff_only
def show_picture(request: HttpRequest, slug: str) -> HttpResponse:
    """Return what of a tower's panel changes, for the page's module."""
    context = {"panel": get_panel(_tower(slug), language_of(request)), "now": ports().clock.now()}
    return page(request, "console/_picture.html", context | {"stale_after_s": STALE_AFTER_S})


@require_http_methods(["GET", "POST"])
@staff_only
def stop_machine(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for a confirmation, then ask the station for an emergency stop."""
    tower = _tower(slug)
    if request.method == "GET":
        return page(request, "console/stop.html", {"tower": tower, "here": "towers"})
    ask_operator(staff_name(request), tower.slug, Wish(OperatorAction.emergency_stop))
    return redirect(f"{reverse('console:towers')}#{tower.slug}")


@require_POST
@staff_only
def acknowledge_help(request: HttpRequest, slug: str) -> HttpResponse:
    """Tell the station that somebody looks after a call for help."""
    tower = _tower(slug)
    ask_operator(staff_name(request), tower.slug, Wish(OperatorAction.acknowledge_help))
    return redirect(f"{reverse('console:towers')}#{tower.slug}")


@require_GET
@staff_only
def draw_vehicle(request: HttpRequest, model: str, paint: str) -> HttpResponse:
    """Return a car's drawing as a picture that a browser may keep."""
    try:
        drawing = draw_car(model, f"#{paint}")
    except (KeyError, ValueError) as error:
        raise Http404(model) from error
    return HttpResponse(drawing, "image/svg+xml", headers={"Cache-Control": f"private, max-age={CAR_AGE_S}"})


@require_GET
@staff_only
def show_drives(request: HttpRequest) -> HttpResponse:
    """Show the drives of a day; without one, today's, and the returns that are late."""
    towers, chosen = _towers(), _chosen_tower(request)
    today = local_day(chosen or towers[0]) if towers else ports().clock.now().date()
    day = _day(request.GET.get("day", "")) or today
    context: dict[str, object] = {
        "here": "drives",
        "towers": towers,
        "tower": chosen,
        "day_shown": day,
        "today": today,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "rows": list_drive_rows([chosen] if chosen else towers, day),
        "now": ports().clock.now(),
    }
    return page(request, "console/drives.html", context)


@require_GET
@staff_only
def show_vehicles(request: HttpRequest) -> HttpResponse:
    """Show all vehicles and where they are."""
    chosen = _chosen_tower(request)
    now = ports().clock.now()
    context = {"here": "vehicles", "towers": _towers(), "tower": chosen, "rows": list_vehicle_rows(chosen), "now": now}
    return page(request, "console/vehicles.html", context)


@require_GET
@staff_only
def show_journal(request: HttpRequest) -> HttpResponse:
    """Show a tower's journal and whether its chain holds."""
    towers = _towers()
    tower = _chosen_tower(request) or (towers[0] if towers else None)
    kind, drive_id = request.GET.get("kind", ""), request.GET.get("drive", "").strip()
    context: dict[str, object] = {"here": "journal", "towers": towers, "tower": tower, "kinds": KINDS}
    context |= {"kind": kind if kind in KINDS else "", "drive_id": drive_id, "before": request.GET.get("before", "")}
    if tower is not None:
        before = request.GET.get("before", "")
        found = list_journal(tower, str(context["kind"]), drive_id, int(before) if before.isdecimal() else None)
        context |= {"journal": found, "chain": check_chain(tower)}
    return page(request, "console/journal.html", context)


@require_GET
@staff_only
def show_moment(request: HttpRequest) -> HttpResponse:
    """Show what was known after one entry of a tower's journal; `format=json` is the same as data."""
    towers = _towers()
    tower = _chosen_tower(request) or (towers[0] if towers else None)
    asked = request.GET.get("seq", "")
    seq = int(asked) if asked.isdecimal() and len(asked) <= SEQ_DIGITS else (tower.journal_seq if tower else 0)
    moment = play_back(tower, seq) if tower else None
    if request.GET.get("format") == "json":
        found = moment.state.model_dump(mode="json") if moment else None
        return JsonResponse({"states": [found] if found else []})
    context = {"here": "journal", "towers": towers, "tower": tower, "moment": moment}
    return page(request, "console/moment.html", context)


def _towers_page(request: HttpRequest, tower: Tower | None) -> HttpResponse:
    lang = language_of(request)
    context: dict[str, object] = {
        "here": "towers",
        "tower": tower,
        "panels": list_panels(lang) if tower is None else [get_panel(tower, lang)],
        "journal": list_journal(tower) if tower else None,
        "live_url": settings.LIVE_URL,
        "now": ports().clock.now(),
        "stale_after_s": STALE_AFTER_S,
    }
    return page(request, "console/towers.html", context)


def _towers() -> list[Tower]:
    return [near.tower for near in list_towers()]


def _tower(slug: str) -> Tower:
    found = Tower.objects.filter(slug=slug).first()
    if found is None:
        raise Http404(slug)
    return found


def _chosen_tower(request: HttpRequest) -> Tower | None:
    slug = request.GET.get("tower", "")
    return _tower(slug) if slug else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
