"""What is kept of a photo, for whom, and that it goes."""

import io
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.management import CommandError, call_command
from django.http import HttpRequest
from django.test import Client
from PIL import Image

from tests.retail.helpers import Outside, make_driver
from tests.retail.scan.conftest import Eye
from tests.retail.scan.photos import GPS, jpeg, picture, picture_with_position, plate_on
from tests.retail.scan.test_scan import send
from tests.retail.shop.browser import browser_of, text_of
from vendrive.design.messages import LANGUAGES, say
from vendrive.retail.customers.models import Customer
from vendrive.retail.events.models import AuditRow
from vendrive.retail.keys import CannotOpen
from vendrive.retail.scan import actions
from vendrive.retail.scan.actions import PHOTOS_KEPT, forget_old, give_photo_consent, revoke_photo_consent
from vendrive.retail.scan.export import Labelled, _write
from vendrive.retail.scan.models import KeptPhoto, KnownCar, ReferenceView, Scan, ScanTry
from vendrive.retail.scan.photos import keepsake
from vendrive.retail.scan.references import add_views
from vendrive.retail.scan.tasks import wake_forgetting
from vendrive.retail.shop.views import scan as views
from vendrive.vision.photos import Box, Photo


def kept() -> KeptPhoto:
    return KeptPhoto.objects.get()


