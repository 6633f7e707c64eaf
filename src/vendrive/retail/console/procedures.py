"""What a person does about an alarm or a fault, step by step: the data behind the console's pages and the docs.

Pure. The words lie in the message catalogue: `operations.<procedure>.…` and `operations.step.<step>`.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from vendrive.wire.alarms import AlarmName
from vendrive.wire.machine import Door, Mode, PlcState
from vendrive.wire.orders import OperatorAction
from vendrive.wire.report import BayReport, LiftReport, SlotReport, TowerReport


class Fault(StrEnum):
    """What can go wrong, or has to be done, without an alarm of its own name."""

    station_restart = "station_restart"
    plc_restart = "plc_restart"
    power_cut_in_move = "power_cut_in_move"
    command_unknown = "command_unknown"
    lifts_failed = "lifts_failed"
    bay_out_of_service = "bay_out_of_service"
    child_in_car = "child_in_car"
    pet_in_car = "pet_in_car"
    passenger_left = "passenger_left"
    tag_unread = "tag_unread"
    retail_restored = "retail_restored"
    manual_mode = "manual_mode"
    maintenance = "maintenance"


class Who(StrEnum):
    """Who may do a step."""

    one = "one"  # one member of staff, at the console
    two = "two"  # two members of staff: one asks, the other confirms
    tower = "tower"  # a trained person at the tower, and nobody else


class Sight(StrEnum):
    """What the live report shows by itself; a part is the lift, bay or slot of the alarm."""

    stopped = "stopped"
    stop_over = "stop_over"
    help_over = "help_over"
    fire_over = "fire_over"
    mains_back = "mains_back"
    key_automatic = "key_automatic"
    key_manual = "key_manual"
    key_maintenance = "key_maintenance"
    state_known = "state_known"
    at_rest = "at_rest"
    sensors_agree = "sensors_agree"
    nobody_sensed = "nobody_sensed"
    bay_empty = "bay_empty"
    exit_closed = "exit_closed"
    way_out_open = "way_out_open"
    fault_over = "fault_over"
    movement_over = "movement_over"
    part_locked = "part_locked"
    part_free = "part_free"


@dataclass(frozen=True)
class Step:
    """One thing to do. With a sight it is ticked by the report that shows it, otherwise by the person who did it."""

    id: str
    who: Who
    sight: Sight | None = None
    action: OperatorAction | None = None


@dataclass(frozen=True)
class Procedure:
    """What to do, in order. `see` names others that may apply instead or afterwards."""

    name: str
    steps: tuple[Step, ...]
    see: tuple[str, ...] = ()


def is_seen(sight: Sight, report: TowerReport, part: str) -> bool | None:
    """Whether the report shows it; None where it cannot, since the part is of another kind or not in the report."""
    if sight in _OF_TOWER:
        return _OF_TOWER[sight](report)
    if sight in _OF_BAY:
        bay = next((bay for bay in report.bays if bay.name == part), None)
        return None if bay is None else _OF_BAY[sight](bay)
    return _of_part(sight, report, part)


def sensors_agree(report: TowerReport) -> bool:
    """Whether slots and lifts have a tag where they sense a car and none else, and no tag is read twice.

    A car without a tag may stand in a bay: people bring such cars.
    """
    tags = Counter(one.tag for one in _parts(report) if one.tag)
    taken = [(slot.occupied, slot.tag) for slot in report.slots] + [(lift.loaded, lift.tag) for lift in report.lifts]
    bays = all(bay.vehicle or not bay.tag for bay in report.bays)
    return bays and all(there == bool(tag) for there, tag in taken) and all(n == 1 for n in tags.values())


def _parts(report: TowerReport) -> list[LiftReport | SlotReport | BayReport]:
    return [*report.lifts, *report.slots, *report.bays]


def _of_part(sight: Sight, report: TowerReport, part: str) -> bool | None:
    found = next((one for one in _parts(report) if one.name == part), None)
    match sight, found:
        case Sight.part_locked, LiftReport() | SlotReport() | BayReport():
            return found.locked_out
        case Sight.part_free, LiftReport() | SlotReport() | BayReport():
            return not found.locked_out
        case Sight.fault_over, LiftReport() | BayReport():
            return not found.fault
        case Sight.movement_over, LiftReport() | SlotReport():
            return not found.movement
        case _:
            return None


_KNOWN: Final = frozenset(PlcState)
_OF_TOWER: Final[Mapping[Sight, Callable[[TowerReport], bool]]] = {
    Sight.stopped: lambda report: report.emergency_stop,
    Sight.stop_over: lambda report: not report.emergency_stop and report.machine in _KNOWN - {PlcState.aborted},
    Sight.help_over: lambda report: not report.help_called,
    Sight.fire_over: lambda report: not report.fire,
    Sight.mains_back: lambda report: report.mains,
    Sight.key_automatic: lambda report: report.mode == Mode.automatic,
    Sight.key_manual: lambda report: report.mode == Mode.manual,
    Sight.key_maintenance: lambda report: report.mode == Mode.maintenance,
    Sight.state_known: lambda report: report.machine in _KNOWN,
    Sight.at_rest: lambda report: (
        report.machine in _KNOWN - {PlcState.execute} and not any(lift.moving for lift in report.lifts)
    ),
    Sight.sensors_agree: sensors_agree,
}
_OF_BAY: Final[Mapping[Sight, Callable[[BayReport], bool]]] = {
    Sight.nobody_sensed: lambda bay: not bay.person and not bay.cabin,
    Sight.bay_empty: lambda bay: not (bay.vehicle or bay.tag or bay.person),
    Sight.exit_closed: lambda bay: bay.exit_closed,
    Sight.way_out_open: lambda bay: bay.street_door == Door.open or not bay.exit_closed,
}


def _look(step: str, who: Who = Who.tower) -> Step:
    return Step(step, who)


# Steps that several procedures share.
GO = _look("go")
KEEP_OUT = _look("keep_out")
LOOK_INSIDE = _look("look_inside")
FIND_CAUSE = _look("find_cause")
TELL_CUSTOMERS = _look("tell_customers", Who.one)
EMERGENCY_CALL = _look("emergency_call", Who.one)
READ_JOURNAL = _look("read_journal", Who.one)
COUNT = _look("count")
CLEAN_SENSOR = _look("clean_sensor")
WRITE_DOWN = _look("write_down", Who.one)
PADLOCK = _look("padlock")
REPAIR = _look("repair")
TOOLS_OUT = _look("tools_out")
OPEN_CAR = _look("open_car")
STOP = Step("stop", Who.one, Sight.stopped, OperatorAction.emergency_stop)
LOCAL_RESET = Step("local_reset", Who.tower, Sight.stop_over)
WAIT_REST = Step("wait_rest", Who.one, Sight.at_rest)
WAIT_KNOWN = Step("wait_known", Who.one, Sight.state_known)
KEY_MAINTENANCE = Step("key_maintenance", Who.tower, Sight.key_maintenance)
KEY_MANUAL = Step("key_manual", Who.tower, Sight.key_manual)
KEY_AUTOMATIC = Step("key_automatic", Who.tower, Sight.key_automatic)
SENSORS_AGREE = Step("sensors_agree", Who.tower, Sight.sensors_agree)
NOBODY_SENSED = Step("nobody_sensed", Who.tower, Sight.nobody_sensed)
BAY_EMPTY = Step("bay_empty", Who.tower, Sight.bay_empty)
MOVEMENT_OVER = Step("movement_over", Who.tower, Sight.movement_over)
FAULT_OVER = Step("fault_over", Who.tower, Sight.fault_over)
LOCK = Step("lock", Who.one, Sight.part_locked, OperatorAction.lock_part)
RELEASE = Step("release", Who.two, Sight.part_free, OperatorAction.release_part)
ACCEPT_COUNT = Step("accept_count", Who.two, None, OperatorAction.accept_count)
ONE_STEP = Step("one_step", Who.two, None, OperatorAction.manual_step)
RETRY = Step("retry", Who.one, None, OperatorAction.retry)
ANSWER = Step("answer", Who.one, Sight.help_over, OperatorAction.acknowledge_help)
MAINS_BACK = Step("mains_back", Who.tower, Sight.mains_back)
FIRE_OVER = Step("fire_over", Who.tower, Sight.fire_over)
EXIT_SHUT = Step("exit_shut", Who.tower, Sight.exit_closed)
WAY_OUT_OPEN = Step("way_out_open", Who.one, Sight.way_out_open)

_A, _F = AlarmName, Fault
_LIST: Final = (
    Procedure(_A.emergency_stop, (GO, KEEP_OUT, FIND_CAUSE, LOOK_INSIDE, LOCAL_RESET, WAIT_KNOWN, TELL_CUSTOMERS)),
    Procedure(_A.help, (ANSWER, _look("speak", Who.one), EMERGENCY_CALL, GO, WRITE_DOWN), (_A.emergency_stop,)),
    Procedure(
        _A.fire,
        (EMERGENCY_CALL, STOP, KEEP_OUT, _look("fire_brigade"), FIRE_OVER, LOOK_INSIDE, LOCAL_RESET, WRITE_DOWN),
        (_A.power_lost,),
    ),
    Procedure(
        _A.power_lost,
        (_look("people_between", Who.one), KEEP_OUT, TELL_CUSTOMERS, MAINS_BACK, WAIT_KNOWN, SENSORS_AGREE),
        (_F.power_cut_in_move, _A.emergency_stop),
    ),
    Procedure(_A.not_automatic, (_look("ask_key", Who.one), LOOK_INSIDE, TOOLS_OUT, KEY_AUTOMATIC), (_F.maintenance,)),
    Procedure(
        _A.machine_unknown,
        (KEEP_OUT, _look("check_line"), WAIT_KNOWN, READ_JOURNAL),
        (_F.plc_restart, _F.station_restart),
    ),
    Procedure(_A.machine_refused, (READ_JOURNAL, FIND_CAUSE, LOOK_INSIDE, RETRY), (_F.command_unknown, _A.lift_failed)),
    Procedure(
        _A.machine_contradiction,
        (WAIT_REST, KEEP_OUT, KEY_MAINTENANCE, COUNT, CLEAN_SENSOR, SENSORS_AGREE, KEY_AUTOMATIC),
        (_A.count_differs, _F.tag_unread),
    ),
    Procedure(
        _A.count_differs,
        (
            *(WAIT_REST, READ_JOURNAL, KEY_MAINTENANCE, LOOK_INSIDE, COUNT, CLEAN_SENSOR, SENSORS_AGREE, ACCEPT_COUNT),
            *(KEY_AUTOMATIC, WRITE_DOWN),
        ),
        (_A.machine_contradiction, _F.command_unknown),
    ),
    Procedure(_A.not_a_simulator, (_look("disconnect"), _look("simulated_address", Who.one))),
    Procedure(
        _A.lift_failed,
        (
            *(WAIT_REST, LOCK, TELL_CUSTOMERS, KEY_MAINTENANCE, PADLOCK, REPAIR, TOOLS_OUT, FAULT_OVER),
            *(KEY_AUTOMATIC, RELEASE, RETRY),
        ),
        (_F.lifts_failed, _F.manual_mode),
    ),
    Procedure(
        _A.bay_failed,
        (
            *(NOBODY_SENSED, LOCK, TELL_CUSTOMERS, KEY_MAINTENANCE, PADLOCK, REPAIR, TOOLS_OUT, FAULT_OVER),
            *(KEY_AUTOMATIC, RELEASE, RETRY),
        ),
        (_F.bay_out_of_service,),
    ),
    Procedure(
        _A.movement,
        (STOP, EMERGENCY_CALL, GO, _look("reach_car"), OPEN_CAR, MOVEMENT_OVER, LOCAL_RESET, WRITE_DOWN),
        (_F.child_in_car, _F.pet_in_car),
    ),
    Procedure(
        _A.person_stays,
        (_look("speak", Who.one), _look("ask_to_leave", Who.one), GO, LOOK_INSIDE, NOBODY_SENSED),
        (_F.passenger_left, _A.help),
    ),
    Procedure(
        _A.thing_left,
        (_look("call_owner", Who.one), GO, _look("take_thing"), NOBODY_SENSED, WRITE_DOWN),
        (_A.person_stays,),
    ),
    Procedure(
        _A.alive_inside,
        (EMERGENCY_CALL, WAY_OUT_OPEN, GO, OPEN_CAR, NOBODY_SENSED, WRITE_DOWN),
        (_F.child_in_car, _F.pet_in_car, _F.passenger_left),
    ),
    Procedure(_A.exit_open, (_look("speak", Who.one), GO, LOOK_INSIDE, EXIT_SHUT, NOBODY_SENSED), (_A.person_stays,)),
    Procedure(
        _A.car_stranger,
        (_look("look_at_car"), _look("find_owner", Who.one), _look("drive_out"), BAY_EMPTY, WRITE_DOWN),
        (_F.tag_unread,),
    ),
    Procedure(
        _A.key_gone,
        (_look("call_borrower", Who.one), GO, _look("find_key"), WAIT_REST, WRITE_DOWN),
        (_A.car_stranger, _A.bay_failed),
    ),
    Procedure(
        _A.retail_away,
        (_look("check_network", Who.one), _look("check_clock"), READ_JOURNAL, TELL_CUSTOMERS),
        (_F.retail_restored,),
    ),
    Procedure(_A.orders_rejected, (READ_JOURNAL, _look("check_keys", Who.two), WRITE_DOWN), (_F.retail_restored,)),
    Procedure(_A.certificate_ends, (_look("renew_certificate", Who.two), WAIT_KNOWN, READ_JOURNAL)),
    Procedure(_A.disk_full, (_look("see_disk"), _look("free_disk"), READ_JOURNAL), (_A.retail_away,)),
    Procedure(_A.calendar_doubt, (_look("check_clock"), READ_JOURNAL), (_A.retail_away,)),
    Procedure(_F.station_restart, (WAIT_KNOWN, SENSORS_AGREE, READ_JOURNAL, TELL_CUSTOMERS), (_A.count_differs,)),
    Procedure(_F.plc_restart, (KEEP_OUT, WAIT_KNOWN, SENSORS_AGREE, LOCAL_RESET, READ_JOURNAL), (_A.count_differs,)),
    Procedure(
        _F.power_cut_in_move,
        (KEEP_OUT, MAINS_BACK, WAIT_KNOWN, KEY_MAINTENANCE, _look("see_platform"), KEY_AUTOMATIC, RETRY),
        (_A.power_lost, _A.count_differs, _F.manual_mode),
    ),
    Procedure(
        _F.command_unknown,
        (WAIT_KNOWN, READ_JOURNAL, KEY_MAINTENANCE, COUNT, SENSORS_AGREE, KEY_AUTOMATIC, RETRY),
        (_A.count_differs, _A.machine_refused, _F.manual_mode),
    ),
    Procedure(
        _F.lifts_failed,
        (
            *(STOP, LOCK, TELL_CUSTOMERS, LOOK_INSIDE, KEY_MAINTENANCE, PADLOCK, REPAIR, TOOLS_OUT, FAULT_OVER),
            *(LOCAL_RESET, RELEASE, KEY_MANUAL, ONE_STEP, KEY_AUTOMATIC),
        ),
        (_A.lift_failed, _F.manual_mode),
    ),
    Procedure(
        _F.bay_out_of_service,
        (NOBODY_SENSED, LOCK, TELL_CUSTOMERS, PADLOCK, REPAIR, TOOLS_OUT, RELEASE),
        (_A.bay_failed, _F.maintenance),
    ),
    Procedure(
        _F.child_in_car,
        (EMERGENCY_CALL, STOP, GO, _look("reach_car"), OPEN_CAR, LOOK_INSIDE, LOCAL_RESET, WRITE_DOWN),
        (_A.movement, _A.alive_inside),
    ),
    Procedure(
        _F.pet_in_car,
        (STOP, _look("call_owner", Who.one), GO, _look("reach_car"), OPEN_CAR, LOOK_INSIDE, LOCAL_RESET, WRITE_DOWN),
        (_A.movement, _A.alive_inside),
    ),
    Procedure(
        _F.passenger_left,
        (_look("speak", Who.one), EMERGENCY_CALL, WAY_OUT_OPEN, GO, LOOK_INSIDE, NOBODY_SENSED),
        (_A.person_stays, _A.alive_inside),
    ),
    Procedure(
        _F.tag_unread,
        (
            *(WAIT_REST, KEY_MAINTENANCE, _look("look_at_car"), _look("change_tag"), SENSORS_AGREE, ACCEPT_COUNT),
            KEY_AUTOMATIC,
        ),
        (_A.car_stranger,),
    ),
    Procedure(
        _F.retail_restored,
        (
            _look("keep_copy", Who.one),
            _look("numbers_resumed", Who.one),
            _look("compare_journal", Who.two),
            TELL_CUSTOMERS,
        ),
        (_A.orders_rejected, _A.retail_away),
    ),
    Procedure(
        _F.manual_mode,
        (LOOK_INSIDE, KEEP_OUT, KEY_MANUAL, _look("say_step", Who.two), ONE_STEP, _look("see_step"), KEY_AUTOMATIC),
        (_F.command_unknown, _F.maintenance),
    ),
    Procedure(
        _F.maintenance,
        (WAIT_REST, LOCK, KEY_MAINTENANCE, PADLOCK, REPAIR, TOOLS_OUT, LOOK_INSIDE, KEY_AUTOMATIC, RELEASE),
        (_A.not_automatic,),
    ),
)
PROCEDURES: Final[Mapping[str, Procedure]] = {str(procedure.name): procedure for procedure in _LIST}
STEPS: Final[Mapping[str, Step]] = {step.id: step for procedure in _LIST for step in procedure.steps}
