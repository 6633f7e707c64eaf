"""Every route for every kind of caller, with an object of their own and of somebody else: a route without a row fails.

A cell says how the caller is met: `yes` is let in (whatever the answer is then), `sign in` is sent to sign in, `no` is
refused, `none` is told that there is no such thing. Routes are found by walking the addresses: none can be forgotten.
"""

import json
import re
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django import Settings

from tests.retail.helpers import PICKUP, START, make_driver
from tests.retail.test_live import report
from tests.retail.test_stations import SIGNING, enrolled  # noqa: F401 - fixture
from vendrive.ids import new_uuid, random_bytes
from vendrive.passes.signing import encode, sign_text
from vendrive.retail.api.customer import api
from vendrive.retail.catalogue.models import VehicleModel
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.actions import book_drive
from vendrive.retail.drives.waiting import join_queue
from vendrive.retail.fleet.models import StaffRequest, Tower
from vendrive.retail.scan.models import KeptPhoto, KnownCar, Outcome, ReferenceView, Scan
from vendrive.retail.scan.references import know_model
from vendrive.wire.journal import JournalBatch
from vendrive.wire.orders import OperatorAction
from vendrive.wire.station_auth import PURPOSE, RequestToSign

Cells = tuple[str, str, str, str, str]
ROLES = ("guest", "owner", "other", "staff", "station")
ANYBODY: Cells = ("yes", "yes", "yes", "yes", "yes")
CUSTOMER: Cells = ("sign in", "yes", "yes", "sign in", "sign in")
OF_ONE: Cells = ("sign in", "yes", "none", "sign in", "sign in")
STAFF: Cells = ("sign in", "sign in", "sign in", "yes", "sign in")
STAFF_POST: Cells = ("no", "no", "no", "yes", "no")
STATION: Cells = ("no", "no", "no", "no", "yes")
OF_SESSION: Cells = ("none", "yes", "none", "none", "none")

