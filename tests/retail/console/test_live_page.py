"""The towers' page in a real browser: what a report changes, changes in the page, and silence is seen."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.retail.console.world import PASSWORD, STAFF, change, make_report, report_of, send_report, write_journal
from tests.retail.helpers import Outside
from vendrive.demo.data import fill_shop
from vendrive.retail.fleet.models import OrderKind, StationOrder, Tower
from vendrive.wire.journal import Alarm, AlarmEnded

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: the console's page is untested")

REPORTED = "document.dispatchEvent(new CustomEvent('live:tower', {detail: {tower_id: 'shanghai'}}))"


@pytest.fixture
def page(live_server: LiveServer, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    # Playwright runs a loop in this thread, where Django would refuse to speak to the database.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    fill_shop()
    User.objects.create_user(STAFF, password=PASSWORD, is_staff=True)
    send_report(make_report(outside.clock.now(), {"2A": "SH0004"}, position_mm=1100.0))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=Path(CHROMIUM or ""), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{live_server.url}/console/towers/shanghai/")
        page.fill("#name", STAFF)
        page.fill("#password", PASSWORD)
        page.click("main button[type=submit]")
        # Its modules have run then: before, nobody hears that something was reported.
        page.wait_for_url("**/console/towers/shanghai/", wait_until="load")
        yield page
        browser.close()


def test_the_steps_of_an_alarm_tick_with_the_machine_and_the_technician(page: Page, outside: Outside) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    report = make_report(outside.clock.now(), {"2A": "SH0004"}, machine="execute")
    report = report.model_copy(update={"lifts": change(report.lifts, "L1", fault="brake", moving=True)})
    send_report(report)
    write_journal(outside.clock.now(), Alarm(name="lift_failed", part="L1", source="machine"))
    page.goto(page.url.replace("/shanghai/", "/shanghai/alarms/lift_failed/L1/"))
    step = page.locator(".guide-step[aria-current=step]")
    expect(step).to_contain_text("Wait until nothing moves.")
    expect(step.get_by_role("button", name="Done")).to_have_count(0)

    lifts = change(report.lifts, "L1", locked_out=True, moving=False)
    send_report(report.model_copy(update={"machine": "idle", "lifts": lifts}))
    page.evaluate(REPORTED)
    expect(step).to_contain_text("Tell the customers who wait")
    expect(page.locator(".part-card.is-faulty")).to_contain_text("fault: brake")
    step.get_by_role("button", name="Done").click()
    expect(step).to_contain_text("Turn the key switch at the tower to maintenance")
    expect(page.locator(".guide-tick")).to_contain_text(STAFF)

    write_journal(outside.clock.now(), AlarmEnded(name="lift_failed", part="L1", source="machine"))
    page.evaluate(REPORTED)
    expect(page.get_by_text("This alarm is over")).to_be_visible()
    assert complaints == []


@pytest.mark.parametrize("layout", ["guangzhou42", "carvana34", "singapore60", "autostadt400"])
@pytest.mark.parametrize("width", [390, 820, 1440])
def test_a_tower_of_any_size_stays_within_the_page(page: Page, outside: Outside, layout: str, width: int) -> None:
    Tower.objects.filter(pk="shanghai").update(layout=layout)
    send_report(report_of(layout, outside.clock.now(), {"2B": "SH0004"}))
    page.set_viewport_size({"width": width, "height": 900})
    page.reload()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    frame = page.locator(".machine-frame")
    for place in ("2B", "B1"):
        # What is wider than the screen scrolls inside its frame, and can be read where it is scrolled to.
        shown = frame.locator(".slot", has=page.locator("b", has_text=place)).first
        shown.scroll_into_view_if_needed()
        box = shown.bounding_box()
        assert box is not None
        assert box["width"] >= 36
        assert -1 <= box["x"] <= width - 36


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_sections_fit_beside_each_other_on_every_screen(page: Page, lang: str) -> None:
    page.set_extra_http_headers({"Accept-Language": lang})
    for width in (360, 768, 960, 1100, 1280, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.reload()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width


def test_the_page_follows_the_machine(page: Page, outside: Outside) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    platform, slot = page.locator(".platform"), page.locator(".slot", has_text="2A")
    expect(platform).to_have_attribute("y", "50.0%")
    expect(slot.locator(".slot-name")).to_have_text("Volvo EX30")
    page.evaluate("document.querySelector('.platform').keptBy = 'this test'")

    send_report(make_report(outside.clock.now(), {"3A": "SH0004"}, position_mm=2200.0, person=True))
    page.evaluate(REPORTED)
    expect(platform).to_have_attribute("y", "33.33%")
    expect(slot).to_have_attribute("aria-label", "2A: empty")
    expect(page.locator(".bay-lines")).to_contain_text("Person in the bay")
    assert page.evaluate("document.querySelector('.platform').keptBy") == "this test"

    outside.clock.advance(9)
    page.evaluate(REPORTED)
    expect(page.locator(".tower-view")).to_have_class("tower-view is-stale")
    expect(page.locator(".tower-age")).to_contain_text("No contact for")
    expect(page.locator(".when-fresh")).to_be_hidden()

    stop = page.locator(".emergency-stop")
    stop.focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert not StationOrder.objects.filter(kind=OrderKind.operator).exists()
    stop.click()
    page.get_by_role("dialog").get_by_role("button", name="Stop the machine").click()
    expect(page.locator("#shanghai .tower-alarms")).to_contain_text("Stop sent.")
    assert StationOrder.objects.filter(kind=OrderKind.operator).count() == 1
    assert complaints == []
