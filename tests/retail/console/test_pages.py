from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.retail.console.world import STAFF, change, html, make_report, send_report, shanghai, write_journal
from tests.retail.helpers import PICKUP, Outside
from vendrive.design.messages import LANGUAGES, catalogue
from vendrive.retail.console.access import FIELDS, KINDS
from vendrive.retail.console.panels import list_open_alarms
from vendrive.retail.console.queries import check_chain, list_journal, list_vehicle_rows, mask_name
from vendrive.retail.console.requests import Progress
from vendrive.retail.console.words import value_text
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.actions import book_drive
from vendrive.retail.drives.models import Drive, DriveState
from vendrive.retail.drives.orders import publish_orders
from vendrive.retail.fleet.models import JournalEntry, OrderKind, StationOrder, Vehicle, VehicleState
from vendrive.wire.journal import (
    Alarm,
    AlarmEnded,
    CommandEnded,
    HandedOver,
    ModeChanged,
    PassHeld,
    RequestRefused,
    Started,
)
from vendrive.wire.machine import Door, Mode, Operation, PlcState, Result
from vendrive.wire.orders import TWO_PERSONS, OperatorAction


def a_drive(driver: Customer) -> Drive:
    return book_drive(driver, "volvo-ex30", "yellow", "shanghai", PICKUP, "key-1")


def hand_over(drive: Drive, outside: Outside) -> None:
    event = HandedOver(drive_id=str(drive.id), vehicle_id=str(drive.vehicle_id), bay="B1")
    write_journal(outside.clock.now(), event)


def test_a_report_is_shown_with_its_age_and_never_as_fresh_when_it_is_old(staff: Client, outside: Outside) -> None:
    assert "No report from this tower yet" in html(staff, "/console/towers/shanghai/picture/")
    send_report(make_report(outside.clock.now(), {"2A": "SH0004"}, activity="<b>lift</b> to 2"))
    fresh = html(staff, "/console/towers/shanghai/picture/")
    assert 'class="tower-view"' in fresh
    assert "Volvo EX30" in fresh
    assert "&lt;b&gt;lift&lt;/b&gt; to 2" in fresh
    assert "<b>lift</b>" not in fresh
    outside.clock.advance(12)
    old = html(staff, "/console/towers/shanghai/picture/")
    assert "is-stale" in old
    assert "No contact for 12 s" in old


def test_people_contradictions_and_alarms_are_named(staff: Client, outside: Outside) -> None:
    now = outside.clock.now()
    send_report(make_report(now, {}, untagged=("3E",), person=True))
    write_journal(
        now,
        Alarm(name="machine_unknown", part="plc", source="connection"),
        Alarm(name="help", part="plc", source="machine"),
        AlarmEnded(name="help", part="plc", source="heartbeat"),
    )
    shown = html(staff, "/console/towers/shanghai/picture/")
    assert "Person in the bay" in shown
    assert "3E: something stands there, but no tag answers." in shown
    assert "/console/towers/shanghai/alarms/machine_unknown/plc/" in shown
    assert "Machine not known" in shown
    assert "/alarms/help/" not in shown
    assert "机器状态未知" in html(staff, "/console/towers/shanghai/picture/", lang="zh")


def test_an_alarm_stays_open_however_many_others_come_and_go_after_it(staff: Client, outside: Outside) -> None:
    now = outside.clock.now()
    write_journal(now, Alarm(name="disk_full", part="station", source="station"))
    for _ in range(150):
        write_journal(now, Alarm(name="help", part="plc", source="m"), AlarmEnded(name="help", part="plc", source="m"))
    assert [(alarm.name, alarm.seq) for alarm in list_open_alarms(shanghai())] == [("disk_full", 1)]


def test_key_switch_fire_mains_faults_and_lock_outs_are_shown(staff: Client, outside: Outside) -> None:
    report = make_report(outside.clock.now(), {"2A": "SH0004"})
    quiet = html(staff, "/console/towers/shanghai/picture/")
    send_report(
        report.model_copy(
            update={
                "mode": Mode.maintenance,
                "machine": PlcState.held,
                "fire": True,
                "mains": False,
                "lifts": change(report.lifts, "L1", fault="brake", locked_out=True),
                "slots": change(report.slots, "2A", movement=True),
                "bays": change(report.bays, "B1", cabin=True, exit_closed=False, fault="street door"),
            }
        )
    )
    shown = html(staff, "/console/towers/shanghai/picture/")
    words = ("Maintenance", "Held", "Fire or smoke", "No mains", "fault: brake", "fault: street door", "out of service")
    for text in (*words, "something moves inside", "Life in the car", "Emergency exit open"):
        assert text in shown
        assert text not in quiet


