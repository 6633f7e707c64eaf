"""What `vendrive bench flash` finds: towers full of one model, people who are signed in, and bookings of years.

Models are imported here, so Django must be set up before.
"""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib import import_module
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection

from vendrive.bench.flash_load import Request
from vendrive.clock import SystemClock
from vendrive.demo.data import fill_shop
from vendrive.ids import new_uuid, random_bytes
from vendrive.passes.signing import encode, sign_text
from vendrive.retail.catalogue.models import Paint
from vendrive.retail.catalogue.queries import get_model
from vendrive.retail.customers.actions import CREDIT, MEMBERSHIP
from vendrive.retail.customers.models import Customer, Person, Standing
from vendrive.retail.customers.session_store import READ
from vendrive.retail.drives import once, reserving
from vendrive.retail.drives.availability import get_availability
from vendrive.retail.drives.models import Drive, DriveState
from vendrive.retail.drives.policies import next_quarter
from vendrive.retail.drives.queries import get_layers, today
from vendrive.retail.drives.terms import keep_terms
from vendrive.retail.events.idempotency import Write, new_key
from vendrive.retail.events.models import IdempotencyKey
from vendrive.retail.fleet.models import Tower, Vehicle
from vendrive.retail.fleet.queries import get_tower
from vendrive.retail.ports import Verdict
from vendrive.wire.station_auth import PURPOSE, RequestToSign

CLOCK = SystemClock()
MODEL, PAINT = "volvo-ex30", "yellow"
CARS = 100
ZONE = "Asia/Shanghai"
PAPERS_UNTIL = date(2099, 12, 31)
WRITE_AT_ONCE = 2000
QUARTER = timedelta(minutes=15)
# Each car of a tower once in each window, so many days after the start, and two pick-ups in a quarter hour.
WINDOWS, AT_ONCE = (1, 5, 9), 2
A_DAY = 96
LENGTH_OF_AN_ANSWER = 260


@dataclass(frozen=True)
class Guest:
    """Somebody who is signed in, as a browser of theirs says it."""

    customer: Customer
    session: str
    token: str

    def request(self, method: str, path: str, body: object = None) -> str:
        """Return a request as it goes over the line, under a key of its own."""
        sent = "" if body is None else json.dumps(body)
        return (
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(sent)}\r\n"
            f"Cookie: {settings.SESSION_COOKIE_NAME}={self.session}; csrftoken={self.token}\r\n"
            f"X-CSRFToken: {self.token}\r\nIdempotency-Key: {new_uuid()}\r\nContent-Type: application/json\r\n"
            f"\r\n{sent}"
        )


def open_shop() -> None:
    """Write the demo's catalogue and programme."""
    fill_shop()


def make_tower(name: str, key: Ed25519PrivateKey | None = None) -> str:
    """Return a tower with a hundred cars of the model, and bays that are never what is scarce."""
    tower = Tower.objects.get(pk="shanghai")
    tower.pk, tower.slots, tower.bays, tower.reserve = name, 4 * CARS, 16, 0
    tower.opens_minute, tower.closes_minute, tower.time_zone = 0, 1440, ZONE
    tower.signing_key = base64.b64encode(key.public_key().public_bytes_raw()).decode() if key else ""
    tower.save(force_insert=True)
    paint = Paint.objects.get(model_id=MODEL, slug=PAINT)
    papers = dict.fromkeys(("registered_until", "insured_until", "inspected_until"), PAPERS_UNTIL)
    Vehicle.objects.bulk_create(
        Vehicle(tag=f"{name}-{n}", plate=f"{name}-{n}", model_id=MODEL, paint=paint, tower=tower, **papers)
        for n in range(CARS)
    )
    return name


def make_guests(count: int, prefix: str) -> list[Guest]:
    """Return people who may drive and are signed in."""
    now = CLOCK.now()
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    guests, people, sessions = [], [], []
    for number in range(count):
        customer = Customer(phone_hash=f"{prefix}{number}", created_at=now)
        customer.phone = f"+86138{number:08d}"
        people.append(_person(customer, f"{prefix}{number}", now))
        guest = Guest(customer, random_bytes(16).hex(), random_bytes(16).hex())
        held = store.encode({"customer": str(customer.pk)})
        sessions.append(Session(session_key=guest.session, session_data=held, expire_date=now + timedelta(days=1)))
        guests.append(guest)
    Customer.objects.bulk_create([guest.customer for guest in guests], WRITE_AT_ONCE)
    Person.objects.bulk_create(people, WRITE_AT_ONCE)
    Session.objects.bulk_create(sessions, WRITE_AT_ONCE)
    kinds = (f"{CREDIT}:{get_layers().everywhere.least_credit}", MEMBERSHIP)
    Standing.objects.bulk_create(
        (
            Standing(person=person, kind=kind, verdict=Verdict.yes, expires_at=now + timedelta(days=1))
            for person in people
            for kind in kinds
        ),
        WRITE_AT_ONCE,
    )
    return guests


