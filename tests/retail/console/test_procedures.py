"""Every alarm has a procedure, in the data, in docs and in both languages; its steps tick as they should."""

from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest

from tests.retail.console.world import change, report_of
from vendrive.design.messages import LANGUAGES, catalogue
from vendrive.retail.console.handbook import PAGES, write_handbook
from vendrive.retail.console.models import StepTick
from vendrive.retail.console.panels import tick_name
from vendrive.retail.console.procedures import (
    PROCEDURES,
    STEPS,
    Fault,
    Procedure,
    Sight,
    Step,
    Who,
    is_seen,
    sensors_agree,
)
from vendrive.retail.console.walk import Tick, current, walk
from vendrive.wire.alarms import AlarmName
from vendrive.wire.machine import Mode, PlcState
from vendrive.wire.orders import TWO_PERSONS, OperatorAction

AT = datetime(2026, 3, 2, 1, 5, tzinfo=UTC)
DOCS = Path(__file__).parents[3] / "docs"
REPORT = report_of("guangzhou42", AT, {"2A": "T1"})
FIELDS = ("title", "means", "machine", "before", "over")


def test_every_alarm_and_fault_has_one_procedure() -> None:
    assert list(PROCEDURES) == [*AlarmName, *Fault]
    assert all(procedure.steps for procedure in PROCEDURES.values())
    assert {other for procedure in PROCEDURES.values() for other in procedure.see} <= set(PROCEDURES)


def test_every_fault_is_followed_from_an_alarm_that_points_to_it() -> None:
    assert {other for name in AlarmName for other in PROCEDURES[name].see} >= set(Fault)
    longest = StepTick._meta.get_field("step").max_length
    assert all(len(tick_name(step.id, name)) <= (longest or 0) for name in Fault for step in PROCEDURES[name].steps)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_procedure_and_step_has_its_words_and_no_words_are_left_over(lang: str) -> None:
    wanted = {f"operations.{name}.{field}" for name in PROCEDURES for field in FIELDS}
    wanted |= {f"operations.step.{step}" for step in STEPS}
    wanted |= {f"operations.sight.{sight}" for sight in Sight} | {f"operations.who.{who}" for who in Who}
    known = {key for key in catalogue(lang) if key.startswith("operations.") and key.count(".") == 2}
    assert known == wanted
    assert all(not [name for _, name, _, _ in Formatter().parse(catalogue(lang)[key]) if name] for key in wanted)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_in_docs_is_the_one_that_the_console_shows(lang: str) -> None:
    page = (DOCS / PAGES[lang]).read_text(encoding="utf-8")
    assert page == write_handbook(lang), "python -m vendrive.retail.console.handbook docs"
    assert all(f'<a id="{name}"></a>' in page for name in PROCEDURES)


def test_no_procedure_starts_a_stopped_machine_but_by_the_switch_at_the_tower() -> None:
    for procedure in PROCEDURES.values():
        for step in procedure.steps:
            if step.sight == Sight.stop_over:
                assert (step.who, step.action) == (Who.tower, None)
    assert [action for action in OperatorAction if "start" in action or "reset" in action] == []


def test_who_may_do_a_step_fits_what_it_asks() -> None:
    for step in STEPS.values():
        if step.action is not None:
            assert step.who == (Who.two if step.action in TWO_PERSONS else Who.one), step.id
        if step.id.startswith(("key_", "padlock", "look_", "open_")):
            assert step.who == Who.tower, step.id


@pytest.mark.parametrize("procedure", PROCEDURES.values(), ids=str)
def test_between_two_sights_that_exclude_each_other_somebody_ticks(procedure: Procedure) -> None:
    """Otherwise the second would undo the first on the page, and nobody could go on."""
    exclusive = [
        {Sight.stopped, Sight.stop_over},
        {Sight.part_locked, Sight.part_free},
        {Sight.key_automatic, Sight.key_manual, Sight.key_maintenance},
    ]
    pending: set[Sight] = set()
    for step in procedure.steps:
        if step.sight is None:
            pending = set()
            continue
        assert not any(step.sight in group and pending & group for group in exclusive), step.id
        pending.add(step.sight)


