"""How much a request may bring."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from vendrive.retail.api.errors import answer_refusal
from vendrive.retail.shop.pages import show_refusal
from vendrive.wire.errors import ErrorCode, Refused

MOST_BYTES = 16 * 1024 * 1024
MOST_BYTES_OF_STAFF = 80 * 1024 * 1024
"""The console takes several pictures at once."""
CONSOLE = "/console/"
TOO_LARGE = 413


class BodyLimit:
    """Refuse a request by the length that it declares, before anything of it is read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        most = MOST_BYTES_OF_STAFF if request.path.startswith(CONSOLE) else MOST_BYTES
        if _length(request) <= most:
            return self._get_response(request)
        answer = show_refusal if "text/html" in request.headers.get("Accept", "") else answer_refusal
        response = answer(request, Refused(ErrorCode.photo_too_large))
        response.status_code = TOO_LARGE
        return response


def _length(request: HttpRequest) -> int:
    declared = str(request.META.get("CONTENT_LENGTH") or "0")
    return int(declared) if declared.isdecimal() else MOST_BYTES_OF_STAFF + 1
