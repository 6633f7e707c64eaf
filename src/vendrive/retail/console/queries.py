"""Reads for the lists of the console: drives, vehicles, journal, and whether a journal's chain holds."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import prefetch_related_objects

from vendrive.audit import GENESIS, BrokenChain, Link, verify_chain
from vendrive.retail.config import ports
from vendrive.retail.drives.models import Drive, DriveState
from vendrive.retail.drives.queries import list_drives_between
from vendrive.retail.fleet.models import JournalEntry, Tower, Vehicle, VehicleState
from vendrive.retail.fleet.queries import standing
from vendrive.tower.replay import State, state_after
from vendrive.wire.journal import EVENT, Entry, sealed_text
from vendrive.wire.report import TowerReport

PAGE = 50
CHAIN_ROWS = 20_000
"""How many rows are checked at once; of a longer journal the newest are."""
REPLAY_ROWS = 5_000
"""How many rows a moment is played back from: cars are counted after each conversation, so few are enough for them."""
PHONE_DIGITS = 4


@dataclass(frozen=True)
class DriveRow:
    """A drive with as much of its person as an operator needs to tell two apart."""

    drive: Drive
    person: str
    phone_end: str
    late: bool


@dataclass(frozen=True)
class VehicleRow:
    """A vehicle and where it was last known: `place` is a slot, bay or lift of `seen_in`, or empty."""

    vehicle: Vehicle
    place: str
    seen_in: Tower | None
    seen_at: datetime | None
    drive: Drive | None


@dataclass(frozen=True)
class JournalPage:
    """Entries, newest first; `older` is the number to ask for more before, None at the end."""

    entries: Sequence[JournalEntry]
    older: int | None


@dataclass(frozen=True)
class Moment:
    """What was known after one entry; the journal has entries `first` to `last`. `partly`: it goes back further than
    was read, and an alarm or a lock of before may be missing.
    """

    state: State
    first: int
    last: int
    partly: bool


@dataclass(frozen=True)
class Chain:
    """Rows `first` to `up_to` verify. `broken` is the first row that does not, None where all do."""

    first: int
    up_to: int
    broken: int | None


def mask_name(name: str) -> str:
    """Return the first letter and, of a numbered name, its number: `D… 1`."""
    name = name.strip()
    number = re.search(r"\d{1,3}$", name)
    return f"{name[:1]}…" + (f" {number.group()}" if number else "")


def local_day(tower: Tower) -> date:
    """Return today at the tower."""
    return ports().clock.now().astimezone(ZoneInfo(tower.time_zone)).date()


def list_drive_rows(towers: Sequence[Tower], day: date | None) -> list[DriveRow]:
    """Return the drives that begin on `day` of each tower (None: today there), and, today, those that are late."""
    now = ports().clock.now()
    drives: dict[object, Drive] = {}
    for tower in towers:
        today = local_day(tower)
        if day is None or day == today:
            late = Drive.objects.filter(tower=tower, state=DriveState.out, due_at__lte=now)
            drives |= {
                d.pk: d for d in late.select_related("vehicle__model__brand", "vehicle__paint", "tower", "person")
            }
        drives |= {d.pk: d for d in list_drives_between(tower, *_day_range(tower, day or today))}
    found = sorted(drives.values(), key=lambda drive: (not _is_late(drive, now), drive.pickup_at))
    prefetch_related_objects(found, "customer")
    return [_drive_row(drive, now) for drive in found]


def list_vehicle_rows(tower: Tower | None) -> list[VehicleRow]:
    """Return all vehicles with where they are, by what the towers report now."""
    vehicles = Vehicle.objects.select_related("model__brand", "paint", "tower").order_by("tower_id", "tag")
    if tower is not None:
        vehicles = vehicles.filter(tower=tower)
    seen = {tag: (place, where) for where in Tower.objects.all() for tag, place in _standing(where)}
    newest = Drive.objects.filter(vehicle__in=vehicles, handed_over_at__isnull=False).order_by("handed_over_at")
    drives = {drive.vehicle_id: drive for drive in newest}
    return [_vehicle_row(vehicle, seen.get(vehicle.tag), drives.get(vehicle.pk)) for vehicle in vehicles]


def list_journal(tower: Tower, kind: str = "", drive_id: str = "", before: int | None = None) -> JournalPage:
    """Return a page of a tower's journal, newest first, with sequence numbers below `before`."""
    rows = JournalEntry.objects.filter(tower=tower).order_by("-seq")
    if kind:
        rows = rows.filter(kind=kind)
    if drive_id:
        rows = rows.filter(event__drive_id=drive_id)
    if before is not None:
        rows = rows.filter(seq__lt=before)
    found = list(rows[: PAGE + 1])
    return JournalPage(found[:PAGE], found[PAGE - 1].seq if len(found) > PAGE else None)


