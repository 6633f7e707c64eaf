"""Leases: a station that was ordered to hand a car over may do so until it knows better, however long it is cut off.

So a vehicle is not free the moment its drive is cancelled, but when the station has stored the cancellation, which its
cursor says, or when the drive's window is over with all that clocks may differ. The cancellation is fenced by the
drive's revision: the station drops any hand-over of that revision or an older one, whichever comes first.
"""

from datetime import timedelta

from vendrive.retail.drives.models import Drive
from vendrive.retail.fleet.models import OrderKind, StationOrder

GRACE = timedelta(minutes=15)
"""After the window: whoever began in it may be leaving yet, and the station's clock may go wrong by a little."""


def lease_vehicle(drive: Drive) -> None:
    """Keep the vehicle of a drive that is ending until its station can hand it over no longer.

    A station that was never sent the pass holds none. The publisher locks the orders that it sends, so that either it
    sees that the drive has ended, or we see that it was sent.
    """
    told = StationOrder.objects.select_for_update().filter(
        tower_id=drive.tower_id, kind=OrderKind.hand_over, person_id=drive.person_id, intent__drive_id=str(drive.pk)
    )
    if any(order.number is not None for order in told):
        drive.leased_until = drive.not_after + GRACE
        drive.save(update_fields=["leased_until"])


def end_leases(tower_id: str, cursor: int) -> int:
    """The station has stored all orders up to `cursor`: what they cancelled is free; return how many vehicles."""
    leased = Drive.objects.filter(tower_id=tower_id, leased_until__isnull=False)
    known = [drive.pk for drive in leased if _knows(drive, cursor)]
    return Drive.objects.filter(pk__in=known).update(leased_until=None)


def _knows(drive: Drive, cursor: int) -> bool:
    return StationOrder.objects.filter(
        tower_id=drive.tower_id,
        kind=OrderKind.cancel,
        number__lte=cursor,
        person_id=drive.person_id,
        intent__drive_id=str(drive.pk),
        intent__revision__gte=drive.revision,
    ).exists()
