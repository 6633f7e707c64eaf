"""The way through the door for scarcity that everybody takes: what is wished for becomes a hold or a booking."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from vendrive.ids import new_uuid, short_code
from vendrive.retail.catalogue.queries import get_paint
from vendrive.retail.config import ports
from vendrive.retail.customers.actions import ask_standing
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.layers import Layers, layers_from
from vendrive.retail.drives.models import DriveState
from vendrive.retail.drives.policies import QUARTER, Reason, month_of
from vendrive.retail.drives.queries import (
    Known,
    Periods,
    check_pickup_time,
    get_known,
    get_programme,
    reasons_against,
    rules_at,
    wish_for,
)
from vendrive.retail.drives.rules import Rules
from vendrive.retail.drives.scarcity import LOCK_TIMEOUT_MS, refusals
from vendrive.retail.drives.terms import Terms, keep_terms, terms_of
from vendrive.retail.fleet.models import Tower
from vendrive.retail.fleet.queries import get_tower
from vendrive.retail.ports import Verdict
from vendrive.tower.promises import PICKUP_MINUTES, RETURN_MINUTES
from vendrive.wire.errors import ErrorCode, Refused

FOREVER = datetime.max.replace(year=9000, tzinfo=ZoneInfo("UTC"))


@dataclass(frozen=True)
class Wanted:
    """What somebody asks for, by slugs. `due_at` None: after the programme's loan days."""

    model: str
    paint: str
    tower: str
    pickup_at: datetime
    due_at: datetime | None = None


@dataclass(frozen=True)
class How:
    """In which way it is taken: as a hold (with its end) or booked at once, by whom, and with what right of way."""

    state: DriveState = DriveState.held
    hold_until: datetime | None = None
    accepted_at: datetime | None = None
    language: str = "en"
    actor: str = "retail"
    follows: UUID | None = None
    free_of_charge: bool = False
    queued_at: datetime = FOREVER
    priority: int = 0


@dataclass(frozen=True)
class Reserved:
    """What was taken."""

    drive_id: UUID
    vehicle_id: UUID
    short_code: str
    hold_until: datetime | None
    terms: str
    to_pay_minor: int


@dataclass(frozen=True)
class Offer:
    """What is asked for, found: the tower, the paint's key, and the rules for that time."""

    wanted: Wanted
    tower: Tower
    paint_id: int
    layers: Layers
    rules: Rules
    now: datetime

    @property
    def terms(self) -> Terms:
        """Return the terms that are accepted with it."""
        return terms_of(self.rules)


@dataclass(frozen=True)
class WishRow:
    """The fields of the type `drives_wish` in their order: all of a drive but its vehicle, before it is taken."""

    drive: UUID
    pass_id: UUID
    station_order: UUID
    short_code: str
    state: str
    hold_until: datetime | None
    customer: UUID
    person: UUID
    programme: str
    revision: int
    terms: str
    language: str
    accepted_at: datetime | None
    model: str
    paint: int
    tower: str
    pickup_at: datetime
    not_before: datetime
    not_after: datetime
    due_at: datetime
    vehicle_until: datetime
    back_quarter: datetime
    due_day: date
    month: int
    quota: int
    once: bool
    bay_minutes: int
    pickup_minutes: int
    back_minutes: int
    fee_minor: int
    deposit_minor: int
    follows: UUID | None
    queued_at: datetime
    priority: int
    asked_at: datetime
    actor: str
    lock_ms: int


