from dataclasses import fields
from datetime import UTC, datetime

import pytest

from vendrive.station.report import tower_report
from vendrive.tower.layout import load_layout
from vendrive.wire.machine import Bay, Lift, Plc, Slot, Snapshot
from vendrive.wire.report import TowerReport

LAYOUT = load_layout("shanghai3")
ALARMED = {"movement": True, "locked_out": True, "cabin": True, "exit_closed": False, "moving": True, "loaded": True}
QUIET = {"movement": False, "locked_out": False, "cabin": False, "exit_closed": True, "moving": False, "loaded": False}


def report(**senses: bool) -> TowerReport:
    def sense(part: type[Lift] | type[Slot] | type[Bay]) -> dict[str, object]:
        known = {field.name for field in fields(part)}
        return {name: value for name, value in senses.items() if name in known}

    lift, slot, bay = Lift(name="L1"), Slot(name="2A"), Bay(name="B1")
    snapshot = Snapshot(
        0.0,
        Plc(),
        (Lift(**{**vars(lift), **sense(Lift)}),),
        (Slot(**{**vars(slot), **sense(Slot)}),),
        (Bay(**{**vars(bay), **sense(Bay)}),),
    )
    return tower_report("shanghai", LAYOUT, datetime(2026, 3, 2, tzinfo=UTC), snapshot, True, "", 0, 0)


@pytest.mark.parametrize("senses", [ALARMED, QUIET], ids=["alarmed", "quiet"])
def test_what_a_part_senses_reaches_the_console(senses: dict[str, bool]) -> None:
    told = report(**senses)
    for part in (told.lifts[0], told.slots[0], told.bays[0]):
        shown = {name: getattr(part, name) for name in senses if name in type(part).model_fields}
        assert shown == {name: senses[name] for name in shown}


def test_a_report_of_old_data_knows_no_state() -> None:
    snapshot = Snapshot(0.0, Plc(state="idle"), (), (), ())
    told = tower_report("shanghai", LAYOUT, datetime(2026, 3, 2, tzinfo=UTC), snapshot, False, "", 0, 0)
    assert told.machine == "unknown"
