"""DATABASE_URL to Django's settings."""

from typing import Any

from psycopg.conninfo import conninfo_to_dict

_OURS = {"dbname", "host", "port", "user", "password"}


def database_from(url: str, pool_size: int = 8) -> dict[str, Any]:
    """Return the settings of one database, with a pool for each process; an empty `url` names none."""
    given = {name: value for name, value in conninfo_to_dict(url).items() if value is not None} if url else {}
    rest = {name: value for name, value in given.items() if name not in _OURS}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": str(given.get("dbname", "")),
        "USER": str(given.get("user", "")),
        "PASSWORD": str(given.get("password", "")),
        "HOST": str(given.get("host", "")),
        "PORT": str(given.get("port", "")),
        "OPTIONS": {
            **rest,
            # What is asked again and again is planned once by each connection: half of what a short statement costs.
            "server_side_binding": True,
            "prepare_threshold": 3,
            "pool": {"min_size": 1, "max_size": pool_size, "timeout": 10},
        },
    }
