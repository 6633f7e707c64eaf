"""My drives: the pass, what is happening with it, and what was."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe
from markupsafe import Markup

from vendrive.retail.config import ports
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.actions import cancel_drive
from vendrive.retail.drives.models import LIVE, OPEN, Drive, DriveState
from vendrive.retail.drives.passes import pass_svg
from vendrive.retail.drives.queries import access_drive, get_rules, list_drives
from vendrive.retail.drives.waiting import list_places
from vendrive.retail.sales.actions import get_sales_order
from vendrive.retail.sales.models import SalesOrder
from vendrive.retail.shop.forms import Problem
from vendrive.retail.shop.pages import posts_to, show, signed_in, status_of
from vendrive.retail.shop.quota import left_of
from vendrive.wire.errors import Refused

HOUR_S = 3600
NOTHING_NEW = 204


@dataclass(frozen=True)
class DriveView:
    """A drive as its page shows it at one moment."""

    drive: Drive
    now: datetime
    order: SalesOrder | None

    @property
    def seen(self) -> str:
        """Return what tells one look of the page from another: state, revision, and the hour that is left."""
        drive, order = self.drive, self.order.state if self.order else ""
        hour, ready = int(self.seconds_left // HOUR_S), drive.return_ready
        return f"{drive.state}.{drive.revision}.{hour}.{self.too_early:d}.{ready:d}.{order}"

    @property
    def live(self) -> bool:
        """Whether something can still happen."""
        return self.drive.state in LIVE

    @property
    def held(self) -> bool:
        """Whether it waits to be confirmed."""
        return self.drive.state == DriveState.held

    @property
    def kept_percent(self) -> int:
        """Return how much of the fee is kept of who cancels now; nothing where the car is of another colour."""
        return 0 if self.other_colour else self.drive.rules.kept_percent(-self._since_pickup_s / HOUR_S)

    @property
    def _since_pickup_s(self) -> float:
        return (self.now - self.drive.pickup_at).total_seconds()

    def terms(self, lang: str) -> list[str]:
        """Return the terms: in the language in which they were accepted, and before that in the page's."""
        read_in = lang if self.held else self.drive.terms_language
        return (self.drive.terms.text_zh if read_in == "zh" else self.drive.terms.text_en).splitlines()

    @property
    def other_colour(self) -> bool:
        """Whether the car is of another colour than the one that was wished for."""
        return self.drive.vehicle.paint_id != self.drive.paint_id

    @property
    def waits_for_first(self) -> bool:
        """Whether the pass waits until the first car of a swap is back."""
        first = self.drive.follows
        return first is not None and first.state == DriveState.out

    @property
    def open(self) -> bool:
        """Whether the car waits to be collected."""
        return self.drive.state in OPEN

    @property
    def seconds_left(self) -> float:
        """Return seconds until the car is due, negative when late."""
        return (self.drive.due_at - self.now).total_seconds()

    @property
    def too_early(self) -> bool:
        """Whether the pass does not open the tower yet."""
        return self.now < self.drive.not_before

    @property
    def pass_code(self) -> Markup:
        """Return the pass as SVG; it brings the car back too."""
        return Markup(pass_svg(self.drive))  # noqa: S704 - our own drawing of a signed text

    @property
    def short_code(self) -> str:
        """Return the typed form of the pass, in two groups."""
        code = self.drive.short_code
        return f"{code[:4]} {code[4:]}"


@require_safe
@signed_in
def list_mine(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Show all drives of the customer, and how many are left."""
    drives, rules, now = list_drives(customer), get_rules(), ports().clock.now()
    return show(
        request,
        "drives",
        current=[drive for drive in drives if drive.state in LIVE],
        past=[drive for drive in drives if drive.state not in LIVE],
        left=left_of(drives, rules, now),
        programme=rules,
        places=list_places(customer),
    )


@require_safe
@signed_in
def drive(request: HttpRequest, customer: Customer, drive_id: UUID) -> HttpResponse:
    """Show one drive."""
    return _show_drive(request, "drive", access_drive(customer, drive_id))


@require_safe
@signed_in
def drive_now(request: HttpRequest, customer: Customer, drive_id: UUID) -> HttpResponse:
    """Return the part of the page that changes, or nothing where the page shows it already."""
    view = _view(access_drive(customer, drive_id))
    if request.GET.get("seen") == view.seen:
        return HttpResponse(status=NOTHING_NEW)
    return _show_drive(request, "_drive", view.drive)


@posts_to("shop:drive")
@signed_in
def cancel(request: HttpRequest, customer: Customer, drive_id: UUID) -> HttpResponse:
    """Give the car back before it was collected."""
    try:
        cancel_drive(customer, drive_id)
    except Refused as refused:
        return _show_drive(request, "drive", access_drive(customer, drive_id), refused)
    return redirect("shop:drive", drive_id=drive_id)


def _view(found: Drive) -> DriveView:
    return DriveView(found, ports().clock.now(), get_sales_order(found))


def _show_drive(request: HttpRequest, template: str, found: Drive, refused: Refused | None = None) -> HttpResponse:
    # Seen through the state when the page is made: what it names and what it shows are one.
    view = _view(found)
    states = {state.name: state.value for state in DriveState}
    return show(request, template, status_of(refused), view=view, drive=found, states=states, problem=Problem(refused))
