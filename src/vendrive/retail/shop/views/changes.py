"""Changing a drive: what may be changed, and doing it; and accepting what is held."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from vendrive.retail.catalogue.queries import list_models
from vendrive.retail.config import ports
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives import changes
from vendrive.retail.drives.actions import confirm_drive
from vendrive.retail.drives.models import OPEN, Drive, DriveState
from vendrive.retail.drives.policies import next_quarter
from vendrive.retail.drives.queries import access_drive
from vendrive.retail.fleet.queries import list_towers, vehicles_in_pool
from vendrive.retail.shop.forms import Problem
from vendrive.retail.shop.pages import language_of, posts_to, show, show_refusal, signed_in, status_of
from vendrive.wire.errors import ErrorCode, Refused

Change = Callable[[Customer, Drive, Mapping[str, str]], Drive]


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def change(request: HttpRequest, customer: Customer, drive_id: UUID) -> HttpResponse:
    """Show what may be changed of a drive, or change it."""
    drive, refused = access_drive(customer, drive_id), None
    if request.method == "POST":
        try:
            changed = CHANGES[request.POST.get("what", "")](customer, drive, request.POST.dict())
            return redirect("shop:drive", drive_id=changed.pk)
        except Refused as error:
            refused = error
        except KeyError:
            refused = Refused(ErrorCode.request_invalid)
    if drive.state not in (*OPEN, DriveState.out):
        return redirect("shop:drive", drive_id=drive.pk)
    return show(request, "change", status_of(refused), problem=Problem(refused), **_offered(drive))


@posts_to("shop:drive")
@signed_in
def accept(request: HttpRequest, customer: Customer, drive_id: UUID) -> HttpResponse:
    """Book what is held, under the terms on the page."""
    try:
        confirm_drive(customer, drive_id, request.POST.get("terms", ""), language_of(request))
    except Refused as refused:
        return show_refusal(request, refused)
    return redirect("shop:drive", drive_id=drive_id)


def _offered(drive: Drive) -> dict[str, Any]:
    zone = ZoneInfo(drive.tower.time_zone)
    soon = next_quarter(ports().clock.now() + changes.QUARTER).astimezone(zone)
    longer = [drive.due_at + changes.DAY * n for n in range(1, drive.rules.extension_days + 1)]
    return {
        "drive": drive,
        "rules": drive.rules,
        "soon": soon,
        "longer": longer,
        "others": _other_models(drive),
        "towers": [one.tower for one in list_towers() if one.tower.signing_key and one.tower != drive.return_tower],
        "key": f"{drive.pk}.{drive.revision}.{soon.isoformat()}",
    }


def _other_models(drive: Drive) -> list[tuple[str, str, object, object]]:
    """Return models and colours that the tower has, for a swap."""
    found: list[tuple[str, str, object, object]] = []
    for model in list_models().exclude(pk=drive.model_id):
        paints = {vehicle.paint_id: vehicle.paint for vehicle in vehicles_in_pool(model, None, drive.return_tower)}
        found += [(model.slug, paint.slug, model, paint) for paint in paints.values()]
    return found


def _moment(drive: Drive, typed: str) -> datetime:
    """Return a time that was typed as the tower's clock shows it; raise Refused (request_invalid)."""
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=ZoneInfo(drive.tower.time_zone))
    except ValueError as error:
        raise Refused(ErrorCode.request_invalid) from error


def _reschedule(customer: Customer, drive: Drive, typed: Mapping[str, str]) -> Drive:
    return changes.reschedule_drive(customer, drive.pk, _moment(drive, typed["at"]), typed["key"])


def _extend(customer: Customer, drive: Drive, typed: Mapping[str, str]) -> Drive:
    try:
        due_at = datetime.fromisoformat(typed["due_at"])
    except ValueError as error:
        raise Refused(ErrorCode.request_invalid) from error
    if due_at.tzinfo is None:
        raise Refused(ErrorCode.request_invalid)
    return changes.extend_drive(customer, drive.pk, due_at)


def _early(customer: Customer, drive: Drive, typed: Mapping[str, str]) -> Drive:
    return changes.return_early(customer, drive.pk, _moment(drive, typed["at"]))


def _swap(customer: Customer, drive: Drive, typed: Mapping[str, str]) -> Drive:
    model, _, paint = typed["car"].partition("/")
    return changes.swap_drive(customer, drive.pk, model, paint, _moment(drive, typed["at"]), typed["key"])


def _elsewhere(customer: Customer, drive: Drive, typed: Mapping[str, str]) -> Drive:
    return changes.return_elsewhere(customer, drive.pk, typed["tower"])


CHANGES: Mapping[str, Change] = {
    "reschedule": _reschedule,
    "extend": _extend,
    "early": _early,
    "swap": _swap,
    "elsewhere": _elsewhere,
}
