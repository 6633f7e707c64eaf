"""A retail of its own for programs that are not pytest: server, keys, tables, shop, and a world outside.

Importing it imports no model: `retail_world` sets Django up first.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.core.management import call_command
from django.db import connections

from tests.support.cluster import lay_cluster
from vendrive.retail.keys import make_keys
from vendrive.retail.postgres import EmbeddedPostgres


@contextmanager
def retail_world() -> Iterator[EmbeddedPostgres]:
    """Serve a database with tables in a temporary folder, and set Django up to use it."""
    with tempfile.TemporaryDirectory(prefix="vendrive-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        lay_cluster(folder / "postgres")
        with EmbeddedPostgres(folder / "postgres") as server:
            os.environ |= {"DATABASE_URL": server.dsn, "VENDRIVE_DATA": str(make_keys(folder / "keys").parent)}
            os.environ["DJANGO_SETTINGS_MODULE"] = "vendrive.retail.settings"
            django.setup()
            # A pool belongs to one process, and these programs have children.
            connections["default"].settings_dict["OPTIONS"].pop("pool")
            call_command("migrate", interactive=False, verbosity=0)
            yield server
