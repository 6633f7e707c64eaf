"""Who may drive: one small policy for each rule, which explains its answer and says when it would be another. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from vendrive.retail.customers.documents import age_on
from vendrive.retail.drives.rules import Rules
from vendrive.retail.ports import Verdict
from vendrive.wire.errors import ErrorCode

MONTHS = 12
QUARTER = timedelta(minutes=15)
LOOK_AHEAD = timedelta(days=400)


@dataclass(frozen=True)
class PersonFacts:
    """What is known of a person. `proof` None: never asked. `blocks` are the reasons of PersonBlock that hold."""

    proof: Verdict | None
    face: bool
    pin: bool
    licence_class: str
    licence_expiry: date
    birth_date: date
    member: Verdict
    credit: Verdict
    blocks: tuple[str, ...] = ()


@dataclass(frozen=True)
class CountedDrive:
    """A drive that counts: neither cancelled nor a hold that lapsed. `month` is the pick-up's, where it was."""

    model: str
    month: int


@dataclass(frozen=True)
class Busy:
    """A time in which the person has a car, or is to have one; `open_end` where it should be back and is not."""

    start: datetime
    end: datetime
    open_end: bool = False


@dataclass(frozen=True)
class Wish:
    """The drive that is asked for; times are aware, `time_zone` is the tower's, whose hours are minutes of its day."""

    model: str
    pickup_at: datetime
    due_at: datetime
    time_zone: str
    opens_minute: int = 0
    closes_minute: int = 1440

    def at(self, pickup_at: datetime) -> "Wish":
        """Return the same wish for another time."""
        return replace(self, pickup_at=pickup_at, due_at=pickup_at + (self.due_at - self.pickup_at))


@dataclass(frozen=True)
class Case:
    """Everything that is judged. `person` None: nobody was introduced; `wish` None: any drive at all."""

    rules: Rules
    person: PersonFacts | None
    drives: Sequence[CountedDrive]
    busy: Sequence[Busy]
    wish: Wish | None
    now: datetime


@dataclass(frozen=True)
class Reason:
    """Why not. `yes_from` is the earliest time from which this rule alone would say yes; None: time changes nothing."""

    code: ErrorCode
    details: Mapping[str, object] = field(default_factory=dict)
    yes_from: datetime | None = None


