"""Who may drive: rules as data, facts in, every reason out. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from vendrive.retail.customers.documents import age_on
from vendrive.retail.ports import Verdict
from vendrive.wire.errors import ErrorCode


@dataclass(frozen=True)
class Rules:
    """The rules of a programme that concern persons."""

    drives_in_two_months: int = 5
    each_model_once: bool = True
    needs_super_member: bool = True
    least_credit: int = 700
    licence_classes: tuple[str, ...] = ("C1", "C2", "B")
    min_age_years: int = 18


@dataclass(frozen=True)
class PersonFacts:
    """What is known of a person. `proof` None: never asked."""

    proof: Verdict | None
    face: bool
    pin: bool
    licence_class: str
    licence_expiry: date
    birth_date: date
    member: Verdict
    credit: Verdict


@dataclass(frozen=True)
class CountedDrive:
    """A drive that counts: not cancelled."""

    model: str
    pickup_at: datetime


@dataclass(frozen=True)
class Wish:
    """The drive that is asked for; times are aware, `time_zone` is the tower's."""

    model: str
    pickup_at: datetime
    due_at: datetime
    time_zone: str


@dataclass(frozen=True)
class Reason:
    """Why not."""

    code: ErrorCode
    details: Mapping[str, object] = field(default_factory=dict)


def reasons_against(
    rules: Rules, person: PersonFacts | None, drives: Iterable[CountedDrive], wish: Wish | None
) -> tuple[Reason, ...]:
    """Return every reason why this person may not have this drive, or any drive where no `wish` is given."""
    if person is None:
        return (Reason(ErrorCode.profile_incomplete),)
    found = [*_identity(person), *_standing(rules, person), *_licence(rules, person, wish)]
    if wish is not None:
        found += _quota(rules, tuple(drives), wish)
    return tuple(found)


def _identity(person: PersonFacts) -> list[Reason]:
    found = []
    if person.proof is Verdict.no:
        found.append(Reason(ErrorCode.identity_not_proved))
    elif person.proof is not Verdict.yes:
        found.append(Reason(ErrorCode.identity_unknown))
    if not (person.face or person.pin):
        found.append(Reason(ErrorCode.verification_missing))
    return found


def _standing(rules: Rules, person: PersonFacts) -> list[Reason]:
    found = []
    if rules.needs_super_member and person.member is not Verdict.yes:
        found.append(Reason(ErrorCode.not_member))
    if person.credit is Verdict.no:
        found.append(Reason(ErrorCode.credit_too_low, {"least": rules.least_credit}))
    elif person.credit is not Verdict.yes:
        found.append(Reason(ErrorCode.credit_unknown))
    return found


def _licence(rules: Rules, person: PersonFacts, wish: Wish | None) -> list[Reason]:
    found = []
    if person.licence_class not in rules.licence_classes:
        found.append(Reason(ErrorCode.licence_class_not_allowed, {"licence_class": person.licence_class}))
    if wish is None:
        return found
    zone = ZoneInfo(wish.time_zone)
    if person.licence_expiry < wish.due_at.astimezone(zone).date():
        found.append(Reason(ErrorCode.licence_expired, {"expiry": person.licence_expiry.isoformat()}))
    if age_on(person.birth_date, wish.pickup_at.astimezone(zone).date()) < rules.min_age_years:
        found.append(Reason(ErrorCode.too_young, {"least": rules.min_age_years}))
    return found


def _quota(rules: Rules, drives: tuple[CountedDrive, ...], wish: Wish) -> list[Reason]:
    found = []
    zone = ZoneInfo(wish.time_zone)
    month = _month(wish.pickup_at, zone)
    months = [_month(drive.pickup_at, zone) for drive in drives]
    # Any two calendar months that hold the new pick-up: with the month before, and with the month after.
    most = max(sum(m in pair for m in months) for pair in ((month - 1, month), (month, month + 1)))
    if most >= rules.drives_in_two_months:
        found.append(Reason(ErrorCode.drives_used_up, {"most": rules.drives_in_two_months}))
    if rules.each_model_once and any(drive.model == wish.model for drive in drives):
        found.append(Reason(ErrorCode.model_already_driven, {"model": wish.model}))
    return found


def _month(moment: datetime, zone: ZoneInfo) -> int:
    local = moment.astimezone(zone)
    return local.year * 12 + local.month
