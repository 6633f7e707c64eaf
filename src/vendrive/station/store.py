"""What a station keeps beside its journal: held passes, stock, cursors, PIN tries. All of it is replaceable."""

from collections.abc import Collection
from datetime import datetime
from typing import cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import TypeAdapter

from vendrive.ids import random_bytes
from vendrive.passes.signing import decode, encode
from vendrive.station.database import Database
from vendrive.wire.base import Message
from vendrive.wire.orders import Check, HandOver, Limits, Vehicle

_CHECK: TypeAdapter[Check] = TypeAdapter(Check)
_CURSOR = "orders_cursor"
_ACKNOWLEDGED = "journal_acknowledged"
_TOLD_AT = "newest_order_issued_at"
_HEARD_AT = "retail_heard_at"
_NONCE_BYTES = 12


class Lending(Message):
    """A hand-over order without its check, which may be wiped on its own."""

    drive_id: str
    revision: int
    pass_id: str
    person_id: str
    greeting: str
    short_code: str
    vehicle: Vehicle
    not_before: datetime
    not_after: datetime
    due_at: datetime
    limits: Limits
    programme_revision: int
    promised_at: datetime | None = None


class Store:
    """Reads and writes; call the writes inside `database.transaction()` with their journal entries."""

    def __init__(self, database: Database, secret: bytes) -> None:
        """`secret` is one of the station's own keys: names lie in the file sealed under a key that is derived of it."""
        self._database = database
        derived = HKDF(hashes.SHA256(), 32, salt=None, info=b"vendrive station names 1").derive(secret)
        self._names = AESGCM(derived)
        # By tag, None for a stranger's; forgotten where one is written, or may have been undone.
        self._vehicles: dict[str, Vehicle | None] = {}
        self._vehicles_undone = 0
        # Rises with each change of what is held or cancelled, or who can be verified.
        self.version = 0
        self._upcoming: tuple[Lending, ...] = ()
        self._cancellations: dict[str, int] = {}
        self._read_at: tuple[int, int] | None = None
        # Orders with their names, by the text that lies in the file.
        self._clear: dict[str, Lending] = {}

    def hold(self, order: HandOver) -> bool:
        """Keep the highest revision of a drive's hand-over; False where this one is not newer."""
        known = self.lending(order.drive_id)
        if (known and known.revision >= order.revision) or self._cancelled(order.drive_id) >= order.revision:
            return False
        self.version += 1
        lending = Lending.model_validate(order.model_dump(exclude={"kind", "check"}))
        lending = lending.model_copy(update={"greeting": self._sealed(order.drive_id, order.greeting)})
        self._database.run(
            "INSERT OR REPLACE INTO held VALUES (?, ?, ?, ?, ?)",
            order.drive_id,
            order.person_id,
            order.short_code,
            lending.model_dump_json(),
            order.check.model_dump_json(),
        )
        # A new revision is a new way to be recognised, which its person ordered: its tries begin anew.
        self.forget_tries(order.drive_id)
        self.know_vehicle(order.vehicle)
        return True

    def lending(self, drive_id: str) -> Lending | None:
        """Return the drive's order, cancelled or not."""
        return self._opened(self._database.rows("SELECT body FROM held WHERE drive_id = ?", drive_id))

    def check(self, drive_id: str) -> Check | None:
        """Return how to verify the drive's person; None where it was wiped."""
        rows = self._database.rows("SELECT check_body FROM held WHERE drive_id = ?", drive_id)
        return _CHECK.validate_json(cast(str, rows[0][0])) if rows and rows[0][0] else None

    def by_short_code(self, code: str) -> Lending | None:
        """Return the newest order with this code."""
        return self._opened(
            self._database.rows("SELECT body FROM held WHERE short_code = ? ORDER BY rowid DESC LIMIT 1", code)
        )

    def upcoming(self, now: datetime) -> list[Lending]:
        """Return the drives whose window has not ended and whose person can be verified, the earliest first."""
        self._read_anew()
        return [one for one in self._upcoming if one.not_after > now]

    def _read_anew(self) -> None:
        """Read what is asked for with each look at the machine, if it has changed since, or a change was undone."""
        at = (self.version, self._database.undone)
        if at == self._read_at:
            return
        rows = self._database.rows("SELECT body FROM held WHERE check_body IS NOT NULL ORDER BY rowid")
        found = [lending for row in rows if (lending := self._opened([row])) is not None]
        self._upcoming = tuple(sorted(found, key=lambda one: (one.not_before, one.drive_id)))
        cancelled = self._database.rows("SELECT drive_id, revision FROM cancelled")
        self._cancellations = dict(cast(list[tuple[str, int]], cancelled))
        self._read_at = at

    def cancel(self, drive_id: str, revision: int) -> None:
        """Remember that the drive is cancelled, and forget its check."""
        if revision <= self._cancelled(drive_id):
            return
        self.version += 1
        self._database.run("INSERT OR REPLACE INTO cancelled VALUES (?, ?)", drive_id, revision)
        lending = self.lending(drive_id)
        if lending and lending.revision <= revision:
            self._database.run("UPDATE held SET check_body = NULL WHERE drive_id = ?", drive_id)

    def is_cancelled(self, lending: Lending) -> bool:
        """Whether a cancellation reached this revision."""
        return self._cancelled(lending.drive_id) >= lending.revision

    def forget_check(self, drive_id: str) -> None:
        """Delete the template or PIN of a drive that was handed over: nobody is verified for it again."""
        self.version += 1
        self._database.run("UPDATE held SET check_body = NULL WHERE drive_id = ?", drive_id)

    def wipe_checks(self, person_id: str) -> None:
        """Delete the face templates of a person; PINs stay."""
        self.version += 1
        rows = self._database.rows("SELECT drive_id FROM held WHERE person_id = ?", person_id)
        for (drive_id,) in cast(list[tuple[str]], rows):
            check = self.check(drive_id)
            if check and check.method == "face":
                self._database.run("UPDATE held SET check_body = NULL WHERE drive_id = ?", drive_id)

    def forget_passes(self, before: datetime, out: Collection[str]) -> None:
        """Forget drives whose window ended before then, with all that is kept of them, but those that are `out`."""
        self.version += 1
        self._clear.clear()
        ended = "SELECT drive_id FROM held WHERE julianday(json_extract(body, '$.not_after')) < julianday(?)"
        for (drive,) in cast(list[tuple[str]], self._database.rows(ended, before.isoformat())):
            if drive not in out:
                for table in ("held", "cancelled", "tries"):
                    self._database.run(f"DELETE FROM {table} WHERE drive_id = ?", drive)  # noqa: S608 - constants
                self._database.run("DELETE FROM notes WHERE name = ?", f"measured {drive}")

    def know_vehicle(self, vehicle: Vehicle) -> None:
        """Remember a vehicle of the pool."""
        self._vehicles.clear()
        self._database.run(
            "INSERT OR REPLACE INTO stock VALUES (?, ?, ?)", vehicle.vehicle_id, vehicle.tag, vehicle.model_dump_json()
        )

    def vehicle_of(self, tag: str) -> Vehicle | None:
        """Return the vehicle with this tag, or None for a stranger's."""
        if self._vehicles_undone != self._database.undone:
            self._vehicles, self._vehicles_undone = {}, self._database.undone
        if tag not in self._vehicles:
            self._vehicles[tag] = self._read_vehicle(tag)
        return self._vehicles[tag]

    def _read_vehicle(self, tag: str) -> Vehicle | None:
        rows = self._database.rows("SELECT body FROM stock WHERE tag = ?", tag)
        return Vehicle.model_validate_json(cast(str, rows[0][0])) if rows else None

    def tries(self, drive_id: str) -> int:
        """Return how many wrong PINs there were for this drive."""
        rows = self._database.rows("SELECT count FROM tries WHERE drive_id = ?", drive_id)
        return cast(int, rows[0][0]) if rows else 0

    def count_try(self, drive_id: str) -> int:
        """Count one wrong PIN and return how many there are."""
        count = self.tries(drive_id) + 1
        self._database.run("INSERT OR REPLACE INTO tries VALUES (?, ?)", drive_id, count)
        return count

    def forget_tries(self, drive_id: str) -> None:
        """A right PIN starts the count anew."""
        self._database.run("DELETE FROM tries WHERE drive_id = ?", drive_id)

    @property
    def cursor(self) -> int:
        """The number of the last order that was stored."""
        return int(self.note(_CURSOR) or 0)

    def move_cursor(self, number: int) -> None:
        self.write_note(_CURSOR, str(number))

    @property
    def told_at(self) -> datetime | None:
        """When retail issued the newest order that was stored: it cannot be earlier than that now."""
        told = self.note(_TOLD_AT)
        return datetime.fromisoformat(told) if told else None

    def note_told(self, issued_at: datetime) -> None:
        """Remember when an order was issued; an older one changes nothing."""
        if self.told_at is None or issued_at > self.told_at:
            self.write_note(_TOLD_AT, issued_at.isoformat())

    @property
    def heard_at(self) -> datetime | None:
        """When retail last answered, to the minute; it may be a program before this one that heard it."""
        heard = self.note(_HEARD_AT)
        return datetime.fromisoformat(heard) if heard else None

    def note_heard(self, at: datetime) -> None:
        self.write_note(_HEARD_AT, at.isoformat())

    @property
    def acknowledged(self) -> int:
        """The last journal entry that retail has."""
        return int(self.note(_ACKNOWLEDGED) or 0)

    def acknowledge(self, seq: int) -> None:
        self.write_note(_ACKNOWLEDGED, str(seq))

    def note(self, name: str) -> str | None:
        """Return a small remembered value."""
        rows = self._database.rows("SELECT value FROM notes WHERE name = ?", name)
        return cast(str, rows[0][0]) if rows else None

    def write_note(self, name: str, value: str) -> None:
        self._database.run("INSERT OR REPLACE INTO notes VALUES (?, ?)", name, value)

    def _opened(self, rows: list[tuple[object, ...]]) -> Lending | None:
        if not rows:
            return None
        text = cast(str, rows[0][0])
        if text not in self._clear:
            self._clear[text] = self._unsealed(Lending.model_validate_json(text))
        return self._clear[text]

    def _unsealed(self, lending: Lending) -> Lending:
        box = decode(lending.greeting)
        try:
            name = self._names.decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], lending.drive_id.encode()).decode()
        except InvalidTag:
            name = ""  # the station has other keys than then: it greets nobody, and works as well
        return lending.model_copy(update={"greeting": name})

    def _sealed(self, drive_id: str, name: str) -> str:
        nonce = random_bytes(_NONCE_BYTES)
        return encode(nonce + self._names.encrypt(nonce, name.encode(), drive_id.encode()))

    def _cancelled(self, drive_id: str) -> int:
        self._read_anew()
        return self._cancellations.get(drive_id, -1)
