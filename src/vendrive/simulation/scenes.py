"""Situations that chance alone seldom makes: each is a fault class, a short script that a seed may enable.

They bring the tower to what its safeguards are for: somebody who gets out of the car while the tower takes it in, a
child that wakes, an engine that is started from afar, a pass that is shown too early. What staff do by hand is in
`by_hand`.
"""

import asyncio
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from vendrive.plant.beings import CABIN, PRESENCE_SOURCES, Being
from vendrive.plant.faults import Stuck
from vendrive.plant.machine import Car
from vendrive.plant.world import STREET
from vendrive.simulation.by_hand import BY_HAND, Process, recurring
from vendrive.simulation.kiosk import Kiosk, KioskDead
from vendrive.simulation.people import Visit, forged, vehicle
from vendrive.wire.errors import Refused
from vendrive.wire.orders import Stock

if TYPE_CHECKING:
    from vendrive.simulation.world import World

# Who comes before their time comes at least so much too early, and who comes late so much after the end.
COMES_S, GRACE = timedelta(seconds=10), timedelta(minutes=5)

# People and their cars.


async def _steps_out(world: "World", rng: Random) -> None:
    """The cabin sensor is blind; whoever sat in the car gets out when the machine has begun with it."""
    bay = rng.choice(world.layout.bays).name
    body, truth, sensors = world.truth.bays[bay], world.truth, world.ground.controller.sensors

    def begun() -> bool:
        return body.street.closed and truth.car_at(bay) is not None and (not body.inner.closed or body.turning)

    with world.register.injected("steps_out", bay):
        world.do(lambda: sensors.spoil(bay, "cabin", Stuck(False)))
        if await world.until(lambda: begun() or not world.faulty, 3600) and begun():
            car = truth.car_at(bay)
            assert car is not None
            world.do(lambda: truth.seat(car.tag, Being.person), f"somebody sits in {car.tag}, unseen")
            await asyncio.sleep(rng.uniform(0, 3))
            if truth.car_at(bay) is car and Being.person in car.inside:
                world.do(lambda: truth.get_out(bay), f"somebody gets out of {car.tag}")
            await asyncio.sleep(rng.uniform(5, 60))
            _fetched(world, car, bay)
        world.do(lambda: sensors.mend(bay, "cabin"))


def _fetched(world: "World", car: Car, bay: str) -> None:
    """Whoever got out is led out of the bay, whoever did not out of the car."""
    truth = world.truth
    if truth.bays[bay].person:
        world.do(lambda: truth.leave(bay), f"somebody is led out of {bay}")
    if Being.person in car.inside:
        world.do(lambda: truth.seat(car.tag, Being.person, False), f"somebody is fetched out of {car.tag}")


async def _walks_into_tower(world: "World", rng: Random) -> None:
    """Somebody whom the cabin sensor did not see gets out behind the open inner door, and walks on into the tower."""
    bay = rng.choice(world.layout.bays).name
    body, truth, sensors = world.truth.bays[bay], world.truth, world.ground.controller.sensors
    with world.register.injected("walks_into_tower", bay):
        world.do(lambda: sensors.spoil(bay, "cabin", Stuck(False)))
        await world.until(lambda: (body.inner.open and truth.car_at(bay) is not None) or not world.faulty, 3600)
        car = truth.car_at(bay)
        if car is not None and body.inner.open:
            world.do(lambda: truth.seat(car.tag, Being.person), f"somebody sits in {car.tag}, unseen")
            world.do(lambda: truth.get_out(bay), f"somebody gets out of {car.tag}")
            await asyncio.sleep(rng.uniform(0, 5))
            if body.person and body.inner.open:
                world.do(lambda: truth.walk_in(bay), "somebody walks into the tower")
            await asyncio.sleep(60)
        world.do(lambda: sensors.mend(bay, "cabin"))


