"""The strong baseline: first come, first served; the nearest free slot; a lift stays where its last move ended."""

from vendrive.tower.jobs import Job, JobKind
from vendrive.tower.layout import SlotPlan
from vendrive.tower.planner import (
    AGEING_S,
    EARLY_S,
    Admit,
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


class Baseline:
    """FCFS with nearest free slot and the same pre-staging as every policy."""

    name = "baseline"

    def plan(self, state: State) -> Plan:
        """Return the first possible order of the first jobs."""
        ground = Ground(state)
        jobs, look_s = ripe(state.jobs, ground)
        away, yield_s = yielding(ground)
        orders: list[Order] = []
        for job in by_turn([*jobs, *([away] if away else [])], state.now_s):
            order = first_order(job, ground)
            if order:
                ground.take(order)
                orders.append(order)
        return Plan(tuple(orders), min(look_s, yield_s))


def first_order(job: Job, ground: Ground) -> Order | None:
    """Return what can be begun for a job now, or None."""
    state = ground.state
    if job.car in ground.moving:
        return None
    if waits_in_street(job, state):
        bay = next((bay for bay in ground.free_bays if ground.room(bay) > 0), "")
        return Admit(job.car, bay) if bay else None
    source = state.places.get(job.car, "")
    if not source or source in state.failed:
        return None
    if job.is_outward:
        return _outward(job, source, ground)
    if ground.blocker(source):
        return None
    return _into_slot(job.car, source, job, ground)


def _outward(job: Job, source: str, ground: Ground) -> Order | None:
    if ground.layout.is_bay(source):
        return None
    blocker = ground.blocker(source)
    if blocker:
        # Who is in the way and wanted too leaves by itself. But for the oldest the next bay is kept, and so they might
        # wait for each other for ever.
        soon, now_s = ground.wanted.get(ground.state.places[blocker]), ground.state.now_s
        if soon and soon[0] <= now_s + EARLY_S and now_s - waits_since_s(job) < AGEING_S:
            return None
        # Two cars that hide each other's way out would be put aside by turns, and no bay would ever be cleared.
        later = blocker in ground.moving or ground.no_bay or (not ground.free_bays and _is_bay_to_clear(ground))
        return None if later else _into_slot(blocker, ground.state.places[blocker], job, ground)
    for bay in ground.free_bays:
        lifts = idle(ground, source, bay)
        if lifts:
            return Move(lifts[0], job.car, source, bay, job.name)
    return None


def _is_bay_to_clear(ground: Ground) -> bool:
    """Whether a car stands in a bay that is to be stored."""
    bays = {bay.car for bay in ground.bays if bay.car and not bay.taken}
    return any(job.kind == JobKind.store and job.car in bays for job in ground.state.jobs)


def _into_slot(car: str, source: str, job: Job, ground: Ground) -> Order | None:
    for lift in idle(ground, source):
        slot = (
            job.slot if job.slot and car == job.car else nearest(ground, lift, source, None if car == job.car else job)
        )
        if slot and ground.is_usable(ground.layout.slot(slot)):
            return Move(lift, car, source, slot, job.name)
    return None


def idle(ground: Ground, *places: str) -> list[str]:
    """Return the free lifts that serve all these places and have no order yet, the nearest first."""
    storey = ground.layout.storey_of(places[0])
    lifts = sorted(ground.lifts_for(*places), key=lambda lift: (abs(lift.storey - storey), lift.name))
    return [lift.name for lift in lifts if lift.name not in ground.busy]


def nearest(ground: Ground, lift: str, source: str, aside_for: Job | None = None) -> str:
    """Return the free slot nearest to where the car is; a rear one before the one in front of it."""
    storey = ground.layout.storey_of(source)

    def rank(slot: SlotPlan) -> tuple[int, bool, str]:
        return (abs(slot.storey - storey), not slot.behind, slot.name)

    slots = ground.free_slots(lift, aside_for)
    return min(slots, key=rank).name if slots else ""
