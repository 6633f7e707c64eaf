"""Who is refused hears why and what to do; nothing moves and no door opens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.station.conftest import PIN, World
from tests.support.plant import car
from vendrive.ids import random_bytes
from vendrive.wire.orders import Cancel, FaceCheck


def machine(world: World) -> dict[str, Any]:
    """Return what must be the same before and after a refusal."""
    truth = world.plant.world()
    names = ("commands", "executed", "failed", "refused", "prevented", "stops", "cars", "lifts", "bays")
    return {name: truth[name] for name in names}


@asynccontextmanager
async def nothing_moves(world: World) -> AsyncIterator[None]:
    """The plant's own counters and bodies are the same afterwards, after several more readings of the machine."""
    before = machine(world)
    yield
    seen = world.station.link.snapshot
    assert seen is not None
    later = seen.plc.heartbeat + 4
    await world.until(
        lambda: world.station.link.snapshot is not None and world.station.link.snapshot.plc.heartbeat >= later,
        "the machine is read a few more times",
    )
    assert machine(world) == before
    assert world.events("command_given") == []
    assert world.station.desk.talk is None


async def test_passes_that_do_not_count(still: World) -> None:
    good = await still.lend()
    early = await still.lend("drive-2", not_before=still.clock.now() + timedelta(hours=1))
    late = await still.lend("drive-3", not_after=still.clock.now() - timedelta(minutes=1))
    stranger = still.claims("drive-9")
    cases = {
        "hello": "pass_unknown",
        "VD1/nonsense": "pass_unreadable",
        still.pass_text(good, Ed25519PrivateKey.from_private_bytes(random_bytes(32))): "pass_not_genuine",
        still.pass_text(good).replace("drive-1", "drive-2"): "pass_not_genuine",
        still.pass_text(still.claims(tower_id="nanjing")): "pass_wrong_tower",
        still.pass_text(stranger): "pass_unknown",
        still.pass_text(early): "pass_too_early",
        still.pass_text(late): "pass_expired",
        "C0DE2": "pass_too_early",
    }
    async with nothing_moves(still):
        for text, code in cases.items():
            assert await still.refused("/collect/pass", {"text": text}) == code
            assert still.screen() == "idle"
    # The same refusal again is counted, and written with its count later.
    assert [event.code for event in still.events("person_refused")] == list(dict.fromkeys(cases.values()))


async def test_a_cancelled_drive(still: World) -> None:
    claims = await still.lend(face=True)
    still.retail.order(Cancel(drive_id="drive-1", revision=1))
    await still.until(lambda: still.station.store.cursor == len(still.retail.orders), "the cancellation came")
    assert still.station.store.check("drive-1") is None
    async with nothing_moves(still):
        assert await still.refused("/collect/pass", {"text": still.pass_text(claims)}) == "pass_cancelled"


async def test_another_persons_face(still: World) -> None:
    claims = await still.lend(face=True)
    async with nothing_moves(still):
        await still.fine("/collect/pass", {"text": still.pass_text(claims)})
        for _ in range(8):
            assert await still.refused("/collect/face", content=b"somebody else") == "face_mismatch"
        assert still.screen() == "idle"
        assert await still.refused("/collect/face", content=b"drive-1") == "pass_unknown"
    assert {event.code for event in still.events("person_refused")} == {"face_mismatch"}


async def test_a_template_for_another_tower_opens_for_nobody(still: World) -> None:
    claims = still.claims()
    box = FaceCheck(engine="by-name", threshold=0.5, sealed_template=random_bytes(700))
    still.retail.order(still.hand_over(claims, "TAG-1", box))
    await still.until(lambda: still.station.store.cursor == len(still.retail.orders), "the order came")
    async with nothing_moves(still):
        await still.fine("/collect/pass", {"text": still.pass_text(claims)})
        assert await still.refused("/collect/face", content=b"drive-1") == "verification_missing"


async def test_three_wrong_pins_lock_the_drive_through_a_restart(still: World) -> None:
    claims = await still.lend()
    async with nothing_moves(still):
        await still.fine("/collect/pass", {"text": still.pass_text(claims)})
        assert await still.refused("/collect/pin", {"pin": "000000"}) == "pin_wrong"
        assert await still.refused("/collect/pin", {"pin": "000001"}) == "pin_wrong"
        await still.end()
        await still.start()
        await still.fine("/collect/pass", {"text": still.pass_text(claims)})
        assert await still.refused("/collect/pin", {"pin": "000002"}) == "pin_locked"
        assert await still.refused("/collect/pass", {"text": still.pass_text(claims)}) == "pin_locked"
        assert await still.refused("/collect/pin", {"pin": PIN}) == "pass_unknown"


async def test_guessing_short_codes_is_slowed_down(still: World) -> None:
    await still.lend()
    async with nothing_moves(still):
        for guess in range(5):
            assert await still.refused("/collect/pass", {"text": f"GUESS{guess}"}) == "pass_unknown"
        assert await still.refused("/collect/pass", {"text": "C0DE1"}) == "too_many_tries"


async def test_a_car_that_is_not_in_the_tower(still: World) -> None:
    claims = await still.lend(tag="TAG-9")
    async with nothing_moves(still):
        assert await still.refused("/collect/pass", {"text": still.pass_text(claims)}) == "car_missing"