async def _wakes(world: "World", rng: Random) -> None:
    """Somebody who was stored with the car unseen wakes and moves."""
    stored = [car for car in world.truth.cars.values() if car.where in (world.truth.slots | world.truth.lifts)]
    if not stored:
        return
    car = rng.choice(stored)
    with world.register.injected("wakes", car.tag):
        world.do(lambda: world.truth.seat(car.tag, Being.small_child), f"a child moves in {car.tag}")
        await asyncio.sleep(rng.uniform(20, 600))
        if Being.small_child in car.inside:
            world.do(
                lambda: world.truth.seat(car.tag, Being.small_child, False), f"the child is fetched from {car.tag}"
            )


async def _engine_on(world: "World", rng: Random) -> None:
    """An engine is started from afar in a car that is about to be taken in."""
    bay = rng.choice(world.layout.bays).name
    car = await _parked(world, bay)
    if car is None:
        return
    await asyncio.sleep(rng.uniform(0, 40))
    if car.where == bay:
        with world.register.injected("engine_on", car.tag):
            world.do(lambda: setattr(car, "engine_running", True), f"the engine of {car.tag} is started from afar")
            await asyncio.sleep(rng.uniform(20, 300))
            if car.where != STREET:
                world.do(lambda: setattr(car, "engine_running", False), f"the engine of {car.tag} is off again")


async def _key_forgotten(world: "World", rng: Random) -> None:
    """Somebody takes the key out of the box again, as soon as it lies there."""
    bay = rng.choice(world.layout.bays).name
    body = world.truth.bays[bay]

    def laid_down() -> bool:
        return body.key_in_box and body.person and body.street.open

    if await world.until(lambda: laid_down() or not world.faulty, 3600) and world.faulty:
        with world.register.injected("key_forgotten", bay):
            world.do(lambda: world.truth.key(bay, False), f"the key is taken out of the box of {bay}")
            await asyncio.sleep(20)


async def _key_taken_back(world: "World", rng: Random) -> None:
    """After the word was given the key is taken out of the box again, and some minutes later laid back."""
    bay = rng.choice(world.layout.bays).name
    body, truth = world.truth.bays[bay], world.truth

    def taken_in() -> bool:
        return body.key_in_box and not body.street.open and truth.car_at(bay) is not None and not body.person

    if not await world.until(lambda: taken_in() or not world.faulty, 3600) or not taken_in():
        return
    with world.register.injected("key_taken_back", bay):
        world.do(lambda: truth.key(bay, False), f"the key is taken out of the box of {bay} again")
        await world.until(lambda: not world.faulty, rng.uniform(30, 600))
        if truth.car_at(bay) is not None:
            world.do(lambda: truth.key(bay, True), f"the key lies in the box of {bay} again")


async def _roof_box(world: "World", rng: Random) -> None:
    """A car that is out gets a box on its roof, and comes back too high."""
    out = [car for car in _ours(world) if car.where == STREET]
    if out:
        car, height_mm = rng.choice(out), rng.choice(out).height_mm
        with world.register.injected("roof_box", car.tag):
            car.height_mm += 900
            await asyncio.sleep(rng.uniform(900, 2400))
            await world.until(lambda: car.where == STREET or not world.faulty, 3600)
            car.height_mm = height_mm


async def _exit_held(world: "World", rng: Random) -> None:
    """Somebody holds the emergency exit open while the machine reaches into the bay, or is about to."""
    bay = rng.choice(world.layout.bays).name
    body = world.truth.bays[bay]
    await world.until(lambda: not body.inner.closed or not world.faulty, rng.choice((1, 1800)))
    with world.register.injected("exit_held", bay):
        world.do(lambda: world.truth.exit(bay, True), f"the emergency exit of {bay} is held open")
        await asyncio.sleep(rng.uniform(5, 240))
        world.do(lambda: world.truth.exit(bay, False), f"the emergency exit of {bay} is shut")


