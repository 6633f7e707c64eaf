"""How large a tower must be: the smallest one that keeps a promise, found by simulating one after the other."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from vendrive.planning.demand import Day
from vendrive.planning.life import Life, Setting
from vendrive.planning.record import Record
from vendrive.planning.results import share_95, summarise
from vendrive.tower.layout import BayPlan, Layout, LiftPlan, SlotPlan, WayPlan, load_layout
from vendrive.tower.planner import Policy

MOST_BAYS = 4
MOST_LIFTS = 3
COLUMNS = "ABCDEFG"
SEEDS = (1, 2, 3, 4, 5)
MORE_SLOTS = (0, 7, 14, 21, 35)
# A car is out for three days; the smallest tower has so many slots for each hand-out of a day.
STORED_FOR_EACH = 1.5
# Three in four slots are taken at first; the free ones are for who comes back.
STORED_SHARE = 0.75
# Returns may wait longer than those who fetch a car; hardly anybody may find no car.
RETURN_FACTOR, REFUSED_SHARE = 2.0, 0.01


@dataclass(frozen=True)
class Goal:
    """What is asked: hand-outs a day, and the share of customers who wait no longer than so many seconds for a car."""

    hand_outs: float
    share: float
    within_s: float


@dataclass(frozen=True)
class Size:
    """One tower that was tried: the share of customers served in time with its 95 % interval, and what else counts."""

    lifts: int
    bays: int
    slots: int
    served: int
    share: float
    low: float
    high: float
    return_p95_s: float
    lift_use: float
    refused: int
    forgotten: int
    enough: bool

    @property
    def parts(self) -> tuple[int, int, int]:
        """Return lifts, bays and slots."""
        return self.lifts, self.bays, self.slots

    def said(self, goal: Goal) -> str:
        """Return a line for people."""
        within = f"{100 * self.share:5.1f} % within {goal.within_s:.0f} s [{100 * self.low:.1f}, {100 * self.high:.1f}]"
        others = f"returns p95 {self.return_p95_s:.0f} s, no car for {self.refused} of {self.served + self.refused}"
        return f"{within}, {others}, lifts at work {100 * self.lift_use:.1f} %"


@dataclass(frozen=True)
class Sizing:
    """All towers that were tried, the last one being the first that is large enough, if one is.

    `records` are the simulations of that last one, and `without` what is left of it when a part is out of service.
    """

    goal: Goal
    days: int
    tried: tuple[Size, ...]
    records: tuple[Record, ...] = field(repr=False)
    without: dict[str, Size] = field(default_factory=dict)

    @property
    def enough(self) -> Size | None:
        """Return the tower that was found, or None."""
        return self.tried[-1] if self.tried[-1].enough else None


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
            for more in MORE_SLOTS:
                yield lifts, bays, -(-(least + more) // len(COLUMNS)) * len(COLUMNS)


def size(goal: Goal, policy: Callable[[], Policy], days: int, show: Callable[[float, str], None]) -> Sizing:
    """Return the towers that were tried; `show` is told how many of all are done."""
    tried: list[Size] = []
    everything = list(tries(goal))
    for number, parts in enumerate(everything):
        show(number / len(everything), "{} lifts, {} bays, {} slots".format(*parts))
        records = _simulate(goal, policy, days, parts)
        tried.append(_judged(goal, records, parts))
        if tried[-1].enough:
            break
    without: dict[str, Size] = {}
    if tried[-1].enough:
        for part in _spared(parts):
            show(1.0, f"without {part}")
            without[part] = _judged(goal, _simulate(goal, policy, days, parts, part), parts)
    return Sizing(goal, days, tuple(tried), records, without)


def _spared(parts: tuple[int, int, int]) -> list[str]:
    """Return a bay and a lift without which something is left."""
    lifts, bays, _ = parts
    return [*(["B1"] if bays > lifts else []), *(["L1"] if lifts > 1 else [])]


def setting_of(
    goal: Goal, policy: Policy, days: int, parts: tuple[int, int, int], seed: int, without: str = ""
) -> Setting:
    """Return the simulation of one tower of these parts."""
    failed = frozenset({without} - {""})
    stored = int(parts[2] * STORED_SHARE)
    return Setting(tower_of(*parts), policy, seed, days, Day(goal.hand_outs), stored=stored, failed=failed)


def last_setting(sizing: Sizing, policy: Policy) -> Setting:
    """Return the simulation of the last tower that was tried."""
    return setting_of(sizing.goal, policy, sizing.days, sizing.tried[-1].parts, SEEDS[0])


def _simulate(
    goal: Goal, policy: Callable[[], Policy], days: int, parts: tuple[int, int, int], without: str = ""
) -> tuple[Record, ...]:
    """Return the records of all seeds, or of the first alone where it shows already that the tower is too small."""
    records: list[Record] = []
    for seed in SEEDS:
        records.append(Life(setting_of(goal, policy(), days, parts, seed, without)).run())
        if not without and _is_hopeless(goal, _judged(goal, records, parts)):
            break
    return tuple(records)


def _is_hopeless(goal: Goal, size: Size) -> bool:
    """Whether more seeds would not change that a tower is too small."""
    refused = size.refused > 2 * REFUSED_SHARE * size.served
    return size.high < goal.share or refused or size.return_p95_s > 2 * RETURN_FACTOR * goal.within_s


def _judged(goal: Goal, records: Sequence[Record], parts: tuple[int, int, int]) -> Size:
    """A tower is large enough if the promise is kept over all seeds, returns seldom wait long, and nearly nobody finds
    no car.
    """
    figures = summarise(records)
    waits = [wait for record in records for wait in record.hand_out_waits_s]
    forgotten, refused = int(figures["forgotten"]), int(figures["unserved"])
    kept, served = sum(wait <= goal.within_s for wait in waits), len(waits) + forgotten
    low, high = share_95(kept, served)
    return_s = figures["return_wait_p95_s"]
    share = kept / max(served, 1)
    good = share >= goal.share and return_s <= RETURN_FACTOR * goal.within_s and refused <= REFUSED_SHARE * served
    return Size(*parts, served, share, low, high, return_s, figures["lift_use"], refused, forgotten, good)
