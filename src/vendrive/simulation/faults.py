"""The fault classes: what can go wrong in a tower, each with a process that lets it happen again and again.

What visitors do is drawn in `habits`; these here run by themselves. A seed enables a random subset.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from vendrive.plant.faults import Fault, Flapping, Late, Lying, Stuck
from vendrive.plant.world import WorldRefused
from vendrive.simulation.kiosk import Kiosk, KioskDead
from vendrive.simulation.people import forged
from vendrive.simulation.scenes import SCENES
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.machine import Mode
from vendrive.wire.orders import Cancel, OperatorAction, OperatorRequest

if TYPE_CHECKING:
    from vendrive.simulation.world import World

Process = Callable[["World", Random], Coroutine[Any, Any, None]]
PEOPLE = frozenset(
    {
        "lingering",
        "bag_left",
        "pet",
        "sleeper",
        "child_inside",
        "passenger_inside",
        "pet_inside",
        "crooked",
        "backwards",
        "walks_away",
    }
)
CRASHES = ("before_commit", "after_commit", "after_send", "after_answer")
PRESENCE = ("scanner", "curtain", "floor")
BAY_SENSORS = (*PRESENCE, "cabin", "vehicle", "tag", "in_place", "street_door", "inner_door", "exit_closed")
LIFT_SENSORS = ("storey", "loaded", "tag", "transfer_home", "movement")
SLOT_SENSORS = ("occupied", "tag", "movement")
BAY_PAIRS = (
    ("vehicle", "tag"),
    ("scanner", "curtain"),
    ("scanner", "floor"),
    ("curtain", "floor"),
    ("scanner", "cabin"),
)
LIFT_PAIRS = (("loaded", "tag"),)
SLOT_PAIRS = (("occupied", "tag"),)
KINDS = ("stuck", "late", "flapping", "lying", "clear")
# A faulty sensor stays so for at most so long. One that flaps has flapped hundreds of times by then, each a read.
STAYS_S, FLAPS_S = 1800, 240


# How much less often than its mean says each class happens: towers that are always at rest show little.
SELDOM = 3.5


async def again(world: "World", rng: Random, mean_s: float, once: Callable[[], Awaitable[None]]) -> None:
    """Let something happen again and again, `mean_s` apart on average, while there are faults."""
    while world.faulty:
        await asyncio.sleep(rng.expovariate(world.plan.often / mean_s / SELDOM))
        await world.awake.wait()
        if world.faulty:
            await once()


def _parts(world: "World") -> list[str]:
    """Return the name of everything that can be locked out or asked for."""
    layout = world.layout
    drives = [lift.name for lift in layout.lifts] + [bay.name for bay in layout.bays]
    return drives + [slot.name for slot in layout.slots]


# Sensors


def _bad(rng: Random, kind: str, sensor: str, true: object, now_s: float) -> Fault:
    """Return a fault of this kind for a sensor of which this is true now."""
    match kind:
        case "stuck":
            return Stuck(true if rng.random() < 0.5 else _other(true))  # type: ignore[arg-type]
        case "clear":
            return Stuck(False if isinstance(true, bool) else _other(true))  # type: ignore[arg-type]
        case "late":
            return Late(rng.uniform(0.5, 20))
        case "flapping":
            return Flapping(rng.uniform(0.4, 10), now_s, None if isinstance(true, bool) else _other(true))  # type: ignore[arg-type]
        case _:
            return Lying() if isinstance(true, bool) else Stuck(_other(true))  # type: ignore[arg-type]


def _other(true: object) -> object:
    if isinstance(true, bool):
        return not true
    if isinstance(true, int):
        return -1
    return "" if true not in ("open", "closed", "between") else "between"


def _sensor(kind: str, count: int) -> Process:
    name = f"sensor_{kind}" if count == 1 else "sensor_pair"

    async def process(world: "World", rng: Random) -> None:
        async def once() -> None:
            part, sensors = _pick_sensors(world, rng, count)
            both = rng.choice(("clear", ""))
            kinds = [kind if count == 1 else both or rng.choice(KINDS) for _ in sensors]
            with world.register.injected(name, f"{part} {'+'.join(sensors)} {'+'.join(kinds)}"):
                for sensor, its in zip(sensors, kinds, strict=True):
                    _spoil(world, rng, part, sensor, its)
                lasts_s = rng.uniform(20, FLAPS_S if "flapping" in kinds else STAYS_S)
                await world.until(lambda: not world.faulty, lasts_s)
                for sensor in sensors:
                    world.do(partial(world.ground.controller.sensors.mend, part, sensor))

        await again(world, rng, 1500 if count == 1 else 600, once)

    return process


def _pick_sensors(world: "World", rng: Random, count: int) -> tuple[str, list[str]]:
    """Return a part and some of its sensors; pairs are often those that hide a car or a person together."""
    layout, draw = world.layout, rng.random()
    cars = [car.where for car in world.truth.cars.values() if layout.is_slot(car.where)]
    names: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    if draw < 0.6:
        part, names, pairs = rng.choice(layout.bays).name, BAY_SENSORS, BAY_PAIRS
    elif draw < 0.75:
        part, names, pairs = rng.choice(layout.lifts).name, LIFT_SENSORS, LIFT_PAIRS
    else:
        part, names, pairs = rng.choice(cars or [layout.slots[0].name]), SLOT_SENSORS, SLOT_PAIRS
    if count == 2 and rng.random() < 0.6:
        return part, list(rng.choice(pairs))
    return part, rng.sample(names, count)


def _spoil(world: "World", rng: Random, part: str, sensor: str, kind: str) -> None:
    sensors = world.ground.controller.sensors
    true = sensors.truth(part)[sensor]
    try:
        world.do(lambda: sensors.spoil(part, sensor, _bad(rng, kind, sensor, true, world.now_s())))
    except WorldRefused as refused:
        world.register.note(f"{part} {sensor} {kind}: {refused}")


# Messages, lines and clocks


def _messages(name: str) -> Process:
    async def process(world: "World", rng: Random) -> None:
        async def once() -> None:
            with world.register.injected(f"message_{name}"):
                world.messages.trouble(name, rng.uniform(0.05, 0.5))
                await asyncio.sleep(rng.uniform(5, 60))
                world.messages.trouble(name, 0.0)

        await again(world, rng, 500, once)

    return process


async def _line_cut(world: "World", rng: Random) -> None:
    async def once() -> None:
        with world.register.injected("machine_line_cut"):
            world.messages.trouble("cut", 1.0)
            if world.machine is not None:
                world.machine.drop()
            await asyncio.sleep(rng.uniform(0.3, 60))
            world.messages.trouble("cut", 0.0)

    await again(world, rng, 2500, once)


async def _retail_away(world: "World", rng: Random) -> None:
    async def once() -> None:
        with world.register.injected("retail_away"):
            world.retail.cut(True)
            await world.until(lambda: not world.faulty, 10 ** rng.uniform(0, 3.8))
            world.retail.cut(False)

    await again(world, rng, 2500, once)


async def _retail_deaf(world: "World", rng: Random) -> None:
    """Retail's orders arrive, and what the station sends does not."""

    async def once() -> None:
        with world.register.injected("retail_deaf"):
            world.retail.hear(False)
            await world.until(lambda: not world.faulty, 10 ** rng.uniform(2, 3.5))
            world.retail.hear(True)

    await again(world, rng, 2500, once)


