"""The customer API itself: who may come in, and one shape for every refusal."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation
from ninja.security import APIKeyCookie

from vendrive.retail.api.document import complete
from vendrive.retail.api.errors import CODE_OF_STATUS, answer_refusal
from vendrive.retail.customers import sessions
from vendrive.retail.customers.models import Customer
from vendrive.wire.errors import ErrorCode, Refused

DESCRIPTION = """What the phone pages do, for programs.

A session cookie says who is there; every write needs the token that `GET /session` gives, as `X-CSRFToken`, and an
`Idempotency-Key` of the caller's choice. A write with the same key and the same body has no second effect and the same
answer, byte for byte; with another body it is refused (422), as it is while the first is still under way (409).
Keys are known as long as the drive lives that came of them, others for 30 days.

Every refusal is `{code, details, what, next}`: a word for programs, and two sentences for a person in the language of
`Accept-Language`. A refusal has no effect."""


class CustomerSession(APIKeyCookie):
    """A signed-in customer, with the CSRF token on every write.

    `looked_up` False: the operation itself finds out whether the session's customer exists, and has only the id.
    """

    param_name = settings.SESSION_COOKIE_NAME

    def __init__(self, looked_up: bool = True) -> None:
        super().__init__()
        self._looked_up = looked_up

    def authenticate(self, request: HttpRequest, key: str | None) -> Customer:
        return sessions.access_customer(request) if self._looked_up else sessions.access_holder(request)


class Guest(APIKeyCookie):
    """Nobody in particular, but from our own pages: the CSRF token is needed to write."""

    param_name = settings.SESSION_COOKIE_NAME

    def authenticate(self, request: HttpRequest, key: str | None) -> str:
        return "guest"


class CustomerApi(NinjaAPI):
    """django-ninja's API, with a document that says everything which an operation may answer."""

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        return complete(super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params), self)

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__


GUEST, HOLDER = Guest(), CustomerSession(looked_up=False)
api = CustomerApi(
    title="Vendrive", version="1", description=DESCRIPTION, docs_url=None, openapi_url=None, auth=CustomerSession()
)


@api.exception_handler(Refused)
def on_refused(request: HttpRequest, error: Refused) -> HttpResponse:
    return answer_refusal(request, error)


@api.exception_handler(ValidationError)
def on_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    # What was typed is not repeated: it may be personal.
    places = [".".join(str(part) for part in problem["loc"]) for problem in error.errors]
    return answer_refusal(request, Refused(ErrorCode.request_invalid, fields=places))


@api.exception_handler(HttpError)
def on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return answer_refusal(request, Refused(CODE_OF_STATUS.get(error.status_code, ErrorCode.request_invalid)))


@api.exception_handler(Http404)
def on_missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return answer_refusal(request, Refused(ErrorCode.address_unknown))


@api.get("/openapi.json", auth=None, include_in_schema=False)
def get_document(request: HttpRequest) -> JsonResponse:
    """Return the OpenAPI document."""
    return JsonResponse(api.get_openapi_schema())


def customer_of(request: HttpRequest) -> Customer:
    """Return who is signed in; raise Refused (sign_in_needed)."""
    known = getattr(request, "auth", None)
    return known if isinstance(known, Customer) else sessions.access_customer(request)
