"""Our own policy: looks a few moves ahead, pairs stores with retrievals, and keeps cars that are wanted soon near.

No job starves. A job that has waited for AGEING_S is done before all that began to wait later; see `longest_wait_s`.
"""

from collections.abc import Sequence
from math import inf

from vendrive.tower.baseline import first_order
from vendrive.tower.jobs import Job, JobKind
from vendrive.tower.layout import Layout
from vendrive.tower.pace import pace_of
from vendrive.tower.placing import well_placed
from vendrive.tower.planner import (
    AGEING_S,
    BayAt,
    Go,
    Ground,
    LiftAt,
    Order,
    Plan,
    State,
    by_turn,
    ripe,
    waits_in_street,
    waits_since_s,
    yielding,
)
from vendrive.tower.search import AHEAD_S, Search

# A bay that is kept for so much longer than was expected is not counted on.
OVERDUE_S = 60.0


class Foresight:
    """Looks ahead over the most urgent jobs."""

    name = "foresight"

    def plan(self, state: State) -> Plan:
        """Return the orders that begin the best sequences."""
        ground = Ground(state)
        jobs, look_s = ripe(state.jobs, ground)
        away, yield_s = yielding(ground)
        waiting = by_turn([*jobs, *([away] if away else [])], state.now_s)
        soon = _soon(jobs, state)
        orders = _begin_oldest(waiting, ground)
        for body in state.lifts:
            if body.name not in ground.busy and body.name not in state.failed:
                found, later_s = Search(_share(waiting, ground, body.name), soon, ground, body).orders()
                orders += found
                look_s = min(look_s, later_s)
        waits, wait_s = _wait_well(ground)
        return Plan((*orders, *waits), min(look_s, yield_s, wait_s))


