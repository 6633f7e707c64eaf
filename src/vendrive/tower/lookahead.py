"""The best order of a few errands for one lift: a beam search over whole sequences, in the planner's own time."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from vendrive.tower.pace import Pace

WIDTH = 24
# A second of the lift's time counts so much against a second that somebody waits.
LIFT_WEIGHT = 0.05


@dataclass(frozen=True)
class Errand:
    """A move as the search sees it: storeys, what it frees or needs, and what its lateness costs."""

    source: int
    target: int
    from_bay: str
    to_bay: bool
    due_s: float
    weight: float


# Time, storey, cost so far, done (bits), the first errand, and when each bay is free.
_Node = tuple[float, int, float, int, int, tuple[float, ...]]


def best_first(
    errands: Sequence[Errand], bays: Sequence[tuple[str, int, float]], storey: int, now_s: float, pace: Pace
) -> int:
    """Return the number of the errand with which the cheapest sequence begins.

    `bays` are names, storeys and when each is free, as far as no errand frees it.
    """
    nodes: list[_Node] = [(now_s, storey, 0.0, 0, -1, tuple(free_s for _, _, free_s in bays))]
    everything = (1 << len(errands)) - 1
    names = [name for name, _, _ in bays]
    best = 0
    for _ in errands:
        grown: dict[tuple[int, int, int], tuple[float, _Node]] = {}
        for node in nodes:
            for number, errand in enumerate(errands):
                if node[3] >> number & 1:
                    continue
                after = _after(node, number, errand, names, pace)
                if after is None:
                    continue
                rank = after[2] + _left(after, errands)
                key = (after[3], after[1], after[4])
                if key not in grown or rank < grown[key][0]:
                    grown[key] = (rank, after)
        if not grown:
            break
        ranked = sorted(grown.values(), key=lambda pair: pair[0])[:WIDTH]
        nodes = [node for _, node in ranked]
        best = nodes[0][4]
        if nodes[0][3] == everything:
            break
    return max(best, 0)


def _after(node: _Node, number: int, errand: Errand, names: Sequence[str], pace: Pace) -> _Node | None:
    """Return the node after one more errand, or None where no bay will be free for it."""
    time_s, storey, cost, done, first, free = node
    time_s += pace.travel_s(storey, errand.source) + (pace.at_bay_s if errand.from_bay else pace.transfer_s)
    bays = list(free)
    if errand.from_bay:
        bays[names.index(errand.from_bay)] = time_s
    time_s += pace.travel_s(errand.source, errand.target)
    if errand.to_bay:
        at = min(range(len(bays)), key=bays.__getitem__)
        if bays[at] == inf:
            return None
        time_s = max(time_s, bays[at]) + pace.at_bay_s
        bays[at] = time_s + pace.turn_s + pace.taking_s
        ready_s = time_s + pace.turn_s
    else:
        time_s += pace.transfer_s
        ready_s = time_s
    cost += errand.weight * max(0.0, ready_s - errand.due_s)
    return time_s, errand.target, cost, done | 1 << number, number if first < 0 else first, tuple(bays)


def _left(node: _Node, errands: Sequence[Errand]) -> float:
    """Return what the time that has passed costs at least: the lift's, and of all whose errands are still to come."""
    time_s, done = node[0], node[3]
    waits = sum(
        errand.weight * max(0.0, time_s - errand.due_s)
        for number, errand in enumerate(errands)
        if not done >> number & 1
    )
    return waits + LIFT_WEIGHT * time_s