async def _clock_jump(world: "World", rng: Random) -> None:
    async def once() -> None:
        jump_s = rng.choice((-1, 1)) * 10 ** rng.uniform(0, 3.6)
        with world.register.injected("clock_jump", f"{jump_s:.0f} s"):
            world.clock.jump(jump_s)
            world.stir()
            await world.until(lambda: not world.faulty, rng.uniform(60, 3600))
            world.clock.jump(-jump_s)
            world.stir()

    await again(world, rng, 4000, once)


# Crashes and power


def _crash(step: str) -> Process:
    async def process(world: "World", rng: Random) -> None:
        async def once() -> None:
            with world.register.injected(f"crash_{step}"):
                world.crash_at = step
                await world.until(lambda: world.session is None or not world.faulty, 3600)
                world.crash_at = None
                await asyncio.sleep(rng.uniform(1, 90))
            if world.session is None:
                world.start_station()

        await again(world, rng, 2500, once)

    return process


async def _mains_lost(world: "World", rng: Random) -> None:
    async def once() -> None:
        await world.until(lambda: bool(world.ground.running()) or not world.faulty, 600)
        await asyncio.sleep(rng.uniform(0, 6))
        with world.register.injected("mains_lost"):
            world.do(lambda: world.truth.power(False), "the mains fail")
            await asyncio.sleep(rng.uniform(1, 600))
            world.do(lambda: world.truth.power(True), "the mains are back")

    await again(world, rng, 3500, once)


