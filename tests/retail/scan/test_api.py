"""The same search for programs."""

from django.test import Client

from tests.retail.scan.photos import picture
from vendrive.retail.scan.models import KnownCar, Scan

KEY = {"Idempotency-Key": "k"}


def test_a_program_sends_a_picture_and_says_what_it_was(guest: Client, edge: KnownCar, karma: KnownCar) -> None:
    answer = guest.post("/api/v1/scans", picture(1), content_type="image/jpeg", headers=KEY)
    assert answer.status_code == 201
    told = answer.json()
    assert (told["outcome"], told["paint"], told["vehicle"]) == ("found", "red", None)
    first = told["candidates"][0]
    assert (first["car"], first["name"], first["model"], first["towers"]) == (
        "ford-edge",
        "Ford Edge",
        "ford-edge",
        ["shanghai"],
    )
    assert first["similarity"] > told["candidates"][1]["similarity"]
    picked = guest.post(
        f"/api/v1/scans/{told['scan_id']}/pick", {"car": "ford-edge"}, content_type="application/json", headers=KEY
    )
    assert picked.status_code == 204
    assert Scan.objects.get().picked == edge


def test_a_program_is_told_what_is_wrong_with_a_picture(guest: Client, edge: KnownCar) -> None:
    answer = guest.post("/api/v1/scans", b"no picture", content_type="image/jpeg", headers=KEY)
    assert answer.status_code == 409
    assert answer.json()["code"] == "photo_unreadable"


def test_a_program_cannot_answer_for_another(guest: Client, edge: KnownCar) -> None:
    told = guest.post("/api/v1/scans", picture(1), content_type="image/jpeg", headers=KEY).json()
    path = f"/api/v1/scans/{told['scan_id']}/pick"
    assert Client().post(path, {"car": "ford-edge"}, content_type="application/json", headers=KEY).status_code == 404
    assert Scan.objects.get().picked is None


def test_a_picture_that_is_sent_again_is_not_searched_again(guest: Client, edge: KnownCar) -> None:
    first, again = (guest.post("/api/v1/scans", picture(1), content_type="image/jpeg", headers=KEY) for _ in range(2))
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert Scan.objects.count() == 1