BODIES = {
    "confirm": {"terms": "x"},
    "reschedule": {"pickup_at": "2026-03-03T01:15:00Z"},
    "extend": {"due_at": "2026-03-06T01:15:00Z"},
    "return-early": {"due_at": "2026-03-03T01:15:00Z"},
    "return-elsewhere": {"tower": "nanjing"},
    "swap": {"model": "byd-han", "paint": "red", "pickup_at": "2026-03-03T01:15:00Z"},
}
"""What is sent to a drive: a body that cannot be read is refused before anybody looks whose drive it is."""
MATRIX: dict[str, Cells] = {
    "GET /alive": ANYBODY,
    # The customer API
    "GET /api/v1/openapi.json": ANYBODY,
    "GET /api/v1/session": ANYBODY,
    "POST /api/v1/session": ANYBODY,
    "DELETE /api/v1/session": ANYBODY,
    "POST /api/v1/session/code": ANYBODY,
    "GET /api/v1/catalogue": ANYBODY,
    "GET /api/v1/towers": ANYBODY,
    "GET /api/v1/pickup-times": ANYBODY,
    "GET /api/v1/calendar": ANYBODY,
    "GET /api/v1/me": CUSTOMER,
    "PUT /api/v1/me": CUSTOMER,
    "POST /api/v1/me/face-consent": CUSTOMER,
    "DELETE /api/v1/me/face-consent": CUSTOMER,
    "PUT /api/v1/me/face": CUSTOMER,
    "PUT /api/v1/me/pin": CUSTOMER,
    "GET /api/v1/eligibility": CUSTOMER,
    "GET /api/v1/drives": CUSTOMER,
    "POST /api/v1/drives": CUSTOMER,
    "GET /api/v1/drives/{drive_id}": OF_ONE,
    "POST /api/v1/drives/{drive_id}/cancel": OF_ONE,
    "POST /api/v1/drives/{drive_id}/buy": OF_ONE,
    "POST /api/v1/holds": CUSTOMER,
    "GET /api/v1/queue": CUSTOMER,
    "POST /api/v1/queue": CUSTOMER,
    "DELETE /api/v1/queue/{place_id}": OF_ONE,
    **{f"POST /api/v1/drives/{{drive_id}}/{what}": OF_ONE for what in BODIES},
    # Stations
    "GET /api/station/orders": STATION,
    "POST /api/station/journal": STATION,
    "POST /api/station/report": STATION,
    # The phone pages
    "GET /": ANYBODY,
    "GET /cars/{slug}/": ANYBODY,
    "GET /sign-in/": ANYBODY,
    "POST /sign-in/": ANYBODY,
    "GET /sign-in/code/": ANYBODY,
    "POST /sign-in/code/": ANYBODY,
    "POST /sign-out/": ANYBODY,
    "GET /book/": CUSTOMER,
    "POST /book/": ("sign in", "none", "none", "sign in", "sign in"),  # without a time there is no such page
    "GET /book/confirm/": CUSTOMER,
    "POST /book/confirm/": CUSTOMER,
    "GET /introduce/": CUSTOMER,
    "POST /introduce/": CUSTOMER,
    "GET /introduce/recognise/": CUSTOMER,
    "POST /introduce/consent/": CUSTOMER,
    "POST /introduce/face/": CUSTOMER,
    "POST /introduce/pin/": CUSTOMER,
    "GET /eligible/": CUSTOMER,
    "POST /eligible/": CUSTOMER,
    "GET /drives/": CUSTOMER,
    "GET /drives/{drive_id}/": OF_ONE,
    "GET /drives/{drive_id}/now/": OF_ONE,
    "POST /drives/{drive_id}/cancel/": OF_ONE,
    "POST /drives/{drive_id}/accept/": OF_ONE,
    "GET /drives/{drive_id}/change/": OF_ONE,
    "POST /drives/{drive_id}/change/": OF_ONE,
    "POST /queue/join/": ("sign in", "none", "none", "sign in", "sign in"),  # without a choice
    "POST /queue/{place_id}/leave/": OF_ONE,
    "GET /drives/{drive_id}/buy/": OF_ONE,
    "POST /drives/{drive_id}/buy/": OF_ONE,
    "GET /drives/{drive_id}/order/": OF_ONE,
    "GET /account/": CUSTOMER,
    "POST /account/revoke/": CUSTOMER,
    "POST /account/pin/": CUSTOMER,
    # The console
    "GET /console/": ANYBODY,
    "GET /console/sign-in/": ANYBODY,
    "POST /console/sign-in/": ("no", "no", "no", "no", "no"),  # without a name and a password
    "POST /console/sign-out/": STAFF_POST,
    "GET /console/towers/": STAFF,
    "GET /console/towers/{slug}/": STAFF,
    "GET /console/towers/{slug}/picture/": STAFF,
    "GET /console/towers/{slug}/stop/": STAFF,
    "POST /console/towers/{slug}/stop/": STAFF_POST,
    "POST /console/towers/{slug}/help/": STAFF_POST,
    "GET /console/towers/{slug}/alarms/{alarm}/{part}/": STAFF,
    "GET /console/towers/{slug}/alarms/{alarm}/{part}/steps/": STAFF,
    "POST /console/towers/{slug}/alarms/{alarm}/{part}/tick/": STAFF_POST,
    "GET /console/towers/{slug}/alarms/{alarm}/{part}/by/{by}/": STAFF,
    "GET /console/towers/{slug}/alarms/{alarm}/{part}/by/{by}/steps/": STAFF,
    "POST /console/towers/{slug}/alarms/{alarm}/{part}/by/{by}/tick/": STAFF_POST,
    "GET /console/towers/{slug}/service/": STAFF,
    "POST /console/towers/{slug}/service/ask/": STAFF_POST,
    "GET /console/towers/{slug}/requests/{request_id}/": STAFF,
    "POST /console/towers/{slug}/requests/{request_id}/": STAFF_POST,
    "GET /console/operations/": STAFF,
    "GET /console/operations/{alarm}/": STAFF,
    "GET /console/cars/{model}/{paint}.svg": STAFF,
    "GET /console/drives/": STAFF,
    "GET /console/vehicles/": STAFF,
    "GET /console/drives/{drive_id}/": STAFF,
    "POST /console/drives/{drive_id}/": STAFF_POST,
    "GET /console/vehicles/{vehicle_id}/": STAFF,
    "POST /console/vehicles/{vehicle_id}/": STAFF_POST,
    "GET /console/calendar/": STAFF,
    "GET /console/towers/{slug}/outage/": STAFF,
    "POST /console/towers/{slug}/outage/": STAFF_POST,
    "GET /console/rules/": STAFF,
    "POST /console/rules/": STAFF_POST,
    "GET /console/journal/moment/": STAFF,
    "GET /console/journal/": STAFF,
    # The scan: a guest's session owns what it looked for, a customer the photos that may be kept
    "GET /scan/": ANYBODY,
    "POST /scan/": ANYBODY,
    "GET /scan/{scan_id}/": OF_SESSION,
    "POST /scan/{scan_id}/pick/": OF_SESSION,
    "GET /scan/{scan_id}/pick/": ANYBODY,  # led to the page, which refuses
    "GET /scan/cars/{slug}/": ANYBODY,
    "GET /w/{tag}/": ANYBODY,
    "POST /api/v1/scans": ANYBODY,
    "POST /api/v1/scans/{scan_id}/pick": OF_SESSION,
    "GET /account/photos/": CUSTOMER,
    "GET /account/photos/revoke/": ANYBODY,
    "POST /account/photos/revoke/": CUSTOMER,
    "GET /account/photos/{photo_id}.jpg": OF_ONE,
    "POST /account/photos/{photo_id}/delete/": CUSTOMER,  # of another's: as of one that is gone; a test of its own
    "GET /console/scan/": STAFF,
    "GET /console/scan/models/{model}/": STAFF,
    "POST /console/scan/models/{model}/": STAFF_POST,
    "POST /console/scan/models/{model}/{view_id}/remove/": STAFF_POST,
    "GET /console/scan/views/{view_id}.jpg": STAFF,
    "GET /console/vehicles/{tag}/window/": STAFF,
    # Addresses of forms, to which somebody comes back with a GET and is led to the page
    **{
        f"GET {path}": ANYBODY
        for path in (
            "/introduce/consent/",
            "/introduce/face/",
            "/introduce/pin/",
            "/drives/{drive_id}/cancel/",
            "/drives/{drive_id}/accept/",
            "/queue/join/",
            "/queue/{place_id}/leave/",
            "/account/revoke/",
            "/account/pin/",
        )
    },
}
ARGUMENTS = {
    "alarm": "lift_failed",
    "part": "L1",
    "by": "lifts_failed",
    "model": "volvo-ex30",
    "paint": "b3202c",
    "request_id": str(UUID(int=7)),
}
# What the owner scanned, a photo of it that may be kept, a car that the scan knows, and a picture of the reference.
SCANNED = {
    "scan_id": str(UUID(int=8)),
    "photo_id": str(UUID(int=9)),
    "view_id": str(UUID(int=10)),
    "car": "fisker-karma",
    "tag": "SH0001",
}
ARGUMENTS |= SCANNED
PICKED = b'{"car": null}'
NEEDS_KEY = "/api/v1/"


