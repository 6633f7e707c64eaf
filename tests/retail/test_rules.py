"""Rules as data: read, laid over each other, changed with a history; and "may I?" with every reason and a date."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import Error, transaction

from tests.retail.helpers import PICKUP, START, Outside, make_driver
from vendrive.retail.catalogue.queries import get_model
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.actions import book_drive
from vendrive.retail.drives.models import LoanTerms, RuleChange
from vendrive.retail.drives.policies import (
    Answer,
    Busy,
    Case,
    CountedDrive,
    PersonFacts,
    Wish,
    may,
)
from vendrive.retail.drives.programmes import Scope, change_rules, list_changes, preview_rules
from vendrive.retail.drives.queries import get_answer, get_layers, get_rules
from vendrive.retail.drives.rules import Keep, Overdue, Rules, RulesInvalid, read_changes
from vendrive.retail.events.models import AuditRow
from vendrive.retail.fleet.models import Tower
from vendrive.retail.ports import Verdict
from vendrive.wire.errors import ErrorCode, Refused

PROGRAMME = "test-drive"
NOW = datetime(2026, 3, 2, 1, 5, tzinfo=UTC)
PERSON = PersonFacts(Verdict.yes, True, False, "C1", date(2030, 1, 1), date(1990, 1, 1), Verdict.yes, Verdict.yes)
MARCH = 2026 * 12 + 3


def ask(
    person: PersonFacts = PERSON,
    at: datetime = PICKUP,
    rules: Rules | None = None,
    drives: tuple[CountedDrive, ...] = (),
    busy: tuple[Busy, ...] = (),
) -> Answer:
    wish = Wish("volvo-ex30", at, at + timedelta(days=3), "Asia/Shanghai")
    return may(Case(rules or Rules(), person, drives, busy, wish, NOW))


def codes(answer: Answer) -> list[str]:
    return [reason.code.value for reason in answer.reasons]


def drives_in(*months: int) -> tuple[CountedDrive, ...]:
    return tuple(CountedDrive(f"model {n}", month) for n, month in enumerate(months))


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        ({"loan_days": 0}, {"loan_days": "least"}),
        ({"loan_days": True}, {"loan_days": "shape"}),
        ({"loan_days": 31, "horizon_days": "14"}, {"loan_days": "most", "horizon_days": "shape"}),
        ({"min_age_years": 17}, {"min_age_years": "least"}),
        ({"licence_classes": []}, {"licence_classes": "classes"}),
        ({"licence_classes": ["C1", "Z9"]}, {"licence_classes": "classes"}),
        ({"immobilise": True}, {"immobilise": "unknown"}),
        ({"return_elsewhere": 1}, {"return_elsewhere": "shape"}),
        ({"cancellation": [{"hours": 2, "percent": 50}]}, {"cancellation": "order"}),
        ({"cancellation": [{"hours": 24, "percent": 50}, {"hours": 0, "percent": 20}]}, {"cancellation": "order"}),
        ({"overdue": [{"minutes": 30, "act": "immobilise"}]}, {"overdue": "shape"}),
        ({"overdue": [{"minutes": 30, "act": "charge"}]}, {"overdue": "most"}),
        ({"overdue": [{"minutes": 60, "act": "call"}, {"minutes": 30, "act": "remind"}]}, {"overdue": "order"}),
    ],
)
def test_what_is_no_rule_is_refused_with_every_fault(data: dict[str, object], faults: dict[str, str]) -> None:
    with pytest.raises(RulesInvalid) as refused:
        read_changes(data)
    assert refused.value.faults == faults


def test_nothing_that_can_be_done_about_a_late_car_touches_the_car() -> None:
    assert set(Overdue) == {"remind", "charge", "call"}


def test_the_tariff_depends_on_the_time_that_is_left() -> None:
    rules = Rules(cancellation=(Keep(24, 0), Keep(2, 50), Keep(0, 100)))
    assert [rules.kept_percent(hours) for hours in (30, 24, 23.9, 2, 1.9, 0, -1)] == [0, 0, 50, 50, 100, 100, 100]


def test_every_reason_is_told_at_once() -> None:
    person = PersonFacts(
        None, False, False, "A", date(2020, 1, 1), date(2010, 1, 1), Verdict.unknown, Verdict.no, ("licence_lost",)
    )
    answer = ask(person, NOW + timedelta(days=30), drives=drives_in(*[MARCH] * 5))
    assert codes(answer) == [
        "person_blocked",
        "identity_unknown",
        "verification_missing",
        "not_member",
        "credit_too_low",
        "licence_class_not_allowed",
        "licence_expired",
        "too_young",
        "drives_used_up",
        "pickup_too_far",
    ]
    assert answer.yes_from is None, "a lost licence does not come back by itself"


@pytest.mark.parametrize(
    ("used", "reasons", "yes_from"),
    [
        (drives_in(MARCH, MARCH, MARCH, MARCH), [], NOW),
        # Any two months: with February before, and with April after.
        (drives_in(*[MARCH - 1] * 5), ["drives_used_up"], datetime(2026, 3, 31, 16, tzinfo=UTC)),
        (drives_in(*[MARCH + 1] * 5), ["drives_used_up"], datetime(2026, 5, 31, 16, tzinfo=UTC)),
        (drives_in(*[MARCH] * 2, *[MARCH + 1] * 3), ["drives_used_up"], datetime(2026, 4, 30, 16, tzinfo=UTC)),
        (drives_in(*[MARCH - 1] * 4, *[MARCH + 1] * 4), [], NOW),
    ],
)
def test_five_pickups_in_any_two_months(used: tuple[CountedDrive, ...], reasons: list[str], yes_from: datetime) -> None:
    answer = ask(drives=used)
    assert codes(answer) == reasons
    assert answer.yes_from == yes_from


def test_the_earliest_yes_is_judged_anew() -> None:
    # The other drive ends on 5 March, but the licence does not last to the end of a drive that begins then.
    busy = (Busy(PICKUP - timedelta(days=1), PICKUP + timedelta(days=3)),)
    lasting = PersonFacts(**{**PERSON.__dict__, "licence_expiry": date(2026, 3, 6)})
    assert ask(busy=busy).yes_from == PICKUP + timedelta(days=3)
    assert codes(ask(lasting, busy=busy)) == ["person_busy"]
    assert ask(lasting, busy=busy).yes_from is None


def test_dates_of_age_of_opening_and_of_asking() -> None:
    young = PersonFacts(**{**PERSON.__dict__, "birth_date": date(2008, 3, 9)})
    assert ask(young).yes_from == datetime(2026, 3, 8, 16, tzinfo=UTC)
    night = Rules(opens_minute=8 * 60, closes_minute=20 * 60)
    late = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)  # 22:00
    assert ask(at=late, rules=night).yes_from == datetime(2026, 3, 3, 0, tzinfo=UTC)
    far = NOW.replace(minute=0) + timedelta(days=20)
    assert codes(ask(at=far)) == ["pickup_too_far"]
    assert ask(at=far).yes_from == far - timedelta(days=14)
    assert ask(at=NOW - timedelta(days=1)).yes_from == datetime(2026, 3, 2, 1, 15, tzinfo=UTC)


def test_who_is_below_the_threshold_pays_where_there_is_a_fee() -> None:
    below = PersonFacts(**{**PERSON.__dict__, "credit": Verdict.no})
    assert codes(ask(below)) == ["credit_too_low"]
    assert ask(below, rules=Rules(fee_below_credit_minor=9900)).may
    unknown = PersonFacts(**{**PERSON.__dict__, "credit": Verdict.unknown})
    assert codes(ask(unknown, rules=Rules(fee_below_credit_minor=9900))) == ["credit_unknown"]


def test_narrower_rules_cover_wider_ones(shop: None) -> None:
    change_rules("demo-staff", PROGRAMME, Scope("shanghai"), {"loan_days": 4, "horizon_days": 20})
    change_rules("demo-staff", PROGRAMME, Scope("", date(2026, 3, 10), date(2026, 3, 20)), {"loan_days": 2})
    change_rules("demo-staff", PROGRAMME, Scope("shanghai", date(2026, 3, 15), date(2026, 3, 16)), {"loan_days": 1})
    layers = get_layers()
    days = [date(2026, 3, day) for day in (9, 10, 15, 19, 20)]
    assert [layers.rules("nanjing", day).loan_days for day in days] == [3, 2, 2, 2, 3]
    assert [layers.rules("shanghai", day).loan_days for day in days] == [4, 4, 1, 4, 4]
    assert layers.rules("shanghai", days[2]).horizon_days == 20
    assert "B" in layers.rules("shanghai", days[0]).licence_classes


def test_a_change_is_looked_at_before_and_remembered_after(driver: Customer) -> None:
    book_drive(driver, "volvo-ex30", "yellow", "shanghai", PICKUP, "k")
    before = get_rules()
    preview = preview_rules(PROGRAMME, Scope("shanghai"), {"loan_days": 5})
    assert [(d.tower, d.name, d.before, d.after) for d in preview.differences] == [("shanghai", "loan_days", 3, 5)]
    assert preview.kept == 1
    assert get_rules(Tower.objects.get(pk="shanghai"), START) == before, "a preview changes nothing"
    assert change_rules("demo-staff", PROGRAMME, Scope("shanghai"), {"loan_days": 5}) == 2
    assert change_rules("another", PROGRAMME, Scope("shanghai"), {}) == 3
    told = [(c.revision, c.staff, c.before, c.after) for c in list_changes(PROGRAMME)]
    assert told == [(3, "another", {"loan_days": 5}, None), (2, "demo-staff", None, {"loan_days": 5})]
    assert AuditRow.objects.filter(action="rules_changed").count() == 2
    with pytest.raises(Error), transaction.atomic():
        RuleChange.objects.filter(revision=2).update(staff="nobody")


def test_what_does_not_fit_changes_nothing(shop: None) -> None:
    for scope, data in (
        (Scope(), {"loan_days": 0}),
        (Scope(), {"opens_minute": 600, "closes_minute": 300}),
        # Right by itself, wrong together with what holds everywhere.
        (Scope("shanghai"), {"opens_minute": 1200}),
    ):
        if scope.tower:
            change_rules("demo-staff", PROGRAMME, Scope(), {"closes_minute": 1080})
        with pytest.raises(RulesInvalid):
            change_rules("demo-staff", PROGRAMME, scope, data)
    change_rules("demo-staff", PROGRAMME, Scope("", date(2026, 3, 10), date(2026, 3, 20)), {"loan_days": 2})
    overlapping = Scope("", date(2026, 3, 19), date(2026, 3, 30))
    with pytest.raises(Refused, match="request_invalid"):
        change_rules("demo-staff", PROGRAMME, overlapping, {"loan_days": 4})
    with pytest.raises(Refused, match="request_invalid"):
        change_rules("demo-staff", PROGRAMME, Scope("atlantis"), {"loan_days": 4})
    assert [change.revision for change in list_changes(PROGRAMME)] == [3, 2]


def test_the_terms_are_kept_with_the_drive_as_they_were(driver: Customer) -> None:
    drive = book_drive(driver, "volvo-ex30", "yellow", "shanghai", PICKUP, "k", "zh")
    change_rules("demo-staff", PROGRAMME, Scope(), {"loan_days": 7, "extension_days": 0})
    drive.refresh_from_db()
    assert (drive.rules.loan_days, drive.terms_language) == (3, "zh")
    assert drive.terms_accepted_at == START
    assert "3 times 24 hours" in drive.terms.text_en
    assert "3 天（每天按 24 小时计）" in drive.terms.text_zh
    other = book_drive(make_driver(2), "byd-han", "red", "shanghai", PICKUP + timedelta(hours=1), "k")
    assert other.terms_id != drive.terms_id
    with pytest.raises(Error), transaction.atomic():
        LoanTerms.objects.filter(pk=drive.terms_id).update(text_en="Something else.")


def test_may_i_answers_from_the_rows(driver: Customer, outside: Outside) -> None:
    drive = book_drive(driver, "volvo-ex30", "yellow", "shanghai", PICKUP, "k")
    tower = Tower.objects.get(pk="shanghai")
    answer = get_answer(driver, get_model("byd-han"), tower, PICKUP + timedelta(days=1))
    assert [reason.code for reason in answer.reasons] == [ErrorCode.person_busy]
    assert answer.yes_from == drive.due_at
    again = get_answer(driver, get_model("volvo-ex30"), tower, PICKUP + timedelta(days=7))
    assert [reason.code for reason in again.reasons] == [ErrorCode.model_already_driven]
    assert again.yes_from is None