async def _hidden_car(world: "World", rng: Random) -> None:
    """Sensor and reader of a slot show nothing of the car that stands there."""
    slots = [name for name in world.truth.slots if not world.truth.taken(name)]
    stored = [car for car in world.truth.cars.values() if car.where in world.truth.slots]
    if not stored or not slots:
        return
    car = rng.choice(stored)
    sensors, where = world.ground.controller.sensors, car.where
    with world.register.injected("hidden_car", where):
        _blind(world, where, "occupied")
        await world.until(lambda: not world.faulty, rng.uniform(600, 3000))
        world.do(lambda: sensors.mend(where))


def _blind(world: "World", place: str, sensor: str) -> None:
    """What stands on a place is sensed by neither its sensor nor its reader."""
    sensors = world.ground.controller.sensors
    world.do(lambda: sensors.spoil(place, sensor, Stuck(False)))
    world.do(lambda: sensors.spoil(place, "tag", Stuck("")))


async def _flag_stuck(world: "World", rng: Random) -> None:
    """The level flag of a lift sticks where the lift stands, and it is sent elsewhere."""
    lift = rng.choice(world.layout.lifts).name
    sensors = world.ground.controller.sensors
    await world.until(lambda: not world.truth.lifts[lift].moving or not world.faulty, 600)
    with world.register.injected("flag_stuck", lift):
        storey = sensors.truth(lift)["storey"]
        world.do(lambda: sensors.spoil(lift, "storey", Stuck(storey)))
        await world.until(lambda: not world.faulty, rng.uniform(300, 1500))
        world.do(lambda: sensors.mend(lift, "storey"))


async def _two_bays(world: "World", rng: Random) -> None:
    """Somebody who is being served goes to another bay and shows pass and face there too."""
    served = world.invariants.rules.served
    if not served or len(world.layout.bays) < 2:
        return
    bay, drive = rng.choice(sorted(served.items()))
    other, visit = rng.choice([plan.name for plan in world.layout.bays if plan.name != bay]), world.visits[drive]
    with world.register.injected("two_bays", other):
        await _shows(world, other, visit.text, visit.person)


async def _forged_pass(world: "World", rng: Random) -> None:
    """Somebody shows a pass whose signature is not retail's."""
    waiting = [visit for visit in world.visits.values() if not visit.settled and visit.opens <= world.calendar()]
    if not waiting:
        return
    visit, bay = rng.choice(waiting), rng.choice(world.layout.bays).name
    with world.register.injected("forged_pass", bay):
        if await _shows(world, bay, forged(visit.text), ""):
            world.invariants.broken("wrong_pass", f"a forged pass of {visit.drive} was taken")


async def _shows(world: "World", bay: str, text: str, face: str) -> bool:
    """Show a pass and, where it is taken, a face; whether the pass was taken."""
    kiosk, taken = Kiosk(world, bay), False
    try:
        await kiosk.collect(text)
        taken = True
        await asyncio.sleep(3)
        await (kiosk.face(face) if face else kiosk.cancel())
    except (Refused, KioskDead):
        pass
    return taken


async def _barrier_blind(world: "World", rng: Random) -> None:
    """Light barrier and reader of a bay say that the car has left while it stands before the open street."""
    bay = rng.choice(world.layout.bays).name
    body, truth, sensors = world.truth.bays[bay], world.truth, world.ground.controller.sensors

    def offered() -> bool:
        return body.street.open and truth.car_at(bay) is not None

    if not await world.until(lambda: offered() or not world.faulty, 3600) or not world.faulty:
        return
    with world.register.injected("barrier_blind", bay):
        _blind(world, bay, "vehicle")
        await asyncio.sleep(rng.uniform(10, 300))
        world.do(lambda: sensors.mend(bay, "vehicle"))
        world.do(lambda: sensors.mend(bay, "tag"))


