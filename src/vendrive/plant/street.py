"""The street before the tower over HTTP: what people and the technician do by hand, and what is true.

No PLC client reaches any of this. Refusals are 409 with a sentence, unreadable requests 422.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from importlib.resources import files

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from vendrive.clock import Clock
from vendrive.plant.beings import CABIN, PRESENCE_SOURCES
from vendrive.plant.faults import Fault, Flapping, Late, Lying, Stuck
from vendrive.plant.machine import Car, LiftBody
from vendrive.plant.plc import Controller
from vendrive.plant.requests import (
    BeingInBay,
    CarBody,
    DriveIn,
    Exit,
    FaultBody,
    FaultKind,
    How,
    InBay,
    Key,
    OfCar,
    OfPart,
    Seat,
    StockBody,
    Switch,
    TurnKey,
    sentence,
)
from vendrive.plant.sensors import door
from vendrive.plant.world import STREET, WorldRefused
from vendrive.wire.machine import Operation

_LARGEST_BODY = 64 * 1024

Act = Callable[[bytes], object]


class Street:
    """The handlers over one controller and its world."""

    def __init__(self, controller: Controller, clock: Clock) -> None:
        self._controller = controller
        self._world = controller.world
        self._clock = clock

    def application(self) -> Starlette:
        """Return the ASGI application."""
        acts = self._drivers() | self._people() | self._technician()
        routes = [Route(f"/world/{name}", self._handler(act), methods=["POST"]) for name, act in acts.items()]
        return Starlette(routes=[*routes, Route("/world", self._truth), Route("/", _page)])

    def truth(self) -> dict[str, object]:
        """Return what is true, whatever sensors say."""
        counts, state, world = self._controller.counts, self._controller.state, self._world
        return {
            "tower": state.tower_id,
            "mode": world.mode,
            "state": state.state,
            "emergency_stop": state.emergency_stop,
            "stop_reason": state.stop_reason,
            "help_called": state.help_called,
            "fire": world.fire,
            "mains": world.mains,
            "storage": world.storage,
            "crashes": list(world.crashes),
            "faulty": self._controller.sensors.faulty,
            "locked": sorted(name for name, slot in world.slots.items() if slot.locked_out),
            "cars": {car.tag: _car(car) for car in world.cars.values()},
            "lifts": {lift.name: _lift(lift) for lift in world.lifts.values()},
            "bays": {name: self._bay(name) for name in world.bays},
            "commands": sum(counts.executed.values()),
            "executed": dict(counts.executed),
            "failed": counts.failed,
            "refused": counts.refused,
            "prevented": counts.prevented,
            "stops": counts.stops,
        }

    def _bay(self, name: str) -> dict[str, object]:
        body = self._world.bays[name]
        car = self._world.car_at(name)
        return {
            "street_door": door(body.street),
            "inner_door": door(body.inner),
            "exit_open": body.exit_open_s > 0,
            "turntable": self._world.layout.bay(name).turntable,
            "table": "between" if body.turning else "aligned",
            "person": body.person,
            "beside": list(body.beside),
            "inside": list(car.inside) if car else [],
            "key_in_box": body.key_in_box,
            "vehicle": car.tag if car else "",
            "nose": car.nose if car else "unknown",
            "cabin": car is not None and car.alive,
            "driver": car is not None and car.occupied,
            "engine_running": car is not None and car.engine_running,
            "broken": body.broken,
            "fault": body.fault,
            "locked_out": body.locked_out,
        }

    def _handler(self, act: Act) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            body = await request.body()
            if len(body) > _LARGEST_BODY:
                return JSONResponse({"error": "the request is too large"}, 413)
            try:
                act(body or b"{}")
            except WorldRefused as refused:
                return JSONResponse({"error": str(refused)}, 409)
            except ValidationError as error:
                return JSONResponse({"error": sentence(error)}, 422)
            return JSONResponse(self.truth())

        return handle

    async def _truth(self, request: Request) -> Response:
        return JSONResponse(self.truth())

    def _drivers(self) -> dict[str, Act]:
        """Return what is done with cars and keys."""
        world = self._world
        return {
            "stock": self._stock,
            "arrive": lambda body: world.arrive(CarBody.model_validate_json(body).car(STREET)),
            "drive_in": lambda body: world.drive_in(**dict(DriveIn.model_validate_json(body))),
            "park": lambda body: world.park(InBay.model_validate_json(body).bay),
            "drive_out": lambda body: world.drive_out(InBay.model_validate_json(body).bay),
            "key": lambda body: world.key(**dict(Key.model_validate_json(body))),
        }

    def _people(self) -> dict[str, Act]:
        """Return who comes and goes."""
        world = self._world
        return {
            "enter": lambda body: world.enter(**dict(BeingInBay.model_validate_json(body))),
            "leave": lambda body: world.leave(**dict(BeingInBay.model_validate_json(body))),
            "get_in": lambda body: world.get_in(**dict(BeingInBay.model_validate_json(body))),
            "get_out": lambda body: world.get_out(**dict(BeingInBay.model_validate_json(body))),
            "seat": lambda body: world.seat(**dict(Seat.model_validate_json(body))),
            "wake": lambda body: world.wake(OfCar.model_validate_json(body).tag),
            "walk_in": lambda body: world.walk_in(InBay.model_validate_json(body).bay),
            "go_in": lambda body: world.go_in(),
            "walk_out": lambda body: world.walk_out(),
            "exit": self._exit,
        }

    def _technician(self) -> dict[str, Act]:
        """Return the switches, and what fails."""
        world = self._world
        return {
            "stop": lambda body: self._controller.stop("red button at the tower"),
            "reset": lambda body: self._controller.reset(),
            "mode": lambda body: world.turn_key(TurnKey.model_validate_json(body).mode),
            "padlock": lambda body: world.lock(*_named(body)),
            "break": lambda body: world.break_drive(*_named(body)),
            "fire": lambda body: world.burn(Switch.model_validate_json(body).on),
            "mains": lambda body: world.power(Switch.model_validate_json(body).on),
            "restart": lambda body: self._restart(),
            "fault": self._fault,
        }

    def _exit(self, body: bytes) -> None:
        order = Exit.model_validate_json(body)
        self._world.exit(order.bay, order.open)

    def _restart(self) -> None:
        calendar_ms = int(self._clock.now().timestamp() * 1000)
        self._controller.restart(max(calendar_ms, self._controller.state.plc_epoch + 1))
        self._world.changed()

    def _stock(self, body: bytes) -> None:
        if self._controller.counts.executed:
            raise WorldRefused("the machine has moved already")
        places = StockBody.model_validate_json(body).root
        self._world.stock({slot: car.car(slot) for slot, car in places.items()})

    def _fault(self, body: bytes) -> None:
        fault, sensors = FaultBody.model_validate_json(body), self._controller.sensors
        match fault.kind:
            case FaultKind.fail_next if fault.operation in set(Operation):
                self._controller.fail_next[fault.operation] = fault.after_s
            case FaultKind.silent:
                self._controller.silent_until_s = self._clock.monotonic() + fault.seconds
            case FaultKind.sensor:
                sensors.spoil(fault.part, fault.sensor, self._sensor_fault(fault))
            case FaultKind.mend:
                sensors.truth(fault.part)
                sensors.mend(fault.part, fault.sensor)
            case FaultKind.stuck_presence if fault.source in (*PRESENCE_SOURCES, CABIN):
                self._spoil_or_mend(fault.bay, fault.source, None if fault.value is None else Stuck(fault.value))
            case FaultKind.tag_unreadable:
                self._spoil_or_mend(fault.bay, "tag", Stuck("") if fault.on else None)
            case FaultKind.misplace:
                self._world.misplace(fault.tag, fault.slot)
            case _:
                raise WorldRefused("there is no such operation or source")

    def _spoil_or_mend(self, bay: str, sensor: str, fault: Fault | None) -> None:
        self._world.bay(bay)
        if fault is None:
            self._controller.sensors.mend(bay, sensor)
        else:
            self._controller.sensors.spoil(bay, sensor, fault)

    def _sensor_fault(self, fault: FaultBody) -> Fault:
        match fault.how:
            case How.lying:
                return Lying()
            case How.late if fault.seconds > 0:
                return Late(fault.seconds)
            case How.flapping if fault.seconds > 0:
                return Flapping(fault.seconds, self._clock.monotonic(), fault.value)
            case How.stuck if fault.value is not None:
                return Stuck(fault.value)
        raise WorldRefused(f"a sensor that is {fault.how} needs {'a value' if fault.how == How.stuck else 'seconds'}")


def _named(body: bytes) -> tuple[str, bool]:
    order = OfPart.model_validate_json(body)
    return order.part, order.on


def _car(car: Car) -> dict[str, object]:
    told = {name: value for name, value in vars(car).items() if name != "moved"}
    return told | {"inside": list(car.inside), "occupied": car.occupied}


def _lift(lift: LiftBody) -> dict[str, object]:
    told = {name: value for name, value in vars(lift).items() if name != "told"}
    return told | {"transfer": asdict(lift.transfer) if lift.transfer is not None else None}


async def _page(request: Request) -> Response:
    return HTMLResponse(files("vendrive.plant").joinpath("street.html").read_text(encoding="utf-8"))