async def _tower_dark(world: "World", rng: Random) -> None:
    """Mains and battery fail: PLC and station go down together, and come back each in its time."""

    async def once() -> None:
        await world.until(lambda: bool(world.ground.running()) or not world.faulty, 600)
        await asyncio.sleep(rng.uniform(0, 6))
        with world.register.injected("tower_dark"):
            world.kill_station("power cut")
            world.do(lambda: world.truth.power(False), "everything is dark")
            await asyncio.sleep(rng.uniform(5, 600))
            world.restart_plc()
            world.do(lambda: world.truth.power(True), "the power is back")
            await asyncio.sleep(rng.uniform(0, 60))
            if world.session is None:
                world.start_station()

    await again(world, rng, 5000, once)


async def _plc_restart(world: "World", rng: Random) -> None:
    async def once() -> None:
        await world.until(lambda: bool(world.ground.running()) or not world.faulty, rng.choice((1, 600)))
        await asyncio.sleep(rng.uniform(0, 6))
        with world.register.injected("plc_restart"):
            world.messages.trouble("cut", 1.0)
            await asyncio.sleep(rng.uniform(0.5, 20))
            world.restart_plc()
            world.messages.trouble("cut", 0.0)
            await asyncio.sleep(10)

    await again(world, rng, 3500, once)


def _drive(times: int) -> Process:
    name = "drive_fails" if times == 1 else "drive_fails_twice"

    async def process(world: "World", rng: Random) -> None:
        async def once() -> None:
            parts = [lift.name for lift in world.layout.lifts] + [bay.name for bay in world.layout.bays]
            for part in rng.sample(parts, min(times, len(parts))):
                with world.register.injected(name, part):
                    await world.until(lambda: bool(world.ground.running()) or not world.faulty, 600)
                    await asyncio.sleep(rng.uniform(0, 10))
                    world.do(partial(world.truth.break_drive, part), f"the drive of {part} fails")
                    await asyncio.sleep(rng.uniform(1, 60))

        await again(world, rng, 4500, once)

    return process


# People who are no visitors, and staff


async def _walk_in(world: "World", rng: Random) -> None:
    async def once() -> None:
        bay = rng.choice(world.layout.bays).name
        body = world.truth.bays[bay]
        if not await world.until(lambda: body.street.open, 1800):
            return
        await asyncio.sleep(rng.uniform(0, 60))
        try:
            world.do(lambda: world.truth.enter(bay), f"somebody walks into {bay}")
        except WorldRefused:
            return
        with world.register.injected("walk_in", bay):
            await asyncio.sleep(rng.uniform(2, 400))
            if body.person:
                world.do(lambda: world.truth.leave(bay), f"somebody walks out of {bay}")

    await again(world, rng, 900, once)


