"""What docs/planning.md says is assumed of machines and drivers is what the code and every layout use."""

import re
from pathlib import Path

import pytest

from vendrive.planning.demand import LONGEST_DRIVE_IN_S, LONGEST_TAKE_S, Day
from vendrive.planning.size import tower_of
from vendrive.tower import layouts
from vendrive.tower.layout import Layout, load_layout
from vendrive.tower.pace import DRIVE_IN_S, TAKE_S
from vendrive.tower.planner import AGEING_S

PAGE = (Path(__file__).parents[2] / "docs/planning.md").read_text(encoding="utf-8")
ALL = sorted(path.stem for path in Path(layouts.__path__[0]).glob("*.toml"))
LOW_SPEEDS = {15: 1.5, 20: 2.0}


def column(name: str) -> tuple[float, str, float]:
    """Return low, base and high of a row of the table."""
    row = re.search(rf"^\| {re.escape(name)} \| ([\d.]+) \| ([^|]+) \| ([\d.]+) \|", PAGE, re.M)
    assert row, f"docs/planning.md has no row {name!r}"
    return float(row[1]), row[2].strip(), float(row[3])


@pytest.mark.parametrize("layout", [*map(load_layout, ALL), tower_of(1, 3, 63)], ids=lambda layout: layout.name)
def test_every_layout_keeps_to_the_base_column(layout: Layout) -> None:
    kinematics = layout.kinematics
    told = {
        "transfer s, each": kinematics.transfer_s,
        "turntable half turn s": kinematics.turn_s,
        "settle s": kinematics.settle_s,
        "bay door s, each way": kinematics.door_s,
        "checks s": kinematics.checks_s,
        "lift acceleration m/s²": kinematics.lift_acceleration_m_s2,
        "storey m": layout.pitch_mm / 1000,
    }
    assert {name: float(column(name)[1]) for name in told} == told
    low, base, high = column("lift speed m/s")
    assert base == "1.0 small, 1.5 from 15 storeys, 2.0 from 20"
    expected = max([1.0, *(speed for storeys, speed in LOW_SPEEDS.items() if layout.storeys >= storeys)])
    assert kinematics.lift_speed_m_s == expected
    assert low <= expected <= high


def test_drivers_keep_to_the_base_column() -> None:
    take, drive_in = column("take the car and leave s"), column("drive in, get out, confirm s")
    assert (float(take[1]), take[2]) == (TAKE_S, LONGEST_TAKE_S)
    assert (float(drive_in[1]), drive_in[2]) == (DRIVE_IN_S, LONGEST_DRIVE_IN_S)


def test_the_reference_day_and_the_bound_are_those_of_the_page() -> None:
    assert f"{Day().hand_outs:g} hand-outs" in PAGE
    assert f"`AGEING_S` = {AGEING_S:.0f} s" in PAGE
