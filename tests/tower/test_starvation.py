"""Nobody waits for ever: crowds that try to keep somebody waiting beyond the bound of docs/planning.md."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tower.crowd import Crowd, Wait
from vendrive.tower import foresight, search
from vendrive.tower.foresight import Foresight, longest_wait_s
from vendrive.tower.layout import Layout, load_layout
from vendrive.tower.pace import pace_of

HOURS_S = 3600.0
# One deep: the car farthest from the bays. Two deep: the one at the top, with another car before it.
FAR = {"guangzhou42": ("7G",), "carvana34": ("9D",), "singapore60": ("16A", "16B"), "shanghai3": ("3E",)}


def crowd(name: str, gap_s: float, hold_s: float, share: float = 0.5) -> Crowd:
    layout, (far, *standing) = load_layout(name), FAR[name]
    others = [slot for slot in layout.slots if slot.name not in (far, *standing) and not slot.behind]
    near = [slot.name for slot in sorted(others, key=lambda slot: slot.storey)]
    return Crowd(
        layout, Foresight(), far, tuple(near[: max(2, int(len(near) * share))]), gap_s, hold_s, standing=tuple(standing)
    )


def bound_s(layout: Layout, wait: Wait, hold_s: float) -> float:
    pace = pace_of(layout)
    bay_s = hold_s + 2 * pace.door_s + pace.checks_s + pace.turn_s + pace.at_bay_s
    return longest_wait_s(layout, wait.queue, bay_s)


def excess_s(one: Crowd, hours: float) -> float:
    """Return by how much the worst wait lies above its bound; below nothing where none does."""
    waits = one.run(hours * HOURS_S)
    assert len(waits) > 20
    return max(wait.wait_s - bound_s(one.layout, wait, one.hold_s) for wait in waits)


@settings(max_examples=8, deadline=None)
@given(
    name=st.sampled_from(sorted(FAR)),
    gap_s=st.floats(30, 150),
    hold_s=st.floats(5, 150),
    share=st.floats(0.2, 0.8),
)
def test_no_crowd_keeps_anybody_waiting_beyond_the_bound(name: str, gap_s: float, hold_s: float, share: float) -> None:
    assert excess_s(crowd(name, gap_s, hold_s, share), 1.7) <= 0


@pytest.mark.parametrize(("gap_s", "hold_s"), [(100.0, 75.0), (60.0, 20.0)])
def test_two_deep_no_car_is_put_aside_again_and_again_while_a_bay_waits_to_be_cleared(
    gap_s: float, hold_s: float
) -> None:
    """The crowds that found it: two cars before each other's way out, and returns that took every bay that was free."""
    assert excess_s(crowd("singapore60", gap_s, hold_s), 3.2) <= 0


def test_without_ageing_the_bound_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same crowd with and without: what keeps the bound is that the oldest job comes first. (Before it is that old
    its seconds count more and more, which is another help and is taken away too.)"""
    aged = crowd("carvana34", 100.0, 20.0)
    assert excess_s(aged, 1.7) <= 0
    monkeypatch.setattr(foresight, "AGEING_S", float("inf"))
    monkeypatch.setattr(search, "GROW_S", float("inf"))
    young = crowd("carvana34", 100.0, 20.0)
    young.run(1.7 * HOURS_S)
    far = young.wait_of_far()
    monkeypatch.undo()
    assert far.wait_s > bound_s(young.layout, far, 20.0)
