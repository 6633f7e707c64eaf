"""Real OPC UA bytes in virtual time: what must never happen does not, and each safeguard is seen when it is gone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vendrive.clock import ManualClock
from vendrive.plant.plc import Controller as Plc
from vendrive.simulation import opcua, opcua_witness
from vendrive.simulation.loop import START
from vendrive.simulation.opcua import OpcuaResult, lay_certificates, run_seed
from vendrive.station import controller, link
from vendrive.station.adapters.opcua import machine as client
from vendrive.station.adapters.opcua.machine import OpcuaMachine


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    lay_certificates(folder, ManualClock(START))
    return folder


@pytest.fixture
def folder(certificates: Path, tmp_path: Path) -> Path:
    """A folder of this test with the certificates of all."""
    for side in ("plant", "station"):
        (tmp_path / side).symlink_to(certificates / side)
    return tmp_path


def found(result: OpcuaResult, what: str) -> None:
    assert any(what in violation for violation in result.violations), result


def test_nothing_happens_that_must_not(folder: Path) -> None:
    result = run_seed(1, folder, faults=10)
    assert result.violations == ()
    assert result.partitions > 3
    assert result.reconnects >= result.partitions // 2
    assert result.commands > 10
    assert result.compared > 100
    assert 0 < result.stale_grant_s <= 1
    assert 0 < result.recovery_s < opcua.RECOVERY_S


def test_a_plc_that_runs_a_number_twice_is_seen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Plc._out_of_turn

    def forgetful(plc: Plc, epoch: int, seq: int, valid_until_ms: int) -> str:
        refusal = real(plc, epoch, seq, valid_until_ms)
        return "" if refusal.startswith("seq") else refusal

    monkeypatch.setattr(Plc, "_out_of_turn", forgetful)
    monkeypatch.setattr(Plc, "_busy", lambda plc, order: "")  # its backup: a part that works takes no other command
    monkeypatch.setattr(opcua_witness, "ECHOES", 1.0)
    found(run_seed(1, folder, 2, {"hang": 1}), "was executed twice")


def test_a_command_that_may_come_late_is_seen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controller, "VALID_MS", 1500)
    monkeypatch.setattr(opcua, "QUIET_S", (0.5, 1.0))
    found(run_seed(8, folder, 3, {"slow": 1}), "after the data on which it was granted")


def test_a_reconnect_without_a_whole_reading_is_seen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remembered = list[OpcuaMachine]()
    real = OpcuaMachine.connect

    async def connect(machine: OpcuaMachine) -> None:
        await real(machine)
        if remembered:
            machine._known, machine._distrust_at_s = remembered[-1]._known, float("inf")
        remembered.append(machine)

    monkeypatch.setattr(OpcuaMachine, "connect", connect)
    monkeypatch.setattr(client, "_revision", lambda plc: plc.plc_epoch)  # its backup: control changes the revision
    found(run_seed(1, folder, 3, {"reset": 1}), "before everything was read on its connection")


def test_a_client_that_overlooks_a_change_is_seen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_revision", lambda plc: plc.plc_epoch)
    monkeypatch.setattr(client, "_parts", lambda snapshot: ())  # its backup: the whole reading every ten seconds
    found(run_seed(1, folder, 2, {"reset": 1}), "never had the values")


def test_a_link_that_stays_away_is_seen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "LONGEST_PAUSE_S", 900.0)
    monkeypatch.setattr(opcua, "QUIET_S", (0.5, 1.0))
    monkeypatch.setattr(opcua, "CUT_S", (100.0, 1000.0))
    found(run_seed(2, folder, 2, {"partition": 1}), "the link does not work")


RUN = """
import sys
from pathlib import Path
from vendrive.simulation.opcua import run_seed
ballast = [bytearray(number) for number in range(int(sys.argv[2]))]
print(run_seed(3, Path(sys.argv[1]), 3))
"""


def test_a_seed_runs_the_same_in_every_process(certificates: Path, tmp_path: Path) -> None:
    processes = []
    for hash_seed in ("1", "4711"):
        folder = tmp_path / hash_seed
        folder.mkdir()
        for side in ("plant", "station"):
            (folder / side).symlink_to(certificates / side)
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", RUN, str(folder), hash_seed]
        processes.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
    one, other = [process.communicate()[0] for process in processes]
    assert "traces=('" in one
    assert one == other
