"""Who may see the console, and in which language."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import wraps
from typing import Final, get_args
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from vendrive.design import formats
from vendrive.design.messages import LANGUAGES, pick_language
from vendrive.retail.console.panels import full_name, model_name
from vendrive.retail.console.sign_in import is_staff
from vendrive.retail.console.words import part_text, value_text, wish_text
from vendrive.retail.fleet.actions import wish_of
from vendrive.wire.journal import Event

LANGUAGE_COOKIE = "lang"
_COOKIE_AGE_S = 365 * 24 * 3600

KINDS: Final[tuple[str, ...]] = tuple(part.model_fields["kind"].default for part in get_args(get_args(Event)[0]))
"""The journal's kinds, in the order of the wire module that names them."""
FIELDS: Final[tuple[str, ...]] = tuple(
    dict.fromkeys(
        name for part in get_args(get_args(Event)[0]) for name in part.model_fields if name not in ("v", "kind")
    )
)
"""What events of all kinds say, in the order of the wire module."""

View = Callable[..., HttpResponse]


def staff_only(view: View) -> View:
    """Let staff in; send everybody else to the sign-in page, which tells nothing of what lies behind."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if is_staff(request.user):
            return view(request, *args, **kwargs)
        if request.method == "GET":
            return redirect(f"{reverse('console:sign_in')}?{urlencode({'next': request.get_full_path()})}")
        return page(request, "console/forbidden.html", {}, status=403)

    return guarded


def page(request: HttpRequest, template: str, context: Mapping[str, object], status: int = 200) -> HttpResponse:
    """Render a page in the reader's language and keep a language that was just chosen."""
    chosen = request.GET.get("lang")
    lang = language_of(request)
    query = request.GET.copy()
    query["lang"] = "en" if lang == "zh" else "zh"
    shared = {"lang": lang, "staff": is_staff(request.user), "other_language": f"?{query.urlencode()}"}
    response = render(request, template, {**TOOLS, **shared, **context}, status=status)
    if chosen in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, chosen, _COOKIE_AGE_S, secure=request.is_secure(), samesite="Lax")
    return response


def language_of(request: HttpRequest) -> str:
    """Return the language that was just chosen, else the kept one, else the browser's."""
    chosen = request.GET.get("lang")
    kept = request.COOKIES.get(LANGUAGE_COOKIE)
    return pick_language(request.headers.get("Accept-Language"), chosen if chosen in LANGUAGES else kept)


def next_page(request: HttpRequest) -> str:
    """Return where to go after signing in: a page of ours that was asked for, else the towers."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return reverse("console:towers")


def url(name: str, *args: object) -> str:
    """Return the address of a page."""
    return reverse(name, args=args)


def date_text(day: date, lang: str) -> str:
    """Return `Mon 2 March` for a day that needs no time zone."""
    return formats.day(lang, datetime(day.year, day.month, day.day, tzinfo=UTC), "UTC")


def second(moment: datetime, time_zone: str) -> str:
    """Return `14:30:05` in that time zone."""
    return f"{moment.astimezone(ZoneInfo(time_zone)):%H:%M:%S}"


def event_fields(event: Mapping[str, object]) -> list[tuple[str, object]]:
    """Return what an event of the journal says, in the order of FIELDS (JSONB keeps none), without what is empty."""
    return [(name, event[name]) for name in FIELDS if event.get(name) not in (None, "", {})]


TOOLS: Final[Mapping[str, object]] = {
    "url": url,
    "date_text": date_text,
    "second": second,
    "vehicle_name": full_name,
    "model_name": model_name,
    "event_fields": event_fields,
    "value_text": value_text,
    "part_text": part_text,
    "wish_text": wish_text,
    "wish_of": wish_of,
}
