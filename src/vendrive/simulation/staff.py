"""Staff of a simulated tower: they come some minutes after an alarm, look, and put right what is wrong."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from vendrive.plant.beings import Being
from vendrive.plant.world import STREET, WorldRefused
from vendrive.wire.alarms import AlarmName
from vendrive.wire.machine import Mode
from vendrive.wire.orders import OperatorAction, OperatorRequest

if TYPE_CHECKING:
    from vendrive.simulation.world import World

ROUND_S = 300.0
COMES_AFTER_S = (30.0, 300.0)
FIRST, SECOND = "demo staff 1", "demo staff 2"


class Technician:
    """Looks at the tower itself, and at the alarms in its journal."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._rng = world.random("technician")
        self._asked: dict[str, float] = {}

    async def work(self) -> None:
        """Come again and again."""
        while True:
            await self._world.until(self._is_wanted, 6 * 3600)
            await asyncio.sleep(self._rng.uniform(*COMES_AFTER_S) if self._world.faulty else 60.0)
            self.put_right()
            await asyncio.sleep(60.0)

    def put_right(self) -> None:
        """Do everything that a look at the tower says."""
        self._clear_people()
        self._repair()
        self._reset()
        self._answer_alarms()

    def order(self, action: OperatorAction, second: str = "", part: str = "") -> None:
        """Ask something of the station from the console."""
        expires = self._world.calendar() + timedelta(minutes=1)
        self._world.retail.order(
            OperatorRequest(
                action=action,
                staff=FIRST,
                second=second,
                expires_at=expires,
                part=part,
                arguments=self._world.stands() if action == OperatorAction.accept_count else {},
            )
        )

    def _is_wanted(self) -> bool:
        truth = self._world.truth
        away = self._world.ground.controller.stopped or truth.mode not in (Mode.automatic, Mode.manual)
        return away or bool(self._world.invariants.open_alarms) or bool(self._world.locked)

    def _clear_people(self) -> None:
        truth, habits = self._world.truth, self._world.habits
        for name, body in truth.bays.items():
            habits.clear_bay(name)
            for being in body.beside:
                if being != Being.person:
                    self._do(partial(truth.leave, name, being), f"{being} is fetched from {name}")
            if body.exit_open_s > 0:
                self._do(partial(truth.exit, name, False), f"the exit of {name} is shut")
        if truth.storage:
            self._do(truth.walk_out, "the people in the storage zone are brought out")
        for tag, car in truth.cars.items():
            if car.where != STREET and any(being != Being.driver for being in car.inside):
                habits.fetch_from_car(tag)

    def _repair(self) -> None:
        truth = self._world.truth
        for part in (*truth.lifts.values(), *truth.bays.values()):
            if part.broken and not self._world.is_broken_for_now(part.name):
                self._do(partial(truth.break_drive, part.name, False), f"{part.name} is repaired")
        for name in (*truth.lifts, *truth.bays, *truth.slots):
            if truth.part(name).locked_out:
                self._do(partial(truth.lock, name, False), f"{name} is unlocked")

    def _reset(self) -> None:
        """Turn the key back and reset, after a look into every zone."""
        truth, controller = self._world.truth, self._world.ground.controller
        if truth.mode != Mode.automatic:
            self._do(lambda: truth.turn_key(Mode.automatic), "the key says automatic")
        faults = any(body.fault for body in (*truth.lifts.values(), *truth.bays.values()))
        if controller.stopped or faults:
            self._do(controller.reset, "reset at the tower")

    def _answer_alarms(self) -> None:
        for name, part in list(self._world.invariants.open_alarms):
            match name:
                case AlarmName.count_differs:
                    self._once("accept", lambda: self.order(OperatorAction.accept_count, SECOND))
                case AlarmName.machine_refused:
                    self._once("retry", self._retry)
                case AlarmName.help:
                    self._once("help", lambda: self.order(OperatorAction.acknowledge_help))
                case AlarmName.car_stranger:
                    self._tow(part)
        for part in sorted(self._world.locked):
            self._once(f"release {part}", partial(self.order, OperatorAction.release_part, SECOND, part))

    def _retry(self) -> None:
        """The controller may remember a door otherwise than its switch says: the reset makes it look."""
        self._do(self._world.ground.controller.reset, "reset at the tower")
        self.order(OperatorAction.retry)

    def _tow(self, bay: str) -> None:
        """A stranger's car is towed to the street once its door is open."""
        truth = self._world.truth
        car = truth.car_at(bay)
        if car is not None and car.tag.startswith("STRANGER") and truth.bays[bay].street.open:
            self._do(lambda: truth.drive_out(bay), f"{car.tag} is towed out of {bay}")

    def _once(self, what: str, act: Callable[[], None]) -> None:
        """Ask no more often than every ten minutes."""
        now = self._world.now_s()
        if now - self._asked.get(what, -1e9) >= 600:
            self._asked[what] = now
            act()

    def _do(self, act: Callable[[], object], told: str) -> None:
        try:
            self._world.do(act, f"technician: {told}")
        except WorldRefused as refused:
            self._world.register.note(f"technician cannot: {told}: {refused}")
