"""What is promised can be kept, whoever comes or stays away."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendrive.tower.promises import (
    PICKUP_MINUTES,
    RETURN_MINUTES,
    BayMinutes,
    Storage,
    breach_s,
    may_return,
    offer_early,
    offer_pickup,
    offer_return,
)

HOUR_S = 3600.0
FULL = Storage(0.0, stored=3, slots=4, due_back=(HOUR_S,))


def test_a_car_that_is_due_back_takes_the_last_slot() -> None:
    assert not may_return(FULL, 2 * HOUR_S)
    assert may_return(replace(FULL, due_back=()), 2 * HOUR_S)


def test_a_reserve_is_kept_and_overflow_counts() -> None:
    assert may_return(replace(FULL, overflow=1), HOUR_S)
    assert not may_return(replace(FULL, overflow=1, reserve=1), HOUR_S)


def test_a_late_car_still_needs_its_slot() -> None:
    assert not may_return(replace(FULL, now_s=5 * HOUR_S), 6 * HOUR_S)


def test_the_breach_is_named_by_its_instant() -> None:
    assert breach_s(replace(FULL, due_back=(HOUR_S, 2 * HOUR_S))) == 2 * HOUR_S
    assert breach_s(replace(FULL, stored=5, due_back=())) == 0.0
    assert breach_s(FULL) is None


def test_a_return_is_offered_from_when_a_locked_slot_is_back() -> None:
    locked = replace(FULL, slots=3, due_back=(), changes=((1000.0, 1),))
    assert not may_return(locked, 500.0)
    assert offer_return(locked, BayMinutes(1), 500.0) == 1800.0


def test_no_return_is_offered_where_no_slot_will_be_free() -> None:
    assert offer_return(FULL, BayMinutes(2), 500.0) is None


def test_an_early_return_is_offered_a_time_or_keeps_its_own() -> None:
    assert offer_early(FULL, BayMinutes(1), HOUR_S, 300.0) == 300.0
    locked = replace(FULL, slots=3, changes=((HOUR_S, 1),))
    assert offer_early(locked, BayMinutes(1), HOUR_S, 300.0) == HOUR_S
    with pytest.raises(ValueError, match="not in list"):
        offer_early(FULL, BayMinutes(1), 7.0, 300.0)


def test_a_full_quarter_hour_is_left_out() -> None:
    minutes = BayMinutes(1).book(0.0, PICKUP_MINUTES)
    assert offer_pickup(minutes, 60.0) == 900.0
    assert not minutes.has_room(899.0, RETURN_MINUTES)
    assert BayMinutes(2).book(0.0, PICKUP_MINUTES).has_room(899.0, PICKUP_MINUTES)


times = st.integers(0, 40).map(lambda quarter: quarter * 900.0)


@given(st.integers(1, 12), st.integers(0, 3), st.lists(times, max_size=30), st.data())
def test_all_that_was_promised_finds_a_slot(slots: int, reserve: int, asked: list[float], data: st.DataObject) -> None:
    """Cars come back when they were promised to, or late; customers of pick-ups come or do not. None finds it full."""
    stored = data.draw(st.integers(0, max(0, slots - reserve)))
    storage = Storage(0.0, stored, slots, reserve=reserve)
    for at_s in asked:
        offered_s = offer_return(storage, BayMinutes(3), at_s)
        if offered_s is not None:
            assert offered_s >= at_s
            storage = replace(storage, due_back=(*storage.due_back, offered_s))
    for _ in range(stored):
        if data.draw(st.booleans()):
            stored -= 1
    for _ in storage.due_back:
        stored += 1
        assert stored <= slots - reserve


@given(st.integers(0, 10), st.integers(0, 10), st.lists(times, max_size=12), times)
def test_a_refusal_says_nothing_less_than_a_breach(stored: int, slots: int, due: list[float], at_s: float) -> None:
    storage = Storage(0.0, stored, slots, due_back=tuple(due))
    assert may_return(storage, at_s) == (stored + len(due) + 1 <= slots)
