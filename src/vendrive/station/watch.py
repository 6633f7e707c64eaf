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
from vendrive.tower.inventory import between_places
from vendrive.tower.view import sources
from vendrive.wire.alarms import AlarmName
from vendrive.wire.machine import Bay, Door, Snapshot

PERSON_STAYS_S = 120.0
# Who has not moved out of any sensor's sight for so long is taken for a thing, and looked for as a person all the same.
THING_LEFT_S = 600.0
ALIVE_INSIDE_S = 20.0
EXIT_OPEN_S = 10.0
STRANGER_S = 30.0
KEY_GONE_S = 30.0
# So long even who is served may stay, in the bay or in the car: somebody may be asleep or ill.
LINGERS_S = 900.0
# So long a car may stand before an open street door and nobody at it: given up, or forgotten with its key.
DESERTED_S = 600.0


class Watch:
    """Looks at every bay with each fresh snapshot."""

    def __init__(self, desks: Mapping[str, Desk], store: Store, clock: Clock) -> None:
        self._desks = desks
        self._store = store
        self._clock = clock
        self._due_s: dict[tuple[str, str], float] = {}

    def look(self, snapshot: Snapshot) -> None:
        """Raise and end the alarms of the bays, and of strangers' cars on lifts."""
        record = next(iter(self._desks.values())).side.record
        # Mostly there is nothing to be raised, and nothing to be ended.
        quiet = not self._due_s and not record.facts.alarms
        for name, desk in self._desks.items():
            bay = snapshot.bay(name)
            if not quiet or bay.person or bay.cabin or not bay.exit_closed:
                self._look_at_people(desk, bay)
            if not quiet or not bay.empty or isinstance(desk.talk, ReturnTalk):
                self._look_at_car(desk, bay, snapshot)
        for lift in snapshot.lifts:
            if not quiet or lift.tag:
                strange = bool(lift.tag) and lift.transfer_home and self._store.vehicle_of(lift.tag) is None
                lasts = self._lasts("strange", lift.name, strange, STRANGER_S)
                record.follow(AlarmName.car_stranger, lift.name, lasts, lift.tag)

    def _look_at_people(self, desk: Desk, bay: Bay) -> None:
        name, record = desk.side.name, desk.side.record
        stays = bay.person and self._in_the_way(desk, bay)
        lasts = self._lasts("stays", name, stays, PERSON_STAYS_S)
        lasts |= self._lasts("lingers", name, bay.person or bay.cabin, LINGERS_S)
        told = _told(bay)
        record.follow(AlarmName.person_stays, name, lasts, told)
        left = self._lasts("thing", name, stays and not bay.cabin, THING_LEFT_S)
        record.follow(AlarmName.thing_left, name, left, told)
        alive = self._lasts("alive", name, self._alive_inside(desk, bay), ALIVE_INSIDE_S)
        record.follow(AlarmName.alive_inside, name, alive, "cabin sensor")
        exit_open = self._lasts("exit", name, not bay.exit_closed, EXIT_OPEN_S)
        record.follow(AlarmName.exit_open, name, exit_open, "exit switch")

    def _look_at_car(self, desk: Desk, bay: Bay, snapshot: Snapshot) -> None:
        name = desk.side.name
        deserted = not (bay.empty or bay.person or bay.cabin) and bay.street_door != Door.closed
        lasts = self._lasts("strange", name, self._is_strange(desk, bay, snapshot), STRANGER_S)
        lasts |= self._lasts("deserted", name, deserted, DESERTED_S)
        desk.side.record.follow(AlarmName.car_stranger, name, lasts, bay.tag or "no tag")
        key_gone = self._lasts("key", name, isinstance(desk.talk, ReturnTalk) and desk.talk.key_gone, KEY_GONE_S)
        desk.side.record.follow(AlarmName.key_gone, name, key_gone, bay.tag or "no tag")

    def _lasts(self, what: str, part: str, on: bool, after_s: float) -> bool:
        """Whether this has been so at this part for so long."""
        key = (what, part)
        if not on:
            self._due_s.pop(key, None)
            return False
        now = self._clock.monotonic()
        return now >= self._due_s.setdefault(key, now + after_s)

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

    def _is_strange(self, desk: Desk, bay: Bay, snapshot: Snapshot) -> bool:
        if bay.empty or isinstance(desk.talk, ReturnTalk):
            return False
        if bay.tag:
            return self._store.vehicle_of(bay.tag) is None
        # Of a car that the machine itself brings, no reader sees the tag on its way.
        return bay.name not in between_places(snapshot, desk.side.layout)


def _told(bay: Bay) -> str:
    return ", ".join(sources(bay)) or "sensors"
