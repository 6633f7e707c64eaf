"""A phone that speaks to the customer API, in this process."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from django.conf import settings as django_settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from vendrive.ids import new_uuid
from vendrive.retail.customers.models import Customer

BOOKING = {"model": "volvo-ex30", "paint": "yellow", "tower": "shanghai", "pickup_at": "2026-03-02T01:15:00Z"}


@dataclass
class Phone:
    """A browser's cookies and its CSRF token; `customer` is signed in from the beginning, if there is one."""

    customer: Customer | None = None
    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))

    def __post_init__(self) -> None:
        if self.customer is not None:
            session = self.client.session
            session["customer"] = str(self.customer.pk)
            session.save()
            self.client.cookies[django_settings.SESSION_COOKIE_NAME] = str(session.session_key)
        self.token = json.loads(self.get("session").content)["csrf"]

    def get(self, path: str, **query: str) -> HttpResponse:
        return self._told(self.client.get(f"/api/v1/{path}", query))

    def send(self, method: str, path: str, body: object = None, key: str | None = "", **headers: str) -> HttpResponse:
        """Send a write under `key`; empty is a new one, None is none at all."""
        named = {} if key is None else {"Idempotency-Key": key or str(new_uuid())}
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self._told(
            self.client.generic(
                method,
                f"/api/v1/{path}",
                sent,
                "application/json",
                headers={"X-CSRFToken": self.token, **named, **headers},
            )
        )

    def _told(self, answer: object) -> HttpResponse:
        assert isinstance(answer, HttpResponse)
        return answer


@pytest.fixture(autouse=True)
def plain_http(settings: Settings) -> None:
    # Django's client speaks HTTP; the cookies' Secure flag has a test of its own in the settings.
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Let whole WSGI requests share the test's transaction: Django would end its connection with each."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def phone(driver: Customer) -> Phone:
    return Phone(driver)
