"""The controller in virtual time: expiry, silence, stops in every state, people in the way, physics."""

from datetime import UTC, datetime
from itertools import pairwise
from random import Random

import pytest

from tests.plant.desk import LAYOUT, TICK_S, Desk, desk
from vendrive.clock import ManualClock
from vendrive.plant.beings import Being
from vendrive.plant.faults import Stuck
from vendrive.plant.machine import LEVEL_TOLERANCE_MM, Car
from vendrive.plant.plc import Controller
from vendrive.plant.records import Setting
from vendrive.plant.world import World, WorldRefused
from vendrive.tower.motion import command_s
from vendrive.wire.machine import Operation


def presented(tag: str = "T1") -> Desk:
    """Return a desk with the street door open before the car in the bay."""
    made = desk({tag: "1D"})
    assert made.do(Operation.pick, lift="L1", place="1D") == "done"
    assert made.do(Operation.open_inner_door, bay="B1") == "done"
    assert made.do(Operation.place, lift="L1", place="B1") == "done"
    assert made.do(Operation.close_inner_door, bay="B1") == "done"
    assert made.do(Operation.open_street_door, bay="B1") == "done"
    return made


def test_a_late_order_is_refused_with_no_effect() -> None:
    made = desk()
    made.valid_for_ms = -1
    assert made.order("open_street_door", bay="B1")[1].startswith("late: valid until")
    made.pass_time(10)
    assert made.world.bays["B1"].street.closed
    assert made.controller.state.ack_seq == 0


def test_a_silent_station_is_held_once_its_move_has_ended() -> None:
    made = desk()
    made.order("open_street_door", bay="B1")
    made.alive = False
    made.pass_time(4)
    assert (made.controller.state.state, made.channel("B1").busy) == ("held", True)
    made.pass_time(4)
    assert (made.controller.state.state, made.channel("B1").result) == ("held", "done")
    assert made.order("close_street_door", bay="B1") == (False, "the machine is held")
    made.alive = True
    made.pass_time(0.1)
    assert made.do(Operation.close_street_door, bay="B1") == "done"


def test_a_controller_without_a_station_is_held() -> None:
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    controller = Controller(World(LAYOUT), Setting("test", 1), clock, Random(1))
    assert controller.state.state == "held"
    controller.heard(0)
    assert controller.state.state == "held"


def test_a_refusal_does_not_repeat_a_client_at_length() -> None:
    made = desk()
    taken, reason = made.order("x" * 100_000)
    assert (taken, len(reason)) == (False, 200)


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 10_000, '{"bay": NaN}', '{"bay": ["B1"]}', "null", ""])
def test_arguments_that_cannot_be_read_are_refused(text: str) -> None:
    made = desk()
    answer = made.controller.execute(1, 1, "open_street_door", text, made.controller.clock_ms() + 1000)
    assert answer == (False, "open_street_door needs the arguments ['bay']")
    assert (made.controller.state.ack_seq, made.controller.moving) == (0, False)


def test_the_heartbeat_changes_at_least_every_quarter_of_a_second() -> None:
    made = desk()
    beats = []
    for _ in range(20):
        beats.append(made.controller.state.heartbeat)
        made.pass_time(0.25)
    assert all(later > earlier for earlier, later in pairwise(beats))


@pytest.mark.parametrize("state", ["idle", "held", "execute", "aborted"])
def test_a_stop_works_in_every_state_and_only_the_key_switch_ends_it(state: str) -> None:
    made = desk({"T1": "1D"})
    if state == "held":
        made.alive = False
        made.pass_time(3)
    if state == "execute":
        made.order("move_lift", lift="L1", storey="3")
        made.pass_time(3)
    if state == "aborted":
        made.controller.stop("before")
    assert made.controller.state.state == state
    made.controller.stop("now")
    height = made.world.lifts["L1"].position_mm
    made.controller.take_control(2)
    made.alive = True
    made.pass_time(5)
    assert made.controller.state.state == "aborted"
    assert made.controller.state.stop_reason == ("before" if state == "aborted" else "now")
    assert made.heights[-1] == height
    assert made.controller.execute(2, 9, "open_street_door", '{"bay": "B1"}', 10**9) == (
        False,
        "the machine is aborted",
    )
    made.controller.reset()
    assert made.controller.state.state == "idle"
    if state == "execute":
        ended = made.channel("L1")
        assert (ended.done_seq, ended.result, ended.reason) == (1, "failed", "stopped")


@pytest.mark.parametrize("source", ["scanner", "curtain", "floor", "cabin"])
def test_a_person_sensed_behind_an_open_inner_door_stops_the_machine_and_it_stays_so(source: str) -> None:
    made = desk({"T1": "1D"})
    made.do(Operation.pick, lift="L1", place="1D")
    made.do(Operation.open_inner_door, bay="B1")
    made.order("place", lift="L1", place="B1")
    made.pass_time(5)
    progress = made.world.lifts["L1"].transfer
    assert progress is not None
    before = progress.progress
    made.controller.sensors.spoil("B1", source, Stuck(True))
    made.pass_time(TICK_S)
    assert made.controller.state.state == "aborted"
    assert source in made.controller.state.stop_reason
    assert progress.progress == pytest.approx(before, abs=0.01)
    made.controller.sensors.mend("B1", source)
    made.pass_time(5)
    assert made.controller.state.state == "aborted"
    made.controller.reset()
    assert made.do(Operation.finish_transfer, lift="L1") == "done"
    assert made.world.cars["T1"].where == "L1"


