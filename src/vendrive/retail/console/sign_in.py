"""Staff sign in with a name and a password. A session belongs to a customer or to staff, never to both."""

from datetime import timedelta

from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.http import HttpRequest

from vendrive.retail.config import keys, ports
from vendrive.retail.console.models import SignInTry
from vendrive.retail.customers.sessions import caller_address
from vendrive.retail.drives.scarcity import locked
from vendrive.retail.events.actions import record
from vendrive.wire.errors import ErrorCode, Refused

WINDOW = timedelta(minutes=15)
TRIES_HERE = 5
TRIES_OF_NAME = 30
TRIES_OF_ADDRESS = 30
SESSION_S = 12 * 3600
"""A shift. Longer sessions belong to customers alone."""


def sign_in_staff(request: HttpRequest, name: str, password: str) -> bool:
    """Open a staff session, or return False where name and password do not fit; raise Refused (too_many_tries)."""
    name = name.strip()
    name_hash, address_hash = _count_try(name, caller_address(request))
    user = authenticate(request, username=name, password=password)
    if not is_staff(user):
        record("guest", "staff_sign_in_refused", name_hash)
        return False
    SignInTry.objects.filter(name_hash=name_hash, address_hash=address_hash).delete()
    request.session.flush()
    login(request, user)
    request.session.set_expiry(SESSION_S)
    record(f"staff:{name}", "staff_signed_in", name_hash)
    return True


def sign_out_staff(request: HttpRequest) -> None:
    """End the session."""
    record(f"staff:{staff_name(request)}", "staff_signed_out", "console")
    logout(request)


def is_staff(user: object) -> bool:
    """Whether this is a member of staff whose account is open."""
    return isinstance(user, AbstractBaseUser) and user.is_active and bool(getattr(user, "is_staff", False))


def staff_name(request: HttpRequest) -> str:
    """Return the name that the audit trail and the station's order carry."""
    return request.user.get_username()


def _count_try(name: str, address: str) -> tuple[str, str]:
    # The try is stored first and for good, so that parallel guesses are all counted.
    name_hash, address_hash = keys().fingerprint("staff", name), keys().fingerprint("address", address)
    now = ports().clock.now()
    with locked([f"staff_name:{name_hash}", f"staff_address:{address_hash}"]):
        SignInTry.objects.filter(at__lte=now - WINDOW).delete()
        SignInTry.objects.create(name_hash=name_hash, address_hash=address_hash, at=now)
        tries = SignInTry.objects.filter(at__gt=now - WINDOW)
        spent = _spent(tries, name_hash, address_hash)
    if spent:
        raise Refused(ErrorCode.too_many_tries)
    return name_hash, address_hash


def _spent(tries: "QuerySet[SignInTry]", name_hash: str, address_hash: str) -> bool:
    of_name, of_address = tries.filter(name_hash=name_hash), tries.filter(address_hash=address_hash)
    return (
        of_name.filter(address_hash=address_hash).count() > TRIES_HERE
        or of_name.count() > TRIES_OF_NAME
        or of_address.count() > TRIES_OF_ADDRESS
    )