def play_back(tower: Tower, seq: int) -> Moment | None:
    """Return what the tower's station knew after its entry `seq`, from the newest REPLAY_ROWS before it; None where
    there is no such entry.
    """
    rows = JournalEntry.objects.filter(tower=tower, seq__lte=seq, seq__gt=seq - REPLAY_ROWS).order_by("seq")
    state = state_after(
        Entry.model_construct(seq=row.seq, at=row.at, event=EVENT.validate_python(row.event), digest=row.digest)
        for row in rows.iterator()
    )
    if state is None or state.seq != seq:
        return None
    first = JournalEntry.objects.filter(tower=tower).order_by("seq").values_list("seq", flat=True)[0]
    return Moment(state, first, tower.journal_seq, first <= seq - REPLAY_ROWS)


def check_chain(tower: Tower, most: int = CHAIN_ROWS) -> Chain:
    """Verify the newest `most` rows of a journal, and that its end is the one that retail was last told."""
    after = max(0, tower.journal_seq - most)
    head = _digest_of(tower, after)
    if head is None:
        return Chain(after, after, after)
    try:
        head = verify_chain(_links(tower, after), head, after)
    except BrokenChain as broken:
        return Chain(after + 1, broken.seq - 1, broken.seq)
    last = JournalEntry.objects.filter(tower=tower).order_by("-seq").values_list("seq", flat=True).first() or 0
    if last != tower.journal_seq:
        return Chain(after + 1, last, min(last, tower.journal_seq) + 1)
    if head.hex() != tower.journal_digest:
        return Chain(after + 1, last - 1, last)
    return Chain(after + 1, last, None)


def _day_range(tower: Tower, day: date) -> tuple[datetime, datetime]:
    zone, after = ZoneInfo(tower.time_zone), day + timedelta(days=1)
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    return start.astimezone(UTC), datetime(after.year, after.month, after.day, tzinfo=zone).astimezone(UTC)


def _is_late(drive: Drive, now: datetime) -> bool:
    return drive.state == DriveState.out and drive.due_at <= now


def _drive_row(drive: Drive, now: datetime) -> DriveRow:
    return DriveRow(drive, mask_name(drive.person.name), drive.customer.phone[-PHONE_DIGITS:], _is_late(drive, now))


def _standing(tower: Tower) -> list[tuple[str, str]]:
    return standing(TowerReport.model_validate(tower.report)) if tower.report else []


def _vehicle_row(vehicle: Vehicle, seen: tuple[str, Tower] | None, drive: Drive | None) -> VehicleRow:
    out = drive if drive is not None and drive.state == DriveState.out else None
    if seen is not None:
        return VehicleRow(vehicle, seen[0], seen[1], seen[1].report_at, out)
    left = drive.returned_at or drive.handed_over_at if drive is not None else None
    sold = vehicle.state == VehicleState.sold
    return VehicleRow(vehicle, "", None, left, None if sold else out)


def _digest_of(tower: Tower, seq: int) -> bytes | None:
    if seq == 0:
        return GENESIS
    row = JournalEntry.objects.filter(tower=tower, seq=seq).first()
    return bytes.fromhex(row.digest) if row else None


def _links(tower: Tower, after: int) -> Iterator[Link]:
    rows = JournalEntry.objects.filter(tower=tower, seq__gt=after).order_by("seq")
    for row in rows.iterator(chunk_size=2000):
        yield Link(row.seq, _payload(row), _bytes(row.digest))


def _payload(row: JournalEntry) -> bytes:
    try:
        text = row.text or EVENT.validate_python(row.event).model_dump_json()
        shown = json.loads(text)
    except ValueError:
        return b""  # no station sealed such a row: its digest cannot match
    # What people are shown and search for is what was sealed.
    genuine = (not row.text or shown == row.event) and row.event.get("kind") == row.kind
    return sealed_text(row.at, text) if genuine else b""


def _bytes(digest: str) -> bytes:
    try:
        return bytes.fromhex(digest)
    except ValueError:
        return b""
