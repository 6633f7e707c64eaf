"""The scan in a real browser: live view, a file, no scripts, both themes, three sizes, the keyboard."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.http import HttpRequest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.retail.scan.photos import picture, picture_with_position
from tests.support.browser import CHROMIUM, Watch, chromium, keep, make_film
from vendrive.retail.scan.models import KnownCar, Scan
from vendrive.retail.shop.views import scan as views

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: the scan's pages are untested")
SIZES = ((360, 740), (820, 1100), (1360, 900))


@pytest.fixture
def browser(
    live_server: LiveServer,
    edge: KnownCar,
    karma: KnownCar,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Browser]:
    # Playwright runs a loop in this thread, where Django would refuse to speak to the database.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    film = make_film(tmp_path / "street.y4m", (picture(1, (640, 480)), 1.0))
    with sync_playwright() as playwright, chromium(playwright, film) as running:
        yield running


def no_wider(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_the_live_view_finds_the_car_and_the_keyboard_leads_to_it(browser: Browser, live_server: LiveServer) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, permissions=["camera"])
    watch, page = Watch(context), context.new_page()
    page.goto(f"{live_server.url}/scan/")
    page.get_by_role("button", name="Start the camera").click()
    take = page.get_by_role("button", name="Find this car")
    expect(take).to_be_visible()
    expect(page.locator("[data-camera-hint]")).to_have_text("Bring the whole car into the frame.")
    take.click()
    expect(page.locator("[data-best=ford-edge]")).to_be_visible()
    pick = page.get_by_role("button", name="This is it: Ford Edge")
    pick.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/cars/ford-edge/?paint=*")
    assert watch.complaints == []


def test_a_chosen_file_is_sent_small_and_without_its_position(
    browser: Browser, live_server: LiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[bytes] = []
    picture_of = views._picture

    def watch(request: HttpRequest) -> bytes:
        sent.append(picture_of(request))
        return sent[-1]

    monkeypatch.setattr(views, "_picture", watch)
    file = tmp_path / "large.jpg"
    file.write_bytes(picture_with_position(1))
    page = browser.new_page()
    page.goto(f"{live_server.url}/scan/")
    page.set_input_files("#picture", file)
    page.get_by_role("button", name="Find the car", exact=True).click()
    expect(page.locator("[data-best=ford-edge]")).to_be_visible()
    assert b"Demo phone" in file.read_bytes()
    assert b"Demo phone" not in sent[0]


def test_without_scripts_a_file_does_it_too(browser: Browser, live_server: LiveServer, tmp_path: Path) -> None:
    file = tmp_path / "car.jpg"
    file.write_bytes(picture(2))
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{live_server.url}/scan/")
    # With `capture` a phone opens its camera at once, and a picture that was taken before cannot be chosen.
    assert page.locator("#picture").get_attribute("capture") is None
    page.set_input_files("#picture", file)
    page.get_by_role("button", name="Find the car", exact=True).click()
    page.get_by_role("button", name="This is it: Fisker Karma").click()
    expect(page.get_by_text("No tower has this car yet.")).to_be_visible()


@pytest.mark.parametrize(("theme", "lang"), [("light", "en"), ("dark", "zh-CN")])
def test_the_pages_hold_in_every_size(
    browser: Browser, live_server: LiveServer, tmp_path: Path, theme: str, lang: str
) -> None:
    file, words = tmp_path / "car.jpg", tmp_path / "words.txt"
    file.write_bytes(picture(2))
    words.write_text("no picture")
    context = browser.new_context(color_scheme="dark" if theme == "dark" else "light", locale=lang)
    watch, page = Watch(context, forgiven=["/scan/"]), context.new_page()
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.goto(f"{live_server.url}/scan/")
        page.set_input_files("#picture", words)
        page.locator("form[data-scan] > * button[type=submit]").click()
        expect(page.locator("[data-error=photo_unreadable]")).to_be_visible()
        assert no_wider(page)
        page.set_input_files("#picture", file)
        page.locator("form[data-scan] > * button[type=submit]").click()
        expect(page.locator("[data-best=fisker-karma]")).to_be_visible()
        assert no_wider(page)
        keep(page, f"scan-result-{width}-{theme}")
        page.goto(f"{live_server.url}/scan/cars/fisker-karma/?seen=red")
        assert no_wider(page)
    assert watch.complaints == []
    assert Scan.objects.filter(outcome="found").count() == len(SIZES)
