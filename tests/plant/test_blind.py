"""Every single faulty sensor and every pair, at every moment at which a part could hurt somebody: nothing moves there.

Tried directly on the watches and votes of the PLC and on the votes of the station, for each being, each value that each
sensor could say. Whom all of its sources' faults hide stands in `beings.undetectable`, and so in docs/safeguards.md.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import combinations
from random import Random
from typing import cast
from unittest.mock import patch

import pytest

from vendrive.clock import ManualClock
from vendrive.plant import safety
from vendrive.plant.beings import BESIDE, INSIDE, MOVING, Being, undetectable
from vendrive.plant.faults import Value
from vendrive.plant.machine import Car, Transfer
from vendrive.plant.orders import TRANSFERS, Order, Sensed
from vendrive.plant.plc import Controller
from vendrive.plant.records import Setting
from vendrive.plant.safety import impossible, occupied
from vendrive.plant.sensors import BETWEEN, MOVED, proved
from vendrive.plant.truth import hazards
from vendrive.plant.watch import WATCHES, danger
from vendrive.plant.world import World
from vendrive.tower import interlocks
from vendrive.tower.interlocks import Permit, allowed, votes
from vendrive.tower.layout import load_layout
from vendrive.tower.view import View
from vendrive.wire.machine import ENDS, Bay, Door, Lift, Nose, Operation, Slot, Snapshot, Table, parts_of

BAY, LIFT, TAG = "B1", "L1", "TAG-1"
Said = tuple[str, str, Value]
LISTED = {(row.being, row.sources) for row in undetectable()}


@dataclass(frozen=True)
class Moment:
    """An order that moves something, and where doors, car and lift are then."""

    operation: Operation
    car_at: str
    street: float = 0.0
    inner: float = 0.0
    reaches: bool = False
    layout: str = "shanghai3"

    def order(self, world: World) -> Order:
        named = {"bay": BAY}
        if self.operation in (Operation.pick, Operation.place):
            named = {"lift": LIFT, "place": BAY if self.inner else self.car_at}
        elif self.operation == Operation.move_lift:
            named = {"lift": LIFT, "storey": str(world.layout.bay(BAY).storey + 1)}
        elif self.operation == Operation.finish_transfer:
            named = {"lift": LIFT}
        return Order(self.operation, named)


MOMENTS = (
    Moment(Operation.close_street_door, BAY, street=1.0),
    Moment(Operation.open_inner_door, BAY),
    Moment(Operation.close_inner_door, BAY, inner=1.0),
    Moment(Operation.pick, BAY, inner=1.0),
    Moment(Operation.place, LIFT, inner=1.0),
    Moment(Operation.finish_transfer, "transfer", inner=1.0, reaches=True),
    Moment(Operation.move_lift, BAY, inner=1.0),
    Moment(Operation.turn, BAY, layout="carvana34"),
    Moment(Operation.move_lift, LIFT),
    Moment(Operation.pick, "slot"),
)


def tower(moment: Moment, being: Being, beside: bool) -> tuple[World, Order]:
    """Return the tower at this moment, somebody in it."""
    world = World(load_layout(moment.layout))
    level = world.layout.bay(BAY).storey
    if moment.car_at == "slot":
        slots = (slot.name for slot in world.layout.slots if slot.storey == level and LIFT in slot.lifts)
        moment = replace(moment, car_at=next(slots))
    car = Car(TAG, 4233, 1838, 1550, 1400, moment.car_at)
    world.add(car)
    body, lift = world.bays[BAY], world.lifts[LIFT]
    body.street.opening, body.inner.opening = moment.street, moment.inner
    lift.position_mm = world.layout.level_mm(level)
    if moment.reaches:
        lift.transfer = Transfer(TAG, BAY, 0.2)
    if beside:
        body.beside = (being,)
    else:
        car.inside = (being,)
    return world, moment.order(world)


def looked_at(world: World) -> Controller:
    setting, clock = Setting("here", 1, longest_step_s=float("inf")), ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    controller = Controller(world, setting, clock, Random(1))
    controller.hears_steadily(True)
    return controller


def others(true: Value) -> list[Value]:
    """Return what a sensor could say instead of the truth."""
    match true:
        case bool():
            return [not true]
        case Door() | Table() | Nose():
            return [said for said in type(true) if said != true]
        case str():
            return [said for said in ("", "TAG-9") if said != true]
        case _:
            return [said for said in (-1, 0, 1, 2, 5000) if said != true]


def all_lies(controller: Controller, parts: list[str]) -> list[Said]:
    sensors = controller.sensors
    return [
        (part, name, said)
        for part in parts
        for name, true in sorted(sensors.truth(part).items())
        for said in others(true)
    ]


def spoilt(sensed: Sensed, lies: tuple[Said, ...]) -> Sensed:
    """Return what the PLC sees where these sensors say this."""
    lifts, slots, bays = dict(sensed.lifts), dict(sensed.slots), dict(sensed.bays)
    restless = set(sensed.restless)
    for part, name, said in lies:
        for parts in (lifts, slots, bays):
            if part in parts:
                several = cast(dict[str, Lift | Slot | Bay], parts)
                if name in MOVED:
                    said = proved(str(said), getattr(several[part], name))
                several[part] = replace(several[part], **{name: said})  # type: ignore[arg-type]
        if name == "movement":
            (restless.add if said else restless.discard)(part)
    return replace(sensed, lifts=lifts, slots=slots, bays=bays, restless=frozenset(restless))


def starts(order: Order, sensed: Sensed, world: World, controller: Controller) -> bool:
    """Whether the order would be taken: no watch stops the machine, and neither side's votes refuse."""
    if danger(sensed, world.layout)[1] or impossible(order, sensed, world.layout)[1]:
        return False
    parts = (tuple(sensed.lifts.values()), tuple(sensed.slots.values()), tuple(sensed.bays.values()))
    snapshot = Snapshot(0.0, controller.state, *parts)
    return allowed(votes(order.operation, tuple(order.arguments.items()), View(snapshot, world.layout), 0.1))


