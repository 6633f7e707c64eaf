"""A Python client that a generator makes of the OpenAPI document walks the journey with it, and nothing else."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.wsgi import get_wsgi_application

from tests.retail.helpers import PICKUP, PIN, Outside, code_sent_to, phone_of
from tests.retail.lending import hand_over
from vendrive.ids import new_uuid
from vendrive.retail.api.customer import api
from vendrive.retail.drives.models import Drive, DriveState

NAME = "generated_vendrive_client"
SETTINGS = {
    "post_hooks": [],
    "content_type_overrides": {f"image/{kind}": "application/octet-stream" for kind in ("jpeg", "png", "webp")},
}


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("generated")
    (folder / "openapi.json").write_text(json.dumps(api.get_openapi_schema(path_prefix="api/v1/")))
    (folder / "settings.json").write_text(json.dumps(SETTINGS))
    program = Path(sys.executable).with_name("openapi-python-client")
    told = subprocess.run(
        [
            program, "generate", "--path", folder / "openapi.json", "--config", folder / "settings.json",
            "--meta", "none", "--output-path", folder / NAME, "--fail-on-warning",
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout + told.stderr
    sys.path.insert(0, str(folder))
    yield folder / NAME
    sys.path.remove(str(folder))


class Walker:
    """The generated client: operations by tag and name, models by name, one client with its cookies."""

    def __init__(self) -> None:
        module = importlib.import_module(f"{NAME}.client")
        transport = httpx.WSGITransport(get_wsgi_application())
        self._client = module.Client(
            base_url="http://localhost", raise_on_unexpected_status=True, httpx_args={"transport": transport}
        )

    def ask(self, operation: str, **arguments: object) -> Any:
        """Call `tag.operation`; return what was parsed, after its status."""
        module = importlib.import_module(f"{NAME}.api.{operation}")
        answer = module.sync_detailed(client=self._client, **arguments)
        return answer.status_code, answer.parsed

    def write(self, operation: str, **arguments: object) -> Any:
        """Call a write under a key of its own."""
        return self.ask(operation, idempotency_key=str(new_uuid()), **arguments)

    def token(self) -> None:
        """Keep the token that writes need."""
        _, session = self.ask("session.get_session")
        self._client.get_httpx_client().headers["X-CSRFToken"] = session.csrf

    def model(self, name: str, /, **fields: object) -> Any:
        """Return something to send."""
        return getattr(importlib.import_module(f"{NAME}.models"), name)(**fields)


@pytest.fixture
def walker(generated: Path, shop: None, one_connection: None) -> Walker:
    walker = Walker()
    walker.token()
    return walker


def signed_in(walker: Walker) -> Walker:
    phone = phone_of(1)
    status, _ = walker.write("session.post_code_request", body=walker.model("PhoneIn", phone=phone))
    assert status == HTTPStatus.NO_CONTENT
    body = walker.model("CodeIn", phone=phone, code=code_sent_to(phone))
    _, session = walker.write("session.post_session", body=body)
    assert session.signed_in
    return walker


def introduced(walker: Walker) -> Walker:
    kind = walker.model("IntroductionInDocumentKind", value="passport")
    me = walker.model(
        "IntroductionIn", name="Demo person 1", document_kind=kind, document="E00000001", licence_class="C1",
        licence_expiry=date(2030, 1, 1), birth_date=date(1990, 1, 1),
    )  # fmt: skip
    _, known = walker.write("me.put_me", body=me)
    assert (known.introduced, known.profile.document_end) == (True, "0001")
    _, verdict = walker.write("me.put_pin", body=walker.model("PinIn", pin=PIN))
    assert verdict.proof.value == "yes"
    return walker


def test_the_generated_client_walks_from_the_catalogue_to_the_purchase(walker: Walker, outside: Outside) -> None:
    _, catalogue = walker.ask("catalogue.get_catalogue")
    car = next(model for model in catalogue.models if model.slug == "volvo-ex30")
    _, towers = walker.ask("catalogue.get_towers", city="Shanghai")
    wish = {"model": car.slug, "tower": towers[0].slug, "paint": "yellow"}
    _, times = walker.ask("catalogue.get_pickup_times", **wish, day=date(2026, 3, 2))
    assert times[0].at == PICKUP
    introduced(signed_in(walker))
    _, answer = walker.ask("me.get_eligible", model=car.slug, tower=towers[0].slug, pickup_at=times[0].at)
    assert answer.eligible
    body = walker.model("BookingIn", **wish, pickup_at=times[0].at)
    status, booked = walker.write("drives.post_drive", body=body)
    assert status == HTTPStatus.CREATED
    _, drives = walker.ask("drives.get_drives")
    assert [drive.short_code for drive in drives] == [booked.short_code]
    _, cancelled = walker.write("drives.post_cancel", drive_id=booked.drive_id)
    assert cancelled.state == "cancelled"
    _, again = walker.write("drives.post_drive", body=body)
    Drive.objects.filter(pk=again.drive_id).update(state=DriveState.returned, ended_at=datetime(2026, 3, 5, tzinfo=UTC))
    status, order = walker.write("drives.post_buy", drive_id=again.drive_id)
    assert (status, order.state) == (HTTPStatus.CREATED, "placed")


def test_the_generated_client_holds_changes_and_waits(walker: Walker, outside: Outside) -> None:
    introduced(signed_in(walker))
    wish = {"model": "volvo-ex30", "tower": "shanghai", "paint": "yellow"}
    _, days = walker.ask("catalogue.get_free_days", **wish)
    assert (days[0].day, days[0].free > 0) == (date(2026, 3, 2), True)
    status, hold = walker.write("drives.post_hold", body=walker.model("BookingIn", **wish, pickup_at=PICKUP))
    assert (status, hold.hold_until > outside.clock.now()) == (HTTPStatus.CREATED, True)
    wrong = walker.model("ConfirmIn", terms="others")
    status, refusal = walker.write("drives.post_confirm", drive_id=hold.drive_id, body=wrong)
    assert (status, refusal.code.value) == (HTTPStatus.CONFLICT, "terms_changed")
    terms = walker.model("ConfirmIn", terms=hold.terms)
    _, drive = walker.write("drives.post_confirm", drive_id=hold.drive_id, body=terms)
    assert drive.state == "booked"
    later = walker.model("RescheduleIn", pickup_at=PICKUP + timedelta(days=1))
    _, moved = walker.write("changes.post_reschedule", drive_id=drive.drive_id, body=later)
    assert moved.pickup_at == PICKUP + timedelta(days=1)
    _, answer = walker.ask("me.get_eligible", model="volvo-ex30", tower="shanghai", pickup_at=PICKUP)
    assert "model_already_driven" in {reason.code for reason in answer.reasons}
    outside.clock.advance((moved.pickup_at - outside.clock.now()).total_seconds())
    hand_over(Drive.objects.get(pk=moved.drive_id))
    for operation, days_later in (("extend", 4), ("return_early", 3)):
        due = walker.model("DueIn", due_at=PICKUP + timedelta(days=days_later))
        status, lent = walker.write(f"changes.post_{operation}", drive_id=moved.drive_id, body=due)
        assert (status, getattr(lent, "due_at", lent)) == (HTTPStatus.OK, due.due_at)
    other = walker.model("SwapIn", model="byd-han", paint="red", pickup_at=PICKUP + timedelta(days=2))
    _, second = walker.write("changes.post_swap", drive_id=moved.drive_id, body=other)
    assert (second.model, second.state) == ("byd-han", "booked")
    span = {"from_at": PICKUP + timedelta(days=5), "until_at": PICKUP + timedelta(days=9)}
    body = walker.model("QueueIn", model="byd-han", tower="shanghai", **span)
    status, place = walker.write("queue.post_queue", body=body)
    assert (status, place.place, place.state) == (HTTPStatus.CREATED, 1, "waiting")
    status, refusal = walker.write("queue.post_queue", body=body)
    assert (status, refusal.code.value) == (HTTPStatus.CONFLICT, "already_waiting")
    _, places = walker.ask("queue.get_queue")
    assert [one.place_id for one in places] == [place.place_id]
    status, _ = walker.write("queue.delete_place", place_id=place.place_id)
    assert status == HTTPStatus.NO_CONTENT


def test_the_generated_client_parses_refusals_into_one_type(walker: Walker) -> None:
    status, refusal = walker.ask("drives.get_drives")
    assert (status, refusal.code.value) == (HTTPStatus.UNAUTHORIZED, "sign_in_needed")
    assert refusal.what
    assert refusal.next_
    body = walker.model("BookingIn", model="volvo-ex30", tower="shanghai", paint="yellow", pickup_at=PICKUP)
    status, refusal = signed_in(walker).write("drives.post_drive", body=body)
    assert (status, refusal.code.value) == (HTTPStatus.CONFLICT, "profile_incomplete")
    assert type(refusal).__name__ == "Refusal"
