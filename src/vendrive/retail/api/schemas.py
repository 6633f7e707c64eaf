"""What the customer API takes and answers. Examples are part of the OpenAPI document."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Literal

from ninja import Schema
from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field, JsonValue

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:?\d{2})")


def _day(value: object) -> object:
    # By itself pydantic takes a number as seconds since 1970.
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError("a day is YYYY-MM-DD")
    if isinstance(value, int | float):
        raise ValueError("a day is a text")
    return value


def _moment(value: object) -> object:
    if isinstance(value, str) and not _MOMENT.fullmatch(value):
        raise ValueError("a moment is in the format of RFC 3339, with its zone")
    if isinstance(value, int | float):
        raise ValueError("a moment is a text")
    return value


# Within these bounds nothing that is computed from a time or a place runs over an edge.
Slug = Annotated[str, Field(max_length=60, pattern=r"^[-a-zA-Z0-9_]*$")]
City = Annotated[str, Field(max_length=60, examples=["Shanghai"])]
AnyDay = Annotated[date, BeforeValidator(_day)]
Day = Annotated[AnyDay, Field(ge=date(2000, 1, 1), lt=date(2200, 1, 1), examples=["2026-03-02"])]
Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_moment),
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC), examples=["2026-03-02T01:15:00Z"]),
]
Latitude = Annotated[float, Field(ge=-90, le=90, examples=[31.23])]
Longitude = Annotated[float, Field(ge=-180, le=180, examples=[121.47])]
DRIVE_ID = "0b8f3a52-64a4-4e5c-b1bb-1c0e5fd2d6a1"


def _example(**fields: JsonValue) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [fields]})


class Body(Schema):
    """What is sent; a field that nobody knows is a mistake that is told."""

    model_config = ConfigDict(extra="forbid")


class PhoneIn(Body):
    model_config = _example(phone="+8613812340001")

    phone: str = Field(max_length=40)


class CodeIn(PhoneIn):
    model_config = _example(phone="+8613812340001", code="123456")

    code: str = Field(max_length=12)


class SessionOut(Schema):
    model_config = _example(csrf="…", signed_in=False)

    csrf: str
    signed_in: bool


class PaintOut(Schema):
    slug: str
    name: str
    name_zh: str
    colour: str


class ModelOut(Schema):
    slug: str
    brand: str
    name: str
    name_zh: str
    body: str
    energy: str
    range_km: int
    seats: int
    length_mm: int
    width_mm: int
    height_mm: int
    mass_kg: int
    demo_price_minor: int
    currency: str
    paints: list[PaintOut]


class BrandOut(Schema):
    slug: str
    name: str
    name_zh: str


class CatalogueOut(Schema):
    brands: list[BrandOut]
    models: list[ModelOut]


class TowerOut(Schema):
    slug: str
    name: str
    name_zh: str
    city: str
    city_zh: str
    address: str
    address_zh: str
    latitude: float
    longitude: float
    time_zone: str
    distance_km: float | None


class CalendarDayOut(Schema):
    """A local day of the tower: how many of its quarter hours are free and, where none is, why."""

    model_config = _example(day="2026-03-02", free=44, why="")

    day: date
    free: int
    why: str


class PickupTimeOut(Schema):
    model_config = _example(at="2026-03-02T01:15:00Z", left=1)

    at: datetime
    left: int


class IntroductionIn(Body):
    model_config = _example(
        name="Demo person 1",
        document_kind="passport",
        document="E00000001",
        licence_class="C1",
        licence_expiry="2030-01-01",
        birth_date="1990-01-01",
    )

    name: str = Field(max_length=200)
    document_kind: Literal["identity_card", "passport"]
    document: str = Field(max_length=40)
    licence_class: str = Field(max_length=10)
    licence_expiry: AnyDay
    birth_date: AnyDay | None = Field(default=None, description="Needed with a passport; an identity card says it.")


class PinIn(Body):
    model_config = _example(pin="825193")

    pin: str = Field(max_length=12)


class ProfileOut(Schema):
    name: str
    document_kind: str
    document_end: str
    licence_class: str
    licence_expiry: date
    proof: str
    consent: bool
    face: bool
    pin: bool


class MeOut(Schema):
    introduced: bool
    profile: ProfileOut | None


class VerdictOut(Schema):
    """Whether face and document belong together: yes, no or unknown."""

    model_config = _example(proof="yes")

    proof: Literal["yes", "no", "unknown"]


class ReasonOut(Schema):
    model_config = _example(
        code="not_member", details={}, what="You are not a super member.", next="Join the programme first."
    )

    code: str
    details: dict[str, object]
    what: str
    next: str


class EligibilityOut(Schema):
    """`yes_from` is the earliest time from which nothing stands against it; none where time alone mends nothing."""

    model_config = _example(eligible=True, reasons=[], yes_from="2026-03-02T01:05:00Z")

    eligible: bool
    reasons: list[ReasonOut]
    yes_from: datetime | None


class BookingIn(Body):
    model_config = _example(model="volvo-ex30", paint="yellow", tower="shanghai", pickup_at="2026-03-02T01:15:00Z")

    model: Slug
    paint: Slug
    tower: Slug
    pickup_at: Moment


class BookingOut(Schema):
    """What never changes of a booking, so that a replay gets the same bytes."""

    model_config = _example(
        drive_id=DRIVE_ID,
        model="volvo-ex30",
        paint="yellow",
        tower="shanghai",
        pickup_at="2026-03-02T01:15:00Z",
        short_code="7K2M9QXA",
    )

    drive_id: str
    model: str
    paint: str
    tower: str
    pickup_at: datetime
    short_code: str


class HoldOut(Schema):
    """A car that is kept until `hold_until`. `terms` names the text that confirming accepts."""

    model_config = _example(
        drive_id=DRIVE_ID,
        model="volvo-ex30",
        paint="yellow",
        tower="shanghai",
        pickup_at="2026-03-02T01:15:00Z",
        hold_until="2026-03-02T01:20:00Z",
        terms="5e0c1c7f2a9b4d13",
        terms_text="…",
        fee_minor=0,
        deposit_minor=0,
        currency="CNY",
    )

    drive_id: str
    model: str
    paint: str
    tower: str
    pickup_at: datetime
    hold_until: datetime
    terms: str
    terms_text: str
    fee_minor: int
    deposit_minor: int
    currency: str


class ConfirmIn(Body):
    model_config = _example(terms="5e0c1c7f2a9b4d13")

    terms: str = Field(max_length=40, description="As the hold named them: they may have changed meanwhile.")


class RescheduleIn(Body):
    model_config = _example(pickup_at="2026-03-03T01:15:00Z")

    pickup_at: Moment


class DueIn(Body):
    model_config = _example(due_at="2026-03-04T01:15:00Z")

    due_at: Moment


class ElsewhereIn(Body):
    model_config = _example(tower="nanjing")

    tower: Slug


class SwapIn(Body):
    model_config = _example(model="byd-han", paint="red", pickup_at="2026-03-03T01:15:00Z")

    model: Slug
    paint: Slug
    pickup_at: Moment


class QueueIn(Body):
    model_config = _example(
        model="volvo-ex30",
        paint="",
        tower="shanghai",
        from_at="2026-03-03T00:00:00Z",
        until_at="2026-03-10T00:00:00Z",
    )

    model: Slug
    paint: Slug = Field(default="", description="Empty: in any colour.")
    tower: Slug
    from_at: Moment
    until_at: Moment


class PlaceOut(Schema):
    """A place in a queue; `place` 1 is next. An offer is a hold, to be confirmed before it expires."""

    model_config = _example(
        place_id=DRIVE_ID,
        model="volvo-ex30",
        paint="",
        tower="shanghai",
        from_at="2026-03-03T00:00:00Z",
        until_at="2026-03-10T00:00:00Z",
        place=1,
        state="waiting",
        offer_id=None,
    )

    place_id: str
    model: str
    paint: str
    tower: str
    from_at: datetime
    until_at: datetime
    place: int
    state: str
    offer_id: str | None


class DriveOut(Schema):
    drive_id: str
    state: str
    model: str
    paint: str
    colour: str
    plate: str
    tower: str
    pickup_at: datetime
    not_before: datetime
    not_after: datetime
    due_at: datetime
    handed_over_at: datetime | None
    returned_at: datetime | None
    short_code: str
    pass_text: str
    pass_svg: str


class OrderOut(Schema):
    model_config = _example(
        order_id=DRIVE_ID, state="placed", demo_price_minor=20080000, down_payment_minor=2008000, currency="CNY"
    )

    order_id: str
    state: str
    demo_price_minor: int
    down_payment_minor: int
    currency: str
