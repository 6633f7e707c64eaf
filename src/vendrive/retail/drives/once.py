"""Reserving for somebody outside, who names a key: one look at everything, and one call that does and stores all.

What was stored, the place, the rules and the person are read in one statement; the second claims the key, takes the
vehicle and stores the answer, and is its own transaction (`sql/reserve_once.sql`). Whoever comes again with the key is
given what was stored, as by any other write (`retail.events.idempotency`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from django.db import connection, transaction

from vendrive.retail.config import ports
from vendrive.retail.customers.actions import ask_standing
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.models import DriveState
from vendrive.retail.drives.queries import (
    KNOWN_COLUMNS,
    Known,
    check_pickup_time,
    get_known,
    known_from,
    reasons_against,
    wish_for,
)
from vendrive.retail.drives.reserving import (
    PLACE_COLUMNS,
    WISH,
    How,
    Offer,
    Wanted,
    WishRow,
    call_function,
    is_stale,
    offer_from,
    refuse,
    refused_by_function,
    values_of,
    wish_row,
)
from vendrive.retail.events.idempotency import Write, check_key, in_flight, matching, new_key
from vendrive.retail.events.models import IdempotencyKey
from vendrive.wire.errors import ErrorCode, Refused

Choose = Callable[[Offer], How]
Confirm = Callable[[WishRow], object]
Tell = Callable[[Offer, WishRow], str]
"""What is answered, known before the vehicle is taken: any vehicle of the model and paint is as good as another."""

values_of_key = attrgetter("id", "scope", "key", "fingerprint", "answer_box")
_KEY = ("id", "scope", "key", "fingerprint", "subject", "answer_box", "at")
ASKED = """(SELECT %(customer)s::uuid AS customer, %(scope)s::varchar AS scope, %(key)s::varchar AS key,
    %(tower)s::varchar AS tower, %(model)s::varchar AS model, %(paint)s::varchar AS paint) asked"""
# One row, whatever of it there is.
LOOK = f"""
SELECT k.id, k.scope, k.key, k.fingerprint, k.subject, k.answer_box, k.at, c.id, {PLACE_COLUMNS}, {KNOWN_COLUMNS}
FROM {ASKED}
LEFT JOIN customers_customer c ON c.id = asked.customer
LEFT JOIN customers_person p ON p.customer_id = asked.customer
LEFT JOIN events_idempotencykey k ON k.scope = asked.scope AND k.key = asked.key
LEFT JOIN fleet_tower t ON t.slug = asked.tower
LEFT JOIN catalogue_paint pa ON pa.model_id = asked.model AND pa.slug = asked.paint
LEFT JOIN LATERAL (SELECT slug, revision FROM drives_programme ORDER BY slug LIMIT 1) pr ON true
"""  # noqa: S608 - columns alone
WRITE = "ROW(%s, %s, %s, %s, %s)::drives_write"
RESERVE_ONCE = f"SELECT * FROM drives_reserve_once({WISH}, {WRITE})"  # noqa: S608 - placeholders alone


def tell_nothing(offer: Offer, row: WishRow) -> str:
    """Store no answer: the caller makes its own from what was taken."""
    return ""


@dataclass(frozen=True)
class _Seen:
    kept: IdempotencyKey | None
    offer: Offer
    known: Known


def reserve_once(
    customer: Customer, wanted: Wanted, write: Write, choose: Choose, tell: Tell, confirm: Confirm | None = None
) -> IdempotencyKey:
    """Take one vehicle as `reserve` does, at most once for the write's key; return what is stored under it.

    Of `customer` nothing but the id is used: whether there is one is looked up here. What is held by it is handed to
    `confirm`, in the same transaction: where that refuses, nothing was held. Raise Refused as `reserve` does,
    sign_in_needed, and idempotency_… as `do_once` does; a refusal stores nothing.
    """
    check_key(write)
    seen = _look(customer, wanted, write)
    if seen.kept is not None:
        return seen.kept
    offer = seen.offer
    check_pickup_time(offer.rules, offer.tower, wanted.pickup_at, offer.now)
    known = _fresh(customer, seen, write)
    wish = wish_for(offer.rules, wanted.model, offer.tower, wanted.pickup_at, wanted.due_at)
    refuse(reasons_against(known, offer.rules, wish, offer.now))
    row = wish_row(customer, offer, known, choose(offer))
    key = new_key(write, str(row.drive), tell(offer, row))
    if confirm is None or row.state != DriveState.held:
        return _take(customer, offer, row, key)
    with transaction.atomic():
        kept = _take(customer, offer, row, key)
        if kept is key:
            confirm(row)
        return kept


def _take(customer: Customer, offer: Offer, row: WishRow, key: IdempotencyKey) -> IdempotencyKey:
    refusal, _ = call_function(offer, RESERVE_ONCE, (*values_of(row), *values_of_key(key)))
    if refusal == "key_in_flight":
        raise Refused(ErrorCode.idempotency_in_flight)
    if refusal == "key_known":
        # Somebody was faster since we looked.
        kept = _look(customer, offer.wanted, Write(key.scope, key.key, key.fingerprint)).kept
        assert kept is not None
        return kept
    if refusal:
        raise refused_by_function(refusal, offer)
    return key


def _look(customer: Customer, wanted: Wanted, write: Write) -> _Seen:
    now = ports().clock.now()
    asked: dict[str, Any] = {
        "customer": customer.pk,
        "scope": write.scope,
        "key": write.key,
        "now": now,
        "without": None,
    }
    asked |= {"tower": wanted.tower, "model": wanted.model, "paint": wanted.paint}
    with connection.cursor() as cursor:
        cursor.execute(LOOK, asked)
        row = cursor.fetchone()
    assert row is not None
    of_key, someone, of_place, of_person = row[:7], row[7], row[8:17], row[17:]
    if someone is None:
        raise Refused(ErrorCode.sign_in_needed)
    kept = IdempotencyKey.from_db("default", _KEY, of_key) if of_key[0] else None
    matching(write, kept)
    offer = offer_from(wanted, of_place, now)
    known = Known(None, None, (), ()) if of_person[0] is None else known_from(of_person, offer.rules)
    return _Seen(kept, offer, known)


def _fresh(customer: Customer, seen: _Seen, write: Write) -> Known:
    """Return what is known of the person when outside parties were asked, where there was something to ask."""
    offer = seen.offer
    if not is_stale(seen.known, offer.rules):
        return seen.known
    # No lock on anything scarce waits for an answer, only whoever comes with the same key.
    with in_flight(write):
        ask_standing(customer, offer.rules.least_credit)
    return get_known(customer, offer.layers, offer.rules, offer.now)
