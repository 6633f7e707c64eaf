"""Reads of drives: rules that hold, eligibility, what a phone and a console show. Nothing here is stored."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import QuerySet

from vendrive.retail.catalogue.models import Paint, VehicleModel
from vendrive.retail.config import ports
from vendrive.retail.customers.models import Customer, Person
from vendrive.retail.drives.availability import Availability, get_availability
from vendrive.retail.drives.layers import Layers, layers_from
from vendrive.retail.drives.models import Drive, DriveState, Programme
from vendrive.retail.drives.policies import (
    PERSON_POLICIES,
    POLICIES,
    TIME_POLICIES,
    Answer,
    Busy,
    Case,
    CountedDrive,
    PersonFacts,
    Reason,
    Wish,
    judge,
    may,
)
from vendrive.retail.drives.rules import Rules
from vendrive.retail.fleet.models import Tower
from vendrive.retail.ports import Verdict
from vendrive.wire.errors import ErrorCode, Refused

QUARTER_S = 900
_TYPED = ("licence_class_box", "licence_expiry_box", "birth_date_box")


@dataclass(frozen=True)
class PickupTime:
    """A quarter hour and how many of the wished cars can still be picked up in it."""

    at: datetime
    left: int


@dataclass(frozen=True)
class Periods:
    """The times that follow from a pick-up, all UTC; ranges are half-open."""

    not_before: datetime
    not_after: datetime
    due_at: datetime
    vehicle_until: datetime

    @classmethod
    def of(cls, rules: Rules, pickup_at: datetime, due_at: datetime | None = None) -> "Periods":
        """Return the periods of a drive that begins in the quarter hour at `pickup_at`, and may end at a given time."""
        grace = timedelta(minutes=rules.no_show_grace_minutes)
        due_at = due_at or pickup_at + timedelta(days=rules.loan_days)
        return cls(
            not_before=pickup_at - timedelta(minutes=rules.early_minutes),
            not_after=pickup_at + grace,
            due_at=due_at,
            # Whoever comes last in the window has the whole loan, and the car its turnaround after that.
            vehicle_until=due_at + grace + timedelta(minutes=rules.turnaround_minutes),
        )


@dataclass(frozen=True)
class Known:
    """What is known of a person, read at once; `person_id` None before they introduced themselves."""

    person_id: UUID | None
    facts: PersonFacts | None
    drives: Sequence[CountedDrive]
    busy: Sequence[Busy]


_LAYERS = """
SELECT slug, revision, COALESCE((
    SELECT jsonb_agg(jsonb_build_object('tower', s.tower_id, 'start', lower(s.period), 'end', upper(s.period),
        'rules', s.rules)) FROM drives_ruleset s WHERE s.programme_id = p.slug
), '[]')::text AS layers FROM drives_programme p
"""
# Everything that a policy asks of the person `p` for the programme `pr`, so that a crowd costs one round trip each.
KNOWN_COLUMNS = """
    p.id, p.proof, p.pin_box, p.licence_class_box, p.licence_expiry_box, p.birth_date_box,
    EXISTS (SELECT 1 FROM customers_faceconsent c WHERE c.person_id = p.id AND c.revoked_at IS NULL)
        AND EXISTS (SELECT 1 FROM customers_faceenrolment e WHERE e.person_id = p.id),
    (SELECT jsonb_object_agg(s.kind, s.verdict) FROM customers_standing s
        WHERE s.person_id = p.id AND s.expires_at > %(now)s),
    (SELECT jsonb_agg(b.reason) FROM drives_personblock b
        WHERE b.person_id = p.id AND b.lifted_at IS NULL),
    (SELECT jsonb_agg(jsonb_build_array(d.model_id, d.month, d.state, extract(epoch FROM lower(d.person_period)),
            extract(epoch FROM upper(d.person_period)), d.due_at <= %(now)s)) FROM drives_drive d
        WHERE d.person_id = p.id AND d.programme_id = pr.slug AND d.id IS DISTINCT FROM %(without)s
            AND d.state NOT IN ('cancelled', 'lapsed')
            AND NOT (d.state = 'held' AND d.charge_id IS NULL))
