"""A vendor's signals become our values, or a MachineLost; a table cannot say that a missing sensor sees nothing."""

from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest

from tests.station.contract.vendor import VendorBench, VendorDriver
from vendrive.simulation.loop import VirtualClock, run_virtual
from vendrive.station.adapters.signals import SignalTableError, load_signals
from vendrive.station.adapters.template.machine import SIGNALS, TemplateMachine
from vendrive.station.machine import MachineLost
from vendrive.tower.layout import load_layout
from vendrive.wire.machine import Door, Snapshot, Table

LAYOUT = load_layout("shanghai3")


def signals() -> dict[str, object]:
    """Return what the vendor's machine says at rest."""

    async def program(clock: VirtualClock, rng: Random) -> Mapping[str, object]:
        driver = VendorDriver(VendorBench(TemplateMachine, clock, rng))
        return await driver.read_signals(load_signals(SIGNALS).names(LAYOUT))

    return dict(run_virtual(program))


def read(**said: object) -> Snapshot:
    return load_signals(SIGNALS).snapshot(signals() | said, LAYOUT, 7.0)


def test_units_and_codes_are_translated() -> None:
    seen = read(**{"LIFT.L1.HeightCm": 220.5, "BAY.B1.OuterDoor": 1, "BAY.B1.LengthCm": 470})
    assert seen.lift("L1").position_mm == 2205.0
    assert seen.bay("B1").street_door == Door.open
    assert seen.bay("B1").length_mm == 4700
    assert seen.bay("B1").table == Table.aligned
    assert seen.read_at_s == 7.0


@pytest.mark.parametrize(
    ("signal", "said"),
    [
        ("LIFT.L1.HeightCm", float("nan")),
        ("LIFT.L1.HeightCm", "220"),
        ("LIFT.L1.HeightCm", True),
        ("LIFT.L1.LevelFlag", 1.0),
        ("LIFT.L1.Loaded", 0),
        ("LIFT.L1.Loaded", None),
        ("BAY.B1.Scanner", ""),
        ("BAY.B1.OuterDoor", 3),
        ("SYS.PackML", 17),
        ("SYS.BootNumber", "1"),
        ("SLOT.2A.Tag", b"T1"),
    ],
)
def test_what_cannot_be_meant_is_a_lost_machine(signal: str, said: object) -> None:
    with pytest.raises(MachineLost, match=signal):
        read(**{signal: said})


@pytest.mark.parametrize("signal", ["BAY.B1.Cabin", "SLOT.3E.Occupied", "SAF.StopActive"])
def test_a_missing_signal_is_a_lost_machine(signal: str) -> None:
    some = signals()
    del some[signal]
    with pytest.raises(MachineLost, match=signal):
        load_signals(SIGNALS).snapshot(some, LAYOUT, 7.0)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('scanner = "BAY.{name}.Scanner"', "scanner = { constant = false }", "bay.scanner"),
        ('scanner = "BAY.{name}.Scanner"', "", "bay.scanner"),
        ('scanner = "BAY.{name}.Scanner"', 'scanner = ""', "bay.scanner"),
        ('scanner = "BAY.{name}.Scanner"', 'scanner = "X"\nradar = "Y"', "bay.radar"),
        ('simulator = "SYS.IsSimulator"', "simulator = { constant = true }", "plc.simulator"),
        ('mains = "PWR.MainsOk"', "mains = { constant = 1 }", "plc.mains"),
        ('mains = "PWR.MainsOk"', 'mains = { signal = "X", unit = "V" }', "plc.mains"),
        ("scale = 10.0", "scale = 0", "lift.position_mm"),
        ("[slot]", "[shelf]", "shelf"),
        ("[slot]", "[slot", "all of it"),
    ],
)
def test_a_wrong_table_names_its_key(old: str, new: str, key: str, tmp_path: Path) -> None:
    text = SIGNALS.read_text()
    assert old in text
    file = tmp_path / "signals.toml"
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(SignalTableError, match=f"signals.toml: {key}: "):
        load_signals(file)


def test_a_missing_sensor_may_only_be_unknown(tmp_path: Path) -> None:
    file = tmp_path / "signals.toml"
    file.write_text(SIGNALS.read_text().replace('"BAY.{name}.Scanner"', "{ constant = true }"))
    seen = load_signals(file).snapshot(signals(), LAYOUT, 7.0)
    assert seen.bay("B1").person
