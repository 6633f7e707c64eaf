"""The console's pages about the fleet in time: the calendar, a vehicle's papers, a tower out of order, trouble."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from vendrive.retail.config import ports
from vendrive.retail.console.access import page, staff_only
from vendrive.retail.console.calendar import DAYS, get_calendar_of, unfit_reasons
from vendrive.retail.console.queries import local_day
from vendrive.retail.console.sign_in import staff_name
from vendrive.retail.drives import trouble
from vendrive.retail.drives.models import BlockReason, Drive, DriveState, PersonBlock
from vendrive.retail.fleet.models import PAPERS, Damage, Outage, Tower, Vehicle
from vendrive.retail.fleet.queries import list_towers
from vendrive.wire.errors import ErrorCode, Refused

Act = Callable[[str, Drive, Mapping[str, str]], object]
CONFLICT = 409


@require_GET
@staff_only
def show_calendar(request: HttpRequest) -> HttpResponse:
    """Show two weeks of a tower and its vehicles."""
    towers = [near.tower for near in list_towers()]
    tower = next((one for one in towers if one.slug == request.GET.get("tower")), towers[0] if towers else None)
    context: dict[str, Any] = {"here": "calendar", "towers": towers, "tower": tower}
    if tower is not None:
        today = local_day(tower)
        first = _day(request.GET.get("from", "")) or today
        days = {"first": first, "today": today, "before": first - timedelta(DAYS), "after": first + timedelta(DAYS)}
        context |= {**days, "calendar": get_calendar_of(tower, first), "outages": _outages(tower)}
    return page(request, "console/calendar.html", context)


@require_http_methods(["GET", "POST"])
@staff_only
def show_vehicle(request: HttpRequest, vehicle_id: UUID) -> HttpResponse:
    """Show what is known of a vehicle, and write it down."""
    parts = ("model__brand", "paint", "tower")
    vehicle, refused, served = Vehicle.objects.select_related(*parts).filter(pk=vehicle_id).first(), None, None
    if vehicle is None:
        raise Http404(str(vehicle_id))
    if request.method == "POST":
        try:
            served = trouble.change_vehicle(staff_name(request), vehicle.pk, **_typed_vehicle(request.POST.dict()))
            vehicle.refresh_from_db()
        except Refused as error:
            refused = error
    context = {"here": "vehicles", "vehicle": vehicle, "papers": PAPERS, "damages": list(Damage), "refused": refused}
    context |= {"unfit": unfit_reasons(vehicle, local_day(vehicle.tower)), "served": served}
    return page(request, "console/vehicle.html", context, status=CONFLICT if refused else 200)


@require_http_methods(["GET", "POST"])
@staff_only
def show_drive(request: HttpRequest, drive_id: UUID) -> HttpResponse:
    """Show a drive to staff, with the terms that were accepted, and do what trouble asks for."""
    parts = ("vehicle__model__brand", "vehicle__paint", "tower", "return_tower", "terms", "model")
    rows = Drive.objects.select_related(*parts)
    drive, refused = rows.filter(pk=drive_id).first(), None
    if drive is None:
        raise Http404(str(drive_id))
    if request.method == "POST":
        try:
            act = ACTS.get(request.POST.get("act", ""))
            if act is None:
                raise Refused(ErrorCode.request_invalid)
            act(staff_name(request), drive, request.POST.dict())
            return redirect("console:drive", drive_id=drive.pk)
        except Refused as error:
            refused = error
    blocks = PersonBlock.objects.filter(person=drive.person_id, lifted_at=None).values_list("reason", flat=True)
    context = {"here": "drives", "drive": drive, "refused": refused, "blocks": list(blocks)}
    context |= {"acts": _acts(drive, list(blocks)), "steps": drive.overdue_steps.order_by("minutes")}
    return page(request, "console/drive.html", context, status=CONFLICT if refused else 200)


@require_http_methods(["GET", "POST"])
@staff_only
def show_outage(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a tower out of order for a while, or back into order."""
    tower, refused = Tower.objects.filter(pk=slug).first(), None
    if tower is None:
        raise Http404(slug)
    if request.method == "POST":
        try:
            _change_outage(staff_name(request), tower, request.POST.dict())
            return redirect(f"{reverse('console:calendar')}?tower={tower.slug}")
        except Refused as error:
            refused = error
    context = {"here": "calendar", "tower": tower, "outages": _outages(tower), "refused": refused}
    return page(request, "console/outage.html", context, status=CONFLICT if refused else 200)


def _outages(tower: Tower) -> list[Outage]:
    now = ports().clock.now()
    return [one for one in Outage.objects.filter(tower=tower).order_by("since") if one.until is None or one.until > now]


def _change_outage(staff: str, tower: Tower, typed: Mapping[str, str]) -> None:
    if typed.get("act") == "open":
        trouble.open_tower(staff, tower)
        return
    now = ports().clock.now()
    since, until = (_moment(tower, typed.get(name, "")) for name in ("since", "until"))
    reason = typed.get("reason", "").strip()
    if not reason or (until is not None and until <= (since or now)):
        raise Refused(ErrorCode.request_invalid)
    trouble.close_tower(staff, tower, since or now, until, reason[:200])


def _typed_vehicle(typed: Mapping[str, str]) -> dict[str, object]:
    changes: dict[str, object] = {}
    for paper in PAPERS:
        text = typed.get(paper, "")
        changes[paper] = _day(text)
        if text and changes[paper] is None:
            raise Refused(ErrorCode.request_invalid, field=paper)
    changes |= {name: typed.get(name, "").strip()[:200] for name in ("recall", "damage_note")}
    return changes | {"damage": typed.get("damage", ""), "is_clean": typed.get("is_clean") == "yes"}


def _acts(drive: Drive, blocks: list[str]) -> list[str]:
    found = {DriveState.out: ["breakdown", "collect"], DriveState.no_show: ["excuse"]}.get(DriveState(drive.state), [])
    return [*found, *(f"{'lift' if reason in blocks else 'block'}_{reason}" for reason in BlockReason)]


def _block(reason: BlockReason) -> Act:
    return lambda staff, drive, typed: trouble.block_person(staff, drive.person_id, reason)


def _lift(reason: BlockReason) -> Act:
    return lambda staff, drive, typed: trouble.lift_block(staff, drive.person_id, reason)


ACTS: Mapping[str, Act] = {
    "breakdown": lambda staff, drive, typed: trouble.report_breakdown(staff, drive.pk, typed.get("note", "")),
    "collect": lambda staff, drive, typed: trouble.collect_car(staff, drive.pk),
    "excuse": lambda staff, drive, typed: trouble.excuse_no_show(staff, drive.pk),
    **{f"block_{reason}": _block(reason) for reason in BlockReason},
    **{f"lift_{reason}": _lift(reason) for reason in BlockReason},
}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _moment(tower: Tower, text: str) -> datetime | None:
    """Return a time that was typed as the tower's clock shows it, None for nothing; raise Refused."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(tower.time_zone))
    except ValueError as error:
        raise Refused(ErrorCode.request_invalid) from error
