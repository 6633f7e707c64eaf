"""Who a request belongs to. Customers are in the session; staff are Django users."""

from django.conf import settings
from django.http import HttpRequest

from vendrive.retail.customers.models import Customer
from vendrive.retail.customers.queries import get_customer
from vendrive.wire.errors import ErrorCode, Refused

_KEY = "customer"
_KNOWN = "_customer"  # read once for a request


def sign_in(request: HttpRequest, customer: Customer) -> None:
    """Put the customer in a session with a fresh key, so that an older key is worth nothing."""
    request.session.cycle_key()
    request.session[_KEY] = str(customer.pk)


def sign_out(request: HttpRequest) -> None:
    """Forget the session and everything in it."""
    request.session.flush()


def current_customer(request: HttpRequest) -> Customer | None:
    """Return who is signed in, or None."""
    held = request.session.get(_KEY)
    known: Customer | None = getattr(request, _KNOWN, None)
    if known is None or str(known.pk) != held:
        known = get_customer(held) if held else None
        setattr(request, _KNOWN, known)
    return known


def access_customer(request: HttpRequest) -> Customer:
    """Return who is signed in; raise Refused (sign_in_needed)."""
    customer = current_customer(request)
    if customer is None:
        raise Refused(ErrorCode.sign_in_needed)
    return customer


def caller_address(request: HttpRequest) -> str:
    """Return the network address that a rate limit counts; behind a proxy, the hop that the proxy saw."""
    forwarded = request.headers.get("X-Forwarded-For", "") if settings.BEHIND_PROXY else ""
    return forwarded.rpartition(",")[2].strip() or str(request.META.get("REMOTE_ADDR", ""))
