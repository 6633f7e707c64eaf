"""The safety votes of the PLC: it trusts no planner, and refuses what its own sensors do not allow.

These are written apart from `vendrive.tower.interlocks` on purpose: two independent readings of the same rules. Each
vote has a name in `VOTES` and says why it refuses, or nothing. What is watched while things move is in `watch`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from vendrive.plant.orders import TRANSFERS, Order, Sensed
from vendrive.tower.layout import BayPlan, Layout
from vendrive.wire.machine import NO_STOREY, Bay, Door, Lift, Operation, Table, parts_of

# The encoder may differ this much from the level whose flag is on.
_FLAG_MM = 60.0


@dataclass(frozen=True)
class Asked:
    """An order before it is taken."""

    order: Order
    sensed: Sensed
    layout: Layout

    @property
    def lift(self) -> Lift:
        return self.sensed.lifts[self.order.arguments["lift"]]

    @property
    def place(self) -> str:
        """The place of a transfer; that of one which was cut short is where it reaches."""
        return self.order.arguments.get("place") or self.sensed.reaching.get(self.order.arguments["lift"], "")

    @property
    def bay(self) -> Bay | None:
        """The bay in which something is asked, if it is a bay."""
        name = self.order.arguments.get("bay") or (self.place if "lift" in self.order.arguments else "")
        return self.sensed.bays.get(name)

    @property
    def platforms(self) -> tuple[Lift, ...]:
        """The lifts that stand behind the inner door of the bay that is named."""
        plan = self.layout.bay(self.order.arguments["bay"])
        level_mm, sensed = self.layout.level_mm(plan.storey), self.sensed
        lifts = (sensed.lifts[name] for name in plan.lifts if not sensed.travels(name))
        return tuple(
            lift for lift in lifts if lift.storey == plan.storey and abs(lift.position_mm - level_mm) <= _FLAG_MM
        )


Vote = Callable[[Asked], str]
VOTES: dict[str, Vote] = {}


def _vote(*operations: Operation) -> Callable[[Vote], Vote]:
    """Put a vote on these operations into the registry, by its function's name."""

    def register(vote: Vote) -> Vote:
        @wraps(vote)
        def voted(asked: Asked) -> str:
            return vote(asked) if asked.order.operation in operations else ""

        VOTES[vote.__name__] = voted
        return voted

    return register


def impossible(order: Order, sensed: Sensed, layout: Layout) -> tuple[str, str]:
    """Return the first vote that refuses and its reason, or two empty strings."""
    asked = Asked(order, sensed, layout)
    for name, vote in VOTES.items():
        reason = vote(asked)
        if reason:
            return name, reason
    return "", ""


def occupied(bay: Bay) -> str:
    """Return who sees somebody in a bay, or an empty string."""
    if not (bay.scanner or bay.curtain or bay.floor or bay.cabin):
        return ""
    sources = [name for name in ("scanner", "curtain", "floor", "cabin") if getattr(bay, name)]
    return f"a person is sensed in {bay.name} ({', '.join(sources)})"


def clearance_mm(layout: Layout) -> float:
    """Return how near two lifts of one way may come: a storey, less a part of what a car leaves free in it."""
    return layout.pitch_mm - 0.4 * max(0, layout.pitch_mm - layout.fits.height_mm)


def _not_at(asked: Asked, end: str, wanted: str) -> str:
    bay, what = asked.bay, {"street_door": "street door", "inner_door": "inner door", "table": "turntable"}[end]
    return f"the {what} of {bay.name} is not {wanted}" if bay and getattr(bay, end) != wanted else ""


@_vote(*Operation)
def padlock(asked: Asked) -> str:
    """No order to a part on which a technician hung a padlock."""
    names = set(parts_of(asked.order.operation, asked.order.arguments))
    if asked.order.operation in TRANSFERS:
        names.add(asked.place)
    for name in sorted(names):
        part = asked.sensed.part(name)
        if part is not None and part.locked_out:
            return f"{name} is locked out"
    return ""


@_vote(*Operation)
def drive_fault(asked: Asked) -> str:
    """No order to a part whose drive has reported a fault, until the local reset."""
    for name in parts_of(asked.order.operation, asked.order.arguments):
        part = asked.sensed.part(name)
        if isinstance(part, Lift | Bay) and part.fault:
            return f"{name} reports a fault ({part.fault}) and waits for the local reset"
    return ""


