"""Minutes of a bay for cars that come back: promised, moved with the time, given up."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from psycopg.types.range import Range

from vendrive.retail.drives.models import BayUse, BayVisit, Drive
from vendrive.retail.drives.reserving import quarter_of
from vendrive.retail.fleet.models import Tower
from vendrive.tower.promises import RETURN_MINUTES


def first_minute(tower: Tower, quarter: datetime, minutes: int, from_above: bool) -> int | None:
    """Return where a visit fits into a quarter hour of a tower's bays, or None."""
    asked: list[Any] = [tower.slug, quarter, minutes, tower.bay_minutes, from_above]
    with connection.cursor() as cursor:
        cursor.execute("SELECT drives_first_minute(%s, %s, %s, %s, %s)", asked)
        row = cursor.fetchone()
    assert row is not None
    found: int | None = row[0]
    return found


def promise_return(drive: Drive, tower: Tower, due_at: datetime) -> bool:
    """Promise minutes for the car's return and give up those promised before; False, with nothing changed, where full.

    Whoever asks holds the key of that quarter hour, or the constraint decides.
    """
    quarter, minutes = quarter_of(due_at), int(RETURN_MINUTES)
    held = BayUse.objects.filter(drive=drive, visit=BayVisit.back)
    if held.filter(tower=tower, quarter=quarter).exists():
        return True
    first = first_minute(tower, quarter, minutes, from_above=True)
    if first is None:
        return False
    promised = {"tower": tower, "quarter": quarter, "minutes": Range(first, first + minutes), "most": tower.bay_minutes}
    try:
        with transaction.atomic():
            BayUse.objects.update_or_create(drive=drive, visit=BayVisit.back, defaults=promised)
    except IntegrityError:
        return False
    return True
