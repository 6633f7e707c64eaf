"""Our own policy: looks a few moves ahead, pairs stores with retrievals, and keeps cars that are wanted soon near.

No job starves. A job that has waited for AGEING_S is done before all that began to wait later; see `longest_wait_s`.
"""

from collections.abc import Sequence
from math import inf

from vendrive.tower.baseline import first_order
from vendrive.tower.jobs import Job, JobKind
from vendrive.tower.layout import Layout, SlotPlan
from vendrive.tower.lookahead import Errand, best_first
from vendrive.tower.pace import pace_of
from vendrive.tower.planner import (
    AGEING_S,
    Go,
    Ground,
    Move,
    Order,
    Plan,
    State,
    by_turn,
    ripe,
    waits_in_street,
    waits_since_s,
    yielding,
)

# So many jobs are put in order at once; those behind wait for their turn.
SEEN = 8
# A car that nobody has booked is expected to be wanted after this long.
UNBOOKED_S = 48 * 3600.0
# What a car in the wrong place costs: it is moved to a charger, or away from one, later.
CHARGER_S = 30.0


class Foresight:
    """Looks ahead over the most urgent jobs."""

    name = "foresight"

    def plan(self, state: State) -> Plan:
        """Return the orders that begin the best sequences."""
        ground = Ground(state)
        jobs, look_s = ripe(state.jobs, ground)
        away, yield_s = yielding(ground)
        waiting = by_turn([*jobs, *([away] if away else [])], state.now_s)
        orders = _admit(waiting, ground)
        for _ in state.lifts:
            order = _next_move(waiting, ground)
            if order is None:
                break
            ground.take(order)
            orders.append(order)
        orders += _wait_well(ground, waiting)
        return Plan(tuple(orders), min(look_s, yield_s))


def longest_wait_s(layout: Layout, queue: int, bay_s: float) -> float:
    """Return the bound in seconds on the time from the beginning of a job's wait to its end.

    `queue` jobs began to wait before it ended its wait for its age; `bay_s` is the longest that people hold a bay.
    Until it is old enough others may pass it; from then on only older ones come first, each for at most two moves (one
    to put aside a car that stands before it), and each behind at most one move that had begun and one hold of a bay. On
    a way of two lifts each move may wait for one of the other.
    """
    shared = 2 if any(layout.beside(lift.name) for lift in layout.lifts) else 1
    return AGEING_S + (queue + 2) * (2 * shared * pace_of(layout).longest_s + bay_s)


def _admit(jobs: Sequence[Job], ground: Ground) -> list[Order]:
    """Let people drive in while bays are free that no lift needs at once for somebody who waits."""
    orders: list[Order] = []
    for job in jobs:
        if waits_in_street(job, ground.state) and job.car not in ground.moving:
            order = first_order(job, ground)
            if order:
                ground.take(order)
                orders.append(order)
        elif job.person_waits and job.car not in ground.moving and len(ground.free_bays) == 1:
            break
    return orders


def _next_move(jobs: Sequence[Job], ground: Ground) -> Order | None:
    now_s = ground.state.now_s
    startable: list[tuple[Job, Move]] = []
    for job in jobs:
        order = None if waits_in_street(job, ground.state) else first_order(job, ground)
        if isinstance(order, Move):
            if now_s - waits_since_s(job) >= AGEING_S:
                return _well_placed(job, order, jobs, ground)
            startable.append((job, order))
        if len(startable) == SEEN:
            break
    if len(startable) < 2:
        return _well_placed(*startable[0], jobs, ground) if startable else None
    return _well_placed(*_choose(startable, ground), jobs, ground)


def _choose(startable: Sequence[tuple[Job, Move]], ground: Ground) -> tuple[Job, Move]:
    """Return the first job of the best sequence for the lift that the most urgent one would take."""
    lift = startable[0][1].lift
    same = [pair for pair in startable if lift in ground.layout.place(pair[1].source).lifts]
    body = next(body for body in ground.state.lifts if body.name == lift)
    errands = [_errand(job, move, ground) for job, move in same]
    bays = [(bay.name, ground.layout.storey_of(bay.name), _free_s(bay.name, ground)) for bay in ground.bays]
    first = best_first(errands, bays, body.storey, ground.state.now_s, ground.pace)
    job, move = same[first]
    return job, Move(lift, move.car, move.source, move.target, move.job)


