"""Orders come in once and in turn, the journal goes out once; retail may be away for as long as it likes."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.station.conftest import PIN, World
from vendrive.ids import random_bytes
from vendrive.passes.signing import ORDER_PURPOSE, sign_text
from vendrive.station.orders import OrderRejected
from vendrive.wire.orders import Cancel, OperatorAction, OperatorRequest, SignedOrder, Stock, WipeFace


@pytest.fixture
async def calm(still: World) -> World:
    """A station that has told retail everything so far."""
    await still.until(lambda: len(still.retail.entries) == len(still.entries()), "all is told")
    return still


async def test_an_order_is_stored_once_however_often_it_comes(calm: World) -> None:
    await calm.lend()
    orders = list(calm.retail.orders)
    before = len(calm.entries())
    for signed in orders * 2:
        await calm.station.uplink._orders.take(signed)
    assert len(calm.entries()) == before
    assert len(calm.events("pass_held")) == 1


@pytest.mark.parametrize("fault", ["other key", "changed", "other tower", "gap", "other purpose", "not an order"])
async def test_an_order_that_cannot_be_trusted_has_no_effect(calm: World, fault: str) -> None:
    orders, body = calm.station.uplink._orders, Stock(vehicles=())
    good = calm.retail.order(body)
    calm.retail.orders.pop()
    stranger = Ed25519PrivateKey.from_private_bytes(random_bytes(32))
    match fault:
        case "other key":
            bad = SignedOrder(payload=good.payload, signature=sign_text(stranger, ORDER_PURPOSE, good.payload))
        case "changed":
            bad = SignedOrder(payload=good.payload.replace("order-", "0rder-"), signature=good.signature)
        case "other tower":
            bad = calm.retail.order(body, tower_id="nanjing")
        case "gap":
            bad = calm.retail.order(body, number=9)
        case "other purpose":
            bad = SignedOrder(payload=good.payload, signature=sign_text(calm.retail.key, "pass", good.payload))
        case _:
            bad = SignedOrder(payload="{}", signature=sign_text(calm.retail.key, ORDER_PURPOSE, "{}"))
    entries, cursor = len(calm.entries()), calm.station.store.cursor
    with pytest.raises(OrderRejected):
        await orders.take(bad)
    assert (len(calm.entries()), calm.station.store.cursor) == (entries, cursor)


async def test_a_lost_answer_leaves_no_entry_twice(calm: World) -> None:
    calm.retail.forgets_to_answer = 2
    await calm.lend()
    await calm.until(lambda: calm.station.store.acknowledged == len(calm.entries()), "all is acknowledged")
    assert [entry.seq for entry in calm.retail.entries] == list(range(1, len(calm.entries()) + 1))
    assert calm.retail.entries == calm.entries()


async def test_a_retail_that_was_restored_from_a_backup_gets_again_what_it_lost(calm: World) -> None:
    await calm.lend()
    await calm.until(lambda: len(calm.retail.entries) == calm.station.journal.head()[0] >= 4, "retail has the journal")
    del calm.retail.entries[1:]
    await calm.lend("drive-2", "TAG-2")
    await calm.until(lambda: calm.retail.entries == calm.entries(), "it has all of it again")


async def test_a_higher_revision_replaces_and_a_cancellation_ends(calm: World) -> None:
    claims = await calm.lend(face=True)
    calm.retail.order(calm.hand_over(claims, "TAG-2", revision=2))
    calm.retail.order(calm.hand_over(claims, "TAG-3", revision=1))
    await calm.until(lambda: calm.station.store.cursor == len(calm.retail.orders), "all orders came")
    lending = calm.station.store.lending("drive-1")
    assert lending is not None
    assert (lending.revision, lending.vehicle.tag) == (2, "TAG-2")
    assert [event.revision for event in calm.events("pass_held")] == [1, 2]
    calm.retail.order(Cancel(drive_id="drive-1", revision=3))
    calm.retail.order(calm.hand_over(claims, "TAG-1", revision=3))
    await calm.until(lambda: calm.station.store.cursor == len(calm.retail.orders), "all orders came")
    assert calm.station.store.check("drive-1") is None
    assert len(calm.events("pass_held")) == 2


async def test_a_wiped_face_is_nowhere_in_the_files(calm: World) -> None:
    claims = await calm.lend(face=True)
    check = calm.station.store.check("drive-1")
    assert check is not None
    assert check.method == "face"
    stored = check.model_dump_json().encode()[40:90]
    assert stored in b"".join(files(calm))
    calm.retail.order(WipeFace(person_id=claims.person_id))
    await calm.until(lambda: bool(calm.events("face_wiped")), "the face is wiped")
    await calm.until(lambda: stored not in b"".join(files(calm)), "the template is gone from the files")
    assert await calm.refused("/collect/pass", {"text": calm.pass_text(claims)}) == "verification_missing"


def files(world: World) -> list[bytes]:
    return [path.read_bytes() for path in sorted(Path(world.settings.data).glob("journal.sqlite*"))]


async def test_the_report_shows_the_tower(calm: World) -> None:
    await calm.until(lambda: bool(calm.retail.reports), "a report came")
    await calm.lend()
    await calm.until(lambda: calm.retail.reports[-1].order_number == len(calm.retail.orders), "a newer report came")
    report = calm.retail.reports[-1]
    assert {slot.name: slot.tag for slot in report.slots if slot.occupied} == {
        "2A": "TAG-1",
        "3C": "TAG-2",
        "2E": "TAG-3",
    }
    assert (report.machine, report.storeys, report.emergency_stop) == ("idle", 3, False)


async def test_with_retail_away_the_car_is_collected_and_retail_learns_of_it_once(world: World) -> None:
    claims = await world.lend()
    await world.until(lambda: len(world.retail.entries) == len(world.entries()), "all is told")
    world.retail.away = True
    await world.fine("/collect/pass", {"text": world.pass_text(claims)})
    await world.fine("/collect/pin", {"pin": PIN})
    await world.until_screen("presented")
    world.plant.act("drive_out", bay="B1")
    await world.until_event("handed_over")
    assert "handed_over" not in world.retail.kinds()
    await world.end()
    await world.start()
    world.retail.away = False
    await world.until(lambda: "handed_over" in world.retail.kinds(), "retail learns of it")
    assert world.retail.kinds().count("handed_over") == 1


async def test_a_stop_that_is_taken_twice_at_once_is_stored_once(world: World) -> None:
    later = world.clock.now() + timedelta(minutes=1)
    stop = OperatorRequest(action=OperatorAction.emergency_stop, staff="demo staff", expires_at=later)
    signed = world.retail.order(stop)
    world.retail.orders.pop()
    before = len(world.events("order_stored"))
    await asyncio.gather(*(world.station.uplink._orders.take(signed) for _ in range(2)))
    assert len(world.events("order_stored")) == before + 1
