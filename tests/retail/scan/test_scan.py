"""A photo, what it leads to, and every way in which a photo can be wrong."""

import io
from collections.abc import Mapping
from uuid import uuid4

import pytest
import segno
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from PIL import Image
from pytest_django import Settings

from tests.retail.helpers import Outside
from tests.retail.scan.conftest import Eye
from tests.retail.scan.photos import bomb, drawing, jpeg, picture, turned
from tests.retail.shop.browser import shows, text_of
from vendrive.design.messages import LANGUAGES, say
from vendrive.retail.events.models import AuditRow
from vendrive.retail.fleet.models import Vehicle, VehicleState
from vendrive.retail.scan import actions, recognition
from vendrive.retail.scan.models import KeptPhoto, KnownCar, Outcome, Scan
from vendrive.retail.scan.queries import offered_cars
from vendrive.vision.cars import CarProblem
from vendrive.vision.paint import PaintName
from vendrive.wire.errors import ErrorCode


def send(client: Client, data: bytes, **more: str) -> HttpResponse:
    file = SimpleUploadedFile("car.jpg", data, "image/jpeg")
    answer: HttpResponse = client.post("/scan/", {"picture": file, **more})  # type: ignore[assignment]
    return answer


def result_of(client: Client, data: bytes, lang: str = "en") -> str:
    answer = send(client, data)
    assert answer.status_code == 302, text_of(answer)
    return text_of(client.get(answer["Location"], HTTP_ACCEPT_LANGUAGE=lang))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_photo_finds_the_car_and_one_tap_leads_to_it_in_the_colour_that_was_seen(
    guest: Client, edge: KnownCar, eye: Eye, lang: str
) -> None:
    eye.paint = PaintName.blue
    page = result_of(guest, picture(1), lang)
    assert 'data-best="ford-edge"' in page
    assert say(lang, "paint.blue") in page
    scan = Scan.objects.get()
    answer = guest.post(f"/scan/{scan.id}/pick/", {"car": "ford-edge"})
    assert answer["Location"] == "/cars/ford-edge/?paint=blue"
    assert Scan.objects.get().picked == edge


def test_a_car_that_no_tower_has_is_named_and_the_nearest_that_can_be_driven_is_offered(
    guest: Client, edge: KnownCar, karma: KnownCar
) -> None:
    page = result_of(guest, picture(2))
    assert 'data-best="fisker-karma"' in page
    assert say("en", "scan.result.not_yet") in page
    assert say("en", "scan.result.instead") in page
    assert "/cars/byd-han/" in page  # a sedan, as the Karma is
    answer = guest.post(f"/scan/{Scan.objects.get().id}/pick/", {"car": "fisker-karma"}, follow=True)
    assert say("en", "scan.car.not_yet") in text_of(answer)


def test_a_car_that_is_like_none_is_said_to_be_unknown(guest: Client, edge: KnownCar) -> None:
    page = result_of(guest, picture(7))
    assert say("en", "scan.result.title_unknown") in page
    assert "SUV, Ford" in page
    assert Scan.objects.get().outcome == Outcome.unknown


def test_a_near_tie_goes_to_the_car_that_a_tower_has(guest: Client, edge: KnownCar, karma: KnownCar) -> None:
    Vehicle.objects.filter(model_id="ford-edge").update(state=VehicleState.sold)
    assert offered_cars() == set()
    page = result_of(guest, picture(1))
    assert "/cars/ford-edge/" not in page
    assert say("en", "scan.result.in_catalogue") in page


