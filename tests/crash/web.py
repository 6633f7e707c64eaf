"""Customers over HTTP while web workers are killed with their requests half done: `kill -9`, as the kernel does it.

The program is `vendrive retail web` with two workers. Whoever lost an answer asks again with the same key until one
comes. Afterwards every answer must be given again byte for byte, and each key must have had exactly one effect.
"""

import http.client
import json
import os
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import QuerySet

from tests.support.waiting import until
from vendrive.bench import flash_shop as shop
from vendrive.demo.processes import Program
from vendrive.ids import new_uuid
from vendrive.retail.drives.models import Drive, DriveState
from vendrive.retail.events.models import AuditRow, IdempotencyKey
from vendrive.retail.fleet.models import StationOrder

CLIENTS = 6
WORKERS = 2
KILL_EVERY_S = 1.0
GROWN_S = 6.0
"""One that dies sooner after it took a dead one's place is a crash loop to granian, which then ends the program."""
ASK_AGAIN_S = 0.05
PATIENCE_S = 60.0
LEAST_KILLS, LEAST_BROKEN = 2, 1
AGAIN = frozenset({409, 429, 500, 502, 503})
"""Under way, too many, or an answer of somebody who died: not what became of it."""


@dataclass
class Asked:
    """One key: what was asked, the first whole answer, and how many tries had none."""

    path: str
    body: str
    key: str = field(default_factory=lambda: str(new_uuid()))
    status: int = 0
    answer: bytes = b""
    broken: int = 0


@dataclass
class Caller:
    """One signed-in person with one connection, who books and gives the car back again and again."""

    number: int
    guest: shop.Guest
    place: tuple[str, int]
    over: threading.Event
    asked: list[Asked] = field(default_factory=list)
    failure: str = ""

    def work(self) -> None:
        """Ask until it is over; what was begun is ended."""
        at, count = shop.tomorrow(), 0
        try:
            while not self.over.is_set():
                when = at + shop.QUARTER * ((self.number * 7 + count * CLIENTS) % shop.A_DAY)
                count += 1
                wish = {"model": shop.MODEL, "paint": shop.PAINT, "tower": "crowd", "pickup_at": when.isoformat()}
                booked = self.begin("/api/v1/drives", json.dumps(wish))
                if booked.status == 201:
                    self.begin(f"/api/v1/drives/{json.loads(booked.answer)['drive_id']}/cancel")
        except Exception as error:
            self.failure = f"{type(error).__name__}: {error}"

    def begin(self, path: str, body: str = "") -> Asked:
        """Ask something new, and remember it before it is asked."""
        self.asked.append(Asked(path, body))
        return self.ask(self.asked[-1])

    def ask(self, asked: Asked) -> Asked:
        """Ask until there is an answer, always with the same key."""
        ends_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends_s:
            try:
                status, answer = self.send(asked)
            except (OSError, http.client.HTTPException):
                asked.broken += 1
                threading.Event().wait(ASK_AGAIN_S)
                continue
            if status not in AGAIN:
                asked.status, asked.answer = status, answer
                return asked
            threading.Event().wait(ASK_AGAIN_S)
        raise TimeoutError(f"no answer to {asked.path}")

    def send(self, asked: Asked) -> tuple[int, bytes]:
        """Ask once, on a new connection."""
        line = http.client.HTTPConnection(*self.place, timeout=PATIENCE_S)
        headers = {
            "Cookie": f"{settings.SESSION_COOKIE_NAME}={self.guest.session}; csrftoken={self.guest.token}",
            "X-CSRFToken": self.guest.token,
            "Idempotency-Key": asked.key,
            "Content-Type": "application/json",
        }
        try:
            line.request("POST", asked.path, asked.body, headers)
            told = line.getresponse()
            return told.status, told.read()
        finally:
            line.close()


