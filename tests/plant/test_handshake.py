"""The machine over real OPC UA: one retrieval, each refusal of the handshake, a stop in every state."""

from pathlib import Path

from tests.plant.harness import CAR, Bench, bench_in
from vendrive.wire.machine import Operation


async def present(bench: Bench, slot: str) -> None:
    """Bring the car of an upper slot into the bay and open the street door."""
    station = bench.station
    assert await station.do(Operation.move_lift, lift="L1", storey=slot[0]) == "done"
    assert await station.do(Operation.pick, lift="L1", place=slot) == "done"
    assert await station.do(Operation.move_lift, lift="L1", storey="1") == "done"
    assert await station.do(Operation.open_inner_door, bay="B1") == "done"
    assert await station.do(Operation.place, lift="L1", place="B1") == "done"
    assert await station.do(Operation.close_inner_door, bay="B1") == "done"
    assert await station.do(Operation.open_street_door, bay="B1") == "done"


async def test_a_car_is_handed_over_and_comes_back(desk: Path) -> None:
    async with bench_in(desk, T1="3C") as bench:
        station = bench.station
        await present(bench, "3C")
        assert await station.read("Bay.B1.tag") == "T1"
        assert await station.read("Bay.B1.key_in_box") is True
        assert abs(await station.read("Bay.B1.mass_kg") - CAR["mass_kg"]) < 40
        assert (await bench.act("drive_out", bay="B1"))["cars"]["T1"]["where"] == "street"
        await station.until("Bay.B1.vehicle", lambda seen: not seen)

        await bench.act("drive_in", bay="B1", tag="T1")
        await station.until("Bay.B1.cabin", bool)
        assert await station.order("close_street_door", bay="B1") == (False, "a person is sensed in B1 (cabin)")
        await bench.act("park", bay="B1")
        await bench.act("key", bay="B1", in_box=True)
        await station.until("Bay.B1.scanner", bool)
        assert (await station.order("close_street_door", bay="B1"))[0] is False
        await bench.act("leave", bay="B1")
        await station.until("Bay.B1.scanner", lambda seen: not seen)
        assert await station.do(Operation.close_street_door, bay="B1") == "done"
        assert await station.do(Operation.open_inner_door, bay="B1") == "done"
        assert await station.do(Operation.pick, lift="L1", place="B1") == "done"
        assert await station.do(Operation.close_inner_door, bay="B1") == "done"
        assert await station.do(Operation.place, lift="L1", place="1D") == "done"
        truth = await bench.truth()
        assert truth["cars"]["T1"]["where"] == "1D"
        assert (truth["prevented"], truth["commands"], truth["failed"]) == (2, 12, 0)


IMPOSSIBLE: list[tuple[str, dict[str, str], str]] = [
    ("pick", {"lift": "L1", "place": "3C"}, "L1 is not at the level of 3C"),
    ("pick", {"lift": "L1", "place": "1D"}, "1D is empty"),
    ("place", {"lift": "L1", "place": "1D"}, "L1 is empty"),
    ("pick", {"lift": "L1", "place": "B1"}, "B1 is empty"),
    ("finish_transfer", {"lift": "L1"}, "the transfer of L1 is home"),
    ("pick", {"lift": "L9", "place": "3C"}, "there is no lift 'L9'"),
    ("move_lift", {"lift": "L1", "storey": "4"}, "there is no storey '4'"),
    ("move_lift", {"lift": "L1"}, "move_lift needs the arguments ['lift', 'storey']"),
    ("fly", {}, "unknown operation 'fly'"),
]


async def test_what_is_impossible_is_refused_with_no_effect(desk: Path) -> None:
    async with bench_in(desk, T1="3C") as bench:
        before = await bench.truth()
        for operation, arguments, reason in IMPOSSIBLE:
            assert await bench.station.order(operation, **arguments) == (False, reason)
        after = await bench.truth()
        assert after == {**before, "state": "idle", "refused": len(IMPOSSIBLE), "prevented": 5}
        assert await bench.station.read("Plc.ack_seq") == 0


