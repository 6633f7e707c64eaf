"""Which scans a session made: it alone may see them and say what they showed."""

from collections.abc import Sequence

from django.http import HttpRequest

from vendrive.retail.scan.models import Scan

_KEY = "scans"
MOST = 10


def remember_scan(request: HttpRequest, scan: Scan) -> None:
    """Let the session see this scan; of more than ten the oldest is forgotten."""
    request.session[_KEY] = [*own_scans(request), str(scan.id)][-MOST:]


def own_scans(request: HttpRequest) -> Sequence[str]:
    """Return the identifiers of the session's scans."""
    own: Sequence[str] = request.session.get(_KEY, [])
    return own
