import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.retail.console.world import PASSWORD, STAFF
from tests.retail.helpers import PICKUP, Outside, make_driver
from vendrive.ids import new_uuid
from vendrive.retail.catalogue.models import VehicleModel
from vendrive.retail.console.models import StepTick
from vendrive.retail.console.sign_in import TRIES_HERE, WINDOW
from vendrive.retail.console.urls import urlpatterns
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.actions import book_drive, cancel_drive
from vendrive.retail.drives.models import DriveState
from vendrive.retail.events.models import AuditRow
from vendrive.retail.fleet.models import OrderKind, StaffRequest, StationOrder, Tower, Vehicle
from vendrive.retail.scan.models import ReferenceView
from vendrive.retail.scan.references import know_model
from vendrive.wire.orders import OperatorAction

ARGUMENTS = {
    "slug": "shanghai",
    "model": "volvo-ex30",
    "paint": "b3202c",
    "alarm": "lift_failed",
    "part": "L1",
    "by": "lifts_failed",
    "request_id": str(UUID(int=7)),
    "tag": "SH0003",
    "view_id": str(UUID(int=10)),
    "drive_id": str(UUID(int=8)),
    "vehicle_id": str(UUID(int=9)),
}
OPEN = {"sign_in", "start"}
BEHIND = [pattern for pattern in urlpatterns if pattern.name not in OPEN]
POST_ONLY = {"sign_out", "help", "tick", "ask", "remove_reference"}


def address(name: str | None, pattern: str) -> str:
    wanted = re.findall(r"<\w+:(\w+)>", pattern)
    return reverse(f"console:{name}", kwargs={key: ARGUMENTS[key] for key in wanted})


PAGES = [address(p.name, str(p.pattern)) for p in BEHIND if p.name not in POST_ONLY]
WRITES = [address(p.name, str(p.pattern)) for p in BEHIND if p.name in POST_ONLY | {"stop", "confirm", "references"}]


@pytest.fixture(autouse=True)
def asked(shop: None, outside: Outside) -> None:
    """Something that waits for its second person, a reference picture, a vehicle and a drive: their pages are there."""
    now = outside.clock.now()
    known = know_model(VehicleModel.objects.get(pk=ARGUMENTS["model"]))
    view = ReferenceView(
        pk=UUID(ARGUMENTS["view_id"]), car=known, encoder="none", vector=b"", added_at=now, added_by="anna"
    )
    view.photo = b"a picture"
    view.save()
    car = Vehicle.objects.get(tag="SH0001")
    car.pk, car.tag, car.plate = UUID(ARGUMENTS["vehicle_id"]), "TWIN", "DEMO-TWIN"
    car.save(force_insert=True)
    Tower.objects.update(slots=20)
    drive = book_drive(make_driver(9), "volvo-ex30", "yellow", "shanghai", PICKUP, "k")
    cancel_drive(drive.customer, drive.pk)
    drive.pk, drive.pass_id, drive.short_code = UUID(ARGUMENTS["drive_id"]), new_uuid(), "COPY"
    drive.state = DriveState.cancelled
    drive.save(force_insert=True)
    StaffRequest.objects.create(
        pk=UUID(ARGUMENTS["request_id"]),
        tower_id="shanghai",
        action=OperatorAction.release_part,
        part="L1",
        asked_by="anna",
        asked_at=now,
        expires_at=now + timedelta(minutes=5),
    )


def signed_in_customer(customer: Customer) -> Client:
    client = Client()
    session = client.session
    session["customer"] = str(customer.pk)
    session.save()
    return client


def requests_to_station() -> int:
    return StationOrder.objects.filter(kind=OrderKind.operator).count()


@pytest.mark.parametrize("page", PAGES)
def test_a_stranger_is_sent_to_the_sign_in_page(shop: None, page: str) -> None:
    answer = Client().get(page)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("console:sign_in"))


@pytest.mark.parametrize("page", PAGES)
def test_a_customer_is_no_staff(driver: Customer, page: str) -> None:
    answer = signed_in_customer(driver).get(page)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("console:sign_in"))


