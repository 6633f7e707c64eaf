"""What is known at one moment: what the sensors show, what the journal believes, what is out of service."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from vendrive.lazy import lazy
from vendrive.tower.inventory import Doubt, differences, doubts
from vendrive.tower.layout import Layout
from vendrive.wire.machine import Bay, Door, Lift, Mode, Operation, PlcState, Snapshot


@dataclass(frozen=True)
class View:
    """A snapshot with the belief (tag to place) and the parts that staff took out of service.

    `unsettled` names the place by lift of each transfer of which only the beginning is known, `opened` the bays whose
    street door was opened and has not been closed since: only there a car can have driven off. `shut_in` are those
    of which the journal knows that a car stands behind their closed street door, sensed or not.
    """

    snapshot: Snapshot
    layout: Layout
    belief: Mapping[str, str] = field(default_factory=dict)
    unsettled: Mapping[str, str] = field(default_factory=dict)
    locked: frozenset[str] = frozenset()
    opened: frozenset[str] = frozenset()
    shut_in: frozenset[str] = frozenset()

    @property
    def places(self) -> Mapping[str, str]:
        """The place of each tag that is read."""
        return self.snapshot.places

    @lazy
    def sensed_doubts(self) -> tuple[Doubt, ...]:
        """What the sensors contradict each other about."""
        return doubts(self.snapshot, self.layout)

    @lazy
    def hidden(self) -> frozenset[str]:
        """The bays with a car that fewer than two of their sensors show."""
        if not self.shut_in:
            return frozenset()
        return frozenset(bay.name for bay in self.snapshot.bays if hides(bay, self.shut_in))

    @lazy
    def believed_doubts(self) -> tuple[Doubt, ...]:
        """Where the sensors contradict the journal."""
        hidden = [Doubt((bay,), _hidden_in(bay)) for bay in sorted(self.hidden)]
        return (*hidden, *self.differences)

    @lazy
    def differences(self) -> tuple[Doubt, ...]:
        """Where cars are not read that the journal believes in a place."""
        return differences(self.belief, self.unsettled, self.snapshot, self.layout, self.opened)

    @lazy
    def doubts(self) -> tuple[Doubt, ...]:
        """Everything that cannot be true at once."""
        return (*self.sensed_doubts, *self.believed_doubts)

    @lazy
    def believed(self) -> Mapping[str, str]:
        """The tag that is believed in each place."""
        return {place: tag for tag, place in self.belief.items()}

    def doubt_about(self, *names: str) -> Doubt | None:
        """Return the first doubt about any of these tags and places."""
        return next((doubt for doubt in self.doubts if set(names) & set(doubt.about)), None)

    def vanished(self, bay: str) -> str:
        """Return which car must still be behind the street door of a bay that is sensed empty, or an empty string."""
        if not self.snapshot.bay(bay).empty:
            return ""
        if bay in self.hidden and not presence(self.snapshot.bay(bay)):
            # Nobody has given the word for it yet: who is sensed there may be its driver, who is let out.
            return _hidden_in(bay)
        if bay in self.opened:
            return ""
        return next((doubt.reason for doubt in self.differences if bay in doubt.about), "")

    def out_of_service(self, part: str) -> str:
        """Return why a lift, bay or slot may not be used, or an empty string."""
        if part in self.locked:
            return f"{part} is locked by staff"
        if self.layout.is_slot(part):
            return f"{part} is locked out" if self.snapshot.slot(part).locked_out else ""
        sensed = self.snapshot.channel(part)
        if sensed.locked_out:
            return f"{part} is locked out"
        return f"{part}: {sensed.fault}" if sensed.fault else ""

    def unfit(self, lift: str) -> str:
        """Return why a lift cannot be moved until somebody has looked at it, or an empty string."""
        doubt, moves = self.doubt_about(lift), self.snapshot.lift(lift).movement
        doubted = doubt.reason if doubt else ""
        return self.out_of_service(lift) or doubted or (f"something moves in the car on {lift}" if moves else "")

    def not_ready(self, mode: Mode = Mode.automatic) -> str:
        """Return why the whole machine takes no command now, or an empty string."""
        plc = self.snapshot.plc
        if plc.fire:
            return "fire or smoke is sensed"
        if plc.emergency_stop:
            return f"stopped: {plc.stop_reason}"
        if not plc.mains:
            return "the mains are gone"
        if plc.mode != mode:
            return f"the key switch says {plc.mode}"
        if plc.state not in (PlcState.idle, PlcState.execute):
            return f"the machine is {plc.state}"
        return open_zone_presence(self.snapshot)

    def lifts_at(self, place: str) -> tuple[Lift, ...]:
        """Return the lifts that serve a bay or slot and stand at its level now."""
        plan = self.layout.place(place)
        lifts = (self.snapshot.lift(name) for name in plan.lifts)
        return tuple(lift for lift in lifts if not lift.moving and lift.storey == plan.storey)


def hides(bay: Bay, shut_in: Container[str]) -> bool:
    """Whether a bay holds a car that fewer than two of its sensors show, and that is not just taken from it."""
    taken = bay.busy and bay.operation == Operation.pick
    return bay.name in shut_in and not bay.shows_car and not taken


def _hidden_in(bay: str) -> str:
    return f"a car stood in {bay}, and is not sensed any more"


def sources(bay: Bay) -> tuple[str, ...]:
    """Return the sources of a bay that sense somebody or something."""
    if not (bay.scanner or bay.curtain or bay.floor or bay.cabin):
        return ()
    return tuple(name for name in ("scanner", "curtain", "floor", "cabin") if getattr(bay, name))


def presence(bay: Bay) -> str:
    """Return who or what is sensed in a bay, as a sentence, or an empty string where all sources are clear."""
    sensing = sources(bay)
    return f"a person is sensed in {bay.name} by {' and '.join(sensing)}" if sensing else ""


def open_zone_presence(snapshot: Snapshot) -> str:
    """Return where somebody is sensed behind an inner door that is not closed, or an empty string."""
    for bay in snapshot.bays:
        if bay.inner_door != Door.closed and presence(bay):
            return f"{presence(bay)} and its inner door is not closed"
    return ""