def test_an_emergency_stop_is_sent_and_said_to_be_sent_until_the_tower_confirms(
    staff: Client, outside: Outside
) -> None:
    send_report(make_report(outside.clock.now(), {}))
    assert staff.post("/console/towers/shanghai/stop/").status_code == 302
    order = StationOrder.objects.get(kind=OrderKind.operator)
    assert order.intent["action"] == "emergency_stop"
    assert order.intent["staff"] == STAFF
    assert "Stop sent. The machine stops when the station confirms." in html(staff, "/console/towers/")
    publish_orders("shanghai")
    order.refresh_from_db()
    number = order.number or 0
    send_report(make_report(outside.clock.now(), {}, order_number=number))
    assert "The station has the request." in html(staff, "/console/towers/")
    send_report(make_report(outside.clock.now(), {}, order_number=number, stopped=True, machine="aborted"))
    stopped = html(staff, "/console/towers/")
    assert "Confirmed: the tower reports that the machine is stopped." in stopped
    assert "Only the key switch at the tower starts it again." in stopped


def test_a_stop_that_nobody_confirms_is_said_to_have_run_out(staff: Client, outside: Outside) -> None:
    staff.post("/console/towers/shanghai/stop/")
    outside.clock.advance(61)
    assert "Do not assume that the machine stands" in html(staff, "/console/towers/")


def test_asking_for_the_confirmation_page_stops_nothing(staff: Client) -> None:
    assert "Stop Vendrive Shanghai now?" in html(staff, "/console/towers/shanghai/stop/")
    assert not StationOrder.objects.filter(kind=OrderKind.operator).exists()


def test_a_call_for_help_is_answered(staff: Client, outside: Outside) -> None:
    assert "calls for help" not in html(staff, "/console/towers/")
    send_report(make_report(outside.clock.now(), {}, help_called=True))
    assert "calls for help" in html(staff, "/console/towers/")
    staff.post("/console/towers/shanghai/help/")
    assert StationOrder.objects.get(kind=OrderKind.operator).intent["action"] == "acknowledge_help"


def test_unknown_towers_cars_and_nonsense_are_answered_plainly(staff: Client) -> None:
    for page in ("/console/towers/atlantis/", "/console/journal/?tower=atlantis", "/console/cars/nothing/b3202c.svg"):
        assert staff.get(page).status_code == 404
    assert staff.get("/console/drives/", {"day": "soon"}).status_code == 200
    assert staff.get("/console/journal/", {"kind": "x'--", "drive": "'", "before": "-1"}).status_code == 200


def test_a_drive_is_listed_with_a_masked_person(staff: Client, driver: Customer) -> None:
    drive = a_drive(driver)
    shown = html(staff, "/console/drives/")
    assert "D… 1" in shown
    assert "phone ends in 0001" in shown
    assert "Demo person" not in shown
    assert "Volvo EX30" in shown
    assert f"drive={drive.id}" in shown
    assert "No drive begins on this day." in html(staff, "/console/drives/", day="2026-03-03")
    assert "D… 1" not in html(staff, "/console/drives/", tower="nanjing")


def test_a_late_return_is_shown_today_and_first(staff: Client, driver: Customer, outside: Outside) -> None:
    hand_over(a_drive(driver), outside)
    assert "Late by" not in html(staff, "/console/drives/")
    outside.clock.advance(timedelta(days=3, hours=2).total_seconds())
    shown = html(staff, "/console/drives/")
    assert "Late by 2 h" in shown
    assert "is-late" in shown


def test_vehicles_say_where_they_are(staff: Client, driver: Customer, outside: Outside) -> None:
    drive = a_drive(driver)
    send_report(make_report(outside.clock.now(), {"2A": "SH0001"}))
    hand_over(drive, outside)
    rows = {row.vehicle.tag: row for row in list_vehicle_rows(shanghai())}
    assert (rows["SH0001"].place, rows["SH0001"].seen_at) == ("2A", outside.clock.now())
    assert rows[drive.vehicle.tag].drive == drive
    assert rows["SH0002"].seen_at is None
    Vehicle.objects.filter(tag="SH0003").update(state="sold")
    shown = html(staff, "/console/vehicles/")
    for words in ("in its tower&#39;s last report", f"on the road, drive {str(drive.id)[:8]}", "not sensed", "Sold"):
        assert words in shown


def test_the_journal_is_paged_and_filtered(staff: Client, driver: Customer, outside: Outside) -> None:
    drive = a_drive(driver)
    now = outside.clock.now()
    write_journal(now, *(Started(control_epoch=n) for n in range(1, 120)), PassHeld(drive_id=str(drive.id), revision=1))
    first = list_journal(shanghai())
    assert [first.entries[0].seq, first.entries[-1].seq, first.older] == [120, 71, 71]
    last = list_journal(shanghai(), before=21)
    assert ([entry.seq for entry in last.entries], last.older) == (list(range(20, 0, -1)), None)
    of_drive = list_journal(shanghai(), drive_id=str(drive.id))
    assert [entry.kind for entry in of_drive.entries] == ["pass_held"]
    assert len(list_journal(shanghai(), kind="started").entries) == 50
    shown = html(staff, "/console/journal/", tower="shanghai", kind="pass_held")
    assert "Pass held" in shown
    assert "The chain holds: rows 1 to 120 verified." in shown


