"""Refusals as JSON: a code for programs, and two sentences for a person."""

from collections.abc import Callable, Mapping

from django.http import HttpRequest, HttpResponse, JsonResponse

from vendrive.design.messages import pick_language, say
from vendrive.wire.errors import ErrorCode, Refused

CONFLICT = 409
STATUS: Mapping[ErrorCode, int] = {
    ErrorCode.idempotency_key_missing: 400,
    ErrorCode.sign_in_needed: 401,
    ErrorCode.signature_invalid: 401,
    ErrorCode.request_replayed: 401,
    ErrorCode.not_allowed: 403,
    ErrorCode.drive_not_found: 404,
    ErrorCode.not_in_queue: 404,
    ErrorCode.address_unknown: 404,
    ErrorCode.method_not_allowed: 405,
    ErrorCode.request_invalid: 422,
    ErrorCode.idempotency_mismatch: 422,
    ErrorCode.too_many_tries: 429,
    ErrorCode.too_busy: 429,
    ErrorCode.unexpected: 500,
}
CODE_OF_STATUS: Mapping[int, ErrorCode] = {
    401: ErrorCode.sign_in_needed,
    403: ErrorCode.not_allowed,
    404: ErrorCode.address_unknown,
    405: ErrorCode.method_not_allowed,
    500: ErrorCode.unexpected,
}
LANGUAGE_COOKIE = "lang"
INTERFACES = "/api/"


class ErrorsOfOneShape:
    """Whatever refuses a request of an interface before or behind its view (Django, the router) says it as we do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        said = response.headers.get("Content-Type", "").startswith("application/json")
        if response.status_code < 400 or said or not request.path.startswith(INTERFACES):
            return response
        told = answer_refusal(request, Refused(CODE_OF_STATUS.get(response.status_code, ErrorCode.request_invalid)))
        if "Allow" in response.headers:
            told.headers["Allow"] = response.headers["Allow"]
        return told


def language_of(request: HttpRequest) -> str:
    """Return the language of a request: the person's own choice, else the browser's."""
    return pick_language(request.headers.get("Accept-Language"), request.COOKIES.get(LANGUAGE_COOKIE))


def answer_refusal(request: HttpRequest, refused: Refused) -> JsonResponse:
    """Return a refusal as `{code, details, what, next}` in the request's language."""
    lang, code = language_of(request), refused.code
    body = {"code": code, "details": refused.details, **sentences(lang, code)}
    return JsonResponse(body, status=STATUS.get(code, CONFLICT), json_dumps_params={"default": str})


def sentences(lang: str, code: ErrorCode) -> dict[str, str]:
    """Return what happened and what to do next."""
    return {part: say(lang, f"error.{code.value}.{part}") for part in ("what", "next")}