async def _bus_dead(world: "World", rng: Random) -> None:
    """The bus of a bay's sensors is dead while a car stands behind the closed street door: all of them say nothing."""
    truth, sensors = world.truth, world.ground.controller.sensors

    def enclosed() -> str:
        shut = (body.name for body in truth.bays.values() if body.street.closed and body.inner.closed)
        return next((bay for bay in shut if truth.car_at(bay) is not None and not world.ground.running()), "")

    if not await world.until(lambda: bool(enclosed()) or not world.faulty, 3600) or not enclosed():
        return
    bay = enclosed()
    with world.register.injected("bus_dead", bay):
        world.do(lambda: bus_dies(world, bay), f"the sensors of {bay} are dead")
        await world.until(lambda: not world.faulty, rng.uniform(20, 600))
        world.do(lambda: sensors.mend(bay), f"the sensors of {bay} are alive")


def bus_dies(world: "World", bay: str) -> None:
    """Every sensor of a bay but those of its doors says what an empty bay says."""
    sensors = world.ground.controller.sensors
    dead: dict[str, bool | int | str] = {"tag": "", "vehicle": False, "in_place": False, "engine_running": False}
    dead |= dict.fromkeys(("length_mm", "width_mm", "height_mm", "mass_kg"), 0)
    dead |= dict.fromkeys((*PRESENCE_SOURCES, CABIN), False)
    for sensor, value in dead.items():
        sensors.spoil(bay, sensor, Stuck(value))


async def _parked(world: "World", bay: str) -> Car | None:
    """Wait for a car in the bay that nobody sits in; None where none comes."""
    truth = world.truth

    def parked() -> bool:
        car = truth.car_at(bay)
        return car is not None and not car.occupied and not car.engine_running and truth.bays[bay].street.open

    await world.until(lambda: parked() or not world.faulty, 3600)
    return truth.car_at(bay) if parked() else None


async def _out_of_time(world: "World", rng: Random) -> None:
    """Somebody comes with their own pass before their time, or when it is long over."""

    def early_or_late() -> list[Visit]:
        now = world.calendar()
        return [
            visit
            for visit in world.visits.values()
            if visit.method == "face"
            and not visit.drove_off
            and (now + COMES_S < visit.opens or now > visit.not_after + GRACE)
        ]

    if not await world.until(lambda: bool(early_or_late()) or not world.faulty, 3600) or not early_or_late():
        return
    visit, bay = rng.choice(early_or_late()), rng.choice(world.layout.bays).name
    with world.register.injected("out_of_time", bay):
        await _shows(world, bay, visit.text, visit.person)
        await asyncio.sleep(5)


async def _crash_with_order(world: "World", rng: Random) -> None:
    """The station ends in the middle of taking an order from retail, and starts again."""
    await world.until(lambda: not world.ground.running(), 600)
    with world.register.injected("crash_with_order"):
        world.crash_at = "after_commit"
        world.retail.order(Stock(vehicles=tuple(vehicle(car) for car in _ours(world))))
        await world.until(lambda: world.session is None or not world.faulty, 300)
        world.crash_at = None
        await asyncio.sleep(rng.uniform(1, 30))
    if world.session is None:
        world.start_station()


def _ours(world: "World") -> list[Car]:
    return [car for car in world.truth.cars.values() if world.is_ours(car.tag)]


SCENES: dict[str, Process] = {
    **BY_HAND,
    "steps_out": recurring(600, _steps_out),
    "walks_into_tower": recurring(2500, _walks_into_tower),
    "wakes": recurring(3000, _wakes),
    "engine_on": recurring(600, _engine_on),
    "key_forgotten": recurring(600, _key_forgotten),
    "key_taken_back": recurring(2500, _key_taken_back),
    "roof_box": recurring(900, _roof_box),
    "exit_held": recurring(1500, _exit_held),
    "two_bays": recurring(300, _two_bays),
    "forged_pass": recurring(400, _forged_pass),
    "barrier_blind": recurring(900, _barrier_blind),
    "bus_dead": recurring(1800, _bus_dead),
    "flag_stuck": recurring(1500, _flag_stuck),
    "hidden_car": recurring(1500, _hidden_car),
    "out_of_time": recurring(900, _out_of_time),
    "crash_with_order": recurring(3600, _crash_with_order),
}