def test_what_was_changed_in_the_journal_is_named(staff: Client, outside: Outside) -> None:
    write_journal(outside.clock.now(), *(Started(control_epoch=n) for n in range(1, 11)))
    assert check_chain(shanghai()).broken is None
    assert check_chain(shanghai(), most=4).first == 7
    row = JournalEntry.objects.get(tower_id="shanghai", seq=6)
    JournalEntry.objects.filter(pk=row.pk).update(event={**row.event, "control_epoch": 99})
    broken = check_chain(shanghai())
    assert (broken.up_to, broken.broken) == (5, 6)
    assert "The chain is broken at row 6." in html(staff, "/console/journal/", tower="shanghai")
    JournalEntry.objects.filter(pk=row.pk).update(event={"kind": "never heard of"})
    assert check_chain(shanghai()).broken == 6
    JournalEntry.objects.filter(pk=row.pk).update(event=row.event, kind="alarm")
    assert check_chain(shanghai()).broken == 6


def test_a_cut_end_and_a_gap_of_the_journal_are_seen(shop: None, outside: Outside) -> None:
    write_journal(outside.clock.now(), *(Started(control_epoch=n) for n in range(1, 11)))
    JournalEntry.objects.filter(tower_id="shanghai", seq=10).delete()
    assert check_chain(shanghai()).broken == 10
    JournalEntry.objects.filter(tower_id="shanghai", seq=3).delete()
    assert check_chain(shanghai()).broken == 3


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_kind_field_and_state_has_its_words(lang: str) -> None:
    known = catalogue(lang)
    wanted = [f"kind.{kind}" for kind in KINDS] + [f"field.{name}" for name in FIELDS]
    wanted += [f"drive.{state}" for state in DriveState.values] + [f"vehicle.{state}" for state in VehicleState.values]
    wanted += [f"plc.{state}" for state in (*PlcState, "unknown")] + [f"key.{mode}" for mode in (*Mode, "unknown")]
    wanted += [f"door.{door}" for door in Door] + [f"operation.{one}" for one in Operation]
    wanted += [f"result.{one}" for one in (*Result, "refused", "unknown")]
    wanted += [f"order_kind.{kind}" for kind in OrderKind.values]
    wanted += [f"action.{action}" for action in OperatorAction] + [f"seen.{action}" for action in TWO_PERSONS]
    wanted += [f"asked.other.{progress}" for progress in Progress]
    own = (OperatorAction.emergency_stop, OperatorAction.acknowledge_help)
    told = [progress for progress in Progress if progress != Progress.refused]
    wanted += [f"asked.{action}.{progress}" for action in own for progress in told]
    assert [key for key in wanted if f"console.{key}" not in known] == []


def test_the_journal_is_read_in_words(staff: Client, outside: Outside) -> None:
    write_journal(
        outside.clock.now(),
        Alarm(name="count_differs", part="plc", source="sensors"),
        CommandEnded(seq=4, result="failed", reason="drive: over current"),
        RequestRefused(action="lock_part", staff=STAFF, code="part_unknown"),
        ModeChanged(mode="manual"),
    )
    chinese = html(staff, "/console/journal/", tower="shanghai", lang="zh")
    for text in ("清点不符", "传感器", "失败", "drive: over current", "停用", "本塔没有这个部件", "手动"):
        assert text in chinese
    assert "count_differs" not in chinese
    assert "lock_part" not in chinese


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("purpose", "hand-over 0b7a2f10-1111-4222-8333-444455556666; give way", "交车，试驾 0b7a2f10; 让行"),
        ("purpose", "manual step of anna and bea", "单步，anna and bea"),
        ("reason", "after a transfer of unknown outcome", "移载结果未知之后"),
        ("source", "console: anna", "控制台：anna"),
        ("source", "smoke detection", "烟雾探测"),
        ("reason", "the machine's own words", "the machine's own words"),
        ("part", "plc", "机器"),
        ("part", "L1", "L1"),
    ],
)
def test_what_a_station_says_becomes_words_and_its_identifiers_stay(field: str, value: str, words: str) -> None:
    assert value_text("zh", field, value) == words


def test_names_are_masked() -> None:
    assert [mask_name(name) for name in ("Demo person 12", "张三", "Li Wei", "")] == ["D… 12", "张…", "L…", "…"]


def test_the_sign_in_name_is_the_one_in_the_order(member: User, staff: Client) -> None:
    staff.post("/console/towers/nanjing/stop/")
    assert StationOrder.objects.get(kind=OrderKind.operator).intent["staff"] == member.username
