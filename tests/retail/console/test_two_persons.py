"""What needs two persons: one asks, another confirms, within five minutes, once."""

import threading
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connections, transaction
from django.test import Client

from tests.retail.console.world import STAFF, make_report, report_of, send_report, write_journal
from tests.retail.helpers import Outside
from vendrive.demo.data import fill_shop
from vendrive.ids import new_uuid
from vendrive.retail.drives.orders import list_orders, publish_orders
from vendrive.retail.events.models import AuditRow
from vendrive.retail.fleet import actions
from vendrive.retail.fleet.actions import CONFIRMATION_LIFE, ask_operator, confirm_operator, propose_operator
from vendrive.retail.fleet.models import OrderKind, StaffRequest, StationOrder, Tower
from vendrive.retail.fleet.policies import Wish
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.journal import Event, OrderStored, PartReleased, RequestRefused
from vendrive.wire.machine import Mode
from vendrive.wire.orders import TWO_PERSONS, OperatorAction, OperatorRequest, Order

RELEASE = Wish(OperatorAction.release_part, "L1")
STEP = Wish(OperatorAction.manual_step, "", "move_lift", {"lift": "L1", "storey": "3"})
COUNT = Wish(OperatorAction.accept_count)
ASK = "/console/towers/shanghai/service/ask/"


@pytest.fixture
def anna(member: User) -> Client:
    client = Client()
    client.force_login(User.objects.create_user("anna", password="another-long-one", is_staff=True))
    return client


def orders() -> list[OperatorRequest]:
    """Publish, and return what the station reads of staff's requests."""
    publish_orders("shanghai")
    bodies = [Order.model_validate_json(one.payload).body for one in list_orders("shanghai", 0).orders]
    return [body for body in bodies if isinstance(body, OperatorRequest)]


def stored(number: int) -> OrderStored:
    return OrderStored(number=number, order_kind="operator")


def told() -> int:
    return StationOrder.objects.filter(kind=OrderKind.operator).count()


def refusal_of(staff: str, request_id: UUID) -> ErrorCode:
    with pytest.raises(Refused) as refused:
        confirm_operator(staff, request_id)
    return refused.value.code


def test_two_persons_give_one_order_with_both_names(shop: None, outside: Outside) -> None:
    request = propose_operator(STAFF, "shanghai", STEP)
    assert orders() == []
    outside.clock.advance(60)
    confirm_operator("anna", request.pk)
    (order,) = orders()
    assert (order.action, order.staff, order.second) == (OperatorAction.manual_step, STAFF, "anna")
    assert (order.operation, order.arguments) == ("move_lift", {"lift": "L1", "storey": "3"})
    assert (order.expires_at - outside.clock.now()).total_seconds() == 60
    rows = AuditRow.objects.filter(action__startswith="manual_step").values_list("actor", "action")
    assert list(rows) == [(f"staff:{STAFF}", "manual_step_asked"), ("staff:anna", "manual_step_confirmed")]


def test_one_person_is_refused_twice(shop: None) -> None:
    with pytest.raises(Refused, match="two_persons_needed"):
        ask_operator(STAFF, "shanghai", RELEASE)
    request = propose_operator(STAFF, "shanghai", RELEASE)
    assert refusal_of(STAFF, request.pk) == ErrorCode.two_persons_needed
    assert told() == 0
    assert StaffRequest.objects.get().confirmed_at is None


def test_the_database_knows_that_two_are_not_one(shop: None) -> None:
    request = propose_operator(STAFF, "shanghai", RELEASE)
    order = actions.queue_order("shanghai", OrderKind.operator, {})
    row = StaffRequest.objects.filter(pk=request.pk)
    for name, confirmed in ((STAFF, order), ("anna", None), ("", order)):
        with pytest.raises(IntegrityError), transaction.atomic():
            row.update(confirmed_by=name, confirmed_at=request.asked_at, order=confirmed)


