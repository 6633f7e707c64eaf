"""The housekeeper and what is only counted: disk, journal, line, calendar and certificates, without a machine."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vendrive.clock import ManualClock
from vendrive.passes.pins import hash_pin
from vendrive.station import keeper as keeping
from vendrive.station.database import Database
from vendrive.station.journal import Journal
from vendrive.station.keeper import FORGET_AT_ONCE, KEPT, NEARLY_FULL_BYTES, ROOM_AGAIN_BYTES, Keeper
from vendrive.station.line import CUT_OFF_S, Line
from vendrive.station.record import Record
from vendrive.station.store import Store
from vendrive.station.thinning import ENDS_PERIOD_S, MOST_ENDS, REFUSALS_PERIOD_S
from vendrive.wire.journal import CommandEnded, CommandGiven, Counted, Event, HandedOver, PersonRefused, Started
from vendrive.wire.orders import HandOver, Limits, Vehicle
from vendrive.wire.pki import VALID_DAYS, make_certificate, trust

START = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
SECRET = bytes(range(32))
HOUR_S = 3600.0


class MovedClock(ManualClock):
    """A clock whose calendar can be set, as a person or a wrong time server does."""

    def set_calendar(self, shift: timedelta) -> None:
        self._now += shift


@dataclass
class House:
    """A station's keeper with all that it looks after."""

    folder: Path
    clock: MovedClock = field(default_factory=lambda: MovedClock(START))
    free: int = 100 * NEARLY_FULL_BYTES

    def open(self) -> None:
        self.database = Database(self.folder / "journal.sqlite")
        self.database.rows("PRAGMA synchronous = OFF")  # no test of these cuts the power
        self.journal = Journal(self.database, self.clock, SECRET)
        self.record = Record(self.journal)
        self.store = Store(self.database, SECRET)
        self.line = Line(self.store, self.clock)
        self.keeper = Keeper(
            self.database,
            self.journal,
            self.record,
            self.store,
            self.folder,
            self.line,
            self.clock,
            lambda folder: self.free,
        )

    def events(self) -> list[Event]:
        return [entry.event for entry in self.journal.entries()]

    def look(self) -> None:
        """Look at everything, files too."""
        self.keeper._files_s = float("-inf")
        self.keeper.look()

    def alarms(self) -> list[str]:
        """Look, and return the names of the alarms that are on."""
        self.look()
        return [alarm.name for alarm in self.record.facts.alarms.values()]

    def pass_time(self, seconds: float, line: bool = True) -> None:
        self.clock.advance(seconds)
        if line:
            self.line.heard()

    def acknowledge(self, seq: int) -> None:
        with self.database.transaction():
            self.store.acknowledge(seq)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    made.open()
    yield made
    made.database.close()


def refusals(house: House) -> list[int]:
    return [event.count for event in house.events() if isinstance(event, PersonRefused)]


def refuse(house: House, drive: str | None = None, code: str = "pass_unknown") -> None:
    house.record.write(PersonRefused(drive_id=drive, code=code))


def test_refusals_of_one_minute_are_one_entry_with_their_count(house: House) -> None:
    for _ in range(50):
        refuse(house)
        house.pass_time(1)
        house.record.tidy()
    assert refusals(house) == [1]
    house.pass_time(REFUSALS_PERIOD_S)
    house.record.tidy()
    assert refusals(house) == [1, 49]
    house.pass_time(REFUSALS_PERIOD_S)
    house.record.tidy()
    refuse(house)
    assert refusals(house) == [1, 49, 1]


def test_a_refusal_of_another_drive_or_code_is_written_at_once(house: House) -> None:
    refuse(house)
    refuse(house, "d1")
    refuse(house, "d1", "pass_used")
    refuse(house, "d2")
    assert refusals(house) == [1, 1, 1, 1]