@_vote(Operation.move_lift, Operation.pick, Operation.place)
def transfer_home(asked: Asked) -> str:
    """A lift moves, and begins a transfer, with its transfer home only; the drive remembers it too."""
    out = not asked.lift.transfer_home or asked.lift.name in asked.sensed.reaching
    return f"the transfer of {asked.lift.name} is out" if out else ""


@_vote(Operation.finish_transfer)
def transfer_out(asked: Asked) -> str:
    """There is something to finish."""
    return "" if asked.place else f"the transfer of {asked.lift.name} is home"


@_vote(Operation.move_lift)
def inner_doors(asked: Asked) -> str:
    """No lift leaves an inner door that is not closed, nor passes one behind which the shaft is open."""
    for plan in asked.layout.bays_of(asked.lift.name):
        closed = asked.sensed.bays[plan.name].inner_door == Door.closed
        if not closed and not _filled_by_another(plan, asked):
            return f"the inner door of {plan.name} is not closed"
    return ""


def _filled_by_another(plan: BayPlan, asked: Asked) -> bool:
    beside = {other.name for other in asked.layout.beside(asked.lift.name)} & set(plan.lifts)
    return asked.lift.storey != plan.storey and any(
        asked.sensed.lifts[name].storey == plan.storey and not asked.sensed.travels(name) for name in beside
    )


@_vote(Operation.move_lift)
def way_clear(asked: Asked) -> str:
    """Two lifts of one way never meet: the ways that both still have to go lie a storey apart."""
    storey = int(asked.order.arguments["storey"])
    for plan in asked.layout.beside(asked.lift.name):
        other = asked.sensed.lifts[plan.name]
        if not asked.sensed.travels(other.name) and _leaves(asked.lift, storey, other, asked.layout):
            continue
        mine = _interval(asked.lift, storey, asked.layout)
        its = _interval(other, other.target, asked.layout)
        lower, upper = (mine, its) if asked.layout.is_below(asked.lift.name, plan.name) else (its, mine)
        if upper[0] - lower[1] < clearance_mm(asked.layout):
            return f"{plan.name} is in the way of {asked.lift.name}"
    return ""


def _leaves(lift: Lift, storey: int, other: Lift, layout: Layout) -> bool:
    """Whether a lift goes away from another one, be that as near as it may."""
    way_mm = layout.level_mm(storey) - lift.position_mm
    return way_mm <= 0 if layout.is_below(lift.name, other.name) else way_mm >= 0


def _interval(lift: Lift, target: int, layout: Layout) -> tuple[float, float]:
    """Return the lowest and the highest point of a lift's way from where it is to its target."""
    end = lift.position_mm if target == NO_STOREY else layout.level_mm(target)
    return min(lift.position_mm, end), max(lift.position_mm, end)


@_vote(Operation.move_lift, *TRANSFERS)
def encoder_agrees(asked: Asked) -> str:
    """Encoder and level flag say the same, of this lift and of the other one on its way."""
    for plan in (asked.layout.lift(asked.lift.name), *asked.layout.beside(asked.lift.name)):
        lift = asked.sensed.lifts[plan.name]
        if lift.storey != NO_STOREY and abs(lift.position_mm - asked.layout.level_mm(lift.storey)) > _FLAG_MM:
            return f"encoder and level flag of {lift.name} disagree"
    return ""


@_vote(*TRANSFERS)
def at_level(asked: Asked) -> str:
    """A transfer goes at the level of its place only, from a lift at rest."""
    lift, place = asked.lift, asked.place
    if not place:
        return ""
    here = not asked.sensed.travels(lift.name) and lift.storey == asked.layout.storey_of(place)
    return "" if here else f"{lift.name} is not at the level of {place}"


@_vote(Operation.pick)
def lift_empty(asked: Asked) -> str:
    """No car comes onto a lift that has one."""
    return f"{asked.lift.name} is loaded" if asked.lift.loaded or asked.lift.tag else ""


@_vote(Operation.place)
def lift_loaded(asked: Asked) -> str:
    """There is a car to place."""
    return "" if asked.lift.loaded else f"{asked.lift.name} is empty"


@_vote(Operation.pick)
def place_taken(asked: Asked) -> str:
    """There is a car to pick."""
    taken = asked.bay.vehicle if asked.bay else asked.sensed.slots[asked.place].occupied
    return "" if taken else f"{asked.place} is empty"


@_vote(Operation.place)
def place_free(asked: Asked) -> str:
    """A car goes to a place only that all sources say is empty."""
    if asked.bay:
        return "" if asked.bay.empty else f"{asked.place} is occupied"
    slot = asked.sensed.slots[asked.place]
    return f"{asked.place} is occupied" if slot.occupied or slot.tag else ""


