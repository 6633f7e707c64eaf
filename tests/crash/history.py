"""A checker of histories over lists that are only appended to (as Elle does, with a cycle search of our own).

Clients say when each of their transactions began and ended, what it appended to which lists, and what it read of them.
Values are unique, so a read shows which transactions it saw and which it did not see. That gives a graph of what must
have come before what; under strict serialisability it has no cycle. Pure.

Sources: Adya's dependencies (ww, wr, rw); Kingsbury and Alvaro, "Elle: Inferring Isolation Anomalies from Experimental
Observations" (VLDB 2020), whose names for anomalies are used.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

Value = str
List = tuple[Value, ...]


class Outcome(StrEnum):
    """How a transaction ended; unknown is that of a client who died, or lost its line, before it was told."""

    ok = "ok"
    failed = "failed"
    unknown = "unknown"


@dataclass(frozen=True)
class Txn:
    """One transaction. Its reads of a list that it appended to came after its append. Times are seconds."""

    id: int
    start_s: float
    end_s: float
    outcome: Outcome
    appends: Mapping[str, Value] = field(default_factory=dict)
    reads: Mapping[str, List] = field(default_factory=dict)


@dataclass(frozen=True)
class Anomaly:
    """Something that no serial order explains; `transactions` are those to look at."""

    name: str
    what: str
    transactions: tuple[int, ...] = ()


def anomalies(history: Iterable[Txn], final: Mapping[str, List]) -> list[Anomaly]:
    """Return everything in a history that no serial order in real time explains.

    `final` holds each list as it was when all was over.
    """
    told = list(history)
    writers = {(key, value): txn for txn in told for key, value in txn.appends.items()}
    found = [*_wrong_lists(told, final, writers), *_wrong_reads(told, final, writers)]
    if found:
        return found  # the order of the lists is not known, so there is no graph to search
    return _cycles(told, final, writers)


def _wrong_lists(
    told: list[Txn], final: Mapping[str, List], writers: Mapping[tuple[str, Value], Txn]
) -> Iterable[Anomaly]:
    for key, values in final.items():
        for value in {value for value in values if values.count(value) > 1}:
            yield Anomaly("duplicate", f"{value} is twice in {key}")
        for value in values:
            writer = writers.get((key, value))
            if writer is None:
                yield Anomaly("from nowhere", f"{value} in {key} is nobody's")
            elif writer.outcome is Outcome.failed:
                yield Anomaly("aborted write", f"{value} in {key} was refused", (writer.id,))
    for txn in told:
        for key, value in txn.appends.items():
            if txn.outcome is Outcome.ok and value not in final.get(key, ()):
                yield Anomaly("lost write", f"{value} was acknowledged and is not in {key}", (txn.id,))


def _wrong_reads(
    told: list[Txn], final: Mapping[str, List], writers: Mapping[tuple[str, Value], Txn]
) -> Iterable[Anomaly]:
    for txn in told:
        for key, values in txn.reads.items():
            if values != final.get(key, ())[: len(values)]:
                yield Anomaly("incompatible order", f"{key} was read as {values}, and is {final.get(key)}", (txn.id,))
            if key in txn.appends and (not values or values[-1] != txn.appends[key]):
                yield Anomaly("internal", f"{key} was read as {values} after {txn.appends[key]}", (txn.id,))
            for value in values:
                writer = writers.get((key, value))
                if writer is not None and writer.outcome is Outcome.failed:
                    yield Anomaly("G1a", f"{value} in {key} was read and refused", (txn.id, writer.id))


def _cycles(told: list[Txn], final: Mapping[str, List], writers: Mapping[tuple[str, Value], Txn]) -> list[Anomaly]:
    seen = {txn.id: txn for txn in told if txn.outcome is Outcome.ok}
    seen |= {writers[key, value].id: writers[key, value] for key, values in final.items() for value in values}
    edges = _dependencies(seen, final, writers)
    found = []
    for part in _components({**edges, **_with_time(seen, edges)}):
        if len(part) > 1:
            names = tuple(sorted(node for node in part if node >= 0))
            kind = "G-single or G2" if len(names) > 1 else "real time"
            found.append(Anomaly(kind, f"{len(names)} transactions each come before themselves", names))
    return found


def _dependencies(
    seen: Mapping[int, Txn], final: Mapping[str, List], writers: Mapping[tuple[str, Value], Txn]
) -> dict[int, set[int]]:
    """Return who comes before whom: ww by the lists' order, wr to who read the last value, rw to who wrote the next."""
    edges: dict[int, set[int]] = defaultdict(set)

    def before(first: int, second: int) -> None:
        if first != second:
            edges[first].add(second)

    for key, values in final.items():
        for one, other in pairwise(values):
            before(writers[key, one].id, writers[key, other].id)
    for txn in seen.values():
        for key, values in txn.reads.items():
            if values:
                before(writers[key, values[-1]].id, txn.id)
            following = final.get(key, ())[len(values) : len(values) + 1]
            for value in following:
                before(txn.id, writers[key, value].id)
    return edges


def _with_time(seen: Mapping[int, Txn], edges: Mapping[int, set[int]]) -> dict[int, set[int]]:
    """Add real time: who ended before another began comes before it.

    A chain of moments (negative numbers) carries this, so that the graph grows with the history and not its square.
    """
    ends = sorted((txn for txn in seen.values() if txn.outcome is Outcome.ok), key=lambda txn: txn.end_s)
    graph: dict[int, set[int]] = {node: set(edges.get(node, ())) for node in seen}
    for place, txn in enumerate(ends):
        moment = -1 - place
        graph[txn.id].add(moment)
        graph[moment] = {moment - 1} if place + 1 < len(ends) else set()
    times = [txn.end_s for txn in ends]
    for txn in seen.values():
        ended = _count_below(times, txn.start_s)
        if ended:
            graph[-ended].add(txn.id)
    return graph


def _count_below(times: list[float], moment: float) -> int:
    low, high = 0, len(times)
    while low < high:
        middle = (low + high) // 2
        if times[middle] < moment:
            low = middle + 1
        else:
            high = middle
    return low


def _components(graph: Mapping[int, set[int]]) -> list[list[int]]:
    """Return the strongly connected components (Kosaraju: order of leaving, then the graph turned round)."""
    left: list[int] = []
    entered: set[int] = set()
    for root in graph:
        stack = [(root, iter(graph[root]))] if root not in entered else []
        entered.add(root)
        while stack:
            node, following = stack[-1]
            onward = next((other for other in following if other not in entered), None)
            if onward is None:
                left.append(node)
                stack.pop()
            else:
                entered.add(onward)
                stack.append((onward, iter(graph[onward])))
    turned: dict[int, set[int]] = {node: set() for node in graph}
    for node, following_nodes in graph.items():
        for other in following_nodes:
            turned[other].add(node)
    return _parts(reversed(left), turned)


def _parts(order: Iterable[int], turned: Mapping[int, set[int]]) -> list[list[int]]:
    assigned: set[int] = set()
    parts = []
    for root in order:
        if root in assigned:
            continue
        part, queue = [], deque([root])
        assigned.add(root)
        while queue:
            node = queue.popleft()
            part.append(node)
            fresh = turned[node] - assigned
            assigned |= fresh
            queue.extend(fresh)
        parts.append(part)
    return parts
