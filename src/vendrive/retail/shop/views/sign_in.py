"""Signing in with a phone number and a one-time code, and signing out."""

import base64

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from vendrive.retail.config import keys
from vendrive.retail.customers import sessions
from vendrive.retail.customers.sign_in import confirm_code, request_code
from vendrive.retail.keys import CannotOpen
from vendrive.retail.shop.forms import Problem
from vendrive.retail.shop.pages import NEXT_KEY, language_of, page, show, status_of
from vendrive.wire.errors import Refused

_PHONE_KEY = "phone_box"
_PLACE = "session.phone"


@require_http_methods(["GET", "HEAD", "POST"])
@page
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for the phone number, and send a code to it."""
    typed, refused = request.POST.get("phone", ""), None
    if request.method == "POST":
        try:
            _keep_phone(request, request_code(typed, sessions.caller_address(request), language_of(request)))
            return redirect("shop:sign_in_code")
        except Refused as error:
            refused = error
    return show(request, "sign_in", status_of(refused), typed=typed, problem=Problem(refused))


@require_http_methods(["GET", "HEAD", "POST"])
@page
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """Ask for the code, and go on to where the person came from."""
    phone, refused = pending_phone(request), None
    if not phone:
        return redirect("shop:sign_in")
    if request.method == "POST":
        try:
            customer = confirm_code(phone, request.POST.get("code", ""), language_of(request))
        except Refused as error:
            refused = error
        else:
            sessions.sign_in(request, customer)
            request.session.pop(_PHONE_KEY, None)
            return redirect(request.session.pop(NEXT_KEY, "/"))
    return show(request, "sign_in_code", status_of(refused), phone=phone, problem=Problem(refused))


@require_POST
@page
def sign_out(request: HttpRequest) -> HttpResponse:
    """Forget the session."""
    sessions.sign_out(request)
    return redirect("shop:home")


def pending_phone(request: HttpRequest) -> str:
    """Return the number in E.164 that a code was sent to in this session, or nothing."""
    held = request.session.get(_PHONE_KEY, "")
    try:
        return keys().open(_PLACE, base64.b64decode(held)).decode() if held else ""
    except CannotOpen:
        return ""


def _keep_phone(request: HttpRequest, phone: str) -> None:
    # Sessions lie in the database, where nothing personal is kept in clear.
    request.session[_PHONE_KEY] = base64.b64encode(keys().seal(_PLACE, phone.encode())).decode()