def test_a_closing_street_door_gives_way_to_a_person() -> None:
    made = presented()
    made.world.drive_out("B1")
    made.order("close_street_door", bay="B1")
    made.pass_time(2)
    opening = made.world.bays["B1"].street.opening
    assert 0 < opening < 1
    made.world.bays["B1"].beside = (Being.person,)
    made.pass_time(1)
    assert made.world.bays["B1"].street.opening == pytest.approx(opening, abs=0.01)
    assert (made.channel("B1").result, made.controller.state.state) == ("failed", "idle")
    assert made.controller.sensed().bays["B1"].street_door == "between"
    made.world.leave("B1")
    assert made.do(Operation.close_street_door, bay="B1") == "done"


def test_the_two_doors_are_never_open_together() -> None:
    made = presented()
    assert made.order("open_inner_door", bay="B1") == (False, "the street door of B1 is not closed")
    made.do(Operation.close_street_door, bay="B1")
    made.do(Operation.open_inner_door, bay="B1")
    assert made.order("open_street_door", bay="B1") == (False, "the inner door of B1 is not closed")
    assert made.order("move_lift", lift="L1", storey="2") == (False, "the inner door of B1 is not closed")
    assert made.controller.counts.prevented == 3


def test_an_inner_door_opens_to_no_empty_shaft() -> None:
    made = desk()
    made.do(Operation.move_lift, lift="L1", storey="2")
    assert made.order("open_inner_door", bay="B1")[1] == "L1 is not at the level of B1, the shaft is open"


def test_a_running_engine_or_a_crooked_car_is_not_taken_in() -> None:
    made = presented()
    made.world.drive_out("B1")
    made.world.drive_in("B1", "T1", crooked=True)
    made.world.park("B1")
    made.world.leave("B1")
    made.pass_time(0.1)
    sensed = made.controller.sensed().bays["B1"]
    assert (sensed.vehicle, sensed.in_place, sensed.length_mm) == (True, False, 0)
    assert sensed.mass_kg == pytest.approx(1500, abs=40)
    made.do(Operation.close_street_door, bay="B1")
    made.do(Operation.open_inner_door, bay="B1")
    assert made.order("pick", lift="L1", place="B1")[1] == "the car in B1 does not stand in place"
    made.world.cars["T1"].engine_running = True
    assert made.order("pick", lift="L1", place="B1")[1] == "an engine runs in B1"


@pytest.mark.parametrize("seed", range(8))
def test_a_lift_lands_near_its_level_about_when_expected_and_never_quite_as_planned(seed: int) -> None:
    made = desk(seed=seed)
    assert made.order("move_lift", lift="L1", storey="3")[0]
    expected = command_s(LAYOUT, Operation.move_lift, 4400)
    made.pass_time(expected * 0.9)
    assert made.controller.state.state == "execute"
    assert made.controller.sensed().lifts["L1"].storey == -1
    made.pass_time(expected * 0.3)
    assert made.controller.sensed().lifts["L1"].storey == 3
    off = made.world.lifts["L1"].position_mm - 4400
    assert 0 < abs(off) <= LEVEL_TOLERANCE_MM
    assert max(made.heights) != pytest.approx(4400, abs=0.001)


def test_the_seed_repeats_the_noise() -> None:
    tracks = []
    for seed in (1, 1, 2):
        made = desk(seed=seed)
        made.do(Operation.move_lift, lift="L1", storey="3")
        tracks.append(made.heights)
    assert tracks[0] == tracks[1]
    assert tracks[0] != tracks[2]


def test_machine_speed_divides_motion_and_not_heartbeats() -> None:
    made = desk(speed=10)
    first = made.controller.state.heartbeat
    made.order("open_street_door", bay="B1")
    made.pass_time(1)
    assert made.world.bays["B1"].street.open
    assert 4 <= made.controller.state.heartbeat - first <= 6


def test_a_planted_breakdown_fails_one_command_in_its_middle() -> None:
    made = desk({"T1": "1D"})
    made.controller.fail_next["pick"] = 9.0
    assert made.do(Operation.pick, lift="L1", place="1D") == "failed"
    sensed = made.controller.sensed()
    assert (sensed.lifts["L1"].transfer_home, sensed.lifts["L1"].loaded, sensed.slots["1D"].occupied) == (
        False,
        True,
        True,
    )
    assert made.do(Operation.finish_transfer, lift="L1") == "done"


def test_a_car_that_people_may_not_move_stays() -> None:
    made = desk({"T1": "1D"})
    for act in (
        lambda: made.world.drive_out("B1"),
        lambda: made.world.drive_in("B1", "T1"),
        lambda: made.world.park("B1"),
        lambda: made.world.enter("B1"),
        lambda: made.world.leave("B1"),
        lambda: made.world.enter("B7"),
        lambda: made.world.arrive(Car("T1", 1, 1, 1, 1, "street")),
        lambda: made.world.stock({"1D": Car("T2", 1, 1, 1, 1, "1D")}),
    ):
        with pytest.raises(WorldRefused):
            act()
    assert made.world.cars["T1"].where == "1D"
    assert not made.world.bays["B1"].person
