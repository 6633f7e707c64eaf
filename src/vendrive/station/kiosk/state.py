"""What the kiosk shows, as one JSON object. The page draws it and decides nothing."""

from dataclasses import asdict, dataclass, replace

from vendrive.design.messages import say
from vendrive.station import handover, returning, way
from vendrive.station.desk import Desk, closed_because
from vendrive.station.handover import HandOverTalk
from vendrive.station.link import Link
from vendrive.station.returning import ReturnTalk
from vendrive.station.store import Lending
from vendrive.wire.alarms import AlarmName
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.machine import Bay, Door, Snapshot

UNKNOWN, STOPPED, IDLE = "unknown", "stopped", "idle"


@dataclass(frozen=True)
class ShownVehicle:
    """The car on the screen."""

    model: str
    model_name: str
    paint: str
    paint_name: str
    plate: str


@dataclass(frozen=True)
class ShownStep:
    """One line of the way or of the checks; state is pending, active, done or failed."""

    name: str
    state: str


@dataclass(frozen=True)
class ShownError:
    """A refusal in the page's language."""

    code: str
    what: str
    next: str


@dataclass(frozen=True)
class KioskState:
    """Everything on the screen."""

    screen: str
    drive_id: str | None = None
    greeting: str = ""
    method: str | None = None
    vehicle: ShownVehicle | None = None
    steps: tuple[ShownStep, ...] = ()
    checks: tuple[ShownStep, ...] = ()
    error: ShownError | None = None
    alarms: tuple[str, ...] = ()
    help_called: bool = False

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def explain(code: ErrorCode, lang: str) -> ShownError:
    """Return what happened and what to do next, in words."""
    return ShownError(code.value, say(lang, f"error.{code}.what"), say(lang, f"error.{code}.next"))


def refusal_json(refusal: Refused, lang: str) -> dict[str, object]:
    """Return the body of a 409."""
    shown = explain(refusal.code, lang)
    details = {name: str(value) for name, value in refusal.details.items()}
    return {"code": shown.code, "details": details, "what": shown.what, "next": shown.next}


def kiosk_state(desk: Desk, link: Link, lang: str) -> KioskState:
    """Return what the kiosk shows now."""
    snapshot = link.fresh
    alarms = tuple(
        alarm.name for alarm in desk.side.record.facts.alarms.values() if alarm.part in ("plc", desk.side.name)
    )
    if snapshot is None:
        stopped = link.stop_pending
        code = ErrorCode.machine_stopped if stopped else ErrorCode.machine_unknown
        return KioskState(STOPPED if stopped else UNKNOWN, error=explain(code, lang), alarms=alarms)
    closed = ErrorCode.machine_stopped if link.stop_pending else closed_because(snapshot.plc)
    if closed is not None:
        help_called = snapshot.plc.help_called
        return KioskState(STOPPED, error=explain(closed, lang), alarms=alarms, help_called=help_called)
    shown = _conversation(desk, snapshot, lang)
    return replace(shown, alarms=alarms, help_called=snapshot.plc.help_called)


def _conversation(desk: Desk, snapshot: Snapshot, lang: str) -> KioskState:
    if desk.asking is not None:
        lending = desk.asking.lending
        # Whoever holds the pass is not yet its person, and is not told whose it is.
        return replace(_about(lang, lending, "verify", method=desk.asking.method), greeting="")
    match desk.talk:
        case HandOverTalk() as talk if talk.live or talk.phase == handover.Phase.closing:
            return _hand_over(talk, desk, snapshot, lang)
        case ReturnTalk() as talk:
            return _return(talk, desk, snapshot, lang)
    if desk.farewell is not None:
        return _about(lang, desk.farewell.lending, desk.farewell.screen)
    blocked = _blocked(desk, snapshot)
    return KioskState(IDLE, error=explain(blocked, lang) if blocked else None)


def _blocked(desk: Desk, snapshot: Snapshot) -> ErrorCode | None:
    """Return why this bay waits although nobody is served: somebody or something is in it, or it is out of service."""
    if desk.side.controller.view(snapshot).out_of_service(desk.side.name):
        return ErrorCode.part_locked
    if f"{AlarmName.alive_inside} {desk.side.name}" in desk.side.record.facts.alarms:
        return ErrorCode.person_inside
    if desk.side.hides(desk.side.sensed(snapshot)):
        return ErrorCode.machine_contradiction
    return ErrorCode.person_in_bay if desk.is_blocked else None


def _hand_over(talk: HandOverTalk, desk: Desk, snapshot: Snapshot, lang: str) -> KioskState:
    code = talk.problem()
    error = explain(code, lang) if code else None
    if talk.phase == handover.Phase.closing:
        left = ErrorCode.person_in_bay if desk.side.sensed(snapshot).person else None
        return _about(lang, talk.lending, "done", error=explain(left, lang) if left else None)
    steps = _steps(way.bringing(snapshot, talk.lending.vehicle.tag, desk.side.name, desk.side.layout))
    bay = desk.side.sensed(snapshot)
    if talk.phase != handover.Phase.open or bay.street_door != Door.open:
        return _about(lang, talk.lending, "bringing", steps=steps, error=error)
    screen = "driving_off" if bay.cabin or bay.engine_running else "presented"
    return _about(lang, talk.lending, screen, steps=steps, error=error)


def _return(talk: ReturnTalk, desk: Desk, snapshot: Snapshot, lang: str) -> KioskState:
    if talk.key_gone:
        return _about(lang, talk.lending, "bring", error=explain(ErrorCode.key_gone, lang))
    if talk.phase == returning.Phase.storing:
        steps = _steps(way.storing(snapshot, talk.lending.vehicle.tag, desk.side.name, desk.side.layout))
        code = talk.problem() or _in_the_way(desk.side.sensed(snapshot))
        return _about(lang, talk.lending, "storing", steps=steps, error=explain(code, lang) if code else None)
    checks = tuple(ShownStep(check.name, "failed" if check.code else "done") for check in talk.checks)
    if talk.refusal:
        return _about(lang, talk.lending, "refused", checks=checks, error=explain(talk.refusal, lang))
    if talk.phase == returning.Phase.drive_in:
        wait = talk.problem() or (ErrorCode.bay_clearing if talk.clearing else None)
        return _about(lang, talk.lending, "drive_in", error=explain(wait, lang) if wait else None)
    first = next((check.code for check in talk.checks if check.code), None)
    screen = "declare" if talk.ready else "check"
    return _about(lang, talk.lending, screen, checks=checks, error=explain(first, lang) if first else None)


def _in_the_way(bay: Bay) -> ErrorCode | None:
    if not bay.vehicle:
        return None
    if bay.cabin:
        return ErrorCode.person_inside
    return ErrorCode.person_in_bay if bay.person else None


def _steps(steps: tuple[way.WayStep, ...]) -> tuple[ShownStep, ...]:
    return tuple(ShownStep(step.name, step.state) for step in steps)


def _about(
    lang: str,
    lending: Lending,
    screen: str,
    method: str | None = None,
    steps: tuple[ShownStep, ...] = (),
    checks: tuple[ShownStep, ...] = (),
    error: ShownError | None = None,
) -> KioskState:
    vehicle = lending.vehicle
    model_name, paint_name = vehicle.names(lang)
    shown = ShownVehicle(vehicle.model_slug, model_name, vehicle.paint, paint_name, vehicle.plate)
    return KioskState(screen, lending.drive_id, lending.greeting, method, shown, steps, checks, error)
