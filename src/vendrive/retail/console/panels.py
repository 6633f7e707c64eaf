"""What the console shows of a tower: its last report, what is known besides, and how old that is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from django.db.models import Max

from vendrive.retail.catalogue.models import VehicleModel
from vendrive.retail.config import ports
from vendrive.retail.console.models import StepTick
from vendrive.retail.console.picture import Car, Picture, draw_tower
from vendrive.retail.console.procedures import PROCEDURES, Procedure
from vendrive.retail.console.requests import SHOWN_FOR, Asked, Request, Told, entries_since, progress_of
from vendrive.retail.console.walk import StepView, Tick, walk
from vendrive.retail.drives.models import OPEN, Drive, DriveState
from vendrive.retail.fleet.models import JournalEntry, OrderKind, StaffRequest, StationOrder, Tower, Vehicle
from vendrive.retail.fleet.policies import Wish
from vendrive.retail.fleet.queries import STALE_AFTER, standing
from vendrive.tower.layout import Layout, LayoutError, load_layout
from vendrive.wire.alarms import AlarmName
from vendrive.wire.machine import Mode, PlcState
from vendrive.wire.orders import OperatorAction
from vendrive.wire.report import TowerReport

STALE_AFTER_S = STALE_AFTER.total_seconds()
WIDE_COLUMNS = 10
RECENT_ROWS = 500
"""How far back the journal is read for what became of a request of the last minutes."""


@dataclass(frozen=True)
class OpenAlarm:
    """An alarm of the journal that has not ended; `seq` is the row that opened it."""

    name: str
    part: str
    at: datetime
    seq: int


@dataclass(frozen=True)
class Panel:
    """One tower. `age_s` is None before the first report; `layout` where it is not known here."""

    tower: Tower
    layout: Layout | None
    report: TowerReport | None
    age_s: float | None
    picture: Picture | None
    alarms: tuple[OpenAlarm, ...]
    asked: tuple[Asked, ...]
    waiting: tuple[StaffRequest, ...]
    cars_out: int
    booked: int

    @property
    def stale(self) -> bool:
        """Whether the report is too old to speak of the present."""
        return self.age_s is None or self.age_s > STALE_AFTER_S

    @property
    def is_wide(self) -> bool:
        """Whether the picture needs the whole width of a screen."""
        return self.picture is not None and self.picture.columns > WIDE_COLUMNS

    @property
    def state(self) -> str:
        """What the machine did when it was last heard of: a PlcState, or unknown."""
        return self.report.machine if self.report and self.report.machine in set(PlcState) else "unknown"

    @property
    def key(self) -> str:
        """Where the key switch stood when it was last heard of: a Mode, or unknown."""
        return self.report.mode if self.report and self.report.mode in set(Mode) else "unknown"


@dataclass(frozen=True)
class Guide:
    """A procedure for a part of a tower, and how far somebody has come; `alarm` is None where it is over.

    `follows` names the procedure where it is another one than the alarm's own, to which that one points.
    """

    panel: Panel
    name: str
    part: str
    procedure: Procedure | None
    alarm: OpenAlarm | None
    ticks: Mapping[str, Tick]
    views: tuple[StepView, ...]
    follows: str = ""

    @property
    def shown(self) -> str:
        """The name of the procedure whose steps are shown."""
        return self.follows or self.name

    @property
    def address(self) -> tuple[str, ...]:
        """What names the page among those of its kind: tower, alarm, part, and the procedure if it is another one."""
        return (self.panel.tower.slug, self.name, self.part, *filter(None, (self.follows,)))


def list_panels(lang: str) -> list[Panel]:
    """Return all towers."""
    return [get_panel(tower, lang) for tower in Tower.objects.order_by("slug")]


def get_panel(tower: Tower, lang: str) -> Panel:
    """Return one tower as the console shows it."""
    now = ports().clock.now()
    report = TowerReport.model_validate(tower.report) if tower.report else None
    layout = _layout(tower.layout)
    return Panel(
        tower=tower,
        layout=layout,
        report=report,
        age_s=max(0.0, (now - tower.report_at).total_seconds()) if tower.report_at else None,
        picture=draw_tower(layout, report, _cars(_tags(report), lang)) if layout else None,
        alarms=list_open_alarms(tower),
        asked=_asked(tower, report, now),
        waiting=tuple(
            StaffRequest.objects.filter(tower=tower, confirmed_at=None, expires_at__gt=now).order_by("asked_at")
        ),
        cars_out=Drive.objects.filter(tower=tower, state=DriveState.out).count(),
        booked=Drive.objects.filter(tower=tower, state__in=OPEN).count(),
    )


def get_guide(tower: Tower, lang: str, name: str, part: str, follows: str = "") -> Guide:
    """Return what to do about an alarm of a tower, and how far somebody has come; `follows`: by another procedure."""
    panel, procedure = get_panel(tower, lang), PROCEDURES.get(follows or name)
    alarm = next((one for one in panel.alarms if (one.name, one.part) == (name, part)), None)
    rows = StepTick.objects.filter(tower=tower, alarm_seq=alarm.seq) if alarm else ()
    ticks = {step: Tick(row.staff, row.at) for row in rows if (step := step_of_tick(row.step, follows))}
    report = None if panel.stale else panel.report
    views = walk(procedure, report, part, ticks) if procedure else ()
    return Guide(panel, name, part, procedure, alarm, ticks, views, follows)


def tick_name(step: str, follows: str) -> str:
    """Return under which name a step's tick is kept: with its procedure where that is not the alarm's own."""
    return f"{follows}.{step}" if follows else step


def step_of_tick(kept: str, follows: str) -> str:
    """Return the step of a kept tick, an empty string where it is of another procedure."""
    procedure, _, step = kept.rpartition(".")
    return step if procedure == follows else ""


def list_open_alarms(tower: Tower) -> tuple[OpenAlarm, ...]:
    """Return the alarms of a tower that have not ended, in the order of AlarmName."""
    rows = JournalEntry.objects.filter(tower=tower, kind__in=("alarm", "alarm_ended"))
    # What noticed the end need not be what noticed the beginning: a lost connection ends with a heartbeat.
    last = rows.values("event__name", "event__part").annotate(seq_of_last=Max("seq")).values("seq_of_last")
    newest = rows.filter(seq__in=last)
    found = [OpenAlarm(row.event["name"], row.event["part"], row.at, row.seq) for row in newest if row.kind == "alarm"]
    order = {str(name): at for at, name in enumerate(AlarmName)}
    return tuple(sorted(found, key=lambda alarm: (order.get(alarm.name, len(order)), alarm.seq)))


def full_name(vehicle: Vehicle, lang: str) -> str:
    """Return a vehicle's brand and model in the page's language."""
    return model_name(vehicle.model, lang)


def model_name(model: VehicleModel, lang: str) -> str:
    """Return brand and model in the page's language; the brand only once."""
    chinese = lang == "zh"
    brand, name = (model.brand.name_zh, model.name_zh) if chinese else (model.brand.name, model.name)
    return name if name.startswith(brand) else f"{brand} {name}"


