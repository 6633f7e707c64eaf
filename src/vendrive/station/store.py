"""What a station keeps beside its journal: held passes, stock, cursors, PIN tries. All of it is replaceable."""

from datetime import datetime
from typing import cast

from pydantic import TypeAdapter

from vendrive.station.database import Database
from vendrive.wire.base import Message
from vendrive.wire.orders import Check, HandOver, Limits, Vehicle

_CHECK: TypeAdapter[Check] = TypeAdapter(Check)
_CURSOR = "orders_cursor"
_ACKNOWLEDGED = "journal_acknowledged"


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


class Store:
    """Reads and writes; call the writes inside `database.transaction()` with their journal entries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def hold(self, order: HandOver) -> bool:
        """Keep the highest revision of a drive's hand-over; False where this one is not newer."""
        known = self.lending(order.drive_id)
        if (known and known.revision >= order.revision) or self._cancelled(order.drive_id) >= order.revision:
            return False
        lending = Lending.model_validate(order.model_dump(exclude={"kind", "check"}))
        self._database.run(
            "INSERT OR REPLACE INTO held VALUES (?, ?, ?, ?, ?)",
            order.drive_id,
            order.person_id,
            order.short_code,
            lending.model_dump_json(),
            order.check.model_dump_json(),
        )
        self.know_vehicle(order.vehicle)
        return True

    def lending(self, drive_id: str) -> Lending | None:
        """Return the drive's order, cancelled or not."""
        rows = self._database.rows("SELECT body FROM held WHERE drive_id = ?", drive_id)
        return Lending.model_validate_json(cast(str, rows[0][0])) if rows else None

    def check(self, drive_id: str) -> Check | None:
        """Return how to verify the drive's person; None where it was wiped."""
        rows = self._database.rows("SELECT check_body FROM held WHERE drive_id = ?", drive_id)
        return _CHECK.validate_json(cast(str, rows[0][0])) if rows and rows[0][0] else None

    def by_short_code(self, code: str) -> Lending | None:
        """Return the newest order with this code."""
        rows = self._database.rows("SELECT body FROM held WHERE short_code = ? ORDER BY rowid DESC", code)
        return Lending.model_validate_json(cast(str, rows[0][0])) if rows else None

    def cancel(self, drive_id: str, revision: int) -> None:
        """Remember that the drive is cancelled, and forget its check."""
        if revision <= self._cancelled(drive_id):
            return
        self._database.run("INSERT OR REPLACE INTO cancelled VALUES (?, ?)", drive_id, revision)
        lending = self.lending(drive_id)
        if lending and lending.revision <= revision:
            self._database.run("UPDATE held SET check_body = NULL WHERE drive_id = ?", drive_id)

    def is_cancelled(self, lending: Lending) -> bool:
        """Whether a cancellation reached this revision."""
        return self._cancelled(lending.drive_id) >= lending.revision

    def wipe_checks(self, person_id: str) -> None:
        """Delete the face templates of a person; PINs stay."""
        rows = self._database.rows("SELECT drive_id FROM held WHERE person_id = ?", person_id)
        for (drive_id,) in cast(list[tuple[str]], rows):
            check = self.check(drive_id)
            if check and check.method == "face":
                self._database.run("UPDATE held SET check_body = NULL WHERE drive_id = ?", drive_id)

    def know_vehicle(self, vehicle: Vehicle) -> None:
        """Remember a vehicle of the pool."""
        self._database.run(
            "INSERT OR REPLACE INTO stock VALUES (?, ?, ?)", vehicle.vehicle_id, vehicle.tag, vehicle.model_dump_json()
        )

    def vehicle_of(self, tag: str) -> Vehicle | None:
        """Return the vehicle with this tag, or None for a stranger's."""
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

    def _cancelled(self, drive_id: str) -> int:
        rows = self._database.rows("SELECT revision FROM cancelled WHERE drive_id = ?", drive_id)
        return cast(int, rows[0][0]) if rows else -1