@dataclass(frozen=True)
class Answer:
    """Whether a person may: every reason against it, and the earliest time from which there is none (None: never)."""

    reasons: tuple[Reason, ...]
    yes_from: datetime | None

    @property
    def may(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reasons


class Policy(Protocol):
    """One rule. `judge` returns what it has against a case, or None."""

    def judge(self, case: Case) -> Reason | None: ...


class Introduced:
    """Nobody drives whom we do not know."""

    def judge(self, case: Case) -> Reason | None:
        return Reason(ErrorCode.profile_incomplete) if case.person is None else None


class NotBlocked:
    """Who lost the licence, kept a car or died gets none."""

    def judge(self, case: Case) -> Reason | None:
        blocks = case.person.blocks if case.person else ()
        return Reason(ErrorCode.person_blocked, {"because": blocks[0]}) if blocks else None


class Proved:
    """The document is the person's own, by somebody who knows; not knowing is not a yes."""

    def judge(self, case: Case) -> Reason | None:
        if case.person is None or case.person.proof is Verdict.yes:
            return None
        return Reason(ErrorCode.identity_not_proved if case.person.proof is Verdict.no else ErrorCode.identity_unknown)


class Recognisable:
    """The tower can tell who stands before it."""

    def judge(self, case: Case) -> Reason | None:
        person = case.person
        return Reason(ErrorCode.verification_missing) if person and not (person.face or person.pin) else None


class Member:
    """The programme may be for members alone."""

    def judge(self, case: Case) -> Reason | None:
        person = case.person
        if person is None or not case.rules.needs_super_member or person.member is Verdict.yes:
            return None
        return Reason(ErrorCode.not_member)


class Credit:
    """Who is below the threshold pays a fee where there is one, and may not drive where there is none."""

    def judge(self, case: Case) -> Reason | None:
        if case.person is None or case.person.credit is Verdict.yes:
            return None
        if case.person.credit is not Verdict.no:
            return Reason(ErrorCode.credit_unknown)
        below = Reason(ErrorCode.credit_too_low, {"least": case.rules.least_credit})
        return None if case.rules.fee_below_credit_minor else below


class LicenceClass:
    """The licence covers cars."""

    def judge(self, case: Case) -> Reason | None:
        person = case.person
        if person is None or person.licence_class in case.rules.licence_classes:
            return None
        return Reason(ErrorCode.licence_class_not_allowed, {"licence_class": person.licence_class})


class LicenceValid:
    """The licence lasts to the day on which the car comes back."""

    def judge(self, case: Case) -> Reason | None:
        if case.person is None or case.wish is None:
            return None
        last = case.wish.due_at.astimezone(ZoneInfo(case.wish.time_zone)).date()
        expiry = case.person.licence_expiry
        return Reason(ErrorCode.licence_expired, {"expiry": expiry.isoformat()}) if expiry < last else None


class OldEnough:
    """The person is of age on the day of the pick-up."""

    def judge(self, case: Case) -> Reason | None:
        if case.person is None or case.wish is None:
            return None
        zone, least, born = ZoneInfo(case.wish.time_zone), case.rules.min_age_years, case.person.birth_date
        if age_on(born, case.wish.pickup_at.astimezone(zone).date()) >= least:
            return None
        leap = (born.month, born.day) == (2, 29)
        birthday = date(born.year + least, 3, 1) if leap else born.replace(year=born.year + least)
        return Reason(ErrorCode.too_young, {"least": least}, _midnight(birthday, zone))


class TwoMonths:
    """So many pick-ups in any two calendar months, in the tower's time zone; what is booked and missed counts too."""

    def judge(self, case: Case) -> Reason | None:
        if case.wish is None:
            return None
        zone, most = ZoneInfo(case.wish.time_zone), case.rules.drives_in_two_months
        months = [drive.month for drive in case.drives]
        month = month_of(case.wish.pickup_at, case.wish.time_zone)
        if _fits(months, month, most):
            return None
        free = next(m for m in range(month + 1, month + 2 * MONTHS * MONTHS) if _fits(months, m, most))
        first = date((free - 1) // MONTHS, (free - 1) % MONTHS + 1, 1)
        return Reason(ErrorCode.drives_used_up, {"most": most}, _midnight(first, zone))


class EachModelOnce:
    """Each model can be tried once, in any colour."""

    def judge(self, case: Case) -> Reason | None:
        wish = case.wish
        if wish is None or not case.rules.each_model_once:
            return None
        driven = any(drive.model == wish.model for drive in case.drives)
        return Reason(ErrorCode.model_already_driven, {"model": wish.model}) if driven else None


class OneAtATime:
    """Nobody has two cars at once, nor a new one while another is late."""

    def judge(self, case: Case) -> Reason | None:
        wish = case.wish
        if wish is None:
            return None
        blocking = [b for b in case.busy if b.open_end or (b.start < wish.due_at and wish.pickup_at < b.end)]
        if not blocking:
            return None
        until = None if any(b.open_end for b in blocking) else max(b.end for b in blocking)
        return Reason(ErrorCode.person_busy, {}, until)


class PickupSoon:
    """The pick-up lies ahead, and not too far: it can be asked for from so many days before."""

    def judge(self, case: Case) -> Reason | None:
        if case.wish is None:
            return None
        at, days = case.wish.pickup_at, case.rules.horizon_days
        if at < case.now:
            return Reason(ErrorCode.pickup_in_past, {}, next_quarter(case.now))
        if at > case.now + timedelta(days=days):
            return Reason(ErrorCode.pickup_too_far, {"days": days}, at - timedelta(days=days))
        return None


class TowerOpen:
    """The pick-up lies in the hours of the tower and of the programme."""

    def judge(self, case: Case) -> Reason | None:
        wish = case.wish
        if wish is None or is_open(case.rules, wish, wish.pickup_at):
            return None
        ahead = (next_quarter(wish.pickup_at) + QUARTER * n for n in range(2 * 24 * 4))
        return Reason(
            ErrorCode.pickup_outside_hours, {}, next((at for at in ahead if is_open(case.rules, wish, at)), None)
        )


TIME_POLICIES: Final[tuple[Policy, ...]] = (PickupSoon(), TowerOpen())
PERSON_POLICIES: Final[tuple[Policy, ...]] = (
    Introduced(),
    NotBlocked(),
    Proved(),
    Recognisable(),
    Member(),
    Credit(),
    LicenceClass(),
    LicenceValid(),
    OldEnough(),
    TwoMonths(),
    EachModelOnce(),
    OneAtATime(),
)
POLICIES: Final = (*PERSON_POLICIES, *TIME_POLICIES)


def may(case: Case, policies: Iterable[Policy] = POLICIES) -> Answer:
    """Return every reason against a case, and from when there would be none."""
    policies = tuple(policies)
    reasons = judge(case, policies)
    return Answer(reasons, case.now if not reasons else _yes_from(case, reasons, policies))


def judge(case: Case, policies: Iterable[Policy]) -> tuple[Reason, ...]:
    """Return what the policies have against a case, in their order."""
    return tuple(reason for policy in policies if (reason := policy.judge(case)) is not None)


def _yes_from(case: Case, reasons: Sequence[Reason], policies: tuple[Policy, ...]) -> datetime | None:
    """Return the earliest time at which all say yes: what ends one reason may begin another, so it is judged anew."""
    if any(reason.yes_from is None for reason in reasons):
        return None
    if all(reason.code is ErrorCode.pickup_too_far for reason in reasons):
        return reasons[0].yes_from  # the wish itself is right: it is too early to ask
    wish = case.wish
    assert wish is not None
    while wish.pickup_at < case.now + LOOK_AHEAD:
        ends = [r.yes_from for r in reasons if r.yes_from is not None and r.code is not ErrorCode.pickup_too_far]
        wish = wish.at(max(next_quarter(max(ends)), wish.pickup_at + QUARTER) if ends else wish.pickup_at)
        reasons = judge(replace(case, wish=wish), policies)
        if any(reason.yes_from is None for reason in reasons):
            return None
        if all(reason.code is ErrorCode.pickup_too_far for reason in reasons):
            return wish.pickup_at
    return None


def month_of(moment: datetime, time_zone: str) -> int:
    """Return the number of a calendar month: year * 12 + month, where the clock shows `time_zone`."""
    local = moment.astimezone(ZoneInfo(time_zone))
    return local.year * MONTHS + local.month


def is_open(rules: Rules, wish: Wish, at: datetime) -> bool:
    """Say whether programme and tower hand cars over at this time."""
    local = at.astimezone(ZoneInfo(wish.time_zone))
    minute = local.hour * 60 + local.minute
    return max(wish.opens_minute, rules.opens_minute) <= minute < min(wish.closes_minute, rules.closes_minute)


def drives_left(drives: Iterable[CountedDrive], rules: Rules, month: int) -> int:
    """Return how many pick-ups in this month are still open to a person."""
    months = [drive.month for drive in drives]
    return max(0, rules.drives_in_two_months - _most_in_a_pair(months, month))


def next_quarter(at: datetime) -> datetime:
    """Return the quarter hour that begins at a time or next after it, in UTC."""
    seconds = at.timestamp()
    return datetime.fromtimestamp(-(-seconds // QUARTER.total_seconds()) * QUARTER.total_seconds(), UTC)


def _fits(months: Sequence[int], month: int, most: int) -> bool:
    return _most_in_a_pair(months, month) < most


def _most_in_a_pair(months: Sequence[int], month: int) -> int:
    # The two pairs that hold this month: with the month before, and with the month after.
    return max(sum(m in pair for m in months) for pair in ((month - 1, month), (month, month + 1)))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
