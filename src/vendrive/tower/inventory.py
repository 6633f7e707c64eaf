"""What stands where, as sensed: tags say which car, occupancy says that one stands there."""

from collections import defaultdict
from collections.abc import Collection

from vendrive.tower.layout import Layout, SlotPlan
from vendrive.wire.machine import Snapshot


def places(snapshot: Snapshot) -> dict[str, str]:
    """Return the place (slot, bay or lift) of each tag that is read; a car between two places counts as on the lift."""
    found = {slot.tag: slot.name for slot in snapshot.slots if slot.tag}
    found |= {bay.tag: bay.name for bay in snapshot.bays if bay.tag}
    found |= {lift.tag: lift.name for lift in snapshot.lifts if lift.tag}
    return found


def contradictions(snapshot: Snapshot) -> tuple[str, ...]:
    """Return what cannot be true at once, each as a sentence; none where all sensors agree.

    While a transfer is out, its car may be seen in two places or by no reader, so occupancy is not compared with tags
    then. An unread car in a bay is no contradiction of the machine: people bring such cars.
    """
    between = any(not lift.transfer_home for lift in snapshot.lifts)
    return (*_doubles(snapshot, between), *(() if between else _untagged(snapshot)))


def choose_slot(snapshot: Snapshot, layout: Layout, reserved: Collection[str]) -> str | None:
    """Return the free slot nearest to the bay that is not in `reserved`, or None where there is no room."""
    free = {slot.name for slot in snapshot.slots if not slot.occupied and not slot.tag} - set(reserved)
    ground = layout.bays[0].storey

    def nearness(slot: SlotPlan) -> tuple[int, int, str]:
        return abs(slot.storey - ground), slot.column, slot.name

    candidates = sorted((slot for slot in layout.slots if slot.name in free), key=nearness)
    return candidates[0].name if candidates else None


def sightings(snapshot: Snapshot, tag: str) -> tuple[str, ...]:
    """Return every place whose reader sees this tag now."""
    return tuple(name for name, _, seen in _standing(snapshot) if seen == tag)


def _standing(snapshot: Snapshot) -> list[tuple[str, bool, str]]:
    """Return name, occupancy and tag of each slot, bay and lift."""
    standing = [(slot.name, slot.occupied, slot.tag) for slot in snapshot.slots]
    standing += [(bay.name, bay.vehicle, bay.tag) for bay in snapshot.bays]
    return standing + [(lift.name, lift.loaded, lift.tag) for lift in snapshot.lifts]


def _doubles(snapshot: Snapshot, between: bool) -> list[str]:
    lifts = {lift.name for lift in snapshot.lifts} if between else set()
    seen: dict[str, list[str]] = defaultdict(list)
    for name, _, tag in _standing(snapshot):
        if tag and name not in lifts:
            seen[tag].append(name)
    return [f"tag {tag} is read in {' and '.join(names)}" for tag, names in sorted(seen.items()) if len(names) > 1]


def _untagged(snapshot: Snapshot) -> list[str]:
    bays = {bay.name for bay in snapshot.bays}
    standing = _standing(snapshot)
    unread = [
        f"{name} is occupied and no tag is read"
        for name, taken, tag in standing
        if taken and not tag and name not in bays
    ]
    return unread + [
        f"tag {tag} is read in {name}, which is empty" for name, taken, tag in standing if tag and not taken
    ]
