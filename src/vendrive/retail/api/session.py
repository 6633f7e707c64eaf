"""Signing in and out."""

from django.http import HttpRequest
from django.middleware.csrf import get_token
from ninja import Router, Status

from vendrive.retail.api import schemas as s
from vendrive.retail.api.app import GUEST
from vendrive.retail.api.document import refuses
from vendrive.retail.api.errors import language_of
from vendrive.retail.api.keyed import came_of, keyed_for_guests, refuse_for_good
from vendrive.retail.config import ports
from vendrive.retail.customers import sessions
from vendrive.retail.customers.queries import get_customer
from vendrive.retail.customers.sign_in import CODE_LIFE, request_code, try_code
from vendrive.retail.events.models import IdempotencyKey
from vendrive.wire.errors import ErrorCode, Refused

router = Router(tags=["session"])


@router.get("/session", auth=GUEST, response=s.SessionOut)
def get_session(request: HttpRequest) -> dict[str, object]:
    """Return the token that every write needs, and whether somebody is signed in."""
    return {"csrf": get_token(request), "signed_in": sessions.current_customer(request) is not None}


@router.post(
    "/session/code",
    auth=GUEST,
    response={204: None},
    openapi_extra=refuses(ErrorCode.phone_invalid, ErrorCode.too_many_tries),
)
@keyed_for_guests()
def post_code_request(request: HttpRequest, body: s.PhoneIn) -> Status[None]:
    """Send a one-time code to a phone; it is valid for five minutes."""
    request_code(body.phone, sessions.caller_address(request), language_of(request))
    return Status(204, None)


def _sign_in_again(request: HttpRequest, stored: IdempotencyKey) -> None:
    # Who lost the first answer has no session yet. The code was right then, and opens nothing when its time is over.
    customer = get_customer(stored.subject)
    if customer is None:
        return
    if ports().clock.now() >= stored.at + CODE_LIFE:
        raise Refused(ErrorCode.code_expired)
    sessions.sign_in(request, customer)


@router.post(
    "/session",
    auth=GUEST,
    response=s.SessionOut,
    openapi_extra=refuses(
        ErrorCode.phone_invalid, ErrorCode.code_wrong, ErrorCode.code_expired, ErrorCode.too_many_tries
    ),
)
@keyed_for_guests(_sign_in_again)
def post_session(request: HttpRequest, body: s.CodeIn) -> dict[str, object]:
    """Sign in with the code. A wrong code counts, and stays wrong for its key."""
    customer = try_code(body.phone, body.code, language_of(request))
    if isinstance(customer, Refused):
        raise refuse_for_good(request, customer)
    sessions.sign_in(request, customer)
    came_of(request, customer.pk)
    return {"csrf": get_token(request), "signed_in": True}


@router.delete("/session", auth=GUEST, response={204: None})
@keyed_for_guests()
def delete_session(request: HttpRequest) -> Status[None]:
    """Sign out, whoever is signed in."""
    sessions.sign_out(request)
    return Status(204, None)