def test_a_clean_end_writes_what_was_counted(house: House) -> None:
    for _ in range(3):
        refuse(house)
    house.record.close()
    assert refusals(house) == [1, 2]


def test_a_person_who_is_refused_for_a_whole_week_fills_nothing(house: House) -> None:
    for second in range(0, int(168 * HOUR_S), 5):
        refuse(house)
        house.pass_time(5, line=False)
        if second % 60 == 0:
            house.record.tidy()
    house.record.close()
    assert len(refusals(house)) <= 168 * 60 + 2
    assert sum(refusals(house)) == 168 * HOUR_S / 5


def test_a_count_that_says_nothing_new_is_not_written_again(house: House) -> None:
    count = Counted(places={"T1": "2A"}, reason="x")
    for _ in range(3):
        house.record.write(count)
    assert house.events() == [count]
    moved = Counted(places={"T1": "2C"}, reason="x")
    house.record.write(moved)
    house.record.write(count)
    assert house.events() == [count, moved, count]


def test_a_count_that_confirms_a_move_is_written(house: House) -> None:
    move = CommandGiven(control_epoch=1, seq=1, operation="pick", arguments={"lift": "L1", "place": "2A"}, purpose="p")
    house.record.write(Counted(places={"T1": "2A"}, reason="start"))
    house.record.write(move)
    house.record.write(CommandEnded(seq=1, result="done", reason=""))
    confirming = Counted(places={"T1": "L1"}, reason="after")
    for _ in range(2):
        house.record.write(confirming)
    assert house.events()[3:] == [confirming]


def test_an_alarm_that_flaps_stays_on_until_it_is_quiet(house: House) -> None:
    for _ in range(1000):
        house.record.alarm("movement", "2A", "sensor")
        house.record.end_alarm("movement", "2A", "sensor")
        house.pass_time(0.2)
    assert len(house.events()) == 2 * MOST_ENDS + 1
    assert "movement 2A" in house.record.facts.alarms
    house.record.alarm("help", "plc", "kiosk")
    house.record.end_alarm("help", "plc", "kiosk")
    assert "help plc" not in house.record.facts.alarms
    house.pass_time(ENDS_PERIOD_S)
    assert house.alarms() == []  # nobody has to say again that it is over


def test_an_alarm_that_flapped_and_is_on_does_not_end_by_itself(house: House) -> None:
    for _ in range(MOST_ENDS + 1):
        house.record.alarm("movement", "2A", "sensor")
        house.record.end_alarm("movement", "2A", "sensor")
    house.record.alarm("movement", "2A", "sensor")
    house.pass_time(ENDS_PERIOD_S)
    assert house.alarms() == ["movement"]


def test_a_full_disk_is_an_alarm_until_there_is_room_again(house: House) -> None:
    assert house.alarms() == []
    house.free = NEARLY_FULL_BYTES - 1
    assert house.alarms() == ["disk_full"]
    house.free = ROOM_AGAIN_BYTES - 1
    assert house.alarms() == ["disk_full"]
    house.free = ROOM_AGAIN_BYTES
    assert house.alarms() == []


def test_on_a_nearly_full_disk_refusals_are_only_counted_and_all_else_is_written(house: House) -> None:
    house.free = 0
    house.alarms()
    for _ in range(5):
        refuse(house)
        house.record.write(Started(control_epoch=1))
        house.pass_time(REFUSALS_PERIOD_S)
        house.look()
    assert refusals(house) == []
    assert sum(isinstance(event, Started) for event in house.events()) == 5
    house.free = ROOM_AGAIN_BYTES
    house.look()
    assert refusals(house) == [5]


def write_days(house: House, days: int) -> None:
    for day in range(days):
        house.record.write(Started(control_epoch=day + 1))
        house.pass_time(24 * HOUR_S)


def kept(house: House) -> list[int]:
    house.look()
    return [entry.seq for entry in house.journal.entries()]


