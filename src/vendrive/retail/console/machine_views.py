"""The technician's pages: what to do about an alarm, and what staff may ask of a machine."""

from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from vendrive.retail.config import ports
from vendrive.retail.console.access import language_of, page, staff_only
from vendrive.retail.console.actions import tick_step
from vendrive.retail.console.panels import STALE_AFTER_S, Guide, get_guide, get_panel
from vendrive.retail.console.procedures import PROCEDURES, Fault
from vendrive.retail.console.sign_in import staff_name
from vendrive.retail.fleet.actions import ask_operator, confirm_operator, propose_operator
from vendrive.retail.fleet.models import StaffRequest, Tower
from vendrive.retail.fleet.policies import ARGUMENTS, Wish
from vendrive.wire.alarms import AlarmName
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.machine import Operation
from vendrive.wire.orders import TWO_PERSONS, OperatorAction

REFUSED = 409
AT_THE_SERVICE_PAGE = frozenset(OperatorAction) - {OperatorAction.emergency_stop, OperatorAction.acknowledge_help}


@require_GET
@staff_only
def show_alarm(request: HttpRequest, slug: str, alarm: str, part: str, by: str = "") -> HttpResponse:
    """Show what to do about an alarm, live, beside the picture of its tower; `by` another procedure than its own."""
    return _alarm_page(request, _guide(request, _tower(slug), alarm, part, by))


@require_GET
@staff_only
def show_steps(request: HttpRequest, slug: str, alarm: str, part: str, by: str = "") -> HttpResponse:
    """Return what of an alarm's page changes, for the page's module."""
    guide = _guide(request, _tower(slug), alarm, part, by)
    return page(request, "console/_guide.html", {"guide": guide, "panel": guide.panel} | _shared())


@require_POST
@staff_only
def tick(request: HttpRequest, slug: str, alarm: str, part: str, by: str = "") -> HttpResponse:
    """Write down that the present step is done."""
    guide = _guide(request, _tower(slug), alarm, part, by)
    try:
        tick_step(staff_name(request), guide, request.POST.get("step", ""))
    except Refused as refused:
        return _alarm_page(request, guide, refused.code)
    return redirect("console:alarm", *guide.address)


@require_GET
@staff_only
def show_service(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what staff may ask of a tower's machine: lock-outs, single steps, the count, another try."""
    return _service_page(request, _tower(slug))


@require_POST
@staff_only
def ask(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask the station, or, where two persons are needed, write down what the other one has to confirm."""
    tower = _tower(slug)
    try:
        wish = _wish(request.POST)
        if wish.action in TWO_PERSONS:
            propose_operator(staff_name(request), tower.slug, wish)
        else:
            ask_operator(staff_name(request), tower.slug, wish)
    except Refused as refused:
        return _service_page(request, tower, refused.code)
    return redirect("console:service", tower.slug)


@require_http_methods(["GET", "POST"])
@staff_only
def confirm(request: HttpRequest, slug: str, request_id: UUID) -> HttpResponse:
    """Show what somebody else asked for, and confirm it."""
    asked = StaffRequest.objects.select_related("tower").filter(pk=request_id, tower_id=slug).first()
    if asked is None:
        raise Http404(str(request_id))
    context: dict[str, object] = {"asked": asked, "tower": asked.tower, "here": "towers", "error": None} | _shared()
    context["mine"] = asked.asked_by == staff_name(request)
    if request.method == "GET":
        return page(request, "console/confirm.html", context)
    try:
        if request.POST.get("seen") != "yes":
            raise Refused(ErrorCode.request_invalid)
        confirm_operator(staff_name(request), request_id)
    except Refused as refused:
        return page(request, "console/confirm.html", context | {"error": refused.code}, status=REFUSED)
    return redirect("console:service", slug)


@require_GET
@staff_only
def show_operations(request: HttpRequest) -> HttpResponse:
    """List all procedures."""
    context = {"here": "operations", "alarms": list(AlarmName), "faults": list(Fault)}
    return page(request, "console/operations.html", context)


@require_GET
@staff_only
def show_procedure(request: HttpRequest, alarm: str) -> HttpResponse:
    """Show one procedure as it is written, without a tower."""
    procedure = PROCEDURES.get(alarm)
    if procedure is None:
        raise Http404(alarm)
    return page(request, "console/procedure.html", {"here": "operations", "procedure": procedure})


def _wish(sent: QueryDict) -> Wish:
    """Return what the form asks for; raise Refused (request_invalid)."""
    action, operation = sent.get("action", ""), sent.get("operation", "")
    if action not in AT_THE_SERVICE_PAGE:
        raise Refused(ErrorCode.request_invalid, action=action)
    if action != OperatorAction.manual_step:
        return Wish(OperatorAction(action), sent.get("part", ""))
    if operation not in set(Operation):
        raise Refused(ErrorCode.request_invalid, operation=operation)
    arguments = {name: sent.get(name, "") for name in ARGUMENTS[Operation(operation)]}
    return Wish(OperatorAction.manual_step, "", operation, arguments)


def _guide(request: HttpRequest, tower: Tower, alarm: str, part: str, by: str) -> Guide:
    """Return what to do; only a procedure to which the alarm's own one points may be followed instead of it."""
    if by and (alarm not in PROCEDURES or by not in PROCEDURES[alarm].see):
        raise Http404(by)
    guide = get_guide(tower, language_of(request), alarm, part, by)
    if guide.procedure is None and guide.alarm is None:
        raise Http404(alarm)
    return guide


def _alarm_page(request: HttpRequest, guide: Guide, error: ErrorCode | None = None) -> HttpResponse:
    context = {"guide": guide, "panel": guide.panel, "tower": guide.panel.tower, "here": "towers", "error": error}
    return page(request, "console/alarm.html", context | _shared(), status=REFUSED if error else 200)


def _service_page(request: HttpRequest, tower: Tower, error: ErrorCode | None = None) -> HttpResponse:
    panel = get_panel(tower, language_of(request))
    context = {"panel": panel, "tower": tower, "here": "towers", "error": error, "steps": ARGUMENTS} | _shared()
    return page(request, "console/service.html", context, status=REFUSED if error else 200)


def _shared() -> dict[str, object]:
    return {"now": ports().clock.now(), "stale_after_s": STALE_AFTER_S, "live_url": settings.LIVE_URL}


def _tower(slug: str) -> Tower:
    found = Tower.objects.filter(slug=slug).first()
    if found is None:
        raise Http404(slug)
    return found
