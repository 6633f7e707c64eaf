"""Finding a car by a photo, for programs: `POST /api/v1/scans` with the picture as its body."""

from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import ConfigDict

from vendrive.retail.api.app import GUEST
from vendrive.retail.api.document import PICTURE, refuses
from vendrive.retail.api.keyed import keyed_for_guests, keyed_in_steps_for_guests
from vendrive.retail.customers.sessions import caller_address, current_customer
from vendrive.retail.scan.actions import Found, find_car, pick_car
from vendrive.retail.scan.queries import Candidate, access_scan, get_result
from vendrive.retail.scan.sessions import own_scans, remember_scan
from vendrive.wire.errors import ErrorCode

router = Router(tags=["scans"])

AGAINST_A_PHOTO = tuple(code for code in ErrorCode if code.startswith("photo_"))


class CandidateOut(Schema):
    """`car` is what `pick` wants; `model` and `paint` name it in the catalogue, None where it is not in it."""

    car: str
    name: str
    make: str
    body: str
    year: int | None
    similarity: float
    model: str | None
    paint: str | None
    towers: list[str]


class VehicleOut(Schema):
    """The vehicle whose window code was in the picture."""

    tag: str
    model: str
    paint: str
    tower: str


class ScanOut(Schema):
    """`outcome` is found, unknown or window; `hints` are error codes of what could be better in the picture."""

    scan_id: str
    outcome: str
    hints: list[str]
    paint: str
    took_ms: int
    candidates: list[CandidateOut]
    instead: list[str]
    vehicle: VehicleOut | None


class PickIn(Schema):
    """None: it was none of the candidates."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"car": "ford-edge"}]})

    car: str | None


@router.post(
    "/scans",
    auth=GUEST,
    response={201: ScanOut},
    openapi_extra=PICTURE
    | refuses(*AGAINST_A_PHOTO, ErrorCode.too_many_tries, ErrorCode.busy_try_again, ErrorCode.scan_unavailable),
)
@keyed_in_steps_for_guests
def post_scan(request: HttpRequest) -> Status[dict[str, object]]:
    """Take the body as one picture (JPEG, PNG, WebP or HEIC)."""
    found = find_car(request.body, caller_address(request), current_customer(request))
    remember_scan(request, found.scan)
    return Status(201, _scan(found))


@router.post(
    "/scans/{scan_id}/pick",
    auth=GUEST,
    response={204: None},
    openapi_extra=refuses(ErrorCode.address_unknown),
)
@keyed_for_guests()
def post_pick(request: HttpRequest, scan_id: UUID, body: PickIn) -> Status[None]:
    """Say which of the candidates the car was, or none of them; another pick replaces it."""
    pick_car(access_scan(scan_id, own_scans(request)).id, body.car)
    return Status(204, None)


def _scan(found: Found) -> dict[str, object]:
    scan, result, vehicle = found.scan, get_result(found.scan), found.vehicle
    scores = dict(scan.shown)
    own = ("outcome", "hints", "paint", "took_ms")
    return {
        **{name: getattr(scan, name) for name in own},
        "scan_id": str(scan.id),
        "candidates": [_candidate(item, scores[item.car.slug]) for item in result.candidates],
        "instead": [offer.model.slug for offer in result.instead],
        "vehicle": {
            "tag": vehicle.tag,
            "model": vehicle.model_id,
            "paint": vehicle.paint.slug,
            "tower": vehicle.tower_id,
        }
        if vehicle
        else None,
    }


def _candidate(item: Candidate, score: float) -> dict[str, object]:
    car = item.car
    return {
        "car": car.slug,
        "name": car.label,
        "make": car.make,
        "body": car.body,
        "year": car.year,
        "similarity": score,
        "model": car.model_id,
        "paint": item.paint.slug if item.paint else None,
        "towers": [tower.slug for tower in item.towers],
    }