def test_each_sight_is_seen_in_one_report_and_not_in_another() -> None:
    locked = REPORT.model_copy(update={"lifts": change(REPORT.lifts, "L1", locked_out=True, fault="drive")})
    person = REPORT.model_copy(
        update={"bays": change(REPORT.bays, "B1", person=True, exit_closed=False, street_door="closed")}
    )
    enclosed = REPORT.model_copy(update={"bays": change(REPORT.bays, "B1", street_door="closed")})
    moving = REPORT.model_copy(update={"slots": change(REPORT.slots, "2A", movement=True)})
    twice = REPORT.model_copy(update={"slots": change(REPORT.slots, "2B", tag="T1", occupied=True)})
    bad = {"emergency_stop": True, "help_called": True, "fire": True, "mains": False, "machine": "unknown"}
    stopped = REPORT.model_copy(update=bad | {"mode": Mode.stopped})
    cases = {
        Sight.stopped: (stopped, REPORT, "plc"),
        Sight.stop_over: (REPORT, stopped, "plc"),
        Sight.help_over: (REPORT, stopped, "plc"),
        Sight.fire_over: (REPORT, stopped, "plc"),
        Sight.mains_back: (REPORT, stopped, "plc"),
        Sight.key_automatic: (REPORT, stopped, "plc"),
        Sight.key_manual: (REPORT.model_copy(update={"mode": Mode.manual}), REPORT, "plc"),
        Sight.key_maintenance: (REPORT.model_copy(update={"mode": Mode.maintenance}), REPORT, "plc"),
        Sight.state_known: (REPORT, stopped, "plc"),
        Sight.at_rest: (REPORT, REPORT.model_copy(update={"machine": PlcState.execute}), "plc"),
        Sight.sensors_agree: (REPORT, twice, "plc"),
        Sight.nobody_sensed: (REPORT, person, "B1"),
        Sight.bay_empty: (REPORT, person, "B1"),
        Sight.exit_closed: (REPORT, person, "B1"),
        Sight.way_out_open: (REPORT, enclosed, "B1"),
        Sight.fault_over: (REPORT, locked, "L1"),
        Sight.movement_over: (REPORT, moving, "2A"),
        Sight.part_locked: (locked, REPORT, "L1"),
        Sight.part_free: (REPORT, locked, "L1"),
    }
    assert set(cases) == set(Sight)
    for sight, (yes, no, part) in cases.items():
        assert (is_seen(sight, yes, part), is_seen(sight, no, part)) == (True, False), sight


def test_people_behind_a_closed_street_door_get_out_by_the_emergency_exit_and_the_procedure_goes_on() -> None:
    bays = change(REPORT.bays, "B1", street_door="closed", exit_closed=False)
    assert is_seen(Sight.way_out_open, REPORT.model_copy(update={"bays": bays}), "B1") is True


@pytest.mark.parametrize(
    "wrong",
    [
        {"lifts": change(REPORT.lifts, "L1", loaded=True)},
        {"lifts": change(REPORT.lifts, "L1", tag="T9")},
        {"bays": change(REPORT.bays, "B1", tag="T9", vehicle=False)},
        {"bays": change(REPORT.bays, "B1", tag="T1", vehicle=True)},
    ],
)
def test_sensors_of_lifts_and_bays_have_to_agree_too(wrong: dict[str, object]) -> None:
    assert not sensors_agree(REPORT.model_copy(update=wrong))


def test_whoever_goes_in_has_the_key_or_a_padlock_and_no_padlock_is_forgotten() -> None:
    for name, procedure in PROCEDURES.items():
        steps = [step.id for step in procedure.steps]
        inside = [at for at, step in enumerate(steps) if step in ("repair", "count", "change_tag", "clean_sensor")]
        if inside:
            assert {"key_maintenance", "padlock"} & set(steps[: inside[0]]), name
        if "padlock" in steps:
            order = [steps.index(step) for step in ("lock", "padlock", "tools_out", "release") if step in steps]
            assert (len(order), order) == (4, sorted(order)), name


def test_a_part_that_the_report_does_not_name_is_never_seen() -> None:
    for sight in (Sight.nobody_sensed, Sight.bay_empty, Sight.fault_over, Sight.part_free, Sight.movement_over):
        assert is_seen(sight, REPORT, "plc") is None


LOCK = Step("lock", Who.one, Sight.part_locked)
LOOK = Step("look", Who.tower)
FREE = Step("free", Who.two, Sight.part_free)
LAST = Step("last", Who.one)
SAMPLE = Procedure("sample", (LOCK, LOOK, FREE, LAST))
LOOKED = {"look": Tick("anna", AT)}


def states(report: object, ticks: dict[str, Tick] | None = None) -> list[str]:
    return [view.state for view in walk(SAMPLE, report, "L1", ticks or {})]  # type: ignore[arg-type]


def test_steps_are_done_in_order_by_the_report_and_by_people() -> None:
    locked = REPORT.model_copy(update={"lifts": change(REPORT.lifts, "L1", locked_out=True)})
    assert states(REPORT) == ["now", "next", "next", "next"]  # that the part is free is not yet its release
    assert states(locked) == ["done", "now", "next", "next"]
    assert states(locked, LOOKED) == ["done", "done", "now", "next"]
    assert states(REPORT, LOOKED) == ["done", "done", "done", "now"]
    assert states(REPORT, LOOKED | {"last": Tick("anna", AT)}) == ["done"] * 4


def test_an_old_report_ticks_nothing() -> None:
    assert states(None) == ["now", "next", "next", "next"]
    assert states(None, LOOKED) == ["done", "done", "now", "next"]
    now = current(walk(SAMPLE, None, "L1", {}))
    assert now is not None
    assert not now.by_hand  # what a sensor has to show, nobody ticks while nothing is shown
