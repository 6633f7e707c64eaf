"""What we know of a customer, and what they may change."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from vendrive.retail.customers.actions import revoke_face_consent, set_pin
from vendrive.retail.customers.models import Customer
from vendrive.retail.customers.queries import get_profile
from vendrive.retail.scan.queries import has_photo_consent
from vendrive.retail.shop.forms import Problem
from vendrive.retail.shop.pages import posts_to, show, signed_in, status_of
from vendrive.wire.errors import Refused

_SAID_KEY = "account_said"


@require_safe
@signed_in
def account(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Show profile, consent, PIN and language."""
    return _show(request, customer)


@posts_to("shop:account")
@signed_in
def revoke(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Take the consent back and delete the template here and at every tower."""
    revoke_face_consent(customer)
    request.session[_SAID_KEY] = "revoked"
    return redirect("shop:account")


@posts_to("shop:account")
@signed_in
def replace_pin(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Set or replace the PIN."""
    try:
        set_pin(customer, request.POST.get("pin", ""))
    except Refused as refused:
        return _show(request, customer, refused)
    request.session[_SAID_KEY] = "pin_saved"
    return redirect("shop:account")


def _show(request: HttpRequest, customer: Customer, refused: Refused | None = None) -> HttpResponse:
    said = request.session.pop(_SAID_KEY, None)
    profile = get_profile(customer)
    return show(
        request,
        "account",
        status_of(refused),
        profile=profile,
        photo_consent=has_photo_consent(customer),
        said=said,
        problem=Problem(refused),
    )
