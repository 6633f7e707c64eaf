"""Journal and facts together: what is written is at once what is known."""

from vendrive.station.journal import CHECKPOINT_ENTRIES, Journal
from vendrive.station.thinning import Ends, Refusals
from vendrive.wire.alarms import AlarmName
from vendrive.wire.journal import Alarm, AlarmEnded, CountAccepted, Counted, Event, PersonRefused


class Record:
    """Writes events to the journal and keeps the facts in step; what only repeats itself is counted (thinning)."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._refusals = Refusals(journal.clock)
        self._ends = Ends(journal.clock)
        self._withheld: dict[str, AlarmEnded] = {}
        self._counted = False
        self.facts = journal.load()
        # Grows with each event that is taken into account.
        self.version = 0

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
        self._withheld.pop(f"{name} {part}", None)
        if f"{name} {part}" not in self.facts.alarms:
            self.write(Alarm(name=name, part=part, source=source))

    def follow(self, name: str, part: str, on: bool, source: str) -> None:
        """Keep an alarm in step with its cause."""
        if on:
            self.alarm(name, part, source)
        elif self.facts.alarms:
            self.end_alarm(name, part, source)

    def end_alarm(self, name: str, part: str, source: str) -> None:
        """Journal the end of an alarm that is on. One that flaps stays on until it is quiet (`tidy` ends it)."""
        alarm = f"{name} {part}"
        if alarm not in self.facts.alarms:
            return
        end = AlarmEnded(name=name, part=part, source=source)
        if self._ends.is_flapping(alarm):
            self._withheld[alarm] = end
        else:
            self._end(alarm, end)

    def tidy(self) -> None:
        """Now and then: write what was only counted, the ends of alarms that flapped, and a checkpoint."""
        for alarm in [alarm for alarm in self._withheld if not self._ends.is_flapping(alarm)]:
            self._end(alarm, self._withheld.pop(alarm))
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

    def _end(self, alarm: str, end: AlarmEnded) -> None:
        self.write(end)
        self._ends.note(alarm)

    @property
    def _has_room(self) -> bool:
        return f"{AlarmName.disk_full} station" not in self.facts.alarms

    def _append(self, event: Event) -> None:
        self._journal.write(event)
        before = self.facts.places
        self.facts.apply(event)
        self.version += 1
        if isinstance(event, Counted | CountAccepted):
            self._counted = True
        elif self.facts.places is not before:
            self._counted = False