@_vote(*TRANSFERS)
def front_free(asked: Asked) -> str:
    """A car reaches a rear slot only past an empty front slot."""
    front = asked.layout.slot(asked.place).behind if asked.layout.is_slot(asked.place) else ""
    if not front:
        return ""
    slot = asked.sensed.slots[front]
    return f"{front} before {asked.place} is occupied" if slot.occupied or slot.tag else ""


@_vote(*TRANSFERS)
def nobody_reaches(asked: Asked) -> str:
    """No other transfer reaches into the place, nor into the slot before or behind it."""
    near = {asked.place}
    if asked.layout.is_slot(asked.place):
        near |= {asked.layout.slot(asked.place).behind, asked.layout.hidden_by(asked.place)}
    for lift, place in asked.sensed.reaching.items():
        if lift != asked.lift.name and place and place in near:
            return f"the transfer of {lift} reaches into {place}"
    return ""


@_vote(*TRANSFERS)
def inner_open(asked: Asked) -> str:
    """A car passes an inner door that is fully open."""
    return _not_at(asked, "inner_door", Door.open)


@_vote(*TRANSFERS, Operation.open_inner_door, Operation.turn)
def street_closed(asked: Asked) -> str:
    """The machine reaches into a bay behind a closed street door only."""
    return _not_at(asked, "street_door", Door.closed)


@_vote(Operation.open_street_door, Operation.turn)
def inner_closed(asked: Asked) -> str:
    """The street opens, and a table turns, behind a closed inner door only."""
    return _not_at(asked, "inner_door", Door.closed)


@_vote(*TRANSFERS, Operation.open_inner_door, Operation.turn)
def exit_closed(asked: Asked) -> str:
    """Nobody stands in the emergency exit while the machine reaches into a bay."""
    bay = asked.bay
    return f"the emergency exit of {bay.name} is open" if bay and not bay.exit_closed else ""


@_vote(*TRANSFERS, Operation.open_inner_door, Operation.close_inner_door, Operation.close_street_door, Operation.turn)
def nobody(asked: Asked) -> str:
    """Nothing moves in a bay where any source senses somebody or something."""
    return occupied(asked.bay) if asked.bay else ""


@_vote(Operation.pick)
def engine_off(asked: Asked) -> str:
    """No car with a running engine comes into the tower."""
    bay = asked.bay
    return f"an engine runs in {bay.name}" if bay and bay.engine_running else ""


@_vote(Operation.pick)
def in_place(asked: Asked) -> str:
    """The grip finds only a car whose wheels stand on their plates."""
    bay = asked.bay
    # What is measured needs a car in place too: two sources for one fact.
    return f"the car in {bay.name} does not stand in place" if bay and not (bay.in_place and bay.length_mm) else ""


@_vote(*TRANSFERS)
def table_aligned(asked: Asked) -> str:
    """A car passes onto and off a turntable in its end positions only."""
    return _not_at(asked, "table", Table.aligned)


@_vote(Operation.turn)
def table_load(asked: Asked) -> str:
    """A table turns empty, or with a car that stands in place."""
    bay = asked.bay
    return "" if bay is None or bay.in_place or bay.empty else f"the car in {bay.name} does not stand in place"


@_vote(Operation.open_inner_door)
def platform(asked: Asked) -> str:
    """Behind an inner door that opens stands a platform at rest, its transfer home."""
    plan = asked.layout.bay(asked.order.arguments["bay"])
    if not asked.platforms:
        return f"{' or '.join(plan.lifts)} is not at the level of {plan.name}, the shaft is open"
    return _reaching(asked.platforms, asked)


@_vote(Operation.close_inner_door, Operation.open_street_door, Operation.turn)
def nothing_through(asked: Asked) -> str:
    """No door moves, and no table turns, while a transfer reaches into the bay."""
    plan = asked.layout.bay(asked.order.arguments["bay"])
    inside = [name for name, place in asked.sensed.reaching.items() if place == plan.name]
    return f"the transfer of {inside[0]} is out" if inside else _reaching(asked.platforms, asked, plan.name)


def _reaching(lifts: tuple[Lift, ...], asked: Asked, bay: str = "") -> str:
    """Return which of these lifts has its transfer out; into `bay` or, as far as is known, anywhere."""
    for lift in lifts:
        into = asked.sensed.reaching.get(lift.name, bay)
        if (not lift.transfer_home or lift.name in asked.sensed.reaching) and (not bay or into == bay):
            return f"the transfer of {lift.name} is out"
    return ""
