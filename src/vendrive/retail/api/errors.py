"""Refusals as JSON: a code for programs, and two sentences for a person."""

from collections.abc import Mapping

from django.http import HttpRequest, JsonResponse

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
    ErrorCode.request_invalid: 422,
    ErrorCode.idempotency_mismatch: 422,
    ErrorCode.too_many_tries: 429,
}
LANGUAGE_COOKIE = "lang"


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
