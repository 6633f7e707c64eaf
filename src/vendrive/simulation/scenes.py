"""Situations that chance alone seldom makes: each is a fault class, a short script that a seed may enable.

They bring the tower to what its safeguards are for: a step that two of staff ask for and should not, somebody who gets
out of the car while the tower takes it in, a child that wakes, an engine that is started from afar.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from vendrive.plant.beings import Being
from vendrive.plant.faults import Stuck
from vendrive.plant.machine import Car
from vendrive.plant.world import STREET
from vendrive.simulation.kiosk import Kiosk, KioskDead
from vendrive.wire.errors import Refused
from vendrive.wire.machine import Mode, Operation
from vendrive.wire.orders import OperatorAction, OperatorRequest

if TYPE_CHECKING:
    from vendrive.simulation.world import World

Process = Callable[["World", Random], Coroutine[Any, Any, None]]
Once = Callable[["World", Random], Awaitable[None]]
STEPS = (20, 80)


def _again(mean_s: float, once: Once) -> Process:
    async def process(world: "World", rng: Random) -> None:
        while world.faulty:
            await asyncio.sleep(rng.expovariate(1 / mean_s))
            await world.awake.wait()
            if world.faulty:
                await once(world, rng)

    return process


# Two of staff at the console, the key on manual.


async def _manual_steps(world: "World", rng: Random) -> None:
    """One step after the other, most of which are wrong where the machine stands now."""
    await world.until(lambda: world.ground.running() or not world.faulty, rng.choice((1, 900)))
    await asyncio.sleep(rng.uniform(0, 20))
    with world.register.injected("manual_steps"):
        await _steps(world, rng, "")


async def _steps(world: "World", rng: Random, focus: str) -> None:
    """Ask for many steps, most of them at the bay in focus."""
    world.do(lambda: world.truth.turn_key(Mode.manual), "the key says manual")
    for _ in range(rng.randint(*STEPS)):
        if not world.faulty or world.truth.mode != Mode.manual:
            break
        operation, arguments = _step(world, rng, focus)
        _ask(world, OperatorAction.manual_step, operation=operation, arguments=arguments)
        await asyncio.sleep(rng.choice((2, 3, 5, 15, 25)))
    await asyncio.sleep(20)
    world.do(lambda: world.truth.turn_key(Mode.automatic), "the key says automatic")


async def _steps_cut_short(world: "World", rng: Random) -> None:
    """A stop cuts a transfer or a turn short, or a car stands askew, and two of staff go on by hand, wrongly."""
    truth = world.truth
    kinds = ["transfer", "turn", "askew"] if any(bay.turntable for bay in world.layout.bays) else ["transfer"]
    kind = rng.choice(kinds)

    def found() -> str:
        if kind == "transfer":
            out = (lift.transfer.place for lift in truth.lifts.values() if lift.transfer is not None)
            return next(out, "")
        bays = truth.bays.values()
        return next((bay.name for bay in bays if (bay.turning if kind == "turn" else bay.crooked)), "")

    if not await world.until(lambda: bool(found()) or not world.faulty, 3600) or not world.faulty:
        return
    focus = found()
    await asyncio.sleep(rng.uniform(0, 8))
    with world.register.injected("steps_cut_short"):
        controller = world.ground.controller
        world.do(lambda: controller.stop("red button"), "somebody hits the red button")
        world.do(lambda: truth.turn_key(Mode.manual), "the key says manual")
        await asyncio.sleep(2)
        world.do(controller.reset, "reset at the tower")
        await _steps(world, rng, focus if focus in truth.bays else "")


def _step(world: "World", rng: Random, focus: str) -> tuple[str, dict[str, str]]:
    """Return a step that the machine understands, mostly where cars and lifts are. Nobody opens the street before a
    car, since who drives off with it then is for staff to say, and no station can.
    """
    layout = world.layout
    bay, lift = rng.choice(layout.bays).name, rng.choice(layout.lifts).name
    if focus and rng.random() < 0.7:
        bay, lift = focus, rng.choice(layout.bay(focus).lifts)
    operation = rng.choice(
        [Operation.pick] * 3
        + [Operation.place] * 3
        + [Operation.move_lift] * 4
        + [Operation.open_inner_door] * 2
        + [each for each in Operation if each not in (Operation.pick, Operation.place)]
    )
    match operation:
        case Operation.move_lift:
            near = (layout.bays[0].storey, *(layout.storey_of(name) for name in _near(world, lift)))
            return operation, {"lift": lift, "storey": str(rng.choice((*near, rng.randint(0, layout.storeys))))}
        case Operation.pick | Operation.place:
            place = (
                focus
                if focus in {plan.name for plan in layout.bays_of(lift)} and rng.random() < 0.4
                else rng.choice(_near(world, lift))
            )
            return operation, {"lift": lift, "place": place}
        case Operation.open_street_door if world.truth.taken(bay):
            return Operation.turn if layout.bay(bay).turntable else Operation.close_street_door, {"bay": bay}
        case Operation.finish_transfer:
            return operation, {"lift": lift}
        case _:
            return operation, {"bay": bay}


def _near(world: "World", lift: str) -> list[str]:
    """Return the places that a lift serves: those at its level first, those with a car, some others."""
    layout, truth = world.layout, world.truth
    served = [place for place in layout.places if lift in place.lifts]
    height_mm = truth.lifts[lift].position_mm
    level = [place.name for place in served if abs(layout.level_mm(place.storey) - height_mm) < 100]
    taken = [place.name for place in served if truth.taken(place.name)]
    return level * 4 + taken * 4 + [place.name for place in served[:8]]


def _ask(world: "World", action: OperatorAction, second: str = "finn", **more: object) -> None:
    expires = world.calendar() + timedelta(minutes=1)
    world.retail.order(OperatorRequest(action=action, staff="eva", second=second, expires_at=expires, **more))


async def _console_stop(world: "World", rng: Random) -> None:
    """Somebody at the console stops the machine while its line is bad."""
    await world.until(lambda: world.ground.running() or not world.faulty, 900)
    with world.register.injected("console_stop"):
        world.messages.trouble("lost", 0.6)
        _ask(world, OperatorAction.emergency_stop)
        await asyncio.sleep(rng.uniform(5, 40))
        world.messages.trouble("lost", 0.0)


async def _console_lock(world: "World", rng: Random) -> None:
    """Staff take a part out of service at the console, and nobody hangs a padlock on it."""
    names = [plan.name for plan in world.layout.lifts] + [plan.name for plan in world.layout.bays]
    part = rng.choice(names)
    with world.register.injected("console_lock", part):
        _ask(world, OperatorAction.lock_part, part=part)
        await asyncio.sleep(rng.uniform(60, 900))
        if rng.random() < 0.5:
            _ask(world, OperatorAction.release_part, part=part, second="eva")
            await asyncio.sleep(60)
        _ask(world, OperatorAction.release_part, part=part)
        await asyncio.sleep(30)


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


async def _roof_box(world: "World", rng: Random) -> None:
    """A car that is out gets a box on its roof, and comes back too high."""
    out = [car for car in world.truth.cars.values() if car.where == STREET and not car.tag.startswith("STRANGER")]
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
        if await _shows(world, bay, visit.text[:-3] + "AAA", ""):
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


async def _parked(world: "World", bay: str) -> Car | None:
    """Wait for a car in the bay that nobody sits in; None where none comes."""
    truth = world.truth

    def parked() -> bool:
        car = truth.car_at(bay)
        return car is not None and not car.occupied and not car.engine_running and truth.bays[bay].street.open

    await world.until(lambda: parked() or not world.faulty, 3600)
    return truth.car_at(bay) if parked() else None


SCENES: dict[str, Process] = {
    "manual_steps": _again(1500, _manual_steps),
    "steps_cut_short": _again(1500, _steps_cut_short),
    "console_stop": _again(3000, _console_stop),
    "console_lock": _again(2500, _console_lock),
    "steps_out": _again(600, _steps_out),
    "wakes": _again(3000, _wakes),
    "engine_on": _again(600, _engine_on),
    "key_forgotten": _again(600, _key_forgotten),
    "roof_box": _again(900, _roof_box),
    "exit_held": _again(1500, _exit_held),
    "two_bays": _again(300, _two_bays),
    "forged_pass": _again(400, _forged_pass),
    "barrier_blind": _again(900, _barrier_blind),
    "flag_stuck": _again(1500, _flag_stuck),
    "hidden_car": _again(1500, _hidden_car),
}
