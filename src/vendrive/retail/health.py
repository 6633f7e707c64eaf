"""Whether a process serves."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe


@require_safe
def answer_alive(request: HttpRequest) -> HttpResponse:
    """Say that this process serves; nothing else is told to strangers."""
    return HttpResponse("alive", content_type="text/plain")
