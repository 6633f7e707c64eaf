"""The pages of an alarm: steps tick by the report or by a person, in order, and never twice."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.retail.console.world import STAFF, change, report_of, send_report, write_journal
from tests.retail.helpers import Outside
from vendrive.retail.console.models import StepTick
from vendrive.retail.events.models import AuditRow
from vendrive.retail.fleet.models import OrderKind, StaffRequest, StationOrder, Tower
from vendrive.wire.alarms import AlarmName
from vendrive.wire.journal import Alarm, AlarmEnded

PAGE = "/console/towers/shanghai/alarms/lift_failed/L1/"


@pytest.fixture
def failed(staff: Client, outside: Outside) -> None:
    Tower.objects.filter(pk="shanghai").update(layout="guangzhou42")
    write_journal(outside.clock.now(), Alarm(name="lift_failed", part="L1", source="machine"))
    report(outside, fault="over current")


def report(outside: Outside, **lift: object) -> None:
    made = report_of("guangzhou42", outside.clock.now(), {})
    send_report(made.model_copy(update={"lifts": change(made.lifts, "L1", **lift)}))


def html(client: Client, page: str = PAGE, status: int = 200) -> str:
    answer = client.get(page)
    assert answer.status_code == status
    return answer.content.decode()


def now_step(client: Client) -> str:
    return html(client).split('aria-current="step"')[1].split("<p>")[1].split("<")[0]


def tick(client: Client, step: str, page: str = PAGE) -> int:
    return client.post(f"{page}tick/", {"step": step}).status_code


@pytest.mark.parametrize("name", list(AlarmName))
def test_every_alarm_has_its_page_in_both_languages(staff: Client, outside: Outside, name: AlarmName) -> None:
    write_journal(outside.clock.now(), Alarm(name=name, part="plc", source="station"))
    for lang in ("en", "zh"):
        answer = staff.get(f"/console/towers/shanghai/alarms/{name}/plc/", {"lang": lang})
        assert answer.status_code == 200
        assert 'aria-current="step"' in answer.content.decode()


def test_an_alarm_of_an_unknown_name_is_shown_with_the_advice_to_stop(staff: Client, outside: Outside) -> None:
    assert staff.get("/console/towers/shanghai/alarms/never_heard_of/plc/").status_code == 404
    write_journal(outside.clock.now(), Alarm(name="never_heard_of", part="plc", source="station"))
    assert "Stop the machine and ask the maker" in html(staff, "/console/towers/shanghai/alarms/never_heard_of/plc/")
    assert "never_heard_of" in html(staff, "/console/towers/shanghai/")


def test_the_technician_is_led_through_the_steps(failed: None, staff: Client, outside: Outside) -> None:
    assert now_step(staff).startswith("Take the part out of service")
    report(outside, fault="over current", locked_out=True)
    assert now_step(staff).startswith("Tell the customers")
    assert tick(staff, "tell_customers") == 302
    assert now_step(staff).startswith("Turn the key switch at the tower to maintenance")
    row = StepTick.objects.get()
    assert (row.step, row.staff, row.at, row.alarm_seq) == ("tell_customers", STAFF, outside.clock.now(), 1)
    audit = AuditRow.objects.get(action="step_ticked")
    assert (audit.actor, audit.subject) == (f"staff:{STAFF}", "shanghai")
    assert audit.details == {"alarm": "lift_failed", "part": "L1", "step": "tell_customers", "seq": 1}
    assert f"{STAFF}, 09:05" in html(staff)


@pytest.mark.parametrize("step", ["lock", "padlock", "retry", "no_such_step", ""])
def test_what_a_sensor_shows_and_what_comes_later_is_not_ticked(failed: None, staff: Client, step: str) -> None:
    assert tick(staff, step) == 409
    assert not StepTick.objects.exists()
    assert not AuditRow.objects.filter(action="step_ticked").exists()


def test_a_step_that_is_ticked_twice_keeps_its_first_name(failed: None, staff: Client, outside: Outside) -> None:
    report(outside, locked_out=True)
    tick(staff, "tell_customers")
    other = Client()
    other.force_login(User.objects.create_user("anna", password="another-long-one", is_staff=True))
    assert tick(other, "tell_customers") == 302
    assert StepTick.objects.get().staff == STAFF
    assert AuditRow.objects.filter(action="step_ticked").count() == 1


def test_the_next_alarm_of_the_same_part_begins_anew(failed: None, staff: Client, outside: Outside) -> None:
    report(outside, locked_out=True)
    tick(staff, "tell_customers")
    write_journal(outside.clock.now(), AlarmEnded(name="lift_failed", part="L1", source="machine"))
    over = html(staff)
    assert "This alarm is over" in over
    assert 'aria-current="step"' not in over
    assert tick(staff, "tell_customers") == 409
    write_journal(outside.clock.now(), Alarm(name="lift_failed", part="L1", source="machine"))
    assert now_step(staff).startswith("Tell the customers")


def test_an_old_report_shows_nothing_as_seen(failed: None, staff: Client, outside: Outside) -> None:
    outside.clock.advance(9)
    shown = html(staff)
    assert "Nothing ticks by itself" in shown
    assert now_step(staff) == "Wait until nothing moves."
    assert tick(staff, "wait_rest") == 409


def test_a_steps_action_asks_the_station_and_no_more(failed: None, staff: Client) -> None:
    assert staff.post("/console/towers/shanghai/service/ask/", {"action": "lock_part", "part": "L1"}).status_code == 302
    assert StationOrder.objects.get(kind=OrderKind.operator).intent["part"] == "L1"
    assert now_step(staff).startswith("Take the part out of service")  # asked is not done
    assert "Take out of service: L1: on its way to the station." in html(staff)
    assert not StaffRequest.objects.exists()


def test_a_fault_without_an_alarm_is_walked_through_from_the_alarm_that_points_to_it(
    failed: None, staff: Client, outside: Outside
) -> None:
    page = f"{PAGE}by/lifts_failed/"
    assert f'href="{page}"' in html(staff)
    report(outside, fault="over current", locked_out=True)
    assert now_step(staff).startswith("Tell the customers")
    assert 'aria-current="step"' in html(staff, f"{page}steps/")
    assert html(staff, page).split('aria-current="step"')[1].split("<p>")[1].startswith("Send the emergency stop")
    assert tick(staff, "tell_customers", page) == 409

    made = report_of("guangzhou42", outside.clock.now(), {})
    lifts = change(made.lifts, "L1", fault="over current", locked_out=True)
    send_report(made.model_copy(update={"lifts": lifts, "emergency_stop": True}))
    answer = staff.post(f"{page}tick/", {"step": "tell_customers"})
    assert (answer.status_code, answer["Location"]) == (302, page)
    assert f"{STAFF}, 09:05" in html(staff, page)
    assert AuditRow.objects.get(action="step_ticked").details["step"] == "lifts_failed.tell_customers"
    assert now_step(staff).startswith("Tell the customers"), "the alarm's own procedure is another one"
    for other in ("child_in_car", "lift_failed", "never_heard_of"):
        html(staff, f"{PAGE}by/{other}/", 404)


def test_all_procedures_can_be_read_without_an_alarm(staff: Client) -> None:
    assert "Power cut in the middle of a move" in html(staff, "/console/operations/")
    assert "One asks, and another who has seen the part confirms." in html(staff, "/console/operations/maintenance/")
    html(staff, "/console/operations/never_heard_of/", 404)