def test_what_is_old_and_acknowledged_is_forgotten(house: House) -> None:
    write_days(house, KEPT.days + 10)
    facts = house.record.facts.model_copy(deep=True)
    house.acknowledge(house.journal.head()[0])
    assert kept(house)[0] == 11
    assert house.journal.load() == facts


def test_what_retail_has_not_acknowledged_is_kept_however_old_it_is(house: House) -> None:
    write_days(house, KEPT.days + 10)
    house.acknowledge(3)
    house.free = 0
    assert kept(house)[0] == 4


def test_on_a_nearly_full_disk_only_the_last_days_are_kept(house: House) -> None:
    write_days(house, 100)
    house.acknowledge(house.journal.head()[0])
    assert kept(house)[0] == 1
    house.free = 0
    assert kept(house)[0] == 93


def test_a_journal_that_is_too_large_is_shortened(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for epoch in range(2000):
        house.record.write(Started(control_epoch=epoch))
    house.acknowledge(2000)
    assert kept(house)[0] == 1
    monkeypatch.setattr(keeping, "KEPT_BYTES", house.database.used_bytes * 3 // 4)
    assert kept(house)[0] == FORGET_AT_ONCE + 1
    while (before := len(kept(house))) > len(kept(house)):
        assert before
    assert house.database.used_bytes <= keeping.KEPT_BYTES
    assert house.journal.head()[0] == 2000
    size = house.database.used_bytes
    for epoch in range(500):
        house.record.write(Started(control_epoch=epoch))
    house.acknowledge(2500)
    kept(house)
    assert house.database.used_bytes <= size + 4 * 4096


def test_the_last_entry_stays_even_where_all_is_old(house: House) -> None:
    write_days(house, 3)
    house.acknowledge(3)
    house.pass_time(2 * KEPT.total_seconds())
    assert kept(house) == [1, 2, 3]
    house.record.write(Started(control_epoch=9))
    assert kept(house) == [4]


def test_retail_that_does_not_answer_is_an_alarm_until_it_does(house: House) -> None:
    house.pass_time(keeping.RETAIL_AWAY_S - 1, line=False)
    assert house.alarms() == []
    house.pass_time(1, line=False)
    assert house.alarms() == ["retail_away"]
    house.pass_time(168 * HOUR_S, line=False)
    assert house.alarms() == ["retail_away"]
    house.pass_time(1)
    assert house.alarms() == []


def test_a_calendar_behind_what_retail_signed_is_doubted(house: House) -> None:
    with house.database.transaction():
        house.store.note_told(START + timedelta(hours=2))
    assert house.alarms() == ["calendar_doubt"]
    house.pass_time(2 * HOUR_S)
    assert house.alarms() == []


def test_a_calendar_that_was_set_back_is_doubted_until_it_is_set_right(house: House) -> None:
    house.pass_time(HOUR_S, line=False)
    assert "calendar_doubt" not in house.alarms()
    house.clock.set_calendar(timedelta(seconds=-61))
    assert "calendar_doubt" in house.alarms()
    house.pass_time(HOUR_S, line=False)
    assert "calendar_doubt" in house.alarms()
    house.clock.set_calendar(timedelta(seconds=61))
    assert "calendar_doubt" not in house.alarms()


def test_a_calendar_that_was_set_back_is_right_where_retail_agrees(house: House) -> None:
    house.clock.set_calendar(timedelta(hours=-1))
    assert house.alarms() == ["calendar_doubt"]
    house.pass_time(1)
    assert house.alarms() == []
    house.clock.set_calendar(timedelta(seconds=-59))
    assert house.alarms() == []


def test_a_certificate_that_runs_out_is_told_two_weeks_before_and_after(house: House) -> None:
    make_certificate(house.folder / "pki", "urn:vendrive:test", START)
    machine = make_certificate(house.folder / "machine", "urn:vendrive:machine", START)
    pinned = trust(house.folder / "pki", machine.der)
    assert house.alarms() == []
    house.pass_time((VALID_DAYS - 14) * 24 * HOUR_S - 1)
    assert house.alarms() == []
    house.pass_time(keeping.FILES_PERIOD_S)
    assert house.alarms() == ["certificate_ends"]
    house.pass_time(30 * 24 * HOUR_S)
    assert house.alarms() == ["certificate_ends"]
    told = next(iter(house.record.facts.alarms.values())).source
    assert pinned.name in told
    pinned.unlink()
    (house.folder / "pki" / "own.der").unlink()
    trust(house.folder / "pki", make_certificate(house.folder / "new", "urn:vendrive:machine", house.clock.now()).der)
    house.pass_time(keeping.FILES_PERIOD_S)
    assert house.alarms() == []


def test_what_is_no_certificate_is_told_as_one_that_has_ended(house: House) -> None:
    (house.folder / "pki" / "trusted").mkdir(parents=True)
    (house.folder / "pki" / "trusted" / "other.der").write_bytes(b"nothing")
    assert house.alarms() == ["certificate_ends"]


def test_a_week_without_retail_is_counted_through_restarts(house: House) -> None:
    house.pass_time(HOUR_S)
    house.pass_time(100 * HOUR_S, line=False)
    house.record.close()
    house.database.close()
    house.open()
    assert house.alarms() == ["retail_away"]
    house.pass_time(CUT_OFF_S - 100 * HOUR_S - 1, line=False)
    assert not house.line.is_cut_off
    house.pass_time(1, line=False)
    assert house.line.is_cut_off
    house.pass_time(0)
    assert (house.line.is_cut_off, house.alarms()) == (False, [])


def test_a_calendar_that_is_set_back_does_not_make_the_week_longer(house: House) -> None:
    house.pass_time(HOUR_S)
    house.pass_time(CUT_OFF_S - 1, line=False)
    house.clock.set_calendar(timedelta(days=-5))
    assert not house.line.is_cut_off
    house.pass_time(1, line=False)
    assert house.line.is_cut_off


def test_a_calendar_that_is_set_forward_does_not_cut_off_a_station_that_hears_retail(house: House) -> None:
    house.pass_time(HOUR_S)
    house.clock.set_calendar(timedelta(days=30))
    assert not house.line.is_cut_off


def hold(house: House, drive: str, not_after: datetime) -> None:
    order = HandOver(
        drive_id=drive,
        revision=1,
        pass_id="p",
        person_id="person",
        greeting="Demo person 1",
        short_code=drive,
        vehicle=Vehicle(
            vehicle_id="v",
            tag="T1",
            model_slug="m",
            model_name="m",
            paint_name="p",
            paint="#aa2211",
            plate="DEMO 1",
            length_mm=4000,
            width_mm=1800,
            height_mm=1500,
            mass_kg=1500,
        ),
        not_before=not_after - timedelta(hours=2),
        not_after=not_after,
        due_at=not_after,
        check=hash_pin("493027", bytes(16)),
        limits=Limits(),
        programme_revision=1,
    )
    with house.database.transaction():
        house.store.hold(order)


def test_passes_that_are_long_over_are_forgotten_but_not_of_cars_that_are_out(house: House) -> None:
    for drive in ("over", "out", "late"):
        hold(house, drive, START if drive != "late" else START + timedelta(days=2))
    house.record.write(HandedOver(drive_id="out", vehicle_id="v", bay="B1", tag="T1"))

    def held() -> list[str]:
        house.look()
        return [drive for drive in ("over", "out", "late") if house.store.lending(drive)]

    house.clock.set_calendar(KEPT + timedelta(days=1))
    assert held() == ["over", "out", "late"]  # retail has signed nothing since: the calendar may be wrong
    with house.database.transaction():
        house.store.note_told(START + KEPT + timedelta(days=1))
    assert held() == ["out", "late"]
    assert house.store.check("over") is None
