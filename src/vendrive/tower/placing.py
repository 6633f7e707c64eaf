"""Which slot a stored car goes to: by when it is wanted next, and by what the lift fetches afterwards."""

from collections.abc import Sequence
from dataclasses import replace

from vendrive.tower.jobs import Job
from vendrive.tower.layout import SlotPlan
from vendrive.tower.planner import Ground, Move, Order, State

# A car that nobody has booked is expected to be wanted after this long.
UNBOOKED_S = 48 * 3600.0
# What a car in the wrong place costs: it is moved to a charger, or away from one, later.
CHARGER_S = 30.0


def well_placed(job: Job, order: Order, then: Sequence[int], ground: Ground) -> Order:
    """Return a move that stores with the slot chosen by when the car is wanted, and by where the lift goes next."""
    if not isinstance(order, Move) or not ground.layout.is_slot(order.target) or job.slot == order.target:
        return order
    wanted_s = ground.state.ahead.pickups.get(order.car, ground.state.now_s + UNBOOKED_S)
    aside_for = None if order.car == job.car else job
    target = choose_slot(ground, order, wanted_s, then, aside_for)
    return replace(order, target=target)


def choose_slot(ground: Ground, order: Move, wanted_s: float, then: Sequence[int], aside_for: Job | None = None) -> str:
    """Return the free slot with the least travel now and at the next retrieval, and the least in anybody's way."""
    source = ground.layout.storey_of(order.source)
    bay = ground.layout.storey_of(ground.layout.bays[0].name)
    travel_s = ground.pace.travel_s

    def cost(slot: SlotPlan) -> tuple[float, str]:
        now_s = travel_s(source, slot.storey) + (travel_s(slot.storey, then[0]) if then else 0.0)
        later_s = travel_s(slot.storey, bay) + (CHARGER_S if _misplaced(ground.state, order.car, slot.name) else 0.0)
        return (now_s + later_s + _in_the_way_s(ground, slot, wanted_s), slot.name)

    return min(ground.free_slots(order.lift, aside_for), key=cost, default=ground.layout.slot(order.target)).name


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
