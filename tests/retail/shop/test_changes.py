"""Pages of what is held, changed and waited for, in both languages, by forms alone."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from tests.retail.helpers import PICKUP, Outside, make_driver
from tests.retail.lending import hand_over, tell
from tests.retail.shop.browser import browser_of, choose, shows, text_of
from tests.retail.shop.test_pages import whole
from vendrive.design.messages import LANGUAGES, say
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.actions import book_drive, cancel_drive, hold_drive
from vendrive.retail.drives.models import Drive, DriveState, WaitPlace, WaitState
from vendrive.retail.drives.programmes import Scope, change_rules
from vendrive.retail.drives.trouble import close_tower
from vendrive.retail.drives.waiting import make_offers
from vendrive.retail.fleet.models import Tower
from vendrive.wire.errors import ErrorCode
from vendrive.wire.journal import ReturnExpected


def test_choosing_a_time_keeps_the_car_and_confirming_books_it(phone: Client, driver: Customer) -> None:
    choose(phone, pickup="", key="")
    assert phone.post("/book/", {"pickup_at": PICKUP.isoformat()})["Location"] == "/book/confirm/"
    held = Drive.objects.get()
    assert held.state == DriveState.held
    page = text_of(phone.get("/book/confirm/"))
    assert "data-countdown" in page
    assert held.terms_id in page
    assert all(line in page for line in held.terms.text_en.splitlines())
    answer = phone.post("/book/confirm/", {"terms": held.terms_id})
    assert answer["Location"] == reverse("shop:drive", args=[held.pk])
    held.refresh_from_db()
    assert held.state == DriveState.booked


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_held_is_confirmed_on_its_own_page_too(phone: Client, driver: Customer, lang: str) -> None:
    held = hold_drive(driver, "volvo-ex30", "yellow", "shanghai", PICKUP, "h", lang)
    page = text_of(phone.get(reverse("shop:drive", args=[held.pk]), HTTP_ACCEPT_LANGUAGE=lang))
    assert whole(page, lang)
    assert say(lang, "terms.once") in page
    accept = reverse("shop:accept", args=[held.pk])
    assert shows(phone.post(accept, {"terms": "another"}), ErrorCode.terms_changed)
    assert phone.post(accept, {"terms": held.terms_id}).status_code == 302
    held.refresh_from_db()
    assert (held.state, held.terms_language) == (DriveState.booked, "en")  # the language of the page that was sent


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("out", [False, True])
def test_what_may_be_changed_has_a_page(phone: Client, drive: Drive, out: bool, lang: str) -> None:
    if out:
        hand_over(drive)
    page = text_of(phone.get(reverse("shop:change", args=[drive.pk]), HTTP_ACCEPT_LANGUAGE=lang))
    assert whole(page, lang)
    offered = {what for what in ("reschedule", "extend", "early", "swap", "elsewhere") if f'value="{what}"' in page}
    assert offered == ({"extend", "early", "swap"} if out else {"reschedule"})


def test_a_booking_is_moved_by_form_in_the_towers_time(phone: Client, drive: Drive) -> None:
    change = reverse("shop:change", args=[drive.pk])
    typed = {"what": "reschedule", "key": "r", "at": "2026-03-02T11:30"}
    assert phone.post(change, typed).status_code == 302
    moved = Drive.objects.get(state=DriveState.booked)
    assert moved.pickup_at == PICKUP + timedelta(hours=2, minutes=15)
    again = reverse("shop:change", args=[moved.pk])
    for wrong in (
        {},
        {"what": "sell"},
        {**typed, "at": "soon"},
        {"what": "reschedule"},
        {**typed, "at": "9999-12-31T23:45"},
    ):
        assert phone.post(again, wrong).status_code in (409, 422)
    assert Drive.objects.filter(state=DriveState.booked).count() == 1


def test_a_lent_car_is_kept_longer_by_form(phone: Client, drive: Drive, outside: Outside) -> None:
    hand_over(drive)
    outside.clock.advance(900)
    wanted = drive.due_at + timedelta(days=1)
    change = reverse("shop:change", args=[drive.pk])
    assert phone.post(change, {"what": "extend", "due_at": wanted.isoformat()}).status_code == 302
    drive.refresh_from_db()
    assert drive.due_at == wanted
    refused = phone.post(change, {"what": "extend", "due_at": (wanted + timedelta(days=9)).isoformat()})
    assert shows(refused, ErrorCode.not_extendable)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_lent_car_is_brought_to_another_tower_by_form(
    phone: Client, driver: Customer, outside: Outside, lang: str
) -> None:
    """Only towers with a station are offered; the page says how far the towers are, and follows them."""
    change_rules("demo-staff", "test-drive", Scope(), {"return_elsewhere": True})
    drive = hand_over(book_drive(driver, "volvo-ex30", "yellow", "shanghai", PICKUP, "k"))
    outside.clock.advance(900)
    change, shown = (reverse(f"shop:{name}", args=[drive.pk]) for name in ("change", "drive"))
    assert 'value="elsewhere"' not in text_of(phone.get(change))
    Tower.objects.filter(pk="nanjing").update(signing_key="enrolled", slots=20)
    page = text_of(phone.get(change, HTTP_ACCEPT_LANGUAGE=lang))
    assert whole(page, lang)
    assert 'value="nanjing"' in page
    assert phone.post(change, {"what": "elsewhere", "tower": "nanjing"})["Location"] == shown
    page = text_of(phone.get(shown, HTTP_ACCEPT_LANGUAGE=lang))
    assert whole(page, lang)
    assert say(lang, "shop.change.told") in page
    now = re.search(r'hx-get="([^"]*)"', page)
    assert now is not None
    assert phone.get(now[1]).status_code == 204
    expected = ReturnExpected(drive_id=str(drive.pk), revision=2, vehicle_id=str(drive.vehicle_id))
    tell("nanjing", outside.clock.now(), expected)
    later = phone.get(now[1], HTTP_ACCEPT_LANGUAGE=lang)
    assert later.status_code == 200
    assert say(lang, "shop.change.told") not in text_of(later)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_queue_is_joined_seen_and_left(phone: Client, driver: Customer, lang: str) -> None:
    lent = book_drive(make_driver(2), "volvo-ex30", "yellow", "shanghai", PICKUP + timedelta(hours=2), "k")
    page = text_of(phone.get("/book/?model=volvo-ex30&paint=yellow&tower=shanghai", HTTP_ACCEPT_LANGUAGE=lang))
    assert whole(page, lang)
    joined = phone.post("/queue/join/", {"colour": "this", "from": "2026-03-02", "until": "2026-03-03"})
    assert joined["Location"] == "/drives/"
    place = WaitPlace.objects.get()
    assert place.paint is not None
    page = text_of(phone.get("/drives/", HTTP_ACCEPT_LANGUAGE=lang))
    assert whole(page, lang)
    assert say(lang, "shop.queue.first") in page
    cancel_drive(lent.customer, lent.pk)
    assert make_offers() == 1
    page = text_of(phone.get("/drives/", HTTP_ACCEPT_LANGUAGE=lang))
    place.refresh_from_db()
    assert reverse("shop:drive", args=[place.offer_id]) in page
    assert phone.post(reverse("shop:leave_queue", args=[place.pk])).status_code == 302
    place.refresh_from_db()
    assert place.state == WaitState.left
    assert shows(phone.post(reverse("shop:leave_queue", args=[place.pk])), ErrorCode.not_in_queue)
    assert phone.post("/queue/join/", {"colour": "this", "from": "soon"}).status_code == 404


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_calendar_says_why_a_day_is_not_free(phone: Client, driver: Customer, lang: str) -> None:
    book_drive(make_driver(2), "volvo-ex30", "yellow", "shanghai", PICKUP + timedelta(days=1), "k")
    tower = Tower.objects.get(pk="shanghai")
    close_tower("demo-staff", tower, PICKUP + timedelta(days=7), PICKUP + timedelta(days=9), "a lift is broken")
    page = text_of(phone.get("/book/?model=volvo-ex30&paint=yellow&tower=shanghai", HTTP_ACCEPT_LANGUAGE=lang))
    for why in ("vehicle_taken", "tower_closed"):
        assert say(lang, f"shop.calendar.why.{why}") in page


def test_somebody_elses_drive_is_neither_changed_nor_confirmed(phone: Client, shop: None) -> None:
    other = make_driver(2)
    held = hold_drive(other, "volvo-ex30", "yellow", "shanghai", PICKUP, "h")
    for name in ("accept", "change"):
        answer = phone.post(reverse(f"shop:{name}", args=[held.pk]), {"terms": held.terms_id})
        assert shows(answer, ErrorCode.drive_not_found)
    held.refresh_from_db()
    assert held.state == DriveState.held
    assert browser_of(other).get(reverse("shop:drive", args=[held.pk])).status_code == 200
