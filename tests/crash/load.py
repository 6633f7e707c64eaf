"""Eight clients book and cancel, while clients, the worker and the whole database are killed again and again.

Each client is a process that writes down what it began and how it ended, before and after; a dead one leaves a
beginning without an end. Afterwards everything acknowledged must be there, each key must have at most one effect, the
worker must be able to finish, and the history must have no anomaly (`tests.crash.history`).
"""

import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.db import DatabaseError, connection, connections, transaction

from tests.crash.history import Anomaly, List, Outcome, Txn, anomalies
from tests.retail.helpers import START
from tests.retail.racing import NO_LOCK
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.actions import book_drive, cancel_drive
from vendrive.retail.drives.models import OPEN, Drive
from vendrive.retail.events.outbox import send_notices
from vendrive.retail.events.sealing import seal_audit
from vendrive.retail.fleet.models import Vehicle
from vendrive.retail.notices.actions import queue_letters
from vendrive.wire.errors import Refused

CLIENTS = 8
QUARTERS = 12
RETRY_S = 0.05
CLEARS_UP = 0.2
"""How often a client that was refused cancels a booking, whoever made it."""
LISTS = """
SELECT d.id::text, d.person_id::text, d.vehicle_id::text, d.tower_id || ' ' || d.pickup_at::text
FROM drives_drive d JOIN events_auditrow a ON a.subject = d.id::text AND a.action = 'drive_booked' ORDER BY a.id
"""
"""Every booking in the order in which the door for scarcity let it in, as one snapshot sees them."""


@dataclass(frozen=True)
class Wish:
    """What can be booked: slugs."""

    model: str
    paint: str
    tower: str


def read_lists() -> dict[str, List]:
    """Return for each person, each vehicle and each quarter hour of a tower the drives that were ever booked."""
    lists: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(LISTS)
        for drive, *keys in cursor.fetchall():
            for kind, key in zip(("person", "vehicle", "bay"), keys, strict=True):
                lists.setdefault(f"{kind} {key}", []).append(drive)
    return {key: tuple(values) for key, values in lists.items()}


@dataclass
class Client:
    """One process: it books under keys, reads what is there in the same transaction, and gives the car back."""

    number: int
    people: list[Customer]
    wishes: list[Wish]
    file: Path

    def work(self, over: Path, seed: int) -> None:
        """Work until the file `over` is there."""
        rng, count = random.Random(seed), 0
        while not over.exists():
            count += 1
            self._book(rng, f"{self.number}-{seed}-{count}")

    def _book(self, rng: random.Random, key: str) -> None:
        customer, wish = rng.choice(self.people), rng.choice(self.wishes)
        at = START + timedelta(minutes=10 + 15 * rng.randrange(QUARTERS))
        started_s = time.monotonic()
        self._write({"key": key, "start": started_s})
        asked = (wish.model, wish.paint, wish.tower, at.isoformat())
        told: dict[str, object] = {"key": key, "start": started_s, "customer": str(customer.pk), "asked": asked}
        try:
            with transaction.atomic():
                drive = book_drive(customer, wish.model, wish.paint, wish.tower, at, key)
                lists = read_lists()
            told |= {"outcome": "ok", "drive": str(drive.pk), "lists": self._of(drive, lists, rng)}
        except Refused as refused:
            told |= {"outcome": "failed", "code": refused.code}
        except DatabaseError as error:
            told |= {
                "outcome": "unknown",
                "error": str(error),
            }  # the line is gone; a COMMIT that was under way may have been done
            connections.close_all()
            threading.Event().wait(RETRY_S)
        self._write({**told, "end": time.monotonic()})
        if told["outcome"] == "ok":
            self._give_back(customer, str(told["drive"]))
        elif rng.random() < CLEARS_UP:
            self._clear_up(rng)

    def _of(self, drive: Drive, lists: dict[str, List], rng: random.Random) -> dict[str, List]:
        """Return the lists that the booking is in, and one more."""
        mine = [key for key, values in lists.items() if str(drive.pk) in values]
        return {key: lists[key] for key in {*mine, rng.choice(sorted(lists))}}

    def _give_back(self, customer: Customer, drive: str) -> None:
        try:
            cancel_drive(customer, drive)
        except Refused:
            pass
        except DatabaseError:
            connections.close_all()

    def _clear_up(self, rng: random.Random) -> None:
        """Cancel something: who was killed after booking gave nothing back, and soon nothing would be left."""
        try:
            left = list(Drive.objects.filter(state__in=OPEN).select_related("customer"))
        except DatabaseError:
            connections.close_all()
            return
        if left:
            drive = rng.choice(left)
            self._give_back(drive.customer, str(drive.pk))

    def _write(self, line: dict[str, object]) -> None:
        with self.file.open("a") as file:
            file.write(json.dumps(line) + "\n")


