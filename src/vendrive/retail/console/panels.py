"""What the console shows of a tower: its last report, what is known besides, and how old that is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from vendrive.retail.config import ports
from vendrive.retail.console.picture import Car, Picture, draw_tower
from vendrive.retail.console.requests import SHOWN_FOR, Asked, Request, progress_of
from vendrive.retail.drives.models import OPEN, Drive, DriveState
from vendrive.retail.fleet.models import JournalEntry, OrderKind, StationOrder, Tower, Vehicle
from vendrive.tower.layout import Layout, LayoutError, load_layout
from vendrive.wire.orders import OperatorAction
from vendrive.wire.report import TowerReport

STALE_AFTER_S = 5.0
"""A station reports at least every second; after five without one nothing is said to be as it was."""
ALARM_ROWS = 200


@dataclass(frozen=True)
class OpenAlarm:
    """An alarm of the journal that has not ended."""

    name: str
    part: str
    at: datetime


@dataclass(frozen=True)
class Panel:
    """One tower. `age_s` is None before the first report; `mode` is a PLC mode or unknown."""

    tower: Tower
    report: TowerReport | None
    age_s: float | None
    picture: Picture | None
    alarms: tuple[OpenAlarm, ...]
    asked: tuple[Asked, ...]
    cars_out: int
    booked: int

    @property
    def stale(self) -> bool:
        """Whether the report is too old to speak of the present."""
        return self.age_s is None or self.age_s > STALE_AFTER_S

    @property
    def mode(self) -> str:
        """What the machine did when it was last heard of."""
        return self.report.machine if self.report else "unknown"


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
        report=report,
        age_s=max(0.0, (now - tower.report_at).total_seconds()) if tower.report_at else None,
        picture=draw_tower(layout, report, _cars(_tags(report), lang)) if layout else None,
        alarms=_open_alarms(tower),
        asked=_asked(tower, report, now),
        cars_out=Drive.objects.filter(tower=tower, state=DriveState.out).count(),
        booked=Drive.objects.filter(tower=tower, state__in=OPEN).count(),
    )


def standing(report: TowerReport) -> list[tuple[str, str]]:
    """Return each tag that is read, with its place."""
    found = [(lift.tag, lift.name) for lift in report.lifts]
    found += [(slot.tag, slot.name) for slot in report.slots] + [(bay.tag, bay.name) for bay in report.bays]
    return [(tag, place) for tag, place in found if tag]


def full_name(vehicle: Vehicle, lang: str) -> str:
    """Return brand and model in the page's language; the brand only once."""
    model, chinese = vehicle.model, lang == "zh"
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


def _open_alarms(tower: Tower) -> tuple[OpenAlarm, ...]:
    rows = JournalEntry.objects.filter(tower=tower, kind__in=("alarm", "alarm_ended")).order_by("-seq")[:ALARM_ROWS]
    # What noticed the end need not be what noticed the beginning: a lost connection ends with a heartbeat.
    found: dict[tuple[str, str], OpenAlarm] = {}
    for row in reversed(rows):
        key = (row.event["name"], row.event["part"])
        if row.kind == "alarm":
            found[key] = OpenAlarm(row.event["name"], row.event["part"], row.at)
        else:
            found.pop(key, None)
    return tuple(found.values())


def _asked(tower: Tower, report: TowerReport | None, now: datetime) -> tuple[Asked, ...]:
    """Return the newest request of each kind in the last minutes."""
    rows = StationOrder.objects.filter(tower=tower, kind=OrderKind.operator, created_at__gt=now - SHOWN_FOR)
    newest = {row.intent["action"]: _request(row) for row in rows.order_by("id")}
    return tuple(Asked(request, progress_of(request, report, now)) for request in _newest_first(newest.values()))


def _newest_first(requests: Iterable[Request]) -> Sequence[Request]:
    return sorted(requests, key=lambda request: request.asked_at, reverse=True)


def _request(row: StationOrder) -> Request:
    return Request(
        action=OperatorAction(row.intent["action"]),
        staff=row.intent["staff"],
        asked_at=row.created_at,
        expires_at=datetime.fromisoformat(row.intent["expires_at"]),
        number=row.number,
    )
