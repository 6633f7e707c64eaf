"""A car that nobody has taken in, behind a closed street door: it stands there though its sensors die."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from tests.station.small import Small, run
from tests.station.test_way_out import Willing, doubts, presented, returning
from vendrive.station.admission import Admission
from vendrive.station.database import NotWritten
from vendrive.station.desk import FAREWELL_S
from vendrive.station.handover import NOBODY_CAME_S
from vendrive.station.kiosk.state import KioskState, kiosk_state
from vendrive.station.link import Link
from vendrive.station.outlook import is_free
from vendrive.station.returning import MOST_LET_OUT, ReturnTalk
from vendrive.tower.interlocks import refusals, votes
from vendrive.tower.inventory import Doubt
from vendrive.tower.replay import state_after
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.journal import CountAccepted, Event, HandOverAborted, PersonVerified, ReturnStarted, VehiclePresented
from vendrive.wire.machine import Door, Mode, Operation
from vendrive.wire.orders import OperatorAction, OperatorRequest


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path, "shanghai3", {"TAG-1": "2A", "TAG-2": "3C"})


@pytest.fixture
def shut_in(tmp_path: Path) -> Small:
    """The borrower's car stands in B1, the word was not given, and two persons have closed the street door."""
    small = Small(tmp_path, "carvana34", {"TAG-1": "2A", "TAG-2": "3C"})
    returning(small, word=False)
    small.by_hand(Mode.manual)
    small.tick()
    ask(small, OperatorAction.manual_step, operation=Operation.close_street_door, arguments={"bay": "B1"})
    small.ideal.finish("B1")
    small.tick()
    assert small.record.facts.opened == set()
    return small


@pytest.fixture
def hidden(shut_in: Small) -> Small:
    """No sensor shows it any more."""
    shut_in.ideal.stand("B1", "")
    shut_in.tick()
    assert "a car stood in B1" in why_no_turn(shut_in)
    assert shut_in.alarms == {"count_differs B1"}
    return shut_in


def ask(small: Small, action: OperatorAction, **fields: object) -> None:
    expires = small.clock.now()
    wish = {"action": action, "staff": "one", "second": "two", "expires_at": expires, **fields}
    run(small.staff().obey(OperatorRequest.model_validate(wish)))


def why_no_turn(small: Small) -> str:
    """Return why two persons may not turn the table."""
    view = small.controller.view(run(small.link.read()))
    return str(refusals(votes(Operation.turn, (("bay", "B1"),), view, small.clock.monotonic(), Mode.manual)))


def patience_ends(small: Small) -> None:
    small.by_hand(Mode.automatic)
    for _ in range(3):
        small.settle()
        small.clock.advance(NOBODY_CAME_S + 1)
    small.settle()


def brought_here(small: Small) -> bool:
    """Whether the machine brings another car to the bay for whoever asks for it there."""
    patience_ends(small)
    small.desks["B1"].talk = None
    small.verify(small.lend("drive-2", "TAG-2"))
    small.settle()
    return small.where("TAG-2") == "B1"


def kiosk(small: Small) -> KioskState:
    return kiosk_state(small.desks["B1"], cast(Link, small.link), "en")


def shut_in_events(small: Small) -> list[Event]:
    return [*small.events("vehicle_shut_in"), *small.events("vehicle_let_out")]


# What does not end it


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize(
    "seen",
    [
        {},
        {"street_door": Door.between},
        {"street_door": Door.open},
        {"vehicle": True},
        {"in_place": True},
        {"vehicle": True, "in_place": True},
        {"tag": "TAG-1"},
        {"tag": "TAG-2"},
    ],
    ids=str,
)
def test_no_door_no_restart_and_no_sensor_that_flickers_says_that_it_is_gone(
    hidden: Small, seen: dict[str, object], restarted: bool
) -> None:
    before = {name: getattr(hidden.bay(), name) for name in seen}
    hidden.ideal.change("B1", **seen)
    hidden.tick()
    hidden.ideal.change("B1", **before)
    if restarted:
        hidden.start()
    assert not brought_here(hidden)
    assert "a car stood in B1" in doubts(hidden)


