"""The demo's own page: codes, the calendar, people to be, and where everything is. Only demo settings name it."""

import json
import mimetypes
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.middleware.csrf import get_token
from django.templatetags.static import static
from django.views.decorators.http import require_POST

from vendrive.demo.calendar import DemoCalendar
from vendrive.demo.folder import told_folder
from vendrive.demo.people import VIEWS, load_people
from vendrive.demo.standins import ShownNotices
from vendrive.design.messages import pick_language, say
from vendrive.design.templating import environment
from vendrive.retail.config import ports
from vendrive.retail.drives.models import OPEN, Drive

HERE = Path(__file__).parent
STEPS_H = (1, 24, 72)
TO_PICKUP = "pickup"
SHOWN_NOTICES = 8
_templates = environment(HERE / "templates", static_url=static)


def show_desk(request: HttpRequest) -> HttpResponse:
    """Show the page."""
    lang = pick_language(request.headers.get("accept-language"), request.GET.get("lang"))
    page = _templates.get_template("demo.html").render(
        lang=lang,
        notices=_notices(),
        now=ports().clock.now(),
        steps_h=STEPS_H,
        next_pickup=_next_pickup(),
        people=load_people(),
        addresses=_addresses(),
        csrf_token=get_token(request),
    )
    return HttpResponse(page)


def list_notices(request: HttpRequest) -> JsonResponse:
    """Answer the newest notices, newest first."""
    return JsonResponse({"notices": _notices()})


@require_POST
def advance(request: HttpRequest) -> HttpResponse:
    """Move the calendar forward by one of the offered steps, or to the next booked pick-up."""
    step = request.POST.get("hours", "")
    pickup_at = _next_pickup()
    if step == TO_PICKUP and pickup_at is not None:
        _calendar().advance_to(pickup_at)
    elif step in {str(hours) for hours in STEPS_H}:
        _calendar().advance(timedelta(hours=int(step)))
    return HttpResponseRedirect("/demo/")


def show_photo(request: HttpRequest, key: str, view: int) -> HttpResponse:
    """Answer the picture of a demo person."""
    person = next((person for person in load_people() if person.key == key), None)
    if person is None or view not in VIEWS:
        raise Http404
    return HttpResponse(person.photo(view), content_type=mimetypes.types_map[".jpg"])


def demo_notice(request: HttpRequest) -> dict[str, str]:
    """Return what the phone pages show in the demo: the newest message, which production would send."""
    lang = pick_language(request.headers.get("accept-language"), request.COOKIES.get("lang"))
    newest = _notices()[:1]
    said = f"{newest[0]['to']}: {newest[0]['text']}" if newest else say(lang, "demo.no_codes")
    return {"demo_notice": f"{say(lang, 'demo.notice')} {said}"}


def _next_pickup() -> datetime | None:
    waiting = Drive.objects.filter(state__in=OPEN, pickup_at__gt=ports().clock.now())
    return waiting.order_by("pickup_at").values_list("pickup_at", flat=True).first()


def _notices() -> list[dict[str, str]]:
    shown: ShownNotices = ports().notices  # type: ignore[assignment]
    return [vars(notice) for notice in reversed(shown.read()[-SHOWN_NOTICES:])]


def _calendar() -> DemoCalendar:
    clock = ports().clock
    if not isinstance(clock, DemoCalendar):
        raise TypeError("the demo's pages need the demo's calendar")
    return clock


def _addresses() -> dict[str, Any]:
    """Return where the kiosks and streets of the running demo are."""
    try:
        told: dict[str, Any] = json.loads(told_folder().addresses.read_text())
    except FileNotFoundError:
        return {}
    return told
