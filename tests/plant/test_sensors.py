"""What stands in the bay now is what is measured."""

from random import Random

from vendrive.plant.machine import Car
from vendrive.plant.sensors import Sensors
from vendrive.plant.world import STREET, World
from vendrive.tower.layout import load_layout

BAY = "B1"


def test_a_car_that_comes_back_longer_is_measured_anew() -> None:
    world = World(load_layout("shanghai3"))
    sensors = Sensors(world, Random(1))
    for length_mm in (4500, 5500):
        world.cars["TAG"] = Car("TAG", length_mm, 1800, 1500, 1500, BAY)
        assert abs(sensors.bay(BAY).length_mm - length_mm) < 50
        world.cars["TAG"].where = STREET
        assert sensors.bay(BAY).length_mm == 0


def test_a_car_that_stands_is_measured_once() -> None:
    world = World(load_layout("shanghai3"))
    sensors = Sensors(world, Random(1))
    world.cars["TAG"] = Car("TAG", 4500, 1800, 1500, 1500, BAY)
    assert sensors.bay(BAY) == sensors.bay(BAY)