async def test_nothing_is_taken_back_that_was_not_lent_here(still: World) -> None:
    claims = await still.lend()
    async with nothing_moves(still):
        assert await still.refused("/return/pass", {"text": still.pass_text(claims)}) == "nothing_lent"
        assert await still.refused("/return/declare", DECLARED) == "nothing_lent"


async def test_a_pass_is_used_once(world: World) -> None:
    claims = await world.collect()
    before = machine(world)
    assert await world.refused("/collect/pass", {"text": world.pass_text(claims)}) == "pass_used"
    assert await world.refused("/collect/pass", {"text": "C0DE1"}) == "pass_used"
    assert machine(world) == before


async def test_others_wait_while_somebody_is_served(world: World) -> None:
    first, second = await world.lend(), await world.lend("drive-2", "TAG-2")
    await world.fine("/collect/pass", {"text": world.pass_text(first)})
    assert await world.refused("/collect/pass", {"text": world.pass_text(second)}) == "kiosk_busy"
    await world.fine("/collect/pin", {"pin": PIN})
    await world.until_screen("bringing")
    assert await world.refused("/collect/pass", {"text": world.pass_text(second)}) == "kiosk_busy"
    await world.until_screen("presented")
    assert world.plant.where("TAG-2") == "3C"
    assert "TAG-2" not in str([event.arguments for event in world.events("command_given")])


DECLARED = {"engine_off": True, "key_in_box": True, "nobody_inside": True}


async def test_a_car_that_cannot_be_taken_in_drives_out_again(world: World) -> None:
    claims = await world.collect()
    await world.fine("/return/pass", {"text": world.pass_text(claims)})
    await world.until(lambda: world.plant.world()["bays"]["B1"]["street_door"] == "open", "the door is open")
    executed = world.plant.world()["executed"]
    refusals: list[tuple[str, dict[str, int], str]] = [
        ("TAG-8", {}, "car_other"),
        ("TAG-1", {"length_mm": 5500}, "car_too_long"),
        ("TAG-8", {"length_mm": 5500}, "car_other"),
        ("TAG-1", {"width_mm": 2500}, "car_too_wide"),
        ("TAG-8", {}, "car_other"),
        ("TAG-1", {"height_mm": 2150}, "car_too_high"),
        ("TAG-8", {}, "car_other"),
        ("TAG-1", {"mass_kg": 2700}, "car_too_heavy"),
    ]
    for tag, other, code in refusals:
        world.plant.act("arrive", **car(tag, **other))
        world.plant.act("drive_in", bay="B1", tag=tag)
        await world.until_screen("refused")
        assert world.state()["error"]["code"] == code
        assert await world.refused("/return/declare", DECLARED) == code
        world.plant.act("drive_out", bay="B1")
        await world.until_screen("drive_in")
    codes = ["car_other", "car_too_long", "car_too_wide", "car_too_high", "car_too_heavy"]
    assert [event.code for event in world.events("return_refused")] == codes
    assert world.plant.world()["executed"] == executed
    assert world.events("returned") == []


async def test_a_tag_that_cannot_be_read_and_a_car_beside_its_plates(world: World) -> None:
    claims = await world.collect()
    await world.fine("/return/pass", {"text": world.pass_text(claims)})
    await world.until(lambda: world.plant.world()["bays"]["B1"]["street_door"] == "open", "the door is open")
    world.plant.act("drive_in", bay="B1", tag="TAG-1", crooked=True)
    await world.until_screen("check")
    assert world.state()["error"]["code"] == "car_not_in_place"
    world.plant.act("drive_out", bay="B1")
    world.plant.act("fault", kind="tag_unreadable", bay="B1", on=True)
    world.plant.act("drive_in", bay="B1", tag="TAG-1")
    await world.until_screen("refused")
    assert world.state()["error"]["code"] == "car_unreadable"
    assert await world.refused("/return/declare", DECLARED) == "car_unreadable"


async def test_a_return_waits_for_engine_key_and_people(world: World) -> None:
    claims = await world.collect()
    await world.fine("/return/pass", {"text": world.pass_text(claims)})
    await world.until(lambda: world.plant.world()["bays"]["B1"]["street_door"] == "open", "the door is open")
    world.plant.act("drive_in", bay="B1", tag="TAG-1")
    await world.until_screen("check")
    before = world.plant.world()["executed"]
    acts: list[tuple[str, dict[str, bool], str]] = [
        ("", {}, "engine_running"),
        ("park", {}, "key_missing"),
        ("key", {"in_box": True}, "person_in_bay"),
    ]
    for verb, how, code in acts:
        if verb:
            world.plant.act(verb, bay="B1", **how)
        await world.until(lambda code=code: world.state()["error"]["code"] == code, f"the kiosk says {code}")
        assert await world.refused("/return/declare", DECLARED) == code
    world.plant.act("leave", bay="B1")
    await world.until_screen("declare")
    assert await world.refused("/return/declare", DECLARED | {"nobody_inside": False}) == "not_declared"
    assert world.plant.world()["executed"] == before
    await world.fine("/return/declare", DECLARED)
    await world.until_event("returned")
