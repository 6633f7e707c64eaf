"""Races for what is scarce: racers meet inside their transactions, between the check and what it allows.

The SQL function `drives_check` is replaced by one that waits for the other racers, so that the path of production is
raced as it is. Under the lock nobody meets, so the wait has an end.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from django.db import connection, connections

from vendrive.wire.errors import ErrorCode, Refused

ROUNDS = 200
WAIT_MS = 2
Racer = Callable[[], object]

MEET = """
CREATE SEQUENCE race_seats;
CREATE FUNCTION race_meet(racers bigint, wait_ms integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    seat bigint := nextval('race_seats');
    until timestamptz := clock_timestamp() + wait_ms * interval '1 millisecond';
BEGIN
    LOOP
        EXIT WHEN (SELECT last_value FROM race_seats) >= racers OR clock_timestamp() >= until;
        PERFORM pg_sleep(0.0003);
    END LOOP;
END $$;
"""
# By the function whose answer decides: one that gives the same answer after it has met the others.
WAITING = {
    "drives_check": """
CREATE OR REPLACE FUNCTION public.drives_check(w drives_wish) RETURNS drives_found LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    found drives_found := drives_check_alone(w);
BEGIN
    PERFORM race_meet({racers}, {wait_ms});
    RETURN found;
END $$;
""",
    "drives_storable": """
CREATE OR REPLACE FUNCTION public.drives_storable(the_tower text, more integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    found boolean := drives_storable_alone(the_tower, more);
BEGIN
    PERFORM race_meet({racers}, {wait_ms});
    RETURN found;
END $$;
""",
}
NO_LOCK = """
CREATE OR REPLACE FUNCTION public.drives_lock(names text[], wait_ms integer) RETURNS void LANGUAGE sql AS
    $$ SELECT set_config('lock_timeout', wait_ms::text, true) $$;
"""


def run_sql(sql: str, *values: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return list(cursor.fetchall()) if cursor.description else []


def definition(function: str) -> str:
    return str(run_sql("SELECT pg_get_functiondef(%s::regproc)", function)[0][0])


@contextmanager
def track(racers: int, lock: bool, without: Sequence[str], wait_ms: int, meet_after: str) -> Iterator[None]:
    """Let checks wait for each other, with or without the lock, and without the named constraints (indexes)."""
    check, the_lock = definition(meet_after), definition("drives_lock")
    kept = {name: _constraint(name) for name in without}
    run_sql(MEET)
    run_sql(check.replace(f"public.{meet_after}", f"public.{meet_after}_alone"))
    run_sql(WAITING[meet_after].format(racers=racers, wait_ms=wait_ms))
    if not lock:
        run_sql(NO_LOCK)
    for drop, _ in kept.values():
        run_sql(drop)
    try:
        yield
    finally:
        forget()
        for _, add in kept.values():
            run_sql(add)
        run_sql(check)
        run_sql(the_lock)
        run_sql(f"DROP FUNCTION {meet_after}_alone, race_meet; DROP SEQUENCE race_seats")


def _constraint(name: str) -> tuple[str, str]:
    """Return how to drop and how to make a constraint or a unique index."""
    found = run_sql(
        "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", name
    )
    if found:
        change = f"ALTER TABLE {found[0][0]}"
        return f"{change} DROP CONSTRAINT {name}", f"{change} ADD CONSTRAINT {name} {found[0][1]}"
    ((how,),) = run_sql("SELECT indexdef FROM pg_indexes WHERE indexname = %s", name)
    return f"DROP INDEX {name}", str(how)


def forget() -> None:
    """Give everything back that the racers took."""
    run_sql("DELETE FROM drives_bayuse; DELETE FROM fleet_stationorder; UPDATE drives_drive SET follows_id = NULL")
    run_sql("DELETE FROM drives_drive WHERE ended_because <> 'before the race'; DELETE FROM events_auditrow")


class Track:
    """Racers in threads of their own, each with one connection for all rounds."""

    def __init__(self, racers: Sequence[Racer]) -> None:
        self._racers = racers
        self._gate = threading.Barrier(len(racers) + 1)
        self._over = False
        self._ends: list[ErrorCode | None] = []
        self._broken: list[BaseException] = []
        self._threads = [threading.Thread(target=self._run, args=(racer,)) for racer in racers]

    def __enter__(self) -> "Track":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self._gate.wait(20)
        for thread in self._threads:
            thread.join(20)

    def race(self) -> list[ErrorCode | None]:
        """Start all at once and return how each ended: None is success."""
        self._ends.clear()
        run_sql("SELECT setval('race_seats', 1, false)")
        for _ in ("start", "end"):
            self._gate.wait(20)
        if self._broken:
            raise self._broken[0]
        return list(self._ends)

    def _run(self, racer: Racer) -> None:
        while True:
            self._gate.wait(20)
            if self._over:
                connections.close_all()
                return
            try:
                racer()
                self._ends.append(None)
            except Refused as refused:
                self._ends.append(refused.code)
            except BaseException as error:
                self._broken.append(error)
            self._gate.wait(20)


def wins(
    racers: Sequence[Racer],
    rounds: int,
    lock: bool,
    without: Sequence[str],
    meet_after: str = "drives_check",
    undo: Callable[[], None] = forget,
) -> list[int]:
    """Race so many rounds and return how many racers won in each."""
    won = []
    # Without the lock all meet at once; with it the first waits in vain.
    wait_ms = WAIT_MS if lock else 2000
    with track(len(racers), lock, without, wait_ms, meet_after), Track(racers) as ground:
        for _ in range(rounds):
            won.append(ground.race().count(None))
            undo()
    return won