@pytest.mark.parametrize("action", sorted(TWO_PERSONS))
@pytest.mark.parametrize("second", ["", STAFF])
def test_no_order_of_two_persons_is_signed_with_one_name(shop: None, action: str, second: str) -> None:
    actions._queue_wish(Tower.objects.get(pk="shanghai"), Wish(OperatorAction(action)), STAFF, second)
    assert orders() == []
    assert StationOrder.objects.get(kind=OrderKind.operator).dropped_at is not None


def test_a_request_waits_five_minutes_and_no_longer(shop: None, outside: Outside) -> None:
    request = propose_operator(STAFF, "shanghai", RELEASE)
    outside.clock.advance(CONFIRMATION_LIFE.total_seconds())
    assert refusal_of("anna", request.pk) == ErrorCode.request_expired
    assert told() == 0


def test_a_second_confirmation_gives_no_second_order(shop: None) -> None:
    request = propose_operator(STAFF, "shanghai", RELEASE)
    confirm_operator("anna", request.pk)
    for name in ("anna", "bea"):
        assert refusal_of(name, request.pk) == ErrorCode.request_replayed
    assert told() == 1
    assert StaffRequest.objects.get().confirmed_by == "anna"


def test_two_who_confirm_at_once_give_one_order(
    transactional_db: None, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_shop()
    request = propose_operator(STAFF, "shanghai", RELEASE)
    both, ends = threading.Barrier(2), []
    queue = actions.queue_order

    def wait_and_queue(*args: object, **kwargs: object) -> StationOrder:
        both.wait(10)  # each has checked before either has written
        return queue(*args, **kwargs)  # type: ignore[arg-type]

    def run(name: str) -> None:
        try:
            confirm_operator(name, request.pk)
            ends.append("")
        except Refused as refused:
            ends.append(refused.code)
        finally:
            connections.close_all()

    monkeypatch.setattr(actions, "queue_order", wait_and_queue)
    threads = [threading.Thread(target=run, args=(name,)) for name in ("anna", "bea")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(ends) == ["", ErrorCode.request_replayed]
    assert told() == 1
    assert AuditRow.objects.filter(action="release_part_confirmed").count() == 1


def test_the_count_that_is_confirmed_is_the_one_that_was_asked_about(shop: None, outside: Outside) -> None:
    send_report(make_report(outside.clock.now(), {"2A": "SH0004"}))
    request = propose_operator(STAFF, "shanghai", COUNT)
    assert request.arguments == {"SH0004": "2A"}
    send_report(make_report(outside.clock.now(), {"2B": "SH0004"}))
    assert refusal_of("anna", request.pk) == ErrorCode.count_differs
    assert told() == 0
    send_report(make_report(outside.clock.now(), {"2A": "SH0004"}))
    confirm_operator("anna", request.pk)
    assert [order.arguments for order in orders()] == [{"SH0004": "2A"}]


@pytest.mark.parametrize("how", ["never", "old", "unknown"])
def test_a_count_that_nobody_reads_now_is_not_accepted(shop: None, outside: Outside, how: str) -> None:
    report = make_report(outside.clock.now(), {"2A": "SH0004"})
    if how != "never":
        send_report(report)
        request = propose_operator(STAFF, "shanghai", COUNT)
        send_report(report.model_copy(update={"machine": "unknown" if how == "unknown" else "idle"}))
        outside.clock.advance(9 if how == "old" else 0)
        assert refusal_of("anna", request.pk) == ErrorCode.machine_unknown
    with pytest.raises(Refused, match="machine_unknown"):
        propose_operator(STAFF, "shanghai", COUNT)
    assert told() == 0
    assert StaffRequest.objects.count() == (how != "never")


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (Wish(OperatorAction.release_part, "L9"), ErrorCode.part_unknown),
        (Wish(OperatorAction.release_part, ""), ErrorCode.part_unknown),
        (Wish(OperatorAction.manual_step, "", "jump", {}), ErrorCode.request_invalid),
        (Wish(OperatorAction.manual_step, "", "move_lift", {"lift": "L1"}), ErrorCode.request_invalid),
        (Wish(OperatorAction.manual_step, "", "move_lift", {"lift": "L1", "storey": "9"}), ErrorCode.part_unknown),
        (Wish(OperatorAction.manual_step, "", "pick", {"lift": "L1", "place": "9Z"}), ErrorCode.part_unknown),
        (Wish(OperatorAction.manual_step, "", "turn", {"bay": "L1"}), ErrorCode.part_unknown),
        (Wish(OperatorAction.lock_part, "L1"), ErrorCode.request_invalid),
        (Wish(OperatorAction.emergency_stop), ErrorCode.request_invalid),
    ],
)
def test_what_the_tower_has_not_cannot_be_asked_for(shop: None, wish: Wish, code: ErrorCode) -> None:
    with pytest.raises(Refused) as refused:
        propose_operator(STAFF, "shanghai", wish)
    assert refused.value.code == code
    assert not StaffRequest.objects.exists()


