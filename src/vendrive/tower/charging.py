"""Which cars go to the few slots with a charger, and when: who is wanted soonest first."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from vendrive.tower.jobs import Job, JobKind
from vendrive.tower.layout import Layout

# The programme hands out no car below this share; a car leaves its charger for another one at the higher share.
NEEDED = 0.6
ENOUGH = 0.8
# A car that is fetched within this time stays where it is.
SOON_S = 3600.0


@dataclass(frozen=True)
class ChargeNeed:
    """Where cars stand, how full their batteries are (0 to 1), who is wanted when, and who is busy with another job."""

    places: Mapping[str, str]
    charge: Mapping[str, float]
    pickups: Mapping[str, float]
    busy: frozenset[str]
    chargers: frozenset[str]


def charge_job(layout: Layout, need: ChargeNeed, now_s: float) -> Job | None:
    """Return the one job to be done for charging now: the car that needs it most to a free charger, or, where none is
    free, a charged car away from one. Policies do it while nobody waits.
    """
    idle = {car: at for car, at in need.places.items() if layout.is_slot(at) and car not in need.busy}
    needing = [car for car, at in idle.items() if at not in need.chargers and need.charge[car] < ENOUGH]
    if not needing:
        return None
    taken = set(need.places.values())
    free = next((slot for slot in sorted(need.chargers) if slot not in taken), "")
    if free:
        first = min(needing, key=lambda car: _urgency(car, need))
        return Job("charge", JobKind.charge, first, now_s, inf, free)
    done = [car for car, at in idle.items() if at in need.chargers and need.charge[car] >= ENOUGH]
    leaving = [car for car in done if need.pickups.get(car, inf) > now_s + SOON_S]
    if not leaving:
        return None
    fullest = max(leaving, key=lambda car: (need.charge[car], car))
    return Job("make room at a charger", JobKind.relocate, fullest, now_s, inf)


def _urgency(car: str, need: ChargeNeed) -> tuple[bool, float, float, str]:
    return (need.charge[car] >= NEEDED, need.pickups.get(car, inf), need.charge[car], car)
