"""Where the cars are by what was done: what the journal believes between two counts, until the sensors are asked."""

from collections.abc import Mapping
from dataclasses import dataclass

from vendrive.wire.journal import (
    CommandEnded,
    CommandGiven,
    CountAccepted,
    Counted,
    Event,
    HandedOver,
    Returned,
    WordGiven,
)
from vendrive.wire.machine import Operation, Result, parts_of

Places = dict[str, str]
"""Place by tag."""
_TRANSFERS = (Operation.pick, Operation.place)
_OPERATIONS = frozenset(Operation)


@dataclass(frozen=True)
class Belief:
    """Places of cars, the commands in progress by part, and by lift the last transfer that was cut short."""

    places: Places
    open_commands: dict[str, CommandGiven]
    cut_short: dict[str, CommandGiven]


def believe(belief: Belief, event: Event) -> Belief:
    """Return what is believed after one more event. A count is believed wholly, whatever was believed before."""
    match event:
        case Counted(places=places) | CountAccepted(places=places):
            return Belief(dict(places), belief.open_commands, {})
        case CommandGiven():
            given = dict.fromkeys(parts_of_command(event), event)
            return Belief(belief.places, {**belief.open_commands, **given}, belief.cut_short)
        case CommandEnded():
            return _ended(belief, event)
        case Returned(tag=tag, slot=slot) if tag:
            # No count may follow while anything in the tower is in doubt: the slot is taken all the same.
            return _placed(belief, {**belief.places, tag: slot})
        case WordGiven(tag=tag, bay=bay):
            # Until then it was the borrower's, who might have driven it out again.
            return _placed(belief, {**belief.places, tag: bay})
        case HandedOver():
            return _placed(belief, _without(belief.places, event))
        case _:
            return belief


def _placed(belief: Belief, places: Places) -> Belief:
    return Belief(places, belief.open_commands, belief.cut_short)


def parts_of_command(given: CommandGiven) -> tuple[str, ...]:
    """Return the parts that a journaled command keeps busy; none where this version does not know its operation."""
    return parts_of(Operation(given.operation), given.arguments) if given.operation in _OPERATIONS else ()


def _ended(belief: Belief, ended: CommandEnded) -> Belief:
    given = next((command for command in belief.open_commands.values() if command.seq == ended.seq), None)
    if given is None:
        return belief
    still = {part: command for part, command in belief.open_commands.items() if command.seq != ended.seq}
    lift, cut_short = given.arguments.get("lift", ""), dict(belief.cut_short)
    before = cut_short.get(lift)
    if given.operation in (*_TRANSFERS, Operation.finish_transfer) and ended.result == Result.done:
        cut_short.pop(lift, None)
        return Belief(_carried(belief.places, given, before), still, cut_short)
    if given.operation in _TRANSFERS and ended.result != "refused":
        # What stands where is for the sensors to say; nothing is believed of it but where it began.
        cut_short[lift] = given
    return Belief(belief.places, still, cut_short)


def _carried(places: Places, given: CommandGiven, before: CommandGiven | None) -> Places:
    """Return the places after a transfer that is done. One that was cut short ends on the lift."""
    if given.operation == Operation.finish_transfer:
        return _moved(places, before.arguments, onto_lift=True) if before is not None else places
    return _moved(places, given.arguments, onto_lift=given.operation == Operation.pick)


def _moved(places: Places, arguments: Mapping[str, str], onto_lift: bool) -> Places:
    lift, place = arguments.get("lift", ""), arguments.get("place", "")
    start, end = (place, lift) if onto_lift else (lift, place)
    return {tag: end if where == start else where for tag, where in places.items()}


def _without(places: Places, event: HandedOver) -> Places:
    """Return the places without the car that drove away: the one with its tag, or, unnamed, the one in the bay."""
    if event.tag:
        return {tag: where for tag, where in places.items() if tag != event.tag}
    return {tag: where for tag, where in places.items() if where != event.bay}
