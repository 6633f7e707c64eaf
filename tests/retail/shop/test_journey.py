"""The journey by form and link, as a phone without scripts walks it; and each refusal, which changes nothing."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.retail.helpers import PICKUP, PIN, Outside, code_sent_to, make_driver, phone_of, sign_in
from tests.retail.shop.browser import browser_of, choose, put_in_session, put_in_state, shows, text_of
from vendrive.retail.customers.actions import give_face_consent
from vendrive.retail.customers.models import Customer, FaceConsent, FaceEnrolment, Person, SignInCode
from vendrive.retail.customers.queries import get_profile
from vendrive.retail.drives.actions import book_drive
from vendrive.retail.drives.models import Drive, DriveState
from vendrive.retail.ports import Payment, Verdict
from vendrive.retail.sales.models import SalesOrder
from vendrive.wire.errors import ErrorCode

TYPED = {
    "name": "Demo person 3",
    "document_kind": "passport",
    "document": "E00000003",
    "birth_date": "1990-01-01",
    "licence_class": "C1",
    "licence_expiry": "2030-01-01",
}
REFUSED_INTRODUCTIONS = [
    ({"name": " "}, ErrorCode.name_missing),
    ({"document": "!"}, ErrorCode.passport_invalid),
    ({"birth_date": ""}, ErrorCode.passport_invalid),
    ({"document_kind": "identity_card", "document": "11010119900101001"}, ErrorCode.identity_number_invalid),
    ({"birth_date": "2026-03-02"}, ErrorCode.too_young),
    ({"licence_class": "D"}, ErrorCode.licence_class_not_allowed),
    ({"licence_expiry": "2026-03-01"}, ErrorCode.licence_expired),
    ({"licence_expiry": "soon"}, ErrorCode.licence_expired),
]


def test_from_a_car_to_a_booked_drive(guest: Client) -> None:
    assert guest.get("/book/?model=volvo-ex30&paint=yellow")["Location"] == "/sign-in/"
    guest.post("/sign-in/", {"phone": phone_of(3)})
    back = guest.post("/sign-in/code/", {"code": code_sent_to(phone_of(3))})
    assert back["Location"] == "/book/?model=volvo-ex30&paint=yellow"
    page = text_of(guest.get(back["Location"]))
    assert f'value="{PICKUP.isoformat()}"' in page
    assert guest.post("/book/", {"pickup_at": PICKUP.isoformat()})["Location"] == "/book/confirm/"
    missing = guest.get("/book/confirm/")
    assert shows(missing, ErrorCode.profile_incomplete)
    assert guest.post("/introduce/", TYPED)["Location"] == "/introduce/recognise/"
    assert guest.post("/introduce/pin/", {"pin": PIN})["Location"] == "/eligible/"
    assert 'href="/book/confirm/"' in text_of(guest.get("/eligible/"))
    booked = guest.post("/book/confirm/")
    drive = Drive.objects.get()
    assert booked["Location"] == reverse("shop:drive", args=[drive.id])
    assert (drive.model.slug, drive.tower.slug, drive.pickup_at) == ("volvo-ex30", "shanghai", PICKUP)
    assert drive.short_code[:4] in text_of(guest.get(booked["Location"]))
    assert "choice" not in guest.session


def test_the_session_holds_no_phone_number_in_clear(guest: Client) -> None:
    guest.post("/sign-in/", {"phone": phone_of(3)})
    assert phone_of(3) in text_of(guest.get("/sign-in/code/"))
    assert phone_of(3) not in str(dict(guest.session))


def test_a_wrong_phone_number_is_explained_at_its_field(guest: Client) -> None:
    answer = guest.post("/sign-in/", {"phone": "12"})
    assert answer.status_code == 409
    assert shows(answer, ErrorCode.phone_invalid)
    assert 'aria-invalid="true"' in text_of(answer)
    assert not SignInCode.objects.exists()


def test_a_wrong_code_signs_nobody_in(guest: Client) -> None:
    guest.post("/sign-in/", {"phone": phone_of(3)})
    wrong = "000000" if code_sent_to(phone_of(3)) != "000000" else "111111"
    assert shows(guest.post("/sign-in/code/", {"code": wrong}), ErrorCode.code_wrong)
    assert "customer" not in guest.session
    assert not Customer.objects.exists()


def test_signing_out_forgets_everything(phone: Client) -> None:
    choose(phone)
    phone.post("/sign-out/")
    assert phone.get("/account/")["Location"] == "/sign-in/"
    assert "choice" not in phone.session


@pytest.mark.parametrize(("change", "code"), REFUSED_INTRODUCTIONS, ids=lambda value: str(value))
def test_a_refused_introduction_stores_nothing(shop: None, change: dict[str, str], code: ErrorCode) -> None:
    phone = browser_of(sign_in(3))
    answer = phone.post("/introduce/", {**TYPED, **change})
    assert answer.status_code == 409
    assert shows(answer, code)
    assert 'aria-invalid="true"' in text_of(answer)
    assert not Person.objects.exists()


def test_the_consent_is_a_tick_of_its_own_and_not_ticked_before(phone: Client) -> None:
    box = re.search(r"<input[^>]*name=\"consent\"[^>]*>", text_of(phone.get("/introduce/recognise/")))
    assert box is not None
    assert "checked" not in box.group()
    assert shows(phone.post("/introduce/consent/"), ErrorCode.consent_missing)
    assert not FaceConsent.objects.exists()
    assert phone.post("/introduce/consent/", {"consent": "yes"}).status_code == 302
    assert FaceConsent.objects.filter(revoked_at=None).count() == 1


def test_no_picture_is_taken_without_consent(phone: Client) -> None:
    picture = SimpleUploadedFile("selfie.jpg", b"x", "image/jpeg")
    assert shows(phone.post("/introduce/face/", {"picture": picture}), ErrorCode.consent_missing)
    assert not FaceEnrolment.objects.exists()


@pytest.mark.parametrize("picture", [b"not a picture", b"", None])
def test_an_unreadable_picture_is_refused(phone: Client, driver: Customer, picture: bytes | None) -> None:
    give_face_consent(driver)
    sent = {} if picture is None else {"picture": SimpleUploadedFile("selfie.jpg", picture, "image/jpeg")}
    assert shows(phone.post("/introduce/face/", sent), ErrorCode.picture_unreadable)
    assert not FaceEnrolment.objects.exists()


@pytest.mark.parametrize("path", ["/introduce/pin/", "/account/pin/"])
def test_a_simple_pin_changes_nothing(phone: Client, driver: Customer, path: str) -> None:
    before = Person.objects.get().pin
    assert shows(phone.post(path, {"pin": "123456"}), ErrorCode.pin_too_simple)
    assert Person.objects.get().pin == before


def test_the_pin_is_replaced(phone: Client) -> None:
    before = Person.objects.get().pin
    assert phone.post("/account/pin/", {"pin": "730164"})["Location"] == "/account/"
    assert Person.objects.get().pin != before


def test_taking_the_consent_back_ends_it(phone: Client, driver: Customer) -> None:
    give_face_consent(driver)
    phone.post("/account/revoke/")
    profile = get_profile(driver)
    assert profile is not None
    assert not profile.consent
    assert not profile.face


def test_every_reason_against_is_named_at_once(phone: Client, outside: Outside) -> None:
    outside.credit = outside.member = Verdict.no
    page = phone.get("/eligible/")
    assert shows(page, ErrorCode.credit_too_low)
    assert shows(page, ErrorCode.not_member)


def test_an_unproved_document_can_be_asked_about_again(phone: Client, outside: Outside) -> None:
    outside.proof = Verdict.unknown
    phone.post("/eligible/")
    assert shows(phone.get("/eligible/"), ErrorCode.identity_unknown)
    outside.proof = Verdict.yes
    phone.post("/eligible/")
    assert not shows(phone.get("/eligible/"), ErrorCode.identity_unknown)


def test_a_vehicle_that_was_taken_is_not_booked_twice(phone: Client) -> None:
    book_drive(make_driver(2), "volvo-ex30", "yellow", "shanghai", PICKUP + timedelta(hours=1), "k2")
    choose(phone)
    answer = phone.post("/book/confirm/")
    assert answer.status_code == 409
    assert shows(answer, ErrorCode.vehicle_taken)
    assert Drive.objects.count() == 1
    assert "choice" in phone.session


def test_a_time_that_has_passed_is_not_booked(phone: Client, outside: Outside) -> None:
    choose(phone)
    outside.clock.advance(3600)
    assert shows(phone.post("/book/confirm/"), ErrorCode.pickup_in_past)
    assert not Drive.objects.exists()


def test_sending_the_booking_twice_books_once(phone: Client) -> None:
    choose(phone)
    first = phone.post("/book/confirm/")
    choose(phone)
    assert phone.post("/book/confirm/")["Location"] == first["Location"]
    assert Drive.objects.count() == 1


def test_a_time_must_be_a_time(phone: Client) -> None:
    put_in_session(phone, "choice", {"model": "volvo-ex30"})
    assert phone.post("/book/", {"pickup_at": "noon"}).status_code == 404
    assert phone.session["choice"] == {"model": "volvo-ex30"}


def test_taken_times_cannot_be_chosen_and_past_ones_are_counted(phone: Client) -> None:
    book_drive(make_driver(2), "polestar-2", "white", "shanghai", PICKUP, "k")
    page = text_of(phone.get("/book/?model=volvo-ex30&paint=yellow&tower=shanghai&day=2026-03-02"))
    taken = re.search(rf'<input[^>]*value="{re.escape(PICKUP.isoformat())}"[^>]*>', page)
    assert taken is not None
    assert "disabled" in taken.group()
    assert "13 are over" in page  # 06:00 to 09:00


def test_towers_stand_in_the_order_of_their_distance(phone: Client) -> None:
    page = text_of(phone.get("/book/?model=volvo-ex30&latitude=32.06&longitude=118.79"))
    tower_names = re.findall(r"<strong>(Vendrive \w+)</strong>", page)
    assert tower_names == ["Vendrive Nanjing", "Vendrive Shanghai"]


def test_a_drive_is_cancelled_until_it_is_collected(phone: Client, drive: Drive) -> None:
    cancel = reverse("shop:cancel", args=[drive.id])
    assert phone.post(cancel).status_code == 302
    drive.refresh_from_db()
    assert drive.state == DriveState.cancelled
    put_in_state(drive, DriveState.out)
    assert shows(phone.post(cancel), ErrorCode.drive_not_open)
    drive.refresh_from_db()
    assert drive.state == DriveState.out


def test_the_page_of_drives_says_how_many_are_left(phone: Client, drive: Drive) -> None:
    assert "4 of 5 drives left" in text_of(phone.get("/drives/"))
    put_in_state(drive, DriveState.cancelled)
    assert "5 of 5 drives left" in text_of(phone.get("/drives/"))


def test_the_car_is_bought_with_ten_percent_down(phone: Client, drive: Drive) -> None:
    put_in_state(drive, DriveState.returned)
    answer = phone.post(reverse("shop:buy", args=[drive.id]), {"key": "b1"})
    assert answer["Location"] == reverse("shop:order", args=[drive.id])
    order = SalesOrder.objects.get()
    assert order.down_payment_minor * 10 == order.price_minor
    assert reverse("shop:order", args=[drive.id]) in text_of(phone.get(reverse("shop:drive", args=[drive.id])))


def test_a_declined_payment_is_said(phone: Client, drive: Drive, outside: Outside) -> None:
    put_in_state(drive, DriveState.returned)
    outside.payment = Payment.declined
    assert shows(phone.post(reverse("shop:buy", args=[drive.id]), {"key": "b1"}), ErrorCode.payment_declined)
    assert not SalesOrder.objects.filter(state="placed").exists()


def test_an_unknown_payment_is_waited_for(phone: Client, drive: Drive, outside: Outside) -> None:
    put_in_state(drive, DriveState.returned)
    outside.payment = Payment.unknown
    phone.post(reverse("shop:buy", args=[drive.id]), {"key": "b1"})
    assert shows(phone.get(reverse("shop:order", args=[drive.id])), ErrorCode.payment_unknown)


def test_a_car_that_is_out_is_not_sold(phone: Client, drive: Drive) -> None:
    put_in_state(drive, DriveState.out)
    assert shows(phone.get(reverse("shop:buy", args=[drive.id])), ErrorCode.drive_not_open)
    assert shows(phone.post(reverse("shop:buy", args=[drive.id]), {"key": "b1"}), ErrorCode.drive_not_open)
    assert not SalesOrder.objects.exists()
