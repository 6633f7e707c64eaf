"""The demo's desk: messages, people to be, and a calendar that only goes forward."""

from datetime import timedelta

import httpx
import pytest

from vendrive.demo.running import Demo


@pytest.fixture
def desk(demo: Demo) -> httpx.Client:
    return httpx.Client(base_url=demo.web, timeout=20)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_desk_shows_where_everything_is(demo: Demo, desk: httpx.Client, language: str) -> None:
    with desk:
        page = desk.get("/demo/", params={"lang": language}).raise_for_status().text
    for tower in demo.towers.values():
        assert tower.kiosk_link.replace("&", "&amp;") in page
        assert tower.world in page


def test_the_calendar_moves_by_the_offered_steps_alone(demo: Demo, desk: httpx.Client) -> None:
    with desk:
        token = desk.get("/api/v1/session").json()["csrf"]
        before = demo.calendar.offset()
        for hours in ("-5", "7", "x", ""):
            desk.post("/demo/advance", data={"hours": hours, "csrfmiddlewaretoken": token})
            assert demo.calendar.offset() == before
        desk.post("/demo/advance", data={"hours": "1", "csrfmiddlewaretoken": token})
        assert demo.calendar.offset() == before + timedelta(hours=1)


def test_a_picture_is_of_a_demo_person_or_none(desk: httpx.Client) -> None:
    with desk:
        assert desk.get("/demo/people/p01/1.jpg").headers["content-type"] == "image/jpeg"
        assert desk.get("/demo/people/p99/1.jpg").status_code == 404
        assert desk.get("/demo/people/p01/9.jpg").status_code == 404
