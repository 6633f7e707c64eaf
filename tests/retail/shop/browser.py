"""What the tests of the phone pages do with Django's client."""

from collections.abc import Mapping
from typing import Protocol

from django.test import Client

from tests.retail.helpers import PICKUP
from vendrive.design.messages import say
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.models import Drive, DriveState
from vendrive.wire.errors import ErrorCode

CHOICE = {"model": "volvo-ex30", "paint": "yellow", "tower": "shanghai", "pickup": PICKUP.isoformat(), "key": "c1"}


class Answered(Protocol):
    """An answer of Django's client, as far as these tests read it."""

    @property
    def content(self) -> bytes: ...


def browser_of(customer: Customer) -> Client:
    """Return a client that is signed in."""
    client = Client(raise_request_exception=False)
    put_in_session(client, "customer", str(customer.pk))
    return client


def put_in_session(client: Client, name: str, value: object) -> None:
    """Write to the client's session as a view would."""
    session = client.session
    session[name] = value
    session.save()
    client.cookies["sessionid"] = session.session_key or ""


def choose(client: Client, **other: str) -> None:
    """Keep a complete choice in the client's session."""
    put_in_session(client, "choice", {**CHOICE, **other})


def text_of(response: Answered) -> str:
    """Return the page with its entities read."""
    return response.content.decode().replace("&#39;", "'").replace("&#34;", '"').replace("&amp;", "&")


def shows(response: Answered, code: ErrorCode, lang: str = "en") -> bool:
    """Say whether the page says what happened and what to do next."""
    page = text_of(response)
    parts: Mapping[str, str] = {part: say(lang, f"error.{code.value}.{part}") for part in ("what", "next")}
    return all(sentence in page for sentence in parts.values())


def put_in_state(drive: Drive, state: DriveState) -> Drive:
    """Let a station have reported what leads to `state`."""
    drive.state = state
    drive.hold_until = PICKUP if state == DriveState.held else None
    if state in (DriveState.out, DriveState.returned):
        drive.handed_over_at = PICKUP
    if state == DriveState.returned:
        drive.returned_at = PICKUP
    drive.save()
    return drive
