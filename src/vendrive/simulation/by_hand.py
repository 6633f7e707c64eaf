"""What two of staff do by hand, the key on manual: most of it is wrong where the machine stands.

Each is a fault class, a script that a seed may enable. Some steps are drawn by chance; others are led, one by one, to
what a single safeguard refuses.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from vendrive.wire.machine import Mode, Operation
from vendrive.wire.orders import OperatorAction, OperatorRequest

if TYPE_CHECKING:
    from vendrive.simulation.world import World

Process = Callable[["World", Random], Coroutine[Any, Any, None]]
Once = Callable[["World", Random], Awaitable[None]]
Step = tuple[Operation, dict[str, str]]
STEPS = (20, 80)


def recurring(mean_s: float, once: Once) -> Process:
    """Return the process in which something happens again and again, `mean_s` apart on average, until faults stop."""

    async def process(world: "World", rng: Random) -> None:
        while world.faulty:
            await asyncio.sleep(rng.expovariate(world.plan.often / mean_s))
            await world.awake.wait()
            if world.faulty:
                await once(world, rng)

    return process


async def manual_steps(world: "World", rng: Random) -> None:
    """One step after the other, most of which are wrong where the machine stands now."""
    await world.until(lambda: world.ground.running() or not world.faulty, rng.choice((1, 900)))
    await asyncio.sleep(rng.uniform(0, 20))
    with world.register.injected("manual_steps"):
        await _steps(world, rng, "")


async def steps_late(world: "World", rng: Random) -> None:
    """Steps of two of staff are held up on their way: one that was given up may arrive after all."""
    if _is_inside(world):
        return
    with world.register.injected("steps_late"):
        world.do(lambda: world.truth.turn_key(Mode.manual), "the key says manual")
        for _ in range(rng.randint(5, 15)):
            if not world.faulty or world.truth.mode != Mode.manual:
                break
            operation, arguments = _step(world, rng, "")
            _ask(world, OperatorAction.manual_step, operation=operation, arguments=arguments)
            # The order is with the station a second later.
            await asyncio.sleep(0.9)
            world.messages.trouble("late", 0.8)
            await asyncio.sleep(0.3)
            world.messages.trouble("late", 0.0)
            await asyncio.sleep(rng.choice((7, 15, 25)))
        _turn_key_back(world)


async def steps_stopped(world: "World", rng: Random) -> None:
    """Somebody hits the red button, and two of staff who are in a hurry go on by hand before anybody has looked."""
    controller = world.ground.controller
    await world.until(lambda: world.ground.running() or not world.faulty, 900)
    with world.register.injected("steps_stopped"):
        world.do(lambda: controller.stop("red button"), "somebody hits the red button")
        await _steps(world, rng, "")


async def _steps(world: "World", rng: Random, focus: str) -> None:
    """Ask for many steps, most of them at the bay in focus."""
    if _is_inside(world):
        return
    world.do(lambda: world.truth.turn_key(Mode.manual), "the key says manual")
    for _ in range(rng.randint(*STEPS)):
        if not world.faulty or world.truth.mode != Mode.manual:
            break
        operation, arguments = _step(world, rng, focus)
        _ask(world, OperatorAction.manual_step, operation=operation, arguments=arguments)
        await asyncio.sleep(rng.choice((2, 3, 5, 15, 25)))
    await asyncio.sleep(20)
    _turn_key_back(world)


async def steps_cut_short(world: "World", rng: Random) -> None:
    """A stop cuts a turn short, or where no table turns a transfer, and two of staff go on by hand, wrongly."""
    truth = world.truth
    tables = any(bay.turntable for bay in world.layout.bays)

    def found() -> str:
        if tables:
            return next((bay.name for bay in truth.bays.values() if bay.turning), "")
        return next((lift.transfer.place for lift in truth.lifts.values() if lift.transfer is not None), "")

    if not await world.until(lambda: bool(found()) or not world.faulty, 3600) or not world.faulty:
        return
    focus = found()
    await asyncio.sleep(rng.uniform(0, 8))
    with world.register.injected("steps_cut_short"):
        controller = world.ground.controller
        world.do(lambda: controller.stop("red button"), "somebody hits the red button")
        world.do(lambda: truth.turn_key(Mode.manual), "the key says manual")
        await asyncio.sleep(2)
        if truth.storage:
            world.do(truth.walk_out, "who is in the tower is brought out")
        world.do(controller.reset, "reset at the tower")
        if tables:
            await _led(world, [*_behind_door(world, focus), _taken_in(world, focus)])
        await _steps(world, rng, focus if focus in truth.bays else "")


async def steps_askew(world: "World", rng: Random) -> None:
    """A car stands beside its plates; two of staff shut the street behind it, and turn it or draw it in."""
    truth = world.truth

    def askew() -> str:
        cars = ((bay, truth.car_at(bay.name)) for bay in truth.bays.values() if bay.crooked and not bay.beside)
        return next((bay.name for bay, car in cars if car is not None and not car.inside), "")

    if not await world.until(lambda: bool(askew()) or not world.faulty, 3600) or not world.faulty:
        return
    bay = askew()
    with world.register.injected("steps_askew", bay):
        turns = world.layout.bay(bay).turntable
        wrong = [(Operation.turn, {"bay": bay})] if turns else [*_behind_door(world, bay), _taken_in(world, bay)]
        await _led(world, [(Operation.close_street_door, {"bay": bay}), *wrong])


async def steps_into_taken(world: "World", rng: Random) -> None:
    """Two of staff put a car before an empty rear slot and push another one through it, or both into one slot."""
    layout, truth = world.layout, world.truth

    def free(place: str) -> bool:
        front = layout.slot(place).behind
        return not truth.taken(place) and not (front and truth.taken(front))

    lift = rng.choice(layout.lifts).name
    slots = [slot for slot in layout.slots if lift in slot.lifts]
    cars = [slot.name for slot in slots if truth.taken(slot.name) and not (slot.behind and truth.taken(slot.behind))]
    rear = [(slot.behind, slot.name) for slot in slots if slot.behind and free(slot.name)]
    ends = rear or [(slot.name, slot.name) for slot in slots if free(slot.name)]
    if len(cars) < 2 or not ends:
        return
    with world.register.injected("steps_into_taken", lift):
        steps = zip(rng.sample(cars, 2), rng.choice(ends), strict=True)
        await _led(world, [step for start, end in steps for step in _carried(world, lift, start, end)])


async def _led(world: "World", steps: Iterable[Step]) -> None:
    """Ask for these steps, each when the machine stands again after the one before."""
    if _is_inside(world):
        return
    world.do(lambda: world.truth.turn_key(Mode.manual), "the key says manual")
    await asyncio.sleep(2)
    for operation, arguments in steps:
        if not world.faulty or world.truth.mode != Mode.manual:
            break
        await world.until(lambda: not world.ground.running(), 120)
        await asyncio.sleep(1)
        _ask(world, OperatorAction.manual_step, operation=operation, arguments=arguments)
        await asyncio.sleep(4)
    await world.until(lambda: not world.ground.running(), 120)
    _turn_key_back(world)


def _turn_key_back(world: "World") -> None:
    """Who turned it turns it back, unless a technician has come since and works under it."""
    if world.truth.mode == Mode.manual:
        world.do(lambda: world.truth.turn_key(Mode.automatic), "the key says automatic")


def _is_inside(world: "World") -> bool:
    """Whether a technician who is at work in the tower has taken the key along."""
    return world.truth.mode not in (Mode.automatic, Mode.manual)


def _carried(world: "World", lift: str, start: str, end: str) -> list[Step]:
    """Return the steps that bring a car from place to place."""

    def to(place: str) -> Step:
        return Operation.move_lift, {"lift": lift, "storey": str(world.layout.storey_of(place))}

    picked = (Operation.pick, {"lift": lift, "place": start})
    return [to(start), picked, to(end), (Operation.place, {"lift": lift, "place": end})]


def _behind_door(world: "World", bay: str) -> list[Step]:
    """Return the steps that bring a lift behind the inner door of a bay, and open it."""
    plan = world.layout.bay(bay)
    moved = (Operation.move_lift, {"lift": plan.lifts[0], "storey": str(plan.storey)})
    return [moved, (Operation.open_inner_door, {"bay": bay})]


def _taken_in(world: "World", bay: str) -> Step:
    return Operation.pick, {"lift": world.layout.bay(bay).lifts[0], "place": bay}


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


async def console_stop(world: "World", rng: Random) -> None:
    """Somebody at the console stops the machine while its line is bad."""
    await world.until(lambda: world.ground.running() or not world.faulty, 900)
    with world.register.injected("console_stop"):
        world.messages.trouble("lost", 0.6)
        _ask(world, OperatorAction.emergency_stop)
        await asyncio.sleep(rng.uniform(5, 40))
        world.messages.trouble("lost", 0.0)


async def console_lock(world: "World", rng: Random) -> None:
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


BY_HAND: dict[str, Process] = {
    "manual_steps": recurring(1500, manual_steps),
    "steps_cut_short": recurring(1500, steps_cut_short),
    "steps_late": recurring(6000, steps_late),
    "steps_stopped": recurring(6000, steps_stopped),
    "steps_askew": recurring(1800, steps_askew),
    "steps_into_taken": recurring(5000, steps_into_taken),
    "console_stop": recurring(3000, console_stop),
    "console_lock": recurring(2500, console_lock),
}