def test_a_photo_is_not_kept_without_consent_and_never_touches_a_disk(
    phone: Client, edge: KnownCar, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[object] = []
    picture_of = views._picture

    def watch(request: HttpRequest) -> bytes:
        held.append(type(request.FILES["picture"]))
        return picture_of(request)

    monkeypatch.setattr(views, "_picture", watch)
    # Well over Django's own limit of 2.5 MB, from which it would write a file.
    assert send(phone, picture(1) + bytes(4_000_000)).status_code == 302
    assert held == [InMemoryUploadedFile]
    assert not KeptPhoto.objects.exists()


def test_with_consent_the_car_alone_is_kept_without_place_time_or_camera(
    phone: Client, edge: KnownCar, eye: Eye
) -> None:
    data = picture_with_position(1)
    assert Image.open(io.BytesIO(data)).getexif().get_ifd(GPS)
    eye.box = Box(80, 60, 160, 120)
    assert send(phone, data, keep="yes").status_code == 302
    photo = Image.open(io.BytesIO(kept().photo))
    assert not photo.getexif()
    assert photo.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert photo.size == (160 + 2 * 10, 120 + 2 * 7)


PLATE = (300, 620, 700, 720)


def with_plate() -> Image.Image:
    street = Image.effect_noise((1000, 800), 2).convert("RGB")
    return plate_on(street, "A 12345", PLATE)


def readable(photo: Image.Image) -> float:
    """How much there is to read where the plate is."""
    left, top, right, bottom = (round(side * photo.width / 1000) for side in PLATE)
    part = photo.convert("L").crop((left, top, right, bottom))
    return float(np.abs(cv2.Laplacian(np.asarray(part), cv2.CV_32F)).mean())


def test_what_is_kept_is_small_and_its_plate_cannot_be_read(phone: Client, edge: KnownCar) -> None:
    small = with_plate().resize((640, 512))
    send(phone, jpeg(with_plate()), keep="yes")
    # A reference picture goes the same way.
    assert [one.problem for one in add_views("plates", edge, [("plate.jpg", jpeg(with_plate()))])] == [None]
    view = ReferenceView.objects.get(added_by="plates")
    for data in (kept().photo, view.photo):
        photo = Image.open(io.BytesIO(data))
        assert max(photo.size) == 640
        assert readable(photo) < readable(small) / 3


def test_a_photo_whose_consent_is_taken_back_meanwhile_is_not_kept(
    phone: Client, driver: Customer, edge: KnownCar, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_photo_consent(driver)

    def revoked(photo: Photo, box: Box) -> bytes:
        revoke_photo_consent(driver)
        return keepsake(photo, box)

    monkeypatch.setattr(actions, "keepsake", revoked)
    answer = send(phone, picture(1))
    assert answer.status_code == 302
    assert not KeptPhoto.objects.exists()
    assert say("en", "scan.result.kept") not in text_of(phone.get(answer["Location"]))


def test_a_kept_photo_is_sealed_and_bound_to_its_row(phone: Client, edge: KnownCar) -> None:
    send(phone, picture(1), keep="yes")
    photo = kept()
    assert photo.photo_box
    assert b"JFIF" not in bytes(photo.photo_box)
    with pytest.raises(CannotOpen):
        _ = KeptPhoto(photo_box=photo.photo_box).photo


def test_consent_is_remembered_and_said(phone: Client, edge: KnownCar) -> None:
    assert say("en", "scan.private") in text_of(phone.get("/scan/"))
    send(phone, picture(1), keep="yes")
    assert say("en", "scan.keeping") in text_of(phone.get("/scan/"))
    answer = send(phone, picture(1))
    assert KeptPhoto.objects.count() == 2
    assert say("en", "scan.result.kept") in text_of(phone.get(answer["Location"]))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_people_see_their_photos_and_delete_them(phone: Client, edge: KnownCar, lang: str) -> None:
    send(phone, picture(1), keep="yes")
    phone.post(f"/scan/{Scan.objects.get().id}/pick/", {"car": "ford-edge"})
    page = text_of(phone.get("/account/photos/", HTTP_ACCEPT_LANGUAGE=lang))
    assert f"/account/photos/{kept().id}.jpg" in page
    assert ("福特" if lang == "zh" else "Ford Edge") in page
    shown = phone.get(f"/account/photos/{kept().id}.jpg")
    assert Image.open(io.BytesIO(shown.content)).format == "JPEG"
    assert shown["Cache-Control"] == "no-store"
    page = text_of(phone.post(f"/account/photos/{kept().id}/delete/", follow=True, HTTP_ACCEPT_LANGUAGE=lang))
    assert say(lang, "scan.photos.deleted") in page
    assert not KeptPhoto.objects.exists()


def test_nobody_sees_or_deletes_the_photos_of_another(phone: Client, edge: KnownCar) -> None:
    send(phone, picture(1), keep="yes")
    other = browser_of(make_driver(2))
    assert other.get(f"/account/photos/{kept().id}.jpg").status_code == 404
    other.post(f"/account/photos/{kept().id}/delete/")
    assert KeptPhoto.objects.count() == 1
    assert Client().get(f"/account/photos/{kept().id}.jpg").status_code == 302


def test_taking_the_consent_back_deletes_every_photo(phone: Client, driver: Customer, edge: KnownCar) -> None:
    send(phone, picture(1), keep="yes")
    page = text_of(phone.post("/account/photos/revoke/", follow=True))
    assert say("en", "scan.photos.revoked") in page
    assert not KeptPhoto.objects.exists()
    send(phone, picture(1))
    assert not KeptPhoto.objects.exists()
    assert [row.action for row in AuditRow.objects.filter(action__startswith="photo").order_by("id")] == [
        "photo_consent_given",
        "photo_kept",
        "photo_consent_revoked",
    ]
    assert Scan.objects.count() == 2  # who scanned was never in it


def test_photos_go_after_a_year(phone: Client, edge: KnownCar, outside: Outside) -> None:
    send(phone, picture(1), keep="yes")
    outside.clock.advance(PHOTOS_KEPT.total_seconds() - 1)
    forget_old()
    assert KeptPhoto.objects.exists()
    outside.clock.advance(2)
    forget_old()
    assert not KeptPhoto.objects.exists()


def test_tries_go_after_a_day_and_scans_after_four_hundred(phone: Client, edge: KnownCar, outside: Outside) -> None:
    send(phone, picture(1))
    for kept_for, rows in ((actions.TRIES_KEPT, ScanTry.objects), (actions.SCANS_KEPT, Scan.objects)):
        outside.clock.advance((scanned_at() + kept_for - outside.clock.now()).total_seconds() - 1)
        wake_forgetting(0)
        assert rows.exists()
        outside.clock.advance(2)
        wake_forgetting(0)
        assert not rows.exists()


def test_pairs_are_exported_for_training_and_go_from_the_export_with_the_consent(
    phone: Client, driver: Customer, edge: KnownCar, tmp_path: Path
) -> None:
    send(phone, picture(1), keep="yes")
    folder = tmp_path / "export"
    call_command("export_photos", folder)
    assert labels(folder / "feedback") == []  # nobody has said yet what it was
    phone.post(f"/scan/{Scan.objects.get().id}/pick/", {"car": "ford-edge"})
    call_command("export_photos", folder)
    assert labels(folder / "feedback") == [f"ford-edge/{kept().id}.jpg,Ford Edge"]
    assert len(labels(folder / "references")) == 1
    exported = (folder / "feedback" / "ford-edge" / f"{kept().id}.jpg").read_bytes()
    assert Image.open(io.BytesIO(exported)).format == "JPEG"
    revoke_photo_consent(driver)
    call_command("export_photos", folder)
    assert list((folder / "feedback").rglob("*.jpg")) == []


@pytest.mark.parametrize("name", ["mine.txt", "labels.csv"])
def test_an_export_overwrites_nothing_of_others(shop: None, tmp_path: Path, name: str) -> None:
    (tmp_path / "feedback").mkdir()
    (tmp_path / "feedback" / name).write_text("mine")
    with pytest.raises(CommandError, match="no export wrote"):
        call_command("export_photos", tmp_path)
    assert (tmp_path / "feedback" / name).read_text() == "mine"


def test_an_export_follows_no_link_and_replaces_no_file(shop: None, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "feedback").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "feedback").write_text("mine")
    for folder in (tmp_path, tmp_path / "out"):
        with pytest.raises(CommandError, match="no export wrote"):
            call_command("export_photos", folder)
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert (tmp_path / "out" / "feedback").read_text() == "mine"


def test_an_export_that_was_cut_off_is_written_anew(
    shop: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as at_that_moment:
        at_that_moment.setattr(Path, "write_bytes", cut_off)
        with pytest.raises(OSError, match="no space"):
            _write(tmp_path / "feedback", [Labelled("ford-edge/1.jpg", "Ford Edge", b"jpeg")])
    call_command("export_photos", tmp_path)
    assert labels(tmp_path / "feedback") == []
    assert not (tmp_path / "feedback" / "ford-edge").exists()


def test_consent_given_twice_is_given_once(driver: Customer) -> None:
    give_photo_consent(driver)
    give_photo_consent(driver)
    assert driver.photo_consents.count() == 1


def scanned_at() -> datetime:
    return Scan.objects.get().at


def labels(folder: Path) -> list[str]:
    return (folder / "labels.csv").read_text().splitlines()[1:]
