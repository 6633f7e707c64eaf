"""A member of staff and their browser."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from tests.retail.console.world import PASSWORD, STAFF


@pytest.fixture(autouse=True)
def plain_http(settings: Settings) -> None:
    # Django's client speaks HTTP; the cookies' Secure flag has a test of its own in the settings.
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def member(shop: None) -> User:
    return User.objects.create_user(STAFF, password=PASSWORD, is_staff=True)


@pytest.fixture
def staff(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client