def test_a_request_that_is_not_there_is_refused(shop: None) -> None:
    assert refusal_of("anna", new_uuid()) == ErrorCode.request_invalid


def test_one_asks_and_another_confirms_at_the_console(staff: Client, anna: Client, outside: Outside) -> None:
    send_report(make_report(outside.clock.now(), {}))
    assert staff.post(ASK, {"action": "release_part", "part": "L1"}).status_code == 302
    request = StaffRequest.objects.get()
    page = f"/console/towers/shanghai/requests/{request.pk}/"
    mine = staff.get("/console/towers/shanghai/service/").content.decode()
    assert "Take into service: L1. A second person has to confirm it." in mine
    assert page not in mine
    assert page in anna.get("/console/towers/shanghai/service/").content.decode()
    assert 'data-error="two_persons_needed"' in staff.post(page, {"seen": "yes"}).content.decode()
    assert anna.post(page).status_code == 409  # did not say that they have seen it
    assert told() == 0
    assert anna.post(page, {"seen": "yes"}).status_code == 302
    assert anna.post(page, {"seen": "yes"}).status_code == 409
    assert told() == 1
    shown = anna.get("/console/towers/shanghai/service/").content.decode()
    assert "A second person has to confirm it." not in shown
    assert f"{STAFF} + anna" in shown


def test_what_the_station_made_of_it_is_shown(staff: Client, outside: Outside) -> None:
    now = outside.clock.now()
    for part in ("L1", "B1"):
        confirm_operator("anna", propose_operator(STAFF, "shanghai", Wish(OperatorAction.release_part, part)).pk)
    publish_orders("shanghai")
    send_report(make_report(now, {}, order_number=Tower.objects.get(pk="shanghai").last_order))
    first = StationOrder.objects.filter(kind=OrderKind.operator).order_by("id")[0].number or 0
    from_journal: tuple[Event, ...] = (
        *(stored(number) for number in range(1, first)),
        PartReleased(part="L1", staff=STAFF, second="anna"),
        stored(first),
        RequestRefused(action="release_part", staff=STAFF, code="part_unknown"),
        stored(first + 1),
    )
    write_journal(now, *from_journal)
    shown = staff.get("/console/towers/shanghai/service/").content.decode()
    assert "Take into service: L1: taken by the station." in shown
    assert "Take into service: B1: refused, with no effect." in shown
    assert "This tower has no such part." in shown


def test_single_steps_are_offered_only_while_the_key_says_manual(staff: Client, outside: Outside) -> None:
    page = "/console/towers/shanghai/service/"
    report = report_of("shanghai3", outside.clock.now(), {})
    send_report(report)
    assert 'name="operation"' not in staff.get(page).content.decode()
    send_report(report.model_copy(update={"mode": Mode.manual}))
    assert 'value="move_lift"' in staff.get(page).content.decode()
    outside.clock.advance(9)
    assert 'name="operation"' not in staff.get(page).content.decode()


@pytest.mark.parametrize("action", ["emergency_stop", "acknowledge_help", "restart", ""])
def test_the_service_page_asks_for_nothing_else(staff: Client, action: str) -> None:
    answer = staff.post(ASK, {"action": action})
    assert answer.status_code == 409
    assert 'data-error="request_invalid"' in answer.content.decode()
    assert told() == 0
    assert not StaffRequest.objects.exists()
