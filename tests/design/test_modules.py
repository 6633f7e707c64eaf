"""The ES modules in a real browser, under the strictest content security policy that the pages are made for."""

import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from vendrive.design.gallery import gallery
from vendrive.design.templating import STATIC

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: the screens' modules are untested")


class Strict(SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", "default-src 'self'")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Quiet."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("gallery")
    shutil.copytree(STATIC, root / "static")
    (root / "index.html").write_text(gallery("en").replace(STATIC.as_uri(), "/static"), encoding="utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Strict, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def page(address: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=Path(CHROMIUM or ""),
            args=["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
        )
        page = browser.new_page(viewport={"width": 360, "height": 780}, color_scheme="light")
        page.goto(address)
        yield page
        browser.close()


def test_nothing_breaks_the_policy_or_runs_over_the_edge_at_360_px(page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.reload(wait_until="networkidle")
    assert complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_every_target_is_large_enough_for_a_finger(page: Page) -> None:
    small = page.evaluate(
        "[...document.querySelectorAll('button, a[href]:not(.card-link):not(.skip-link), select, input.input, "
        "label.check, label.swatch, label.slot-time')].filter(e => e.offsetParent)"
        ".filter(e => { const r = e.getBoundingClientRect(); return r.width < 44 || r.height < 44 })"
        ".map(e => e.outerHTML)"
    )
    assert small == []


def test_the_theme_switches_and_is_remembered(page: Page) -> None:
    root, toggle = page.locator("html"), page.locator("[data-theme-toggle]")
    toggle.click()
    expect(root).to_have_attribute("data-theme", "dark")
    expect(toggle).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(root).to_have_attribute("data-theme", "dark")
    toggle.click()
    expect(root).to_have_attribute("data-theme", "light")


def test_the_countdown_counts_with_the_servers_clock(page: Page) -> None:
    expect(page.locator("time[data-countdown]").first).to_have_text("2 d 4 h")


def test_a_dialog_opens_and_closes(page: Page) -> None:
    dialog = page.locator("#dialog-light")
    page.locator("[data-dialog-open=dialog-light]").click()
    expect(dialog).to_be_visible()
    dialog.locator("[data-dialog-close]").click()
    expect(dialog).to_be_hidden()


def test_the_camera_starts_and_gives_a_jpeg(page: Page) -> None:
    picture = page.evaluate(
        """async () => {
            const { bindCamera } = await import("/static/vendrive/js/camera.js");
            const camera = bindCamera(document.getElementById("face-light"));
            const started = await camera.start();
            const blob = await camera.grab(0.8);
            camera.stop();
            const head = [...new Uint8Array(await blob.arrayBuffer()).slice(0, 3)];
            return { started, type: blob.type, head };
        }"""
    )
    assert picture == {"started": True, "type": "image/jpeg", "head": [0xFF, 0xD8, 0xFF]}


def test_a_refused_camera_is_explained_in_the_pages_language(page: Page) -> None:
    reason = page.evaluate(
        """async () => {
            const { bindCamera } = await import("/static/vendrive/js/camera.js");
            navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "NotAllowedError"));
            const element = document.getElementById("code-light");
            await bindCamera(element).start();
            return [element.dataset.state, element.querySelector("[data-camera-hint]").textContent];
        }"""
    )
    assert reason[0] == "failed"
    assert reason[1].startswith("The camera is not allowed")


def test_a_lost_connection_is_shown_and_tried_again_until_it_is_back(page: Page) -> None:
    states = page.evaluate(
        """async () => {
            const made = [];
            window.EventSource = class extends EventTarget {
                constructor(url) { super(); this.url = url; made.push(this); }
                close() { this.closed = true; }
            };
            const { bindLive } = await import("/static/vendrive/js/live.js");
            const box = document.createElement("div");
            Object.assign(box.dataset, { live: "/events", liveEvent: "slots" });
            document.body.append(box);
            const lost = document.querySelector("[data-live-lost]");
            bindLive();
            made[0].dispatchEvent(new Event("error"));
            const during = [lost.hidden, made[0].closed];
            while (made.length < 2) await new Promise(requestAnimationFrame);
            made[1].dispatchEvent(new Event("open"));
            made[1].dispatchEvent(new MessageEvent("slots", { data: "<b>full</b>" }));
            return [...during, lost.hidden, box.innerHTML];
        }"""
    )
    assert states == [False, True, True, "<b>full</b>"]
