"""A car that another tower lent comes back here, and one of ours comes back elsewhere: by orders, not by passes."""

from datetime import timedelta

from tests.station.conftest import World, vehicle
from tests.support.plant import car
from vendrive.passes.claims import PassClaims
from vendrive.wire.orders import ExpectReturn, Limits, OrderBody, ReleaseReturn

BY_ANOTHER = "drive-9"


async def tell(world: World, body: OrderBody) -> None:
    world.retail.order(body)
    number = len(world.retail.orders)
    await world.until(lambda: world.station.store.cursor >= number, f"order {number} is stored")


def expected(world: World, claims: PassClaims, tag: str, revision: int = 2) -> ExpectReturn:
    return ExpectReturn(
        drive_id=claims.drive_id,
        revision=revision,
        pass_id=claims.pass_id,
        person_id=claims.person_id,
        short_code="C0DE9",
        vehicle=vehicle(tag),
        not_before=claims.not_before,
        not_after=claims.not_after,
        due_at=world.clock.now() + timedelta(days=3),
        limits=Limits(),
        programme_revision=1,
    )


async def test_a_car_that_another_tower_lent_is_taken_with_the_pass_that_collected_it_there(world: World) -> None:
    claims = world.claims(BY_ANOTHER, tower_id="nanjing")
    shown = {"text": world.pass_text(claims)}
    assert await world.refused("/return/pass", shown) == "pass_wrong_tower"
    await tell(world, expected(world, claims, "TAG-9"))
    assert (await world.until_event("return_expected")).vehicle_id == "vehicle-TAG-9"
    assert await world.refused("/collect/pass", shown) == "pass_wrong_tower", "it collects nothing here"
    assert await world.refused("/collect/pass", {"text": "C0DE9"}) == "pass_used"
    # What is known of it outlives the program.
    await world.end()
    await world.start()
    world.plant.act("arrive", **car("TAG-9"))
    await world.drive_back(claims, "TAG-9")
    await world.until(lambda: world.station.desk.talk is not None and world.station.desk.talk.ready, "all is right")  # type: ignore[union-attr]
    await world.fine("/return/declare", {"engine_off": True, "key_in_box": True, "nobody_inside": True})
    stored = await world.until_event("returned")
    assert (stored.drive_id, stored.vehicle_id, stored.tag) == (BY_ANOTHER, "vehicle-TAG-9", "TAG-9")
    await world.until(lambda: world.station.record.facts.places.get("TAG-9") == stored.slot, "it is counted here")
    assert BY_ANOTHER not in world.station.record.facts.out
    assert await world.refused("/return/pass", shown) == "nothing_lent"


async def test_a_tower_that_let_go_of_its_car_takes_it_by_a_newer_order_alone(world: World) -> None:
    claims = await world.collect()
    shown = {"text": world.pass_text(claims)}
    await tell(world, ReleaseReturn(drive_id="drive-1", revision=2))
    assert (await world.until_event("return_released")).revision == 2
    assert await world.refused("/return/pass", shown) == "return_not_here"
    # An order from before, that comes late, is worth nothing.
    await tell(world, expected(world, claims, "TAG-1", revision=2))
    assert await world.refused("/return/pass", shown) == "return_not_here"
    assert world.events("return_expected") == []
    await tell(world, expected(world, claims, "TAG-1", revision=3))
    await tell(world, ReleaseReturn(drive_id="drive-1", revision=2))
    assert len(world.events("return_released")) == 1
    await world.fine("/return/pass", shown)


async def test_a_return_that_has_begun_goes_on_and_the_tower_lets_go_of_nothing(world: World) -> None:
    claims = await world.collect()
    await world.drive_back(claims, "TAG-1")
    await tell(world, ReleaseReturn(drive_id="drive-1", revision=2))
    assert world.events("return_released") == []
    await world.until(lambda: world.station.desk.talk is not None and world.station.desk.talk.ready, "all is right")  # type: ignore[union-attr]
    await world.fine("/return/declare", {"engine_off": True, "key_in_box": True, "nobody_inside": True})
    assert (await world.until_event("returned")).drive_id == "drive-1"


async def test_a_tower_that_never_heard_of_the_car_lets_go_of_it_all_the_same(still: World) -> None:
    """Retail keeps a place until it is told: an order to expect the car that came to nothing must not keep it."""
    await tell(still, ReleaseReturn(drive_id="drive-7", revision=3))
    assert (await still.until_event("return_released")).revision == 3


async def test_an_exchange_that_comes_after_the_car_has_left_does_not_turn_its_person_away(world: World) -> None:
    claims = await world.collect()
    await tell(world, world.hand_over(claims, "TAG-2", revision=2))
    assert len(world.events("pass_held")) == 1
    await world.drive_back(claims, "TAG-1")
    await world.until(lambda: world.station.desk.talk is not None and world.station.desk.talk.ready, "all is right")  # type: ignore[union-attr]