async def test_a_seq_runs_once(desk: Path) -> None:
    async with bench_in(desk) as bench:
        station = bench.station
        assert await station.do(Operation.move_lift, lift="L1", storey="2") == "done"
        station.seq -= 1
        taken, reason = await station.order("move_lift", lift="L1", storey="3")
        assert (taken, reason) == (False, "seq 1 was taken already, the last was 1")
        assert (await bench.truth())["executed"] == {"move_lift": 1}
        assert await station.read("Lift.L1.storey") == 2
        await station.call("call_help")
        assert await station.read("Plc.help_called") is True
        await station.call("end_help")
        assert await station.read("Plc.help_called") is False


async def test_an_order_out_of_turn_is_refused(desk: Path) -> None:
    async with bench_in(desk, speed=5) as bench:
        station = bench.station
        station.valid_for_ms = -1
        taken, reason = await station.order("open_street_door", bay="B1")
        assert not taken
        assert reason.startswith("late: valid until")
        station.valid_for_ms = 2000
        assert (await station.order("move_lift", lift="L1", storey="2"))[0]
        assert await station.read("Plc.state") == "execute"
        assert await station.order("move_lift", lift="L1", storey="3") == (False, "L1 is busy with move_lift")
        await station.until("Lift.L1.done_seq", lambda seq: seq == 1)
        assert (await station.call("take_control", 1))[0] is False
        assert (await station.call("take_control", 0))[0] is False
        assert (await station.call("take_control", 7))[0] is True
        assert await station.order("open_street_door", bay="B1") == (False, "epoch 1 is not in control, 7 is")
        station.epoch = 7
        assert await station.do(Operation.open_street_door, bay="B1") == "done"


async def test_the_heartbeat_goes_on_and_a_planted_silence_ends_it(desk: Path) -> None:
    async with bench_in(desk) as bench:
        station = bench.station
        first = await station.read("Plc.heartbeat")
        await station.until("Plc.heartbeat", lambda beat: beat > first + 2)
        await bench.act("fault", kind="silent", seconds=60)
        clock = await station.read("Plc.clock_ms")
        assert await station.read("Plc.clock_ms") == clock


async def test_a_stop_while_it_moves_fails_the_command_and_only_the_key_switch_ends_it(desk: Path) -> None:
    async with bench_in(desk, speed=1) as bench:
        station = bench.station
        assert (await station.order("move_lift", lift="L1", storey="3"))[0]
        await station.until("Lift.L1.position_mm", lambda height: height > 30)
        await station.call("stop", "a test")
        assert [await station.read(f"Plc.{name}") for name in ("state", "stop_reason")] == ["aborted", "a test"]
        assert [await station.read(f"Lift.L1.{name}") for name in ("done_seq", "result", "reason", "busy")] == [
            1,
            "failed",
            "stopped",
            False,
        ]
        height = bench.controller.world.lifts["L1"].position_mm
        first = await station.read("Plc.heartbeat")
        await station.until("Plc.heartbeat", lambda beat: beat > first + 1)
        assert bench.controller.world.lifts["L1"].position_mm == height
        assert await station.order("move_lift", lift="L1", storey="1") == (False, "the machine is aborted")
        assert (await bench.act("reset"))["emergency_stop"] is False
        await station.until("Plc.emergency_stop", lambda stopped: not stopped)
        assert await station.read("Lift.L1.storey") == -1


async def test_a_transfer_that_is_cut_short_ends_on_the_lift(desk: Path) -> None:
    async with bench_in(desk, speed=10, T1="1D") as bench:
        station = bench.station
        assert (await station.order("pick", lift="L1", place="1D"))[0]
        await station.until("Lift.L1.loaded", bool)
        await bench.act("stop")
        assert await station.until("Lift.L1.transfer_home", lambda home: not home) is False
        assert await station.read("Slot.1D.occupied") is True
        await bench.act("reset")
        await station.until("Plc.emergency_stop", lambda stopped: not stopped)
        assert await station.order("move_lift", lift="L1", storey="2") == (False, "the transfer of L1 is out")
        assert await station.do(Operation.finish_transfer, lift="L1") == "done"
        truth = await bench.truth()
        assert truth["cars"]["T1"]["where"] == "L1"
        assert await station.read("Slot.1D.occupied") is False
