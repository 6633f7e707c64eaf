"""What the customer API takes and answers."""

from datetime import UTC, date, datetime
from typing import Annotated

from ninja import Schema
from pydantic import AwareDatetime, Field

# Within these bounds nothing that is computed from a time or a place runs over an edge.
Slug = Annotated[str, Field(max_length=60, pattern=r"^[-a-zA-Z0-9_]*$")]
Day = Annotated[date, Field(ge=date(2000, 1, 1), lt=date(2200, 1, 1))]
Moment = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]


class PhoneIn(Schema):
    phone: str = Field(max_length=40)


class CodeIn(PhoneIn):
    code: str = Field(max_length=12)


class SessionOut(Schema):
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


class PickupTimeOut(Schema):
    at: datetime
    left: int


class IntroductionIn(Schema):
    name: str = Field(max_length=200)
    document_kind: str
    document: str = Field(max_length=40)
    licence_class: str = Field(max_length=10)
    licence_expiry: date
    birth_date: date | None = None


class PinIn(Schema):
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
    proof: str


class ReasonOut(Schema):
    code: str
    details: dict[str, object]
    what: str
    next: str


class EligibilityOut(Schema):
    eligible: bool
    reasons: list[ReasonOut]


class BookingIn(Schema):
    model: Slug
    paint: Slug
    tower: Slug
    pickup_at: Moment


class BookingOut(Schema):
    """What never changes of a booking, so that a replay gets the same bytes."""

    drive_id: str
    model: str
    paint: str
    tower: str
    pickup_at: datetime
    short_code: str


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
    order_id: str
    state: str
    demo_price_minor: int
    down_payment_minor: int
    currency: str
