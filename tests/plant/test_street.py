"""The street over HTTP: people's acts, the technician's switches, planted faults."""

import asyncio
import json
import signal
import sys
from pathlib import Path

import httpx

from tests.plant.harness import CAR, bench_in
from vendrive.wire.machine import Operation


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
    async with asyncio.timeout(90):
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


ACTS: list[tuple[str, dict[str, object], str, object]] = [
    ("mode", {"mode": "maintenance"}, "mode", "maintenance"),
    ("mode", {"mode": "automatic"}, "mode", "automatic"),
    ("mains", {"on": False}, "mains", False),
    ("mains", {"on": True}, "mains", True),
    ("padlock", {"part": "2A"}, "locked", ["2A"]),
    ("padlock", {"part": "2A", "on": False}, "locked", []),
    ("fault", {"kind": "sensor", "part": "L1", "sensor": "storey", "value": 2}, "faulty", {"L1": ["storey"]}),
    (
        "fault",
        {"kind": "sensor", "part": "L1", "sensor": "tag", "how": "late", "seconds": 2.5},
        "faulty",
        {"L1": ["storey", "tag"]},
    ),
    ("fault", {"kind": "mend", "part": "L1"}, "faulty", {}),
    (
        "fault",
        {"kind": "sensor", "part": "B1", "sensor": "cabin", "how": "flapping", "seconds": 3},
        "faulty",
        {"B1": ["cabin"]},
    ),
    ("fault", {"kind": "mend", "part": "B1", "sensor": "cabin"}, "faulty", {}),
    ("fire", {"on": True}, "stop_reason", "fire"),
]


async def test_the_technicians_switches_and_planted_faults(desk: Path) -> None:
    async with bench_in(desk) as bench:
        for verb, body, name, value in ACTS:
            await bench.act(verb, **body)
            await bench.station.until("Plc.revision", lambda revision: revision > 0)
            async with asyncio.timeout(10):
                while (await bench.truth())[name] != value:
                    pass
        assert await bench.station.until("Plc.fire", bool)
        epoch = await bench.station.read("Plc.plc_epoch")
        await bench.act("restart")
        assert await bench.station.until("Plc.plc_epoch", lambda now: now != epoch) > epoch
        assert await bench.station.read("Plc.control_epoch") == 0


async def test_people_animals_and_bags_come_and_go(desk: Path) -> None:
    async with bench_in(desk) as bench:
        await bench.act("arrive", tag="T2", **CAR)
        await bench.station.do(Operation.open_street_door, bay="B1")
        await bench.act("drive_in", bay="B1", tag="T2", backwards=True)
        await bench.act("park", bay="B1")
        await bench.act("enter", bay="B1", being="pet")
        await bench.act("get_in", bay="B1", being="pet")
        truth = await bench.act("enter", bay="B1", being="bag")
        assert (truth["bays"]["B1"]["beside"], truth["bays"]["B1"]["inside"]) == (["person", "bag"], ["pet"])
        assert truth["bays"]["B1"]["nose"] == "street"
        assert await bench.refusal("leave", bay="B1", being="pet") == "no pet is in B1"
        assert await bench.refusal("wake", tag="T2") == "no child sleeps in the car with tag T2"
        assert await bench.refusal("walk_out") == "nobody is in the storage zone"
        assert await bench.refusal("enter", bay="B1", being="driver") == "a driver is not beside a car"
        await bench.station.until("Bay.B1.cabin", bool)
        await bench.act("leave", bay="B1")
        await bench.act("leave", bay="B1", being="bag")
        assert await bench.station.order("close_street_door", bay="B1") == (False, "a person is sensed in B1 (cabin)")
        await bench.act("get_out", bay="B1", being="pet")
        await bench.act("leave", bay="B1", being="pet")
        await bench.act("exit", bay="B1", open=True)
        await bench.station.until("Bay.B1.exit_closed", lambda closed: not closed)


UNREADABLE: list[tuple[str, str]] = [
    ("fault", '{"kind": "fail_next", "operation": "pick", "after_s": NaN}'),
    ("fault", '{"kind": "silent", "seconds": Infinity}'),
    ("fault", '{"kind": "silent", "seconds": -1}'),
    ("fault", '{"kind": "sensor", "part": "L1", "sensor": "position_mm", "value": 1e999}'),
    ("fault", '{"kind": "sensor", "part": "L1", "sensor": "position_mm", "value": [1]}'),
    ("mode", '{"mode": "off"}'),
    ("enter", '{"bay": "B1", "being": "elephant"}'),
    ("fire", '{"on": 1}'),
    ("stock", "[]"),
    ("arrive", "{"),
    ("arrive", '{"tag": "T", "length_mm": 1e9, "width_mm": 1, "height_mm": 1, "mass_kg": 1}'),
]
IMPOSSIBLE: list[tuple[str, dict[str, object], str]] = [
    ("padlock", {"part": "B9"}, "there is no part 'B9'"),
    ("break", {"part": "2A"}, "2A has no drive"),
    ("fault", {"kind": "sensor", "part": "B9", "sensor": "tag", "value": ""}, "there is no part 'B9'"),
    ("fault", {"kind": "sensor", "part": "B1", "sensor": "wings", "value": 1}, "B1 has no sensor 'wings'"),
    ("fault", {"kind": "sensor", "part": "B1", "sensor": "tag"}, "a sensor that is stuck needs a value"),
    ("fault", {"kind": "sensor", "part": "B1", "sensor": "tag", "how": "late"}, "a sensor that is late needs seconds"),
    ("fault", {"kind": "mend", "part": "B9"}, "there is no part 'B9'"),
    ("fault", {"kind": "fail_next", "operation": "fly"}, "there is no such operation or source"),
    (
        "fault",
        {"kind": "stuck_presence", "bay": "B1", "source": "nose", "value": True},
        "there is no such operation or source",
    ),
    ("seat", {"tag": "T9", "being": "pet"}, "no pet can be in a car with tag T9"),
    ("exit", {"bay": "B9", "open": True}, "there is no bay 'B9'"),
]


async def test_what_cannot_be_read_or_cannot_be_is_refused_with_a_sentence(desk: Path) -> None:
    async with bench_in(desk) as bench:
        before = await bench.truth()
        for verb, body in UNREADABLE:
            answer = await bench.street.post(f"/world/{verb}", content=body)
            assert (answer.status_code, bool(answer.json()["error"])) == (422, True), body
        assert await bench.truth() == before
        for verb, wanted, why in IMPOSSIBLE:
            assert await bench.refusal(verb, **wanted) == why