@pytest.mark.parametrize("page", WRITES)
def test_nobody_but_staff_writes(driver: Customer, page: str) -> None:
    for client in (Client(), signed_in_customer(driver)):
        assert client.post(page).status_code == 403
    assert requests_to_station() == 0
    assert not StaffRequest.objects.exclude(confirmed_at=None).exists()
    assert not StepTick.objects.exists()


def test_an_account_that_is_not_staff_or_is_closed_stays_outside(shop: None) -> None:
    plain = User.objects.create_user("plain", password=PASSWORD)
    closed = User.objects.create_user("closed", password=PASSWORD, is_staff=True, is_active=False)
    for user in (plain, closed):
        answer = Client().post(reverse("console:sign_in"), {"name": user.username, "password": PASSWORD})
        assert answer.status_code == 403
    client = Client()
    client.force_login(plain)
    assert client.get(reverse("console:towers")).status_code == 302


def test_staff_sign_in_and_out(member: User) -> None:
    client = Client()
    answer = client.post(reverse("console:sign_in"), {"name": STAFF, "password": PASSWORD, "next": "/console/drives/"})
    assert answer.headers["Location"] == "/console/drives/"
    assert client.get("/console/drives/").status_code == 200
    client.post(reverse("console:sign_out"))
    assert client.get("/console/drives/").status_code == 302
    assert list(AuditRow.objects.filter(actor=f"staff:{STAFF}").values_list("action", flat=True)) == [
        "staff_signed_in",
        "staff_signed_out",
    ]


def test_a_staff_session_is_no_customer_session(driver: Customer, member: User) -> None:
    client = signed_in_customer(driver)
    old_key = client.session.session_key
    client.post(reverse("console:sign_in"), {"name": STAFF, "password": PASSWORD})
    assert client.session.session_key != old_key
    assert "customer" not in client.session
    assert client.session.get_expiry_age() <= 12 * 3600


@pytest.mark.parametrize("wanted", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)"])
def test_signing_in_leads_to_no_other_site(member: User, wanted: str) -> None:
    answer = Client().post(reverse("console:sign_in"), {"name": STAFF, "password": PASSWORD, "next": wanted})
    assert answer.headers["Location"] == reverse("console:towers")


def test_after_too_many_tries_the_right_password_waits_too(member: User, outside: Outside) -> None:
    client, page = Client(), reverse("console:sign_in")
    for _ in range(TRIES_HERE):
        assert client.post(page, {"name": STAFF, "password": "wrong"}).status_code == 403
    refused = client.post(page, {"name": STAFF, "password": PASSWORD})
    assert refused.status_code == 429
    assert 'data-error="too_many_tries"' in refused.content.decode()
    assert client.get(reverse("console:towers")).status_code == 302
    # Somebody elsewhere, and the same person later, are not locked out.
    assert Client(REMOTE_ADDR="192.0.2.7").post(page, {"name": STAFF, "password": PASSWORD}).status_code == 302
    outside.clock.advance(WINDOW.total_seconds() + 1)
    assert client.post(page, {"name": STAFF, "password": PASSWORD}).status_code == 302


def test_forms_need_their_token(member: User) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(reverse("console:sign_in"), {"name": STAFF, "password": PASSWORD}).status_code == 403
    client.force_login(member)
    assert client.post(reverse("console:stop", args=["shanghai"])).status_code == 403
    assert requests_to_station() == 0


@pytest.mark.parametrize("page", PAGES)
def test_pages_hold_to_the_strict_policy(staff: Client, page: str) -> None:
    for lang in ("en", "zh"):
        answer = staff.get(page, {"lang": lang})
        assert answer.status_code == 200
        html = answer.content.decode()
        if answer.headers["Content-Type"].startswith("image/"):
            continue
        assert not re.search(r"<script(?![^>]* src=)|<style| style=| on\w+=", html)
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_the_chosen_language_stays(staff: Client) -> None:
    assert "车塔" in staff.get("/console/towers/", {"lang": "zh"}).content.decode()
    assert "车塔" in staff.get("/console/towers/").content.decode()