async def _impostor(world: "World", rng: Random) -> None:
    async def once() -> None:
        waiting = [visit for visit in world.visits.values() if not visit.settled]
        if not waiting:
            return
        visit = rng.choice(waiting)
        bay = rng.choice(world.layout.bays).name
        with world.register.injected("impostor", bay):
            kiosk = Kiosk(world, bay)
            try:
                await kiosk.collect(visit.text)
                for _ in range(rng.randint(1, 4)):
                    await asyncio.sleep(rng.uniform(1, 5))
                    await (kiosk.pin("000001") if visit.method == "pin" else kiosk.face("somebody else"))
                    world.invariants.broken("wrong_person", f"somebody else was verified for {visit.drive}")
            except (Refused, KioskDead):
                pass
            await _steals(world, rng, bay)

    await again(world, rng, 900, once)


async def _steals(world: "World", rng: Random, bay: str) -> None:
    """Who was refused drives off with whatever stands behind a door that is open while no holder is there."""
    truth, body = world.truth, world.truth.bays[bay]
    await world.until(lambda: body.street.open and truth.car_at(bay) is not None, 60)
    car = truth.car_at(bay)
    if car is None or not body.street.open or body.beside or car.inside:
        return
    for visit in world.visits.values():
        if visit.tag == car.tag and (world.verified_at(visit.drive) or visit.drove_off) and not visit.brought_back:
            return  # its holder is about, or has just brought it back
    world.invariants.broken("open_to_impostor", f"{car.tag} stands open in {bay} and no holder was verified")


async def _wrong_pass(world: "World", rng: Random) -> None:
    async def once() -> None:
        bay, visits = rng.choice(world.layout.bays).name, list(world.visits.values())
        if not visits:
            return
        visit = rng.choice(visits)
        made_up = rng.choice((forged(visit.text), visit.text.replace("pass-", "pass-x")))
        text = rng.choice((made_up, made_up, visit.text, "ZZZZ9999"))
        ask = Kiosk(world, bay).collect if rng.random() < 0.6 else Kiosk(world, bay).bring_back
        with world.register.injected("wrong_pass", bay):
            try:
                await ask(text)
                if text == made_up:
                    world.invariants.broken("wrong_pass", f"a forged pass of {visit.drive} was taken")
                await asyncio.sleep(rng.uniform(1, 30))
                await Kiosk(world, bay).cancel()
            except Refused as refusal:
                if text == made_up and refusal.code != ErrorCode.pass_not_genuine:
                    world.invariants.broken("wrong_pass", f"a forged pass of {visit.drive} was read: {refusal.code}")
            except KioskDead:
                pass

    await again(world, rng, 900, once)


async def _used_pass(world: "World", rng: Random) -> None:
    """A borrower who has had the car, and perhaps brought it back, comes with the same pass and their own face."""

    async def once() -> None:
        past = [visit for visit in world.visits.values() if visit.drive in world.invariants.handed_over]
        if not past:
            return
        visit, bay = rng.choice(past), rng.choice(world.layout.bays).name
        with world.register.injected("used_pass", bay):
            try:
                await Kiosk(world, bay).collect(visit.text)
                await asyncio.sleep(rng.uniform(1, 5))
                await Kiosk(world, bay).face(visit.person)
            except (Refused, KioskDead):
                pass

    await again(world, rng, 900, once)


async def _wrong_order(world: "World", rng: Random) -> None:
    async def once() -> None:
        with world.register.injected("wrong_order"):
            parts = _parts(world)
            request = OperatorRequest(
                action=rng.choice(list(OperatorAction)),
                staff="demo staff 3",
                second=rng.choice(("", "demo staff 3", "demo staff 4")),
                part=rng.choice((*parts, "L99")),
                operation=rng.choice(("move_lift", "open_inner_door", "jump")),
                arguments={"lift": world.layout.lifts[0].name, "storey": "2"},
                expires_at=world.calendar() + timedelta(seconds=rng.choice((-600, 60, 60))),
            )
            world.retail.order(request)
            await asyncio.sleep(30)

    await again(world, rng, 2000, once)


