"""Live events: a report that a station sends is on the console at once, for staff alone."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import cast

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import connections
from django.http import StreamingHttpResponse
from django.test import AsyncClient
from pytest_django import Settings

from tests.retail.helpers import START, Outside
from vendrive.demo.data import fill_shop
from vendrive.retail.fleet.actions import record_report
from vendrive.retail.fleet.models import Tower
from vendrive.wire.report import TowerReport


@pytest.fixture
async def live_urls(settings: Settings) -> AsyncIterator[None]:
    settings.ROOT_URLCONF = "vendrive.retail.live.urls"
    yield
    # Django's thread for asynchronous callers has a connection of its own.
    await sync_to_async(connections.close_all)()


def report(activity: str, tower: str = "shanghai") -> TowerReport:
    """Return a tower that has nothing to show but its activity."""
    return TowerReport(
        tower_id=tower, at=START, machine="idle", emergency_stop=False, help_called=False, activity=activity,
        storeys=3, lifts=(), slots=(), bays=(), journal_seq=0, order_number=0,
    )  # fmt: skip


async def next_report(stream: AsyncIterator[bytes]) -> TowerReport:
    """Return the next report of the stream."""
    async for chunk in stream:
        for line in chunk.decode().splitlines():
            if line.startswith("data: "):
                return TowerReport.model_validate(json.loads(line.removeprefix("data: ")))
    raise AssertionError("the stream ended")


async def test_a_report_reaches_the_console(transactional_db: None, outside: Outside, live_urls: None) -> None:
    await sync_to_async(fill_shop)()
    tower = await Tower.objects.aget(pk="shanghai")
    await sync_to_async(record_report)(tower, report("before"))
    staff = await User.objects.acreate(username="anna", is_staff=True)
    client = AsyncClient()
    await client.aforce_login(staff)
    response = cast(StreamingHttpResponse, await client.get("/live/towers"))
    stream = aiter(response)
    async with asyncio.timeout(10):
        assert (await next_report(stream)).activity == "before"
        await sync_to_async(record_report)(tower, report("after"))
        assert (await next_report(stream)).activity == "after"
    await stream.aclose()  # type: ignore[attr-defined]


async def test_only_staff_watch(transactional_db: None, live_urls: None) -> None:
    response = await AsyncClient().get("/live/towers")
    assert response.status_code == 401
    visitor = await User.objects.acreate(username="visitor")
    client = AsyncClient()
    await client.aforce_login(visitor)
    assert (await client.get("/live/towers")).status_code == 401
