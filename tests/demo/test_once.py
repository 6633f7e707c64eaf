"""A fault planted in each step of the synthetic customer's journey is noticed and named."""

import io
import os
import signal
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import psycopg
import pytest

from tests.demo.conftest import SPEED
from tests.support.waiting import until
from vendrive.demo.journey import BAY, Journey, Wish
from vendrive.demo.once import CHECK, walk_once
from vendrive.demo.people import load_people
from vendrive.demo.running import Demo

Act = Callable[[Journey], None]
DECLINED_PRICE = 12345130  # a tenth of it ends in 13: the demo's payments decline it


def nothing_to_mend(journey: Journey) -> None:
    """The refusal had no effect."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong ahead of a step, what the command says of it, and how the world is mended afterwards."""

    step: str
    plant: Act
    says: str
    model: str
    mend: Act = nothing_to_mend
    ahead_of: str = ""


def wrong_number(journey: Journey) -> None:
    journey.number = "+86 10"


def unknown_model(journey: Journey) -> None:
    journey.wish = Wish("demo-hovercraft", "shanghai")


def wrong_check_digit(journey: Journey) -> None:
    number = journey.identity.document
    journey.identity.document = number[:-1] + ("1" if number[-1] != "1" else "2")


def bad_credit(journey: Journey) -> None:
    journey.identity.document_kind, journey.identity.document = "passport", "ED0000003"
    journey.identity.birth_date = "1990-01-01"


def in_the_past(journey: Journey) -> None:
    journey.pickup_at = "2020-01-01T00:00:00+00:00"


def station_freezes(journey: Journey) -> None:
    os.kill(journey.demo.programs["station-shanghai"].pid, signal.SIGSTOP)
    journey.patience_s = 3


def station_thaws(journey: Journey) -> None:
    os.kill(journey.demo.programs["station-shanghai"].pid, signal.SIGCONT)
    cancel(journey)


def cancel(journey: Journey) -> None:
    journey.phone.send("POST", f"/api/v1/drives/{journey.drive['drive_id']}/cancel")


def another_face(journey: Journey) -> None:
    journey.face_at_kiosk = load_people()[-1].photo(1)


def leave_the_kiosk(journey: Journey) -> None:
    journey.visitor.touch("/cancel")
    cancel(journey)


def red_button(journey: Journey) -> None:
    journey.visitor.act("stop")


def key_switch(journey: Journey) -> None:
    journey.visitor.act("reset")
    until(lambda: journey.visitor.screen()["screen"] == "presented", "the hand-over goes on after the key switch")
    journey.visitor.act("enter", bay=BAY)
    journey.visitor.act("drive_out", bay=BAY)


def somebody_stays(journey: Journey) -> None:
    journey.visitor.act("fault", kind="stuck_presence", bay=BAY, source="scanner", value=True)
    journey.patience_s = 3 - 400 / SPEED


def somebody_goes(journey: Journey) -> None:
    journey.visitor.act("fault", kind="stuck_presence", bay=BAY, source="scanner", value=None)


def drive_forgotten(journey: Journey) -> None:
    journey.drive = {}


def another_car(journey: Journey) -> None:
    journey.car = journey.car | {"tag": "STRANGER"}
    sizes = {name: journey.car[name] for name in ("length_mm", "width_mm", "height_mm", "mass_kg")}
    journey.visitor.act("arrive", tag="STRANGER", **sizes)


def stranger_goes(journey: Journey) -> None:
    journey.visitor.act("enter", bay=BAY)
    journey.visitor.act("drive_out", bay=BAY)
    until(lambda: journey.visitor.screen()["screen"] == "drive_in", "the bay is seen to be empty")
    journey.visitor.touch("/cancel")


def dear_car(journey: Journey) -> None:
    sql(
        journey,
        "UPDATE catalogue_vehiclemodel SET price_minor = %s WHERE slug = %s",
        DECLINED_PRICE,
        journey.wish.model,
    )


def pool_again(journey: Journey) -> None:
    sql(journey, "UPDATE fleet_vehicle SET state = 'pool' WHERE tag = %s", journey.car["tag"])


def sql(journey: Journey, statement: str, *values: object) -> None:
    with psycopg.connect(journey.demo.database) as connection:
        connection.execute(statement, values)


FAULTS = (
    Fault("sign in", wrong_number, "phone_invalid", "polestar-2"),
    Fault("choose", unknown_model, "demo-hovercraft", "polestar-2"),
    Fault("introduce", wrong_check_digit, "identity_number_invalid", "polestar-2"),
    Fault("eligible", bad_credit, "credit_too_low", "polestar-2", ahead_of="introduce"),
    Fault("book", in_the_past, "pickup_in_past", "polestar-2"),
    Fault("ready at the tower", station_freezes, "the drive is ready", "polestar-2", station_thaws, ahead_of="book"),
    Fault("verify", another_face, "face_mismatch", "volvo-ex30", leave_the_kiosk),
    Fault("deliver", red_button, "stopped", "volvo-xc60", key_switch),
    Fault("drive off", station_freezes, "the drive is out", "ford-edge", station_thaws),
    Fault("three days", drive_forgotten, "due_at", "ford-mustang"),
    Fault("bring back", another_car, "refused", "ford-mustang-mach-e", stranger_goes),
    Fault("store", somebody_stays, "the drive is returned", "byd-seal", somebody_goes),
    Fault("buy", dear_car, "payment_declined", "byd-han"),
    Fault(CHECK, pool_again, "the vehicle has left the pool", "polestar-4"),
)


@pytest.mark.parametrize("number", range(len(FAULTS)), ids=[fault.step for fault in FAULTS])
def test_a_fault_in_a_step_ends_the_command_and_names_the_step(demo: Demo, number: int) -> None:
    fault, out = FAULTS[number], io.StringIO()
    # The eligible fault needs a document of its own, so it has a person of its own; early faults leave nothing behind.
    person = load_people()[max(1, number - 2)]
    with closing(Journey(demo, person, SPEED, wish=Wish(fault.model, "shanghai"))) as journey:
        status = walk_once(journey, out, {fault.ahead_of or fault.step: fault.plant})
        told = out.getvalue()
        assert (status, f"step {fault.step!r} failed" in told) == (1, True), told
        fault.mend(journey)
    assert fault.says in told
