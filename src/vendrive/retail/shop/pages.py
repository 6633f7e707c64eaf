"""What every page needs: its language, who is there, and what a refusal looks like."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from vendrive.design.messages import LANGUAGES, Language, catalogue, pick_language
from vendrive.retail.api.errors import CONFLICT, LANGUAGE_COOKIE, STATUS
from vendrive.retail.catalogue.models import VehicleModel
from vendrive.retail.customers.models import Customer
from vendrive.retail.customers.sessions import current_customer
from vendrive.retail.scan.models import KnownCar
from vendrive.wire.errors import ErrorCode, Refused

NEXT_KEY = "next"
YEAR_S = 365 * 24 * 3600
UNAUTHORIZED = 401
# A page that names a car, a paint or a tower which does not exist is a page that does not exist.
PAGE_STATUS = {**STATUS, ErrorCode.request_invalid: 404}

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
CustomerView = Callable[Concatenate[HttpRequest, Customer, P], HttpResponse]


class Named(Protocol):
    """Something of the catalogue or the fleet with a name in both languages."""

    name: str
    name_zh: str


def language_of(request: HttpRequest) -> Language:
    """Return the page's language: the link just followed, else the kept choice, else the browser's."""
    chosen = request.GET.get("lang")
    if chosen not in LANGUAGES:
        chosen = request.COOKIES.get(LANGUAGE_COOKIE)
    return pick_language(request.headers.get("Accept-Language"), chosen)


def show(request: HttpRequest, template: str, status: int = 200, **context: Any) -> HttpResponse:
    """Return the page `shop/<template>.html`; a choice of language in the address is kept as a cookie."""
    lang = language_of(request)
    tools = {
        "lang": lang,
        "url": reverse,
        "named": lambda thing: name_of(lang, thing),
        "car_name": lambda car: car_name(lang, car),
        "model_name": lambda model: model_name(lang, model),
        "city_of": lambda tower: tower.city_zh if lang == "zh" else tower.city,
        "cities_of": lambda towers: ("、" if lang == "zh" else ", ").join(
            tower.city_zh if lang == "zh" else tower.city for tower in towers
        ),
        "address_of": lambda tower: tower.address_zh if lang == "zh" else tower.address,
        "swatch_rows": lambda paints: [(paint.slug, paint.colour, name_of(lang, paint)) for paint in paints],
        "word": lambda group, value: word(lang, group, value),
        # A request that was refused before it had a session gets its page too.
        "customer": current_customer(request) if hasattr(request, "session") else None,
    }
    response = render(request, f"shop/{template}.html", {**tools, **context}, status=status)
    if request.GET.get("lang") in LANGUAGES:
        secure = settings.SESSION_COOKIE_SECURE
        response.set_cookie(LANGUAGE_COOKIE, lang, max_age=YEAR_S, secure=secure, httponly=True, samesite="Lax")
    return response


def name_of(lang: str, thing: Named) -> str:
    """Return a name in the page's language."""
    return thing.name_zh if lang == "zh" else thing.name


def model_name(lang: str, model: VehicleModel) -> str:
    """Return brand and model, as people say them."""
    brand, name = name_of(lang, model.brand), name_of(lang, model)
    # Some makers call the model by their own name already.
    return name if brand in name or model.brand.name in name else f"{brand} {name}"


def car_name(lang: str, car: KnownCar) -> str:
    """Return make and model of a car that the scan knows."""
    make, name = (car.make_zh, car.name_zh) if lang == "zh" else (car.make, car.name)
    return name if make in name or car.make in name else f"{make} {name}"


def word(lang: str, group: str, value: str) -> str:
    """Return the word for a value of the catalogue, or the value itself where the catalogue is newer than the words."""
    return catalogue(lang).get(f"shop.{group}.{value.replace(' ', '_')}", value)


def page(view: View[P]) -> View[P]:
    """Answer a refusal that the view lets through with a page of its own."""

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Refused as refused:
            return show_refusal(request, refused)

    return answer


def signed_in(view: CustomerView[P]) -> View[P]:
    """Give the view its customer, or lead to the sign-in and back."""

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        customer = current_customer(request)
        if customer is None:
            return _ask_to_sign_in(request)
        return view(request, customer, *args, **kwargs)

    return page(answer)


def posts_to(target: str, of_one: bool = True) -> Callable[[View[P]], View[P]]:
    """Let the view take POST alone; whoever comes back to its address otherwise is led to the page `target`.

    `of_one`: the page is about the same thing, and takes what the address takes.
    """

    def wrap(view: View[P]) -> View[P]:
        @wraps(view)
        def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if request.method == "POST":
                return view(request, *args, **kwargs)
            address = reverse(target, kwargs=kwargs if of_one else None)
            return redirect(f"{address}?{query}" if (query := request.GET.urlencode()) else address)

        return answer

    return wrap


def show_refusal(request: HttpRequest, refused: Refused) -> HttpResponse:
    """Return the page of a refusal."""
    status = PAGE_STATUS.get(refused.code, CONFLICT)
    return show(request, "problem", status, code=refused.code.value, missing=status == 404)


def status_of(refused: Refused | None) -> int:
    """Return the status of a form's page: whole, or with what was refused."""
    return STATUS.get(refused.code, CONFLICT) if refused else 200


def _ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    # A part of a page that is asked for in the background must not be replaced by a sign-in form.
    if "HX-Request" in request.headers:
        return HttpResponse(status=UNAUTHORIZED)
    if request.method == "GET":
        request.session[NEXT_KEY] = request.get_full_path()
    return redirect("shop:sign_in")
