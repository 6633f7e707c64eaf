"""Pages of what went wrong: Django's handlers and its CSRF check lead here."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from vendrive.retail.shop.pages import language_of, show
from vendrive.wire.errors import ErrorCode


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400."""
    return show(request, "problem", 400, code=ErrorCode.request_invalid.value, missing=False)


def forbidden(request: HttpRequest, exception: Exception | None = None, reason: str = "") -> HttpResponse:
    """403, and a form without its CSRF token."""
    return show(request, "problem", 403, code=ErrorCode.not_allowed.value, missing=False)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form that is too old or not ours. The name is Django's setting CSRF_FAILURE_VIEW."""
    return show(request, "stale_form", 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return show(request, "problem", 404, code=ErrorCode.request_invalid.value, missing=True)


def server_error(request: HttpRequest) -> HttpResponse:
    """500. It asks nothing of the database, which may be what failed."""
    return render(request, "shop/failed.html", {"lang": language_of(request)}, status=500)
