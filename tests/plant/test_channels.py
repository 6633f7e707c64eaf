"""Commands side by side, the tower's switches, and what lasts over a restart of the controller."""

from math import inf

import pytest

from tests.plant.desk import Desk, jumping, with_car_in_bay
from vendrive.plant.beings import Being
from vendrive.plant.machine import EXIT_SHUTS_S
from vendrive.plant.truth import collisions
from vendrive.wire.machine import HOLD_AFTER_SILENCE_S, Mode


def test_commands_of_different_parts_run_side_by_side() -> None:
    made = jumping()
    assert made.order("move_lift", lift="L1", storey="3") == (True, "")
    assert made.order("open_street_door", bay="B1") == (True, "")
    assert made.controller.state.state == "execute"
    assert (made.channel("L1").seq, made.channel("B1").seq) == (1, 2)
    assert made.controller.sensors.lifts["L1"].target == 3
    assert made.order("move_lift", lift="L1", storey="1") == (False, "L1 is busy with move_lift")
    assert made.order("close_street_door", bay="B1") == (False, "B1 is busy with open_street_door")
    assert made.controller.state.ack_seq == 2
    made.end("B1")
    assert (made.channel("B1").done_seq, made.channel("L1").busy) == (2, True)
    made.end()
    assert (made.channel("L1").done_seq, made.channel("L1").result, made.controller.state.state) == (1, "done", "idle")
    assert made.controller.sensors.lifts["L1"].target == -1


def test_a_transfer_through_a_door_keeps_lift_and_bay_busy() -> None:
    made = with_car_in_bay()
    made.done("open_inner_door", bay="B1")
    made.order("pick", lift="L1", place="B1")
    assert made.order("close_inner_door", bay="B1") == (False, "B1 is busy with pick")
    made.end()
    assert made.channel("L1").done_seq == made.channel("B1").done_seq == made.seq


def test_no_lift_leaves_a_door_that_was_told_to_open_at_the_same_moment() -> None:
    made = jumping()
    assert made.order("open_inner_door", bay="B1") == (True, "")
    assert made.order("move_lift", lift="L1", storey="2") == (False, "the inner door of B1 is not closed")


def test_no_door_opens_to_a_lift_that_was_told_to_leave_at_the_same_moment() -> None:
    made = jumping()
    assert made.order("move_lift", lift="L1", storey="2") == (True, "")
    assert made.order("open_inner_door", bay="B1")[1] == "L1 is not at the level of B1, the shaft is open"


def test_two_lifts_on_one_way_move_at_once_and_never_meet() -> None:
    made = jumping("autostadt400")
    assert made.order("move_lift", lift="L1", storey="10") == (True, "")
    assert made.order("move_lift", lift="L2", storey="9") == (False, "L1 is in the way of L2")
    assert made.order("move_lift", lift="L2", storey="11") == (True, "")
    made.end()
    assert (made.controller.sensors.lifts["L1"].storey, made.controller.sensors.lifts["L2"].storey) == (10, 11)
    assert made.order("move_lift", lift="L1", storey="11") == (False, "L2 is in the way of L1")
    made.done("move_lift", lift="L1", storey="0")
    made.done("move_lift", lift="L2", storey="1")
    assert made.world.crashes == []
    assert collisions(made.world) == ()


def test_one_lift_may_go_while_the_other_stands_behind_an_open_door() -> None:
    made = jumping("autostadt400")
    made.done("open_inner_door", bay="B1")
    assert made.order("move_lift", lift="L1", storey="5") == (False, "the inner door of B1 is not closed")
    assert made.order("move_lift", lift="L2", storey="5") == (True, "")


def test_lifts_that_stand_too_near_may_go_apart_and_not_nearer() -> None:
    made = jumping("autostadt400")
    made.world.lifts["L2"].position_mm = 1500
    made.jump(0)
    assert made.controller.state.state == "idle"
    assert made.order("move_lift", lift="L2", storey="1")[1] == "L1 is in the way of L2"
    made.done("move_lift", lift="L2", storey="5")


def test_a_turntable_turns_the_car_and_an_empty_one_turns_too() -> None:
    made = with_car_in_bay("carvana34")
    assert made.controller.sensors.bays["B1"].nose == "tower"
    made.done("turn", bay="B1")
    assert (made.controller.sensors.bays["B1"].nose, made.world.cars["T1"].nose) == ("street", "street")
    made.done("turn", bay="B2")
    assert made.order("turn", bay="B1", lift="L1")[0] is False
    assert jumping().order("turn", bay="B1") == (False, "B1 has no turntable")


def test_a_table_that_stopped_between_goes_on_and_turns_once() -> None:
    made = with_car_in_bay("carvana34")
    made.cut_short("turn", 9, bay="B1")
    bay = made.controller.sensors.bays["B1"]
    assert (bay.table, bay.nose, made.world.cars["T1"].nose) == ("between", "unknown", "tower")
    made.done("turn", bay="B1")
    assert made.controller.sensors.bays["B1"].nose == "street"


