"""Waiting for a car: joining, leaving, and the place in the queue."""

from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status

from vendrive.retail.api import schemas as s
from vendrive.retail.api.app import customer_of
from vendrive.retail.api.document import refuses
from vendrive.retail.api.keyed import came_of, keyed
from vendrive.retail.drives.models import WaitPlace
from vendrive.retail.drives.waiting import join_queue, leave_queue, list_places, place_of
from vendrive.wire.errors import ErrorCode

router = Router(tags=["queue"])


@router.get("/queue", response=list[s.PlaceOut])
def get_queue(request: HttpRequest) -> list[dict[str, object]]:
    """Return the queues in which the customer stands, with the place in each."""
    return [_place(place, number) for place, number in list_places(customer_of(request))]


@router.post(
    "/queue",
    response={201: s.PlaceOut},
    openapi_extra=refuses(ErrorCode.profile_incomplete, ErrorCode.already_waiting),
)
@keyed
def post_queue(request: HttpRequest, body: s.QueueIn) -> Status[dict[str, object]]:
    """Wait for a model at a tower, in any colour or one, with a pick-up between two times."""
    place = join_queue(customer_of(request), body.model, body.paint, body.tower, body.from_at, body.until_at)
    came_of(request, place.pk)
    return Status(201, _place(place, place_of(place)))


@router.delete("/queue/{place_id}", response={204: None}, openapi_extra=refuses(ErrorCode.not_in_queue))
@keyed
def delete_place(request: HttpRequest, place_id: UUID) -> Status[None]:
    """Give a place up, and what is offered with it."""
    leave_queue(customer_of(request), place_id)
    came_of(request, place_id)
    return Status(204, None)


def _place(place: WaitPlace, number: int) -> dict[str, object]:
    return {
        "place_id": str(place.pk),
        "model": place.model_id,
        "paint": place.paint.slug if place.paint else "",
        "tower": place.tower_id,
        "from_at": place.from_at,
        "until_at": place.until_at,
        "place": number,
        "state": place.state,
        "offer_id": str(place.offer_id) if place.offer_id else None,
    }
