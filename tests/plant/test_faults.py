"""Sensors that stick, come late, flap or lie, each at the one place; and what two sources together still notice."""

from collections.abc import Callable

import pytest

from tests.plant.desk import Desk, jumping, with_car_in_bay
from vendrive.plant.beings import BESIDE, INSIDE, Being, undetectable
from vendrive.plant.faults import Fault, Flapping, Late, Lying, Stuck, Value
from vendrive.plant.machine import Car
from vendrive.plant.world import WorldRefused


def key_of(made: Desk) -> bool:
    made.jump(0)
    return made.controller.sensors.bays["B1"].key_in_box


def test_a_stuck_sensor_says_the_same_until_it_is_mended() -> None:
    made = jumping()
    made.controller.sensors.spoil("B1", "key_in_box", Stuck(True))
    assert key_of(made)
    assert made.controller.sensors.faulty == {"B1": ("key_in_box",)}
    made.controller.sensors.mend("B1", "key_in_box")
    assert not key_of(made)
    assert made.controller.sensors.faulty == {}


def test_a_late_sensor_says_what_was() -> None:
    made = jumping()
    made.controller.sensors.spoil("B1", "key_in_box", Late(5))
    made.world.key("B1", in_box=True)
    assert made.controller.next_due_s() <= 5
    made.jump(4.99)
    assert not key_of(made)
    made.jump(0.01)
    assert key_of(made)


def test_a_flapping_sensor_changes_with_its_period_and_says_when() -> None:
    made = jumping()
    made.alive = False
    made.jump(3)
    made.controller.sensors.spoil("B1", "key_in_box", Flapping(4, made.clock.monotonic()))
    said = []
    for _ in range(4):
        assert made.controller.next_due_s() == pytest.approx(2)
        said.append(key_of(made))
        made.jump(2)
    assert said == [True, False, True, False]


@pytest.mark.parametrize(
    ("part", "sensor", "before", "after"),
    [
        ("B1", "street_door", "closed", "between"),
        ("B1", "table", "aligned", "between"),
        ("2A", "occupied", False, True),
        ("L1", "loaded", False, True),
    ],
)
def test_a_lying_sensor_says_the_opposite(part: str, sensor: str, before: object, after: object) -> None:
    made = jumping()
    assert getattr(made.controller.sensed().part(part), sensor) == before
    made.controller.sensors.spoil(part, sensor, Lying())
    assert getattr(made.controller.sensed().part(part), sensor) == after


def test_the_controllers_own_inputs_can_be_spoilt_too() -> None:
    made = jumping()
    made.controller.sensors.spoil("plc", "fire", Lying())
    assert made.controller.state.stop_reason == "fire"


