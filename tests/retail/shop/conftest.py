"""Browsers: one of nobody, one of a person who may drive, and a drive of theirs."""

import pytest
from django.test import Client

from tests.retail.helpers import PICKUP
from tests.retail.shop.browser import browser_of
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.actions import book_drive
from vendrive.retail.drives.models import Drive


@pytest.fixture
def guest(shop: None) -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def phone(driver: Customer) -> Client:
    return browser_of(driver)


@pytest.fixture
def drive(driver: Customer) -> Drive:
    return book_drive(driver, "volvo-ex30", "yellow", "shanghai", PICKUP, "k1")
