"""Leases: what a station was ordered to do it may do until it knows better, however long it is cut off.

So a vehicle is not free the moment its drive is cancelled or gets another one, but when the station has stored the
order that says so, which its cursor tells, or when the drive's window is over with all that clocks may differ. And a
place for a car that is to come back to another tower is not free before the first tower's station has let go of it,
which its journal tells. All is fenced by the drive's revision: a station drops an order that is not newer than what it
knows of the drive, whichever comes first.
"""

from datetime import timedelta

from django.db.models import QuerySet

from vendrive.retail.drives.models import Drive, DriveState, Lease
from vendrive.retail.drives.renewal import queue_release
from vendrive.retail.fleet.models import OrderKind, StationOrder
from vendrive.wire.orders import HandOver, Order

GRACE = timedelta(minutes=15)
"""After the window: whoever began in it may be leaving yet, and the station's clock may go wrong by a little."""
SUPERSEDES = (OrderKind.hand_over, OrderKind.cancel)


def lease_vehicle(drive: Drive) -> None:
    """Keep the vehicle of a drive that is giving it up until its station can hand it over no longer.

    Call it before the revision grows. A station that was never sent a pass for this vehicle holds none. The publisher
    locks the orders that it sends, so that either it sees that the drive has changed, or we see that it was sent.
    """
    told = _orders(drive, drive.tower_id, OrderKind.hand_over).select_for_update()
    if any(_lends(order, drive) for order in told if order.number is not None):
        Lease.objects.update_or_create(
            drive=drive,
            tower_id=drive.tower_id,
            vehicle_id=drive.vehicle_id,
            defaults={"revision": drive.revision, "period": drive.vehicle_period, "until": drive.not_after + GRACE},
        )


def end_leases(tower_id: str, cursor: int) -> int:
    """The station has stored all orders up to `cursor`: vehicles that these took from it are free; return how many."""
    leased = Lease.objects.filter(tower_id=tower_id, vehicle__isnull=False).select_related("drive")
    known = [lease.pk for lease in leased if _knows(lease, cursor)]
    return Lease.objects.filter(pk__in=known).delete()[0]


def lease_place(drive: Drive, tower_id: str) -> None:
    """Keep a place at a tower to which a drive's car was to come back, until its station has let go of it."""
    Lease.objects.update_or_create(drive=drive, tower_id=tower_id, vehicle=None, defaults={"revision": drive.revision})


def count_places(tower_id: str, but: Drive) -> int:
    """Return how many cars may come back to a tower that are promised to others, not counting that of one drive."""
    places = Lease.objects.filter(tower_id=tower_id, vehicle=None, drive__state=DriveState.out)
    return places.exclude(drive=but).count()


def release_places(drive: Drive) -> None:
    """Tell every tower that may take the drive's car back, and that it does not go to, to let go of it."""
    for lease in Lease.objects.filter(drive=drive, vehicle=None).order_by("tower_id"):
        queue_release(drive, lease.tower_id)


def end_place(drive: Drive, tower_id: str, revision: int) -> int:
    """A station has let go of a drive's car: the place is free; return how many are."""
    return Lease.objects.filter(drive=drive, tower_id=tower_id, vehicle=None, revision__lte=revision).delete()[0]


def _orders(drive: Drive, tower_id: str, *kinds: OrderKind) -> "QuerySet[StationOrder]":
    return StationOrder.objects.filter(
        tower_id=tower_id, kind__in=kinds, person_id=drive.person_id, intent__drive_id=str(drive.pk)
    )


def _lends(order: StationOrder, drive: Drive) -> bool:
    """Whether a published order lends this vehicle; of one whose face was deleted since, nobody knows any more."""
    body = Order.model_validate_json(order.payload).body
    return not isinstance(body, HandOver) or body.vehicle.vehicle_id == str(drive.vehicle_id)


def _knows(lease: Lease, cursor: int) -> bool:
    newer = _orders(lease.drive, lease.tower_id, *SUPERSEDES).filter(number__lte=cursor)
    bodies = (Order.model_validate_json(order.payload).body for order in newer)
    return any(getattr(body, "revision", 0) > lease.revision for body in bodies)
