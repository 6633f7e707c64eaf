"""What stands where: tags say which car, occupancy says that one stands there, the journal says what was last known.

Where these disagree nothing is guessed: the parts that a doubt is about are left alone until somebody has looked.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from vendrive.tower.layout import Layout, SlotPlan
from vendrive.wire.machine import EMPTY_KG, Bay, Door, Snapshot


@dataclass(frozen=True)
class Doubt:
    """What cannot be true at once, and the tags and places that it is about."""

    about: tuple[str, ...]
    reason: str


def places(snapshot: Snapshot) -> dict[str, str]:
    """Return the place (slot, bay or lift) of each tag that is read."""
    return snapshot.places


def doubts(snapshot: Snapshot, layout: Layout) -> tuple[Doubt, ...]:
    """Return what the sensors contradict each other about.

    While a transfer is out, its car may be seen in two places or by no reader, so the lift and the places at its level
    are not compared then. An unread car in a bay is no contradiction of the machine: people bring such cars.
    """
    between, standing = between_places(snapshot, layout), _standing(snapshot)
    return (*_doubles(standing, between), *_unlike(standing, snapshot, between), *_bays(snapshot, between))


def differences(
    belief: Mapping[str, str],
    unsettled: Mapping[str, str],
    snapshot: Snapshot,
    layout: Layout,
    opened: Collection[str] = (),
) -> tuple[Doubt, ...]:
    """Return where a car that was last known in a slot or on a lift is not read there now.

    `unsettled` is the place by lift of each transfer whose outcome is unknown: its car may be read at either end. A car
    that was last in a bay may have been driven away: whether it has is for the hand-over to say, unless another car is
    there. It has not where the bay is sensed empty, while its street door does not say that it is open and is not one
    of those that were `opened` since.
    """
    read = places(snapshot)
    elsewhere = {tag: place for tag, place in belief.items() if read.get(tag) != place}
    if not elsewhere and not unsettled:
        return ()
    between, found = between_places(snapshot, layout), list[Doubt]()
    ends = dict(unsettled) | {place: lift for lift, place in unsettled.items()}
    for tag, place in elsewhere.items():
        seen, other = read.get(tag), ends.get(place)
        at_rest = place not in between and seen not in between and other not in between
        may_have_left = layout.is_bay(place) and other is None and _may_have_left(tag, place, snapshot, opened)
        if at_rest and not may_have_left and (seen is None or seen != other):
            found.append(Doubt(tuple(filter(None, (tag, place, seen, other))), _said(tag, place, seen)))
    return (*found, *_lost(belief, unsettled, read, between))


def _lost(
    belief: Mapping[str, str], unsettled: Mapping[str, str], read: Mapping[str, str], between: frozenset[str]
) -> list[Doubt]:
    """Return the transfers of unknown outcome of which no car is known: it may stand at either end, unread."""
    known = {*belief.values(), *read.values()}
    return [
        Doubt((lift, place), f"a transfer between {lift} and {place} had no known end, and no car is read at either")
        for lift, place in unsettled.items()
        if lift not in between and not known & {lift, place}
    ]


def choose_slot(snapshot: Snapshot, layout: Layout, reserved: Collection[str], lifts: Collection[str]) -> str | None:
    """Return the best free slot that one of `lifts` serves and that is not in `reserved`, or None.

    The nearest to the ground is best, and of a double-deep pair the one behind: a car in front hides another car
    or, worse, an empty slot, to which one may be on its way.
    """
    ground = layout.bays[0].storey

    def hides(slot: SlotPlan) -> int:
        hidden = layout.hidden_by(slot.name)
        return 0 if not hidden else 1 if snapshot.slot(hidden).occupied else 2

    def merit(slot: SlotPlan) -> tuple[int, int, int, str]:
        return hides(slot), abs(slot.storey - ground), slot.column, slot.name

    return min(usable_slots(snapshot, layout, reserved, lifts), key=merit, default=_NO_SLOT).name or None


def usable_slots(
    snapshot: Snapshot, layout: Layout, reserved: Collection[str], lifts: Collection[str]
) -> list[SlotPlan]:
    """Return the free slots that `lifts` serve; all can be filled in turn, of a pair the one behind first."""
    free = {slot.name for slot in snapshot.slots if not (slot.occupied or slot.tag or slot.locked_out)} - set(reserved)
    return [
        slot
        for slot in layout.slots
        if slot.name in free and (not slot.behind or slot.behind in free) and not set(lifts).isdisjoint(slot.lifts)
    ]


def sightings(snapshot: Snapshot, tag: str) -> tuple[str, ...]:
    """Return every place whose reader sees this tag now."""
    return tuple(name for name, _, seen in _standing(snapshot) if seen == tag)


_NO_SLOT = SlotPlan("", 0, 0, ())


def between_places(snapshot: Snapshot, layout: Layout) -> frozenset[str]:
    """Return the lifts whose transfer is out, and the places into which it may reach: no bay behind a closed door."""
    out = [lift for lift in snapshot.lifts if not lift.transfer_home]
    if not out:
        return frozenset()
    shut = {bay.name for bay in snapshot.bays if bay.inner_door == Door.closed}
    reached = {lift.name for lift in out}.union(*(layout.level_with(lift.name, lift.storey) for lift in out))
    return frozenset(reached - shut)


def _standing(snapshot: Snapshot) -> list[tuple[str, bool, str]]:
    """Return name, occupancy and tag of each slot, bay and lift, but of slots that are plainly empty."""
    standing = [(slot.name, slot.occupied, slot.tag) for slot in snapshot.slot_index.filled]
    standing += [(bay.name, bay.vehicle, bay.tag) for bay in snapshot.bays]
    return standing + [(lift.name, lift.loaded, lift.tag) for lift in snapshot.lifts]


def _doubles(standing: list[tuple[str, bool, str]], between: frozenset[str]) -> list[Doubt]:
    tags = [tag for _, _, tag in standing if tag]
    if len(set(tags)) == len(tags):
        return []
    seen: dict[str, list[str]] = defaultdict(list)
    for name, _, tag in standing:
        if tag:
            seen[tag].append(name)
    return [
        Doubt((tag, *names), f"tag {tag} is read in {' and '.join(names)}")
        for tag, names in sorted(seen.items())
        if len(names) > 1 and not set(names) <= between
    ]


def _unlike(standing: list[tuple[str, bool, str]], snapshot: Snapshot, between: frozenset[str]) -> list[Doubt]:
    bays = {bay.name for bay in snapshot.bays}
    found: list[Doubt] = []
    for name, taken, tag in standing:
        if taken == bool(tag) or name in between or (name in bays and taken):
            continue
        told = "is occupied and no tag is read" if taken else f"is empty and tag {tag} is read there"
        found.append(Doubt((name, tag) if tag else (name,), f"{name} {told}"))
    return found


def _bays(snapshot: Snapshot, between: frozenset[str]) -> list[Doubt]:
    """Return the bays of which the light barrier says that no car stands there while plates or scale say otherwise."""
    return [
        Doubt((bay.name,), f"{bay.name} is empty by its light barrier, and {_weighed(bay)}")
        for bay in snapshot.bays
        if bay.name not in between and not bay.vehicle and not bay.tag and not bay.empty
    ]


def _may_have_left(tag: str, bay: str, snapshot: Snapshot, opened: Collection[str]) -> bool:
    sensed = snapshot.bay(bay)
    way_out = bay in opened or sensed.street_door == Door.open
    return sensed.tag in ("", tag) and (way_out or not sensed.empty)


def _weighed(bay: Bay) -> str:
    return f"its scale shows {bay.mass_kg} kg" if bay.mass_kg > EMPTY_KG else "a car stands on its plates"


def _said(tag: str, place: str, seen: str | None) -> str:
    return f"tag {tag} was last in {place} and is " + (f"read in {seen}" if seen else "read nowhere")
