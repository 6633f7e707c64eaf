"""What the sensors make of the truth: measured once, read cheaply, spoilt in one place."""

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
        world.add(Car("TAG", length_mm, 1800, 1500, 1500, BAY))
        assert sensors.look(0)
        assert abs(sensors.bays[BAY].length_mm - length_mm) < 50
        world.cars["TAG"].where = STREET
        assert sensors.look(0)
        assert sensors.bays[BAY].length_mm == 0


def test_a_part_is_built_anew_only_when_something_in_it_changed() -> None:
    world = World(load_layout("shanghai3"))
    sensors = Sensors(world, Random(1))
    world.add(Car("TAG", 4500, 1800, 1500, 1500, BAY))
    assert sensors.look(0)
    before = sensors.bays[BAY]
    assert not sensors.look(1)
    world.bays[BAY].key_in_box = False
    assert not sensors.look(1)
    assert sensors.bays[BAY] is before
    world.bays[BAY].key_in_box = True
    assert sensors.look(1)
    assert (sensors.bays[BAY].key_in_box, sensors.bays[BAY].length_mm) == (True, before.length_mm)