def committed(files: list[Path]) -> int:
    """Return how many bookings were acknowledged so far."""
    return sum(file.read_text().count('"outcome": "ok"') for file in files if file.exists())


def keep_on(work: Callable[[], object], over: Path) -> None:
    """Do what the worker does until the file `over` is there, and go on when the database comes back."""
    while not over.exists():
        try:
            work()
        except DatabaseError:
            connections.close_all()


def worker_round() -> None:
    """Do one round of the worker."""
    seal_audit()
    queue_letters()
    send_notices()


def start(work: Callable[[], None]) -> int:
    """Start a process; return its pid."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return child


def kill(pid: int) -> None:
    """End a process as the kernel does when memory runs out."""
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def history_of(files: list[Path], final: dict[str, List]) -> list[Txn]:
    """Return what the clients wrote down; a beginning without an end is a transaction of unknown outcome."""
    lines: dict[str, dict[str, object]] = {}
    for file in files:
        for text in file.read_text().splitlines():
            line = json.loads(text)
            lines[line["key"]] = lines.get(line["key"], {}) | line
    return [_txn(number, line, final) for number, line in enumerate(lines.values())]


def _txn(number: int, line: dict[str, object], final: dict[str, List]) -> Txn:
    outcome = Outcome(str(line.get("outcome", "unknown")))
    drive = str(line.get("drive", ""))
    if outcome is Outcome.unknown:
        drive = _found_by_key(str(line["key"]))
    appends = {key: drive for key, values in final.items() if drive and drive in values}
    if outcome is Outcome.ok and not appends:
        appends = {"nowhere": drive}  # acknowledged, and gone
    lists = line.get("lists", {})
    assert isinstance(lists, dict)
    reads = {key: tuple(values) for key, values in lists.items()}
    end_s = line.get("end", float("inf"))
    return Txn(number, float(str(line["start"])), float(str(end_s)), outcome, appends, reads)


def _found_by_key(key: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT subject FROM events_idempotencykey WHERE key = %s", [key])
        row = cursor.fetchone()
    return str(row[0]) if row else ""


def judge(files: list[Path]) -> tuple[int, list[Anomaly]]:
    """Return how many transactions the history has, and what no serial order explains."""
    final = read_lists()
    history = history_of(files, final)
    return len(history), anomalies(history, final)


def asked_again(files: list[Path]) -> list[str]:
    """Ask everything that was acknowledged once more, and return what is answered otherwise than then."""
    wrong = []
    for file in files:
        for text in file.read_text().splitlines():
            line = json.loads(text)
            if line.get("outcome") != "ok":
                continue
            customer = Customer.objects.get(pk=line["customer"])
            model, paint, tower, at = line["asked"]
            try:
                again = str(book_drive(customer, model, paint, tower, datetime.fromisoformat(at), line["key"]).pk)
            except Refused as refused:
                again = refused.code
            if again != line["drive"]:
                wrong.append(f"{line['key']} was answered {line['drive']}, and now {again}")
    return wrong


def take_safeguards_away() -> None:
    """No lock and no constraint of bookings: the negative control."""
    with connection.cursor() as cursor:
        cursor.execute(NO_LOCK)
        cursor.execute("""
            SELECT conrelid::regclass::text, conname FROM pg_constraint
            WHERE contype IN ('x', 'u') AND conrelid::regclass::text LIKE 'drives_%'""")
        for table, name in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        cursor.execute("""
            SELECT indexname FROM pg_indexes WHERE tablename LIKE 'drives_%' AND indexdef LIKE '%UNIQUE%WHERE%'""")
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP INDEX {name}")


def wishes(count: int) -> list[Wish]:
    """Return some cars that the shop lends, so few that they are wanted by several at once."""
    cars = Vehicle.objects.filter(tower_id="shanghai").select_related("paint").order_by("tag")[:count]
    return [Wish(car.model_id, car.paint.slug, car.tower_id) for car in cars]
