"""Messages survive the wire and refuse what they do not know."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from vendrive.wire.journal import Entry, HandedOver, JournalBatch, PersonVerified
from vendrive.wire.machine import Bay, Lift, Plc, Slot, nodes_of
from vendrive.wire.orders import Cancel, Order, Vehicle
from vendrive.wire.station_auth import RequestToSign

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def test_an_order_survives_the_wire() -> None:
    order = Order(order_id="o", tower_id="shanghai", number=1, issued_at=AT, body=Cancel(drive_id="d", revision=2))
    assert Order.model_validate_json(order.model_dump_json()) == order


def test_a_journal_batch_survives_the_wire() -> None:
    entry = Entry(seq=1, at=AT, event=HandedOver(drive_id="d", vehicle_id="v", bay="B1"), digest="00")
    batch = JournalBatch(tower_id="shanghai", entries=(entry,))
    assert JournalBatch.model_validate_json(batch.model_dump_json()) == batch


OLD = '{"kind":"person_verified","v":1,"drive_id":"d","method":"pin","distance":null}'  # before there were several bays


def test_an_entry_travels_as_the_text_that_was_sealed() -> None:
    entry = Entry.stored(3, AT, OLD, "00")
    sent = entry.model_dump_json()
    assert sent.count("person_verified") == 1
    came = Entry.model_validate_json(sent)
    assert came == entry
    assert came.event == PersonVerified(drive_id="d", bay="", method="pin", distance=None)
    assert came.payload() == entry.payload() == f"{AT.isoformat()}\n{OLD}".encode()


def test_the_event_of_an_entry_is_what_was_sealed_whatever_is_said_beside_it() -> None:
    beside = {"kind": "person_verified", "drive_id": "somebody else", "method": "pin", "distance": None}
    told = {"seq": 3, "at": AT, "digest": "00", "text": OLD, "event": beside}
    assert Entry.model_validate(told) == Entry.stored(3, AT, OLD, "00")


@pytest.mark.parametrize("text", ["no JSON", '{"kind":"never heard of"}', "[]"])
def test_a_text_that_is_no_event_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        Entry.model_validate({"seq": 1, "at": AT, "digest": "00", "text": text})


@pytest.mark.parametrize("text", ["{}", '{"kind":"cancel"}', '{"kind":"open_door","drive_id":"d","revision":1}'])
def test_an_unknown_or_incomplete_message_is_refused(text: str) -> None:
    wrapped = f'{{"order_id":"o","tower_id":"t","number":1,"issued_at":"2026-11-20T09:00:00Z","body":{text}}}'
    with pytest.raises(ValidationError):
        Order.model_validate_json(wrapped)


def test_a_field_from_the_future_is_refused() -> None:
    with pytest.raises(ValidationError):
        Cancel.model_validate_json('{"kind":"cancel","drive_id":"d","revision":1,"force":true}')


def test_nothing_is_safe_to_move_by_default() -> None:
    assert Bay().person
    assert Bay().cabin
    assert Slot().occupied
    assert Lift().moving
    assert Plc().emergency_stop
    assert not Plc().simulator


def test_node_ids_name_part_and_field() -> None:
    assert nodes_of(Slot, "2C")["occupied"] == "Slot.2C.occupied"
    assert nodes_of(Plc)["mode"] == "Plc.mode"


@given(st.sampled_from(["tower_id", "method", "target", "body", "nonce"]))
def test_every_part_of_a_request_is_under_the_signature(field: str) -> None:
    request = RequestToSign("shanghai", "GET", "/api/station/orders?after=1", b"", AT, "n")
    values = {name: getattr(request, name) for name in ("tower_id", "method", "target", "body", "at", "nonce")}
    changed = RequestToSign(**(values | {field: b"x" if field == "body" else "x"}))
    assert changed.text() != request.text()


def test_a_vehicle_has_a_name_in_each_language_and_english_where_one_is_missing() -> None:
    sizes = {"length_mm": 1, "width_mm": 1, "height_mm": 1, "mass_kg": 1}
    vehicle = Vehicle(
        vehicle_id="v",
        tag="t",
        model_slug="m",
        model_name="Model",
        paint_name="Red",
        paint="#aa0000",
        plate="DEMO",
        model_name_zh="型号",
        **sizes,
    )
    assert vehicle.names("en") == ("Model", "Red")
    assert vehicle.names("zh") == ("型号", "Red")
