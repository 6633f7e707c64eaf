"""Which lift serves a goal, and how far it may go: claim the way, allocate from its head, free it as it is passed.

A task claims the stretch of its lift's way from where the lift is to all that it has yet to reach. Earlier tasks come
first: a later one is allocated only what they leave, and a lift that stands in an earlier claim gives way. On a way
with two lifts the layout leaves each a level beyond the other's last place, so the first task can always be let
through, and with it, one after the other, all.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor

from vendrive.tower.control import BringToBay, Goal, Store, Stuck, Wait
from vendrive.tower.view import View
from vendrive.wire.errors import ErrorCode
from vendrive.wire.machine import NO_STOREY, Door, Lift


@dataclass(frozen=True)
class Claim:
    """The storeys, both included, that a lift has yet to pass or serve for its task."""

    lift: str
    low: int
    high: int


def assign(goal: Goal, view: View, taken: Collection[str], before: str = "") -> str | Wait | Stuck:
    """Return the lift that serves a goal, empty where it needs none, or why there is none.

    `taken` are lifts of earlier tasks; `before` is the lift that this task had at the last look.
    """
    if not isinstance(goal, BringToBay | Store):
        return ""
    where = view.places.get(goal.tag)
    target = goal.bay if isinstance(goal, BringToBay) else goal.slot
    if where is None:
        return _last_with(goal.tag, view)
    if view.layout.is_lift(where):
        return _failing(where, (target,), view) or where
    if where == target:
        return _still_at(target, view, taken, before)
    unfinished = _reaching(goal.tag, where, view)
    if unfinished:
        return unfinished
    serving = [name for name in view.layout.place(where).lifts if name in view.layout.place(target).lifts]
    failing = {name: _failing(name, (where, target), view) for name in serving}
    alive = [name for name in serving if not failing[name]]
    if not alive:
        told = next(filter(None, failing.values()), None)
        return told or Stuck(ErrorCode.lift_failed, f"no lift serves both {where} and {target}")
    alive = _own(alive, (where, target), view, taken) or alive
    free = [name for name in alive if name not in taken and not _engaged(view.snapshot.lift(name), before)]
    if before in free:
        return before
    storey = view.layout.storey_of(where)
    return min(free, key=lambda name: abs(_storey(view.snapshot.lift(name), view) - storey), default=None) or Wait(
        f"{' and '.join(alive)} {'serve' if len(alive) > 1 else 'serves'} another task"
    )


def _own(alive: Collection[str], places: Collection[str], view: View, taken: Collection[str]) -> list[str]:
    """Return the lifts that these places belong to, of those that can come now or later (see `Layout.serving`)."""
    coming = [name for name in alive if name in taken or not view.snapshot.lift(name).loaded]
    absent = {lift.name for lift in view.layout.lifts} - set(coming)
    return [name for name in coming if all(name in view.layout.serving(place, absent) for place in places)]


def claim(goal: Goal, lift: str, view: View) -> Claim:
    """Return what a task claims for its lift now."""
    body = view.snapshot.lift(lift)
    here = _storey(body, view)
    ahead = {here, here if body.target == NO_STOREY else body.target}
    match goal:
        case BringToBay(tag, place) | Store(tag, place):
            where = view.places.get(tag)
            # A car that stands where it is wanted needs the way no more.
            if where is not None and where != place:
                ahead |= {view.layout.storey_of(place)} | _level(where, view)
        case _:
            pass
    return Claim(lift, min(ahead), max(ahead))


def head(lift: str, target: int, view: View, claims: Iterable[Claim]) -> int:
    """Return the storey to which a lift may go now on its way to `target`: where it stands, if no further."""
    plan = view.layout.lift(lift)
    return max(plan.lowest, min(plan.highest, clear_to(lift, target, view, claims)))


def clear_to(lift: str, target: int, view: View, claims: Iterable[Claim]) -> int:
    """Return how far the other lifts of the way, and what is claimed for them, leave it free on the way to `target`."""
    for other in view.layout.beside(lift):
        stretches = [_occupied(view.snapshot.lift(other.name), view)]
        stretches += [claim for claim in claims if claim.lift == other.name]
        for stretch in stretches:
            if view.layout.is_below(lift, other.name):
                target = min(target, stretch.low - 1)
            else:
                target = max(target, stretch.high + 1)
    return target


def retreat(lift: str, view: View, claims: Sequence[Claim]) -> int | None:
    """Return the storey to which a lift must go to leave the claims of earlier tasks, or None where it is in none."""
    beside = view.layout.beside(lift)
    if not beside or not claims:
        return None
    body = view.snapshot.lift(lift)
    low, high = _between(body, view)
    for other in beside:
        below = view.layout.is_below(lift, other.name)
        stretches = [claim for claim in claims if claim.lift == other.name]
        if any(claim.low <= high if below else claim.high >= low for claim in stretches):
            return head(lift, _storey(body, view), view, claims)
    return None


def _last_with(tag: str, view: View) -> str:
    """Return the lift whose transfer is out and may hold the car that no reader sees."""
    place = view.belief.get(tag, "")
    ends = {place, view.unsettled.get(place), *(lift for lift, other in view.unsettled.items() if other == place)}
    for lift in view.snapshot.lifts:
        reach = view.layout.level_with(lift.name, lift.storey)
        if not lift.transfer_home and not lift.tag and ends & {lift.name, *reach}:
            return lift.name
    return ""


def _still_at(place: str, view: View, taken: Collection[str], before: str) -> str:
    """Return the lift that has yet to end its transfer or leave its door closed where the car stands already."""
    if view.layout.is_bay(place) and view.snapshot.bay(place).inner_door == Door.closed:
        return ""
    near = [lift.name for lift in view.lifts_at(place) if lift.name not in taken and not view.out_of_service(lift.name)]
    return before if before in near else next(iter(near), "")


def _failing(lift: str, places: Collection[str], view: View) -> Stuck | None:
    """Return why a lift cannot serve these places: itself, or another one that cannot leave the way to them."""
    reason = view.unfit(lift)
    if reason:
        uncertain = ErrorCode.machine_contradiction if view.doubt_about(lift) else ErrorCode.person_inside
        return Stuck(ErrorCode.lift_failed if view.out_of_service(lift) else uncertain, reason)
    blocking = _shut_out(lift, {view.layout.storey_of(place) for place in places}, view)
    return Stuck(ErrorCode.lift_failed, f"{blocking} stands in the way of {lift}") if blocking else None


def _reaching(tag: str, where: str, view: View) -> str:
    """Return the lift whose transfer is out into this place, with this car or an unread one."""
    lifts = (lift for lift in view.lifts_at(where) if not lift.transfer_home and lift.tag in ("", tag))
    return next((lift.name for lift in lifts), "")


def _engaged(lift: Lift, before: str) -> bool:
    return lift.loaded or not lift.transfer_home or (lift.busy and lift.name != before)


def _shut_out(lift: str, storeys: Collection[int], view: View) -> str:
    """Return the lift on the way to one of these storeys that cannot be moved, or an empty string."""
    for other in view.layout.beside(lift):
        if not view.unfit(other.name):
            continue
        body = _occupied(view.snapshot.lift(other.name), view)
        if max(storeys) >= body.low if view.layout.is_below(lift, other.name) else min(storeys) <= body.high:
            return other.name
    return ""


def _occupied(lift: Lift, view: View) -> Claim:
    """Return the storeys that a lift takes up: where it stands, or what its running move has yet to pass."""
    low, high = _between(lift, view)
    if lift.target != NO_STOREY:
        low, high = min(low, lift.target), max(high, lift.target)
    return Claim(lift.name, low, high)


def _between(lift: Lift, view: View) -> tuple[int, int]:
    if lift.storey != NO_STOREY:
        return lift.storey, lift.storey
    plan, exact = view.layout.lift(lift.name), lift.position_mm / view.layout.pitch_mm + 1
    # A lift that hangs a little below its lowest level takes up no level more.
    return max(plan.lowest, floor(exact)), min(plan.highest, ceil(exact))


def _storey(lift: Lift, view: View) -> int:
    """Return the storey where a lift is, or the one nearest to it."""
    return lift.storey if lift.storey != NO_STOREY else round(lift.position_mm / view.layout.pitch_mm + 1)


def _level(where: str, view: View) -> set[int]:
    known = view.layout.is_slot(where) or view.layout.is_bay(where)
    return {view.layout.storey_of(where)} if known else set()
