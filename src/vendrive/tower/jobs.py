"""What a tower has to do, and what it knows of the day ahead. Seconds count from any one instant."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class JobKind(StrEnum):
    """Why a car moves."""

    retrieve = "retrieve"  # Somebody is verified and waits for it.
    stage = "stage"  # Somebody has booked it: it is to wait in a bay when they come.
    store = "store"  # It was returned, or nobody came for it.
    relocate = "relocate"
    charge = "charge"  # To a slot with a charger.
    service = "service"  # Staff want it in a bay.


SPARE = (JobKind.relocate, JobKind.charge)
OUTWARDS = (JobKind.retrieve, JobKind.stage, JobKind.service)


@dataclass(frozen=True)
class Job:
    """One car to be moved.

    `since_s` is when somebody or something began to wait for it; `due_s` when it was promised (for a walk-up: the same
    instant). A car to be stored that is not in the tower yet waits in the street for a bay.
    """

    name: str
    kind: JobKind
    car: str
    since_s: float
    due_s: float
    slot: str = ""

    @property
    def is_outward(self) -> bool:
        """Whether it ends in a bay."""
        return self.kind in OUTWARDS

    @property
    def person_waits(self) -> bool:
        """Whether somebody stands there for it now."""
        return self.kind in (JobKind.retrieve, JobKind.service)


@dataclass(frozen=True)
class Ahead:
    """What is known of the time to come: who comes for which car, and which cars are due back."""

    pickups: Mapping[str, float] = field(default_factory=dict)
    returns: Mapping[str, float] = field(default_factory=dict)
