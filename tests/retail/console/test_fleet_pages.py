"""Pages about rules and the fleet in time: looked at before they change anything, and in both languages."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from tests.retail.helpers import PICKUP, Outside, make_driver
from tests.retail.lending import hand_over
from vendrive.design.messages import LANGUAGES, catalogue, say
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.actions import book_drive
from vendrive.retail.drives.models import Drive, DriveState, PersonBlock, RuleChange
from vendrive.retail.drives.queries import get_rules
from vendrive.retail.drives.rules import NAMES
from vendrive.retail.events.models import AuditRow
from vendrive.retail.fleet.models import Outage, Tower, Vehicle, VehicleState

RULES = "/console/rules/"
EX30 = ("volvo-ex30", "yellow", "shanghai")


@pytest.fixture
def drive(driver: Customer) -> Drive:
    return book_drive(driver, *EX30, PICKUP, "k")


def shown(client: Client, address: str, lang: str) -> str:
    answer = client.get(f"{address}{'&' if '?' in address else '?'}lang={lang}")
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_rule_and_fault_has_its_words(lang: str) -> None:
    assert {f"rules.name.{name}" for name in NAMES} <= set(catalogue(lang))


def test_a_change_of_rules_is_looked_at_made_and_remembered(staff: Client, drive: Drive) -> None:
    typed = {"tower": "shanghai", "loan_days": "5", "overdue": "60 remind, 240 charge 5000", "each_model_once": "no"}
    seen = staff.post(RULES, {**typed, "do": "preview"})
    assert seen.status_code == 200
    page = seen.content.decode()
    assert "Loan, days" in page
    assert "1 live bookings keep the terms" in page
    assert not RuleChange.objects.exists()
    made = staff.post(RULES, {**typed, "do": "save"})
    assert made.headers["Location"] == "/console/rules/?tower=shanghai"
    rules = get_rules(Tower.objects.get(pk="shanghai"), PICKUP)
    assert (rules.loan_days, rules.each_model_once, len(rules.overdue)) == (5, False, 2)
    assert get_rules(Tower.objects.get(pk="nanjing"), PICKUP).loan_days == 3
    page = shown(staff, made.headers["Location"], "en")
    assert 'value="60 remind, 240 charge 5000"' in page
    assert "demo-staff" in page
    assert AuditRow.objects.get(action="rules_changed").actor == "staff:demo-staff"


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"loan_days": "many"}, "loan_days"),
        ({"loan_days": "0"}, "loan_days"),
        ({"cancellation": "2"}, "cancellation"),
        ({"overdue": "30 immobilise"}, "overdue"),
        ({"licence_classes": "Z9"}, "licence_classes"),
        ({"needs_super_member": "perhaps"}, "needs_super_member"),
    ],
)
def test_what_is_no_rule_is_marked_and_changes_nothing(staff: Client, typed: dict[str, str], field: str) -> None:
    answer = staff.post(RULES, {**typed, "do": "save"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert f'id="{field}-error"' in page
    assert 'data-error="rules_invalid"' in page
    assert not RuleChange.objects.exists()
    assert staff.post(RULES, {"start": "soon", "do": "save"}).status_code == 422
    assert staff.post(RULES, {"start": "2026-03-09", "end": "2026-03-09", "do": "save"}).status_code == 422


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_calendar_shows_each_vehicle_and_the_tower_by_day(
    staff: Client, drive: Drive, outside: Outside, lang: str
) -> None:
    second = book_drive(make_driver(2), "byd-han", "red", "shanghai", PICKUP + timedelta(days=1), "k")
    Vehicle.objects.filter(pk=second.vehicle_id).update(recall="airbag")
    hand_over(drive)
    page = shown(staff, "/console/calendar/?tower=shanghai", lang)
    for words in ("calendar.kind.out", "calendar.kind.booked", "calendar.kind.free", "console.unfit.recall"):
        assert say(lang, words) in page
    assert say(lang, "calendar.out_in", pickups=1, returns=0) in page
    assert reverse("console:drive", args=[drive.pk]) in page
    outside.clock.advance(4 * 24 * 3600)
    assert say(lang, "calendar.kind.late") in shown(staff, "/console/calendar/?tower=shanghai", lang)


def test_papers_are_written_down_and_promises_served_otherwise(staff: Client, drive: Drive) -> None:
    page = reverse("console:vehicle", args=[drive.vehicle_id])
    typed = dict.fromkeys(("registered_until", "insured_until"), "2030-01-01")
    answer = staff.post(page, {**typed, "inspected_until": "2026-03-03", "damage": "none", "is_clean": "yes"})
    assert "1 promises of this car were served otherwise" in answer.content.decode()
    drive.refresh_from_db()
    assert (drive.state, drive.ended_because) == (DriveState.cancelled, "vehicle_unfit")
    for wrong in ({"damage": "total"}, {"damage": "none", "insured_until": "soon"}):
        assert staff.post(page, wrong).status_code == 409
    assert str(Vehicle.objects.get(pk=drive.vehicle_id).insured_until) == "2030-01-01"


def test_a_tower_is_taken_out_of_order_and_back(staff: Client, drive: Drive) -> None:
    page = reverse("console:outage", args=["shanghai"])
    assert staff.post(page, {"act": "close", "reason": " "}).status_code == 409
    assert staff.post(page, {"act": "close", "reason": "a lift", "until": "2026-03-01T00:00"}).status_code == 409
    assert not Outage.objects.exists()
    assert staff.post(page, {"act": "close", "reason": "a lift", "until": "2026-03-04T12:00"}).status_code == 302
    drive.refresh_from_db()
    assert drive.ended_because == "tower_down"
    assert "a lift" in shown(staff, "/console/calendar/?tower=shanghai", "en")
    assert staff.post(page, {"act": "open"}).status_code == 302
    assert "a lift" not in shown(staff, "/console/calendar/?tower=shanghai", "en")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_drives_page_has_its_terms_and_what_can_be_done(staff: Client, drive: Drive, lang: str) -> None:
    page = reverse("console:drive", args=[drive.pk])
    html = shown(staff, page, lang)
    assert say(lang, "terms.once") in html
    assert say(lang, "drive.act.block_licence_lost") in html
    assert 'value="breakdown"' not in html
    hand_over(drive)
    assert 'value="breakdown"' in shown(staff, page, lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_drives_page_says_whether_the_other_tower_expects_the_car(staff: Client, drive: Drive, lang: str) -> None:
    page, words = reverse("console:drive", args=[drive.pk]), say(lang, "drive.return_told")
    assert words not in shown(staff, page, lang)
    Drive.objects.filter(pk=drive.pk).update(return_tower="nanjing", return_ready=False)
    assert words in shown(staff, page, lang)


def test_a_return_at_another_tower_is_allowed_by_form(staff: Client, shop: None) -> None:
    made = staff.post(RULES, {"tower": "shanghai", "return_elsewhere": "yes", "do": "save"})
    assert made.headers["Location"] == "/console/rules/?tower=shanghai"
    rules = [get_rules(Tower.objects.get(pk=tower), PICKUP) for tower in ("shanghai", "nanjing")]
    assert [one.return_elsewhere for one in rules] == [True, False]


def test_trouble_is_reported_by_form(staff: Client, drive: Drive) -> None:
    page = reverse("console:drive", args=[drive.pk])
    for wrong in ({"act": "immobilise"}, {"act": "breakdown"}, {}):
        assert staff.post(page, wrong).status_code == 409
    hand_over(drive)
    assert staff.post(page, {"act": "block_licence_lost"}).status_code == 302
    assert PersonBlock.objects.get().staff == "demo-staff"
    assert staff.post(page, {"act": "lift_licence_lost"}).status_code == 302
    assert PersonBlock.objects.filter(lifted_at=None).count() == 0
    assert staff.post(page, {"act": "breakdown", "note": "a tyre"}).status_code == 302
    vehicle = Vehicle.objects.get(pk=drive.vehicle_id)
    assert (vehicle.state, vehicle.damage_note) == (VehicleState.service, "a tyre")
