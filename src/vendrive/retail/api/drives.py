"""Booking, and what becomes of a booking."""

from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status

from vendrive.retail.api import schemas as s
from vendrive.retail.api.app import customer_of
from vendrive.retail.api.document import refuses
from vendrive.retail.api.errors import language_of
from vendrive.retail.api.keyed import HEADER, keyed, keyed_in_steps
from vendrive.retail.drives.actions import book_drive, cancel_drive, confirm_drive, hold_drive
from vendrive.retail.drives.models import OPEN, Drive
from vendrive.retail.drives.passes import pass_svg, pass_text
from vendrive.retail.drives.queries import access_drive, list_drives
from vendrive.retail.drives.terms import CURRENCY
from vendrive.retail.sales.actions import buy_vehicle
from vendrive.wire.errors import ErrorCode

router = Router(tags=["drives"])

AGAINST_A_PERSON = (
    ErrorCode.profile_incomplete,
    ErrorCode.identity_not_proved,
    ErrorCode.identity_unknown,
    ErrorCode.verification_missing,
    ErrorCode.not_member,
    ErrorCode.credit_too_low,
    ErrorCode.credit_unknown,
    ErrorCode.licence_class_not_allowed,
    ErrorCode.licence_expired,
    ErrorCode.too_young,
    ErrorCode.drives_used_up,
    ErrorCode.model_already_driven,
    ErrorCode.person_busy,
)
AGAINST_A_WISH = (
    ErrorCode.pickup_in_past,
    ErrorCode.pickup_too_far,
    ErrorCode.pickup_outside_hours,
    ErrorCode.pickup_time_taken,
    ErrorCode.vehicle_taken,
    ErrorCode.return_time_taken,
    ErrorCode.return_not_storable,
    ErrorCode.tower_closed,
    ErrorCode.busy_try_again,
)


@router.post("/holds", response={201: s.HoldOut}, openapi_extra=refuses(*AGAINST_A_PERSON, *AGAINST_A_WISH))
@keyed
def post_hold(request: HttpRequest, body: s.BookingIn) -> Status[dict[str, object]]:
    """Keep a car for some minutes. A new hold replaces one that was not confirmed."""
    key, lang = request.headers[HEADER], language_of(request)
    hold = hold_drive(customer_of(request), body.model, body.paint, body.tower, body.pickup_at, key, lang)
    return Status(
        201,
        {
            "drive_id": str(hold.id),
            "model": hold.model_id,
            "paint": hold.paint.slug,
            "tower": hold.tower_id,
            "pickup_at": hold.pickup_at,
            "hold_until": hold.hold_until,
            "terms": hold.terms_id,
            "terms_text": hold.terms.text_zh if lang == "zh" else hold.terms.text_en,
            "fee_minor": hold.fee_minor,
            "deposit_minor": hold.deposit_minor,
            "currency": CURRENCY,
        },
    )


@router.post(
    "/drives/{drive_id}/confirm",
    response=s.DriveOut,
    openapi_extra=refuses(
        *AGAINST_A_PERSON,
        ErrorCode.drive_not_found,
        ErrorCode.drive_not_open,
        ErrorCode.hold_over,
        ErrorCode.terms_changed,
        ErrorCode.payment_declined,
        ErrorCode.busy_try_again,
    ),
)
@keyed_in_steps
def post_confirm(request: HttpRequest, drive_id: UUID, body: s.ConfirmIn) -> dict[str, object]:
    """Book what is held, under the terms that it names. It stays held while the outcome of a payment is unknown."""
    return show_drive(confirm_drive(customer_of(request), drive_id, body.terms, language_of(request)))


@router.post("/drives", response={201: s.BookingOut}, openapi_extra=refuses(*AGAINST_A_PERSON, *AGAINST_A_WISH))
@keyed
def post_drive(request: HttpRequest, body: s.BookingIn) -> Status[dict[str, object]]:
    """Book a car. `details.reasons` of a refusal names everything that stands against the person."""
    key = request.headers[HEADER]
    drive = book_drive(customer_of(request), body.model, body.paint, body.tower, body.pickup_at, key)
    return Status(
        201,
        {
            "drive_id": str(drive.id),
            "model": drive.model_id,
            "paint": drive.vehicle.paint.slug,
            "tower": drive.tower_id,
            "pickup_at": drive.pickup_at,
            "short_code": drive.short_code,
        },
    )


@router.get("/drives", response=list[s.DriveOut])
def get_drives(request: HttpRequest) -> list[dict[str, object]]:
    """Return the customer's drives, newest pick-up first."""
    return [show_drive(drive) for drive in list_drives(customer_of(request))]


@router.get("/drives/{drive_id}", response=s.DriveOut, openapi_extra=refuses(ErrorCode.drive_not_found))
def get_drive(request: HttpRequest, drive_id: UUID) -> dict[str, object]:
    """Return one drive of the customer, with its pass while that can open something."""
    return show_drive(access_drive(customer_of(request), drive_id))


@router.post(
    "/drives/{drive_id}/cancel",
    response=s.DriveOut,
    openapi_extra=refuses(ErrorCode.drive_not_found, ErrorCode.drive_not_open, ErrorCode.busy_try_again),
)
@keyed
def post_cancel(request: HttpRequest, drive_id: UUID) -> dict[str, object]:
    """Give the car back before it was collected."""
    return show_drive(cancel_drive(customer_of(request), drive_id))


@router.post(
    "/drives/{drive_id}/buy",
    response={201: s.OrderOut},
    openapi_extra=refuses(
        ErrorCode.drive_not_found,
        ErrorCode.drive_not_open,
        ErrorCode.not_for_sale,
        ErrorCode.payment_declined,
        ErrorCode.busy_try_again,
    ),
)
@keyed_in_steps
def post_buy(request: HttpRequest, drive_id: UUID) -> Status[dict[str, object]]:
    """Buy the car of a returned drive. The order is pending while the outcome of the down payment is unknown."""
    order = buy_vehicle(customer_of(request), drive_id, request.headers[HEADER])
    return Status(
        201,
        {
            "order_id": str(order.id),
            "state": order.state,
            "demo_price_minor": order.price_minor,
            "down_payment_minor": order.down_payment_minor,
            "currency": order.currency,
        },
    )


def show_drive(drive: Drive) -> dict[str, object]:
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
