"""Who is let in when more come than can be served: some are served, some wait, the rest is told at once to come again.

Waiting in front of the database helps nobody: answers become late for all, and a station's requests with them. Stations
are never turned away, and have a worker of their own (`vendrive retail stations`).
"""

import threading
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from vendrive.retail.api.errors import INTERFACES, answer_refusal, language_of, sentences
from vendrive.wire.errors import ErrorCode, Refused

RETRY_AFTER_S = 2
ALWAYS = ("/api/station/", "/alive")


class Admission:
    """Serves as many requests at a time as there are connections to the database, and lets a few times more wait."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._most = settings.SERVED_AT_ONCE + settings.WAITING_AT_MOST
        self._served = threading.BoundedSemaphore(settings.SERVED_AT_ONCE)
        self._count = threading.Lock()
        self._inside = 0

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(ALWAYS):
            return self._get_response(request)
        if not self._enter():
            return _come_again(request)
        try:
            with self._served:
                return self._get_response(request)
        finally:
            self._leave()

    def _enter(self) -> bool:
        with self._count:
            if self._inside >= self._most:
                return False
            self._inside += 1
            return True

    def _leave(self) -> None:
        with self._count:
            self._inside -= 1


def _come_again(request: HttpRequest) -> HttpResponse:
    """Answer without a look at the database, in the shape of the interface or as a line for a person."""
    if request.path.startswith(INTERFACES):
        answer: HttpResponse = answer_refusal(request, Refused(ErrorCode.too_busy))
    else:
        said = sentences(language_of(request), ErrorCode.too_busy)
        answer = HttpResponse(f"{said['what']} {said['next']}", status=429, content_type="text/plain; charset=utf-8")
    answer.headers["Content-Length"] = str(len(answer.content))
    answer.headers["Retry-After"] = str(RETRY_AFTER_S)
    return answer