@pytest.mark.parametrize(
    ("part", "sensor", "fault", "why"),
    [
        ("B7", "scanner", Lying(), "there is no part 'B7'"),
        ("B1", "seq", Stuck(1), "B1 has no sensor 'seq'"),
        ("L1", "storey", Lying(), "the sensor storey of L1 has no opposite: give it a value"),
        ("L1", "storey", Stuck(True), "the sensor storey of L1 cannot say True"),
        ("L1", "position_mm", Stuck(float("nan")), "the sensor position_mm of L1 cannot say nan"),
        ("B1", "street_door", Stuck("ajar"), "the sensor street_door of B1 cannot say 'ajar'"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(part: str, sensor: str, fault: Fault, why: str) -> None:
    made = jumping()
    before = made.controller.parts()[1:]
    with pytest.raises(WorldRefused) as refused:
        made.controller.sensors.spoil(part, sensor, fault)
    assert str(refused.value) == why
    assert made.controller.parts()[1:] == before
    assert made.controller.sensors.faulty == {}


@pytest.mark.parametrize(("being", "where"), [*((b, "beside") for b in BESIDE), *((b, "inside") for b in INSIDE)])
def test_the_table_of_who_is_sensed_by_what_is_what_the_sensors_do(being: Being, where: str) -> None:
    made = with_car_in_bay()
    if where == "beside":
        made.world.bays["B1"].beside = (being,)
    else:
        made.world.seat("T1", being)
    made.jump(0)
    bay = made.controller.sensors.bays["B1"]
    seen = {source for source in ("scanner", "curtain", "floor", "cabin") if getattr(bay, source)}
    assert seen == (BESIDE if where == "beside" else INSIDE)[being].sources
    assert seen


def test_what_one_or_two_blind_sensors_hide_is_listed() -> None:
    in_bays = {(row.being, row.sources) for row in undetectable() if row.where in ("beside the car", "in the car")}
    assert in_bays == {
        (Being.pet, ("scanner",)),
        (Being.sleeper, ("floor", "scanner")),
        (Being.small_child, ("curtain", "scanner")),
        *((being, ("cabin",)) for being in INSIDE),
    }


def test_the_encoder_that_sticks_stops_the_lift_and_blocks_it() -> None:
    made = jumping()
    made.controller.sensors.spoil("L1", "position_mm", Stuck(0.0))
    made.order("move_lift", lift="L1", storey="3")
    made.jump(3)
    assert (made.channel("L1").result, made.controller.sensors.lifts["L1"].fault) == ("failed", "encoder")
    assert not made.world.lifts["L1"].moving


def test_a_move_whose_end_no_switch_confirms_has_failed() -> None:
    made = jumping()
    made.controller.sensors.spoil("L1", "storey", Stuck(1))
    made.order("move_lift", lift="L1", storey="3")
    made.end()
    assert (made.channel("L1").result, made.channel("L1").reason) == (
        "failed",
        "the level flag of L1 does not say 3",
    )


def stuck_closed(made: Desk) -> None:
    """The switch of the inner door says closed while the door is open."""
    made.controller.sensors.spoil("B1", "inner_door", Stuck("closed"))
    assert made.order("open_inner_door", bay="B1") == (True, "")
    made.end()
    assert made.world.bays["B1"].inner.open
    assert made.controller.sensors.switches["B1", "inner_door"] == "closed"
    assert made.controller.sensors.bays["B1"].inner_door == "between"


def test_an_inner_door_whose_switch_sticks_is_not_taken_for_closed() -> None:
    made = jumping()
    stuck_closed(made)
    for order in (("open_street_door", {"bay": "B1"}), ("move_lift", {"lift": "L1", "storey": "2"})):
        assert made.order(order[0], **order[1]) == (False, "the inner door of B1 is not closed")
    made.world.bays["B1"].beside = (Being.person,)
    made.jump(0)
    assert made.controller.state.emergency_stop


def reset(made: Desk) -> None:
    made.controller.reset()


def closed_again(made: Desk) -> None:
    assert made.order("close_inner_door", bay="B1") == (True, "")
    made.end()


@pytest.mark.parametrize("act", [reset, closed_again])
def test_a_door_whose_move_was_not_confirmed_is_between_until_it_moved_or_somebody_looked(
    act: Callable[[Desk], None],
) -> None:
    made = jumping()
    made.order("open_inner_door", bay="B1")
    made.end()
    made.controller.sensors.spoil("B1", "inner_door", Stuck("open"))
    made.order("close_inner_door", bay="B1")
    made.end()
    made.controller.sensors.mend("B1")
    made.jump(0)
    sensors = made.controller.sensors
    assert made.channel("B1").result == "failed"
    assert (sensors.switches["B1", "inner_door"], sensors.bays["B1"].inner_door) == ("closed", "between")
    act(made)
    assert sensors.bays["B1"].inner_door == "closed"


def without_memory(made: Desk) -> None:
    made.controller.sensors.switches.clear()
    made.controller.sensors._went.clear()
    made.world.dirty.add("B1")


@pytest.mark.parametrize("forget", [False, True])
def test_what_a_door_did_last_is_a_source_of_its_own(forget: bool) -> None:
    made = jumping()
    stuck_closed(made)
    if forget:
        without_memory(made)
    assert made.order("open_street_door", bay="B1")[0] is forget


def pick_what_is_not_there(made: Desk) -> str:
    made.controller.sensors.spoil("1D", "occupied", Stuck(True))
    made.order("pick", lift="L1", place="1D")
    made.end()
    return made.channel("L1").reason


def place_what_is_not_there(made: Desk) -> str:
    made.controller.sensors.spoil("L1", "loaded", Stuck(True))
    made.order("place", lift="L1", place="1D")
    made.end()
    return made.channel("L1").reason


@pytest.mark.parametrize(
    ("act", "reason"), [(pick_what_is_not_there, "L1 is empty"), (place_what_is_not_there, "L1 is loaded")]
)
def test_a_grip_into_nothing_fails_and_breaks_nothing(act: Callable[[Desk], str], reason: str) -> None:
    made = jumping()
    assert act(made) == reason
    assert made.world.crashes == []
    assert made.world.lifts["L1"].transfer is None


def hoboken(made: Desk) -> None:
    """The light barrier says that the car has left; it has not."""
    made.controller.sensors.spoil("B1", "vehicle", Stuck(False))


def test_one_sensor_that_says_empty_is_not_believed() -> None:
    made = jumping(T1="1D")
    made.done("pick", lift="L1", place="1D")
    made.done("open_inner_door", bay="B1")
    made.done("place", lift="L1", place="B1")
    made.done("close_inner_door", bay="B1")
    hoboken(made)
    made.world.add(Car("T2", 4500, 1800, 1500, 1500, "L1"))
    made.done("open_inner_door", bay="B1")
    assert made.order("place", lift="L1", place="B1") == (False, "B1 is occupied")
    says: dict[str, Value] = {"tag": "", "in_place": False, "mass_kg": 0}
    for sensor, value in says.items():
        made.controller.sensors.spoil("B1", sensor, Stuck(value))
        assert made.order("place", lift="L1", place="B1")[0] is (sensor == "mass_kg")
    assert made.world.crashes == ["a second car is pushed into B1"]