@cache
def _layout(name: str) -> Layout | None:
    try:
        return load_layout(name)
    except (FileNotFoundError, LayoutError):
        return None


def _tags(report: TowerReport | None) -> set[str]:
    if report is None:
        return set()
    return {tag for tag, _ in standing(report)}


def _cars(tags: Iterable[str], lang: str) -> dict[str, Car]:
    vehicles = Vehicle.objects.filter(tag__in=tags).select_related("model__brand", "paint")
    waiting = Drive.objects.filter(vehicle__in=vehicles, state__in=OPEN).order_by("-pickup_at")
    pickups = dict(waiting.values_list("vehicle_id", "pickup_at"))
    return {
        vehicle.tag: Car(
            tag=vehicle.tag,
            slug=vehicle.model.slug,
            paint=vehicle.paint.colour,
            name=full_name(vehicle, lang),
            paint_name=vehicle.paint.name_zh if lang == "zh" else vehicle.paint.name,
            plate=vehicle.plate,
            pickup_at=pickups.get(vehicle.pk),
        )
        for vehicle in vehicles
    }


def _asked(tower: Tower, report: TowerReport | None, now: datetime) -> tuple[Asked, ...]:
    """Return the newest request of each kind and part in the last minutes, newest first."""
    rows = StationOrder.objects.filter(tower=tower, kind=OrderKind.operator, created_at__gt=now - SHOWN_FOR)
    newest = {(row.intent["action"], row.intent.get("part", "")): _request(row) for row in rows.order_by("id")}
    if not newest:
        return ()
    entries = _recent(tower)
    found = [progress_of(one, report, entries_since(one, entries), now) for one in newest.values()]
    return tuple(sorted(found, key=lambda asked: asked.request.asked_at, reverse=True))


def _recent(tower: Tower) -> list[Told]:
    rows = JournalEntry.objects.filter(tower=tower, seq__gt=tower.journal_seq - RECENT_ROWS).order_by("seq")
    return [Told(row.kind, row.event) for row in rows]


def _request(row: StationOrder) -> Request:
    intent = row.intent
    return Request(
        wish=Wish(
            OperatorAction(intent["action"]),
            intent.get("part", ""),
            intent.get("operation", ""),
            intent.get("arguments", {}),
        ),
        staff=intent["staff"],
        asked_at=row.created_at,
        expires_at=datetime.fromisoformat(intent["expires_at"]),
        number=row.number,
        second=intent.get("second", ""),
    )
