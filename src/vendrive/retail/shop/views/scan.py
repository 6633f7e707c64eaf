"""See a car, take a picture: the search, what it found, and what of it we may keep."""

from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from vendrive.retail.customers.models import Customer
from vendrive.retail.customers.sessions import caller_address, current_customer
from vendrive.retail.drives.queries import get_rules
from vendrive.retail.fleet.models import Vehicle
from vendrive.retail.scan.actions import (
    PHOTOS_KEPT,
    delete_photo,
    find_car,
    give_photo_consent,
    pick_car,
    revoke_photo_consent,
)
from vendrive.retail.scan.car_model import model_card
from vendrive.retail.scan.policies import COLOUR_OF
from vendrive.retail.scan.queries import (
    Candidate,
    Result,
    access_photo,
    access_scan,
    get_known_car,
    get_result,
    has_photo_consent,
    list_offers_like,
    list_photos,
)
from vendrive.retail.scan.sessions import own_scans, remember_scan
from vendrive.retail.scan.window import find_vehicle
from vendrive.retail.shop.pages import language_of, page, posts_to, show, signed_in, status_of
from vendrive.vision.images import MAX_BYTES
from vendrive.vision.paint import PaintName
from vendrive.wire.errors import ErrorCode, Refused

_SAID_KEY = "photos_said"


@require_http_methods(["GET", "HEAD", "POST"])
@page
def scan(request: HttpRequest) -> HttpResponse:
    """Take a picture and search by it."""
    if request.method != "POST":
        return _show_form(request)
    customer = current_customer(request)
    try:
        picture = _picture(request)
        if customer and request.POST.get("keep") == "yes":
            give_photo_consent(customer)
        found = find_car(picture, caller_address(request), customer)
    except Refused as refused:
        return _show_form(request, refused)
    if found.vehicle:
        return _to_vehicle(found.vehicle)
    remember_scan(request, found.scan)
    return redirect("shop:scan_result", scan_id=found.scan.id)


@require_safe
@page
def result(request: HttpRequest, scan_id: UUID) -> HttpResponse:
    """Show what was found."""
    found = get_result(access_scan(scan_id, own_scans(request)))
    seen = found.scan.paint
    return show(
        request,
        "scan_result",
        result=found,
        scan=found.scan,
        seen=seen,
        seen_colour=_colour(seen),
        make=_make(found, language_of(request)),
        kept=hasattr(found.scan, "kept"),
    )


@posts_to("shop:scan_result")
@page
def pick(request: HttpRequest, scan_id: UUID) -> HttpResponse:
    """Take what the customer says it is, and go there."""
    made = access_scan(scan_id, own_scans(request))
    slug = request.POST.get("car") or None
    pick_car(made.id, slug)
    if slug is None:
        return redirect("shop:scan_result", scan_id=made.id)
    return _to_car(get_known_car(slug, made.paint), made.paint)


@require_safe
@page
def car(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a car that we know and cannot lend, and what comes nearest."""
    seen = request.GET.get("seen", "")
    found = get_known_car(slug, seen)
    return show(
        request,
        "scan_car",
        found=found,
        instead=list_offers_like(found.car, seen),
        seen=seen if seen in set(PaintName) else "",
        seen_colour=_colour(seen),
        programme=get_rules(),
    )


@require_safe
@page
def window(request: HttpRequest, tag: str) -> HttpResponse:
    """Lead from the code on a car's window to its model, in its paint and at its tower."""
    vehicle = find_vehicle(tag)
    if vehicle is None:
        raise Refused(ErrorCode.request_invalid, tag=tag)
    return _to_vehicle(vehicle)


@require_safe
@signed_in
def photos(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Show what the customer lets us keep."""
    said = request.session.pop(_SAID_KEY, None)
    return show(
        request,
        "scan_photos",
        photos=list_photos(customer),
        consent=has_photo_consent(customer),
        until=lambda photo: photo.at + PHOTOS_KEPT,
        said=said,
    )


@require_safe
@signed_in
def photo(request: HttpRequest, customer: Customer, photo_id: UUID) -> HttpResponse:
    """Return one kept picture to whose it is."""
    return HttpResponse(access_photo(customer, photo_id), "image/jpeg")


@posts_to("shop:photos")
@signed_in
def revoke(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Take the consent back and delete every picture."""
    revoke_photo_consent(customer)
    request.session[_SAID_KEY] = "revoked"
    return redirect("shop:photos")


@require_http_methods(["POST"])
@signed_in
def remove(request: HttpRequest, customer: Customer, photo_id: UUID) -> HttpResponse:
    """Delete one picture."""
    delete_photo(customer, photo_id)
    request.session[_SAID_KEY] = "deleted"
    return redirect("shop:photos")


def _show_form(request: HttpRequest, refused: Refused | None = None) -> HttpResponse:
    customer = current_customer(request)
    return show(
        request,
        "scan",
        status_of(refused),
        refused=refused,
        ready=model_card() is not None,
        consent=bool(customer and has_photo_consent(customer)),
        most_bytes=MAX_BYTES,
    )


def _picture(request: HttpRequest) -> bytes:
    sent = request.FILES.get("picture")
    if not isinstance(sent, UploadedFile) or not sent.size:
        raise Refused(ErrorCode.photo_missing)
    if sent.size > MAX_BYTES:
        raise Refused(ErrorCode.photo_too_large)
    return bytes(sent.read())


def _make(found: Result, lang: str) -> str:
    """Return the make that an unknown car seems to be of, in the page's language."""
    like = next((item.car for item in found.candidates if found.kind and item.car.make == found.kind.make), None)
    return (like.make_zh if lang == "zh" else like.make) if like else ""


def _to_car(found: Candidate, seen: str) -> HttpResponseRedirect:
    if found.offered and found.car.model and found.paint:
        return _to_page(reverse("shop:model", args=[found.car.model.slug]), paint=found.paint.slug)
    return _to_page(reverse("shop:scan_car", args=[found.car.slug]), seen=seen)


def _to_vehicle(vehicle: Vehicle) -> HttpResponseRedirect:
    address = reverse("shop:model", args=[vehicle.model_id])
    return _to_page(address, paint=vehicle.paint.slug, tower=vehicle.tower_id)


def _to_page(address: str, **query: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{address}?{urlencode(query)}")


def _colour(seen: str) -> str:
    return COLOUR_OF[PaintName(seen) if seen in set(PaintName) else PaintName.silver]