def _free_s(bay: str, ground: Ground) -> float:
    """Return when a bay is expected to be empty without a move of ours."""
    body = next(body for body in ground.bays if body.name == bay)
    if bay in ground.free_bays:
        return ground.state.now_s
    storing = any(job.kind == JobKind.store and ground.state.places.get(job.car) == bay for job in ground.state.jobs)
    return inf if storing else max(body.free_s, ground.state.now_s)


def _errand(job: Job, move: Move, ground: Ground) -> Errand:
    layout = ground.layout
    return Errand(
        source=layout.storey_of(move.source),
        target=layout.storey_of(move.target),
        from_bay=move.source if layout.is_bay(move.source) else "",
        to_bay=layout.is_bay(move.target),
        due_s=max(job.due_s, job.since_s),
        weight=1.0 if job.is_outward else 0.3,
    )


def _well_placed(job: Job, order: Order, jobs: Sequence[Job], ground: Ground) -> Order:
    """Return a move that stores with the slot chosen by when the car is wanted, and by what the lift fetches next."""
    if not isinstance(order, Move) or not ground.layout.is_slot(order.target) or job.slot == order.target:
        return order
    nexts = [other for other in jobs if other.is_outward and other is not job and other.car not in ground.moving]
    at = [ground.state.places.get(other.car, "") for other in nexts]
    storeys = [ground.layout.storey_of(place) for place in at if ground.layout.is_slot(place)][:1]
    wanted_s = ground.state.ahead.pickups.get(order.car, ground.state.now_s + UNBOOKED_S)
    target = choose_slot(ground, order, wanted_s, storeys)
    return Move(order.lift, order.car, order.source, target, order.job)


def choose_slot(ground: Ground, order: Move, wanted_s: float, then: Sequence[int]) -> str:
    """Return the free slot with the least travel now and at the next retrieval, and the least in anybody's way."""
    source = ground.layout.storey_of(order.source)
    bay = ground.layout.storey_of(ground.layout.bays[0].name)
    travel_s = ground.pace.travel_s

    def cost(slot: SlotPlan) -> tuple[float, str]:
        now_s = travel_s(source, slot.storey) + (travel_s(slot.storey, then[0]) if then else 0.0)
        later_s = travel_s(slot.storey, bay) + (CHARGER_S if _misplaced(ground.state, order.car, slot.name) else 0.0)
        return (now_s + later_s + _in_the_way_s(ground, slot, wanted_s), slot.name)

    return min(ground.free_slots(order.lift), key=cost, default=ground.layout.slot(order.target)).name


def _misplaced(state: State, car: str, slot: str) -> bool:
    """Whether a car that needs no charge would take a charger, or one that needs it would get none."""
    return bool(state.chargers) and (slot in state.chargers) != (car in state.low)


def _in_the_way_s(ground: Ground, slot: SlotPlan, wanted_s: float) -> float:
    """Return the expected seconds of putting cars aside: a car in front of one that is wanted before it, or the other
    way round.
    """
    aside_s = ground.pace.longest_s
    pickups, later_s = ground.state.ahead.pickups, ground.state.now_s + UNBOOKED_S
    rear = ground.layout.hidden_by(slot.name)
    if rear and rear in ground.at:
        behind_s = pickups.get(ground.at[rear], later_s)
        return 0.0 if wanted_s < behind_s else aside_s * (0.5 if wanted_s == behind_s else 1.0)
    # A rear slot will have somebody before it: better one who is wanted late.
    return aside_s * 0.5 if slot.behind and wanted_s < later_s else 0.0


def _wait_well(ground: Ground, jobs: Sequence[Job]) -> list[Order]:
    """Send lifts with nothing to do where they will be wanted next."""
    orders: list[Order] = []
    for body in ground.state.lifts:
        if not body.free or body.name in ground.busy or body.name in ground.state.failed:
            continue
        storey = _dwell(ground, body.name)
        if abs(storey - body.storey) > 0 and not ground.layout.beside(body.name):
            orders.append(Go(body.name, storey))
    return orders


def _dwell(ground: Ground, lift: str) -> int:
    """Return the storey from which the next move is expected to begin soonest."""
    bay = ground.layout.bays_of(lift)[0].storey
    if any(bay.taken and not bay.car for bay in ground.bays):
        return bay
    storeys = sorted(
        ground.layout.storey_of(place)
        for place in ground.state.places.values()
        if ground.layout.is_slot(place) and lift in ground.layout.slot(place).lifts
    )
    return storeys[len(storeys) // 2] if storeys else bay
