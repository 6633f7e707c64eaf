"""A pass in, the person verified, the car brought by a real machine over OPC UA, driven away and brought back."""

from tests.station.conftest import PIN, World


async def test_collect_by_pin_and_bring_back(world: World) -> None:
    claims = await world.lend()
    await world.fine("/collect/pass", {"text": world.pass_text(claims)})
    assert world.screen() == "verify"
    assert world.plant.commands() == 0
    await world.fine("/collect/pin", {"pin": PIN})
    await world.until_screen("presented")
    assert world.plant.where("TAG-1") == "B1"
    world.plant.act("drive_out", bay="B1")
    handed_over = await world.until_event("handed_over")
    assert (handed_over.drive_id, handed_over.vehicle_id, handed_over.bay) == ("drive-1", "vehicle-TAG-1", "B1")
    await world.until(lambda: world.plant.world()["bays"]["B1"]["street_door"] == "closed", "the door is shut")

    await world.until(lambda: world.station.desk.talk is None, "the hand-over is over")
    await world.drive_back(claims, "TAG-1")
    await world.until_screen("declare")
    before = world.plant.commands()
    await world.fine("/return/declare", {"engine_off": True, "key_in_box": True, "nobody_inside": True})
    returned = await world.until_event("returned")
    assert world.plant.where("TAG-1") == returned.slot
    assert world.plant.commands() > before
    assert abs(returned.length_mm - 4700) < 50
    assert abs(returned.mass_kg - 1800) < 50
    await world.until(lambda: len(world.retail.entries) == len(world.entries()), "retail has the whole journal")


async def test_collect_by_face(world: World) -> None:
    claims = await world.lend(face=True)
    await world.fine("/collect/pass", {"text": world.pass_text(claims)})
    assert world.state()["method"] == "face"
    assert await world.refused("/collect/face", content=b"nobody") == "no_face"
    await world.fine("/collect/face", content=b"drive-1")
    await world.until_screen("presented")
    assert world.events("person_verified")[-1].method == "face"