def _person(customer: Customer, name: str, now: datetime) -> Person:
    person = Person(customer=customer, document_kind="passport", document_hash=name, proof=Verdict.yes, created_at=now)
    person.name, person.document, person.birth_date = f"Demo person {name}", name, "1990-01-01"
    person.licence_class, person.licence_expiry, person.pin = "C1", "2090-01-01", '["AA==", "AA=="]'
    return person


def tomorrow() -> datetime:
    """Return the beginning of the quarter hour in a day from now."""
    return next_quarter(CLOCK.now() + timedelta(days=1))


def wishes(towers: Sequence[str], first: datetime) -> Iterator[reserving.Wanted]:
    """Return wishes of which none is in the way of another, in turn at each tower."""
    for window in WINDOWS:
        for number in range(CARS):
            at = first + timedelta(days=window) + QUARTER * (number // AT_ONCE % A_DAY)
            for tower in towers:
                yield reserving.Wanted(MODEL, PAINT, tower, at)


def booking_of(guest: Guest, wanted: reserving.Wanted, path: str = "/api/v1/drives") -> str:
    """Return the request that asks for it."""
    body = {"model": wanted.model, "paint": wanted.paint, "tower": wanted.tower}
    return guest.request("POST", path, body | {"pickup_at": wanted.pickup_at.isoformat()})


def prepare_statements(guests: Sequence[Guest], wanted: Sequence[reserving.Wanted]) -> None:
    """Write what the statements of each guest's booking are given into the table `bench_calls`, numbered from 0."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_floor (person bigint, taken_at timestamptz)")
        cursor.execute("CREATE INDEX ON bench_floor (person)")
        cursor.execute(
            "CREATE TABLE bench_calls (n integer PRIMARY KEY, session varchar, customer uuid, scope varchar, "
            "key varchar, tower varchar, model varchar, paint varchar, now timestamptz, wish drives_wish, "
            "write drives_write)"
        )
        insert = f"INSERT INTO bench_calls VALUES ({', '.join(['%s'] * 9)}, {reserving.WISH}, {once.WRITE})"  # noqa: S608
        for number, (guest, wish) in enumerate(zip(guests, wanted, strict=False)):
            row, key = _call(guest, wish)
            asked: list[Any] = [number, guest.session, guest.customer.pk, key.scope, key.key]
            asked += [wish.tower, wish.model, wish.paint, row.asked_at]
            cursor.execute(insert, [*asked, *reserving.values_of(row), *once.values_of_key(key)])


def _call(guest: Guest, wish: reserving.Wanted) -> tuple[reserving.WishRow, IdempotencyKey]:
    """Return what the product would send to the function."""
    offer, customer = reserving.find_offer(wish), guest.customer
    keep_terms(offer.terms)
    how = reserving.How(DriveState.booked, accepted_at=offer.now, actor=f"customer:{customer.pk}")
    row = reserving.wish_row(customer, offer, reserving.check_person(customer, offer), how)
    write = Write(f"{customer.pk}:api:{random_bytes(8).hex()}", str(new_uuid()), random_bytes(32).hex())
    return row, new_key(write, str(row.drive), "x" * LENGTH_OF_AN_ANSWER)


def reserve_script(turns: int) -> str:
    """Return all statements of a booking over HTTP for pgbench, whose clients have so many turns each.

    They are those of the product, but that what they are given stands in a row of `bench_calls`.
    """
    look = once.LOOK.replace(once.ASKED, "(SELECT * FROM bench_calls WHERE n = :n) asked")
    look = look.replace("%(now)s", "asked.now").replace("%(without)s", "NULL::uuid")
    reserve = once.RESERVE_ONCE.replace(reserving.WISH, "b.wish").replace(once.WRITE, "b.write")
    reserve = reserve.replace("SELECT * FROM ", "SELECT f.* FROM bench_calls b, ") + " f WHERE b.n = :n"  # noqa: S608
    session = READ.replace("%s", "(SELECT session FROM bench_calls WHERE n = :n)")
    joined = ";\n".join(" ".join(statement.split()) for statement in (session, look, reserve))
    return f"\\set n :client_id * {turns} + :turn\n\\set turn :turn + 1\n{joined};\n"


def book_years(tower: str, guests: Sequence[Guest], bookings: int, live: int) -> None:
    """Write so many bookings of a tower: `live` ones in the next thirty days, the others long ago, by the same people.

    Written as rows: who took part in each is not measured here.
    """
    layers = get_layers()
    version = keep_terms(reserving.find_offer(reserving.Wanted(MODEL, PAINT, tower, tomorrow())).terms).pk
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE bench_people (n integer, person uuid, customer uuid)")
        people = Person.objects.filter(customer__in=[guest.customer for guest in guests]).values_list("pk", "customer")
        cursor.executemany("INSERT INTO bench_people VALUES (%s, %s, %s)", [(n, *one) for n, one in enumerate(people)])
        asked: dict[str, Any] = {"tower": tower, "terms": version, "programme": layers.programme, "model": MODEL}
        asked |= {"cars": CARS, "people": len(guests), "live": live, "count": bookings, "first": tomorrow()}
        cursor.execute(_YEARS, asked)
        cursor.execute(_VISITS, asked)
        # Years of bookings do not come at once: what they leave to be tidied up is no part of what is measured.
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("CHECKPOINT")


# A pick-up in each quarter hour, so that bays have room.
_AT = """CASE
    WHEN i < %(live)s THEN %(first)s + i / %(cars)s * interval '79 hours'
    ELSE %(first)s - (i / %(cars)s + 1) * interval '80 hours' END + i %% %(cars)s * interval '15 minutes' AS at"""
_YEARS = f"""
INSERT INTO drives_drive (
    id, programme_id, programme_revision, customer_id, person_id, vehicle_id, model_id, paint_id, tower_id,
    return_tower_id, state, revision, pass_id, short_code, pickup_at, not_before, not_after, due_at, vehicle_period,
    person_period, month, quota, even_place, odd_place, once, terms_id, terms_language, fee_minor, deposit_minor,
    ended_because, booked_at
)
SELECT gen_random_uuid(), %(programme)s, 1, p.customer, p.person, v.id, %(model)s, v.paint_id, %(tower)s, %(tower)s,
    CASE WHEN i < %(live)s THEN 'booked' ELSE 'returned' END, 1, gen_random_uuid(), lpad(to_hex(i), 8, '0'),
    at, at - interval '15 minutes', at + interval '1 hour', at + interval '3 days',
    tstzrange(at - interval '15 minutes', at + interval '75 hours'), tstzrange(at, at + interval '3 days'),
    24000 - 2 * (i / %(people)s), 60, 0, 0, false, %(terms)s, 'en', 0, 0, '', now()
FROM generate_series(0, %(count)s - 1) AS i
JOIN bench_people p ON p.n = i %% %(people)s
JOIN (SELECT id, paint_id, row_number() OVER (ORDER BY tag) - 1 AS n FROM fleet_vehicle WHERE tower_id = %(tower)s) v
    ON v.n = i %% %(cars)s
CROSS JOIN LATERAL (SELECT {_AT}) AS t
"""  # noqa: S608 - a column alone
_VISITS = """
INSERT INTO drives_bayuse (drive_id, visit, tower_id, quarter, minutes, most)
SELECT id, 'pickup', tower_id, pickup_at, int4range(0, 10), 240 FROM drives_drive WHERE tower_id = %(tower)s
UNION ALL SELECT id, 'back', tower_id, due_at, int4range(200, 205), 240 FROM drives_drive WHERE tower_id = %(tower)s
"""


def station_request(key: Ed25519PrivateKey, tower: str, at: datetime) -> str:
    """Return a pull of orders, signed as the station signs it."""
    target, nonce = "/api/station/orders?after=0", encode(random_bytes(12))
    signed = sign_text(key, PURPOSE, RequestToSign(tower, "GET", target, b"", at, nonce).text())
    return (
        f"GET {target} HTTP/1.1\r\nHost: localhost\r\nX-Vendrive-Tower: {tower}\r\n"
        f"X-Vendrive-Time: {at.isoformat()}\r\nX-Vendrive-Nonce: {nonce}\r\nX-Vendrive-Signature: {signed}\r\n\r\n"
    )


def spread(texts: Sequence[str], over_s: float) -> list[Request]:
    """Return requests at equal distances."""
    return [Request(over_s * number / len(texts), text) for number, text in enumerate(texts)]


def wish_on_a_day(tower: str, first: datetime, number: int) -> reserving.Wanted:
    """Return what the person `number` of a crowd wants: the same day for all, a quarter hour of their own choice."""
    return reserving.Wanted(MODEL, PAINT, tower, first + QUARTER * (number * 7 % A_DAY // 2))


def look_or_book(guest: Guest, tower: str, number: int) -> str:
    """Return what a customer asks on an ordinary day: mostly what is free, now and then to book it."""
    if number % 30:
        return guest.request("GET", f"/api/v1/calendar?model={MODEL}&tower={tower}&paint={PAINT}")
    return booking_of(guest, wish_on_a_day(tower, tomorrow() + timedelta(days=number % 9), number))


def look_at_days(tower: str, days: int) -> object:
    """Count what is free on so many days, as the calendar does."""
    place = get_tower(tower)
    first, model = today(place, CLOCK.now()), get_model(MODEL)
    span = [first + timedelta(days=n) for n in range(days)]
    return get_availability(get_layers(), model, None, place, span, CLOCK.now()).days()


def count_held(tower: str) -> int:
    """Return how many vehicles of a tower are held."""
    held = Drive.objects.filter(tower=tower, state=DriveState.held)
    return held.values("vehicle").distinct().count()


def count_booked() -> int:
    """Return how many drives are booked anywhere."""
    return Drive.objects.filter(state=DriveState.booked).count()


def count_in_window(tower: str, days: int) -> int:
    """Return how many live drives of a tower begin in so many days from now."""
    now = CLOCK.now()
    until = now + timedelta(days=days)
    return Drive.objects.filter(tower=tower, state=DriveState.booked, pickup_at__gte=now, pickup_at__lt=until).count()
