"""A tiny ideal machine: it does at once what a planner expects, and refuses nothing, so that a mistake shows."""

from dataclasses import dataclass, field, replace

from vendrive.tower.control import Arguments
from vendrive.tower.layout import Layout
from vendrive.wire.machine import Bay, Door, Lift, Operation, Plc, PlcMode, Slot, Snapshot


def clear_bay(name: str) -> Bay:
    """Return an empty bay with both doors closed and nobody inside."""
    return Bay(
        name=name,
        street_door=Door.closed,
        inner_door=Door.closed,
        vehicle=False,
        scanner=False,
        curtain=False,
        floor=False,
        cabin=False,
        engine_running=False,
    )


def snapshot_of(layout: Layout, cars: dict[str, str]) -> Snapshot:
    """Return a machine at rest on the ground with these cars (tag to slot, bay or lift)."""
    at = {place: tag for tag, place in cars.items()}
    bays = [clear_bay(plan.name) for plan in layout.bays]
    return Snapshot(
        read_at_s=0.0,
        plc=Plc(mode=PlcMode.idle, emergency_stop=False, simulator=True),
        lifts=tuple(Lift(p.name, 0.0, 1, False, True, p.name in at, at.get(p.name, "")) for p in layout.lifts),
        slots=tuple(Slot(p.name, p.name in at, at.get(p.name, "")) for p in layout.slots),
        bays=tuple(
            replace(bay, vehicle=True, in_place=True, tag=at[bay.name]) if bay.name in at else bay for bay in bays
        ),
    )


@dataclass
class IdealMachine:
    """One lift and one bay. `reach` is the place and tag of a transfer that was cut short."""

    layout: Layout
    snapshot: Snapshot
    reach: tuple[str, str] | None = None
    done: list[Operation] = field(default_factory=list)

    def do(self, operation: Operation, arguments: Arguments) -> None:
        """Carry out one order completely."""
        named = dict(arguments)
        self.done.append(operation)
        match operation:
            case Operation.move_lift:
                storey = int(named["storey"])
                self.lift(storey=storey, position_mm=float(self.layout.level_mm(storey)))
            case Operation.pick:
                self.slide(named["place"], to_lift=True)
            case Operation.place:
                self.slide(named["place"], to_lift=False)
            case Operation.finish_transfer:
                assert self.reach is not None
                place, tag = self.reach
                self.reach = None
                self.stand(place, "")
                self.lift(transfer_home=True, loaded=True, tag=tag)
            case Operation.open_street_door | Operation.close_street_door:
                self.bay(street_door=Door.open if operation == Operation.open_street_door else Door.closed)
            case Operation.open_inner_door | Operation.close_inner_door:
                self.bay(inner_door=Door.open if operation == Operation.open_inner_door else Door.closed)

    def cut(self, operation: Operation, arguments: Arguments) -> None:
        """Begin an order and stop in its middle."""
        named = dict(arguments)
        match operation:
            case Operation.move_lift:
                self.lift(storey=-1, position_mm=1100.0)
            case Operation.pick | Operation.place:
                place = named["place"]
                tag = self.snapshot.lifts[0].tag or self.tag_at(place)
                self.reach = (place, tag)
                self.stand(place, tag)
                self.lift(transfer_home=False, loaded=True, tag=tag)
            case Operation.open_street_door | Operation.close_street_door:
                self.bay(street_door=Door.between)
            case Operation.open_inner_door | Operation.close_inner_door:
                self.bay(inner_door=Door.between)
            case Operation.finish_transfer:
                pass

    def slide(self, place: str, to_lift: bool) -> None:
        tag = self.tag_at(place) if to_lift else self.snapshot.lifts[0].tag
        self.stand(place, "" if to_lift else tag)
        self.lift(loaded=to_lift, tag=tag if to_lift else "")

    def tag_at(self, place: str) -> str:
        if self.layout.is_bay(place):
            return self.snapshot.bay(place).tag
        return self.snapshot.slot(place).tag

    def stand(self, place: str, tag: str) -> None:
        if self.layout.is_bay(place):
            self.bay(vehicle=bool(tag), in_place=bool(tag), tag=tag)
            return
        slots = (replace(s, occupied=bool(tag), tag=tag) if s.name == place else s for s in self.snapshot.slots)
        self.snapshot = replace(self.snapshot, slots=tuple(slots))

    def lift(self, **changes: object) -> None:
        lift = replace(self.snapshot.lifts[0], **changes)  # type: ignore[arg-type]
        self.snapshot = replace(self.snapshot, lifts=(lift,))

    def bay(self, **changes: object) -> None:
        bay = replace(self.snapshot.bays[0], **changes)  # type: ignore[arg-type]
        self.snapshot = replace(self.snapshot, bays=(bay,))