"""
_KNOWN = f"""
SELECT {KNOWN_COLUMNS} FROM customers_person p, (SELECT %(programme)s::varchar AS slug) pr
WHERE p.customer_id = %(customer)s
"""  # noqa: S608 - columns alone


def get_programme() -> Programme:
    """Return the programme that is offered; raise Refused (request_invalid) where there is none."""
    found = Programme.objects.order_by("slug").first()
    if found is None:
        raise Refused(ErrorCode.request_invalid, programme="none")
    return found


def get_layers(programme: str = "") -> Layers:
    """Return all rules of a programme, or of the one that is offered; raise Refused (request_invalid)."""
    with connection.cursor() as cursor:
        where = "WHERE slug = %s" if programme else ""
        cursor.execute(f"{_LAYERS} {where} ORDER BY slug LIMIT 1", [programme] if programme else [])
        row = cursor.fetchone()
    if row is None:
        raise Refused(ErrorCode.request_invalid, programme=programme or "none")
    return layers_from(*row)


def get_rules(tower: Tower | None = None, at: datetime | None = None) -> Rules:
    """Return the rules for a pick-up at a tower and time (None: now), or those that hold everywhere."""
    layers = get_layers()
    if tower is None:
        return layers.everywhere
    return rules_at(layers, tower, at or ports().clock.now())


def rules_at(layers: Layers, tower: Tower, at: datetime) -> Rules:
    """Return the rules for a pick-up at a tower and time."""
    return layers.rules(tower.slug, at.astimezone(ZoneInfo(tower.time_zone)).date())


def access_drive(customer: Customer, drive_id: object) -> Drive:
    """Return a drive of this customer; raise Refused (drive_not_found), also for a drive of somebody else."""
    try:
        found = _with_parts(Drive.objects.filter(pk=UUID(str(drive_id)), customer=customer)).first()
    except ValueError:
        found = None
    if found is None:
        raise Refused(ErrorCode.drive_not_found)
    return found


def get_hold(customer: Customer, model: str, tower: str, pickup_at: datetime) -> Drive | None:
    """Return what the customer holds of this model at this time, or None."""
    held = Drive.objects.filter(customer=customer, state=DriveState.held, hold_until__gt=ports().clock.now())
    return _with_parts(held.filter(model=model, tower=tower, pickup_at=pickup_at)).first()


def list_drives(customer: Customer) -> list[Drive]:
    """Return the customer's drives, newest pick-up first."""
    return list(_with_parts(Drive.objects.filter(customer=customer)).order_by("-pickup_at"))


def list_drives_between(tower: Tower | None, start: datetime, end: datetime) -> list[Drive]:
    """Return drives with a pick-up in [start, end), for the console."""
    found = _with_parts(Drive.objects.filter(pickup_at__gte=start, pickup_at__lt=end))
    return list((found if tower is None else found.filter(tower=tower)).order_by("pickup_at"))


def list_pickup_times(model: VehicleModel, paint: Paint | None, tower: Tower, day: date) -> list[PickupTime]:
    """Return the quarter hours of the tower's local `day` in which such a car can still be picked up."""
    now = ports().clock.now()
    layers = get_layers()
    # Nothing is read for days that nobody can book.
    if not today(tower, now) <= day <= today(tower, now + timedelta(days=layers.rules(tower.slug, day).horizon_days)):
        return []
    found = get_availability(layers, model, paint, tower, [day], now)
    return [PickupTime(slot.at, slot.left) for slot in found.slots() if slot.left]


def get_calendar(model: VehicleModel, paint: Paint | None, tower: Tower) -> Availability:
    """Return what is free on the days of a tower that can be booked, and why the rest is not."""
    now, layers = ports().clock.now(), get_layers()
    first = today(tower, now)
    days = [first + timedelta(days=n) for n in range(rules_at(layers, tower, now).horizon_days + 1)]
    return get_availability(layers, model, paint, tower, days, now)


def today(tower: Tower, now: datetime) -> date:
    """Return the day that it is at a tower."""
    return now.astimezone(ZoneInfo(tower.time_zone)).date()


