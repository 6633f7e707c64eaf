"""What staff may ask of a tower: whether a wish names parts and steps that this tower has. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from vendrive.tower.layout import Layout
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.machine import Operation
from vendrive.wire.orders import OperatorAction

ARGUMENTS: Final[Mapping[Operation, tuple[str, ...]]] = {
    Operation.move_lift: ("lift", "storey"),
    Operation.pick: ("lift", "place"),
    Operation.place: ("lift", "place"),
    Operation.finish_transfer: ("lift",),
    Operation.open_street_door: ("bay",),
    Operation.close_street_door: ("bay",),
    Operation.open_inner_door: ("bay",),
    Operation.close_inner_door: ("bay",),
    Operation.turn: ("bay",),
}
"""What a single step must name."""


@dataclass(frozen=True)
class Wish:
    """What staff ask of a station; `part` is for lock-outs, operation and arguments for a single step."""

    action: OperatorAction
    part: str = ""
    operation: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)


def check_wish(wish: Wish, layout: Layout) -> None:
    """Raise Refused (part_unknown, request_invalid) where the wish names what this tower has not."""
    if wish.action in (OperatorAction.lock_part, OperatorAction.release_part):
        _check_part(layout, wish.part)
    if wish.action == OperatorAction.manual_step:
        _check_step(layout, wish)


def _check_part(layout: Layout, part: str) -> None:
    if part not in {one.name for one in (*layout.lifts, *layout.places)}:
        raise Refused(ErrorCode.part_unknown, part=part)


def _check_step(layout: Layout, wish: Wish) -> None:
    if wish.operation not in set(Operation) or set(wish.arguments) != set(ARGUMENTS[Operation(wish.operation)]):
        raise Refused(ErrorCode.request_invalid, operation=wish.operation)
    known = {
        "lift": {lift.name for lift in layout.lifts},
        "bay": {bay.name for bay in layout.bays},
        "place": {place.name for place in layout.places},
    }
    known["storey"] = _storeys(layout, wish.arguments.get("lift", ""))
    for name, value in wish.arguments.items():
        if value not in known[name]:
            raise Refused(ErrorCode.part_unknown, part=value)


def _storeys(layout: Layout, lift: str) -> set[str]:
    plans = [plan for plan in layout.lifts if plan.name == lift]
    return {str(storey) for plan in plans for storey in range(plan.lowest, plan.highest + 1)}
