"""An ideal machine: it does what a planner expects, refuses nothing, and asserts what must never be.

Commands run side by side, each on its parts: `start` begins one, `finish` ends it, `cut` stops it in its middle. A car
in a transfer that was cut short is read by both readers, by one of them or by none, as a test says.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from vendrive.tower.control import Arguments
from vendrive.tower.layout import Layout
from vendrive.tower.view import View
from vendrive.wire.machine import (
    NO_STOREY,
    Bay,
    Door,
    Lift,
    Mode,
    Nose,
    Operation,
    Plc,
    PlcState,
    Result,
    Slot,
    Snapshot,
    Table,
    parts_of,
)

ReadAt = Literal["both", "lift", "place", "nowhere"]
CAR_KG = 1600
CALM = Plc(simulator=True, mode=Mode.automatic, state=PlcState.idle, emergency_stop=False, fire=False, mains=True)
_OPENING = (Operation.open_street_door, Operation.open_inner_door)
_TRANSFERS = (Operation.pick, Operation.place, Operation.finish_transfer)


def clear_bay(name: str) -> Bay:
    """Return an empty bay with both doors closed and nobody inside."""
    return Bay(
        name=name,
        street_door=Door.closed,
        inner_door=Door.closed,
        exit_closed=True,
        table=Table.aligned,
        vehicle=False,
        scanner=False,
        curtain=False,
        floor=False,
        cabin=False,
        engine_running=False,
        locked_out=False,
        busy=False,
    )


def calm_lift(name: str, storey: int, pitch_mm: int, tag: str = "") -> Lift:
    """Return a lift at rest at a level, with this car or empty."""
    return Lift(
        name=name,
        position_mm=float((storey - 1) * pitch_mm),
        storey=storey,
        moving=False,
        transfer_home=True,
        loaded=bool(tag),
        tag=tag,
        movement=False,
        locked_out=False,
        busy=False,
    )


def standing(bay: Bay, tag: str) -> Bay:
    """Return the bay with this car on its plates, or empty."""
    nose = Nose.tower if tag else Nose.unknown
    return replace(bay, vehicle=bool(tag), in_place=bool(tag), tag=tag, mass_kg=CAR_KG if tag else 0, nose=nose)


def snapshot_of(layout: Layout, cars: Mapping[str, str], storeys: Mapping[str, int] | None = None) -> Snapshot:
    """Return a machine at rest with these cars (tag to place); lifts stand at `storeys`, or each at its lowest level
    that no other one takes."""
    at = {place: tag for tag, place in cars.items()}
    levels = {plan.name: max(1, plan.lowest) if not layout.beside(plan.name) else plan.lowest for plan in layout.lifts}
    levels |= storeys or {}
    return Snapshot(
        read_at_s=0.0,
        plc=CALM,
        lifts=tuple(calm_lift(p.name, levels[p.name], layout.pitch_mm, at.get(p.name, "")) for p in layout.lifts),
        slots=tuple(Slot(p.name, p.name in at, at.get(p.name, ""), False, False) for p in layout.slots),
        bays=tuple(standing(clear_bay(p.name), at.get(p.name, "")) for p in layout.bays),
    )


def seen(snapshot: Snapshot, layout: Layout) -> View:
    """Return a view in which the journal believes what is read."""
    view = View(snapshot, layout)
    return replace(view, belief=dict(view.places))


@dataclass(frozen=True)
class Running:
    """A command in progress; `came_from` is where its lift was, as a storey or between two."""

    operation: Operation
    named: dict[str, str]
    parts: tuple[str, ...]
    came_from: float = 0.0


@dataclass
class IdealMachine:
    """All lifts and bays. `reach` is, by lift, the place and tag of a transfer that is out."""

    layout: Layout
    snapshot: Snapshot
    reach: dict[str, tuple[str, str]] = field(default_factory=dict)
    running: dict[str, Running] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    def do(self, operation: Operation, arguments: Arguments) -> None:
        """Carry out one order completely."""
        self.finish(self.start(operation, arguments))

    def start(self, operation: Operation, arguments: Arguments, seq: int = 0) -> str:
        """Begin an order; return one of its parts."""
        named = dict(arguments)
        parts = parts_of(operation, named)
        assert not set(parts) & set(self.running), f"{operation} for a part that is busy: {parts}"
        came_from = self.height(named["lift"]) if "lift" in named else 0.0
        command = Running(operation, named, parts, came_from)
        self.assert_possible(command)
        for part in parts:
            self.running[part] = command
            self.change(part, busy=True, operation=str(operation), seq=seq, result=Result.none)
        self.begin(command)
        self.assert_sound()
        return parts[0]

    def begin(self, command: Running) -> None:
        """Show what is seen as soon as a command runs."""
        named, tag = command.named, self.tag_of(command)
        match command.operation:
            case Operation.move_lift:
                half = self.layout.pitch_mm * (command.came_from + int(named["storey"]) - 2) / 2
                self.change(named["lift"], storey=NO_STOREY, target=int(named["storey"]), moving=True, position_mm=half)
            case Operation.pick | Operation.place:
                self.reach[named["lift"]] = (named["place"], tag)
                self.stand(named["place"], tag)
                self.change(named["lift"], transfer_home=False, loaded=True, tag=tag)
            case Operation.turn:
                self.change(named["bay"], table=Table.between)
            case Operation.finish_transfer:
                pass
            case door:
                where = Door.open if door in _OPENING else Door.closed
                if getattr(self.snapshot.bay(named["bay"]), _door(door)) != where:
                    self.change(named["bay"], **{_door(door): Door.between})

    def finish(self, part: str) -> None:
        """Bring the command of a part to its end."""
        command = self.running[part]
        named = command.named
        match command.operation:
            case Operation.move_lift:
                storey = int(named["storey"])
                level = float(self.layout.level_mm(storey))
                self.change(named["lift"], storey=storey, target=NO_STOREY, moving=False, position_mm=level)
            case Operation.pick | Operation.place | Operation.finish_transfer:
                self.arrive(named["lift"], onto_lift=command.operation != Operation.place)
            case Operation.turn:
                bay = self.snapshot.bay(named["bay"])
                turned = {Nose.tower: Nose.street, Nose.street: Nose.tower}.get(Nose(bay.nose), Nose.unknown)
                self.change(bay.name, table=Table.aligned, nose=turned)
            case door:
                self.change(named["bay"], **{_door(door): Door.open if door in _OPENING else Door.closed})
        self.done.append(command.operation)
        self.release(command, Result.done)

    def cut(self, part: str, read_at: ReadAt = "both", moving_mm: float | None = None) -> None:
        """Stop the command of a part in its middle."""
        command = self.running[part]
        if command.operation == Operation.move_lift:
            lift = self.snapshot.lift(part)
            position = lift.position_mm if moving_mm is None else moving_mm
            self.change(part, moving=False, target=NO_STOREY, position_mm=position)
        elif command.operation in _TRANSFERS:
            place, tag = self.reach[command.named["lift"]]
            self.stand(place, tag, read=read_at in ("both", "place"))
            self.change(command.named["lift"], tag=tag if read_at in ("both", "lift") else "")
        self.release(command, Result.failed)

    def release(self, command: Running, result: Result) -> None:
        """Let the parts of a command go."""
        for part in command.parts:
            del self.running[part]
            seq = self.snapshot.channel(part).seq
            self.change(part, busy=False, operation="", done_seq=seq, result=str(result))
        self.assert_sound()

    def arrive(self, lift: str, onto_lift: bool) -> None:
        """End a transfer on the lift or on its place."""
        place, tag = self.reach.pop(lift)
        self.stand(place, "" if onto_lift else tag)
        self.change(lift, transfer_home=True, loaded=onto_lift, tag=tag if onto_lift else "")

    # What is where

    def height(self, lift: str) -> float:
        """Return where a lift is, counted in storeys."""
        body = self.snapshot.lift(lift)
        return body.position_mm / self.layout.pitch_mm + 1

    def tag_of(self, command: Running) -> str:
        """Return the tag of the car that a transfer moves."""
        if command.operation == Operation.pick:
            return self.tag_at(command.named["place"])
        return self.snapshot.lift(command.named["lift"]).tag if command.operation == Operation.place else ""

    def tag_at(self, place: str) -> str:
        """Return the tag that is read in a slot or bay."""
        return (self.snapshot.bay(place) if self.layout.is_bay(place) else self.snapshot.slot(place)).tag

    def stand(self, place: str, tag: str, read: bool = True) -> None:
        """Let this car stand in a slot or bay, or empty it."""
        if self.layout.is_bay(place):
            bay = standing(self.snapshot.bay(place), tag)
            self.put(replace(bay, tag=tag if read else ""))
        else:
            self.put(replace(self.snapshot.slot(place), occupied=bool(tag), tag=tag if read else ""))

    def change(self, part: str, **changes: object) -> None:
        """Change what a lift or bay shows."""
        self.put(replace(self.snapshot.channel(part), **changes))  # type: ignore[arg-type]

    def put(self, part: Lift | Slot | Bay) -> None:
        """Show a part as it is now."""
        match part:
            case Lift():
                self.snapshot = replace(self.snapshot, lifts=_with(self.snapshot.lifts, part))
            case Slot():
                self.snapshot = replace(self.snapshot, slots=_with(self.snapshot.slots, part))
            case Bay():
                self.snapshot = replace(self.snapshot, bays=_with(self.snapshot.bays, part))

    # What must never be

    def assert_possible(self, command: Running) -> None:
        """A command that begins now harms nothing, whatever the sensors say of it."""
        named, operation = command.named, command.operation
        match operation:
            case Operation.move_lift:
                lift = self.snapshot.lift(named["lift"])
                assert lift.transfer_home, f"{lift.name} moves with its transfer out"
                self.assert_way(lift.name, int(named["storey"]))
            case Operation.pick | Operation.place:
                self.assert_transfer(named["lift"], named["place"], picks=operation == Operation.pick)
            case Operation.finish_transfer:
                assert named["lift"] in self.reach, "no transfer is out"
            case Operation.turn:
                bay = self.snapshot.bay(named["bay"])
                assert bay.street_door == bay.inner_door == Door.closed, f"{bay.name} turns with a door open"
                assert not self.reached_by(bay.name), f"{bay.name} turns with a transfer in it"
            case Operation.close_inner_door | Operation.open_inner_door:
                assert not self.reached_by(named["bay"]), f"the inner door of {named['bay']} moves through a transfer"
            case _:
                pass

    def assert_transfer(self, lift_name: str, place: str, picks: bool) -> None:
        """A car goes from where one stands to where none does, at one level, and no other stands between."""
        lift, plan = self.snapshot.lift(lift_name), self.layout.place(place)
        assert lift_name in plan.lifts
        assert not lift.moving
        assert lift.storey == plan.storey, f"{lift_name} reaches for {place} from another level"
        assert lift.transfer_home
        assert lift.loaded != picks, "a car is moved onto a lift that has one, or none is moved"
        taken = not self.snapshot.bay(place).empty if self.layout.is_bay(place) else self.snapshot.slot(place).occupied
        assert taken == picks, f"a car is moved onto {place}, which has one, or none is moved from it"
        front = "" if self.layout.is_bay(place) else self.layout.slot(place).behind
        assert not front or not self.snapshot.slot(front).occupied, f"{front} stands before {place}"

    def assert_way(self, lift: str, target: int) -> None:
        """Nothing stands or moves on the way of a lift that begins to move."""
        low, high = sorted((self.height(lift), float(target)))
        plan = self.layout.lift(lift)
        assert plan.lowest <= target <= plan.highest
        for other in self.layout.beside(lift):
            body = self.snapshot.lift(other.name)
            ends = (self.height(other.name), body.target if body.moving else self.height(other.name))
            if self.layout.is_below(lift, other.name):
                assert high <= min(ends) - 1, f"{lift} meets {other.name}"
            else:
                assert low >= max(ends) + 1, f"{lift} meets {other.name}"

    def reached_by(self, bay: str) -> list[str]:
        """Return the lifts whose transfer is out into a bay."""
        return [lift for lift, (place, _) in self.reach.items() if place == bay]

    def assert_sound(self) -> None:
        """Doors, people and cars, at every moment."""
        for bay in self.snapshot.bays:
            plan = self.layout.bay(bay.name)
            lifts = [self.snapshot.lift(name) for name in plan.lifts]
            if bay.inner_door != Door.closed:
                assert bay.street_door == Door.closed, f"both doors of {bay.name} are open"
                waits = any(lift.storey == plan.storey and not lift.moving for lift in lifts)
                assert waits, f"an open shaft behind {bay.name}"
                assert bay.table == Table.aligned
            if self.reached_by(bay.name):
                assert bay.inner_door == Door.open, f"a transfer through the closed door of {bay.name}"
                assert not bay.person
                assert not bay.cabin
        for name in self.reach:
            assert not self.snapshot.lift(name).moving, f"{name} moves with its transfer out"


def _with(parts: Iterable[Lift] | Iterable[Slot] | Iterable[Bay], new: Lift | Slot | Bay) -> tuple:  # type: ignore[type-arg]
    return tuple(new if part.name == new.name else part for part in parts)


def _door(operation: Operation) -> str:
    return "street_door" if "street" in operation else "inner_door"
