"""The customer API, `/api/v1`: what the phone pages do, for programs. The session cookie is the credential."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from ninja import Header, NinjaAPI
from ninja.errors import ValidationError
from ninja.security import APIKeyCookie

from vendrive.retail.api import schemas as s
from vendrive.retail.api.errors import answer_refusal, language_of, sentences
from vendrive.retail.catalogue.models import VehicleModel
from vendrive.retail.catalogue.queries import get_model, get_paint, list_brands, list_models
from vendrive.retail.customers import actions as customers
from vendrive.retail.customers import sessions
from vendrive.retail.customers.documents import Introduction
from vendrive.retail.customers.models import Customer
from vendrive.retail.customers.queries import get_person, get_profile
from vendrive.retail.customers.sign_in import confirm_code, request_code
from vendrive.retail.drives.actions import book_drive, cancel_drive
from vendrive.retail.drives.models import OPEN, Drive
from vendrive.retail.drives.passes import pass_svg, pass_text
from vendrive.retail.drives.queries import (
    access_drive,
    get_eligibility,
    get_rules,
    list_drives,
    list_pickup_times,
)
from vendrive.retail.fleet.queries import get_tower, list_towers, list_towers_from_city
from vendrive.retail.sales.actions import buy_vehicle
from vendrive.wire.errors import ErrorCode, Refused


class CustomerSession(APIKeyCookie):
    """A signed-in customer, with the CSRF token on every write."""

    param_name = settings.SESSION_COOKIE_NAME

    def authenticate(self, request: HttpRequest, key: str | None) -> Customer:
        return sessions.access_customer(request)


class Guest(APIKeyCookie):
    """Nobody in particular, but from our own pages: the CSRF token is needed to write."""

    param_name = settings.SESSION_COOKIE_NAME

    def authenticate(self, request: HttpRequest, key: str | None) -> str:
        return "guest"


GUEST = Guest()
api = NinjaAPI(title="Vendrive", version="1", docs_url=None, openapi_url=None, auth=CustomerSession())


@api.exception_handler(Refused)
def on_refused(request: HttpRequest, error: Refused) -> HttpResponse:
    return answer_refusal(request, error)


@api.exception_handler(ValidationError)
def on_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    # What was typed is not repeated: it may be personal.
    places = [".".join(str(part) for part in problem["loc"]) for problem in error.errors]
    return answer_refusal(request, Refused(ErrorCode.request_invalid, fields=places))


@api.get("/session", auth=GUEST, response=s.SessionOut)
def get_session(request: HttpRequest) -> dict[str, object]:
    return {"csrf": get_token(request), "signed_in": sessions.current_customer(request) is not None}


@api.post("/session/code", auth=GUEST, response={204: None})
def post_code_request(request: HttpRequest, body: s.PhoneIn) -> tuple[int, None]:
    request_code(body.phone, sessions.caller_address(request), language_of(request))
    return 204, None


@api.post("/session", auth=GUEST, response=s.SessionOut)
def post_session(request: HttpRequest, body: s.CodeIn) -> dict[str, object]:
    sessions.sign_in(request, confirm_code(body.phone, body.code, language_of(request)))
    return {"csrf": get_token(request), "signed_in": True}


@api.delete("/session", response={204: None})
def delete_session(request: HttpRequest) -> tuple[int, None]:
    sessions.sign_out(request)
    return 204, None


@api.get("/catalogue", auth=GUEST, response=s.CatalogueOut)
def get_catalogue(request: HttpRequest) -> dict[str, object]:
    brands = [{"slug": b.slug, "name": b.name, "name_zh": b.name_zh} for b in list_brands()]
    return {"brands": brands, "models": [_model(model) for model in list_models()]}


@api.get("/towers", auth=GUEST, response=list[s.TowerOut])
def get_towers(
    request: HttpRequest, latitude: s.Latitude | None = None, longitude: s.Longitude | None = None, city: str = ""
) -> list[dict[str, object]]:
    near = list_towers_from_city(city) if city else list_towers(latitude, longitude)
    names = [name for name in s.TowerOut.model_fields if name != "distance_km"]
    return [{**{n: getattr(item.tower, n) for n in names}, "distance_km": item.distance_km} for item in near]


@api.get("/pickup-times", auth=GUEST, response=list[s.PickupTimeOut])
def get_pickup_times(request: HttpRequest, model: s.Slug, tower: s.Slug, day: s.Day, paint: s.Slug = "") -> list[Any]:
    chosen = get_paint(model, paint) if paint else None
    times = list_pickup_times(get_model(model), chosen, get_tower(tower), day)
    return [{"at": time.at, "left": time.left} for time in times]


@api.get("/me", response=s.MeOut)
def get_me(request: HttpRequest) -> dict[str, object]:
    profile = get_profile(_customer(request))
    return {"introduced": profile is not None, "profile": profile}


@api.put("/me", response=s.MeOut)
def put_me(request: HttpRequest, body: s.IntroductionIn) -> dict[str, object]:
    customer = _customer(request)
    customers.introduce_person(customer, Introduction(**body.model_dump()))
    return {"introduced": True, "profile": get_profile(customer)}


@api.post("/me/face-consent", response={204: None})
def post_consent(request: HttpRequest) -> tuple[int, None]:
    customers.give_face_consent(_customer(request))
    return 204, None


@api.delete("/me/face-consent", response={204: None})
def delete_consent(request: HttpRequest) -> tuple[int, None]:
    customers.revoke_face_consent(_customer(request))
    return 204, None


@api.put("/me/face", response=s.VerdictOut)
def put_face(request: HttpRequest) -> dict[str, str]:
    """Take the body as one picture (JPEG, PNG or WebP)."""
    return {"proof": customers.enrol_face(_customer(request), request.body)}


@api.put("/me/pin", response=s.VerdictOut)
def put_pin(request: HttpRequest, body: s.PinIn) -> dict[str, str]:
    customer = _customer(request)
    customers.set_pin(customer, body.pin)
    return {"proof": customers.prove_identity(customer)}


@api.get("/eligibility", response=s.EligibilityOut)
def get_eligible(
    request: HttpRequest, model: s.Slug = "", tower: s.Slug = "", pickup_at: s.Moment | None = None
) -> dict[str, object]:
    customer = _customer(request)
    if get_person(customer) is not None:
        customers.ask_standing(customer, get_rules().least_credit)
    wished = (get_model(model) if model else None, get_tower(tower) if tower else None, pickup_at)
    reasons = get_eligibility(customer, *wished)
    lang = language_of(request)
    told = [{"code": r.code, "details": dict(r.details), **sentences(lang, r.code)} for r in reasons]
    return {"eligible": not reasons, "reasons": told}


@api.post("/drives", response={201: s.BookingOut})
def post_drive(
    request: HttpRequest, body: s.BookingIn, idempotency_key: Header[str] = ""
) -> tuple[int, dict[str, object]]:
    customer = _customer(request)
    drive = book_drive(customer, body.model, body.paint, body.tower, body.pickup_at, idempotency_key)
    return 201, {
        "drive_id": str(drive.id),
        "model": drive.model_id,
        "paint": drive.vehicle.paint.slug,
        "tower": drive.tower_id,
        "pickup_at": drive.pickup_at,
        "short_code": drive.short_code,
    }


@api.get("/drives", response=list[s.DriveOut])
def get_drives(request: HttpRequest) -> list[dict[str, object]]:
    return [_drive(drive) for drive in list_drives(_customer(request))]


@api.get("/drives/{drive_id}", response=s.DriveOut)
def get_drive(request: HttpRequest, drive_id: UUID) -> dict[str, object]:
    return _drive(access_drive(_customer(request), drive_id))


@api.post("/drives/{drive_id}/cancel", response=s.DriveOut)
def post_cancel(request: HttpRequest, drive_id: UUID) -> dict[str, object]:
    return _drive(cancel_drive(_customer(request), drive_id))


@api.post("/drives/{drive_id}/buy", response={201: s.OrderOut})
def post_buy(request: HttpRequest, drive_id: UUID, idempotency_key: Header[str] = "") -> tuple[int, dict[str, object]]:
    order = buy_vehicle(_customer(request), drive_id, idempotency_key)
    return 201, {
        "order_id": str(order.id),
        "state": order.state,
        "demo_price_minor": order.price_minor,
        "down_payment_minor": order.down_payment_minor,
        "currency": order.currency,
    }


def _customer(request: HttpRequest) -> Customer:
    return sessions.access_customer(request)


def _model(model: VehicleModel) -> dict[str, object]:
    names = [name for name in s.ModelOut.model_fields if name not in ("brand", "paints", "demo_price_minor")]
    paints = [{n: getattr(paint, n) for n in s.PaintOut.model_fields} for paint in model.paints.all()]
    fields = {name: getattr(model, name) for name in names}
    return {**fields, "brand": model.brand_id, "demo_price_minor": model.price_minor, "paints": paints}


def _drive(drive: Drive) -> dict[str, object]:
    """Return a drive as its borrower may see it; the pass only while it can open something."""
    own = ("state", "pickup_at", "not_before", "not_after", "due_at", "handed_over_at", "returned_at")
    usable = drive.state in OPEN
    return {
        **{name: getattr(drive, name) for name in own},
        "drive_id": str(drive.id),
        "model": drive.model_id,
        "paint": drive.vehicle.paint.slug,
        "colour": drive.vehicle.paint.colour,
        "plate": drive.vehicle.plate,
        "tower": drive.tower_id,
        "short_code": drive.short_code,
        "pass_text": pass_text(drive) if usable else "",
        "pass_svg": pass_svg(drive) if usable else "",
    }
