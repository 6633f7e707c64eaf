"""How many drives a person still has, as the page says it. Booking itself asks `drives.policies`."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from vendrive.retail.drives.models import COUNTED, Drive, Programme

MONTHS = 12


def drives_left(drives: Iterable[Drive], programme: Programme, now: datetime) -> int:
    """Return how many pick-ups in this month are still open to a person: any two adjacent calendar months count."""
    counted = [drive for drive in drives if drive.state in COUNTED and drive.programme_id == programme.pk]
    months = Counter(_month(drive.pickup_at, drive.tower.time_zone) for drive in counted)
    month = _month(now, counted[0].tower.time_zone) if counted else 0
    most = max(months[month - 1] + months[month], months[month] + months[month + 1])
    return max(0, programme.drives_in_two_months - most)


def _month(moment: datetime, time_zone: str) -> int:
    local = moment.astimezone(ZoneInfo(time_zone))
    return local.year * MONTHS + local.month