def test_sensors_that_die_while_the_station_is_down_hide_nothing(shut_in: Small) -> None:
    shut_in.ideal.stand("B1", "")
    shut_in.start()
    assert not brought_here(shut_in)
    assert "a car stood in B1" in doubts(shut_in)


def test_a_disk_that_was_full_for_a_moment_hides_nothing(shut_in: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    shut_in.record.facts.shut_in.clear()
    with monkeypatch.context() as full:

        def fail(event: Event) -> None:
            raise NotWritten("disk is full")

        full.setattr(shut_in.journal, "write", fail)
        with pytest.raises(NotWritten):
            shut_in.tick()
    shut_in.tick()
    shut_in.ideal.stand("B1", "")
    shut_in.tick()
    assert "a car stood in B1" in doubts(shut_in)


def test_a_car_that_was_moved_there_by_hand_is_known_to_stand_there(tmp_path: Path) -> None:
    small = Small(tmp_path, "carvana34", {"TAG-1": "2A", "TAG-2": "3C"})
    small.by_hand(Mode.maintenance)
    small.tick()
    small.ideal.stand("2A", "")
    small.ideal.stand("B1", "TAG-1")
    small.tick()
    small.ideal.stand("B1", "")
    small.tick()
    assert not brought_here(small)


def test_a_stranger_that_nobody_serves_is_known_to_stand_there_too(small: Small) -> None:
    small.ideal.stand("B1", "STRANGER", read=False)
    small.tick()
    small.ideal.stand("B1", "")
    small.tick()
    assert not brought_here(small)
    assert "a car stood in B1" in doubts(small)


@pytest.fixture
def staged(small: Small) -> Small:
    """The car of drive-1 stands behind a street door whose closing had no known end."""
    presented(small)
    small.desks["B1"].cancel()
    small.until_running("close_street_door")
    small.ideal.finish("B1")
    plc_starts_anew(small)
    small.settle()
    assert [end.result for end in small.events("command_ended")][-1] == "unknown"  # type: ignore[union-attr]
    return small


def test_a_staged_car_behind_a_door_whose_closing_had_no_known_end_has_not_driven_off(staged: Small) -> None:
    staged.ideal.stand("B1", "")
    staged.settle()
    assert staged.events("handed_over") == []
    staged.ideal.stand("B1", "TAG-1")
    staged.settle()
    presented(staged)
    staged.ideal.stand("B1", "")
    staged.settle()
    assert len(staged.events("handed_over")) == 1


def test_nor_where_its_sensors_die_before_they_have_shown_it_before_the_open_door(staged: Small) -> None:
    staged.verify(staged.lend("drive-1", "TAG-1"))
    staged.until_running("open_street_door")
    staged.ideal.stand("B1", "")
    staged.settle()
    assert (staged.bay().street_door, staged.events("handed_over")) == (Door.open, [])
    assert "a car stood in B1" in doubts(staged)


# What ends it


@pytest.mark.parametrize("restarted", [False, True])
def test_once_its_sensors_show_it_again_the_return_goes_on(hidden: Small, restarted: bool) -> None:
    if restarted:
        hidden.start()
        hidden.tick()
    assert "a car stood in B1" in why_no_turn(hidden)
    hidden.ideal.stand("B1", "TAG-1")
    hidden.tick()
    hidden.tick()
    assert (doubts(hidden), "a car stood in B1" in why_no_turn(hidden), hidden.alarms) == ("", False, set())


def test_before_an_open_door_it_may_drive_out(shut_in: Small) -> None:
    shut_in.by_hand(Mode.automatic)
    shut_in.settle()
    assert (shut_in.bay().street_door, shut_in.record.facts.shut_in) == (Door.open, {})
    shut_in.ideal.stand("B1", "")
    patience_ends(shut_in)
    assert (shut_in.desks["B1"].talk, shut_in.bay().street_door, doubts(shut_in)) == (None, Door.closed, "")
    assert brought_here(shut_in)


@pytest.mark.parametrize("flaps", [False, True])
def test_what_two_persons_counted_holds_whatever_its_alarm_does(hidden: Small, flaps: bool) -> None:
    if flaps:
        for _ in range(12):
            hidden.record.end_alarm("count_differs", "B1", "sensors")
            hidden.record.alarm("count_differs", "B1", "sensors")
    hidden.by_hand(Mode.automatic)
    hidden.settle()
    ask(hidden, OperatorAction.accept_count, arguments={"TAG-2": "3C"})
    hidden.settle()
    assert doubts(hidden) == ""
    assert hidden.bay().street_door == Door.open, "the return goes on"
    patience_ends(hidden)
    assert (hidden.desks["B1"].talk, hidden.bay().street_door) == (None, Door.closed)
    assert brought_here(hidden)


# What has taken it, or will


def plc_starts_anew(small: Small) -> None:
    small.link.plc_epoch, small.link.control_epoch = small.link.plc_epoch + 1, 0
    small.connect()


@pytest.mark.parametrize("end", ["cut", "unknown"])
def test_a_transfer_that_took_it_ends_it_however_it_ended_itself(staged: Small, end: str) -> None:
    assert staged.record.facts.shut_in == {"B1": "TAG-1"}
    staged.verify(staged.lend("drive-2", "TAG-2"))
    lift = staged.until_running("pick")
    if end == "cut":
        staged.ideal.cut(lift)
    else:
        staged.ideal.finish(lift)
        plc_starts_anew(staged)
    staged.settle()
    staged.clock.advance(5)
    staged.settle()
    assert (staged.record.facts.shut_in, doubts(staged), staged.alarms) == ({}, "", set())
    assert (staged.where("TAG-2"), staged.bay().street_door) == ("B1", Door.open)


def test_a_car_whose_tag_was_not_read_at_first_is_known_by_it_later(small: Small) -> None:
    small.ideal.stand("2A", "")
    small.ideal.stand("B1", "TAG-1", read=False)
    small.record.write(CountAccepted(places={"TAG-2": "3C"}, staff="one", second="two"))
    small.tick()
    assert small.record.facts.shut_in == {"B1": ""}
    small.ideal.stand("B1", "TAG-1")
    lift = small.until_running("pick")
    assert small.record.facts.shut_in == {"B1": "TAG-1"}
    small.ideal.finish(lift)
    plc_starts_anew(small)
    small.settle()
    small.clock.advance(5)
    small.settle()
    assert (small.record.facts.shut_in, small.alarms) == ({}, set())


def test_while_it_is_taken_nobody_is_told_that_it_is_hidden(staged: Small) -> None:
    staged.verify(staged.lend("drive-2", "TAG-2"))
    lift = staged.until_running("pick")
    staged.ideal.stand("B1", "")
    staged.tick()
    assert (staged.alarms, doubts(staged)) == (set(), "")
    staged.ideal.finish(lift)
    staged.settle()
    assert staged.where("TAG-2") == "B1"


def test_a_car_that_a_lift_put_there_with_no_known_end_is_the_towers(small: Small) -> None:
    small.verify(small.lend("drive-1", "TAG-1"))
    lift = small.until_running("place")
    small.ideal.finish(lift)
    plc_starts_anew(small)
    small.settle()
    small.clock.advance(5)
    small.settle()
    assert (small.bay().street_door, shut_in_events(small)) == (Door.open, [])
    small.ideal.stand("B1", "")
    small.start()
    small.settle()
    assert len(small.events("handed_over")) == 1


def test_what_flickers_before_a_door_that_lets_somebody_out_ends_nothing(hidden: Small) -> None:
    hidden.by_hand(Mode.automatic)
    hidden.ideal.change("B1", scanner=True)
    hidden.settle()
    assert hidden.bay().street_door == Door.open
    for there in (True, False):
        hidden.ideal.change("B1", vehicle=there, in_place=there)
        hidden.tick()
    hidden.ideal.change("B1", scanner=False)
    assert not brought_here(hidden)


@pytest.mark.parametrize("shown", [("vehicle", "in_place"), ("tag", "mass_kg"), ("vehicle", "mass_kg")])
def test_any_two_sources_say_that_it_stands_there(small: Small, shown: tuple[str, str]) -> None:
    said = {"vehicle": True, "in_place": True, "tag": "STRANGER", "mass_kg": 1500}
    small.ideal.change("B1", **{name: said[name] for name in shown})
    small.tick()
    small.ideal.stand("B1", "")
    small.tick()
    assert small.record.facts.shut_in.keys() == {"B1"}


# What it does meanwhile


def test_who_is_sensed_with_it_is_let_out_and_it_stays_hidden(hidden: Small) -> None:
    hidden.by_hand(Mode.automatic)
    hidden.settle()
    assert hidden.bay().street_door == Door.closed, "open, it would be the way out of a car that nobody sees"
    hidden.ideal.change("B1", scanner=True)
    hidden.settle()
    assert hidden.bay().street_door == Door.open
    hidden.ideal.change("B1", scanner=False)
    hidden.settle()
    assert hidden.bay().street_door == Door.closed
    assert "a car stood in B1" in doubts(hidden)


def test_a_sensor_that_flaps_does_not_move_the_door_for_ever(hidden: Small) -> None:
    hidden.by_hand(Mode.automatic)
    before = hidden.ideal.done.count("open_street_door")
    for there in (True, False) * 20:
        hidden.ideal.change("B1", scanner=there)
        hidden.settle()
        hidden.clock.advance(15)
    assert 0 < hidden.ideal.done.count("open_street_door") - before <= MOST_LET_OUT


def test_a_restart_does_not_forget_whose_return_it_was(hidden: Small) -> None:
    hidden.start()
    hidden.by_hand(Mode.automatic)
    hidden.settle()
    assert hidden.bay().street_door == Door.closed
    hidden.ideal.stand("B1", "TAG-1")
    hidden.ideal.change("B1", key_in_box=True, length_mm=4000, width_mm=1800, height_mm=1500)
    hidden.settle()
    assert (hidden.where("TAG-1"), hidden.bay().street_door) == ("B1", Door.open), "nobody has given the word for it"
    hidden.desks["B1"].declare(engine_off=True, key_in_box=True, nobody_inside=True)
    hidden.settle()
    assert len(hidden.events("returned")) == 1


@pytest.mark.parametrize("restarted", [False, True])
def test_a_return_that_was_given_up_opens_to_no_stranger(small: Small, restarted: bool) -> None:
    returning(small, word=False)
    small.ideal.stand("B1", "")
    patience_ends(small)
    assert (small.desks["B1"].talk, small.record.facts.returning) == (None, {"B1": "drive-1"})
    for tag in ("STRANGER", ""):
        small.ideal.stand("B1", tag, read=False)
        small.tick()
    if restarted:
        small.start()
    small.settle()
    small.ideal.stand("B1", "STRANGER", read=False)
    patience_ends(small)
    assert small.bay().street_door == Door.closed


def test_a_restart_while_its_door_opens_does_not_keep_it_in(shut_in: Small) -> None:
    shut_in.by_hand(Mode.automatic)
    shut_in.until_running("open_street_door")
    shut_in.ideal.finish("B1")
    shut_in.start()
    shut_in.settle()
    assert shut_in.record.facts.shut_in == {}
    shut_in.ideal.stand("B1", "")
    patience_ends(shut_in)
    assert brought_here(shut_in)


def test_a_door_that_let_somebody_half_out_is_closed(hidden: Small) -> None:
    hidden.by_hand(Mode.automatic)
    hidden.ideal.change("B1", scanner=True)
    hidden.until_running("open_street_door")
    hidden.ideal.cut("B1")
    hidden.tick()
    hidden.ideal.change("B1", scanner=False)
    patience_ends(hidden)
    assert hidden.bay().street_door == Door.closed


def open_by_hand(small: Small) -> None:
    ask(small, OperatorAction.manual_step, operation=Operation.open_street_door, arguments={"bay": "B1"})


def give_up(small: Small) -> None:
    small.by_hand(Mode.automatic)
    small.tick()
    small.desks["B1"].cancel()


@pytest.mark.parametrize(
    ("act", "refused"), [(open_by_hand, ErrorCode.machine_refused), (give_up, ErrorCode.bay_occupied)]
)
def test_neither_staff_nor_its_borrower_do_as_if_it_were_gone(
    hidden: Small, act: Callable[[Small], None], refused: ErrorCode
) -> None:
    with pytest.raises(Refused) as caught:
        act(hidden)
    assert caught.value.code == refused
    assert hidden.desks["B1"].talk is not None


def test_the_kiosk_says_so_and_asks_for_no_word(hidden: Small) -> None:
    hidden.by_hand(Mode.automatic)
    hidden.settle()
    for served in (True, False):
        if not served:
            hidden.desks["B1"].talk = None
            hidden.clock.advance(FAREWELL_S)
            hidden.settle()
        told = kiosk(hidden)
        assert told.error is not None
        assert (told.error.code, told.checks) == (ErrorCode.machine_contradiction, ())


def test_no_car_is_brought_to_it_beforehand_nor_asked_for_there(hidden: Small) -> None:
    hidden.by_hand(Mode.automatic)
    desk, lending = hidden.desks["B1"], hidden.lend("drive-2", "TAG-2", promised_at=hidden.clock.now()).lending
    desk._admission, desk.talk = cast(Admission, Willing(lending)), None
    for other in hidden.desks.values():
        other.ready = other is desk
    hidden.tick()
    assert (desk.is_idle, desk.staging) == (True, None)
    assert not is_free(desk, hidden.bay())
    hidden.settle()
    with pytest.raises(Refused, match="machine_contradiction"):
        desk.show_collect_pass("drive-2")


@pytest.mark.parametrize("whose", ["borrower's", "tower's"])
def test_a_count_that_another_bay_waits_for_goes_past_it(tmp_path: Path, whose: str) -> None:
    small = Small(tmp_path, "guangzhou42", {"TAG-1": "2A", "TAG-2": "3C"})
    if whose == "tower's":
        presented(small)
        small.desks["B1"].cancel()
        small.settle()
    else:
        returning(small, word=False)
        small.ideal.change("B1", street_door=Door.closed)
        small.tick()
    small.ideal.stand("B1", "")
    presented(small, "drive-2", "TAG-2", "B2")
    small.ideal.stand("B2", "")
    small.settle()
    lending, desk = small.store.lending("drive-2"), small.desks["B2"]
    assert lending is not None
    small.record.write(ReturnStarted(drive_id="drive-2", bay="B2"))
    desk.talk = ReturnTalk(lending, desk.side)
    small.settle()
    small.ideal.stand("B2", "TAG-2")
    small.ideal.change("B2", key_in_box=True, length_mm=4000, width_mm=1800, height_mm=1500)
    small.tick()
    desk.declare(engine_off=True, key_in_box=True, nobody_inside=True)
    lift = small.until_running("place")
    small.ideal.finish(lift)
    plc_starts_anew(small)
    small.settle()
    assert [event.drive_id for event in small.events("returned")] == ["drive-2"]  # type: ignore[union-attr]
    assert ("TAG-1 was last in B1" if whose == "tower's" else "a car stood in B1") in doubts(small)


@pytest.mark.parametrize(
    ("about", "passed"),
    [(("TAG-1", "B1"), True), (("TAG-1", "B1", "L1"), False), (("L1", "B1"), False), (("TAG-1", "2A"), False)],
)
def test_a_count_goes_past_a_car_that_is_believed_in_a_bay_alone(
    small: Small, about: tuple[str, ...], passed: bool
) -> None:
    assert small.yard._is_of_a_bay(Doubt(about, "")) is passed


def test_sensors_that_flap_fill_no_journal(shut_in: Small) -> None:
    before = shut_in.journal.head()[0]
    for _ in range(100):
        for tag in ("", "TAG-1"):
            shut_in.ideal.stand("B1", tag)
            shut_in.tick()
            shut_in.clock.advance(0.5)
    assert shut_in.journal.head()[0] - before < 30


# What is no such car


def test_an_ordinary_hand_over_and_return_say_nothing_of_it(small: Small) -> None:
    returning(small)
    small.settle()
    assert len(small.events("returned")) == 1
    presented(small, "drive-2", "TAG-2")
    small.desks["B1"].cancel()
    small.settle()
    assert (small.where("TAG-2"), small.bay().street_door) == ("B1", Door.closed)
    assert shut_in_events(small) == []


@pytest.mark.parametrize("door", [Door.between, Door.closed])
def test_a_car_that_was_never_sensed_to_be_gone_before_an_open_door_has_not_left(small: Small, door: Door) -> None:
    returning(small, word=False)
    small.ideal.change("B1", street_door=door)
    small.ideal.stand("B1", "")
    small.tick()
    small.ideal.change("B1", street_door=Door.closed)
    small.tick()
    assert not brought_here(small)
    assert "a car stood in B1" in doubts(small)


def test_a_car_that_left_through_a_door_with_a_dead_switch_is_lent_and_not_hidden(small: Small) -> None:
    presented(small)
    small.ideal.change("B1", street_door=Door.between)
    small.until_running("open_street_door")
    small.ideal.stand("B1", "")
    small.tick()
    small.ideal.cut("B1")
    small.tick()
    small.clock.advance(5)
    small.settle()
    assert (len(small.events("handed_over")), small.bay().street_door) == (1, Door.closed)
    assert (shut_in_events(small), doubts(small)) == ([], "")


def test_a_car_that_goes_back_onto_its_lift_was_not_shut_in(small: Small) -> None:
    small.verify(small.lend("drive-1", "TAG-1"))
    small.until_running("place")
    small.tick()
    small.ideal.cut("L1")
    small.settle()
    assert shut_in_events(small) == []


def test_a_car_that_is_presented_anew_for_nobody_shows_no_bay_as_served(small: Small) -> None:
    shown = VehiclePresented(drive_id="d1", vehicle_id="v1", bay="B1", tag="TAG-1")
    small.record.write(PersonVerified(drive_id="d1", bay="B1", method="pin", distance=None))
    small.record.write(shown)
    state = state_after(small.journal.entries())
    assert state is not None
    assert [(talk.bay, talk.stage) for talk in state.conversations] == [("B1", "presented")]
    small.record.write(HandOverAborted(drive_id="d1", code="timed_out"))
    small.record.write(shown)
    state = state_after(small.journal.entries())
    assert state is not None
    assert state.conversations == ()


def test_a_car_that_was_put_away_for_nobody_is_believed_in_its_slot(small: Small) -> None:
    small.ideal.stand("2A", "")
    small.ideal.stand("B1", "TAG-1")
    small.record.write(CountAccepted(places={"TAG-2": "3C"}, staff="one", second="two"))
    small.settle()
    assert small.layout.is_slot(small.where("TAG-1"))
    assert small.record.facts.places["TAG-1"] == small.where("TAG-1")