def goes_on(order: Order, sensed: Sensed, world: World, controller: Controller) -> bool:
    """Whether the order, taken before anybody was there, goes on now."""
    parts, bays = parts_of(order.operation, order.arguments), dict(sensed.bays)
    if order.operation in ENDS:
        bays[parts[0]] = replace(bays[parts[0]], **{ENDS[order.operation][0]: BETWEEN})  # type: ignore[arg-type]
    under_way = replace(sensed, running=dict.fromkeys(parts, order), bays=bays)
    if danger(under_way, world.layout)[1]:
        return False
    return order.operation != Operation.close_street_door or not occupied(under_way.bays[BAY])


def missed(
    moment: Moment, being: Being, beside: bool, moves: Callable[..., bool], tried: list[Said]
) -> Iterator[tuple[Said, ...]]:
    """Yield the lies of up to two sensors with which something moves where this being is."""
    world, order = tower(moment, being, beside)
    # Before a transfer has begun the truth does not know yet whom it would carry along, or push.
    begins = order.operation in TRANSFERS and (moment.inner > 0 or not beside)
    if not begins and not hazards(world, [order]):
        return
    controller = looked_at(world)
    sensed = controller.sensed()
    place = order.arguments.get("place", "")
    parts = [BAY, LIFT, *([place] if place in world.slots else [])]
    lies = all_lies(controller, parts)
    tried += lies
    for one in ((), *((lie,) for lie in lies), *combinations(lies, 2)):
        if len({lie[:2] for lie in one}) == len(one) and moves(order, spoilt(sensed, one), world, controller):
            yield one


def excused(being: Being, beside: bool, lies: tuple[Said, ...], in_bay: bool) -> bool:
    """Whether all that could sense this being is among the sensors that lie, and docs list it."""
    blind = {name for _, name, _ in lies}
    if not in_bay:
        sources = {"movement"} if being in MOVING else set()
    else:
        sources = set((BESIDE if beside else INSIDE)[being].sources)
    return sources <= blind and (being, tuple(sorted(sources))) in LISTED


WHO = [*((being, True) for being in BESIDE if being != Being.bag), *((being, False) for being in INSIDE)]


@pytest.mark.parametrize("moves", [starts, goes_on])
@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: f"{moment.operation}-{moment.car_at}")
def test_no_pair_of_faulty_sensors_lets_anything_move_where_somebody_is(
    moment: Moment, moves: Callable[..., bool]
) -> None:
    in_bay = moment.inner > 0 or moment.car_at == BAY
    tried: list[Said] = []
    for being, beside in WHO:
        for lies in missed(moment, being, beside, moves, tried):
            # Once loaded, or stored, a car is out of the cabin sensor's sight.
            near = in_bay and (beside or moment.car_at in (BAY, "transfer"))
            assert excused(being, beside, lies, near), (being, "beside" if beside else "inside", lies)
    assert len(tried) > 30


@pytest.mark.parametrize(("name", "moment"), [("intruder", MOMENTS[3]), ("on_the_table", MOMENTS[7])])
def test_without_a_watch_somebody_would_be_hurt(name: str, moment: Moment) -> None:
    with patch.dict(WATCHES, {name: lambda *seen: ""}):
        assert () in set(missed(moment, Being.person, True, goes_on, []))


def test_without_the_votes_of_both_sides_somebody_would_be_hurt() -> None:
    moment = MOMENTS[1]
    with patch.dict(interlocks.VOTES, {"nobody": lambda order: Permit(True, "")}):
        assert () not in set(missed(moment, Being.person, True, starts, []))
        with patch.dict(safety.VOTES, {"nobody": lambda asked: ""}):
            assert () in set(missed(moment, Being.person, True, starts, []))
