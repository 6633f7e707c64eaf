"""What stations are ordered about a drive, anew when the way its person is recognised changes."""

from vendrive.retail.customers.models import Person
from vendrive.retail.drives.models import OPEN, Drive, DriveState
from vendrive.retail.fleet.actions import queue_order
from vendrive.retail.fleet.models import OrderKind, StationOrder


def renew_open_drives(person: Person) -> None:
    """Give every open drive of the person a new revision: its tower must hold the new check before it is ready."""
    for drive in Drive.objects.select_for_update().filter(person=person, state__in=OPEN).order_by("id"):
        drive.revision += 1
        drive.state = DriveState.booked
        drive.save(update_fields=["revision", "state"])
        queue_hand_over(drive)


def queue_hand_over(drive: Drive) -> None:
    """Order the hand-over of a drive at its present revision."""
    _queue(drive, drive.tower_id, OrderKind.hand_over)


def queue_cancel(drive: Drive) -> None:
    """Order a station to forget a drive."""
    _queue(drive, drive.tower_id, OrderKind.cancel)


def queue_expect(drive: Drive) -> None:
    """Order the station of a drive's return tower to take the car back."""
    _queue(drive, drive.return_tower_id, OrderKind.expect_return)


def queue_release(drive: Drive, tower_id: str) -> None:
    """Order a station not to take a drive's car back."""
    _queue(drive, tower_id, OrderKind.release_return)


def wipe_face_at_towers(person: Person) -> None:
    """Order every tower that was ever given a template of this person to delete it."""
    held = StationOrder.objects.filter(person_id=person.pk, kind=OrderKind.hand_over, dropped_at=None)
    for tower_id in sorted(set(held.values_list("tower_id", flat=True))):
        queue_order(tower_id, OrderKind.wipe_face, {"person_id": str(person.pk)}, person_id=person.pk)


def _queue(drive: Drive, tower_id: str, kind: OrderKind) -> None:
    intent: dict[str, object] = {"drive_id": str(drive.pk), "revision": drive.revision}
    queue_order(tower_id, kind, intent, person_id=drive.person_id)
