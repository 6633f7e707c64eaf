"""What a drive becomes: the writes that every action shares, on a row that its caller has locked."""

from vendrive.retail.config import ports
from vendrive.retail.drives.leases import lease_vehicle
from vendrive.retail.drives.models import OPEN, BayUse, Drive, DriveState, WaitPlace, WaitState
from vendrive.retail.drives.renewal import queue_cancel, queue_hand_over
from vendrive.retail.events.actions import record


def book_held(drive: Drive, actor: str) -> None:
    """Turn a hold into a booking and order its hand-over."""
    drive.state, drive.hold_until = DriveState.booked, None
    drive.save(update_fields=["state", "hold_until", "terms_accepted_at", "terms_language"])
    WaitPlace.objects.filter(offer=drive).update(state=WaitState.taken)
    queue_hand_over(drive)
    record(actor, "drive_booked", drive.id, vehicle=str(drive.vehicle_id), terms=drive.terms_id)


def end_drive(drive: Drive, state: DriveState, because: str) -> None:
    """End a drive before its hand-over: what it took is free, its place in the queue is over, its tower forgets it."""
    told = drive.state in OPEN
    drive.state, drive.ended_because = state, because
    drive.revision += 1
    drive.ended_at = ports().clock.now()
    drive.save(update_fields=["state", "ended_because", "revision", "ended_at"])
    BayUse.objects.filter(drive=drive).delete()
    after = WaitState.left if state == DriveState.cancelled else WaitState.missed
    WaitPlace.objects.filter(offer=drive, state=WaitState.offered).update(state=after, ended_because=because)
    if told:
        lease_vehicle(drive)
        queue_cancel(drive)
