"""Reference pictures: what an operator uploads is found at once, and a new encoder is followed."""

import io

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from pytest_django import Settings

from tests.retail.console.world import PASSWORD, STAFF
from tests.retail.helpers import Outside
from tests.retail.scan.conftest import Eye
from tests.retail.scan.photos import GPS, picture, picture_with_position
from tests.retail.scan.test_scan import result_of
from tests.retail.shop.browser import text_of
from vendrive.demo.data import fill_known_cars
from vendrive.demo.known_cars import OtherEncoder, choose_views, load_known_cars, read_label
from vendrive.design.messages import LANGUAGES, say
from vendrive.retail.events.models import AuditRow
from vendrive.retail.scan import references
from vendrive.retail.scan.index import current_index
from vendrive.retail.scan.models import KnownCar, ReferenceView, Scan
from vendrive.retail.scan.references import follow_encoder, put_shipped_views
from vendrive.retail.scan.tasks import wake_encoding
from vendrive.vision.cars import CarProblem

PAGE = "/console/scan/models/ford-edge/"


@pytest.fixture
def staff(shop: None, settings: Settings) -> Client:
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    client = Client()
    client.force_login(User.objects.create_user(STAFF, password=PASSWORD, is_staff=True))
    return client


def upload(staff: Client, *files: bytes, page: str = PAGE) -> str:
    sent = [SimpleUploadedFile(f"{number}.jpg", data, "image/jpeg") for number, data in enumerate(files)]
    return text_of(staff.post(page, {"pictures": sent}))


def test_an_uploaded_view_is_found_at_once(staff: Client, guest: Client, karma: KnownCar) -> None:
    assert 'data-best="ford-edge"' not in result_of(guest, picture(5))
    assert say("en", "console.scan.added", count=2) in upload(staff, picture(5), picture(6))
    assert 'data-best="ford-edge"' in result_of(guest, picture(5))
    assert 'data-best="ford-edge"' in result_of(guest, picture(6))


def test_a_removed_view_is_found_no_more(staff: Client, guest: Client, karma: KnownCar) -> None:
    upload(staff, picture(5))
    view = ReferenceView.objects.get(car__model="ford-edge")
    staff.post(f"{PAGE}{view.id}/remove/")
    assert 'data-best="ford-edge"' not in result_of(guest, picture(5))
    actions = AuditRow.objects.filter(actor=f"staff:{STAFF}", subject=str(view.id)).order_by("id")
    assert [row.action for row in actions] == ["reference_added", "reference_removed"]


def test_each_refused_picture_is_said_and_the_others_are_taken(staff: Client, eye: Eye) -> None:
    page = upload(staff, picture(5), b"no picture", picture(5))
    assert say("en", "console.scan.added", count=1) in page
    assert 'data-error="photo_unreadable"' in page
    assert 'data-error="photo_known"' in page
    eye.problem = CarProblem.several_cars
    assert 'data-error="photo_several_cars"' in upload(staff, picture(6))
    assert ReferenceView.objects.count() == 1


def test_pictures_beyond_ten_are_said_to_be_left_out(staff: Client, eye: Eye) -> None:
    page = upload(staff, *(picture(number) for number in range(20, 32)))
    assert say("en", "console.scan.added", count=10) in page
    assert page.count('data-error="photos_at_once"') == 2
    assert ReferenceView.objects.count() == 10


def test_a_model_has_a_most_of_views(staff: Client, eye: Eye, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "MOST_VIEWS", 1)
    assert 'data-error="photos_enough"' in upload(staff, picture(5), picture(6))


def test_a_reference_is_kept_without_position_and_seen_by_staff_alone(staff: Client, guest: Client, eye: Eye) -> None:
    upload(staff, picture_with_position(5))
    view = ReferenceView.objects.get()
    shown = staff.get(f"/console/scan/views/{view.id}.jpg")
    assert not Image.open(io.BytesIO(shown.content)).getexif().get_ifd(GPS)
    assert guest.get(f"/console/scan/views/{view.id}.jpg").status_code == 302


def test_views_follow_a_new_encoder(staff: Client, guest: Client, edge: KnownCar, eye: Eye) -> None:
    eye.name = "eye-2"
    assert 'data-error="scan_unavailable"' in text_of(
        guest.post("/scan/", {"picture": SimpleUploadedFile("a.jpg", picture(1))})
    )
    wake_encoding(0)
    assert follow_encoder() == 0
    assert 'data-best="ford-edge"' in result_of(guest, picture(1))


