"""The third part of `make fuzz`, once there is a database."""

import sys

from django.conf import settings
from django.db import transaction

from tests.fuzz.http import Told, ask_all
from tests.retail.api.conftest import Phone
from tests.retail.api.test_openapi import caller_of
from tests.retail.helpers import START, Outside, make_driver
from vendrive.clock import ManualClock
from vendrive.demo.data import fill_shop
from vendrive.retail.ports import Ports


def campaign(cases: int, number: int) -> None:
    """Make the requests, and print how many were asked and how they were answered."""
    world = Outside(ManualClock(START))
    settings.VENDRIVE_PORTS = Ports(world.clock, world, world, world, world, world)
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    settings.ALLOWED_HOSTS = ["*"]
    fill_shop()
    with transaction.atomic():
        told = ask_all(caller_of(Phone(make_driver())), cases, number, show)
    sys.stdout.write("\n")
    for answer, count in told.answers.most_common():
        sys.stdout.write(f"api: {count:6d} times {answer}\n")
    sys.stdout.write(f"api: {told.cases} requests, no wrong answer\n")


def show(told: Told) -> None:
    """Show how far it is."""
    sys.stdout.write(f"\rapi: {told.cases} requests")
    sys.stdout.flush()