async def _cancelled(world: "World", rng: Random) -> None:
    async def once() -> None:
        waiting = [visit for visit in world.visits.values() if not visit.settled]
        if waiting:
            visit = rng.choice(waiting)
            with world.register.injected("cancelled", visit.drive):
                world.retail.order(Cancel(drive_id=visit.drive, revision=visit.order.revision))
                await asyncio.sleep(120)

    await again(world, rng, 3000, once)


async def _key_turned(world: "World", rng: Random) -> None:
    async def once() -> None:
        with world.register.injected("key_turned"):
            mode = rng.choice((Mode.manual, Mode.maintenance, Mode.stopped))
            world.do(lambda: world.truth.turn_key(mode), f"the key says {mode}")
            if mode != Mode.manual:
                world.do(world.truth.go_in, "a technician goes into the tower")
            await asyncio.sleep(rng.uniform(10, 600))
            if world.truth.storage:
                world.do(world.truth.walk_out, "the technician comes out")
            world.do(lambda: world.truth.turn_key(Mode.automatic), "the key says automatic")

    await again(world, rng, 5000, once)


async def _padlock(world: "World", rng: Random) -> None:
    async def once() -> None:
        part = rng.choice(_parts(world))
        with world.register.injected("padlock", part):
            world.do(lambda: world.truth.lock(part), f"a padlock hangs on {part}")
            await asyncio.sleep(rng.uniform(10, 900))
            world.do(lambda: world.truth.lock(part, False), f"the padlock of {part} is off")

    await again(world, rng, 4000, once)


async def _red_button(world: "World", rng: Random) -> None:
    async def once() -> None:
        await world.until(lambda: bool(world.ground.running()) or not world.faulty, 900)
        with world.register.injected("red_button"):
            world.do(lambda: world.ground.controller.stop("red button"), "somebody hits the red button")
            await asyncio.sleep(20)

    await again(world, rng, 5000, once)


async def _fire(world: "World", rng: Random) -> None:
    async def once() -> None:
        with world.register.injected("fire"):
            world.do(lambda: world.truth.burn(True), "smoke")
            await asyncio.sleep(rng.uniform(30, 900))
            world.do(lambda: world.truth.burn(False), "no smoke any more")

    await again(world, rng, 9000, once)


FAULTS: dict[str, Process] = {
    "sensor_stuck": _sensor("stuck", 1),
    "sensor_late": _sensor("late", 1),
    "sensor_flapping": _sensor("flapping", 1),
    "sensor_lying": _sensor("lying", 1),
    "sensor_pair": _sensor("", 2),
    "message_lost": _messages("lost"),
    "message_late": _messages("late"),
    "message_twice": _messages("twice"),
    "machine_line_cut": _line_cut,
    "retail_away": _retail_away,
    "retail_deaf": _retail_deaf,
    "clock_jump": _clock_jump,
    **{f"crash_{step}": _crash(step) for step in CRASHES},
    "mains_lost": _mains_lost,
    "tower_dark": _tower_dark,
    "plc_restart": _plc_restart,
    "drive_fails": _drive(1),
    "drive_fails_twice": _drive(2),
    "walk_in": _walk_in,
    "impostor": _impostor,
    "wrong_pass": _wrong_pass,
    "used_pass": _used_pass,
    "wrong_order": _wrong_order,
    "cancelled": _cancelled,
    "key_turned": _key_turned,
    "padlock": _padlock,
    "red_button": _red_button,
    "fire": _fire,
    **SCENES,
}
# Happens where a seed has a night.
LONG_CUT_OFF = "long_cut_off"
CLASSES = (*sorted({*FAULTS, *PEOPLE} - SCENES.keys()), *SCENES)
