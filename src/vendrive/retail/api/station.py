"""The station API: signed requests of enrolled stations, outbound only from the tower."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from pydantic import ValidationError

from vendrive.retail.api.errors import answer_refusal
from vendrive.retail.drives.journal import record_journal
from vendrive.retail.drives.leases import end_leases
from vendrive.retail.drives.orders import list_orders, publish_orders
from vendrive.retail.fleet.actions import record_report
from vendrive.retail.fleet.credentials import access_station
from vendrive.retail.fleet.models import Tower
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.journal import JournalAck, JournalBatch
from vendrive.wire.orders import OrdersPage
from vendrive.wire.report import TowerReport

CURSOR_DIGITS = 18
View = Callable[[HttpRequest], HttpResponse]


def station_only(method: str) -> Callable[[Callable[[Tower, HttpRequest], HttpResponse]], View]:
    """Answer only signed requests with `method`; the view is given the tower whose station signed."""

    def decorate(view: Callable[[Tower, HttpRequest], HttpResponse]) -> View:
        @csrf_exempt
        @wraps(view)
        def checked(request: HttpRequest) -> HttpResponse:
            if request.method != method:
                return HttpResponse(status=405)
            try:
                tower = access_station(method, request.get_full_path(), request.body, request.headers)
                return view(tower, request)
            except Refused as refused:
                return answer_refusal(request, refused)
            except ValidationError:
                return answer_refusal(request, Refused(ErrorCode.request_invalid))

        return checked

    return decorate


@station_only("GET")
def get_orders(tower: Tower, request: HttpRequest) -> HttpResponse:
    """Answer with the orders after the station's cursor."""
    after = request.GET.get("after", "0")
    if not after.isdecimal() or len(after) > CURSOR_DIGITS:
        raise Refused(ErrorCode.request_invalid, after=after)
    end_leases(tower.slug, int(after))
    publish_orders(tower.slug, int(after))
    return _json(list_orders(tower.slug, int(after)))


@station_only("POST")
def post_journal(tower: Tower, request: HttpRequest) -> HttpResponse:
    """Take journal entries in; the answer says up to where they are stored."""
    batch = JournalBatch.model_validate_json(request.body)
    return _json(JournalAck(up_to=record_journal(tower.slug, batch)))


@station_only("POST")
def post_report(tower: Tower, request: HttpRequest) -> HttpResponse:
    """Take the newest picture of the tower."""
    report = TowerReport.model_validate_json(request.body)
    if report.tower_id != tower.slug:
        raise Refused(ErrorCode.request_invalid, tower=report.tower_id)
    record_report(tower, report)
    return HttpResponse(status=204)


def _json(message: OrdersPage | JournalAck) -> HttpResponse:
    return HttpResponse(message.model_dump_json(), content_type="application/json")
