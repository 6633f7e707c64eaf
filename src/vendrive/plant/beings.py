"""Who and what can be in a bay or in a car, and which sensor can sense them. This is the one table of it.

A bay has a laser scanner at ankle height, a light curtain from knee to shoulder height, a floor mat and, for the car, a
cabin sensor (radar, which sees breath). A slot and a platform have a sensor for movement in the car. What no source
senses is undetectable, whatever software does with the values.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Being(StrEnum):
    """Somebody or something that must not be in the way."""

    person = "person"  # stands or walks
    sleeper = "sleeper"  # lies still
    small_child = "small_child"  # on its feet, below 20 kg
    pet = "pet"
    bag = "bag"
    driver = "driver"  # sits behind the wheel
    child_asleep = "child_asleep"


@dataclass(frozen=True)
class Seen:
    """Which of a bay's sources sense a being, and why not the others."""

    sources: frozenset[str]
    reason: str


PRESENCE_SOURCES = ("scanner", "curtain", "floor")
CABIN = "cabin"

BESIDE: Mapping[Being, Seen] = {
    Being.person: Seen(frozenset(PRESENCE_SOURCES), "all three see somebody who stands"),
    Being.sleeper: Seen(frozenset({"scanner", "floor"}), "lies below the beams of the curtain"),
    Being.small_child: Seen(frozenset({"scanner", "curtain"}), "a mat does not sense less than 20 kg (ISO 13856)"),
    Being.pet: Seen(frozenset({"scanner"}), "too light for the mat and below the beams of the curtain"),
    Being.bag: Seen(frozenset(PRESENCE_SOURCES), "a full bag is heavy, and stands in scanner and curtain"),
}

# Behind glass and sheet metal only the cabin sensor sees: whoever is in a car is sensed by one source and no other.
INSIDE: Mapping[Being, Seen] = {
    being: Seen(frozenset({CABIN}), "in a closed car only the cabin sensor sees")
    for being in (Being.person, Being.sleeper, Being.small_child, Being.pet, Being.driver, Being.child_asleep)
}

DRIVER = Being.driver
ALIVE = frozenset(Being) - {Being.bag}
# Who moves enough for the movement sensor of a slot or a platform.
MOVING = frozenset({Being.person, Being.small_child, Being.pet, Being.driver})


def sensed_by(source: str, beside: tuple[Being, ...], inside: tuple[Being, ...]) -> bool:
    """Whether a source that works senses anything of this."""
    return any(source in BESIDE[being].sources for being in beside) or any(
        source in INSIDE[being].sources for being in inside
    )


@dataclass(frozen=True)
class Missed:
    """Who is missed where the named sources are blind: the only ones there that sense this being."""

    being: Being
    where: str
    sources: tuple[str, ...]
    reason: str


# So many sensors may be faulty at once, and nobody is hurt but whom only these could sense.
FAULTS = 2
IN_STORAGE = "in the storage zone"


def undetectable() -> tuple[Missed, ...]:
    """Return everybody whom up to FAULTS blind sensors hide, or whom no sensor of the layouts senses at all."""
    tables = (("beside the car", BESIDE), ("in the car", INSIDE))
    rows = [
        Missed(being, where, tuple(sorted(seen.sources)), seen.reason)
        for where, t in tables
        for being, seen in t.items()
    ]
    few = [row for row in rows if len(row.sources) <= FAULTS and row.being in ALIVE]
    return (*few, *_STORED, *_IN_STORAGE)


_STORED = tuple(
    Missed(being, "in a stored car", ("movement",) if being in MOVING else (), reason)
    for being, reason in (
        *((being, "once the cabin sensor has let it in") for being in INSIDE if being in MOVING),
        (Being.sleeper, "does not move; the cabin sensor of the bay must have seen it"),
        (Being.child_asleep, "does not move until it wakes; the cabin sensor of the bay must have seen it"),
    )
)
_IN_STORAGE = (
    Missed(
        Being.person,
        IN_STORAGE,
        (),
        "no sensor looks there; who walks in through a bay is sensed in the bay, and the stop that follows stays until "
        "somebody has looked; who goes in by the technician's door takes the key of the switch along",
    ),
    Missed(Being.pet, IN_STORAGE, (), "no sensor looks there; it walks in unseen only past a blind scanner"),
)
