"""The journey in real pages: phone, kiosk and console, in a real browser that must not complain."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Playwright, expect, sync_playwright

from tests.support.browser import CHROMIUM, Watch, chromium, keep, make_film, publish
from vendrive.demo.folder import STAFF
from vendrive.demo.journey import EARLY
from vendrive.demo.people import load_people
from vendrive.demo.running import Demo

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: the journey in pages is untested")

TOWER = "nanjing"
NUMBER, PASSPORT = "+8619900000061", "EJ2345678"  # nobody else's in these tests
PERSON = load_people()[0]
WITHIN_MS = 20_000
PHONE, KIOSK, DESK = (
    {"width": 390, "height": 844},
    {"width": 1280, "height": 800},
    {"width": 1440, "height": 900},
)
# The console asks for its picture every five seconds too; without that, only an event of the server can change it.
NO_ASKING = "{const real = setInterval; window.setInterval = (act, ms) => (ms < 5000 ? real(act, ms) : 0)}"
# Which lines of the car's way were ever the present one: at forty times the speed nobody could ask in time.
NOTE_THE_WAY = """() => {
  const seen = (window.way = []);
  const look = () => {
    for (const line of document.querySelectorAll("[data-screen=bringing] .is-now")) seen.push(line.dataset.item);
  };
  new MutationObserver(look).observe(document.getElementById("kiosk"), { subtree: true, attributes: true });
}"""
FOLLOW = """() => {
  const seen = (window.seen = { events: 0, lifts: [] });
  const look = () => seen.lifts.push(document.querySelector(".platform").getAttribute("y"));
  document.addEventListener("live:tower", () => (seen.events += 1));
  new MutationObserver(look).observe(document.querySelector("[data-picture]"), { subtree: true, attributes: true });
  look();
}"""


@dataclass
class Screens:
    """The windows that are open, and where each keeps its complaints."""

    demo: Demo
    playwright: Playwright
    stack: ExitStack
    watches: dict[str, Watch]
    pages: dict[str, Page]

    def browser(self, film: Path | None = None) -> Browser:
        return self.stack.enter_context(chromium(self.playwright, film))

    def window(self, who: str, browser: Browser, size: dict[str, int], forgiven: tuple[str, ...] = ()) -> Page:
        context = browser.new_context(viewport=size, locale="en-GB", device_scale_factor=2 if size is PHONE else 1)  # type: ignore[arg-type]
        context.set_default_timeout(WITHIN_MS)
        self.watches[who] = Watch(context, forgiven)
        self.pages[who] = context.new_page()
        return self.pages[who]

    @property
    def complaints(self) -> dict[str, list[str]]:
        return {who: watch.complaints for who, watch in self.watches.items() if watch.complaints}


@pytest.fixture
def screens(demo: Demo) -> Iterator[Screens]:
    expect.set_options(timeout=WITHIN_MS)
    with sync_playwright() as playwright, ExitStack() as stack:
        opened = Screens(demo, playwright, stack, {}, {})
        yield opened
        for who, page in opened.pages.items():
            keep(page, f"last-{who}")


def test_a_customer_goes_the_whole_way_in_pages(screens: Screens, tmp_path: Path) -> None:
    selfie = make_film(tmp_path / "selfie.y4m", (PERSON.photo(1), 1.0))
    handheld = screens.browser(selfie)
    phone, staff = screens.window("phone", handheld, PHONE), screens.window("console", handheld, DESK)

    choose_a_car(phone, screens.demo.web)
    sign_in(phone)
    pickup_at = choose_a_time(phone)
    introduce(phone)
    show_the_face(phone)
    book(phone)
    pictures = {"phone": keep(phone, "phone-pass")}

    watch_the_tower(staff, screens.demo)
    # So early that the car does not wait in its bay yet, and the kiosk shows how it comes.
    screens.demo.calendar.advance_to(pickup_at - EARLY)
    qr = phone.locator(".qr-card").screenshot()
    film = make_film(tmp_path / "collect.y4m", (qr, 1.4), (PERSON.photo(3), 4.0))
    # While the film still shows the pass, the station says that it sees no face.
    kiosk = screens.window("kiosk", screens.browser(film), KIOSK, forgiven=("/collect/face",))
    collect(kiosk, screens.demo, pictures, staff)
    drive_off(kiosk, staff)
    expect_a_live_picture(staff)

    expect(phone.locator("#drive")).to_have_attribute("data-state", "out")
    expect(phone.locator("[data-countdown]")).to_contain_text("2 d")
    keep(phone, "phone-out")
    let_a_day_pass(screens.window("desk", handheld, DESK), screens.demo.web)
    expect(phone.locator("[data-countdown]")).to_contain_text("1 d")

    empty = make_film(tmp_path / "nobody.y4m", (PERSON.photo(2), 1.0))
    bring_back(screens.window("kiosk again", screens.browser(empty), KIOSK), screens.demo, code_of(phone), staff)
    buy(phone)
    for page in screens.pages.values():
        expect_chinese(page)
    publish(pictures)
    assert screens.complaints == {}


def press(page: Page | Locator, label: str) -> None:
    page.get_by_role("button", name=label).or_(page.get_by_role("link", name=label)).click()


def choose_a_car(phone: Page, web: str) -> None:
    phone.goto(f"{web}/")
    keep(phone, "phone-home")
    phone.get_by_role("link", name="Polestar", exact=True).click()
    phone.get_by_role("link", name="Polestar 2").click()
    phone.get_by_text("Dune sand", exact=True).click()
    expect(phone.locator("[data-paint=sand]")).to_be_visible()
    keep(phone, "phone-model")
    press(phone, "Choose tower and time")


def sign_in(phone: Page) -> None:
    phone.get_by_label("Phone number").fill(NUMBER)
    press(phone, "Send me a code")
    notice = phone.locator("#notice")
    expect(notice).to_contain_text(NUMBER)
    keep(phone, "phone-code")
    said = (notice.text_content() or "").split(NUMBER)[-1]
    phone.locator("#code").fill("".join(sign for sign in said if sign.isdigit())[:6])
    phone.get_by_role("button", name="Sign in").click()


def choose_a_time(phone: Page) -> datetime:
    phone.get_by_text("Vendrive Nanjing").first.click()
    expect(phone.locator(f"input[name=tower][value={TOWER}]")).to_be_checked()
    today = phone.locator(".day-title").inner_text()
    phone.locator(".day:not(.is-full)").nth(1).click()
    expect(phone.locator(".day-title")).not_to_have_text(today)
    first = phone.locator("details[open] .slot-time:has(input:enabled)").first
    pickup_at = first.locator("input").get_attribute("value") or ""
    first.click()
    keep(phone, "phone-time")
    press(phone, "Continue with this time")
    return datetime.fromisoformat(pickup_at)


def introduce(phone: Page) -> None:
    press(phone, "Introduce myself")
    phone.get_by_text("Passport", exact=True).click()
    phone.locator("#name").fill(PERSON.name_en)
    phone.locator("#document").fill(PASSPORT)
    phone.locator("#birth_date").fill("1990-01-01")
    phone.locator("#licence_class").select_option(PERSON.licence_class)
    phone.locator("#licence_expiry").fill(PERSON.licence_expires.isoformat())
    keep(phone, "phone-introduce")
    press(phone, "Continue")


def show_the_face(phone: Page) -> None:
    phone.locator("#consent").check()
    keep(phone, "phone-consent")
    press(phone, "Continue with my face")
    press(phone, "Start the camera")
    press(phone, "Take the picture")
    expect(phone.get_by_role("heading", level=1)).to_have_text("Yes, you may drive")
    keep(phone, "phone-eligible")


def book(phone: Page) -> None:
    press(phone, "Back to my booking")
    keep(phone, "phone-confirm")
    press(phone, "Book this drive")
    # Nobody touches the phone: the page learns by itself that the station holds the pass.
    expect(phone.locator("#drive")).to_have_attribute("data-state", "ready")
    expect(phone.locator("#drive")).to_contain_text("Ready at the tower")
    expect(phone.locator(".qr-code svg")).to_be_visible()


def watch_the_tower(staff: Page, demo: Demo) -> None:
    staff.add_init_script(NO_ASKING)
    staff.goto(f"{demo.web}/console/towers/{TOWER}/")
    staff.locator("#name").fill(STAFF)
    staff.locator("#password").fill(demo.staff_password)
    keep(staff, "console-sign-in")
    press(staff.locator("main"), "Sign in")
    expect(slot(staff, "3A").locator(".slot-name")).to_have_text("Polestar 2")
    keep(staff, "console-before")
    staff.evaluate(FOLLOW)


def slot(staff: Page, name: str) -> Locator:
    return staff.locator(".slot", has=staff.locator("b", has_text=name))


def expect_a_live_picture(staff: Page) -> None:
    expect(slot(staff, "3A")).to_have_attribute("aria-label", "3A: empty")
    seen = staff.evaluate("window.seen")
    assert seen["events"] > 1
    assert len(set(seen["lifts"])) > 1, "the lift stood still in the picture"


def shown(kiosk: Page, screen: str) -> Locator:
    found = kiosk.locator(f"[data-screen={screen}]")
    found.wait_for()  # looks at every frame, where `expect` may look away for a second
    return found


def act(kiosk: Page, name: str) -> None:
    with kiosk.expect_response(f"**/demo/street/{name}") as answered:
        kiosk.locator(f"[data-demo-act={name}]").click()
    assert answered.value.ok, answered.value.text()


def collect(kiosk: Page, demo: Demo, pictures: dict[str, Path], staff: Page) -> None:
    kiosk.goto(demo.towers[TOWER].kiosk_link)
    keep(kiosk, "kiosk-idle")
    kiosk.evaluate(NOTE_THE_WAY)
    press(shown(kiosk, "idle"), "Collect a car")
    shown(kiosk, "collect")
    keep(kiosk, "kiosk-collect")
    expect(shown(kiosk, "verify")).to_contain_text(PERSON.name_en)
    keep(kiosk, "kiosk-verify")
    # The picture is of the lift that moves, where the machine is slow enough for anybody to see it.
    kiosk.locator("[data-screen=bringing] [data-item=load].is-done, [data-screen=presented]").first.wait_for()
    pictures["kiosk"] = keep(kiosk, "kiosk-bringing")
    pictures["console"] = keep(staff.locator(".tower-panel"), "console-tower")
    shown(kiosk, "presented")
    assert len(set(kiosk.evaluate("window.way"))) > 1, "the way stood still"
    keep(kiosk, "kiosk-presented")


def drive_off(kiosk: Page, staff: Page) -> None:
    kiosk.locator(".demo-panel summary").click()
    keep(kiosk, "kiosk-panel")
    act(kiosk, "enter")
    expect(staff.locator(".bay-lines")).to_contain_text("Person in the bay")
    act(kiosk, "drive_out")
    shown(kiosk, "done")


def let_a_day_pass(desk: Page, web: str) -> None:
    desk.goto(f"{web}/demo/")
    keep(desk, "demo-desk")
    press(desk, "+ 1 d")
    expect(desk.get_by_role("heading", level=1)).to_be_visible()


def code_of(phone: Page) -> str:
    return phone.locator(".short-code").inner_text()


def bring_back(kiosk: Page, demo: Demo, code: str, staff: Page) -> None:
    kiosk.goto(demo.towers[TOWER].kiosk_link)
    press(shown(kiosk, "idle"), "Bring a car back")
    screen = shown(kiosk, "bring")
    screen.locator("input").fill(code)
    press(screen, "Continue")
    shown(kiosk, "drive_in")
    kiosk.locator(".demo-panel summary").click()
    keep(kiosk, "kiosk-drive-in")
    expect(staff.locator(".bay-lines .door-line").first).to_have_class("door-line door-line-open")
    for name in ("drive_in", "park", "key", "leave"):
        act(kiosk, name)
    form = shown(kiosk, "declare")
    for box in form.get_by_role("checkbox").all():
        box.check()
    keep(kiosk, "kiosk-declare")
    press(form, "Take the car in")
    shown(kiosk, "storing")
    keep(kiosk, "kiosk-storing")
    shown(kiosk, "returned")
    keep(kiosk, "kiosk-returned")


def expect_chinese(page: Page) -> None:
    page.get_by_role("link", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(page.get_by_role("link", name="English")).to_be_visible()


def buy(phone: Page) -> None:
    expect(phone.locator("#drive")).to_have_attribute("data-state", "returned")
    keep(phone, "phone-returned")
    press(phone, "Buy this car")
    keep(phone, "phone-buy")
    phone.locator("form[data-once] button[type=submit]").click()
    expect(phone.get_by_role("heading", level=1)).to_be_visible()
    expect(phone.locator("#order .verdict")).to_be_visible()
    assert phone.url.endswith("/order/")
    keep(phone, "phone-order")
