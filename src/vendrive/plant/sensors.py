"""What the sensors make of the truth: the values that the PLC sees and reports.

Every sensed value passes one place, `_spoilt`, where any field of any part can be given a fault. A part is built anew
only when something in it changed; in between, reading it costs a look-up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isfinite
from random import Random
from typing import TypeVar

from vendrive.lazy import with_fields
from vendrive.plant.beings import CABIN, PRESENCE_SOURCES, sensed_by
from vendrive.plant.faults import Fault, Flapping, Lying, Stuck, Value, can_lie
from vendrive.plant.machine import LEVEL_TOLERANCE_MM, BayBody, Car, DoorBody, LiftBody
from vendrive.plant.world import World, WorldRefused
from vendrive.wire.machine import ENDS, NO_STOREY, Bay, Door, Lift, Nose, Result, Slot, Table

_LENGTH_NOISE_MM = 4.0
_MASS_NOISE_KG = 4.0
# A clock's sums are a little off.
_NOTHING_S = 1e-6
# Where a door or table is that stands at neither end, or may.
BETWEEN = "between"
# The controller's own inputs are a part of this name.
PLC = "plc"

_NOBODY: dict[str, Value] = dict.fromkeys((*PRESENCE_SOURCES, CABIN), False)

P = TypeVar("P", Lift, Slot, Bay)
Size = tuple[int, int, int, int]
MOVED = sorted({part for part, _ in ENDS.values()})
Values = dict[str, Value]


@dataclass(frozen=True)
class Channel:
    """What a part's channel of commands says; `target` is a lift's alone."""

    busy: bool = False
    operation: str = ""
    seq: int = 0
    done_seq: int = 0
    result: str = Result.none
    reason: str = ""
    target: int = NO_STOREY


class Sensors:
    """Reads one world. Measurements of a car are made once when it comes to stand, with a little noise.

    `lifts`, `slots` and `bays` are what was seen at the last look, `restless` the names of those where something moves.
    """

    def __init__(self, world: World, rng: Random) -> None:
        self.lifts: dict[str, Lift] = {}
        self.slots: dict[str, Slot] = {}
        self.bays: dict[str, Bay] = {}
        self.restless: set[str] = set()
        self.channels = {name: Channel() for name in (*world.lifts, *world.bays)}
        # By bay and field: what the switches of its doors and table say, and where these went last.
        self.switches: dict[tuple[str, str], str] = {}
        self._went: dict[tuple[str, str], str] = {}
        self._moved = {bay: [(part, (bay, part)) for part in MOVED] for bay in world.bays}
        self.fire = world.fire
        self.mains = world.mains
        self._world = world
        self._rng = rng
        self._measured: dict[str, tuple[Car, Size]] = {}
        self._all_slots: tuple[Slot, ...] | None = None
        # What each part was last built of.
        self._built: dict[str, dict[str, object]] = {}
        self._faults: dict[str, dict[str, Fault]] = {}
        # When a faulty sensor changes by itself next, as of the last look.
        self._fault_due_s = inf
        world.dirty.update(world.lifts, world.slots, world.bays)

    def look(self, now_s: float) -> bool:
        """Build anew what may have changed by `now_s`; return whether a value changed."""
        world = self._world
        fire, mains = self.fire, self.mains
        if PLC in self._faults:
            inputs = self._spoilt(PLC, {"fire": world.fire, "mains": world.mains}, now_s)
            self.fire, self.mains = bool(inputs["fire"]), bool(inputs["mains"])
        else:
            self.fire, self.mains = world.fire, world.mains
        news = fire != self.fire or mains != self.mains
        names = world.dirty
        if now_s >= self._fault_due_s - _NOTHING_S:
            names = names | (self._faults.keys() - {PLC})
        if not names:
            return news
        names = set(names)
        world.dirty.clear()
        # In their order of names, so that noise is drawn in the same order in every process.
        for name in sorted(names):
            news |= self._build(name, now_s)
        self._fault_due_s = self.due_s(now_s) if self._faults else inf
        return news

    @property
    def all_slots(self) -> tuple[Slot, ...]:
        """All slots as they were seen at the last look; the same tuple as long as none changes."""
        if self._all_slots is None:
            self._all_slots = tuple(self.slots.values())
        return self._all_slots

    def forget(self) -> None:
        """Forget the channels, as a controller that restarts does."""
        for name in self.channels:
            self.say(name, Channel())

    def say(self, part: str, channel: Channel) -> None:
        """Show a channel's new state at the next look."""
        self.channels[part] = channel
        self._world.dirty.add(part)

    def moved(self, ends: Mapping[tuple[str, str], str]) -> None:
        """Take note, by bay and field, of where doors and tables went: what a switch says else is not believed."""
        self._went |= ends
        self._world.dirty.update(bay for bay, _ in ends)

    def due_s(self, now_s: float) -> float:
        """Return when a faulty sensor will change by itself, infinity for never."""
        if not self._faults:
            return inf
        return min(fault.due_s(now_s) for faulty in self._faults.values() for fault in faulty.values())

    def spoil(self, part: str, sensor: str, fault: Fault) -> None:
        """Give one sensor of one part (`plc` for the controller's inputs) a fault, or refuse."""
        true = self.truth(part).get(sensor)
        if true is None:
            raise WorldRefused(f"{part} has no sensor {sensor!r}")
        given = fault.value if isinstance(fault, Stuck | Flapping) else None
        if given is None and isinstance(fault, Lying | Flapping) and not can_lie(true):
            raise WorldRefused(f"the sensor {sensor} of {part} has no opposite: give it a value")
        if given is not None and not _fits(given, true):
            raise WorldRefused(f"the sensor {sensor} of {part} cannot say {given!r}")
        self._faults.setdefault(part, {})[sensor] = fault
        self._touch(part)

    def mend(self, part: str, sensor: str = "") -> None:
        """Take the fault of one sensor away, or of all sensors of a part."""
        faulty = self._faults.get(part, {})
        for name in [sensor] if sensor else list(faulty):
            faulty.pop(name, None)
        if not faulty:
            self._faults.pop(part, None)
        self._touch(part)

    def mend_all(self) -> None:
        """All sensors work."""
        for part in list(self._faults):
            self.mend(part)

    @property
    def is_spoilt(self) -> bool:
        """Whether any sensor has a fault."""
        return bool(self._faults)

    @property
    def faulty(self) -> dict[str, tuple[str, ...]]:
        """Return which sensors have a fault, by part."""
        return {part: tuple(sorted(faulty)) for part, faulty in sorted(self._faults.items())}

    def truth(self, part: str) -> Values:
        """Return what all sensors of a part would say if they worked, or refuse."""
        if part == PLC:
            return {"fire": self._world.fire, "mains": self._world.mains}
        self._world.part(part)
        return self._raw(part)

    def _touch(self, part: str) -> None:
        if part != PLC:
            self._world.dirty.add(part)
        self._world.changed()

    def _raw(self, name: str) -> Values:
        world = self._world
        if name in world.lifts:
            return self._lift(world.lifts[name])
        return self._bay(world.bays[name]) if name in world.bays else self._slot(name)

    def _spoilt(self, part: str, values: Values, now_s: float) -> Values:
        """The one place through which every sensed value passes."""
        faulty = self._faults.get(part)
        if faulty:
            for sensor, fault in faulty.items():
                values[sensor] = fault.read(values[sensor], now_s)
        return values

    def _build(self, name: str, now_s: float) -> bool:
        world = self._world
        if name in world.lifts:
            return self._build_lift(name, now_s)
        if name in world.bays:
            return self._build_bay(name, now_s)
        if name not in world.slots:
            return False  # the street, or a car that is on its way
        values = self._spoilt(name, self._slot(name), now_s)
        return self._keep(self.slots, Slot, name, {**values, "locked_out": world.slots[name].locked_out})

    def _build_lift(self, name: str, now_s: float) -> bool:
        body = self._world.lifts[name]
        values = self._spoilt(name, self._lift(body), now_s)
        own = {"fault": body.fault, "locked_out": body.locked_out}
        return self._keep(self.lifts, Lift, name, {**values, **own, **vars(self.channels[name])})

    def _build_bay(self, name: str, now_s: float) -> bool:
        body = self._world.bays[name]
        values = self._spoilt(name, self._bay(body), now_s)
        own = {"fault": body.fault, "locked_out": body.locked_out}
        built: dict[str, object] = {**values, **own, **vars(self.channels[name]), **self._proved(name, values)}
        del built["target"]
        return self._keep(self.bays, Bay, name, built)

    def _proved(self, bay: str, values: Values) -> Values:
        """Return where doors and table stand, and keep what their switches say."""
        stand: Values = {}
        for part, end in self._moved[bay]:
            said = self.switches[end] = str(values[part])
            stand[part] = proved(said, self._went.get(end, said))
        return stand

    def _keep(self, parts: dict[str, P], kind: type[P], name: str, values: dict[str, object]) -> bool:
        """Show a part with these values; return whether they are others than before."""
        if self._built.get(name) == values:
            return False
        self._built[name] = values
        if kind is Slot:
            self._all_slots = None
        (self.restless.add if values.get("movement") else self.restless.discard)(name)
        parts[name] = with_fields(parts[name], values) if name in parts else kind(name=name, **values)  # type: ignore[arg-type]
        return True

    def _lift(self, body: LiftBody) -> Values:
        car = self._world.car_at(body.name)
        transfer = body.transfer
        read = transfer.tag if transfer is not None and transfer.read_at_lift else ""
        return {
            "position_mm": round(body.position_mm + body.encoder_error_mm, 1),
            "storey": self._level(body),
            "moving": body.moving,
            "transfer_home": transfer is None,
            "loaded": car is not None or (transfer is not None and transfer.over_lift),
            "tag": car.tag if car else read,
            "movement": car is not None and car.stirring,
        }

    def _slot(self, name: str) -> Values:
        car = self._world.car_at(name)
        occupied, tag = self._standing(name)
        return {"occupied": occupied, "tag": tag, "movement": car is not None and car.stirring}

    def _bay(self, body: BayBody) -> Values:
        car = self._world.car_at(body.name)
        vehicle, tag = self._standing(body.name)
        in_place = car is not None and not body.crooked
        length, width, height, mass = self._measure(body.name, car)
        return {
            "street_door": door(body.street),
            "inner_door": door(body.inner),
            "exit_closed": body.exit_open_s <= 0,
            "table": Table.between if body.turning else Table.aligned,
            "nose": car.nose if car is not None and in_place and not body.turning else Nose.unknown,
            "vehicle": vehicle,
            "tag": tag,
            "in_place": in_place,
            "engine_running": car is not None and car.engine_running,
            "key_in_box": body.key_in_box,
            "length_mm": length if in_place else 0,
            "width_mm": width if in_place else 0,
            "height_mm": height if in_place else 0,
            "mass_kg": mass,
            **self._presence(body),
        }

    def _presence(self, body: BayBody) -> Values:
        car = self._world.car_at(body.name) or self._sliding_car(body.name)
        inside = car.inside if car is not None else ()
        if not body.beside and not inside:
            return dict(_NOBODY)
        return {source: sensed_by(source, body.beside, inside) for source in (*PRESENCE_SOURCES, CABIN)}

    def _level(self, body: LiftBody) -> int:
        if body.moving:
            return NO_STOREY
        layout, plan = self._world.layout, self._world.layout.lift(body.name)
        storey = round(body.position_mm / layout.pitch_mm) + 1
        near = abs(body.position_mm - layout.level_mm(storey)) <= LEVEL_TOLERANCE_MM
        return storey if near and plan.lowest <= storey <= plan.highest else NO_STOREY

    def _standing(self, place: str) -> tuple[bool, str]:
        """Return whether a place is occupied, and the tag that its reader sees."""
        car = self._world.car_at(place)
        if car is not None:
            return True, car.tag
        for lift in self._world.lifts.values():
            transfer = lift.transfer
            if transfer is not None and transfer.place == place:
                return transfer.over_place, "" if transfer.read_at_lift else transfer.tag
        return False, ""

    def _sliding_car(self, place: str) -> Car | None:
        """Return a car that is on its way in or out, as long as most of it is here."""
        for lift in self._world.lifts.values():
            transfer = lift.transfer
            if transfer is not None and transfer.place == place and transfer.tag and not transfer.read_at_lift:
                return self._world.cars[transfer.tag]
        return None

    def _measure(self, place: str, car: Car | None) -> Size:
        """Return the size of the car that stands here; of one on its way the scale alone has a part."""
        if car is None:
            self._measured.pop(place, None)
            sliding = self._sliding_car(place)
            return (0, 0, 0, sliding.mass_kg // 2 if sliding else 0)
        known, size = self._measured.get(place, (None, (0, 0, 0, 0)))
        if known is not car:
            size = (
                round(self._rng.gauss(car.length_mm, _LENGTH_NOISE_MM)),
                round(self._rng.gauss(car.width_mm, _LENGTH_NOISE_MM)),
                round(self._rng.gauss(car.height_mm, _LENGTH_NOISE_MM)),
                round(self._rng.gauss(car.mass_kg, _MASS_NOISE_KG)),
            )
            self._measured[place] = (car, size)
        return size


def door(body: DoorBody) -> Door:
    """Return what a door's two switches say."""
    if body.closed:
        return Door.closed
    return Door.open if body.open else Door.between


def proved(says: str, went: str) -> str:
    """Return where a door or table stands: at the end that its switch says, if it went there last."""
    return says if says == went else BETWEEN


def _fits(given: Value, true: Value) -> bool:
    """Whether a sensor that says `true` could say `given`."""
    if isinstance(true, Door | Table | Nose):
        return given in set(type(true))
    if isinstance(true, float):
        return isinstance(given, int | float) and not isinstance(given, bool) and isfinite(given)
    return type(given) is type(true)
