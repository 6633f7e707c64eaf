"""Signing in with a phone number and a one-time code."""

import hmac
from datetime import datetime, timedelta

from django.db import connection, transaction

from vendrive.design.messages import say
from vendrive.ids import digits
from vendrive.retail.config import keys, ports
from vendrive.retail.customers.documents import read_phone
from vendrive.retail.customers.models import Customer, SignInCode
from vendrive.retail.events.actions import queue_notice, record
from vendrive.wire.errors import ErrorCode, Refused

CODE_LENGTH = 6
CODE_LIFE = timedelta(minutes=5)
TRIES = 5
WINDOW = timedelta(minutes=15)
CODES_PER_PHONE = 5
CODES_PER_ADDRESS = 30


def request_code(phone: str, address: str, language: str = "en") -> str:
    """Send a code to `phone` and return the number in E.164; `address` is the caller's, for the rate limit.

    Raise Refused (phone_invalid, too_many_tries).
    """
    number, now = read_phone(phone), ports().clock.now()
    phone_hash, address_hash = keys().fingerprint("phone", number), keys().fingerprint("address", address)
    code = digits(CODE_LENGTH)
    with transaction.atomic():
        _lock_phone(phone_hash)
        _check_rate(phone_hash, address_hash, now)
        row = SignInCode(phone_hash=phone_hash, address_hash=address_hash, created_at=now, expires_at=now + CODE_LIFE)
        row.digest = _digest(row, code)
        row.save()
        queue_notice(number, say(language, "notice.code", code=code))
        record("guest", "code_requested", row.id)
    return number


def confirm_code(phone: str, code: str, language: str = "en") -> Customer:
    """Return the customer of `phone`, new or known; raise Refused (code_wrong, code_expired, too_many_tries).

    A wrong try counts even though it is refused.
    """
    found = try_code(phone, code, language)
    if isinstance(found, Refused):
        raise found
    return found


def try_code(phone: str, code: str, language: str = "en") -> Customer | Refused:
    """As `confirm_code`, but return what is refused: the try must be stored, in whichever transaction this is."""
    number, now = read_phone(phone), ports().clock.now()
    phone_hash = keys().fingerprint("phone", number)
    with transaction.atomic():
        _lock_phone(phone_hash)
        problem = _use_code(phone_hash, code, now)
        if problem is None:
            return _customer(number, phone_hash, language, now)
    return Refused(problem)


def _use_code(phone_hash: str, code: str, now: datetime) -> ErrorCode | None:
    row = SignInCode.objects.filter(phone_hash=phone_hash, used_at=None).order_by("-created_at").first()
    if row is None or now >= row.expires_at:
        return ErrorCode.code_expired
    if row.tries >= TRIES:
        return ErrorCode.too_many_tries
    row.tries += 1
    good = hmac.compare_digest(row.digest, _digest(row, code.strip()))
    row.used_at = now if good else None
    row.save()
    return None if good else ErrorCode.code_wrong


def _customer(number: str, phone_hash: str, language: str, now: datetime) -> Customer:
    found = Customer.objects.filter(phone_hash=phone_hash).first()
    if found is None:
        found = Customer(phone_hash=phone_hash, created_at=now, language=language)
        found.phone = number
        found.save()
    elif found.language != language:
        found.language = language
        found.save(update_fields=["language"])
    record(f"customer:{found.id}", "signed_in", found.id)
    return found


def _check_rate(phone_hash: str, address_hash: str, now: datetime) -> None:
    recent = SignInCode.objects.filter(created_at__gt=now - WINDOW)
    too_many = (
        recent.filter(phone_hash=phone_hash).count() >= CODES_PER_PHONE
        or recent.filter(address_hash=address_hash).count() >= CODES_PER_ADDRESS
    )
    if too_many:
        raise Refused(ErrorCode.too_many_tries)


def _digest(row: SignInCode, code: str) -> str:
    return keys().fingerprint("code", f"{row.id}\n{code}")


def _lock_phone(phone_hash: str) -> None:
    # Tries of one phone take turns, so that parallel guesses are all counted.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 2))", [phone_hash])
