"""Every page, in both languages, whole and under the strict policy; and who may see it."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests.retail.helpers import make_driver
from tests.retail.shop.browser import browser_of, choose, put_in_state, text_of
from vendrive.design.messages import LANGUAGES, say
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.models import Drive, DriveState
from vendrive.retail.sales.actions import buy_vehicle

OPEN_PAGES = ("/", "/?brand=volvo&body=suv", "/?brand=byd&body=coupe", "/cars/volvo-ex30/?paint=sky", "/sign-in/")
OWN_PAGES = (
    "/book/?model=volvo-ex30&paint=yellow",
    "/book/?model=volvo-ex30&paint=yellow&tower=nanjing",
    "/book/?model=volvo-ex30&latitude=32.06&longitude=118.79&day=2026-03-05",
    "/book/?model=volvo-ex30&city=nanjing",
    "/book/confirm/",
    "/introduce/",
    "/introduce/recognise/",
    "/eligible/",
    "/drives/",
    "/account/",
)
DRIVE_PAGES = ("drive", "cancel", "buy", "order", "drive_now")
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|\son[a-z]+=|\sstyle=|<style")


def whole(page: str, lang: str) -> bool:
    return f'<html lang="{"zh-Hans" if lang == "zh" else "en"}">' in page and INLINE.search(page) is None


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("path", OPEN_PAGES)
def test_anybody_sees_the_cars_and_the_sign_in(guest: Client, path: str, lang: str) -> None:
    answer = guest.get(path, HTTP_ACCEPT_LANGUAGE=lang)
    assert answer.status_code == 200
    assert whole(text_of(answer), lang)
    assert "default-src 'none'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("path", OWN_PAGES)
def test_a_customer_sees_their_pages(phone: Client, path: str, lang: str) -> None:
    choose(phone)
    answer = phone.get(path, HTTP_ACCEPT_LANGUAGE=lang)
    assert answer.status_code == 200
    assert whole(text_of(answer), lang)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("state", list(DriveState))
def test_a_drive_has_a_page_in_every_state(phone: Client, drive: Drive, state: DriveState, lang: str) -> None:
    put_in_state(drive, state)
    page = text_of(phone.get(reverse("shop:drive", args=[drive.id]), HTTP_ACCEPT_LANGUAGE=lang))
    assert whole(page, lang)
    assert say(lang, f"shop.state.{state}") in page
    live = state in (DriveState.booked, DriveState.ready, DriveState.out)
    assert ("data-pass" in page) == live
    assert ("hx-trigger" in page) == (live or state == DriveState.held)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_buying_and_the_order_have_pages(phone: Client, driver: Customer, drive: Drive, lang: str) -> None:
    put_in_state(drive, DriveState.returned)
    buy = phone.get(reverse("shop:buy", args=[drive.id]), HTTP_ACCEPT_LANGUAGE=lang)
    assert whole(text_of(buy), lang)
    assert say(lang, "shop.model.demo_price") in text_of(buy)
    buy_vehicle(driver, drive.id, "b1")
    order = phone.get(reverse("shop:order", args=[drive.id]), HTTP_ACCEPT_LANGUAGE=lang)
    assert order.status_code == 200
    assert whole(text_of(order), lang)


@pytest.mark.parametrize("path", OWN_PAGES)
def test_nothing_but_the_cars_is_visible_without_signing_in(guest: Client, path: str) -> None:
    answer = guest.get(path)
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/")
    assert guest.session["next"] == path


@pytest.mark.parametrize("name", DRIVE_PAGES)
def test_a_drive_of_somebody_else_does_not_exist(drive: Drive, name: str) -> None:
    stranger = browser_of(make_driver(2))
    path = reverse(f"shop:{name}", args=[drive.id])
    answer = stranger.post(path) if name == "cancel" else stranger.get(path)
    assert answer.status_code == 404
    assert drive.short_code not in text_of(answer)
    assert stranger.post(reverse("shop:buy", args=[drive.id]), {"key": "x"}).status_code == 404
    drive.refresh_from_db()
    assert drive.state == DriveState.booked


@pytest.mark.parametrize("name", DRIVE_PAGES)
def test_a_drive_needs_its_owner_signed_in(guest: Client, drive: Drive, name: str) -> None:
    assert guest.get(reverse(f"shop:{name}", args=[drive.id])).status_code == 302


def test_a_part_of_a_page_is_not_replaced_by_a_sign_in_form(guest: Client, drive: Drive) -> None:
    answer = guest.get(reverse("shop:drive_now", args=[drive.id]), HTTP_HX_REQUEST="true")
    assert (answer.status_code, answer.content) == (401, b"")


def test_the_drive_is_sent_again_only_where_something_changed(phone: Client, drive: Drive) -> None:
    page = text_of(phone.get(reverse("shop:drive", args=[drive.id])))
    found = re.search(r'hx-get="([^"]+)"', page)
    assert found is not None
    assert phone.get(found.group(1)).status_code == 204
    put_in_state(drive, DriveState.ready)
    changed = phone.get(found.group(1))
    assert changed.status_code == 200
    assert say("en", "shop.drive.ready") in text_of(changed)
    assert "<html" not in text_of(changed)


def test_the_language_of_the_link_is_kept(guest: Client) -> None:
    assert whole(text_of(guest.get("/?lang=zh")), "zh")
    assert whole(text_of(guest.get("/sign-in/", HTTP_ACCEPT_LANGUAGE="en")), "zh")
    assert whole(text_of(guest.get("/?lang=en")), "en")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("path", ["/nowhere/", "/cars/nothing/", "/drives/nobody/"])
def test_a_missing_page_says_what_to_do(guest: Client, path: str, lang: str) -> None:
    answer = guest.get(path, HTTP_ACCEPT_LANGUAGE=lang)
    assert answer.status_code == 404
    assert whole(text_of(answer), lang)
    assert say(lang, "shop.problem.missing_next") in text_of(answer)


def test_the_demo_shows_the_same_pages_where_something_is_wrong(guest: Client, settings: Settings) -> None:
    settings.ROOT_URLCONF = "vendrive.demo.urls"
    assert say("en", "shop.problem.missing_next") in text_of(guest.get("/nowhere/"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_failure_has_a_page(guest: Client, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a failure for this test")

    monkeypatch.setattr("vendrive.retail.shop.views.catalogue.list_models", fail)
    answer = guest.get("/", HTTP_ACCEPT_LANGUAGE=lang)
    assert answer.status_code == 500
    assert whole(text_of(answer), lang)
    assert say(lang, "shop.problem.failed_next") in text_of(answer)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_request_for_a_strange_host_has_a_page(guest: Client, lang: str) -> None:
    answer = guest.get("/", HTTP_HOST="evil.example", HTTP_ACCEPT_LANGUAGE=lang)
    assert answer.status_code == 400
    assert whole(text_of(answer), lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_form_without_its_token_does_nothing(driver: Customer, drive: Drive, lang: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = browser_of(driver).cookies
    answer = strict.post(reverse("shop:cancel", args=[drive.id]), HTTP_ACCEPT_LANGUAGE=lang)
    assert answer.status_code == 403
    assert say(lang, "shop.problem.stale_next") in text_of(answer)
    drive.refresh_from_db()
    assert drive.state == DriveState.booked


@pytest.mark.parametrize("name", ["consent", "face", "pin", "revoke", "replace_pin"])
def test_coming_back_to_the_address_of_a_form_shows_its_page(phone: Client, name: str) -> None:
    answer = phone.get(reverse(f"shop:{name}") + "?lang=zh")
    assert answer.status_code == 302
    assert answer["Location"].endswith("?lang=zh")
