"""One seed from beginning to end: a busy time with faults, then a quiet one in which everything must end well."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from random import Random
from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from vendrive.passes import claims, pins
from vendrive.passes.signing import sign_text
from vendrive.plant.machine import Car
from vendrive.simulation import retail
from vendrive.simulation.faults import CLASSES, FAULTS
from vendrive.simulation.invariants import Violation
from vendrive.simulation.loop import VirtualLoop
from vendrive.simulation.people import Driver, book, extend, vehicle
from vendrive.simulation.register import Tally
from vendrive.simulation.world import Plan, World
from vendrive.station import controller as controlling
from vendrive.station import orders
from vendrive.tower.interlocks import votes
from vendrive.wire.orders import Stock

# (layout, cars, weight): most seeds use small towers, which are quick.
TOWERS = (
    ("shanghai3", 4, 60),
    ("nanjing3", 4, 20),
    ("guangzhou42", 8, 8),
    ("carvana34", 8, 5),
    ("singapore60", 8, 5),
    ("autostadt400", 8, 2),
)
# The share of all classes of fault that a seed enables.
ENABLED = (0.02, 0.25)
QUIET_S = 8 * 3600.0
# So long a night is, in which retail is away; it comes back half an hour after it: 168 h, and the tower lends no more.
NIGHT_HOURS = (1.5, 167.5)
# In the other seeds the station sees each step of a transfer, as it does at a tower.
PASSES = 0.75
Verify = Callable[[Ed25519PublicKey, str, str, str], bool]
SIZE = (4233, 1838, 1550, 1840)


@dataclass
class Outcome:
    """What became of one seed."""

    plan: Plan
    tally: Tally
    violations: tuple[Violation, ...]
    digest: str
    events: tuple[str, ...] = field(default=(), repr=False)


def plan_of(seed: int) -> Plan:
    """Return what a seed does: its tower, length and fault classes."""
    rng = Random(f"plan {seed}")  # noqa: S311 repeatable by its seed
    layout, cars, _ = rng.choices(TOWERS, [weight for _, _, weight in TOWERS])[0]
    hours = rng.uniform(2.5, 4.5) if layout != "autostadt400" else 1.0
    night_hours = rng.uniform(*NIGHT_HOURS) if rng.random() < 0.15 else 0.0
    # From a calm tower to a bad one, from as many people as it serves at leisure to more than it can, from people
    # who are announced to those who walk up: calm ones see the end of long stories that faults cut short in others.
    drawn = Random(f"{seed} crowd")  # noqa: S311 repeatable by its seed
    crowd, often = drawn.randint((cars + 1) // 2, cars), drawn.uniform(0.05, 1.0)
    enabled, walk_ups, passes = drawn.uniform(*ENABLED), drawn.random(), drawn.random() < PASSES
    faults = frozenset(name for name in CLASSES if _draws(seed, name) < enabled)
    return Plan(seed, layout, crowd, hours, night_hours, faults, often=often, walk_ups=walk_ups, passes=passes)


def _draws(seed: int, name: str) -> float:
    """Return a number of this seed and class alone: a class that is new changes nothing for the others."""
    return Random(f"{seed} enables {name}").random()  # noqa: S311 repeatable by its seed


def run_seed(plan: Plan, trace: bool = False) -> Outcome:
    """Run one seed in a loop of its own; with `trace` the last events come with a good end too."""
    with quick(), asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_run(plan, trace))


def played(plan: Plan, scenario: Callable[[World], Awaitable[None]]) -> World:
    """Play a scenario in a world of its own, and return what is left of it."""

    async def play() -> World:
        world = World(plan)
        _stock(world)
        world.start_station()
        await asyncio.sleep(5)
        await scenario(world)
        world.invariants.at_end()
        return world

    with quick(), asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(play())


@contextmanager
def quick() -> Iterator[None]:
    """No log, cheap hashes of PINs, and no signature is reckoned through of which the answer is known.

    It is known of one that was made in this run, and of one that was shown before: orders and passes of a run have one
    key.
    """
    logging.disable(logging.CRITICAL)
    known: dict[tuple[str, str, str], bool] = {}

    def sign_known(key: Ed25519PrivateKey, purpose: str, text: str) -> str:
        signature = sign_text(key, purpose, text)
        known[purpose, text, signature] = True
        return signature

    def remembered(verify: Verify) -> Verify:
        def is_known(key: Ed25519PublicKey, purpose: str, text: str, signature: str) -> bool:
            asked = purpose, text, signature
            if asked not in known:
                known[asked] = verify(key, *asked)
            return known[asked]

        return is_known

    with ExitStack() as stack:
        stack.enter_context(patch.object(pins, "_COST", 2))
        for signs in (claims, retail):
            stack.enter_context(patch.object(signs, "sign_text", sign_known))
        for verifies in (claims, orders):
            stack.enter_context(patch.object(verifies, "is_signed", remembered(vars(verifies)["is_signed"])))
        yield


async def _run(plan: Plan, trace: bool) -> Outcome:
    world = World(plan)
    with patch.object(controlling, "votes", world.counted(votes)):
        return await _whole(world, trace)


async def _whole(world: World, trace: bool) -> Outcome:
    plan, cars = world.plan, _stock(world)
    world.start_station()
    faults = [
        asyncio.create_task(FAULTS[name](world, world.random(name)))
        for name in CLASSES
        if name in plan.faults and name in FAULTS
    ]
    work = [asyncio.create_task(world.technician.work())]
    rounds = [asyncio.create_task(_drives(world, car)) for car in cars]
    await asyncio.sleep(plan.hours * 1800)
    if plan.night_hours:
        await _night(world)
    await asyncio.sleep(plan.hours * 1800)
    await _calm(world, faults)
    done, late = await asyncio.wait(rounds, timeout=QUIET_S)
    _raise_errors([*done, *faults, *work])
    for visit in world.visits.values():
        if not visit.settled:
            world.invariants.broken(
                "pending", f"{visit.drive} waits for {visit.tag} and was neither served nor refused"
            )
    if late and not world.invariants.violations:
        world.invariants.broken("pending", f"{len(late)} cars are on their way back")
    if world.invariants.violations and world.session is not None:
        world.register.note(f"the station thinks {world.session.thoughts()}")
    world.invariants.at_end()
    world.kill_station("the end")
    world.register.tally.hours = world.now_s() / 3600
    world.count()
    return Outcome(
        plan,
        world.register.count(),
        tuple(world.invariants.violations),
        world.register.digest(),
        tuple(world.register.events) if trace or world.invariants.violations else (),
    )


def _stock(world: World) -> list[Car]:
    """Put the cars into the tower, each into a slot that chance picks."""
    layout = world.layout
    slots = [slot for slot in layout.slots if set(slot.lifts) & set(layout.bays[0].lifts)]
    places = world.random("stock").sample(slots, min(world.plan.cars, len(slots) - 2))
    cars = [Car(f"TAG-{at}", *SIZE, place.name) for at, place in enumerate(places)]
    world.truth.stock({car.where: car for car in cars})
    world.retail.order(Stock(vehicles=tuple(vehicle(car) for car in cars)))
    return cars


async def _drives(world: World, car: Car) -> None:
    """One car is driven by one person after the other until the faults are over."""
    rng, number = world.random(f"drives {car.tag}"), 0
    await asyncio.sleep(rng.uniform(30, 300))
    while world.faulty:
        number += 1
        driver = Driver(world, book(world, rng, car, number), rng)
        await asyncio.sleep(
            max(0.0, (driver.visit.not_before - world.calendar()).total_seconds()) + rng.uniform(5, 120)
        )
        await world.awake.wait()
        if await driver.collect():
            driver.has_patience()
            await asyncio.sleep(rng.uniform(30, 300))
            await driver.bring_back()
        await asyncio.sleep(rng.uniform(10, 120))


async def _night(world: World) -> None:
    """For hours nobody comes and retail is away, and the station restarts in their midst; who booked before is served
    after it, still without retail.
    """
    world.awake.clear()
    await asyncio.sleep(900)
    with world.register.injected("long_cut_off"):
        world.retail.cut(True)
        away_s = world.plan.night_hours * 3600
        restart_s = world.random("night").uniform(0, away_s)
        await asyncio.sleep(restart_s)
        if world.session is not None:
            world.kill_station("in the night")
            world.start_station()
        await asyncio.sleep(away_s - restart_s)
        world.awake.set()
        await asyncio.sleep(1800)
        world.retail.cut(False)


async def _calm(world: World, faults: "list[asyncio.Task[None]]") -> None:
    """Faults stop, what is broken is repaired, and who still waits is given the time to be served."""
    world.faulty = False
    world.look()
    await asyncio.wait(faults, timeout=3600) if faults else None
    _raise_errors([task for task in faults if task.done()])
    for task in faults:
        task.cancel()
    world.heal()
    if world.session is None:
        world.start_station()
    for visit in world.visits.values():
        if not visit.settled:
            extend(world, visit, 7)


def _raise_errors(tasks: "list[asyncio.Task[None]]") -> None:
    for task in tasks:
        if task.done() and not task.cancelled() and task.exception() is not None:
            task.result()
