"""Where a process can die: named points at everything that another process could tell apart.

The points are not written into the product, they are laid around what it calls: each statement that writes, each
COMMIT, each outside party. So every operation has them, new ones too, and nothing of it is in the wheel.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from django.db import connection

DIED = 137
_WRITES = re.compile(
    r"\s*(?:(INSERT INTO|UPDATE|DELETE FROM)\s*\(?\"?(\w*)"
    r"|SELECT (?:\* FROM )?(pg_notify|drives_reserve|drives_lapse)\b)",
    re.IGNORECASE,
)


class Points:
    """Counts the points that an operation passes, and dies at the one that it is told: `before COMMIT 1`."""

    def __init__(self, deadly: str | None) -> None:
        self.passed: list[str] = []
        self._deadly = deadly
        self._counts: Counter[str] = Counter()

    def reach(self, name: str) -> None:
        """Pass a point, or die there without a word to anybody: no clean-up, no answer, no end of the transaction."""
        self._counts[name] += 1
        named = f"{name} {self._counts[name]}"
        self.passed.append(named)
        if named == self._deadly:
            os._exit(DIED)

    @contextmanager
    def laid(self) -> Iterator[None]:
        """Lay the points around the database of this process."""
        database = cast(Any, connection)  # the proxy has no types for what backends do among themselves
        commit = database._commit

        def committed() -> None:
            self.reach("before COMMIT")
            commit()
            self.reach("after COMMIT")

        database._commit = committed
        try:
            with connection.execute_wrapper(self._executed):
                yield
        finally:
            database._commit = commit

    def around(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return a call to an outside party with a point before it and one behind."""

        def called(*args: object) -> Any:
            self.reach(f"before {name}")
            answer = call(*args)
            self.reach(f"after {name}")
            return answer

        return called

    def _executed(
        self, execute: Callable[..., Any], sql: str, params: Sequence[object], many: bool, context: dict[str, Any]
    ) -> Any:
        written = _WRITES.match(sql)
        if written is None:
            return execute(sql, params, many, context)
        self.reach(f"before {(written[1] or 'CALL').split()[0].upper()} {written[2] or written[3]}")
        answer = execute(sql, params, many, context)
        if not connection.in_atomic_block:
            # Outside a transaction a statement commits by itself.
            self.reach("after COMMIT")
        return answer
