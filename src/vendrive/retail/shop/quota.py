"""How many drives a person still has, as the page says it. Booking itself asks `drives.policies`."""

from collections.abc import Sequence
from datetime import datetime

from vendrive.retail.drives.models import COUNTED, Drive
from vendrive.retail.drives.policies import CountedDrive, drives_left, month_of
from vendrive.retail.drives.rules import Rules


def left_of(drives: Sequence[Drive], rules: Rules, now: datetime) -> int:
    """Return how many pick-ups in this month are still open to a person: any two adjacent calendar months count."""
    counted = [drive for drive in drives if drive.state in COUNTED]
    zone = counted[0].tower.time_zone if counted else "UTC"
    return drives_left([CountedDrive(d.model_id, d.month) for d in counted], rules, month_of(now, zone))
