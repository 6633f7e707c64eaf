"""Server-sent events: each tower's report as soon as its station sends it. Staff only."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing

import psycopg
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from psycopg import AsyncConnection, sql

from vendrive.retail.api.errors import answer_refusal
from vendrive.retail.fleet.actions import REPORT_CHANNEL
from vendrive.retail.fleet.models import Tower
from vendrive.wire.errors import ErrorCode, Refused

KEEP_ALIVE_S = 10.0
RETRY_MS = 2000


async def stream_towers(request: HttpRequest) -> HttpResponseBase:
    """Answer with an endless stream: event `tower`, data a TowerReport as JSON; first every tower's newest."""
    user = await request.auser()
    if not user.is_staff:
        return _shared(answer_refusal(request, Refused(ErrorCode.sign_in_needed)))
    response = StreamingHttpResponse(_events(), content_type="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"
    return _shared(response)


async def _events() -> AsyncIterator[str]:
    yield f"retry: {RETRY_MS}\n\n"
    async with await AsyncConnection.connect(_dsn(), autocommit=True) as listener:
        # Listening begins before the first reading, so that no report falls between the two.
        await listener.execute(sql.SQL("LISTEN {}").format(sql.Identifier(REPORT_CHANNEL)))
        async for tower in Tower.objects.exclude(report=None).order_by("slug"):
            yield _event(tower)
        while True:
            heard = False
            async with aclosing(listener.notifies(timeout=KEEP_ALIVE_S, stop_after=1)) as notices:
                async for notice in notices:
                    heard = True
                    yield _event(await Tower.objects.aget(pk=notice.payload))
            if not heard:
                yield ": alive\n\n"


def _event(tower: Tower) -> str:
    return f"event: tower\nid: {tower.slug}\ndata: {json.dumps(tower.report, ensure_ascii=False)}\n\n"


def _dsn() -> str:
    database = connection.settings_dict
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    given = {libpq: str(database[name]) for name, libpq in names.items() if database.get(name)}
    return psycopg.conninfo.make_conninfo("", **given)


def _shared(response: HttpResponseBase) -> HttpResponseBase:
    """Let the pages' own origin, and no other, read the answer from another port or host."""
    if settings.WEB_ORIGIN:
        response.headers["Access-Control-Allow-Origin"] = settings.WEB_ORIGIN
        response.headers["Access-Control-Allow-Credentials"] = "true"
    return response
