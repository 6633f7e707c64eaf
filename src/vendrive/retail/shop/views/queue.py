"""Waiting for a car: joining the list and leaving it."""

from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.availability import midnight
from vendrive.retail.drives.waiting import join_queue, leave_queue
from vendrive.retail.fleet.queries import get_tower
from vendrive.retail.shop.choice import get_choice
from vendrive.retail.shop.forms import read_day
from vendrive.retail.shop.pages import posts_to, show_refusal, signed_in
from vendrive.wire.errors import ErrorCode, Refused


@posts_to("shop:drives")
@signed_in
def join(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Wait for the model that was chosen, on the days that were typed."""
    choice = get_choice(request)
    first, last = read_day(request.POST.get("from")), read_day(request.POST.get("until"))
    try:
        if first is None or last is None:
            raise Refused(ErrorCode.request_invalid)
        zone = ZoneInfo(get_tower(choice.tower).time_zone)
        paint = choice.paint if request.POST.get("colour") == "this" else ""
        until = midnight(last + timedelta(days=1), zone)
        join_queue(customer, choice.model, paint, choice.tower, midnight(first, zone), until)
    except Refused as refused:
        return show_refusal(request, refused)
    return redirect("shop:drives")


@posts_to("shop:drives", of_one=False)
@signed_in
def leave(request: HttpRequest, customer: Customer, place_id: UUID) -> HttpResponse:
    """Give the place up."""
    leave_queue(customer, place_id)
    return redirect("shop:drives")