def check_pickup_time(rules: Rules, tower: Tower, pickup_at: datetime, now: datetime) -> None:
    """Raise Refused where the time is past, too far, off the quarter hours, or the tower is closed."""
    if pickup_at.tzinfo is None or pickup_at.timestamp() % QUARTER_S:
        raise Refused(ErrorCode.request_invalid, pickup_at=str(pickup_at))
    case = Case(rules, None, (), (), wish_for(rules, "", tower, pickup_at), now)
    for reason in judge(case, TIME_POLICIES):
        raise Refused(reason.code, **reason.details)


def get_known(customer: Customer, layers: Layers, rules: Rules, now: datetime, without: UUID | None = None) -> Known:
    """Return what is known of a customer; `without` leaves one drive out, which is to be changed."""
    asked: dict[str, Any] = {"customer": customer.pk, "now": now, "programme": layers.programme, "without": without}
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, asked)
        row = cursor.fetchone()
    return known_from(row, rules) if row else Known(None, None, (), ())


def known_from(row: Sequence[Any], rules: Rules) -> Known:
    """Return what the KNOWN_COLUMNS of a person say."""
    pk, proof, pin_box, *typed_boxes, face = row[:7]
    person = Person(pk=pk, **dict(zip(_TYPED, typed_boxes, strict=True)))
    standing, blocks, drives = (json.loads(column or "null") for column in row[7:])
    standing, drives = standing or {}, drives or []
    live = [row for row in drives if row[2] in ("held", "booked", "ready", "out")]
    facts = PersonFacts(
        proof=Verdict(proof) if proof else None,
        face=face,
        pin=bool(pin_box),
        licence_class=person.licence_class,
        licence_expiry=date.fromisoformat(person.licence_expiry),
        birth_date=date.fromisoformat(person.birth_date),
        member=Verdict(standing.get("membership", Verdict.unknown)),
        credit=Verdict(standing.get(f"credit:{rules.least_credit}", Verdict.unknown)),
        blocks=tuple(blocks or ()),
    )
    busy = [Busy(_moment(row[3]), _moment(row[4]), row[2] == "out" and row[5]) for row in live]
    return Known(pk, facts, [CountedDrive(row[0], row[1]) for row in drives], busy)


def get_answer(
    customer: Customer, model: VehicleModel | None = None, tower: Tower | None = None, pickup_at: datetime | None = None
) -> Answer:
    """Say whether the customer may drive (this model, from this tower, at this time), why not, and from when.

    Stored answers of outside parties are used; `customers.actions.ask_standing` renews them.
    """
    now, layers = ports().clock.now(), get_layers()
    wish, rules = None, layers.everywhere
    if model is not None and tower is not None and pickup_at is not None:
        rules = rules_at(layers, tower, pickup_at)
        wish = wish_for(rules, model.slug, tower, pickup_at)
    known = get_known(customer, layers, rules, now)
    return may(Case(rules, known.facts, known.drives, known.busy, wish, now), POLICIES)


def get_eligibility(
    customer: Customer, model: VehicleModel | None = None, tower: Tower | None = None, pickup_at: datetime | None = None
) -> tuple[Reason, ...]:
    """Return every reason why the customer may not drive (this model, from this tower, at this time); none is yes."""
    return get_answer(customer, model, tower, pickup_at).reasons


def reasons_against(known: Known, rules: Rules, wish: Wish, now: datetime) -> tuple[Reason, ...]:
    """Return what speaks against a person, by what was read of them."""
    return judge(Case(rules, known.facts, known.drives, known.busy, wish, now), PERSON_POLICIES)


def wish_for(rules: Rules, model: str, tower: Tower, pickup_at: datetime, due_at: datetime | None = None) -> Wish:
    """Return a wish as policies judge it."""
    due_at = due_at or pickup_at + timedelta(days=rules.loan_days)
    return Wish(model, pickup_at, due_at, tower.time_zone, tower.opens_minute, tower.closes_minute)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _with_parts(drives: "QuerySet[Drive]") -> "QuerySet[Drive]":
    parts = ("vehicle__model__brand", "vehicle__paint", "tower", "return_tower", "model", "programme", "person")
    return drives.select_related(*parts, "terms", "paint")
