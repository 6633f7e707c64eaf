"""Buying the car that was driven."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from vendrive.ids import new_uuid
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.models import DriveState
from vendrive.retail.drives.queries import access_drive
from vendrive.retail.sales.actions import PERCENT, buy_vehicle, get_sales_order
from vendrive.retail.shop.forms import Problem
from vendrive.retail.shop.pages import show, signed_in, status_of
from vendrive.wire.errors import ErrorCode, Refused


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def buy(request: HttpRequest, customer: Customer, drive_id: UUID) -> HttpResponse:
    """Show price and down payment, and order."""
    drive, refused = access_drive(customer, drive_id), None
    if get_sales_order(drive) is not None:
        return redirect("shop:order", drive_id=drive_id)
    if request.method == "POST":
        try:
            buy_vehicle(customer, drive_id, request.POST.get("key", ""))
            return redirect("shop:order", drive_id=drive_id)
        except Refused as error:
            refused = error
    elif drive.state != DriveState.returned:
        raise Refused(ErrorCode.drive_not_open, state=drive.state)
    percent = drive.rules.down_payment_percent
    return show(
        request,
        "buy",
        status_of(refused),
        drive=drive,
        percent=percent,
        down_minor=drive.model.price_minor * percent // PERCENT,
        key=str(new_uuid()),
        problem=Problem(refused),
    )


@require_safe
@signed_in
def order(request: HttpRequest, customer: Customer, drive_id: UUID) -> HttpResponse:
    """Show the order and what comes next."""
    drive = access_drive(customer, drive_id)
    found = get_sales_order(drive)
    if found is None:
        return redirect("shop:drive", drive_id=drive_id)
    return show(request, "order", drive=drive, order=found, rest_minor=found.price_minor - found.down_payment_minor)
