"""How large a tower must be: the smallest one that keeps a promise, found by simulating one after the other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from vendrive.planning.demand import Day
from vendrive.planning.life import Life, Setting
from vendrive.planning.results import Summary, summarise
from vendrive.tower.layout import BayPlan, Layout, LiftPlan, SlotPlan, WayPlan, load_layout
from vendrive.tower.planner import Policy

MOST_BAYS = 4
MOST_LIFTS = 3
COLUMNS = "ABCDEFG"
SEEDS = (1, 2)
# A car is out for three days; so many cars stand ready for each hand-out of a day.
STORED_FOR_EACH = 2.0


@dataclass(frozen=True)
class Goal:
    """What is asked: hand-outs a day, and the share of booked customers who wait no longer than so many seconds."""

    hand_outs: float
    share: float
    within_s: float


@dataclass(frozen=True)
class Size:
    """One tower that was tried, and what its booked customers and its returns waited."""

    lifts: int
    bays: int
    slots: int
    share: float
    return_p95_s: float
    lift_use: float
    refused: int
    enough: bool


def tower_of(lifts: int, bays: int, slots: int) -> Layout:
    """Return a tower of up to seven columns; each lift has a shaft, bays and slots of its own, as one block."""
    model = load_layout("guangzhou42")
    names = [f"L{number + 1}" for number in range(lifts)]
    per_lift = -(-slots // lifts)
    tiers = max(2, -(-per_lift // len(COLUMNS)))
    ways = tuple(WayPlan(f"W{number + 1}", 1, tiers + 1) for number in range(lifts))
    plans = tuple(LiftPlan(name, f"W{number + 1}", 1, tiers + 1) for number, name in enumerate(names))
    bay_plans = tuple(BayPlan(f"B{number + 1}", 1, (names[number % lifts],)) for number in range(bays))
    slot_plans = tuple(_slot(number, name, at) for number, name in enumerate(names) for at in range(per_lift))
    return replace(model, name="sized", storeys=tiers + 1, ways=ways, lifts=plans, bays=bay_plans, slots=slot_plans)


def _slot(block: int, lift: str, at: int) -> SlotPlan:
    tier, column = at // len(COLUMNS) + 2, block * len(COLUMNS) + at % len(COLUMNS)
    return SlotPlan(f"{tier}{chr(ord('A') + column)}", tier, column + 1, (lift,))


def tries(goal: Goal) -> Iterator[tuple[int, int, int]]:
    """Yield lifts, bays and slots, the cheapest towers first: a lift costs most, then a bay, then a tier of slots."""
    least = round(goal.hand_outs * STORED_FOR_EACH)
    for lifts in range(1, MOST_LIFTS + 1):
        for bays in range(lifts, MOST_BAYS * lifts + 1):
            for more in (0, 7, 14, 28):
                yield lifts, bays, -(-(least + more) // 7) * 7


def size(goal: Goal, policy: Callable[[], Policy], days: int, show: Callable[[float, str], None]) -> list[Size]:
    """Return the towers that were tried, the last one being the first that is large enough, if one is."""
    found: list[Size] = []
    everything = list(tries(goal))
    for number, (lifts, bays, slots) in enumerate(everything):
        show(number / len(everything), f"{lifts} lifts, {bays} bays, {slots} slots")
        found.append(_try(goal, policy, days, lifts, bays, slots))
        if found[-1].enough:
            break
    return found


def _try(goal: Goal, policy: Callable[[], Policy], days: int, lifts: int, bays: int, slots: int) -> Size:
    layout = tower_of(lifts, bays, slots)
    stored = slots * 3 // 4
    records = [Life(Setting(layout, policy(), seed, days, Day(goal.hand_outs), stored=stored)).run() for seed in SEEDS]
    figures = summarise(records)
    waits = [wait for record in records for wait in record.pickup_waits_s]
    share = sum(wait <= goal.within_s for wait in waits) / max(len(waits), 1)
    return _judged(goal, figures, share, (lifts, bays, slots))


def _judged(goal: Goal, figures: Summary, share: float, tower: tuple[int, int, int]) -> Size:
    """A tower is large enough if bookings are kept, returns seldom wait long, and nearly nobody finds no car."""
    refused = int(figures["unserved"])
    served = figures["pickup_wait_count"] + figures["walkup_wait_count"]
    enough = share >= goal.share and figures["return_wait_p95_s"] <= 2 * goal.within_s and refused <= 0.01 * served
    return Size(*tower, share, figures["return_wait_p95_s"], figures["lift_use"], refused, enough)