def test_a_car_keeps_its_nose_and_its_key_in_the_tower() -> None:
    made = with_car_in_bay("carvana34")
    made.world.key("B1", in_box=True)
    made.done("turn", bay="B1")
    made.done("open_inner_door", bay="B1")
    made.done("pick", lift="L1", place="B1")
    assert not made.world.bays["B1"].key_in_box
    made.done("place", lift="L1", place="B1")
    bay = made.controller.sensors.bays["B1"]
    assert (bay.nose, bay.key_in_box) == ("street", True)


def test_a_key_that_was_taken_along_is_not_there_afterwards() -> None:
    made = with_car_in_bay()
    made.done("open_inner_door", bay="B1")
    made.done("pick", lift="L1", place="B1")
    made.done("place", lift="L1", place="B1")
    assert not made.world.bays["B1"].key_in_box


def test_mains_lost_halts_everything_where_it_is() -> None:
    made = jumping()
    made.order("move_lift", lift="L1", storey="3")
    made.order("open_street_door", bay="B1")
    made.jump(3)
    made.world.power(mains=False)
    where = (made.world.lifts["L1"].position_mm, made.world.bays["B1"].street.opening)
    assert (made.controller.state.state, made.controller.state.mains) == ("held", False)
    for part in ("L1", "B1"):
        assert (made.channel(part).result, made.channel(part).reason) == ("failed", "mains lost")
    made.jump(30)
    assert (made.world.lifts["L1"].position_mm, made.world.bays["B1"].street.opening) == where
    assert made.order("move_lift", lift="L1", storey="3") == (False, "the machine is held")
    made.world.power(mains=True)
    made.done("move_lift", lift="L1", storey="3")
    made.done("close_street_door", bay="B1")


@pytest.mark.parametrize("mode", [Mode.maintenance, Mode.stopped])
def test_the_key_switch_stops_and_nothing_is_taken(mode: Mode) -> None:
    made = jumping()
    made.order("move_lift", lift="L1", storey="3")
    made.jump(3)
    made.world.turn_key(mode)
    assert (made.controller.state.mode, made.controller.state.state) == (mode, "stopped")
    assert made.channel("L1").reason == f"the key switch says {mode}"
    assert made.order("move_lift", lift="L1", storey="3") == (False, "the machine is stopped")
    assert made.controller.state.ack_seq == 1
    made.world.turn_key(Mode.manual)
    made.done("move_lift", lift="L1", storey="3")


def test_fire_stops_in_every_mode_and_no_reset_helps_while_it_burns() -> None:
    made = jumping()
    made.world.turn_key(Mode.maintenance)
    made.world.burn(fire=True)
    made.controller.reset()
    assert (made.controller.state.state, made.controller.state.stop_reason) == ("aborted", "fire")
    made.world.burn(fire=False)
    assert made.controller.state.state == "aborted"
    made.controller.reset()
    assert made.controller.state.state == "stopped"


def test_a_padlock_halts_its_part_alone() -> None:
    made = jumping()
    made.order("move_lift", lift="L1", storey="3")
    made.order("open_street_door", bay="B1")
    made.jump(2)
    made.world.lock("L1")
    assert made.channel("L1").reason == "locked out"
    assert made.controller.sensors.lifts["L1"].locked_out
    made.end("B1")
    assert made.channel("B1").result == "done"
    made.world.lock("2A")
    made.world.lock("L1", locked=False)
    made.done("move_lift", lift="L1", storey="2")
    assert made.order("pick", lift="L1", place="2A") == (False, "2A is locked out")


def test_a_drive_fault_is_latched_until_the_local_reset_and_comes_again_unless_repaired() -> None:
    made = jumping()
    made.order("move_lift", lift="L1", storey="3")
    made.jump(3)
    made.world.break_drive("L1")
    assert (made.channel("L1").result, made.controller.sensors.lifts["L1"].fault) == ("failed", "drive")
    made.controller.reset()
    assert made.controller.sensors.lifts["L1"].fault == "drive"
    made.world.break_drive("L1", broken=False)
    assert made.controller.sensors.lifts["L1"].fault == "drive"
    made.controller.reset()
    made.done("move_lift", lift="L1", storey="3")


def test_a_restarted_controller_forgets_its_commands_and_nothing_else() -> None:
    made = jumping(T1="1D")
    made.order("pick", lift="L1", place="1D")
    made.jump(9)
    made.world.lock("B1")
    made.controller.stop("before")
    made.controller.restart(2)
    state = made.controller.state
    assert (state.plc_epoch, state.control_epoch, state.ack_seq, state.clock_ms) == (2, 0, 0, 0)
    assert (state.emergency_stop, state.stop_reason) == (True, "before")
    assert made.channel("L1").seq == made.channel("L1").done_seq == 0
    assert made.controller.sensors.bays["B1"].locked_out
    assert not made.controller.sensors.lifts["L1"].transfer_home
    made.controller.reset()
    assert made.order("finish_transfer", lift="L1")[1] == "epoch 1 is not in control, 0 is"
    made.controller.take_control(1)
    made.seq = 0
    made.jump(0)
    made.done("finish_transfer", lift="L1")
    assert made.world.cars["T1"].where == "L1"
    with pytest.raises(ValueError, match="epoch 2 is not above 2"):
        made.controller.restart(2)


