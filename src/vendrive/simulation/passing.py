"""A car that passes the sensors of its way, between a place and a lift, while nothing else happens.

A read of that shows a car half here and half there, as the station knows that it is, and it goes on from none of it:
what comes of the transfer is told when it ends. So nobody need read it, as long as these sensors work.
"""

from vendrive.plant.plc import Controller
from vendrive.plant.world import World
from vendrive.wire.machine import Bay, Lift, Plc, Slot

Part = Lift | Bay | Slot

_PASSED: dict[type[Part], frozenset[str]] = {
    Lift: frozenset({"loaded", "tag"}),
    Slot: frozenset({"occupied", "tag"}),
    Bay: frozenset({"vehicle", "tag", "mass_kg"}),
}
_COUNTERS = dict.fromkeys(("clock_ms", "heartbeat", "revision", "station_heartbeat"), 0)


class Passing:
    """Compares what the controller reports with what it reported when it was asked last."""

    def __init__(self, truth: World) -> None:
        self._truth = truth
        self._parts: list[Part] = []
        self._own: dict[str, object] = {}

    def is_all(self, controller: Controller) -> bool:
        """Whether cars on their way passed sensors that work, and nothing else has changed."""
        way = {
            name for lift in self._truth.lifts.values() if lift.transfer for name in (lift.name, lift.transfer.place)
        }
        if not way or controller.sensors.is_spoilt:
            self._parts = []
            return False
        sensors = controller.sensors
        parts: list[Part] = [*sensors.lifts.values(), *sensors.bays.values(), *sensors.all_slots]
        own = _shown(controller.state)
        before, self._parts, same, self._own = self._parts, parts, own == self._own, own
        changed = [(old, new) for old, new in zip(before, parts, strict=False) if old is not new]
        return same and bool(changed) and all(new.name in way and _passed(old, new) for old, new in changed)


def _shown(plc: Plc) -> dict[str, object]:
    return {**vars(plc), **_COUNTERS}


def _passed(old: Part, new: Part) -> bool:
    before, passed = vars(old), _PASSED[type(new)]
    return all(name in passed or value == before.get(name) for name, value in vars(new).items())
