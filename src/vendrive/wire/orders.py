"""Orders: what retail tells a station. Signed, numbered after commit, pulled by a cursor."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from vendrive.wire.base import Message


class Vehicle(Message):
    """One vehicle of the pool. `tag` is what readers in the tower sense; sizes are over all, mirrors folded."""

    vehicle_id: str
    tag: str
    model_slug: str
    model_name: str
    paint_name: str
    paint: str = Field(pattern=r"^#[0-9a-f]{6}$")
    plate: str
    length_mm: int
    width_mm: int
    height_mm: int
    mass_kg: int
    model_name_zh: str = ""
    paint_name_zh: str = ""

    def names(self, lang: str) -> tuple[str, str]:
        """Return the names of model and paint in a language; English where there is none."""
        if lang == "zh":
            return self.model_name_zh or self.model_name, self.paint_name_zh or self.paint_name
        return self.model_name, self.paint_name


class FaceCheck(Message):
    """Compare with a face template that only this station can open (see passes.sealing)."""

    method: Literal["face"] = "face"
    engine: str
    threshold: float
    sealed_template: bytes


class PinCheck(Message):
    """Compare with a PIN, hashed with scrypt (see passes.pins)."""

    method: Literal["pin"] = "pin"
    salt: bytes
    digest: bytes


Check = Annotated[FaceCheck | PinCheck, Field(discriminator="method")]


class Limits(Message):
    """What the tower takes in; EN 14010 covers cars up to 5.30 x 2.30 x 2.20 m and 2500 kg."""

    length_mm: int = 5300
    width_mm: int = 2300
    height_mm: int = 2200
    mass_kg: int = 2500


class HandOver(Message):
    """Hold this pass, and lend this vehicle to its person. A higher `revision` replaces a lower one."""

    kind: Literal["hand_over"] = "hand_over"
    drive_id: str
    revision: int
    pass_id: str
    person_id: str
    greeting: str
    short_code: str
    vehicle: Vehicle
    not_before: datetime
    not_after: datetime
    due_at: datetime
    check: Check
    limits: Limits
    programme_revision: int
    # When its person is expected; a station may have the car ready by then. None: from `not_before` on.
    promised_at: datetime | None = None


class Cancel(Message):
    """Do not hand over this drive's vehicle; forget its check."""

    kind: Literal["cancel"] = "cancel"
    drive_id: str
    revision: int


class ExpectReturn(Message):
    """Take back this vehicle, which another tower lent; its pass collects nothing here. A higher `revision` replaces a
    lower one.
    """

    kind: Literal["expect_return"] = "expect_return"
    drive_id: str
    revision: int
    pass_id: str
    person_id: str
    short_code: str
    vehicle: Vehicle
    not_before: datetime
    not_after: datetime
    due_at: datetime
    limits: Limits
    programme_revision: int
    greeting: str = ""  # whoever brings a car back is not asked who they are, so no name is told


class ReleaseReturn(Message):
    """The vehicle of this drive comes back to another tower: do not take it in, up to this `revision`."""

    kind: Literal["release_return"] = "release_return"
    drive_id: str
    revision: int


class WipeFace(Message):
    """Consent was revoked: delete every template of this person."""

    kind: Literal["wipe_face"] = "wipe_face"
    person_id: str


class Stock(Message):
    """Vehicles that may stand in this tower, so that a tag can be told from a stranger's."""

    kind: Literal["stock"] = "stock"
    vehicles: tuple[Vehicle, ...]


class OperatorAction(StrEnum):
    """What a console may ask of a station."""

    emergency_stop = "emergency_stop"
    acknowledge_help = "acknowledge_help"
    lock_part = "lock_part"  # part: take a lift, bay or slot out of service
    release_part = "release_part"  # part, second: take it into service again
    manual_step = "manual_step"  # operation, arguments, second: one command while the key switch says manual
    accept_count = "accept_count"  # second: what the sensors read now is where the cars are
    retry = "retry"  # forgive the refusals that stopped a task, and try again


TWO_PERSONS = frozenset({OperatorAction.release_part, OperatorAction.manual_step, OperatorAction.accept_count})


class OperatorRequest(Message):
    """A request by staff. There is none that restarts a stopped machine: that is a switch at the tower.

    `second` is another member of staff, who confirmed a request of TWO_PERSONS.
    """

    kind: Literal["operator"] = "operator"
    action: OperatorAction
    staff: str
    expires_at: datetime
    second: str = ""
    part: str = ""
    operation: str = ""
    arguments: dict[str, str] = Field(default_factory=dict)


OrderBody = Annotated[
    HandOver | Cancel | ExpectReturn | ReleaseReturn | WipeFace | Stock | OperatorRequest, Field(discriminator="kind")
]


class Order(Message):
    """The envelope that is signed. `number` grows by one per tower, in the order of commit."""

    order_id: str
    tower_id: str
    number: int
    issued_at: datetime
    body: OrderBody


class SignedOrder(Message):
    """`payload` is the exact JSON of an Order; `signature` is Ed25519 over it for the purpose "order"."""

    payload: str
    signature: str


class OrdersPage(Message):
    """Orders after the cursor, in order. Ask again with the last number that was stored."""

    orders: tuple[SignedOrder, ...]