def test_the_revision_grows_with_each_change_and_not_with_counters() -> None:
    made = jumping()
    revision = made.controller.state.revision
    made.jump(1)
    made.jump(1)
    assert made.controller.state.heartbeat > 0
    assert made.controller.state.revision == revision
    changes = [
        lambda: made.world.key("B1", in_box=True),
        lambda: made.controller.help(called=True),
        lambda: made.world.turn_key(Mode.manual),
        lambda: made.order("move_lift", lift="L1", storey="3"),
        lambda: made.jump(2),
        lambda: made.controller.stop("now"),
        made.controller.reset,
    ]
    for change in changes:
        change()
        assert made.controller.state.revision > revision
        revision = made.controller.state.revision


def test_a_move_ends_exactly_when_it_is_due() -> None:
    made = jumping()
    made.order("move_lift", lift="L1", storey="3")
    made.alive = False
    made.jump(3)
    made.jump(made.controller.next_due_s() - 0.001)
    assert made.channel("L1").busy
    made.jump(0.001)
    assert not made.channel("L1").busy


def test_what_a_sensor_sees_in_the_middle_of_a_move_is_due_too() -> None:
    made = jumping(T1="1D")
    made.alive = False
    made.order("pick", lift="L1", place="1D")
    made.jump(2)
    seen = []
    while made.channel("L1").busy:
        lift, slot = made.controller.sensors.lifts["L1"], made.controller.sensors.slots["1D"]
        seen.append((lift.loaded, lift.tag, slot.occupied, slot.tag))
        made.jump(made.controller.next_due_s())
    assert seen == [(False, "", True, "T1"), (True, "", True, "T1"), (True, "T1", True, ""), (True, "T1", False, "")]


def test_time_that_jumps_ends_where_time_that_creeps_does() -> None:
    ends = []
    for creeping in (False, True):
        made = jumping(seed=3, T1="3C")
        for operation, arguments in (
            ("move_lift", {"lift": "L1", "storey": "3"}),
            ("pick", {"lift": "L1", "place": "3C"}),
            ("move_lift", {"lift": "L1", "storey": "1"}),
        ):
            made.order(operation, **arguments)
            while made.channel("L1").busy:
                made.jump(min(0.01, made.controller.next_due_s()) if creeping else made.controller.next_due_s())
        ends.append((made.world.lifts["L1"].position_mm, made.clock.monotonic()))
    assert ends[0] == pytest.approx(ends[1], abs=1e-3)


def test_what_is_due_next_is_known() -> None:
    made = jumping()
    made.jump(0)
    assert made.controller.next_due_s() == pytest.approx(HOLD_AFTER_SILENCE_S)
    made.alive = False
    made.jump(HOLD_AFTER_SILENCE_S)
    assert (made.controller.state.state, made.controller.next_due_s()) == ("held", inf)
    made.controller.silent_until_s = made.clock.monotonic() + 7
    assert made.controller.next_due_s() == pytest.approx(7)
    made.jump(7)
    assert not made.controller.silent


def test_an_emergency_exit_shuts_itself_behind_who_left() -> None:
    made = jumping()
    left_s = made.clock.monotonic()
    leave_by_the_exit(made)
    assert not made.controller.sensors.bays["B1"].exit_closed
    assert made.order("open_inner_door", bay="B1") == (False, "the emergency exit of B1 is open")
    made.alive = False
    made.jump(HOLD_AFTER_SILENCE_S)
    made.jump(made.controller.next_due_s() - 0.001)
    assert not made.controller.sensors.bays["B1"].exit_closed
    made.jump(0.001)
    assert made.controller.sensors.bays["B1"].exit_closed
    assert made.clock.monotonic() == pytest.approx(left_s + EXIT_SHUTS_S)


def test_an_emergency_exit_that_is_held_stays_open() -> None:
    made = jumping()
    leave_by_the_exit(made)
    made.world.exit("B1", is_open=True)
    made.jump(100)
    assert not made.controller.sensors.bays["B1"].exit_closed
    made.world.exit("B1", is_open=False)
    made.done("open_inner_door", bay="B1")


def leave_by_the_exit(made: Desk) -> None:
    made.world.bays["B1"].beside = (Being.person,)
    made.world.leave("B1")


def test_only_the_local_reset_goes_on_after_movement_in_a_slot() -> None:
    made = jumping(T1="2A")
    made.world.seat("T1", Being.pet)
    assert made.controller.state.stop_reason == "movement in slot 2A"
    made.controller.reset()
    assert made.controller.state.emergency_stop
    made.world.seat("T1", Being.pet, inside=False)
    assert made.controller.state.emergency_stop
    made.controller.take_control(2)
    assert made.controller.state.emergency_stop
    made.controller.reset()
    assert made.controller.state.state == "idle"