values_of = attrgetter(*WishRow.__dataclass_fields__)
WISH = f"ROW({', '.join(['%s'] * len(WishRow.__dataclass_fields__))})::drives_wish"
RESERVE = f"SELECT * FROM drives_reserve({WISH})"  # noqa: S608 - placeholders alone
# Of the tower `t`, the paint `pa` and the programme `pr`.
PLACE_COLUMNS = """
    t.slug, t.time_zone, t.opens_minute, t.closes_minute, t.bays, pa.id, pr.slug, pr.revision, COALESCE((
        SELECT jsonb_agg(jsonb_build_object('tower', s.tower_id, 'start', lower(s.period), 'end', upper(s.period),
            'rules', s.rules)) FROM drives_ruleset s WHERE s.programme_id = pr.slug
    ), '[]')::text
"""
_PLACE = f"""
SELECT {PLACE_COLUMNS} FROM fleet_tower t, catalogue_paint pa, drives_programme pr
WHERE t.slug = %s AND pa.model_id = %s AND pa.slug = %s ORDER BY pr.slug LIMIT 1
"""  # noqa: S608 - columns alone
_TOWER = ("slug", "time_zone", "opens_minute", "closes_minute", "bays")


def reserve(customer: Customer, wanted: Wanted, how: How, offer: Offer | None = None) -> Reserved:
    """Take one vehicle of the model and colour for the period; raise Refused, with nothing taken.

    Three round trips: what the place and the programme say, what is known of the person, and the taking itself.
    Raise Refused: what stands against the person (all codes in its `reasons`), the time (pickup_…, return_…), the
    vehicle (vehicle_taken), the tower (return_not_storable, tower_closed), or busy_try_again.
    """
    offer = offer or find_offer(wanted)
    check_pickup_time(offer.rules, offer.tower, wanted.pickup_at, offer.now)
    known = check_person(customer, offer, how.follows)
    return take_vehicle(customer, offer, known, how)


def find_offer(wanted: Wanted) -> Offer:
    """Return what the slugs stand for; raise Refused (request_invalid)."""
    with connection.cursor() as cursor:
        cursor.execute(_PLACE, [wanted.tower, wanted.model, wanted.paint])
        row = cursor.fetchone()
    return offer_from(wanted, row or [None], ports().clock.now())


def offer_from(wanted: Wanted, row: Sequence[Any], now: datetime) -> Offer:
    """Return what the PLACE_COLUMNS say; raise Refused (request_invalid) where one of the slugs stands for nothing."""
    if None in row:
        get_tower(wanted.tower)
        get_paint(wanted.model, wanted.paint)
        get_programme()
        raise Refused(ErrorCode.request_invalid)
    *of_tower, paint, programme, revision, layers_text = row
    tower = Tower.from_db("default", _TOWER, of_tower)
    layers = layers_from(programme, revision, layers_text)
    return Offer(wanted, tower, paint, layers, rules_at(layers, tower, wanted.pickup_at), now)


def check_person(customer: Customer, offer: Offer, without: UUID | None = None) -> Known:
    """Return what is known of a person who may have this drive; raise Refused with the first of all reasons."""
    wanted = offer.wanted
    wish = wish_for(offer.rules, wanted.model, offer.tower, wanted.pickup_at, wanted.due_at)
    known = get_known(customer, offer.layers, offer.rules, offer.now, without)
    if is_stale(known, offer.rules):
        # Outside parties are asked where no lock waits for them; what they said before holds for a while.
        ask_standing(customer, offer.rules.least_credit)
        known = get_known(customer, offer.layers, offer.rules, offer.now, without)
    refuse(reasons_against(known, offer.rules, wish, offer.now))
    return known


def is_stale(known: Known, rules: Rules) -> bool:
    """Say whether outside parties have to be asked about a person before anything is decided."""
    facts = known.facts
    if facts is None:
        return False
    return facts.credit is Verdict.unknown or (rules.needs_super_member and facts.member is Verdict.unknown)


def refuse(reasons: Sequence[Reason]) -> None:
    """Raise Refused with the first reason and the codes of all, where there are any."""
    if reasons:
        raise Refused(reasons[0].code, **reasons[0].details, reasons=[reason.code.value for reason in reasons])


