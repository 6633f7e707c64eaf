"""The parts of `make crash`, once there is a database, and what they tell."""

import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.db import connections
from psycopg.conninfo import conninfo_to_dict

from tests.crash import load
from tests.crash.matrix import Run, die_at, points_of, runs_of
from tests.crash.operations import OPERATIONS
from tests.crash.world import begin_anew, reconcile, sealed
from tests.retail.helpers import make_driver
from vendrive.retail.api import keyed
from vendrive.retail.drives.models import Drive
from vendrive.retail.events.models import IdempotencyKey
from vendrive.retail.postgres import EmbeddedPostgres

PEOPLE, CARS = 12, 4
SHOWN = 5
PAUSE_S = 0.5
SERVER_EVERY = 8
LEAST_BOOKINGS = 25
LONGEST = 15
"""So many times as long as it should take a load may go on to reach that."""


@dataclass
class Campaign:
    """One campaign on one server."""

    server: EmbeddedPostgres
    folder: Path
    started_s: float
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
        settings.ALLOWED_HOSTS = ["*"]

    def points(self, only: str | None, point: str | None, sample: bool) -> None:
        """Die at points: all, or one of each operation, or the one that is named."""
        runs, file = 0, self.folder / "outside"
        chosen = [operation for operation in OPERATIONS if only in (None, operation.name)]
        if not chosen:
            self._wrong(f"there is no operation {only!r}; there are: {', '.join(one.name for one in OPERATIONS)}")
        for operation in chosen:
            if point is not None:
                _, said, wanted = points_of(operation, file)
                ends = [Run(operation.name, point, die_at(operation, point, said, wanted, file))]
            else:
                ends = list(runs_of(operation, file, sample))
            runs += len(ends)
            for run in ends:
                if run.wrong:
                    self._wrong(f"{run.operation}, dying at {run.point}: {run.wrong}")
            self._say(f"{operation.name}: died at {len(ends)} points")
        self._say(f"{len(chosen)} operations, {runs} deaths, {len(self.wrong)} wrong")

    def forget_keys(self) -> None:
        """Take the memory of keys away: the negative control."""
        vars(keyed)["claim"] = lambda write: None
        vars(keyed)["keep"] = lambda write, subject, answer="": None

    def load(self, seconds: float, unlocked: bool = False) -> None:
        """Let eight clients work while clients, the worker and the database are killed, and judge what is left."""
        world = begin_anew(self.folder / "outside")
        self._follow_server()
        people = [make_driver(number) for number in range(1, PEOPLE + 1)]
        if unlocked:
            load.take_safeguards_away()
        files = [self.folder / f"client-{number}" for number in range(load.CLIENTS)]
        wishes = load.wishes(1 if unlocked else CARS)
        clients = [load.Client(number, people, wishes, file) for number, file in enumerate(files)]
        kills = Kills(self, clients, seconds, 0 if unlocked else 1).run()
        reconcile(world)
        drives, keys = Drive.objects.count(), IdempotencyKey.objects.count()
        if drives < LEAST_BOOKINGS:
            self._wrong(f"load: {drives} bookings say nothing, {LEAST_BOOKINGS} are needed")
        if drives != keys:
            self._wrong(f"load: {drives} drives of {keys} keys")
        for what in load.asked_again(files):
            self._wrong(f"load: {what}")
        transactions, found = load.judge(files)
        for anomaly in found[:SHOWN]:
            self._wrong(f"history: {anomaly.name}: {anomaly.what} {anomaly.transactions}")
        sealed()
        self._say(f"load: {transactions} transactions, {drives} committed, killed {kills}; {len(found)} anomalies")

    def restart_server(self) -> None:
        """Stop PostgreSQL as a power cut does, and start it again: it recovers what was committed."""
        os.kill(self.server.pid, signal.SIGQUIT)
        self.server.stop()
        self.server.start()
        self._follow_server()

    def _follow_server(self) -> None:
        # Clients keep one address, behind which the server is a new one each time.
        link, new = self.folder / "socket", self.folder / "socket.new"
        new.symlink_to(str(conninfo_to_dict(self.server.dsn)["host"]))
        new.rename(link)
        connections["default"].settings_dict["HOST"] = str(link)
        connections.close_all()

    def told(self) -> int:
        """Return the exit status."""
        return 1 if self.wrong else 0

    def _wrong(self, what: str) -> None:
        self.wrong.append(what)
        sys.stdout.write(f"WRONG {what}\n")

    def _say(self, what: str) -> None:
        sys.stdout.write(f"{time.monotonic() - self.started_s:7.1f} s  {what}\n")
        sys.stdout.flush()


@dataclass
class Kills:
    """Eight clients and a worker, killed in turn: a client twice a second, the worker each second, the database rarely.

    `often` is 0 for nobody. It goes on, however slow the machine, until enough was committed to judge by.
    """

    campaign: Campaign
    clients: list[load.Client]
    seconds: float
    often: int
    done: Counter[str] = field(default_factory=Counter)

    def run(self) -> str:
        """Run until the time is over; return who was killed how often."""
        rng, pause = random.Random(7), threading.Event()
        began_s = time.monotonic()
        self._over.unlink(missing_ok=True)
        running = [self._start(client, number) for number, client in enumerate(self.clients)]
        worker, rounds = self._start_worker(), 0
        while not self._enough(time.monotonic() - began_s):
            pause.wait(PAUSE_S)
            if not self.often:
                continue
            rounds += 1
            victim = rng.randrange(len(running))
            load.kill(running[victim])
            running[victim] = self._start(self.clients[victim], 1000 + rounds)
            self.done["clients"] += 1
            if rounds % 2 == 0:
                load.kill(worker)
                worker = self._start_worker()
                self.done["workers"] += 1
            if rounds % SERVER_EVERY == 0:
                self.campaign.restart_server()
                self.done["servers"] += 1
        self._over.touch()
        for pid in (*running, worker):
            os.waitpid(pid, 0)
        return ", ".join(f"{count} {who}" for who, count in self.done.items()) or "nobody"

    def _start(self, client: load.Client, seed: int) -> int:
        return load.start(lambda: client.work(self._over, seed))

    def _start_worker(self) -> int:
        return load.start(lambda: load.keep_on(load.worker_round, self._over))

    @property
    def _over(self) -> Path:
        return self.campaign.folder / "over"

    def _enough(self, passed_s: float) -> bool:
        done = load.committed([client.file for client in self.clients]) >= LEAST_BOOKINGS
        killed = not self.often or self.done["servers"] > 0
        return passed_s >= LONGEST * self.seconds or (passed_s >= self.seconds and done and killed)
