"""The best order of a few errands for one lift: a beam search over whole sequences, in the planner's own time.

It knows that people hold bays while the lift works: a car can be fetched while another is taken out of the bay, and who
brings a car back drives in while the lift is away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import inf

from vendrive.tower.pace import Pace

WIDTH = 24
# A second until all is done counts so much against a second that somebody waits.
END_WEIGHT = 0.3


class Way(Enum):
    """From where to where a car goes."""

    fetch = "from a slot to a bay"
    store = "from a bay to a slot"
    street = "from the street, by a bay, to a slot"
    shift = "from a slot to a slot"


@dataclass(frozen=True)
class Errand:
    """A move as the search sees it. `bay` is the number of the bay of a store; `ready_s` when its car can be taken."""

    way: Way
    source: int
    target: int
    due_s: float
    bay: int = -1
    ready_s: float = 0.0
    weight: float = 1.0


@dataclass(frozen=True)
class Node:
    """A beginning of a sequence: when and where the lift is, the cost so far, what is done (bits), when each bay is
    free, and the steps: number of the errand and of its bay.
    """

    time_s: float
    storey: int
    cost: float
    done: int
    free: tuple[float, ...]
    path: tuple[tuple[int, int], ...]


def best_path(
    errands: Sequence[Errand], bays: Sequence[tuple[int, float]], storey: int, now_s: float, pace: Pace
) -> tuple[tuple[int, int], ...]:
    """Return the cheapest sequence, as numbers of errands and bays. `bays` are storeys and when each is free as far as
    no errand frees it (infinite where only one does).
    """
    nodes = [Node(now_s, storey, 0.0, 0, tuple(free_s for _, free_s in bays), ())]
    storeys = [at for at, _ in bays]
    for _ in errands:
        grown: dict[tuple[int, int], tuple[float, Node]] = {}
        for node in nodes:
            for number, errand in enumerate(errands):
                after = None if node.done >> number & 1 else _after(node, number, errand, storeys, now_s, pace)
                if after is None:
                    continue
                rank, key = _rank(after, errands), (after.done, after.path[0][0] * 100 + after.storey)
                if key not in grown or rank < grown[key][0]:
                    grown[key] = (rank, after)
        if not grown:
            break
        nodes = [node for _, node in sorted(grown.values(), key=lambda pair: pair[0])[:WIDTH]]
    return nodes[0].path


def _after(node: Node, number: int, errand: Errand, storeys: Sequence[int], now_s: float, pace: Pace) -> Node | None:
    """Return the node after one more errand, or None where no bay will be free for it."""
    bay = errand.bay if errand.bay >= 0 else _first_free(node.free)
    free_s, at = node.free[bay], storeys[bay]
    match errand.way:
        case Way.shift:
            moving_s = pace.travel_s(node.storey, errand.source) + pace.travel_s(errand.source, errand.target)
            time_s = node.time_s + moving_s + 2 * pace.transfer_s
            late_s, until_s, storey = max(0.0, time_s - errand.due_s), free_s, errand.target
        case Way.fetch:
            there_s = node.time_s + pace.travel_s(node.storey, errand.source) + pace.transfer_s
            time_s = max(there_s + pace.travel_s(errand.source, at), free_s) + pace.at_bay_s
            ready_s = time_s + pace.turn_s
            late_s, until_s, storey = max(0.0, ready_s - errand.due_s), max(ready_s, errand.due_s) + pace.taking_s, at
        case _:
            entered_s = max(free_s, now_s)
            from_street = errand.way == Way.street
            ready_s = entered_s + pace.bringing_s if from_street else errand.ready_s
            until_s = max(node.time_s + pace.travel_s(node.storey, at), ready_s) + pace.at_bay_s
            time_s, storey = until_s + pace.travel_s(at, errand.target) + pace.transfer_s, errand.target
            late_s = max(0.0, entered_s - errand.due_s) if from_street else 0.0
    if time_s == inf:
        return None
    free = node.free if errand.way == Way.shift else (*node.free[:bay], until_s, *node.free[bay + 1 :])
    path = (*node.path, (number, bay))
    return Node(time_s, storey, node.cost + errand.weight * late_s, node.done | 1 << number, free, path)


def _first_free(free: Sequence[float]) -> int:
    return min(range(len(free)), key=free.__getitem__)


def _rank(node: Node, errands: Sequence[Errand]) -> float:
    """Return the cost so far, what those still to come cost at least, and the time when all is over."""
    next_s = max(min(node.free), node.time_s)
    waits = sum(
        errand.weight * max(0.0, next_s - errand.due_s)
        for number, errand in enumerate(errands)
        if not node.done >> number & 1 and errand.way != Way.store
    )
    end_s = max(node.time_s, *(free_s for free_s in node.free if free_s < inf), 0.0)
    return node.cost + waits + END_WEIGHT * (0.5 * end_s + 0.5 * node.time_s)
