"""A real PostgreSQL for the session, keys, ports whose answers a test can set, and a filled shop."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connections
from pytest_django import Settings

import tests.django_ready  # noqa: F401 - first, models are imported below
from tests.retail.helpers import START, Outside, make_driver
from tests.support.cluster import lay_cluster
from vendrive.clock import ManualClock
from vendrive.demo.data import fill_shop
from vendrive.retail.customers.models import Customer
from vendrive.retail.database import database_from
from vendrive.retail.keys import make_keys
from vendrive.retail.ports import Ports
from vendrive.retail.postgres import EmbeddedPostgres


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    folder = tmp_path_factory.mktemp("postgres")
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o711)
    lay_cluster(folder)
    with EmbeddedPostgres(folder, durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres: EmbeddedPostgres) -> None:
    settings = connections["default"].settings_dict
    settings.update(database_from(postgres.dsn))
    # A pool belongs to one process. All else is as the product has it: how values are bound decides what is valid SQL.
    settings["OPTIONS"].pop("pool")
    settings["TEST"]["TEMPLATE"] = settings["NAME"]


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """The whole server goes when the session ends, so nobody needs to drop its databases one by one."""
    return True


@pytest.fixture(scope="session", autouse=True)
def retail_keys() -> None:
    make_keys(Path(django_settings.DATA))


@pytest.fixture
def outside(settings: Settings) -> Outside:
    world = Outside(ManualClock(START))
    settings.VENDRIVE_PORTS = Ports(world.clock, world, world, world, world, world)
    return world


@pytest.fixture
def shop(db: None, outside: Outside) -> None:
    fill_shop()


@pytest.fixture
def driver(shop: None) -> Customer:
    return make_driver()