NO_PHOTOS = (
    (b"no picture at all", ErrorCode.photo_unreadable),
    (b"\xff\xd8\xff\xe0 broken", ErrorCode.photo_unreadable),
    (bomb(), ErrorCode.photo_too_large),
    (picture(1, (40, 40)), ErrorCode.photo_too_small),
    (b"x" * (15 * 1024 * 1024 + 1), ErrorCode.photo_too_large),
    (b"", ErrorCode.photo_missing),
)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_no_photo_gets_its_sentence(guest: Client, edge: KnownCar, lang: str) -> None:
    for data, code in NO_PHOTOS:
        file = SimpleUploadedFile("car.jpg", data, "image/jpeg")
        answer = guest.post("/scan/", {"picture": file}, HTTP_ACCEPT_LANGUAGE=lang)
        assert answer.status_code == 409
        assert shows(answer, code, lang), data[:40]
    assert not Scan.objects.exclude(outcome=Outcome.refused).exists()


REFUSED = {
    CarProblem.not_a_car: ErrorCode.photo_no_car,
    CarProblem.too_dark: ErrorCode.photo_too_dark,
    CarProblem.too_blurred: ErrorCode.photo_blurred,
    CarProblem.too_small: ErrorCode.photo_too_small,
}


def test_a_photo_in_which_nothing_is_found_says_why(guest: Client, edge: KnownCar, eye: Eye) -> None:
    for problem, code in REFUSED.items():
        eye.problem, eye.likelihood = problem, 0.0 if problem is CarProblem.not_a_car else 1.0
        assert shows(send(guest, picture(7)), code)
        assert Scan.objects.latest("at", "id").outcome == Outcome.refused
    assert set(Scan.objects.values_list("problem", flat=True)) == set(REFUSED.values())


def test_where_no_car_is_seen_for_want_of_light_it_is_the_light_that_is_told(
    guest: Client, edge: KnownCar, eye: Eye
) -> None:
    eye.likelihood = 0.0
    for problem, code in REFUSED.items():
        eye.problem = problem
        assert shows(send(guest, picture(1)), code)
    assert not Scan.objects.exclude(outcome=Outcome.refused).exists()


def test_a_find_in_a_poor_photo_is_shown_with_a_word_about_it(guest: Client, edge: KnownCar, eye: Eye) -> None:
    for problem, code in ((CarProblem.several_cars, "photo_several_cars"), (CarProblem.too_dark, "photo_too_dark")):
        eye.problem = problem
        page = result_of(guest, picture(1))
        assert 'data-best="ford-edge"' in page
        assert say("en", f"error.{code}.what") in page


def test_a_photo_that_lies_on_its_side_is_turned_upright(guest: Client, edge: KnownCar) -> None:
    assert 'data-best="ford-edge"' in result_of(guest, turned(1))


def test_a_heic_photo_is_read(guest: Client, edge: KnownCar) -> None:
    out = io.BytesIO()
    drawing(1).save(out, "HEIF", quality=80)
    assert 'data-best="ford-edge"' in result_of(guest, out.getvalue())


def test_the_code_on_a_cars_window_leads_to_it(guest: Client, edge: KnownCar) -> None:
    png = io.BytesIO()
    segno.make("https://shop.example/w/SH0003/", error="q", micro=False).save(png, kind="png", scale=6, border=4)
    photo = Image.new("RGB", (800, 600), "#607080")
    photo.paste(Image.open(png).convert("RGB"), (250, 150))
    vehicle = Vehicle.objects.get(tag="SH0003")
    there = f"/cars/{vehicle.model_id}/?paint={vehicle.paint.slug}&tower=shanghai"
    assert send(guest, jpeg(photo))["Location"] == there
    assert guest.get("/w/SH0003/")["Location"] == there
    assert guest.get("/w/NOBODY/").status_code == 404
    page = text_of(guest.get(there))
    assert '<input type="hidden" name="tower" value="shanghai">' in page


def test_nobody_sees_or_answers_the_scan_of_another(guest: Client, edge: KnownCar) -> None:
    result_of(guest, picture(1))
    scan, other = Scan.objects.get(), Client()
    assert other.get(f"/scan/{scan.id}/").status_code == 404
    assert other.post(f"/scan/{scan.id}/pick/", {"car": "ford-edge"}).status_code == 404
    assert guest.post(f"/scan/{scan.id}/pick/", {"car": "volvo-ex30"}).status_code == 404
    assert guest.get(f"/scan/{uuid4()}/").status_code == 404
    assert Scan.objects.get().picked is None


