"""Journal and facts together: what is written is at once what is known."""

import logging

from vendrive.station.journal import CHECKPOINT_ENTRIES, Journal
from vendrive.station.thinning import Ends, Refusals
from vendrive.wire.alarms import AlarmName
from vendrive.wire.journal import Alarm, AlarmEnded, CountAccepted, Counted, Event, PersonRefused

log = logging.getLogger(__name__)


class Record:
    """Writes events to the journal and keeps the facts in step; what only repeats itself is counted (thinning)."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._refusals = Refusals(journal.clock)
        self._ends = Ends(journal.clock)
        self._counted = False
        self.facts = journal.load()

    def write(self, event: Event) -> None:
        """Journal an event (on disk when this returns), then take it into account; raises NotWritten.

        A refusal that repeats itself is written later, with its count; a count of the cars that repeats the one before
        is not.
        """
        match event:
            case PersonRefused() if self._refusals.is_counted(event, self._has_room):
                return
            case Counted(places=places) if self._counted and places == self.facts.places and not self.facts.cut_short:
                return
            case _:
                self._append(event)

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
        """Journal the end of an alarm that is on. One that flaps stays on until it is quiet: ask again."""
        alarm = f"{name} {part}"
        if alarm in self.facts.alarms and not self._ends.is_flapping(alarm):
            self.write(AlarmEnded(name=name, part=part, source=source))
            self._ends.note(alarm)

    def tidy(self) -> None:
        """Now and then: write what was only counted, and a checkpoint."""
        if self._has_room:
            for refusals in self._refusals.due():
                self._append(refusals)
        if self._journal.since_checkpoint >= CHECKPOINT_ENTRIES:
            self._journal.write_checkpoint(self.facts)

    def close(self) -> None:
        """At a clean end: write what was only counted, and a checkpoint, so that the next start is quick."""
        for refusals in self._refusals.due(all_of_them=True):
            self._append(refusals)
        self._journal.write_checkpoint(self.facts)

    @property
    def _has_room(self) -> bool:
        return f"{AlarmName.disk_full} station" not in self.facts.alarms

    def _append(self, event: Event) -> None:
        entry = self._journal.append(event)
        log.info("%d %s", entry.seq, entry.text)
        before = self.facts.places
        self.facts.apply(event)
        if isinstance(event, Counted | CountAccepted):
            self._counted = True
        elif self.facts.places is not before:
            self._counted = False
