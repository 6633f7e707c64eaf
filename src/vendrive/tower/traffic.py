"""Which lift serves a goal, and how far it may go: claim the way, allocate from its head, free it as it is passed.

A task claims the stretch of its lift's way from where the lift is to all that it has yet to reach. Earlier tasks come
first: a later one is allocated only what they leave, and a lift that stands in an earlier claim gives way. On a way
with two lifts the layout leaves each a level beyond the other's last place, so the first task can always be let
through, and with it, one after the other, all.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

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
        return ""
    if where == target or where in {lift.name for lift in view.snapshot.lifts}:
        return _carrying(where, target, view, before)
    unfinished = _reaching(where, view)
    if unfinished:
        return unfinished
    serving = [name for name in view.layout.place(where).lifts if name in view.layout.place(target).lifts]
    alive = [name for name in serving if not view.out_of_service(name) and not _shut_out(name, where, target, view)]
    if not alive:
        return Stuck(ErrorCode.lift_failed, f"no lift that works serves {where} and {target}")
    free = [name for name in alive if name not in taken and not _engaged(view.snapshot.lift(name), before)]
    if before in free:
        return before
    storey = view.layout.storey_of(where)
    return min(free, key=lambda name: abs(_storey(view.snapshot.lift(name), view) - storey), default=None) or Wait(
        f"{' and '.join(alive)} {'serve' if len(alive) > 1 else 'serves'} another task"
    )


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
                ahead |= {view.layout.storey_of(place)}
                ahead |= set() if where == lift or where not in view.places.values() else _level(where, view)
        case _:
            pass
    return Claim(lift, min(ahead), max(ahead))


def head(lift: str, target: int, view: View, claims: Iterable[Claim]) -> int:
    """Return the storey to which a lift may go now on its way to `target`: where it stands, if no further."""
    for other in view.layout.beside(lift):
        stretches = [_occupied(view.snapshot.lift(other.name), view)]
        stretches += [claim for claim in claims if claim.lift == other.name]
        for stretch in stretches:
            if view.layout.is_below(lift, other.name):
                target = min(target, stretch.low - 1)
            else:
                target = max(target, stretch.high + 1)
    plan = view.layout.lift(lift)
    return max(plan.lowest, min(plan.highest, target))


def retreat(lift: str, view: View, claims: Sequence[Claim]) -> int | None:
    """Return the storey to which a lift must go to leave the claims of earlier tasks, or None where it is in none."""
    here = _storey(view.snapshot.lift(lift), view)
    aside = head(lift, here, view, claims)
    return aside if aside != here else None


def _carrying(where: str, target: str, view: View, before: str) -> str | Wait | Stuck:
    """Return the lift of a car that is on one, or that stands where it is wanted (then any that is still at work)."""
    if where == target:
        if view.layout.is_bay(target) and view.snapshot.bay(target).inner_door == Door.closed:
            return ""
        level, serving = view.layout.storey_of(target), view.layout.place(target).lifts
        near = [name for name in serving if view.snapshot.lift(name).storey == level and not view.out_of_service(name)]
        return before if before in near else next(iter(near), "")
    reason = view.out_of_service(where)
    return Stuck(ErrorCode.lift_failed, reason) if reason else where


def _reaching(where: str, view: View) -> str:
    """Return the lift whose transfer may be out into this place."""
    plan = view.layout.place(where)
    lifts = (view.snapshot.lift(name) for name in plan.lifts)
    return next((lift.name for lift in lifts if not lift.transfer_home and lift.storey == plan.storey), "")


def _engaged(lift: Lift, before: str) -> bool:
    return lift.loaded or not lift.transfer_home or (lift.busy and lift.name != before)


def _shut_out(lift: str, where: str, target: str, view: View) -> bool:
    """Whether a lift that is out of service stands on the way to one of these places."""
    storeys = {view.layout.storey_of(where), view.layout.storey_of(target)}
    for other in view.layout.beside(lift):
        if not view.out_of_service(other.name):
            continue
        body = _occupied(view.snapshot.lift(other.name), view)
        if view.layout.is_below(lift, other.name):
            if max(storeys) >= body.low:
                return True
        elif min(storeys) <= body.high:
            return True
    return False


def _occupied(lift: Lift, view: View) -> Claim:
    """Return the storeys that a lift takes up: where it stands, or what its running move has yet to pass."""
    low, high = _between(lift, view)
    if lift.target != NO_STOREY:
        low, high = min(low, lift.target), max(high, lift.target)
    return Claim(lift.name, low, high)


def _between(lift: Lift, view: View) -> tuple[int, int]:
    if lift.storey != NO_STOREY:
        return lift.storey, lift.storey
    exact = lift.position_mm / view.layout.pitch_mm + 1
    return int(exact // 1), int(-(-exact // 1))


def _storey(lift: Lift, view: View) -> int:
    """Return the storey where a lift is, or the one nearest to it."""
    return lift.storey if lift.storey != NO_STOREY else round(lift.position_mm / view.layout.pitch_mm + 1)


def _level(where: str, view: View) -> set[int]:
    known = view.layout.is_slot(where) or view.layout.is_bay(where)
    return {view.layout.storey_of(where)} if known else set()