def test_the_index_is_read_again_only_when_the_views_change(edge: KnownCar) -> None:
    first = current_index("eye-1", 48)
    assert current_index("eye-1", 48) is first
    put_shipped_views("eye-1", np.eye(1, 48, dtype=np.float32), ["ford-edge"])
    second = current_index("eye-1", 48)
    assert (second is first, len(second)) == (False, 2)
    put_shipped_views("eye-1", np.eye(1, 48, dtype=np.float32), ["ford-edge"])
    assert current_index("eye-1", 48) is second


def test_the_demo_knows_168_cars_by_vectors_of_the_shipped_encoder(shop: None) -> None:
    fill_known_cars()
    assert KnownCar.objects.count() == 168
    assert not ReferenceView.objects.exclude(photo_box=None).exists()
    edge = KnownCar.objects.get(slug="ford-edge-suv-2012")
    assert (edge.make, edge.name, edge.body, edge.year, edge.model_id) == ("Ford", "Edge", "suv", 2012, "ford-edge")


def test_a_file_of_vectors_by_another_encoder_is_refused(shop: None) -> None:
    with pytest.raises(OtherEncoder, match="was made by the encoder"):
        load_known_cars("another-encoder")
    assert not KnownCar.objects.exists()


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Ford Edge SUV 2012", ("ford-edge-suv-2012", "Ford", "Edge", "suv", 2012)),
        ("Land Rover LR2 SUV 2012", ("land-rover-lr2-suv-2012", "Land Rover", "LR2", "suv", 2012)),
        ("BMW 3 Series Wagon 2012", ("bmw-3-series-wagon-2012", "BMW", "3 Series", "estate", 2012)),
        ("Dodge Ram Pickup 3500 Crew Cab 2010", None),
        ("GMC Savana Van 2012", ("gmc-savana-van-2012", "GMC", "Savana Van", "van", 2012)),
    ],
)
def test_a_label_says_make_name_body_and_year(label: str, expected: tuple[object, ...] | None) -> None:
    car = read_label(label)
    assert expected is None or (car.slug, car.make, car.name, car.body, car.year) == expected
    assert car.body in {"suv", "estate", "van", "pickup"}


def test_chosen_views_stand_for_all_of_them() -> None:
    groups = np.repeat(np.eye(3, dtype=np.float32), 5, axis=0)
    chosen = choose_views(groups, 3)
    assert sorted(map(tuple, chosen.tolist())) == sorted(map(tuple, np.eye(3).tolist()))
    assert len(choose_views(groups[:2], 3)) == 2


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_console_shows_recall_confusions_and_thin_models(
    staff: Client, guest: Client, edge: KnownCar, karma: KnownCar, outside: Outside, lang: str
) -> None:
    page = text_of(staff.get("/console/scan/", HTTP_ACCEPT_LANGUAGE=lang))
    assert say(lang, "console.scan.no_picks") in page
    for pick in ("ford-edge", "ford-edge", "fisker-karma"):
        result_of(guest, picture(1))
        guest.post(f"/scan/{Scan.objects.order_by('-at', '-id').filter(picked=None).first().id}/pick/", {"car": pick})  # type: ignore[union-attr]
    guest.post("/scan/", {"picture": SimpleUploadedFile("a.jpg", b"no picture")})
    page = text_of(staff.get("/console/scan/", HTTP_ACCEPT_LANGUAGE=lang))
    assert "67 %" in page
    assert "100 %" in page
    assert 'class="plot"' in page
    assert say(lang, "error.photo_unreadable.what") in page
    assert say(lang, "console.scan.views_of", count=1, few=5) in page
    assert page.count('class="thin-model"') == 12
    assert "Karma" in page


@pytest.mark.parametrize("page", ["/console/scan/", PAGE, "/console/vehicles/SH0003/window/"])
def test_the_pages_are_for_staff(guest: Client, staff: Client, eye: Eye, page: str) -> None:
    assert guest.get(page).status_code == 302
    assert staff.get(page).status_code == 200
    assert staff.get("/console/scan/models/no-such/").status_code == 404
    assert staff.get("/console/vehicles/NO-TAG/window/").status_code == 404


def test_the_window_code_holds_the_address_of_the_car(staff: Client, guest: Client) -> None:
    page = text_of(staff.get("/console/vehicles/SH0003/window/"))
    assert "http://testserver/w/SH0003/" in page
    assert guest.get("/w/SH0003/").status_code == 302