def test_none_of_these_is_an_answer_too(guest: Client, edge: KnownCar) -> None:
    result_of(guest, picture(1))
    scan = Scan.objects.get()
    page = text_of(guest.post(f"/scan/{scan.id}/pick/", follow=True))
    assert say("en", "scan.result.none_thanks") in page
    assert Scan.objects.get().none_of_these


def test_a_guests_photo_is_not_kept(guest: Client, edge: KnownCar) -> None:
    send(guest, picture(1), keep="yes")
    assert not KeptPhoto.objects.exists()
    assert not AuditRow.objects.filter(details__has_key="photo").exists()


def test_tries_from_one_address_have_a_limit_that_passes(
    guest: Client, edge: KnownCar, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "TRIES_PER_ADDRESS", 2)
    assert [send(guest, picture(1)).status_code for _ in range(3)] == [302, 302, 429]
    assert Scan.objects.count() == 2
    outside.clock.advance(actions.WINDOW.total_seconds() + 1)
    assert send(guest, picture(1)).status_code == 302


def test_a_request_that_declares_too_much_is_refused_unread(guest: Client, edge: KnownCar) -> None:
    # Only the length is sent: whoever reads the body finds less than it declares.
    answer = guest.generic("POST", "/scan/", b"", CONTENT_LENGTH="17000000")
    assert answer.status_code == 413
    assert answer.json()["code"] == "photo_too_large"
    page = guest.generic("POST", "/scan/", b"", CONTENT_LENGTH="17000000", HTTP_ACCEPT="text/html")
    assert shows(page, ErrorCode.photo_too_large)


def test_a_scan_makes_an_event_without_photo_or_person(guest: Client, edge: KnownCar) -> None:
    result_of(guest, picture(1))
    guest.post(f"/scan/{Scan.objects.get().id}/pick/", {"car": "ford-edge"})
    made, picked = AuditRow.objects.filter(actor="shop").order_by("id")
    scan = Scan.objects.get()
    assert (made.actor, made.action, made.subject) == ("shop", "car_scanned", str(scan.id))
    assert (made.details["car"], made.details["offered"]) == ("ford-edge", True)
    assert (picked.action, picked.details["place"]) == ("scan_picked", 1)
    allowed: Mapping[str, set[str]] = {
        "car_scanned": {"outcome", "problem", "car", "offered", "paint"},
        "scan_picked": {"car", "place"},
    }
    assert all(set(event.details) == allowed[event.action] for event in (made, picked))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_a_model_the_page_says_so_and_nothing_breaks(guest: Client, settings: Settings, lang: str) -> None:
    settings.VENDRIVE_CAR_MODEL = None
    assert say(lang, "scan.unavailable") in text_of(guest.get("/scan/", HTTP_ACCEPT_LANGUAGE=lang))
    assert shows(send(guest, picture(1)), ErrorCode.scan_unavailable)
    assert say(lang, "scan.invite") not in text_of(guest.get("/", HTTP_ACCEPT_LANGUAGE=lang))


def test_a_folder_without_a_model_is_said_and_does_not_crash(
    guest: Client, settings: Settings, tmp_path: object
) -> None:
    settings.VENDRIVE_CAR_MODEL = tmp_path
    assert say("en", "scan.unavailable") in text_of(guest.get("/scan/"))
    assert shows(send(guest, picture(1)), ErrorCode.scan_unavailable)


def test_when_all_places_are_taken_the_next_is_told_to_try_again(
    guest: Client, edge: KnownCar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognition, "WAIT_S", 0.01)
    with recognition.slot(), recognition.slot():
        assert shows(send(guest, picture(1)), ErrorCode.busy_try_again)
    assert send(guest, picture(1)).status_code == 302
