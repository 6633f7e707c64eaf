"""What a station would tell, for tests that need a car on the street."""

from datetime import datetime

from vendrive.audit import seal
from vendrive.ids import new_uuid
from vendrive.retail.drives.journal import record_journal
from vendrive.retail.drives.models import Drive
from vendrive.retail.fleet.models import Tower, Vehicle
from vendrive.wire.journal import Entry, Event, HandedOver, JournalBatch, Returned, sealed_payload


def tell(tower_id: str, at: datetime, event: Event) -> None:
    """Send one more entry of a tower's journal."""
    tower = Tower.objects.get(pk=tower_id)
    seq = tower.journal_seq + 1
    digest = seal(bytes.fromhex(tower.journal_digest), seq, sealed_payload(at, event)).hex()
    entry = Entry(seq=seq, at=at, event=event, digest=digest)
    record_journal(tower_id, JournalBatch(tower_id=tower_id, entries=(entry,)))


def hand_over(drive: Drive, at: datetime | None = None) -> Drive:
    """Let the car leave, by default at the pick-up time, and return the drive as it is then."""
    event = HandedOver(drive_id=str(drive.pk), vehicle_id=str(drive.vehicle_id), bay="B1")
    tell(drive.tower_id, at or drive.pickup_at, event)
    drive.refresh_from_db()
    return drive


def bring_back(drive: Drive, at: datetime, tower_id: str = "") -> Drive:
    """Let the car come back and return the drive as it is then."""
    drive.refresh_from_db()
    ids = {"drive_id": str(drive.pk), "vehicle_id": str(drive.vehicle_id)}
    tell(tower_id or drive.return_tower_id, at, Returned(slot="2A", length_mm=4200, mass_kg=1800, **ids))
    drive.refresh_from_db()
    return drive


def twin_of(drive: Drive) -> Vehicle:
    """Return another car of the same model and colour at the same tower, where there is room for it."""
    twin = Vehicle.objects.get(pk=drive.vehicle_id)
    Tower.objects.filter(pk=twin.tower_id).update(slots=20)
    twin.pk, twin.tag, twin.plate, twin.state = new_uuid(), "TWIN", "DEMO-TWIN", "pool"
    twin.save(force_insert=True)
    return twin