@dataclass
class Scene:
    """One drive of the owner, and a client for each role."""

    drive: str
    vehicle: str
    place: str
    clients: dict[str, Client]

    def ask(self, role: str, method: str, path: str) -> str:
        """Ask as a role, and return how it was met."""
        path = path.replace("/scan/cars/{slug}", "/scan/cars/{car}")
        slug = "volvo-ex30" if path.startswith("/cars/") else "shanghai"
        address = path.format(**ARGUMENTS, slug=slug, drive_id=self.drive, vehicle_id=self.vehicle, place_id=self.place)
        body = b"" if method == "GET" else json.dumps(BODIES.get(path.rpartition("/")[2], {})).encode()
        headers = {"Idempotency-Key": str(new_uuid())} if path.startswith(NEEDS_KEY) else {}
        if role == "station":
            headers |= signed(method, address, body)
        body = PICKED if path.endswith("/pick") else body
        with transaction.atomic():  # everybody meets the same, whoever came before
            client = Client()
            client.cookies = deepcopy(self.clients[role].cookies)
            answer = client.generic(method, address, body, "application/json", headers=headers)
            transaction.set_rollback(True)
        return met(path, answer)  # type: ignore[arg-type]


def met(path: str, answer: HttpResponse) -> str:
    """Return how a caller was met."""
    if path.startswith("/api/station/") and answer.status_code == 401:
        return "no"
    if answer.status_code == 401 or ("sign-in/" in answer.headers.get("Location", "") and "sign-" not in path):
        return "sign in"
    return {403: "no", 404: "none", 405: "no such method"}.get(answer.status_code, "yes")


def signed(method: str, target: str, body: bytes) -> dict[str, str]:
    """Return the headers with which the station of Shanghai signs a request."""
    request = RequestToSign("shanghai", method, target, body, START, encode(random_bytes(12)))
    return {
        "X-Vendrive-Tower": request.tower_id,
        "X-Vendrive-Time": request.at.isoformat(),
        "X-Vendrive-Nonce": request.nonce,
        "X-Vendrive-Signature": sign_text(SIGNING, PURPOSE, request.text()),
    }


