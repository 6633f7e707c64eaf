from datetime import UTC, datetime, timedelta

import pytest

from tests.retail.console.world import make_report
from vendrive.retail.console.requests import Progress, Request, Told, entries_since, progress_of
from vendrive.retail.fleet.policies import Wish
from vendrive.wire.orders import OperatorAction

AT = datetime(2026, 3, 2, 1, 5, tzinfo=UTC)
SOON, LATE = AT + timedelta(seconds=2), AT + timedelta(seconds=61)
RECEIVED = make_report(AT, {}, order_number=7)


def request(action: OperatorAction, part: str = "") -> Request:
    return Request(Wish(action, part), "demo-staff", AT, AT + timedelta(seconds=60), 7)


def stored(number: int) -> Told:
    return Told("order_stored", {"number": number, "order_kind": "operator"})


def test_a_stop_is_confirmed_only_by_a_report_that_knows_of_it() -> None:
    stop = request(OperatorAction.emergency_stop)
    before = make_report(AT, {}, stopped=True, order_number=6)
    stopped = make_report(AT, {}, stopped=True, order_number=7)
    assert progress_of(stop, None, [], SOON).progress == Progress.sent
    assert progress_of(stop, before, [], SOON).progress == Progress.sent
    assert progress_of(stop, RECEIVED, [], SOON).progress == Progress.received
    assert progress_of(stop, stopped, [], LATE).progress == Progress.confirmed
    assert progress_of(stop, RECEIVED, [], LATE).progress == Progress.over
    assert progress_of(stop, before, [], LATE).progress == Progress.expired


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (OperatorAction.lock_part, "part_locked"),
        (OperatorAction.release_part, "part_released"),
        (OperatorAction.manual_step, "step_asked"),
        (OperatorAction.accept_count, "count_accepted"),
    ],
)
def test_what_was_asked_is_confirmed_by_the_stations_journal_alone(action: OperatorAction, kind: str) -> None:
    asked = request(action)
    assert progress_of(asked, RECEIVED, [], SOON).progress == Progress.received
    assert progress_of(asked, RECEIVED, [Told(kind, {"staff": "demo-staff"})], SOON).progress == Progress.confirmed
    assert progress_of(asked, RECEIVED, [Told(kind, {"staff": "anna"})], SOON).progress == Progress.received


def test_the_step_of_somebody_else_and_another_step_confirm_nothing() -> None:
    wish = Wish(OperatorAction.manual_step, "", "move_lift", {"lift": "L1", "storey": "3"})
    asked = Request(wish, "demo-staff", AT, AT + timedelta(seconds=60), 7)
    told = {"staff": "demo-staff", "operation": "move_lift", "arguments": {"lift": "L1", "storey": "3"}}
    other = told | {"arguments": {"lift": "L1", "storey": "2"}}
    assert progress_of(asked, RECEIVED, [Told("step_asked", other)], SOON).progress == Progress.received
    assert progress_of(asked, RECEIVED, [Told("step_asked", told)], SOON).progress == Progress.confirmed


def test_a_refusal_is_shown_with_its_reason() -> None:
    told = [Told("request_refused", {"action": "lock_part", "staff": "demo-staff", "code": "part_unknown"})]
    asked = progress_of(request(OperatorAction.lock_part), RECEIVED, told, SOON)
    assert (asked.progress, asked.code) == (Progress.refused, "part_unknown")
    assert progress_of(request(OperatorAction.release_part), RECEIVED, told, SOON).progress == Progress.received


def test_only_what_lies_between_the_neighbouring_orders_belongs_to_a_request() -> None:
    mine, others = Told("part_locked", {"staff": "demo-staff"}), Told("part_locked", {"staff": "anna"})
    entries = [others, stored(6), mine, stored(7), stored(8), others]
    assert entries_since(request(OperatorAction.lock_part), entries) == [mine, stored(7)]
    assert entries_since(request(OperatorAction.lock_part), [others, stored(6)]) == []
