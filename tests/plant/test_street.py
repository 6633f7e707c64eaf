"""The street over HTTP: people's acts, the technician's switches, planted faults."""

import asyncio
import json
import signal
import sys
from pathlib import Path

import httpx

from tests.plant.harness import CAR, bench_in


async def test_people_can_do_what_the_doors_allow_and_are_told_why_not(desk: Path) -> None:
    async with bench_in(desk, T1="3C") as bench:
        assert await bench.refusal("drive_out", bay="B1") == "no car stands in B1"
        assert await bench.refusal("arrive", tag="T1", **CAR) == "the car with tag T1 is in the tower, at 3C"
        await bench.act("arrive", tag="T2", **CAR)
        assert await bench.refusal("drive_in", bay="B1", tag="T2") == "the street door of B1 is not open"
        assert await bench.refusal("drive_in", bay="B9", tag="T2") == "there is no bay 'B9'"
        assert (await bench.street.post("/world/fault", json={"kind": "rain"})).status_code == 422
        assert await bench.refusal("fault", kind="misplace", tag="T1", slot="9Z") == "T1 cannot be put into 9Z"
        assert (await bench.street.post("/world/key", json={"bay": "B1", "in_box": "yes"})).status_code == 422
        assert (await bench.street.post("/world/key", json={"bay": "B1", "in_box": True, "more": 1})).status_code == 422
        assert (await bench.street.post("/world/stop", content=b" " * 70_000)).status_code == 413
        assert (await bench.truth())["emergency_stop"] is False

        await bench.station.order("open_street_door", bay="B1")
        await bench.station.until("Bay.B1.street_door", lambda door: door == "open")
        assert await bench.refusal("stock") == "the machine has moved already"
        await bench.act("fault", kind="tag_unreadable", bay="B1", on=True)
        await bench.act("drive_in", bay="B1", tag="T2")
        await bench.station.until("Bay.B1.vehicle", bool)
        assert await bench.station.read("Bay.B1.tag") == ""
        await bench.act("fault", kind="tag_unreadable", bay="B1", on=False)
        await bench.station.until("Bay.B1.tag", lambda tag: tag == "T2")
        await bench.act("fault", kind="stuck_presence", bay="B1", source="scanner", value=True)
        await bench.station.until("Bay.B1.scanner", bool)
        await bench.act("fault", kind="stuck_presence", bay="B1", source="scanner", value=None)
        await bench.station.until("Bay.B1.scanner", lambda seen: not seen)
        await bench.act("fault", kind="misplace", tag="T1", slot="2A")
        await bench.station.until("Slot.2A.tag", lambda tag: tag == "T1")
        await bench.act("fault", kind="fail_next", operation="move_lift")
        assert (await bench.station.order("move_lift", lift="L1", storey="2"))[0]
        await bench.station.until("Lift.L1.result", lambda result: result == "failed")
        page = await bench.street.get("/")
        assert "The street at this tower (simulated)" in page.text
        assert "塔楼前的街道（模拟）" in page.text


async def test_the_program_says_when_it_is_ready_and_ends_cleanly(desk: Path) -> None:
    command = ["-m", "vendrive.plant", "--tower", "nanjing", "--layout", "nanjing3", "--data", str(desk / "plant")]
    program = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
    assert program.stdout is not None
    async with asyncio.timeout(30):
        word, _, rest = (await program.stdout.readline()).decode().partition(" ")
        addresses = json.loads(rest)
        assert word == "ready"
        assert addresses["opcua"].startswith("opc.tcp://127.0.0.1:")
        async with httpx.AsyncClient(base_url=addresses["world"]) as street:
            assert (await street.get("/world")).json()["tower"] == "nanjing"
        program.send_signal(signal.SIGTERM)
        assert await program.wait() == 0


async def test_a_layout_that_is_not_there_is_named(desk: Path) -> None:
    command = ["-m", "vendrive.plant", "--tower", "x", "--layout", "nowhere", "--data", str(desk)]
    program = await asyncio.create_subprocess_exec(sys.executable, *command, stderr=asyncio.subprocess.PIPE)
    _, said = await program.communicate()
    assert program.returncode == 1
    assert b"nowhere.toml" in said