@pytest.fixture
def scene(enrolled: None, settings: Settings) -> Scene:  # noqa: F811
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    owner, other = make_driver(), make_driver(2)
    drive = book_drive(owner, "volvo-ex30", "yellow", "shanghai", PICKUP, "k1")
    scan_of(owner)
    StaffRequest.objects.create(
        pk=UUID(ARGUMENTS["request_id"]),
        tower_id="shanghai",
        action=OperatorAction.release_part,
        part="L1",
        asked_by="ben",
        asked_at=START,
        expires_at=START + timedelta(minutes=5),
    )
    staff = Client()
    staff.force_login(User.objects.create_user("anna", is_staff=True))
    clients = {"guest": Client(), "owner": client_of(owner), "other": client_of(other)}
    until = START + timedelta(days=9)
    place = join_queue(owner, "byd-han", "", "shanghai", START, until)
    return Scene(str(drive.pk), str(drive.vehicle_id), str(place.pk), {**clients, "staff": staff, "station": Client()})


def scan_of(customer: Customer) -> None:
    """The customer looked for a car and lets us keep the photo; a car is known, with a view of it."""
    shown = [[SCANNED["car"], 0.9]]
    found = Scan.objects.create(pk=UUID(SCANNED["scan_id"]), at=START, outcome=Outcome.found, shown=shown)
    kept = KeptPhoto(pk=UUID(SCANNED["photo_id"]), customer=customer, scan=found, at=START)
    kept.photo = b"a photo"
    kept.save()
    KnownCar.objects.create(slug=SCANNED["car"], make="Fisker", name="Karma", body="sedan")
    car = know_model(VehicleModel.objects.get(pk=ARGUMENTS["model"]))
    view = ReferenceView(pk=UUID(SCANNED["view_id"]), car=car, encoder="none", vector=b"", added_at=START)
    view.photo = b"a view"
    view.save()


def client_of(customer: Customer) -> Client:
    client = Client()
    session = client.session
    session["customer"] = str(customer.pk)
    session["scans"] = [str(photo.scan_id) for photo in customer.kept_photos.all()]
    session.save()
    return client


def addresses() -> set[str]:
    """Return every address of retail, with `{names}` for what it takes."""
    return {*_pages(get_resolver("vendrive.retail.urls").url_patterns, "/"), *_operations()}


def _pages(patterns: Iterable[URLPattern | URLResolver], before: str) -> Iterator[str]:
    for pattern in patterns:
        path = before + re.sub(r"<\w+:(\w+)>", r"{\1}", str(pattern.pattern))
        if not isinstance(pattern, URLResolver):
            yield path
        elif pattern.namespace != api.urls_namespace:
            yield from _pages(pattern.url_patterns, path)


def _operations() -> Iterator[str]:
    yield "/api/v1/openapi.json"
    yield from api.get_openapi_schema(path_prefix="api/v1/")["paths"]


def test_every_route_has_a_row(scene: Scene) -> None:
    """Whatever method an address takes is found by asking it; pages are only read and posted to."""
    found = {
        f"{method} {path}"
        for path in addresses()
        for method in (("GET", "POST", "PUT", "PATCH", "DELETE") if path.startswith("/api/v1/") else ("GET", "POST"))
        if scene.ask("guest", method, path) != "no such method"
    }
    assert found - set(MATRIX) == set(), "these routes have no row"
    assert set(MATRIX) - found == set(), "these rows have no route"


def test_each_caller_is_met_as_the_matrix_says(scene: Scene) -> None:
    found = {route: tuple(scene.ask(role, *route.split()) for role in ROLES) for route in MATRIX}
    assert {route: cells for route, cells in found.items() if cells != MATRIX[route]} == {}


def test_nobody_is_met_by_another_face_of_the_same_drive(scene: Scene) -> None:
    """What somebody else's drive answers is what a drive answers that does not exist."""
    theirs = scene.clients["other"].get(f"/api/v1/drives/{scene.drive}")
    nobodys = scene.clients["other"].get(f"/api/v1/drives/{new_uuid()}")
    assert (theirs.status_code, theirs.content) == (nobodys.status_code, nobodys.content)


def test_nobody_deletes_another_customers_photo(scene: Scene) -> None:
    path = f"/account/photos/{SCANNED['photo_id']}/delete/"
    scene.clients["other"].post(path)
    assert KeptPhoto.objects.count() == 1
    scene.clients["owner"].post(path)
    assert KeptPhoto.objects.count() == 0


@pytest.mark.parametrize("target", ["/api/station/journal", "/api/station/report"])
def test_a_station_tells_of_its_own_tower_alone(scene: Scene, target: str) -> None:
    empty = JournalBatch(tower_id="nanjing", entries=()).model_dump_json()
    body = (empty if target.endswith("journal") else report("quiet", "nanjing").model_dump_json()).encode()
    answer = scene.clients["station"].post(target, body, "application/json", headers=signed("POST", target, body))
    assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid")
    assert Tower.objects.get(pk="nanjing").report is None
