"""The one door for scarcity: whatever makes something less available is planned, locked, checked, applied here."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, TypeVar

from django.db import IntegrityError, OperationalError, connection, transaction
from psycopg import errors

from vendrive.wire.errors import ErrorCode, Refused

LOCK_TIMEOUT_MS = 2000

# The constraint that stands behind each check, and what it says to a person.
CONSTRAINTS: Mapping[str, ErrorCode] = {
    "one_live_drive_of_a_vehicle": ErrorCode.vehicle_taken,
    "one_live_drive_of_a_person": ErrorCode.person_busy,
    "each_model_once_per_person": ErrorCode.model_already_driven,
    # Two drives that chose the same place at once: asking again tells whether there is another.
    "quota_of_even_months": ErrorCode.busy_try_again,
    "quota_of_odd_months": ErrorCode.busy_try_again,
    "quota_has_this_place": ErrorCode.drives_used_up,
    "a_bay_minute_once": ErrorCode.pickup_time_taken,
    "one_place_in_a_queue": ErrorCode.already_waiting,
    "a_vehicle_is_sold_once": ErrorCode.not_for_sale,
}

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Plan(Protocol[T_co]):
    """Something that takes a scarce thing. `keys` name what it takes, so that others who take it wait."""

    @property
    def keys(self) -> Iterable[str]:
        """Return the names of everything scarce that the plan touches."""
        ...

    def check(self) -> None:
        """Read what is left, under the locks; raise Refused where it is too little."""
        ...

    def apply(self) -> T_co:
        """Write; nothing else may write these tables."""
        ...


def take(plan: Plan[T]) -> T:
    """Run a plan in one transaction; raise Refused, with busy_try_again where others hold the locks too long."""
    with locked(plan.keys):
        plan.check()
        return plan.apply()


@contextmanager
def locked(keys: Iterable[str], timeout_ms: int = LOCK_TIMEOUT_MS) -> Iterator[None]:
    """Open a transaction that holds the locks of `keys`, and turn what the database refuses into Refused."""
    with refusals(), transaction.atomic():
        lock(keys, timeout_ms)
        yield


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what the database refuses into Refused, with the name of the constraint that it stands on."""
    try:
        yield
    except (IntegrityError, OperationalError) as error:
        raise _refusal(error) from error


def lock(keys: Iterable[str], timeout_ms: int) -> None:
    """Take the locks until the transaction ends, in sorted order, so that plans never wait in a circle."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT drives_lock(%s, %s)", [list(keys), timeout_ms])


def bay_key(tower_id: str, quarter_s: float) -> str:
    """Return the name of a quarter hour of a tower's bays."""
    return f"bay:{tower_id}:{quarter_s:.0f}"


def pool_key(tower_id: str, model_id: str) -> str:
    """Return the name of a tower's cars of a model."""
    return f"pool:{tower_id}:{model_id}"


def _refusal(error: IntegrityError | OperationalError) -> Exception:
    cause = error.__cause__
    if isinstance(cause, errors.LockNotAvailable | errors.DeadlockDetected):
        return Refused(ErrorCode.busy_try_again)
    name = cause.diag.constraint_name if isinstance(cause, errors.Error) else None
    code = CONSTRAINTS.get(name or "")
    return Refused(code) if code else error
