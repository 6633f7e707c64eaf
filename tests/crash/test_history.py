"""The checker of histories finds each anomaly where there is one, and none where a serial order explains everything."""

import random

import pytest

from tests.crash.history import Outcome, Txn, anomalies

OK, FAILED, UNKNOWN = Outcome.ok, Outcome.failed, Outcome.unknown


def txn(number: int, at: tuple[float, float], appends: str = "", outcome: Outcome = OK, **reads: str) -> Txn:
    """Return a transaction: `appends` is `x1 y2`, reads are `x="12"`."""
    written = {word[0]: word[1:] for word in appends.split()}
    return Txn(number, *at, outcome, written, {key: tuple(values) for key, values in reads.items()})


def names(history: list[Txn], **final: str) -> set[str]:
    return {one.name for one in anomalies(history, {key: tuple(values) for key, values in final.items()})}


def test_a_serial_history_has_none() -> None:
    history = [txn(1, (0, 1), "x1 y1", x="1"), txn(2, (2, 3), "x2", x="12", y="1"), txn(3, (4, 5), x="12", y="1")]
    assert names(history, x="12", y="1") == set()


def test_overlapping_transactions_may_come_in_either_order() -> None:
    history = [txn(1, (0, 9), "x1"), txn(2, (0, 9), "x2"), txn(3, (1, 8), x="2"), txn(4, (0, 9), x="")]
    assert names(history, x="21") == set()


def test_what_a_dead_client_wrote_may_be_there_or_not() -> None:
    history = [txn(1, (0, 1), "x1", UNKNOWN), txn(2, (0, 1), "x2", UNKNOWN), txn(3, (2, 3), x="1")]
    assert names(history, x="1") == set()


@pytest.mark.parametrize(
    ("history", "final", "name"),
    [
        ([txn(1, (0, 1), "x1")], "", "lost write"),
        ([txn(1, (0, 1), "x1")], "11", "duplicate"),
        ([], "1", "from nowhere"),
        ([txn(1, (0, 1), "x1", FAILED)], "1", "aborted write"),
        ([txn(1, (0, 1), "x1"), txn(2, (0, 1), "x2", x="2")], "12", "incompatible order"),
        ([txn(1, (0, 1), "x1", FAILED), txn(2, (0, 1), x="1")], "", "G1a"),
        ([txn(1, (0, 1), "x1", x="")], "1", "internal"),
    ],
)
def test_each_simple_anomaly_is_named(history: list[Txn], final: str, name: str) -> None:
    assert name in names(history, x=final)


def test_a_stale_read_is_a_cycle_with_real_time() -> None:
    assert names([txn(1, (0, 1), "x1"), txn(2, (2, 3), x="")], x="1") == {"G-single or G2"}


def test_write_skew_is_a_cycle() -> None:
    """Each of two saw the other's list empty: no order of the two explains both."""
    history = [txn(1, (0, 9), "x1", y=""), txn(2, (0, 9), "y2", x="")]
    assert names(history, x="1", y="2") == {"G-single or G2"}


def test_a_long_fork_is_a_cycle() -> None:
    history = [
        txn(1, (0, 9), "x1"), txn(2, (0, 9), "y2"), txn(3, (0, 9), x="1", y=""), txn(4, (0, 9), x="", y="2"),
    ]  # fmt: skip
    assert names(history, x="1", y="2") == {"G-single or G2"}


@pytest.mark.parametrize("number", range(5))
def test_histories_of_one_thread_have_none_until_one_read_is_changed(number: int) -> None:
    rng = random.Random(number)
    lists: dict[str, tuple[str, ...]] = {"x": (), "y": (), "z": ()}
    history = []
    for n in range(200):
        key, other = rng.choice("xyz"), rng.choice("xyz")
        lists[key] = (*lists[key], str(n))
        history.append(Txn(n, n, n + 0.5, OK, {key: str(n)}, {key: lists[key], other: lists[other]}))
    assert anomalies(history, lists) == []
    victim = rng.randrange(100, 200)
    key = next(name for name in history[victim].reads if name not in history[victim].appends or len(lists[name]) > 1)
    cut = {**history[victim].reads, key: history[victim].reads[key][:-1]}
    if not history[victim].reads[key]:
        return
    changed = Txn(victim, victim, victim + 0.5, OK, history[victim].appends, cut)
    assert anomalies([*history[:victim], changed, *history[victim + 1 :]], lists) != []
