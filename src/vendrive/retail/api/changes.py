"""Changing a drive: another time, longer, shorter, another tower, another model."""

from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from vendrive.retail.api import schemas as s
from vendrive.retail.api.app import customer_of
from vendrive.retail.api.document import refuses
from vendrive.retail.api.drives import AGAINST_A_PERSON, AGAINST_A_WISH, show_drive
from vendrive.retail.api.keyed import HEADER, came_of, keyed
from vendrive.retail.drives import changes
from vendrive.wire.errors import ErrorCode

router = Router(tags=["changes"])

OF_ANY = (ErrorCode.drive_not_found, ErrorCode.drive_not_open, ErrorCode.busy_try_again)


@router.post(
    "/drives/{drive_id}/reschedule",
    response=s.DriveOut,
    openapi_extra=refuses(*OF_ANY, *AGAINST_A_PERSON, *AGAINST_A_WISH),
)
@keyed
def post_reschedule(request: HttpRequest, drive_id: UUID, body: s.RescheduleIn) -> dict[str, object]:
    """Move a booking to another time: a new booking takes its place, or the old one stays."""
    drive = changes.reschedule_drive(customer_of(request), drive_id, body.pickup_at, request.headers[HEADER])
    came_of(request, drive.pk)
    return show_drive(drive)


@router.post(
    "/drives/{drive_id}/swap",
    response=s.DriveOut,
    openapi_extra=refuses(*OF_ANY, *AGAINST_A_PERSON, *AGAINST_A_WISH, ErrorCode.swap_not_allowed),
)
@keyed
def post_swap(request: HttpRequest, drive_id: UUID, body: s.SwapIn) -> dict[str, object]:
    """Take another model for the rest of a drive; the answer is the second car's drive."""
    wanted, key = (body.model, body.paint, body.pickup_at), request.headers[HEADER]
    drive = changes.swap_drive(customer_of(request), drive_id, *wanted, key)
    came_of(request, drive.pk)
    return show_drive(drive)


@router.post(
    "/drives/{drive_id}/extend",
    response=s.DriveOut,
    openapi_extra=refuses(*OF_ANY, ErrorCode.not_extendable, ErrorCode.person_busy, ErrorCode.return_time_taken),
)
@keyed
def post_extend(request: HttpRequest, drive_id: UUID, body: s.DueIn) -> dict[str, object]:
    """Keep the car longer, where nobody waits for it who cannot be served otherwise."""
    return show_drive(changes.extend_drive(customer_of(request), drive_id, body.due_at))


@router.post(
    "/drives/{drive_id}/return-early",
    response=s.DriveOut,
    openapi_extra=refuses(*OF_ANY, ErrorCode.return_time_taken),
)
@keyed
def post_return_early(request: HttpRequest, drive_id: UUID, body: s.DueIn) -> dict[str, object]:
    """Agree to bring the car back earlier."""
    return show_drive(changes.return_early(customer_of(request), drive_id, body.due_at))


@router.post(
    "/drives/{drive_id}/return-elsewhere",
    response=s.DriveOut,
    openapi_extra=refuses(
        *OF_ANY,
        ErrorCode.return_not_here,
        ErrorCode.not_extendable,
        ErrorCode.return_time_taken,
        ErrorCode.return_not_storable,
    ),
)
@keyed
def post_return_elsewhere(request: HttpRequest, drive_id: UUID, body: s.ElsewhereIn) -> dict[str, object]:
    """Bring the car back to another tower, where the programme allows it."""
    return show_drive(changes.return_elsewhere(customer_of(request), drive_id, body.tower))
