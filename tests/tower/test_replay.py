"""The journal plays back as what was known at each moment."""

from datetime import UTC, datetime, timedelta

from vendrive.tower.replay import State, replay
from vendrive.wire.journal import (
    Alarm,
    AlarmEnded,
    CommandEnded,
    CommandGiven,
    Counted,
    Entry,
    Event,
    HandedOver,
    HandOverAborted,
    ModeChanged,
    PartLocked,
    PartReleased,
    PersonVerified,
    Returned,
    ReturnRefused,
    ReturnStarted,
    Started,
    VehiclePresented,
)

START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def entries(*told: Event, every_s: float = 60) -> list[Entry]:
    """Return one entry each minute, from 10:01 on."""
    return [
        Entry(seq=seq, at=START + timedelta(seconds=seq * every_s), event=event, digest="")
        for seq, event in enumerate(told, start=1)
    ]


def given(seq: int, operation: str, **arguments: str) -> CommandGiven:
    return CommandGiven(control_epoch=4, seq=seq, operation=operation, arguments=arguments, purpose="hand-over d1")


HAND_OVER: tuple[Event, ...] = (
    Started(control_epoch=4),
    Counted(places={"TAG-1": "2A", "TAG-2": "3C"}, reason="start"),
    PersonVerified(drive_id="d1", bay="B1", method="pin", distance=None),
    given(7, "pick", lift="L1", place="2A"),
    CommandEnded(seq=7, result="done", reason=""),
    given(8, "place", lift="L1", place="B1"),
    CommandEnded(seq=8, result="done", reason=""),
    VehiclePresented(drive_id="d1", vehicle_id="v1", bay="B1"),
    HandedOver(drive_id="d1", vehicle_id="v1", bay="B1", tag="TAG-1"),
)


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


def at(moment: datetime, past: list[Entry]) -> State:
    """Return what was known at this moment."""
    return next(replay(past, moment, moment))


def test_any_minute_of_a_hand_over_plays_back() -> None:
    past = entries(*HAND_OVER)
    bringing = at(minute(4.5), past)
    assert (bringing.seq, bringing.kind, bringing.epoch) == (4, "command_given", 4)
    assert [(talk.bay, talk.drive_id, talk.stage, talk.since) for talk in bringing.conversations] == [
        ("B1", "d1", "bringing", minute(3))
    ]
    assert [(command.parts, command.seq, command.operation, command.since) for command in bringing.commands] == [
        (("L1",), 7, "pick", minute(4))
    ]
    assert bringing.places == {"TAG-1": "2A", "TAG-2": "3C"}
    assert at(minute(5), past).places == {"TAG-1": "L1", "TAG-2": "3C"}
    through_the_door = at(minute(6), past).commands
    assert [command.parts for command in through_the_door] == [("L1", "B1")]
    presented = at(minute(8), past)
    assert (presented.conversations[0].stage, presented.commands) == ("presented", ())
    after = at(minute(99), past)
    assert (after.seq, after.conversations, after.places) == (9, (), {"TAG-2": "3C"})


def test_a_time_before_the_first_entry_knows_nothing() -> None:
    assert at(START, entries(*HAND_OVER)) == State(at=START, seq=0, kind="")
    assert at(START, []) == State(at=START, seq=0, kind="")


def test_a_range_yields_its_beginning_and_each_entry_until_its_end() -> None:
    past = entries(*HAND_OVER)
    states = list(replay(past, minute(3.5), minute(6)))
    assert [(state.at, state.seq) for state in states] == [
        (minute(3.5), 3),
        (minute(4), 4),
        (minute(5), 5),
        (minute(6), 6),
    ]
    assert states[0] == at(minute(3.5), past)


def test_mode_alarms_and_locks_are_on_from_their_entry_to_their_end() -> None:
    past = entries(
        ModeChanged(mode="maintenance"),
        Alarm(name="help", part="plc", source="kiosk"),
        Alarm(name="movement", part="2A", source="sensor"),
        PartLocked(part="L1", staff="anna"),
        AlarmEnded(name="help", part="plc", source="console"),
        PartReleased(part="L1", staff="anna", second="bo"),
        ModeChanged(mode="automatic"),
    )
    assert at(START, past).mode == "unknown"
    shut = at(minute(4), past)
    assert (shut.mode, shut.locked) == ("maintenance", {"L1": "anna"})
    assert [(alarm.name, alarm.part, alarm.source, alarm.since) for alarm in shut.alarms] == [
        ("help", "plc", "kiosk", minute(2)),
        ("movement", "2A", "sensor", minute(3)),
    ]
    end = at(minute(7), past)
    assert (end.mode, end.locked, [alarm.part for alarm in end.alarms]) == ("automatic", {}, ["2A"])


def test_bays_talk_side_by_side_and_each_conversation_ends_for_itself() -> None:
    past = entries(
        PersonVerified(drive_id="d1", bay="B1", method="pin", distance=None),
        ReturnStarted(drive_id="d2", bay="B2"),
        ReturnRefused(drive_id="d2", code="car_too_long"),
        HandOverAborted(drive_id="d1", code="timed_out"),
        Returned(drive_id="d2", vehicle_id="v2", slot="2C", length_mm=4000, mass_kg=1500),
    )
    stages = [[(talk.bay, talk.stage) for talk in at(minute(n), past).conversations] for n in range(1, 6)]
    assert stages == [
        [("B1", "bringing")],
        [("B1", "bringing"), ("B2", "returning")],
        [("B1", "bringing"), ("B2", "return_refused")],
        [("B2", "return_refused")],
        [],
    ]


def test_a_calendar_that_jumped_loses_no_entry_and_no_order() -> None:
    past = entries(*HAND_OVER)
    ahead = past[4].model_copy(update={"at": minute(500)})
    states = list(replay([*past[:4], ahead, *past[5:]], minute(3.5), minute(7)))
    assert [state.seq for state in states] == [3, 4, 6, 7]
    assert states[-1].places == {"TAG-1": "B1", "TAG-2": "3C"}


def test_a_journal_whose_beginning_is_gone_plays_on_from_the_state_there() -> None:
    past = entries(*HAND_OVER, Alarm(name="help", part="plc", source="kiosk"))
    whole = list(replay(past, minute(5.5), minute(20)))
    assert list(replay(past[4:], minute(5.5), minute(20), at(minute(4), past))) == whole
    assert at(whole[-1].at, []) != whole[-1]
    assert next(replay([], whole[-1].at, minute(20), whole[-1])) == whole[-1]


def test_a_state_survives_its_way_to_a_screen() -> None:
    for state in replay(entries(*HAND_OVER), START, minute(20)):
        assert State.model_validate_json(state.model_dump_json()) == state
