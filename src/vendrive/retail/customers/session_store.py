"""Django's sessions in the database, read by one plain statement: every request of somebody who is signed in has it."""

from typing import Any

from django.contrib.sessions.backends import db
from django.db import connection

# `vendrive bench flash` asks for it as well.
READ = "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > now()"


class SessionStore(db.SessionStore):
    """The engine that `SESSION_ENGINE` names; tables, keys and writing are Django's own."""

    def load(self) -> dict[str, Any]:
        """Return what the session holds; a key that is unknown or over is forgotten, as Django does."""
        with connection.cursor() as cursor:
            cursor.execute(READ, [self.session_key])
            row = cursor.fetchone()
        if row is None:
            self._session_key = None
            return {}
        held: dict[str, Any] = self.decode(row[0])
        return held