def take_vehicle(customer: Customer, offer: Offer, known: Known, how: How) -> Reserved:
    """Take it; raise Refused as `reserve` does."""
    row = wish_row(customer, offer, known, how)
    refusal, vehicle = call_function(offer, RESERVE, values_of(row))
    if refusal:
        raise refused_by_function(refusal, offer)
    return Reserved(row.drive, vehicle, row.short_code, row.hold_until, row.terms, row.fee_minor + row.deposit_minor)


def call_function(offer: Offer, sql: str, values: Sequence[Any]) -> tuple[str, UUID]:
    """Return the refusal, empty where there is none, and the vehicle; raise Refused as a constraint says it."""
    with refusals():
        refusal, vehicle = _call(sql, values)
        if refusal == "terms_unknown":
            keep_terms(offer.terms)
            refusal, vehicle = _call(sql, values)
    return refusal, vehicle


def _call(sql: str, values: Sequence[Any]) -> tuple[str, UUID]:
    # The statement is its own transaction, or has a savepoint in one: what the database refuses leaves nothing open.
    with transaction.atomic() if connection.in_atomic_block else nullcontext(), connection.cursor() as cursor:
        cursor.execute(sql, values)
        found = cursor.fetchone()
    assert found is not None
    return found[0], found[1]


def refused_by_function(refusal: str, offer: Offer) -> Refused:
    """Return what the function refused, as an error."""
    return Refused(ErrorCode(refusal), **_details(refusal, offer))


def _details(refusal: str, offer: Offer) -> dict[str, object]:
    if refusal == ErrorCode.drives_used_up:
        return {"most": offer.rules.drives_in_two_months}
    return {"model": offer.wanted.model} if refusal == ErrorCode.model_already_driven else {}


def wish_row(customer: Customer, offer: Offer, known: Known, how: How) -> WishRow:
    """Return what the function is asked for a person of whom `known` was judged."""
    assert known.person_id is not None
    assert known.facts is not None
    wanted, rules, tower = offer.wanted, offer.rules, offer.tower
    periods = Periods.of(rules, wanted.pickup_at, wanted.due_at)
    fee_minor = rules.fee_minor if known.facts.credit is Verdict.yes else rules.fee_below_credit_minor
    hold_until = how.hold_until or (offer.now + timedelta(minutes=rules.hold_minutes))
    return WishRow(
        drive=new_uuid(),
        pass_id=new_uuid(),
        station_order=new_uuid(),
        short_code=short_code(),
        state=how.state,
        hold_until=hold_until if how.state == DriveState.held else None,
        customer=customer.pk,
        person=known.person_id,
        programme=offer.layers.programme,
        revision=offer.layers.revision,
        terms=offer.terms.version,
        language=how.language,
        accepted_at=how.accepted_at,
        model=wanted.model,
        paint=offer.paint_id,
        tower=tower.slug,
        pickup_at=wanted.pickup_at,
        not_before=periods.not_before,
        not_after=periods.not_after,
        due_at=periods.due_at,
        vehicle_until=periods.vehicle_until,
        back_quarter=quarter_of(periods.due_at),
        due_day=periods.due_at.astimezone(ZoneInfo(tower.time_zone)).date(),
        month=month_of(wanted.pickup_at, tower.time_zone),
        quota=rules.drives_in_two_months,
        once=rules.each_model_once,
        bay_minutes=tower.bay_minutes,
        pickup_minutes=int(PICKUP_MINUTES),
        back_minutes=int(RETURN_MINUTES),
        fee_minor=0 if how.free_of_charge else fee_minor,
        deposit_minor=0 if how.free_of_charge else rules.deposit_minor,
        follows=how.follows,
        queued_at=how.queued_at,
        priority=how.priority,
        asked_at=offer.now,
        actor=how.actor,
        lock_ms=LOCK_TIMEOUT_MS,
    )


def quarter_of(moment: datetime) -> datetime:
    """Return the quarter hour in which a time lies."""
    return moment - timedelta(seconds=moment.timestamp() % QUARTER.total_seconds())
