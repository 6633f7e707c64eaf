"""Facts are a fold over the journal: what it says of drives, cars, commands and locks, bay by bay and part by part."""

import pytest

from vendrive.station.facts import Facts, fold
from vendrive.wire.journal import (
    Alarm,
    AlarmEnded,
    CommandEnded,
    CommandGiven,
    CountAccepted,
    Counted,
    Event,
    HandedOver,
    HandOverAborted,
    PartLocked,
    PartReleased,
    PersonVerified,
    Returned,
    ReturnStarted,
    Started,
    VehicleLetOut,
    VehiclePresented,
    VehicleShutIn,
    WordGiven,
)

COUNTED = Counted(places={"TAG-1": "2A", "TAG-2": "3C"}, reason="start")


def given(seq: int, operation: str, **arguments: str) -> CommandGiven:
    return CommandGiven(control_epoch=1, seq=seq, operation=operation, arguments=arguments, purpose="hand-over d1")


def ended(seq: int, result: str = "done") -> CommandEnded:
    return CommandEnded(seq=seq, result=result, reason="")


def verified(drive: str, bay: str) -> PersonVerified:
    return PersonVerified(drive_id=drive, bay=bay, method="pin", distance=None)


def test_a_command_is_open_under_each_of_its_parts_until_its_own_end() -> None:
    move, door = given(1, "pick", lift="L1", place="B1"), given(2, "open_street_door", bay="B2")
    facts = fold([Started(control_epoch=3), move, door])
    assert facts.open_commands == {"L1": move, "B1": move, "B2": door}
    assert (facts.control_epoch, facts.last_seq) == (3, 2)
    facts.apply(ended(2))
    assert facts.open_commands == {"L1": move, "B1": move}
    facts.apply(ended(7))
    assert facts.open_commands == {"L1": move, "B1": move}
    facts.apply(ended(1))
    assert facts.open_commands == {}
    assert facts.last_seq == 2


def test_a_count_is_believed_wholly() -> None:
    for count in (
        Counted(places={"TAG-2": "2A"}, reason="x"),
        CountAccepted(places={"TAG-2": "2A"}, staff="a", second="b"),
    ):
        assert fold([COUNTED, count]).places == {"TAG-2": "2A"}


def test_a_transfer_that_is_done_carries_its_car_and_no_other() -> None:
    facts = fold([COUNTED, given(1, "pick", lift="L1", place="2A"), ended(1)])
    assert facts.places == {"TAG-1": "L1", "TAG-2": "3C"}
    fold([given(2, "move_lift", lift="L1", storey="1"), ended(2), given(3, "place", lift="L1", place="B1")], facts)
    assert facts.places == {"TAG-1": "L1", "TAG-2": "3C"}
    facts.apply(ended(3))
    assert facts.places == {"TAG-1": "B1", "TAG-2": "3C"}


@pytest.mark.parametrize("result", ["failed", "refused", "unknown"])
def test_a_transfer_that_ended_otherwise_moves_nothing_in_the_belief(result: str) -> None:
    facts = fold([COUNTED, given(1, "pick", lift="L1", place="2A"), ended(1, result)])
    assert facts.places == COUNTED.places
    assert facts.open_commands == {}


@pytest.mark.parametrize(("result", "where"), [("failed", "L1"), ("unknown", "L1"), ("refused", "2A")])
def test_a_transfer_that_was_cut_short_ends_on_the_lift(result: str, where: str) -> None:
    # One that was refused never began, so there is nothing to finish.
    finish = given(2, "finish_transfer", lift="L1")
    facts = fold([COUNTED, given(1, "pick", lift="L1", place="2A"), ended(1, result), finish, ended(2)])
    assert facts.places["TAG-1"] == where


def test_a_car_that_was_handed_over_is_nowhere_in_the_tower() -> None:
    at_bay = Counted(places={"TAG-1": "B1", "TAG-2": "3C"}, reason="x")
    left = HandedOver(drive_id="d1", vehicle_id="v1", bay="B1", tag="TAG-1")
    assert fold([at_bay, left]).places == {"TAG-2": "3C"}
    # An entry of an older station names no tag: the car that is believed in the bay has left.
    assert fold([at_bay, left.model_copy(update={"tag": ""})]).places == {"TAG-2": "3C"}


def test_each_bay_serves_its_own_conversation() -> None:
    facts = fold([verified("d1", "B1"), verified("d2", "B2")])
    assert facts.handing_over == {"B1": "d1", "B2": "d2"}
    facts.apply(ReturnStarted(drive_id="d3", bay="B1"))
    assert (facts.handing_over, facts.returning) == ({"B2": "d2"}, {"B1": "d3"})
    facts.apply(verified("d2", "B1"))
    assert (facts.handing_over, facts.returning) == ({"B1": "d2"}, {})
    facts.apply(HandOverAborted(drive_id="d2", code="cancelled"))
    assert facts.handing_over == {}


