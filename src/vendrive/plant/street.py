"""The street before the tower over HTTP: what people and the technician do by hand, and what is true.

No PLC client reaches any of this. Refusals are 409 with a sentence, unreadable requests 422.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from vendrive.clock import Clock
from vendrive.plant.machine import Car
from vendrive.plant.plc import Controller
from vendrive.plant.sensors import door
from vendrive.plant.world import PRESENCE_SOURCES, STREET, WorldRefused
from vendrive.wire.machine import Operation

_LARGEST_BODY = 64 * 1024


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class CarBody(_Body):
    """A car as it stands before the tower."""

    tag: str = Field(min_length=1, max_length=64)
    length_mm: int = Field(gt=0, lt=20_000)
    width_mm: int = Field(gt=0, lt=5_000)
    height_mm: int = Field(gt=0, lt=5_000)
    mass_kg: int = Field(gt=0, lt=20_000)

    def car(self, where: str) -> Car:
        """Return the car, standing at `where`."""
        return Car(self.tag, self.length_mm, self.width_mm, self.height_mm, self.mass_kg, where)


class _StockBody(RootModel[dict[str, CarBody]]):
    """Cars by slot."""


class BayBodyRequest(_Body):
    """Which bay."""

    bay: str


class DriveInBody(BayBodyRequest):
    """Which car drives into which bay; `crooked` misses the wheel plates."""

    tag: str
    crooked: bool = False


class KeyBody(BayBodyRequest):
    """Whether the key lies in the box."""

    in_box: bool


class FaultBody(_Body):
    """A fault to plant; which fields count depends on the kind."""

    kind: str
    operation: str = ""
    after_s: float = 0.0
    seconds: float = 0.0
    bay: str = ""
    source: str = ""
    value: bool | None = None
    on: bool = True
    tag: str = ""
    slot: str = ""


class Street:
    """The handlers over one controller and its world."""

    def __init__(self, controller: Controller, clock: Clock) -> None:
        self._controller = controller
        self._world = controller.world
        self._clock = clock

    def application(self) -> Starlette:
        """Return the ASGI application."""
        acts: dict[str, Callable[[bytes], None]] = {
            "arrive": self._arrive,
            "drive_in": self._drive_in,
            "park": lambda body: self._world.park(BayBodyRequest.model_validate_json(body).bay),
            "key": self._key,
            "enter": lambda body: self._world.enter(BayBodyRequest.model_validate_json(body).bay),
            "leave": lambda body: self._world.leave(BayBodyRequest.model_validate_json(body).bay),
            "drive_out": lambda body: self._drive_out(BayBodyRequest.model_validate_json(body)),
            "stop": lambda body: self._controller.stop("red button at the tower"),
            "reset": lambda body: self._controller.reset(),
            "stock": self._stock,
            "fault": self._fault,
        }
        routes = [Route(f"/world/{name}", self._handler(act), methods=["POST"]) for name, act in acts.items()]
        return Starlette(routes=[*routes, Route("/world", self._truth), Route("/", _page)])

    def truth(self) -> dict[str, object]:
        """Return what is true, whatever sensors say."""
        counts, state = self._controller.counts, self._controller.state
        return {
            "tower": state.tower_id,
            "mode": state.mode,
            "emergency_stop": state.emergency_stop,
            "stop_reason": state.stop_reason,
            "help_called": state.help_called,
            "cars": {car.tag: asdict(car) for car in self._world.cars.values()},
            "lifts": {lift.name: asdict(lift) for lift in self._world.lifts.values()},
            "bays": {name: self._bay(name) for name in self._world.bays},
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
            "person": body.person,
            "key_in_box": body.key_in_box,
            "vehicle": car.tag if car else "",
            "cabin": car is not None and car.occupied,
            "engine_running": car is not None and car.engine_running,
        }

    def _handler(self, act: Callable[[bytes], None]) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            body = await request.body()
            if len(body) > _LARGEST_BODY:
                return JSONResponse({"error": "the request is too large"}, 413)
            try:
                act(body or b"{}")
            except WorldRefused as refused:
                return JSONResponse({"error": str(refused)}, 409)
            except ValidationError as error:
                return JSONResponse({"error": error.json(include_url=False)}, 422)
            return JSONResponse(self.truth())

        return handle

    async def _truth(self, request: Request) -> Response:
        return JSONResponse(self.truth())

    def _arrive(self, body: bytes) -> None:
        self._world.arrive(CarBody.model_validate_json(body).car(STREET))

    def _drive_in(self, body: bytes) -> None:
        order = DriveInBody.model_validate_json(body)
        self._world.drive_in(order.bay, order.tag, order.crooked)

    def _drive_out(self, order: BayBodyRequest) -> None:
        self._world.drive_out(order.bay)

    def _key(self, body: bytes) -> None:
        order = KeyBody.model_validate_json(body)
        self._world.key(order.bay, order.in_box)

    def _stock(self, body: bytes) -> None:
        if self._controller.counts.executed:
            raise WorldRefused("the machine has moved already")
        places = _StockBody.model_validate_json(body).root
        self._world.stock({slot: car.car(slot) for slot, car in places.items()})

    def _fault(self, body: bytes) -> None:
        fault = FaultBody.model_validate_json(body)
        match fault.kind:
            case "fail_next" if fault.operation in set(Operation):
                self._controller.fail_next[fault.operation] = fault.after_s
            case "silent":
                self._controller.silent_until_s = self._clock.monotonic() + fault.seconds
            case "stuck_presence" if fault.source in PRESENCE_SOURCES:
                self._stick(fault)
            case "tag_unreadable":
                self._world.bay(fault.bay).tag_unreadable = fault.on
                self._world.changed()
            case "misplace":
                self._world.misplace(fault.tag, fault.slot)
            case _:
                raise WorldRefused("there is no such fault")

    def _stick(self, fault: FaultBody) -> None:
        stuck = self._world.bay(fault.bay).stuck
        stuck.pop(fault.source, None)
        if fault.value is not None:
            stuck[fault.source] = fault.value
        self._world.changed()


async def _page(request: Request) -> Response:
    return HTMLResponse(files("vendrive.plant").joinpath("street.html").read_text(encoding="utf-8"))
