"""The kiosk's page and its guard."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.station.conftest import NamedFaces, ShiftedClock
from tests.support.certificates import lay_certificate
from tests.support.waiting import until_async
from vendrive.station.keys import load_keys
from vendrive.station.program import Station, build_station
from vendrive.station.settings import Settings

NOWHERE = "http://127.0.0.1:9"


def lonely_station(folder: Path) -> Station:
    """Return a station whose machine and retail are both away."""
    settings = Settings("shanghai", "shanghai3", folder, "opc.tcp://127.0.0.1:9/", NOWHERE)
    extra = [Route("/demo/hello", lambda request: PlainTextResponse("hello"))]
    return build_station(settings, ShiftedClock(), extra, NamedFaces(), extra_scripts=["/demo/extra.js"])


@pytest.fixture
def station(tmp_path: Path) -> Station:
    lay_certificate(tmp_path / "pki", "urn:vendrive:station:shanghai")
    return lonely_station(tmp_path)


@asynccontextmanager
async def signed_in(station: Station, url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, verify=False) as client:
        answer = await client.get("/", params={"key": load_keys(station.settings.keys, "shanghai").kiosk})
        assert answer.status_code == 303
        assert "key" not in answer.headers["location"]
        yield client


@pytest.mark.parametrize("path", ["/", "/events", "/static/kiosk/kiosk.js", "/car.svg", "/demo/hello", "/?key=wrong"])
async def test_nothing_answers_without_the_credential(station: Station, path: str) -> None:
    async with station.running() as urls, httpx.AsyncClient(base_url=urls["B1"], verify=False) as client:
        answer = await client.get(path)
        assert answer.status_code == 401
        assert answer.json()["code"] == "not_allowed"


@pytest.mark.parametrize(
    "path", ["/collect/pass", "/collect/pin", "/return/pass", "/return/declare", "/cancel", "/stop"]
)
async def test_no_verb_answers_without_the_credential(station: Station, path: str) -> None:
    async with station.running() as urls, httpx.AsyncClient(base_url=urls["B1"], verify=False) as client:
        assert (await client.post(path, json={})).status_code == 401
        assert station.record.facts.alarms == {}


async def test_the_page_is_whole_in_both_languages(station: Station) -> None:
    async with station.running() as urls, signed_in(station, urls["B1"]) as client:
        english = await client.get("/", headers={"Accept-Language": "en"})
        chinese = await client.get("/", params={"lang": "zh"}, follow_redirects=True)
    assert english.status_code == chinese.status_code == 200
    assert "This is a simulated machine." in english.text
    assert "no liveness detection yet" in english.text
    assert "这是一台模拟设备" in chinese.text
    assert "/demo/extra.js" in english.text
    assert "<script>" not in english.text
    assert "style=" not in english.text
    policy = english.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


async def test_everything_that_the_page_names_is_there(station: Station) -> None:
    async with station.running() as urls, signed_in(station, urls["B1"]) as client:
        page = (await client.get("/")).text
        named = {part.split('"')[0] for mark in ('src="', 'href="') for part in page.split(mark)[1:]}
        files = sorted(name for name in named if name.startswith("/static/"))
        assert len(files) > 6
        for name in [*files, "/static/kiosk/api.js", "/static/kiosk/scan.js", "/static/kiosk/screens.js"]:
            assert (await client.get(name)).status_code == 200, name
        assert "/demo/" not in "".join(files)
        car = await client.get("/car.svg", params={"model": "polestar-4", "paint": "#aa2211"})
        assert car.headers["content-type"].startswith("image/svg+xml")
        assert (await client.get("/car.svg", params={"model": "none", "paint": "#aa2211"})).status_code == 404


async def test_another_site_cannot_speak_for_the_kiosk(station: Station) -> None:
    async with station.running() as urls, signed_in(station, urls["B1"]) as client:
        for headers in ({"Origin": "http://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert (await client.post("/stop", json={}, headers=headers)).status_code == 403
        assert station.record.facts.alarms.keys() <= {"machine_unknown plc"}


async def test_a_body_beyond_the_limit_or_the_form_is_refused(station: Station) -> None:
    async with station.running() as urls, signed_in(station, urls["B1"]) as client:
        for body in (b"x" * 5000, b"[]", b'{"text": 3}', b'{"text": "A", "more": 1}'):
            answer = await client.post("/collect/pass", content=body)
            assert (answer.status_code, answer.json()["code"]) == (409, "request_invalid")
        answer = await client.post("/frame", content=b"x" * (4 * 1024 * 1024))
        assert (answer.status_code, answer.json()["code"]) == (409, "request_invalid")


async def test_a_station_without_its_machine_says_so_and_keeps_a_stop_for_it(station: Station) -> None:
    async with station.running() as urls, signed_in(station, urls["B1"]) as client:
        await until_async(lambda: bool(station.link.trouble), "the machine is missed")
        assert (await client.post("/collect/pass", json={"text": "ABCD1234"})).json()["code"] == "pass_unknown"
        assert (await client.post("/stop", json={})).status_code == 200
        assert station.link.stop_pending
        assert [e.event.kind for e in station.journal.entries()].count("alarm") >= 1
        async with client.stream("GET", "/events") as events:
            async for line in events.aiter_lines():
                if line.startswith("data:"):
                    assert '"screen": "stopped"' in line
                    break