def test_a_drive_is_out_from_its_hand_over_to_its_return_and_its_pass_stays_used() -> None:
    presented = VehiclePresented(drive_id="d1", vehicle_id="v1", bay="B1")
    facts = fold([verified("d1", "B1"), presented])
    assert facts.presented == {"d1"}
    facts.apply(HandedOver(drive_id="d1", vehicle_id="v1", bay="B1", tag="TAG-1"))
    assert (facts.out, facts.used, facts.handing_over, facts.presented) == ({"d1": "v1"}, {"d1"}, {}, set())
    facts.apply(verified("d1", "B1"))
    assert facts.handing_over == {}
    fold([ReturnStarted(drive_id="d1", bay="B2")], facts)
    assert facts.returning == {"B2": "d1"}
    facts.apply(Returned(drive_id="d1", vehicle_id="v1", slot="2A", length_mm=4700, mass_kg=1800))
    assert (facts.out, facts.used, facts.returning) == ({}, {"d1"}, {})


def test_a_car_that_is_handed_over_again_is_nobody_elses() -> None:
    first = HandedOver(drive_id="d1", vehicle_id="v1", bay="B1", tag="TAG-1")
    other = HandedOver(drive_id="d2", vehicle_id="v2", bay="B1", tag="TAG-2")
    again = HandedOver(drive_id="d3", vehicle_id="v1", bay="B1", tag="TAG-1")
    assert fold([first, other, again]).out == {"d2": "v2", "d3": "v1"}


def test_a_street_door_is_known_to_be_shut_where_the_inner_one_was_opened_behind_it() -> None:
    closing: list[Event] = [given(1, "open_street_door", bay="B1"), ended(1), given(2, "close_street_door", bay="B1")]
    unknown: list[Event] = [*closing, ended(2, "unknown"), given(3, "open_inner_door", bay="B1")]
    assert fold([*unknown, ended(3, "refused")]).opened == {"B1"}
    assert fold([*unknown, ended(3)]).opened == set()


SHUT_IN = VehicleShutIn(bay="B1", tag="T1")


@pytest.mark.parametrize(
    ("ending", "stays"),
    [
        ([VehicleLetOut(bay="B1")], False),
        ([WordGiven(drive_id="d1", bay="B1", tag="T1")], False),
        ([CountAccepted(places={}, staff="demo-1", second="demo-2")], False),
        ([given(1, "pick", lift="L1", place="B1"), ended(1)], False),
        ([given(1, "pick", lift="L1", place="B1"), ended(1, "unknown")], True),
        ([given(1, "pick", lift="L1", place="2A"), ended(1)], True),
        ([VehicleLetOut(bay="B2")], True),
        ([AlarmEnded(name="count_differs", part="B1", source="sensors")], True),
        ([Counted(places={}, reason="after a conversation")], True),
    ],
)
def test_a_car_is_shut_in_until_it_is_let_out_taken_in_or_counted_by_two(ending: list[Event], stays: bool) -> None:
    facts = fold([SHUT_IN, *ending])
    assert Facts.model_validate_json(facts.model_dump_json()).shut_in == ({"B1": "T1"} if stays else {})


def test_a_door_that_has_closed_behind_a_car_is_closed_however_its_command_ended() -> None:
    unknown: list[Event] = [given(1, "open_street_door", bay="B1"), ended(1), given(2, "close_street_door", bay="B1")]
    assert fold([*unknown, ended(2, "unknown"), SHUT_IN]).opened == set()


def test_parts_are_locked_until_they_are_released_and_alarms_on_until_they_end() -> None:
    alarms = [Alarm(name="help", part="plc", source="kiosk"), Alarm(name="movement", part="2A", source="sensor")]
    facts = fold([PartLocked(part="L1", staff="demo-1"), PartLocked(part="B2", staff="demo-2"), *alarms])
    assert facts.locked == {"L1": "demo-1", "B2": "demo-2"}
    facts.apply(PartReleased(part="L1", staff="demo-2", second="demo-1"))
    facts.apply(PartReleased(part="2C", staff="demo-2", second="demo-1"))
    facts.apply(AlarmEnded(name="help", part="plc", source="console"))
    assert facts.locked == {"B2": "demo-2"}
    assert facts.alarms == {"movement 2A": alarms[1]}


def test_facts_of_an_older_journal_fold_too() -> None:
    # Such journals name no bay where a person is verified, and operations that this version may not know.
    old: list[Event] = [
        PersonVerified.model_validate_json('{"drive_id":"d1","method":"pin","distance":null}'),
        given(1, "wash", lift="L1"),
        ended(1),
        HandedOver.model_validate_json('{"drive_id":"d0","vehicle_id":"v0","bay":"B1"}'),
    ]
    facts = fold(old)
    assert (facts.handing_over, facts.open_commands, facts.last_seq) == ({"": "d1"}, {}, 1)
    assert fold([VehiclePresented(drive_id="d1", vehicle_id="v1", bay="B1")], facts).handing_over == {"B1": "d1"}
    assert fold([*old, ReturnStarted(drive_id="d2", bay="B1")]).handing_over == {}


def test_facts_come_back_as_they_were_from_their_text_and_from_a_text_of_an_older_program() -> None:
    facts = fold(
        [COUNTED, given(1, "pick", lift="L1", place="B1"), verified("d1", "B1"), PartLocked(part="2A", staff="a")]
    )
    assert Facts.model_validate_json(facts.model_dump_json()) == facts
    assert Facts.model_validate_json('{"last_seq": 4, "gone_since": 1}') == Facts(last_seq=4)


def test_two_folds_share_nothing() -> None:
    fold([verified("d1", "B1"), PartLocked(part="2A", staff="a"), Alarm(name="help", part="plc", source="x")])
    assert fold([]) == Facts()