def _share(jobs: Sequence[Job], ground: Ground, lift: str) -> Sequence[Job]:
    """Return the jobs that one lift is to look at: of two on one way the upper one fetches the upper half of the wanted
    cars, and so the lower one can work below it meanwhile.

    Where each has bays of its own and customers of both kinds wait, the lower one stores and the upper one fetches: a
    bay that changes from returns to hand-outs stands idle until its lift has been to two slots.
    """
    others = ground.layout.beside(lift)
    if not others or others[0].name in ground.state.failed:
        return jobs
    lower = ground.layout.is_below(lift, others[0].name)
    levels = sorted(storey for job in jobs if (storey := _fetched_from(job, ground)) is not None)
    if len(levels) == 1 and _soonest(levels[0], ground) not in ("", lift):
        return [job for job in jobs if _fetched_from(job, ground) is None]
    if len(levels) < 2:
        return jobs
    if _each_its_kind(jobs, ground, lift, others[0].name):
        return [job for job in jobs if not (job.is_outward if lower else waits_in_street(job, ground.state))]
    middle = levels[len(levels) // 2]

    def is_mine(job: Job) -> bool:
        storey = _fetched_from(job, ground)
        return storey is None or (storey < middle) == lower

    return [job for job in jobs if is_mine(job)]


def _soonest(storey: int, ground: Ground) -> str:
    """Return the free lift that brings a car from a storey to a free bay soonest; empty where none can begin now."""
    bays = [(ground.layout.storey_of(bay), ground.serving(bay)) for bay in ground.free_bays]
    ways = [
        (ground.pace.travel_s(lift.storey, storey) + ground.pace.travel_s(storey, at), lift.name)
        for lift in ground.lifts_for()
        for at, serving in bays
        if lift.name in serving and lift.name not in ground.busy
    ]
    return min(ways, default=(0.0, ""))[1]


def _each_its_kind(jobs: Sequence[Job], ground: Ground, *lifts: str) -> bool:
    """Whether several customers of both kinds wait, and each lift has one bay of its own that can be counted on."""
    returns = sum(waits_in_street(job, ground.state) for job in jobs)
    own = [[bay for bay in ground.bays if lift in ground.serving(bay.name)] for lift in lifts]
    if returns < 2 or own[0] == own[1]:
        return False
    return all(len(bays) == 1 and not _is_kept(bays[0], ground) for bays in own)


def _is_kept(bay: BayAt, ground: Ground) -> bool:
    """Whether a car waits in a bay for its customer, or somebody keeps it for longer than was expected."""
    if bay.taken:
        return bay.free_s < ground.state.now_s - OVERDUE_S
    return bool(bay.car) and bay.car not in ground.moving


def _fetched_from(job: Job, ground: Ground) -> int | None:
    place = ground.state.places.get(job.car, "")
    fetched = job.is_outward and ground.layout.is_slot(place) and job.car not in ground.moving
    return ground.layout.storey_of(place) if fetched else None


def _soon(ripe_jobs: Sequence[Job], state: State) -> list[Job]:
    """Return the jobs that are expected within AHEAD_S: booked cars that need not be fetched yet, and returns."""
    until_s = state.now_s + AHEAD_S
    seen = {job.name for job in ripe_jobs}
    known = {job.car for job in state.jobs}
    jobs = [
        job
        for job in state.jobs
        if job.kind == JobKind.stage and job.name not in seen and state.now_s < job.due_s <= until_s
    ]
    jobs += [
        Job(f"return {car}", JobKind.store, car, at_s, at_s)
        for car, at_s in state.ahead.returns.items()
        if state.now_s < at_s <= until_s and car not in known and car not in state.places
    ]
    return sorted(jobs, key=lambda job: (job.due_s, job.name))


def longest_wait_s(layout: Layout, queue: int, bay_s: float) -> float:
    """Return the bound in seconds on the time from the beginning of a job's wait to its end.

    `queue` jobs began to wait before it ended its wait for its age; `bay_s` is the longest that people hold a bay.
    Until it is old enough others may pass it; from then on only older ones come first, each for at most two moves (one
    to put aside a car that stands before it), and each behind at most one move that had begun and one hold of a bay. On
    a way of two lifts each move may wait for one of the other.
    """
    shared = 2 if any(layout.beside(lift.name) for lift in layout.lifts) else 1
    return AGEING_S + (queue + 2) * (2 * shared * pace_of(layout).longest_s + bay_s)


def _begin_oldest(jobs: Sequence[Job], ground: Ground) -> list[Order]:
    """Begin the jobs that have waited for so long that their age alone counts, the oldest first.

    One that cannot begin yet has a bay kept for it; while none is free, no bay is given to any other.
    """
    orders: list[Order] = []
    for job in jobs:
        if ground.state.now_s - waits_since_s(job) < AGEING_S or job.car in ground.moving:
            continue
        order = first_order(job, ground)
        if order:
            order = well_placed(job, order, (), ground)
            ground.take(order)
            orders.append(order)
        elif job.is_outward or waits_in_street(job, ground.state):
            ground.keep_bay(job)
    return orders


def _wait_well(ground: Ground) -> tuple[list[Order], float]:
    """Send lifts with nothing to do where they will be wanted next; and say when it is time to look again."""
    orders: list[Order] = []
    look_s = inf
    for body in ground.state.lifts:
        if not body.free or body.name in ground.busy or body.name in ground.state.failed:
            continue
        storey = ground.go_to.get(body.name) or _dwell(ground, body.name)
        at_s = _goes_at_s(ground, body, storey)
        if storey != body.storey and at_s <= ground.state.now_s:
            orders.append(Go(body.name, storey))
        elif storey != body.storey:
            look_s = min(look_s, at_s)
    return orders, look_s


def _goes_at_s(ground: Ground, body: LiftAt, storey: int) -> float:
    """Return from when on a lift with nothing to do may wait at a storey; infinite where that is not known.

    Of two lifts on one way the lower one may go where it is in nobody's way, and the upper one to its bay when somebody
    is about to have driven in there; else they would send each other about.
    """
    beside, now_s = ground.layout.beside(body.name), ground.state.now_s
    if not beside:
        return now_s
    below = ground.layout.is_below(body.name, beside[0].name)
    theirs = [ground.layout.storey_of(bay.name) for bay in ground.bays if beside[0].name in ground.serving(bay.name)]
    if below and all(storey < other for other in theirs):
        return now_s
    coming = [bay for bay in ground.bays if bay.coming and ground.layout.storey_of(bay.name) == storey]
    if not below and coming and all(storey > other for other in theirs):
        return min(bay.ready_s for bay in coming) - ground.pace.travel_s(body.storey, storey)
    return now_s if _is_first_below(ground, body, storey) else inf


def _is_first_below(ground: Ground, body: LiftAt, storey: int) -> bool:
    """Whether this is the lower lift of its way, the other one is idle, and somebody comes into a bay at a storey."""
    others = [lift for lift in ground.state.lifts for plan in ground.layout.beside(body.name) if lift.name == plan.name]
    coming = any(bay.coming and ground.layout.storey_of(bay.name) == storey for bay in ground.bays)
    return coming and all(
        lift.free and lift.name not in ground.busy and ground.layout.is_below(body.name, lift.name) for lift in others
    )


def _dwell(ground: Ground, lift: str) -> int:
    """Return the storey from which the next move is expected to begin soonest."""
    own = [bay for bay in ground.bays if lift in ground.serving(bay.name)]
    bay = ground.layout.storey_of(own[0].name) if own else ground.layout.bays_of(lift)[0].storey
    if any(bay.taken and not bay.car for bay in own):
        return bay
    storeys = sorted(
        ground.layout.storey_of(place)
        for place in ground.state.places.values()
        if ground.layout.is_slot(place) and lift in ground.layout.slot(place).lifts
    )
    return storeys[len(storeys) // 2] if storeys else bay
