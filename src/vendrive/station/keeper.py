"""The housekeeper: what a station looks after beside its conversations, so that nothing ends by surprise.

Disk and journal, the line to retail, the calendar, the certificates. It tells by alarms and moves nothing.
"""

import asyncio
import logging
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from vendrive.clock import Clock
from vendrive.station.database import Database, NotWritten
from vendrive.station.journal import Journal
from vendrive.station.line import Line
from vendrive.station.record import Record
from vendrive.station.store import Store
from vendrive.wire.alarms import AlarmName
from vendrive.wire.pki import ends_of_certificates
from vendrive.wire.station_auth import TOLERANCE_S

PERIOD_S = 60.0
FILES_PERIOD_S = 600.0
RETAIL_AWAY_S = 15 * 60.0
CALENDAR_BACK_S = 60.0
CERTIFICATE_WARNING = timedelta(days=14)

KEPT = timedelta(days=400)
KEPT_BYTES = 512 * 1024 * 1024
KEPT_WHEN_FULL = timedelta(days=8)
FORGET_AT_ONCE = 500
"""Entries: some twenty milliseconds of work, so that no heartbeat waits for it."""
NEARLY_FULL_BYTES = 512 * 1024 * 1024
ROOM_AGAIN_BYTES = 2 * NEARLY_FULL_BYTES

STATION = "station"

log = logging.getLogger(__name__)


class Keeper:
    """Looks at each of its cares now and then; each is one alarm, on as long as the care is."""

    def __init__(
        self,
        database: Database,
        journal: Journal,
        record: Record,
        store: Store,
        folder: Path,
        line: Line,
        clock: Clock,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        """`folder` is the station's data folder."""
        self._database = database
        self._journal = journal
        self._record = record
        self._store = store
        self._folder = folder
        self._line = line
        self._clock = clock
        self._free_bytes = free_bytes
        self._offset_s = self._calendar_offset_s()
        self._set_back_s: float | None = None
        self._files_s = float("-inf")

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                self.look()
            except (NotWritten, OSError) as error:
                log.error("the housekeeper could not look at everything: %s", error)
            await asyncio.sleep(PERIOD_S)

    def look(self) -> None:
        """Look at everything once."""
        self._look_at_retail()
        self._look_at_calendar()
        now_s = self._clock.monotonic()
        if now_s - self._files_s >= FILES_PERIOD_S:
            self._files_s = now_s
            self._look_at_disk()
            self._look_at_certificates()
            self._forget_passes()
        self._record.tidy()
        self.forget()

    def forget(self) -> None:
        """Forget some of what retail has and nobody needs here any more: what is old, and what is too much."""
        first, last = self._journal.first, 0
        horizon = self._clock.now() - (KEPT_WHEN_FULL if self._is_on(AlarmName.disk_full) else KEPT)
        much = self._database.used_bytes > KEPT_BYTES
        if first is None or (first.at >= horizon and not much):
            return
        for entry in self._journal.entries_after(0, FORGET_AT_ONCE):
            if entry.seq > self._store.acknowledged or (entry.at >= horizon and not much):
                break
            last = entry.seq
        if 0 < last < self._journal.head()[0]:
            self._journal.forget(last)

    def _forget_passes(self) -> None:
        """Forget drives that are long over by retail's own time: a calendar that is ahead ends no pass."""
        told = self._store.told_at
        if told is not None:
            with self._database.transaction():
                self._store.forget_passes(min(told, self._clock.now()) - KEPT, self._record.facts.out)

    def _look_at_disk(self) -> None:
        free = self._free_bytes(self._folder)
        if free < NEARLY_FULL_BYTES:
            self._record.alarm(AlarmName.disk_full, STATION, f"{free // 1_000_000} MB are free")
        elif free >= ROOM_AGAIN_BYTES:
            self._record.end_alarm(AlarmName.disk_full, STATION, f"{free // 1_000_000} MB are free")

    def _look_at_retail(self) -> None:
        away = self._line.away_s >= RETAIL_AWAY_S
        self._record.follow(AlarmName.retail_away, STATION, away, f"no answer for {RETAIL_AWAY_S / 60:.0f} min")

    def _look_at_calendar(self) -> None:
        """Doubt a calendar that is behind what signed orders say, or that was set back while this program ran.

        The latter until it is set forward again, or until retail, which has a calendar of its own, agrees with it.
        """
        offset_s, told = self._calendar_offset_s(), self._store.told_at
        if self._offset_s - offset_s > CALENDAR_BACK_S and self._set_back_s is None:
            self._set_back_s = self._clock.monotonic()
        agreed = self._set_back_s is not None and (self._line.heard_s or 0.0) > self._set_back_s
        if agreed or self._offset_s - offset_s <= CALENDAR_BACK_S:
            self._offset_s, self._set_back_s = (offset_s if agreed else max(self._offset_s, offset_s)), None
        behind = told is not None and self._clock.now() < told - timedelta(seconds=TOLERANCE_S)
        why = f"the calendar says {self._clock.now():%Y-%m-%d %H:%M}, " + (
            f"retail wrote at {told:%Y-%m-%d %H:%M}" if behind and told else "and it was set back"
        )
        self._record.follow(AlarmName.calendar_doubt, STATION, behind or self._set_back_s is not None, why)

    def _look_at_certificates(self) -> None:
        ends = ends_of_certificates(self._folder / "pki")
        soon = {name: end for name, end in ends.items() if end - self._clock.now() < CERTIFICATE_WARNING}
        why = ", ".join(f"{name} on {end:%Y-%m-%d}" for name, end in soon.items())
        self._record.follow(AlarmName.certificate_ends, STATION, bool(soon), why or "replaced")

    def _is_on(self, alarm: AlarmName) -> bool:
        return f"{alarm} {STATION}" in self._record.facts.alarms

    def _calendar_offset_s(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()
