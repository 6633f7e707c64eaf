"""Journal and facts together: what is written is at once what is known."""

import logging

from vendrive.station.facts import fold
from vendrive.station.journal import Journal
from vendrive.wire.journal import Alarm, AlarmEnded, Event

log = logging.getLogger(__name__)


class Record:
    """Writes events to the journal and keeps the facts in step."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.facts = fold(entry.event for entry in journal.entries())

    def write(self, event: Event) -> None:
        """Journal an event (on disk when this returns), then take it into account."""
        entry = self._journal.append(event)
        log.info("%d %s", entry.seq, event.model_dump_json(exclude={"v"}))
        self.facts.apply(event)

    def alarm(self, name: str, part: str, source: str) -> None:
        """Journal an alarm, unless the same one is on."""
        if f"{name} {part}" not in self.facts.alarms:
            self.write(Alarm(name=name, part=part, source=source))

    def follow(self, name: str, part: str, on: bool, source: str) -> None:
        """Keep an alarm in step with its cause."""
        if on:
            self.alarm(name, part, source)
        else:
            self.end_alarm(name, part, source)

    def end_alarm(self, name: str, part: str, source: str) -> None:
        """Journal the end of an alarm that is on."""
        if f"{name} {part}" in self.facts.alarms:
            self.write(AlarmEnded(name=name, part=part, source=source))
