"""What is left in a bay: people who stay, bags, pets, children, cars of strangers, an open emergency exit.

The machine waits by itself wherever a source senses somebody. What this adds is that somebody is told in time.
"""

from collections.abc import Mapping

from vendrive.clock import Clock
from vendrive.station.desk import Desk
from vendrive.station.handover import HandOverTalk
from vendrive.station.returning import ReturnTalk
from vendrive.station.store import Store
from vendrive.tower.control import Wait
from vendrive.wire.alarms import AlarmName
from vendrive.wire.machine import Bay, Door, Snapshot

PERSON_STAYS_S = 120.0
# Who has not moved out of any sensor's sight for so long is taken for a thing, and looked for as a person all the same.
THING_LEFT_S = 600.0
ALIVE_INSIDE_S = 20.0
EXIT_OPEN_S = 10.0
STRANGER_S = 30.0


class Watch:
    """Looks at every bay with each fresh snapshot."""

    def __init__(self, desks: Mapping[str, Desk], store: Store, clock: Clock) -> None:
        self._desks = desks
        self._store = store
        self._clock = clock
        self._since_s: dict[tuple[str, str], float] = {}

    def look(self, snapshot: Snapshot) -> None:
        """Raise and end the alarms of the bays."""
        now_s = self._clock.monotonic()
        for name, desk in self._desks.items():
            bay = snapshot.bay(name)
            stays = bay.person and self._in_the_way(desk, bay)
            self._follow(now_s, AlarmName.person_stays, desk, stays, PERSON_STAYS_S, _sources(bay))
            self._follow(now_s, AlarmName.thing_left, desk, stays and not bay.cabin, THING_LEFT_S, _sources(bay))
            self._follow(
                now_s, AlarmName.alive_inside, desk, self._alive_inside(desk, bay), ALIVE_INSIDE_S, "cabin sensor"
            )
            self._follow(now_s, AlarmName.exit_open, desk, not bay.exit_closed, EXIT_OPEN_S, "exit switch")
            self._follow(
                now_s, AlarmName.car_stranger, desk, self._is_strange(desk, bay), STRANGER_S, bay.tag or "no tag"
            )

    def next_due_s(self) -> float:
        """Return when, on the monotonic clock, the next alarm may be due."""
        after = {
            AlarmName.person_stays: PERSON_STAYS_S,
            AlarmName.thing_left: THING_LEFT_S,
            AlarmName.alive_inside: ALIVE_INSIDE_S,
            AlarmName.exit_open: EXIT_OPEN_S,
            AlarmName.car_stranger: STRANGER_S,
        }
        now = self._clock.monotonic()
        due = [since + after[AlarmName(name)] for (name, _), since in self._since_s.items()]
        return min((at for at in due if at > now), default=float("inf"))

    def _follow(self, now_s: float, name: AlarmName, desk: Desk, on: bool, after_s: float, source: str) -> None:
        key = (name.value, desk.side.name)
        if not on:
            self._since_s.pop(key, None)
            desk.side.record.follow(name, desk.side.name, False, source)
        elif now_s - self._since_s.setdefault(key, now_s) >= after_s:
            desk.side.record.follow(name, desk.side.name, True, source)

    def _in_the_way(self, desk: Desk, bay: Bay) -> bool:
        """Whether nobody should be in the bay now: nobody is served there, or the machine waits for people."""
        if isinstance(desk.side.controller.step(desk.side.name), Wait):
            return True
        return desk.talk is None or bay.street_door == Door.closed

    def _alive_inside(self, desk: Desk, bay: Bay) -> bool:
        """Whether something lives in a car that is parked to stay; its driver may sit in one that is handed over."""
        served = isinstance(desk.talk, HandOverTalk) and desk.talk.live
        arriving = isinstance(desk.talk, ReturnTalk) and bay.engine_running
        return bay.cabin and not bay.empty and not served and not arriving

    def _is_strange(self, desk: Desk, bay: Bay) -> bool:
        if bay.empty or isinstance(desk.talk, ReturnTalk):
            return False
        return not bay.tag or self._store.vehicle_of(bay.tag) is None


def _sources(bay: Bay) -> str:
    return (
        ", ".join(name for name in ("scanner", "curtain", "floor") if getattr(bay, name)) if bay.person else "sensors"
    )