@dataclass
class Crowd:
    """The program, its callers, and who kills its workers."""

    dsn: str
    folder: Path

    def run(self, seconds: float) -> tuple[str, list[str]]:
        """Let them work for a while; return what happened, and what is wrong."""
        shop.make_tower("crowd")
        guests = shop.make_guests(CLIENTS, "crowd")
        command = ["vendrive.retail", "web", "--workers", str(WORKERS)]
        program = Program("web", command, {"DATABASE_URL": self.dsn}, self.folder / "web.log")
        program.start()
        try:
            url = urlsplit(program.ready()["url"])
            place, over = (str(url.hostname), int(url.port or 0)), threading.Event()
            callers = [Caller(number, guest, place, over) for number, guest in enumerate(guests)]
            killed = self._work(program.pid, callers, over, seconds)
            wrong = [f"web: {caller.failure}" for caller in callers if caller.failure] or _judge(callers)
        finally:
            program.stop()
        asked = [one for caller in callers for one in caller.asked]
        broken = sum(one.broken for one in asked)
        if killed < LEAST_KILLS or broken < LEAST_BROKEN:
            wrong.append(f"web: {killed} workers killed, {broken} requests broken: that says nothing")
        return f"web: {len(asked)} writes over HTTP, killed {killed} workers, {broken} tries broken", wrong

    def _work(self, program: int, callers: list[Caller], over: threading.Event, seconds: float) -> int:
        threads = [threading.Thread(target=caller.work) for caller in callers]
        for thread in threads:
            thread.start()
        born_s, killed, ends_s = dict.fromkeys(_workers(program), float("-inf")), 0, time.monotonic() + seconds
        while time.monotonic() < ends_s or killed < LEAST_KILLS:
            over.wait(KILL_EVERY_S)
            # Somebody is served by then, so that somebody's request is half done.
            _until_more(callers)
            now_s = time.monotonic()
            born_s = {pid: born_s.get(pid, now_s) for pid in _workers(program)}
            oldest = min(born_s, key=lambda pid: born_s[pid], default=None)
            if oldest is not None and now_s - born_s[oldest] >= GROWN_S:
                os.kill(oldest, signal.SIGKILL)
                killed += 1
        over.set()
        for thread in threads:
            thread.join(2 * PATIENCE_S)
        return killed


def _answered(callers: list[Caller]) -> int:
    return sum(one.status > 0 for caller in callers for one in list(caller.asked))


def _until_more(callers: list[Caller]) -> None:
    before = _answered(callers)
    until(lambda: _answered(callers) > before, "an answer", timeout_s=PATIENCE_S)


def _workers(program: int) -> list[int]:
    """Return the processes that answer, of those that the program has started."""
    tasks = Path(f"/proc/{program}/task").glob("*/children")
    return [int(pid) for task in tasks for pid in task.read_text().split()]


def _judge(callers: list[Caller]) -> list[str]:
    """Ask everything once more, and count the effects."""
    wrong, effects = [], Counter[str]()
    for caller in callers:
        for asked in caller.asked:
            again = Asked(asked.path, asked.body, asked.key)
            caller.ask(again)
            if (again.status, again.answer) != (asked.status, asked.answer):
                wrong.append(f"web: {asked.path} was answered {asked.status}, and now {again.status} otherwise")
            if asked.status == 201:
                effects["booked"] += 1
            elif asked.status == 200:
                effects["cancelled"] += 1
            else:
                wrong.append(f"web: {asked.path} was answered {asked.status} {asked.answer[:120]!r}")
    mine = Drive.objects.filter(tower_id="crowd")
    kinds = StationOrder.objects.filter(tower_id="crowd")
    found = {
        "booked": {
            mine.count(),
            AuditRow.objects.filter(action="drive_booked", subject__in=_keys(mine)).count(),
            kinds.filter(kind="hand_over").count(),
        },
        "cancelled": {
            mine.filter(state=DriveState.cancelled).count(),
            AuditRow.objects.filter(action="drive_cancelled", subject__in=_keys(mine)).count(),
            kinds.filter(kind="cancel").count(),
        },
    }
    wrong += [
        f"web: {effects[what]} were told that it is {what}, found {sorted(counts)}"
        for what, counts in found.items()
        if counts != {effects[what]}
    ]
    keys = IdempotencyKey.objects.count()
    if keys != effects.total():
        wrong.append(f"web: {keys} keys of {effects.total()} writes")
    return wrong


def _keys(drives: "QuerySet[Drive]") -> list[str]:
    return [str(pk) for pk in drives.values_list("pk", flat=True)]
