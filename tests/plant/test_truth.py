"""The truth finds what must never be: these are the positive controls of the simulation's invariants."""

import pytest

from tests.plant.desk import Desk, jumping, with_car_in_bay
from vendrive.plant.beings import Being
from vendrive.plant.machine import Car
from vendrive.plant.orders import Order
from vendrive.plant.safety import VOTES
from vendrive.plant.truth import double_places, hazards, lost_cars
from vendrive.plant.watch import WATCHES
from vendrive.plant.world import WorldRefused
from vendrive.wire.machine import Mode, Operation


@pytest.fixture
def unsafe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take all votes and watches away."""
    for registry in (VOTES, WATCHES):
        for name in list(registry):
            monkeypatch.delitem(registry, name)


def moving(made: Desk, operation: str, **arguments: str) -> None:
    assert made.order(operation, **arguments) == (True, "")
    made.jump(2)


def test_nobody_is_in_danger_in_an_empty_tower() -> None:
    made = with_car_in_bay()
    made.world.bays["B1"].beside = (Being.bag,)
    moving(made, "move_lift", lift="L1", storey="3")
    assert made.controller.hazards() == ()


@pytest.mark.usefixtures("unsafe")
def test_who_is_where_something_moves_is_found() -> None:
    made = with_car_in_bay("carvana34")
    made.world.bays["B1"].beside = (Being.person,)
    for operation in ("turn", "open_inner_door", "close_inner_door", "open_street_door", "close_street_door"):
        moving(made, operation, bay="B1")
        found = [(hazard.being, hazard.where) for hazard in made.controller.hazards()]
        giving_way = operation == "close_street_door"  # the door feels who stands in it
        assert found == ([] if operation == "open_street_door" or giving_way else [("person", "B1")])
        made.end()


@pytest.mark.usefixtures("unsafe")
def test_who_stands_before_an_open_shaft_is_found() -> None:
    made = jumping()
    made.done("open_inner_door", bay="B1")
    made.world.bays["B1"].beside = (Being.small_child,)
    moving(made, "move_lift", lift="L1", storey="3")
    assert [hazard.being for hazard in made.controller.hazards()] == ["small_child"]


@pytest.mark.usefixtures("unsafe")
def test_who_rides_in_a_car_is_found_on_the_grip_and_on_the_lift() -> None:
    made = jumping(T1="1D")
    made.world.seat("T1", Being.child_asleep)
    moving(made, "pick", lift="L1", place="1D")
    assert [(hazard.being, hazard.where) for hazard in made.controller.hazards()] == [("child_asleep", "transfer")]
    made.end()
    moving(made, "move_lift", lift="L1", storey="3")
    assert [(hazard.being, hazard.where) for hazard in made.controller.hazards()] == [("child_asleep", "L1")]
    made.end()
    assert made.controller.hazards() == ()


@pytest.mark.usefixtures("unsafe")
def test_who_walked_into_the_tower_is_in_danger_of_every_lift() -> None:
    made = jumping()
    with pytest.raises(WorldRefused, match="nobody can walk into the tower at B1"):
        made.world.walk_in("B1")
    made.done("open_inner_door", bay="B1")
    made.world.bays["B1"].beside = (Being.person,)
    made.world.walk_in("B1")
    made.done("close_inner_door", bay="B1")
    moving(made, "move_lift", lift="L1", storey="2")
    assert [(hazard.being, hazard.where) for hazard in made.controller.hazards()] == [("person", "storage")]
    made.world.walk_out()
    assert made.controller.hazards() == ()


def test_a_technician_goes_in_by_their_own_door_with_the_key_of_the_switch() -> None:
    made = jumping()
    with pytest.raises(WorldRefused, match="the technician's door is locked while the key is in"):
        made.world.go_in()
    made.world.turn_key(Mode.maintenance)
    made.world.go_in()
    assert made.world.storage == 1


BREAKING: list[tuple[str, dict[str, str], str]] = [
    ("pick", {"lift": "L1", "place": "2A"}, "the transfer of L1 misses 2A"),
    ("pick", {"lift": "L1", "place": "B1"}, "a car goes through the inner door of B1"),
    ("pick", {"lift": "L1", "place": "1D"}, "a second car is drawn onto L1"),
    ("place", {"lift": "L1", "place": "1D"}, "a second car is pushed into 1D"),
]


@pytest.mark.usefixtures("unsafe")
@pytest.mark.parametrize(("operation", "arguments", "broken"), BREAKING)
def test_what_breaks_is_written_down(operation: str, arguments: dict[str, str], broken: str) -> None:
    made = jumping(T1="1D", T2="2A")
    made.world.add(Car("T3", 4500, 1800, 1500, 1500, "L1"))
    made.order(operation, **arguments)
    assert made.world.crashes == [broken]
    made.end()
    crowded = broken.startswith("a second") or operation == "pick"
    assert bool(double_places(made.world)) is (crowded and arguments["place"] != "B1")


@pytest.mark.usefixtures("unsafe")
def test_more_that_breaks() -> None:
    made = jumping("singapore60", T1="2A", T2="2B")
    made.done("move_lift", lift="L1", storey="2")
    moving(made, "pick", lift="L1", place="2A")
    assert made.world.crashes == ["a car is pushed through 2B"]
    made.controller.stop("a test")
    assert lost_cars(made.world) == ()
    made.controller.reset()
    made.order("move_lift", lift="L1", storey="3")
    assert made.world.crashes[1:] == ["L1 leaves with its transfer out"]
    made.world.lifts["L1"].transfer = None
    assert lost_cars(made.world) == ("T1",)


def test_a_door_that_nobody_asked_for_is_no_hazard() -> None:
    made = jumping()
    made.world.bays["B1"].beside = (Being.person,)
    assert hazards(made.world, [Order(Operation.open_street_door, {"bay": "B1"})]) == ()
